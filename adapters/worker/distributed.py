"""The schedule on any number of machines, which share its jobs in one PostgreSQL (ADR 0019)."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from time import monotonic
from typing import Any

import psycopg
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.worker import Worker
from psycopg import AsyncConnection

from adapters.store.connecting import SET_KEEPALIVES, conninfo_of, unavailable
from adapters.store.errors import StoreUnavailable
from adapters.store.store import Store
from adapters.use_cases.app import utc_now
from adapters.use_cases.observer import Observer
from adapters.use_cases.schedule import Job
from adapters.worker.capacity import Capacity
from adapters.worker.configuration import Configuration
from adapters.worker.job_queue import QUEUES, TASK, Failed, Jobs, Retry, job_of
from adapters.worker.job_runner import JobRunner
from adapters.worker.job_schema import SET_SEARCH_PATH, require_jobs
from adapters.worker.pace import Pace

_STOP_CHECK_S = 0.2
"""How often the worker checks whether it has to stop."""
_RECORDING_S = 5.0
"""Time after the grace, to record the jobs that were given up."""
_LOOK_TIMEOUT_S = 60.0
"""A look for due jobs that takes longer is given up."""
_LOOK_PING_S = 5.0
"""How often a look for due jobs gives the database a sign of life."""
_LOOK_LOST_S = 20
"""Without a sign of life for this time, the database ends the look and releases its lock. Or else
no other machine could look after this one froze or disappeared."""
_MAX_CONNECTIONS = 4
_CONNECT_TIMEOUT_S = 10.0
_NEVER_S = 10 * 365 * 86_400.0
"""Ten years, to switch off a mechanism of Procrastinate that has no switch."""


class DistributedWorker:
    """Looks for due jobs, adds them to the common queue, and does jobs from this queue.

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
        listen: bool = True,
        pace: Pace = Pace(),  # noqa: B008 - a value
    ) -> None:
        """Checks the schema for jobs, and prepares the worker.

        With `listen`, the worker hears of new jobs at once. This needs a direct connection, without
        a pooler. Raises `StoreUnavailable` if the database at `url` cannot be reached, or its
        schema for jobs is another release's.
        """
        require_jobs(url)
        self._conninfo = conninfo_of(url)
        self._capacity = Capacity(workers)
        self._runner = JobRunner(configuration, store, observer, self._capacity, now)
        self._observer = observer
        self._listen = listen
        self._pace = pace
        self._pool = ThreadPoolExecutor(self._capacity.most, thread_name_prefix="worker")
        self._looker = ThreadPoolExecutor(1, thread_name_prefix="look")
        self._running: dict[str, Future[bool]] = {}
        self._looking: Future[list[Job]] | None = None
        self._stopping = threading.Event()
        self._grace_end = 0.0  # by the monotonic clock
        self._jobs: Jobs | None = None
        self._worker: Worker | None = None

    def run(self, stop: threading.Event, grace: float) -> bool:
        """Works until `stop` is set. Returns whether all running jobs ended within `grace` seconds.

        A job that did not end has stored nothing, and leaves nothing once the process ends.
        Another worker does it. While the database cannot be reached, the worker waits for it.
        """
        asyncio.run(self._serve(stop, grace))
        for pool in (self._pool, self._looker):
            pool.shutdown(wait=False, cancel_futures=True)
        # `wait` would wait for a future that was cancelled before it began, though it is done.
        futures: tuple[Future[Any] | None, ...] = (self._looking, *self._running.values())
        running = [each for each in futures if each is not None and not each.done()]
        return not wait(running, max(0.0, self._grace_end - monotonic())).not_done

    async def _serve(self, stop: threading.Event, grace: float) -> None:
        working = asyncio.create_task(self._work(grace))
        while not stop.is_set():
            await asyncio.sleep(_STOP_CHECK_S)
        self._stopping.set()
        self._grace_end = monotonic() + grace
        if self._jobs is not None:
            self._jobs.stop()
        if self._worker is not None:
            self._worker.stop()  # type: ignore[no-untyped-call]
        else:
            working.cancel()
        _, late = await asyncio.wait({working}, timeout=grace + _RECORDING_S)
        for each in late:
            each.cancel()

    async def _work(self, grace: float) -> None:
        """Runs sessions, one after the other. A session lasts until an unexpected error ends it."""
        failures = 0
        while not self._stopping.is_set():
            began = monotonic()
            reason: Exception = StoreUnavailable("the queue of jobs has stopped working")
            try:
                await self._session(grace)
            except Exception as error:
                reason = error
            if self._stopping.is_set():
                return
            failures = 1 if monotonic() > began + _LOOK_TIMEOUT_S else failures + 1
            self._observer.unavailable(_translate(reason))
            await asyncio.sleep(self._retry_pause(failures))

    async def _session(self, grace: float) -> None:
        async with self._opened() as (app, jobs):
            worker = Worker(
                app,
                queues=QUEUES,
                name="tenure",
                concurrency=self._capacity.most,
                fetch_job_polling_interval=self._pace.poll,
                abort_job_polling_interval=_NEVER_S,
                shutdown_graceful_timeout=grace,
                listen_notify=self._listen,
                delete_jobs="always",
                install_signal_handlers=False,
                # Procrastinate's heartbeat pauses while the worker stops, and ends at its first
                # failure. `_signs_of_life` replaces it.
                update_heartbeat_interval=_NEVER_S,
                # When the database comes back, no worker has given a sign of life for a while.
                # They are not dead. So `_looks` waits before it rescues jobs.
                stalled_worker_timeout=_NEVER_S,
            )
            tasks = [
                asyncio.create_task(each)
                for each in (self._looks(jobs), self._signs_of_life(jobs, worker))
            ]
            self._jobs, self._worker = jobs, worker
            try:
                await worker.run()  # type: ignore[no-untyped-call]
            finally:
                self._jobs = self._worker = None
                for each in tasks:
                    each.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[tuple[App, Jobs]]:
        """Yields the application and the jobs of Procrastinate, connected to the database."""
        connector = PsycopgConnector(
            conninfo=self._conninfo,
            configure=_configure,
            min_size=1,
            max_size=_MAX_CONNECTIONS,
            timeout=_CONNECT_TIMEOUT_S,
            # The pool tries less and less often to reconnect. After it has given up, the next
            # request for a connection makes it try at once.
            reconnect_timeout=_CONNECT_TIMEOUT_S / 2,
        )
        app = App(connector=connector)
        app.job_manager = jobs = Jobs(connector, self._pace, self._capacity)
        app.task(name=TASK, retry=Retry(self._pace))(self._task)
        async with app.open_async():
            yield app, jobs

    async def _task(self, company: str, slot: str | None) -> None:
        """Does one job in a thread. Raises `Failed` if it did not go well."""
        while (earlier := self._running.get(company)) is not None and not earlier.done():
            # A session that lost the database, or whose jobs were rescued, gave this job up. But
            # its thread cannot be stopped, and must end first.
            await asyncio.wait([asyncio.wrap_future(earlier)])
        future = self._running[company] = self._pool.submit(self._runner.do, job_of(company, slot))
        try:
            well = await asyncio.wrap_future(future)
        except Exception:
            well = False
        if not well:
            raise Failed

    async def _looks(self, jobs: Jobs) -> None:
        """Looks for due jobs, again and again."""
        # Jobs are rescued only when the database has answered for a while. At the beginning, and
        # when the database comes back, live workers have had no chance for a sign of life.
        failures, rescue_from = 0, monotonic() + self._pace.stalled
        while not self._stopping.is_set():
            try:
                async with asyncio.timeout(_LOOK_TIMEOUT_S):
                    await self._look(jobs, rescue=monotonic() >= rescue_from)
                failures = 0
            except Exception as error:
                failures, rescue_from = failures + 1, monotonic() + self._pace.stalled
                self._observer.unavailable(_translate(error))
            await asyncio.sleep(self._retry_pause(failures) if failures else self._pause())

    async def _look(self, jobs: Jobs, rescue: bool) -> None:
        """Looks for due jobs once, unless another worker looks at this moment."""
        self._running = {key: job for key, job in self._running.items() if not job.done()}
        connector = jobs.connector
        assert isinstance(connector, PsycopgConnector)  # noqa: S101 - `_opened` made it
        async with connector.pool.connection() as connection:
            # A lock of the transaction is released when the transaction ends, for any reason.
            cursor = await connection.execute(
                "SELECT set_config('idle_in_transaction_session_timeout', %s, true),"
                " pg_try_advisory_xact_lock(hashtext('tenure jobs'))",
                (f"{_LOOK_LOST_S}s",),
            )
            row = await cursor.fetchone()
            if not row or not row[1]:
                self._observer.stood_aside()
                return
            if rescue:
                for job in await jobs.rescue():
                    self._observer.took_over(job)
            await jobs.wake()
            await jobs.defer(await self._due(connection), connection)

    async def _due(self, connection: AsyncConnection[Any]) -> list[Job]:
        """Returns the due jobs. A separate thread finds them: those for jobs may all be busy."""
        # An earlier look that was given up may still run. Its answer is as good.
        if self._looking is None or self._looking.done():
            self._looking = self._looker.submit(self._runner.due)
        looking = asyncio.wrap_future(self._looking)
        while not looking.done():
            await asyncio.wait({looking}, timeout=_LOOK_PING_S)
            await connection.execute("SELECT 'looking'")
        return await looking

    async def _signs_of_life(self, jobs: Jobs, worker: Worker) -> None:
        while True:
            await asyncio.sleep(self._pace.beat)
            if worker.worker_id is not None:
                with suppress(ConnectorException):
                    await jobs.update_heartbeat(worker.worker_id)

    def _retry_pause(self, failures: int) -> float:
        """Returns the seconds to wait after so many failures in a row."""
        return float(min(2 ** (failures - 1), self._pace.look))

    def _pause(self) -> float:
        """Returns the seconds until the next look. They vary, so workers do not look in step."""
        look = self._pace.look * random.uniform(0.8, 1.2)  # noqa: S311 - no secret
        return self._runner.pause(look)


async def _configure(connection: AsyncConnection[Any]) -> None:
    await connection.execute(f"{SET_KEEPALIVES}; {SET_SEARCH_PATH}")
    await connection.commit()


def _translate(error: Exception) -> Exception:
    """Returns the `StoreUnavailable` for an error of the database, or else the error itself."""
    cause = error.__cause__ if isinstance(error, ConnectorException) else error
    if isinstance(cause, psycopg.Error):
        return unavailable(cause)
    if isinstance(error, TimeoutError):
        return StoreUnavailable("the database does not answer in time")
    return error
