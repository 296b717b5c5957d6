"""A process of its own that imports deliveries, and prints its progress on standard output.

    python importer.py DATABASE [--wait] [--approve | --rebuild | --source JSON | FILE...]

DATABASE is the file of an embedded store, or the URL of a PostgreSQL database. Each FILE is one
delivery to Acme; `--approve` approves the held delivery, `--rebuild` makes the projections anew,
and `--source` imports from the server with the settings in the next argument.
The process prints `planned` when a commit begins, and `stored` when the commit is complete. With
`--wait`, the first commit begins only after a line arrives on standard input. A rebuild prints
`halfway` after half of all events, and `written` when only its last step is missing.
"""

from __future__ import annotations

import sys
import time
from contextlib import closing
from pathlib import Path

import msgspec
from msgspec.structs import replace

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from adapters.company_settings import Customer
from adapters.settings import Settings
from adapters.sources.folder import read_named_file
from adapters.sources.ftp.source import FtpSource
from adapters.sources.sftp.source import SftpSource
from adapters.store.commit import Commit
from adapters.store.opening import PostgresUrl, open_store
from adapters.store.store import Store
from adapters.use_cases.app import App
from adapters.use_cases.decide_held import approve
from adapters.use_cases.import_delivery import import_delivery
from domain.company import Company, Language, Policy
from domain.schedule import Schedule

HEEDFUL = Company(key="acme", name="Acme BV", language=Language.NL, groups=("Sales", "Engineering"))
"""Acme with the usual safeguard."""
ACME = replace(HEEDFUL, policy=Policy(max_offboardings=0, max_registrations=0))
"""Acme without limits on offboardings and registrations."""


def say(what: str) -> None:
    """Prints a text and the time at once, in one line."""
    print(what, time.monotonic(), flush=True)


def main(database: str, *arguments: str) -> None:
    """Performs the arguments one after the other."""
    waiting = "--wait" in arguments
    customer = Customer(ACME, None)
    where = PostgresUrl(database) if "://" in database else Path(database)
    with closing(open_store(where)) as store:
        store_commit = store.commit

        def announced(commit: Commit, *_: object) -> None:
            nonlocal waiting
            say("planned")
            if waiting:
                waiting = False
                sys.stdin.readline()
            store_commit(commit)
            say("stored")

        store.commit = announced  # type: ignore[method-assign]
        app = App(Settings(Path("tenure.toml"), where, Schedule(), {}), store)
        names = iter(arguments)
        for name in names:
            if name == "--source":
                source = msgspec.json.decode(next(names), type=SftpSource | FtpSource)
                say(import_delivery(app, Customer(ACME, source), "importer").outcome)
            elif name == "--approve":
                (record,) = store.runs.waiting("acme")
                customer = Customer(HEEDFUL, None)
                say(approve(app, customer, record, "importer", "a test").outcome)
            elif name == "--rebuild":
                rebuild(store)
            elif name != "--wait":
                file = read_named_file(Path(name), ACME.limits.file)
                say(import_delivery(app, customer, "importer", [file]).outcome)


def rebuild(store: Store) -> None:
    """Makes the projections anew, and prints the progress."""
    count, told = store.events.count(), 0

    def tick(number: int) -> None:
        nonlocal told
        before, told = told, told + number
        for share, what in ((0.5, "halfway"), (1, "written")):
            if before < share * count <= told:
                say(what)

    store.rebuild(tick)
    say("rebuilt")


if __name__ == "__main__":
    main(*sys.argv[1:])
