"""The schedule on any number of machines, which share its jobs in one PostgreSQL (ADR 0019)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from functools import partial
from time import monotonic, sleep
from typing import Any

import msgspec
from procrastinate import App, JobContext, PsycopgConnector
from procrastinate.app import WorkerOptions
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Status
from psycopg import AsyncConnection, Error

from adapters.store.connecting import SET_KEEPALIVES, conninfo_of, unavailable
from adapters.store.errors import StoreUnavailable
from adapters.store.store import Store
from adapters.use_cases.app import utc_now
from adapters.use_cases.observer import Observer
from adapters.use_cases.schedule import Job
from adapters.worker.capacity import Capacity
from adapters.worker.configuration import Configuration
from adapters.worker.job_runner import JobRunner
from adapters.worker.job_schema import SET_SEARCH_PATH, require_jobs
from adapters.worker.resting import MAX_DEATHS, TOO_LONG, Failed, Pace, Resting

_DO, _LOOK, _RESCUE = "tenure.do", "tenure.look", "tenure.rescue"
"""The tasks: to do one job; and periodic ones, to look for due jobs and to rescue stalled ones."""
_CLOCKS, _IMPORTS = "tenure.clocks", "tenure.imports"
"""The queues. Each has a Procrastinate worker, because each has a limit (`Capacity`). The periodic
tasks go through the queue of the clock jobs, which wait for no customer's server."""
_STOP_CHECK_S = 0.2  # how often the worker checks whether it has to stop
_RECORDING_S = 5.0  # the time after the grace, to record the jobs that were given up
LOOK_TIMEOUT_S = 60.0  # a look for due jobs that takes longer is given up
CONNECT_TIMEOUT_S = 10.0
_END_FROZEN = "SET idle_in_transaction_session_timeout TO '10s'"  # a frozen one would block all


class DistributedWorker:
    """Looks for due jobs, adds them to the common queues, and does jobs from these queues.

    `workers` limits the jobs that it does side by side (`Capacity`). The store alone decides what
    is due and what is done. So a job that comes twice or too late does nothing.
    """

    def __init__(
        self,
        configuration: Configuration,
        store: Store,
        url: str,
        observer: Observer,
        workers: int,
        now: Callable[[], datetime] = utc_now,
        *,
        login: str | None = None,
        listen: bool = True,
        pace: Pace = Pace(),  # noqa: B008 - a value
    ) -> None:
        """Prepares the worker. With `listen`, a direct connection tells it of new jobs at once.

        Raises `StoreUnavailable` if the database at `url` cannot be reached, or its schema for jobs
        is another release's.
        """
        require_jobs(url)
        self._conninfo = conninfo_of(url)
        capacity = Capacity(workers)
        self._runner = JobRunner(configuration, store, observer, capacity, now, login)
        self._observer = observer
        self._listen = listen
        self._pace = pace
        self._limits = {_CLOCKS: workers + 2, _IMPORTS: capacity.pickups}  # 2 are periodic tasks
        self._pool = ThreadPoolExecutor(sum(self._limits.values()) + 1, "worker")  # 1 serves
        self._running: dict[Job | None, Future[Any]] = {}
        self._ended: list[JobContext] = []  # jobs whose end may not be in the database
        self._looked_at = float("-inf")  # by the monotonic clock

    def run(self, stop: threading.Event, grace: float) -> bool:
        """Works until `stop` is set. Returns whether everything ended within `grace` seconds.

        A job that did not end has stored nothing, and leaves nothing once the process ends.
        Another worker does it. While the database cannot be reached, the worker waits for it.
        """
        serving = self._pool.submit(asyncio.run, self._serve(stop, grace))
        while not (stop.is_set() or serving.done()):
            sleep(_STOP_CHECK_S)
        grace_end = monotonic() + grace
        with suppress(TimeoutError):  # the loop ends much later while the database stands still
            serving.result(grace + _RECORDING_S)
        self._pool.shutdown(wait=False, cancel_futures=True)
        # `wait` would wait for a future that was cancelled before it began, though it is done.
        running = [each for each in (serving, *self._running.values()) if not each.done()]
        return not wait(running, max(0.0, grace_end - monotonic())).not_done

    async def _serve(self, stop: threading.Event, grace: float) -> None:
        """Works until `stop` is set, and then until Procrastinate's workers have ended."""
        working = asyncio.create_task(self._keep_working(grace))
        while not stop.is_set():
            await asyncio.sleep(_STOP_CHECK_S)
        working.cancel()
        await asyncio.wait({working})

    async def _keep_working(self, grace: float) -> None:
        """Runs sessions, one after the other. A loss of the database ends a session."""
        while True:
            async with self._reporting():
                await self._session(grace)
            await asyncio.sleep(self._pace.poll)

    @asynccontextmanager
    async def _reporting(self, timeout_s: float | None = None) -> AsyncIterator[None]:
        """Reports an error in the `with` to the observer, also a timeout. It does not raise it."""
        try:
            async with asyncio.timeout(timeout_s):
                yield
        except Exception as error:
            is_away = isinstance(error, (ConnectorException, Error))
            self._observer.unavailable(unavailable(error) if is_away else error)

    async def _session(self, grace: float) -> None:
        """Works until a worker of Procrastinate fails. Then it stops the other, and raises why."""
        async with self._new_app(grace).open_async() as app:
            with suppress(AlreadyEnqueued):  # a first look at once, and not after some seconds
                await app.tasks[_LOOK].defer_async(timestamp=0)
            watching = asyncio.create_task(self._keep_watching(app))
            workers = [
                asyncio.create_task(app.run_worker_async(queues=[queue], concurrency=limit))
                for queue, limit in self._limits.items()
            ]
            try:
                await asyncio.wait(workers, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for worker in workers:
                    worker.cancel()
                ended = await asyncio.gather(*workers, return_exceptions=True)
                watching.cancel()  # last: while the database stands still, workers cannot end
        # Procrastinate's worker ends without an error if its listener or its heartbeat fails.
        errors = [each for each in ended if isinstance(each, Exception)]
        raise errors[0] if errors else StoreUnavailable("the queue of jobs has stopped working")

    def _new_app(self, grace: float) -> App:
        connector = PsycopgConnector(
            conninfo=self._conninfo, configure=_configure, timeout=CONNECT_TIMEOUT_S
        )
        options = WorkerOptions(
            fetch_job_polling_interval=self._pace.poll,
            update_heartbeat_interval=self._pace.beat,
            stalled_worker_timeout=self._pace.stalled,
            shutdown_graceful_timeout=grace,
            listen_notify=self._listen,
            delete_jobs="always",
            install_signal_handlers=False,
            worker_middleware=[self._note_end],
        )
        app = App(connector=connector, worker_defaults=options)
        app.task(name=_DO, retry=Resting(self._pace))(self._do)
        # One look runs at a time, on all machines together. Without any periodic task,
        # Procrastinate would not notice that its heartbeat or its listener has failed.
        periodic = app.periodic(cron=f"* * * * * */{self._pace.look}")
        for name, work, lock in ((_LOOK, self._look, _LOOK), (_RESCUE, self._rescue, None)):
            task = app.task(name=name, queue=_CLOCKS, priority=1, lock=lock, queueing_lock=name)
            periodic(task(partial(work, app)))
        return app

    async def _note_end(self, work: Callable[[], Any], context: JobContext, _: object) -> Any:
        """Does the work of any task, and notes that it ended."""
        try:
            return await work()
        finally:
            self._ended.append(context)

    async def _do(self, **arguments: Any) -> None:
        """The task that does one job. Raises `Failed` if the job did not go well."""
        job = msgspec.convert(arguments, Job)
        if not await self._in_thread(job, lambda: self._runner.do(job)):
            raise Failed

    async def _in_thread(self, job: Job | None, work: Callable[[], Any]) -> Any:
        """Does a job in a thread, or without a job the look.

        A session that lost the database gave up its jobs, but threads cannot be stopped. If such a
        thread still does this job, its result is returned, and the job does not begin again.
        """
        self._running = {key: each for key, each in self._running.items() if not each.done()}
        if job not in self._running:
            self._running[job] = self._pool.submit(work)
        return await asyncio.wrap_future(self._running[job])

    async def _keep_watching(self, app: App) -> None:
        """Deletes jobs whose end was not stored. Reports whether the database answers."""
        checked = 0
        while True:
            async with self._reporting(LOOK_TIMEOUT_S):
                await _delete_ended(app, self._ended[:checked])
                del self._ended[:checked]
                if monotonic() > self._looked_at + LOOK_TIMEOUT_S:  # other workers look
                    await app.check_connection_async()
                    self._observer.stood_aside()
            checked = len(self._ended)
            await asyncio.sleep(self._pace.look)

    async def _look(self, app: App, timestamp: int) -> None:
        """The task that looks for due jobs, and adds those that neither wait nor run yet."""
        self._looked_at = monotonic()
        async with self._reporting(LOOK_TIMEOUT_S):
            queued = await _queued(app)  # first: a job that ends meanwhile is not added again
            due = await self._in_thread(None, self._runner.due)
            await _defer(app, [job for job in due if job not in queued])
        self._looked_at = monotonic()

    async def _rescue(self, app: App, timestamp: int) -> None:
        """The task that puts jobs back into their queues if their workers give no sign of life."""
        manager, silent = app.job_manager, self._pace.stalled
        for each in await manager.get_stalled_jobs(seconds_since_heartbeat=silent):
            with suppress(ConnectorException):  # another worker was faster
                if each.task_name != _DO:  # a periodic task, which soon comes again
                    await manager.finish_job(each, Status.FAILED, delete_job=True)
                    continue
                rest_end = self._pace.rest_end(each.attempts + 1 - MAX_DEATHS)
                await manager.retry_job(each, retry_at=rest_end)
                self._observer.took_over(msgspec.convert(each.task_kwargs, Job))


async def _defer(app: App, jobs: list[Job]) -> None:
    """Adds the jobs to their queues."""
    for queue, is_clock in ((_CLOCKS, True), (_IMPORTS, False)):
        arguments = [msgspec.to_builtins(job) for job in jobs if job.is_clock == is_clock]
        if arguments:
            await app.tasks[_DO].configure(queue=queue).batch_defer_async(*arguments)


async def _queued(app: App) -> set[Job]:
    """Returns the jobs that wait or run. Deletes jobs that rest for too long."""
    queued = set()
    for each in await app.job_manager.list_jobs_async(task=_DO):
        if each.id and each.scheduled_at and each.scheduled_at > utc_now() + TOO_LONG:
            await app.job_manager.cancel_job_by_id_async(each.id, delete_job=True)
        elif each.status in (Status.TODO.value, Status.DOING.value):
            queued.add(msgspec.convert(each.task_kwargs, Job))
    return queued


async def _delete_ended(app: App, ended: list[JobContext]) -> None:
    """Deletes these jobs if the database still has them as running. The next look adds due ones."""
    for worker in {each.job.worker_id for each in ended}:
        for each in await app.job_manager.list_jobs_async(status="doing", worker_id=worker):
            if any(each == context.job for context in ended):  # the same attempt of the job
                await app.job_manager.finish_job(each, Status.FAILED, delete_job=True)


async def _configure(connection: AsyncConnection[Any]) -> None:
    await connection.execute(f"{SET_KEEPALIVES}; {SET_SEARCH_PATH}; {_END_FROZEN}")
    await connection.commit()
