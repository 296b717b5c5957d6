"""A process of its own that imports deliveries, and says on standard output how far it is.

    python importer.py DATABASE [--wait] FILE...

Each FILE is one delivery to Acme. `planned` is said when a commit begins, `stored` when it is
made. With `--wait`, the first commit begins only when a line comes in on standard input.
"""

from __future__ import annotations

import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from adapters.service.imports import import_delivery
from adapters.service.run import Shell
from adapters.settings import Customer, Settings
from adapters.sources.folder import read_file
from adapters.store.sqlite import open_sqlite
from domain.company import Company, Language
from domain.schedule import Schedule

ACME = Company(key="acme", name="Acme BV", language=Language.NL, groups=("Sales", "Engineering"))


def say(what: str) -> None:
    """One line, at once: what, and when."""
    print(what, time.monotonic(), flush=True)


def main(database: str, *arguments: str) -> None:
    """Imports one file after the other."""
    waiting = "--wait" in arguments
    customer = Customer(ACME, None)
    with closing(open_sqlite(Path(database))) as store:
        insert_events = store._recorder.insert_events

        def announced(*rest: Any, **named: Any) -> Any:
            nonlocal waiting
            say("planned")
            if waiting:
                waiting = False
                sys.stdin.readline()
            done = insert_events(*rest, **named)
            say("stored")
            return done

        store._recorder.insert_events = announced  # type: ignore[method-assign]
        shell = Shell(Settings(Path("tenure.toml"), Path(database), Schedule(), {}), store)
        for name in arguments:
            if name != "--wait":
                file = read_file(Path(name), ACME.limits.file)
                say(import_delivery(shell, customer, "importer", [file]).outcome)


if __name__ == "__main__":
    main(*sys.argv[1:])
