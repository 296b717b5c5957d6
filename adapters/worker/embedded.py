"""The schedule in one process, over any store: companies side by side, each on its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime

from adapters.service.run import Shell, utc_now
from adapters.service.schedule import Job, do_job, due_jobs
from adapters.store.store import Store
from adapters.worker.configuration import Configuration
from adapters.worker.observer import Observer
from adapters.worker.rest import Rest

LOOK = 15.0
"""Seconds between two looks for what is due: the clock of the machine may be set, a store may come
back, and a configuration may change."""


class EmbeddedWorker:
    """Looks for what is due, and does it with so many `workers` at a time."""

    def __init__(
        self,
        configuration: Configuration,
        store: Store,
        observer: Observer,
        workers: int,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._configuration = configuration
        self._store = store
        self._observer = observer
        self._now = now
        self._rest = Rest()
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="worker")
        self._running: dict[str, Future[None]] = {}

    def run(self, stop: threading.Event, grace: float) -> bool:
        """Works until `stop` is set; tells whether all that ran then ended within `grace` seconds.

        What did not was not stored either, and leaves nothing once the process ends.
        """
        while not stop.is_set():
            self.look()
            stop.wait(self._pause())
        self._pool.shutdown(wait=False, cancel_futures=True)
        # What was cancelled before its turn is done, and would still be waited for.
        running = [job for job in self._running.values() if not job.done()]
        return not wait(running, grace).not_done

    def look(self) -> None:
        """Starts what is due, and is not running or resting."""
        self._running = {key: job for key, job in self._running.items() if not job.done()}
        try:
            shell = self._shell()
            due = due_jobs(shell)
        except Exception as error:
            self._observer.unavailable(error)
            return
        self._observer.looked(due, shell.now())
        self._rest.keep(due)
        for job in due:
            if job.company not in self._running and self._rest.is_over(job):
                self._running[job.company] = self._pool.submit(self._do, job)

    def _do(self, job: Job) -> None:
        """One job, with the configuration as it is when its turn comes."""
        try:
            run = do_job(self._shell(), job)
        except Exception as error:
            self._rest.begin(job)
            self._observer.failed(job, error)
        else:
            self._rest.forget(job)
            if run is not None and job.made(run):
                self._observer.ran(run)

    def _shell(self) -> Shell:
        return Shell(self._configuration.current(), self._store, self._now)

    def _pause(self) -> float:
        """Seconds until the next look."""
        now = self._now()
        moment = self._configuration.current().schedule.next_moment(now)
        return min(LOOK, (moment - now).total_seconds())
