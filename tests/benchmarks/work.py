"""The work of Tenure that the benchmark measures; also a process of its own for one import.

    python -m tests.benchmarks.work COUNT DATABASE

The process imports a first delivery of COUNT employees into an empty database. It prints the
seconds of the import and the peak of memory in MiB.
"""

from __future__ import annotations

import re
import sys
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from adapters.company_settings import Customer
from adapters.settings import Settings
from adapters.sources.source import DeliveredFile
from adapters.store.opening import Database, PostgresUrl, open_store
from adapters.store.schema import TABLES
from adapters.use_cases.app import App
from adapters.use_cases.clock import pass_clock
from adapters.use_cases.import_delivery import import_delivery
from domain.company import Company, Language, Policy
from domain.outcome import Outcome
from domain.schedule import Schedule
from projections.answers.history import tell
from tests.benchmarks import data

NOW = datetime(2027, 3, 1, 2, 45, tzinfo=UTC)
LIMITS = [name for name in Policy.__struct_fields__ if name.startswith("max_")]
OFF = msgspec.convert({"lost_columns": "warn", **dict.fromkeys(LIMITS, 0)}, Policy)
"""No delivery is held: the benchmark measures the work of deliveries that are applied."""


def customer(key: str = "acme") -> Customer:
    """Returns a customer without a source, because the benchmark passes the files itself."""
    return Customer(Company(key, key.title(), Language.NL, groups=data.GROUPS, policy=OFF), None)


def app_on(database: Database) -> App:
    """Returns the app on a database, with a fixed time."""
    settings = Settings(Path("tenure.toml"), database, Schedule(), {})
    return App(settings, open_store(database), lambda: NOW)


def imported(app: App, content: bytes, outcome: Outcome, key: str = "acme") -> None:
    """Imports one file. Asserts that the outcome of the run is `outcome`."""
    file = DeliveredFile("alleo_employees.csv", NOW, content, len(content))
    run = import_delivery(app, customer(key), "bench", [file])
    assert run.outcome is outcome, run.outcome


def rows_stored(app: App) -> int:
    """Returns the number of rows in all tables."""
    with app.store.events.database.reading() as query:
        counts = [query(f"SELECT count(*) FROM {table.name}")[0][0] for table in TABLES]
    return sum(counts)


def passed(app: App, due: int) -> None:
    """Runs the clock on the next day. Asserts that it activates `due` employees."""
    runs = list(pass_clock(app, "bench", NOW + timedelta(days=1)))
    assert sum(run.counts.activated for run in runs) == due


def looked_up(app: App, external_ids: list[str]) -> None:
    """Looks up each of these employees, with their whole history."""
    for external_id in external_ids:
        (found,) = app.store.roster.find("acme", external_id)
        events = app.store.events.of(found.id)
        assert list(tell(events, app.store.runs.of_events(events)))


def first_import(count: int, database: Database) -> tuple[float, float]:
    """Returns the seconds of a first import and the peak of memory in MiB."""
    content = data.delivery(data.people(count))
    with closing(app_on(database).store) as store:
        app = App(Settings(Path("t"), database, Schedule(), {}), store, lambda: NOW)
        began = time.perf_counter()
        imported(app, content, Outcome.APPLIED)
        took = time.perf_counter() - began
    # Unlike `ru_maxrss`, VmHWM starts anew with each process. Example: `VmHWM:   51234 kB`.
    (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return took, int(peak) / 1024


if __name__ == "__main__":
    where = sys.argv[2]
    postgres = where.startswith("postgresql://")
    print(*first_import(int(sys.argv[1]), PostgresUrl(where) if postgres else Path(where)))
