"""The schedule's work, whoever hands it out: finding what is due, and doing a part of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from adapters.service.hands import Hands
from adapters.service.observer import Observer
from adapters.service.run import Shell
from adapters.service.schedule import Job, do_job, due_jobs
from adapters.store.store import Store
from adapters.worker.configuration import Configuration


class Work:
    """What is to be done over a store, with the configuration as it is when it is done."""

    def __init__(
        self,
        configuration: Configuration,
        store: Store,
        observer: Observer,
        hands: Hands,
        now: Callable[[], datetime],
    ) -> None:
        self._configuration = configuration
        self._store = store
        self._observer = observer
        self._hands = hands
        self._now = now
        self._schedule = configuration.current().schedule

    def due(self) -> list[Job]:
        """What is due now, of which the observer is told. Raises whatever the store does."""
        shell = self._shell()
        self._schedule = shell.settings.schedule
        found = due_jobs(shell)
        self._observer.looked(found, shell.now())
        return found

    def do(self, job: Job) -> bool:
        """Does what is due, if it still is; tells whether that went well.

        What went wrong is told to the observer alone: it may quote a cell.
        """
        try:
            run = do_job(self._shell(), job)
        except Exception as error:
            self._observer.failed(job, error)
            return False
        if run is not None and job.made(run):
            self._observer.ran(run)
        return True

    def pause(self, longest: float) -> float:
        """Seconds until the next look: until something may fall due, or the `longest`."""
        now = self._now()
        return min(longest, (self._schedule.next_moment(now) - now).total_seconds())

    def _shell(self) -> Shell:
        settings = self._configuration.current()
        return Shell(settings, self._store, self._now, self._hands.planning)
