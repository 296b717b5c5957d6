"""A slot in which many small companies have no changes, served by two workers."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import repeat
from pathlib import Path

from adapters.errors import SettingsError
from adapters.settings import load_settings
from adapters.store.opening import Database, PostgresUrl, open_store
from adapters.store.store import Store
from adapters.use_cases.observer import Observer
from adapters.use_cases.schedule import Job
from adapters.worker.configuration import Configuration
from adapters.worker.distributed import DistributedWorker
from adapters.worker.embedded import EmbeddedWorker
from domain.outcome import Outcome
from projections.runs import RunDocument
from tests.benchmarks import data

EMPLOYEES = 500
WORKERS = 2
_BEFORE = datetime(2027, 3, 1, 12, tzinfo=UTC)
_FIRST = datetime(2027, 3, 1, 20, tzinfo=UTC)
_SECOND = _FIRST + timedelta(hours=8)


class Served(Observer):
    """An observer that counts the runs, and sets `everything` after the last expected run."""

    def __init__(self, expected: int) -> None:
        self.outcomes: list[Outcome] = []
        self._expected = expected
        self._lock = threading.Lock()
        self.everything = threading.Event()

    def ran(self, run: RunDocument) -> None:
        with self._lock:
            self.outcomes.append(run.outcome)
            if len(self.outcomes) == self._expected:
                self.everything.set()

    def failed(self, job: Job, error: Exception) -> None:
        raise error

    def unavailable(self, error: Exception) -> None:
        raise error

    def misconfigured(self, company: str | None, error: SettingsError) -> None:
        raise error


def configured(place: Path, companies: int) -> Path:
    """Writes a configuration of companies, each with a folder and a delivery; returns its path."""
    # These employees started long ago, so that the clock has nothing to do.
    started = range(data.STARTING, data.STARTING + EMPLOYEES)
    content = data.delivery([data.person(number) for number in started])
    (place / "companies").mkdir(parents=True)
    for number in range(companies):
        folder = place / "in" / f"c{number}"
        folder.mkdir(parents=True)
        (folder / "alleo_employees_1.csv").write_bytes(content)
        (place / "companies" / f"c{number}.toml").write_text(
            f'name = "Company {number}"\nlanguage = "nl"\n'
            f'[source]\nprotocol = "folder"\ndirectory = "../in/c{number}"\n'
        )
    file = place / "tenure.toml"
    file.write_text('companies = "companies/*.toml"\n')
    return file


def slot(place: Path, database: Database, companies: int) -> tuple[float, float]:
    """Returns the seconds of two slots: all employees are new in the first, none in the second."""
    file = configured(place, companies)
    with closing(open_store(database)) as store:
        store.schedule.enrol(load_settings(file, {}).customers, _BEFORE)
        first = _served(file, database, store, companies, _FIRST, Outcome.APPLIED)
        second = _served(file, database, store, companies, _SECOND, Outcome.UNCHANGED)
    return first, second


def _served(
    file: Path, database: Database, store: Store, companies: int, now: datetime, outcome: Outcome
) -> float:
    """Returns the seconds of one slot. Asserts the outcome of every run."""
    served = Served(companies)
    configuration = Configuration(file, served)
    telling = repeat(now).__next__
    worker: EmbeddedWorker | DistributedWorker
    if isinstance(database, PostgresUrl):
        worker = DistributedWorker(configuration, store, database.url, served, WORKERS, telling)
    else:
        worker = EmbeddedWorker(configuration, store, served, WORKERS, telling)
    stop = threading.Event()
    running = threading.Thread(target=worker.run, args=(stop, 10))
    began = time.perf_counter()
    running.start()
    served.everything.wait()
    took = time.perf_counter() - began
    stop.set()
    running.join()
    assert set(served.outcomes) == {outcome}, set(served.outcomes)
    return took
