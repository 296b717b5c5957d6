"""The schedule's work, whoever hands it out: finding what is due, and doing a part of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from adapters.store.store import Store
from adapters.use_cases.app import App
from adapters.use_cases.observer import Observer
from adapters.use_cases.schedule import Job, do_job, due_jobs
from adapters.worker.capacity import Capacity
from adapters.worker.configuration import Configuration


class JobRunner:
    """What is to be done over a store, with the configuration as it is when it is done."""

    def __init__(
        self,
        configuration: Configuration,
        store: Store,
        observer: Observer,
        capacity: Capacity,
        now: Callable[[], datetime],
    ) -> None:
        self._configuration = configuration
        self._store = store
        self._observer = observer
        self._capacity = capacity
        self._now = now
        self._schedule = configuration.current().schedule

    def due(self) -> list[Job]:
        """What is due now, of which the observer is told. Raises whatever the store does."""
        app = self._app()
        self._schedule = app.settings.schedule
        found = due_jobs(app)
        self._observer.polled(found, app.now())
        return found

    def do(self, job: Job) -> bool:
        """Does what is due, if it still is; tells whether that went well.

        What went wrong is told to the observer alone: it may quote a cell.
        """
        try:
            run = do_job(self._app(), job)
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

    def _app(self) -> App:
        settings = self._configuration.current()
        return App(settings, self._store, self._now, self._capacity.planning)
