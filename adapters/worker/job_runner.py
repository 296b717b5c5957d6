"""The work that both kinds of worker share: to find the due jobs, and to do one of them."""

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
    """Finds and does jobs over a store, with the configuration of that moment."""

    def __init__(
        self,
        configuration: Configuration,
        store: Store,
        observer: Observer,
        capacity: Capacity,
        now: Callable[[], datetime],
        login: str | None = None,
    ) -> None:
        self._configuration = configuration
        self._store = store
        self._observer = observer
        self._capacity = capacity
        self._now = now
        self._login = login
        self._schedules = configuration.current().schedules()

    def due(self) -> list[Job]:
        """Returns the jobs that are due now, and reports them to the observer.

        Raises what the store raises.
        """
        app = self._app()
        self._schedules = app.settings.schedules()
        jobs = due_jobs(app)
        self._observer.polled(jobs, app.now())
        return jobs

    def do(self, job: Job) -> bool:
        """Does a job, if it is still due. Returns whether that went well.

        Only the observer gets the error: the error's text may quote a cell.
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
        """Returns the seconds until a job may fall due, but at most `longest`."""
        now = self._now()
        return min(longest, (self._schedules.next_moment(now) - now).total_seconds())

    def _app(self) -> App:
        settings = self._configuration.current()
        planning = self._capacity.planning
        return App(settings, self._store, self._now, planning, notifies=True, login=self._login)
