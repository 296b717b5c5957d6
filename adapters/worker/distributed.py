"""The schedule on any number of machines over one PostgreSQL, which hand out its jobs."""

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

from adapters.store.connecting import NOTICING, conninfo_of, unavailable
from adapters.store.errors import StoreUnavailable
from adapters.store.store import Store
from adapters.use_cases.app import utc_now
from adapters.use_cases.observer import Observer
from adapters.use_cases.schedule import Job
from adapters.worker.capacity import Capacity
from adapters.worker.configuration import Configuration
from adapters.worker.job_queue import QUEUES, TASK, Failed, Jobs, Pace, Retry, job_of
from adapters.worker.job_runner import JobRunner
from adapters.worker.job_schema import SEARCHING, require_jobs

_TICK = 0.2
"""Seconds within which it is noticed that the worker is to stop."""
_LAST_WORDS = 5.0
"""Seconds after the grace, for writing down what was given up."""
_LONGEST_LOOK = 60.0
"""Seconds after which a look for what is due is given up."""
_SHOWN_LIFE = 5.0
"""Seconds between two signs of life of who looks, without which the database ends the look after
`_LIFELESS` seconds: on a machine that is frozen or gone, nobody else could look."""
_LIFELESS = 20
_CONNECTIONS = 4
_TIMEOUT_S = 10.0
"""Seconds to wait for a connection."""
_NEVER = 10 * 365 * 86_400.0


class DistributedWorker:
    """Looks for what is due, hands it out to all workers, and does its part of it with so many
    `workers` (`Capacity`).

    What is due, and what is done, the store decides alone: a job that came twice, or too late, does
    nothing.
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
        """`listen` hears of new jobs at once, over a connection that no pooler takes part in.

        Raises `StoreUnavailable` where the database at `url` cannot be reached, or its schema for
        jobs is not of this release.
        """
        require_jobs(url)
        self._conninfo = conninfo_of(url)
        self._capacity = Capacity(workers)
        self._duty = JobRunner(configuration, store, observer, self._capacity, now)
        self._observer = observer
        self._listen = listen
        self._pace = pace
        self._pool = ThreadPoolExecutor(self._capacity.most, thread_name_prefix="worker")
        self._looker = ThreadPoolExecutor(1, thread_name_prefix="look")
        self._running: dict[str, Future[bool]] = {}
        self._looking: Future[list[Job]] | None = None
        self._stopping = threading.Event()
        self._end = 0.0  # of the grace
        self._jobs: Jobs | None = None
        self._worker: Worker | None = None

    def run(self, stop: threading.Event, grace: float) -> bool:
        """Works until `stop` is set; tells whether all that ran then ended within `grace` seconds.

        What did not was not stored either, and leaves nothing once the process ends; another
        worker does it. While the database is away, it waits for it.
        """
        asyncio.run(self._serve(stop, grace))
        for pool in (self._pool, self._looker):
            pool.shutdown(wait=False, cancel_futures=True)
        # What was cancelled before its turn is done, and would still be waited for.
        found: tuple[Future[Any] | None, ...] = (self._looking, *self._running.values())
        running = [each for each in found if each is not None and not each.done()]
        return not wait(running, max(0.0, self._end - monotonic())).not_done

    async def _serve(self, stop: threading.Event, grace: float) -> None:
        working = asyncio.create_task(self._work(grace))
        while not stop.is_set():
            await asyncio.sleep(_TICK)
        self._stopping.set()
        self._end = monotonic() + grace
        if self._jobs is not None:
            self._jobs.stop()
        if self._worker is not None:
            self._worker.stop()  # type: ignore[no-untyped-call]
        else:
            working.cancel()
        _, late = await asyncio.wait({working}, timeout=grace + _LAST_WORDS)
        for each in late:
            each.cancel()

    async def _work(self, grace: float) -> None:
        """One session after the other: one lasts for as long as nothing unforeseen ends it."""
        failures = 0
        while not self._stopping.is_set():
            began = monotonic()
            ended: Exception = StoreUnavailable("the worker for the jobs has ended")
            try:
                await self._session(grace)
            except Exception as error:
                ended = error
            if self._stopping.is_set():
                return
            failures = 1 if monotonic() > began + _LONGEST_LOOK else failures + 1
            self._observer.unavailable(_explained(ended))
            await asyncio.sleep(self._growing(failures))

    async def _session(self, grace: float) -> None:
        async with self._opened() as (app, jobs):
            worker = Worker(
                app,
                queues=QUEUES,
                name="tenure",
                concurrency=self._capacity.most,
                fetch_job_polling_interval=self._pace.poll,
                abort_job_polling_interval=_NEVER,
                shutdown_graceful_timeout=grace,
                listen_notify=self._listen,
                delete_jobs="always",
                install_signal_handlers=False,
                # It shows no life while it stops, and never again after one failure. We do.
                update_heartbeat_interval=_NEVER,
                # When the database comes back, nobody has shown any life for a while.
                stalled_worker_timeout=_NEVER,
            )
            beside = [
                asyncio.create_task(each)
                for each in (self._looks(jobs), self._signs_of_life(jobs, worker))
            ]
            self._jobs, self._worker = jobs, worker
            try:
                await worker.run()  # type: ignore[no-untyped-call]
            finally:
                self._jobs = self._worker = None
                for each in beside:
                    each.cancel()
                await asyncio.gather(*beside, return_exceptions=True)

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[tuple[App, Jobs]]:
        """Procrastinate, connected."""
        connector = PsycopgConnector(
            conninfo=self._conninfo,
            configure=_configure,
            min_size=1,
            max_size=_CONNECTIONS,
            timeout=_TIMEOUT_S,
            # The pool asks less and less often; when it gives up, whoever needs a connection next
            # makes it ask at once.
            reconnect_timeout=_TIMEOUT_S / 2,
        )
        app = App(connector=connector)
        app.job_manager = jobs = Jobs(connector, self._pace, self._capacity)
        app.task(name=TASK, retry=Retry(self._pace))(self._task)
        async with app.open_async():
            yield app, jobs

    async def _task(self, company: str, slot: str | None) -> None:
        """One job, in a thread. Raises `Failed`."""
        while (earlier := self._running.get(company)) is not None and not earlier.done():
            # Given up when the database was away, or for another's; but a thread cannot be stopped.
            await asyncio.wait([asyncio.wrap_future(earlier)])
        began = self._running[company] = self._pool.submit(self._duty.do, job_of(company, slot))
        try:
            well = await asyncio.wrap_future(began)
        except Exception:
            well = False
        if not well:
            raise Failed

    async def _looks(self, jobs: Jobs) -> None:
        """Looks for what is due, again and again."""
        # At the beginning, and when the database comes back, nobody has shown any life for a while.
        failures, trusted = 0, monotonic() + self._pace.stalled
        while not self._stopping.is_set():
            try:
                async with asyncio.timeout(_LONGEST_LOOK):
                    await self._look(jobs, rescue=monotonic() >= trusted)
                failures = 0
            except Exception as error:
                failures, trusted = failures + 1, monotonic() + self._pace.stalled
                self._observer.unavailable(_explained(error))
            await asyncio.sleep(self._growing(failures) if failures else self._pause())

    async def _look(self, jobs: Jobs, rescue: bool) -> None:
        """One look; none if another worker is about it at this moment."""
        self._running = {key: job for key, job in self._running.items() if not job.done()}
        connector = jobs.connector
        assert isinstance(connector, PsycopgConnector)  # noqa: S101 - what we gave it
        async with connector.pool.connection() as connection:
            # A lock of the transaction ends with it, whatever ends it.
            found = await connection.execute(
                "SELECT set_config('idle_in_transaction_session_timeout', %s, true),"
                " pg_try_advisory_xact_lock(hashtext('tenure jobs'))",
                (f"{_LIFELESS}s",),
            )
            row = await found.fetchone()
            if not row or not row[1]:
                self._observer.stood_aside()
                return
            if rescue:
                for job in await jobs.rescue():
                    self._observer.took_over(job)
            await jobs.wake()
            await jobs.defer(await self._due(connection), connection)

    async def _due(self, connection: AsyncConnection[Any]) -> list[Job]:
        """What is due, asked in a thread of its own: those of the jobs may all be busy."""
        if self._looking is None or self._looking.done():  # the last one was given up, if not
            self._looking = self._looker.submit(self._duty.due)
        looking = asyncio.wrap_future(self._looking)
        while not looking.done():
            await asyncio.wait({looking}, timeout=_SHOWN_LIFE)
            await connection.execute("SELECT 'looking'")
        return await looking

    async def _signs_of_life(self, jobs: Jobs, worker: Worker) -> None:
        while True:
            await asyncio.sleep(self._pace.beat)
            if worker.worker_id is not None:
                with suppress(ConnectorException):
                    await jobs.update_heartbeat(worker.worker_id)

    def _growing(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row."""
        return float(min(2 ** (failures - 1), self._pace.look))

    def _pause(self) -> float:
        """Seconds until the next look: sooner or later, so that workers get out of step."""
        look = self._pace.look * random.uniform(0.8, 1.2)  # noqa: S311 - no secret
        return self._duty.pause(look)


async def _configure(connection: AsyncConnection[Any]) -> None:
    await connection.execute(f"{NOTICING}; {SEARCHING}")
    await connection.commit()


def _explained(error: Exception) -> Exception:
    """An error of the database as the store says it."""
    cause = error.__cause__ if isinstance(error, ConnectorException) else error
    if isinstance(cause, psycopg.Error):
        return unavailable(cause)
    if isinstance(error, TimeoutError):
        return StoreUnavailable("the database does not answer")
    return error
