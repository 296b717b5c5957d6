"""A process that performs due jobs as `tenure serve` does, at a time that a test sets.

    python scheduler.py CONFIG MOMENT [--distributed | --usual]

CONFIG is the configuration, and MOMENT is a file with the present moment; a test writes both. The
process prints `ready` as soon as SIGTERM can stop it, then each run and each failure. It looks for
due jobs many times a second, until it is stopped. With `--usual` it looks as often as a machine in
production does.
"""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import closing
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from adapters.errors import SettingsError
from adapters.store.opening import PostgresUrl, open_store
from adapters.use_cases.observer import Observer, Observers
from adapters.use_cases.schedule import Job
from adapters.worker import embedded
from adapters.worker.configuration import Configuration
from adapters.worker.embedded import EmbeddedWorker
from projections.runs import RunDocument

LOOK = 0.05
"""Seconds between two looks for due jobs."""
WORKERS, GRACE = 4, 30.0


class Aloud(Observer):
    """An observer that prints one line for each call; lines of several threads never mix."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def ran(self, run: RunDocument) -> None:
        slot = run.slot.isoformat() if run.slot else "-"
        self._say("ran", run.run, run.company, run.kind, slot, run.outcome)

    def failed(self, job: Job, error: Exception) -> None:
        self._say("failed", job.company, type(error).__name__, str(error))

    def unavailable(self, error: Exception) -> None:
        self._say("unavailable", type(error).__name__, str(error))

    def misconfigured(self, company: str | None, error: SettingsError) -> None:
        self._say("misconfigured", company, str(error))

    def _say(self, *what: object) -> None:
        with self._lock:
            print(*what, flush=True)


def main(config: str, moment: str, *options: str) -> None:
    """Performs due jobs until SIGTERM arrives, and exits with 0 if all work has ended."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    print("ready", flush=True)
    observers = Observers(Aloud())
    configuration = Configuration(Path(config), observers)
    database = configuration.current().database

    def now() -> datetime:
        return datetime.fromisoformat(Path(moment).read_text())

    with closing(open_store(database)) as store:
        if options:
            from adapters.worker.distributed import DistributedWorker, Pace

            assert isinstance(database, PostgresUrl)
            hasty = Pace(look=1, poll=0.2, stalled=2, rest=1)
            pace = Pace() if "--usual" in options else hasty
            worker = DistributedWorker(
                configuration, store, database.url, observers, WORKERS, now, pace=pace
            )
            ended = worker.run(stop, GRACE)
        else:
            embedded.LOOK_INTERVAL_S = LOOK
            ended = EmbeddedWorker(configuration, store, observers, WORKERS, now).run(stop, GRACE)
    sys.exit(0 if ended else 1)


if __name__ == "__main__":
    main(*sys.argv[1:])
