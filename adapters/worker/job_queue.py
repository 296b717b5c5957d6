"""The jobs of many workers: Procrastinate's, over a database that may go away and come back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain, repeat
from time import monotonic
from typing import Any, NamedTuple

import psycopg
from procrastinate import jobs, manager, retry
from procrastinate.connector import BaseConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException, UniqueViolation
from psycopg import AsyncConnection

from adapters.use_cases.app import utc_now
from adapters.use_cases.schedule import Job
from adapters.worker.backoff import FIRST, LONGEST, rest_after
from adapters.worker.capacity import Capacity

CLOCKS, SLOTS = "tenure.clock", "tenure.slots"
QUEUES = (CLOCKS, SLOTS)
"""Apart, for each has hands of its own."""
TASK = "tenure.do"
ATTEMPTS = 12
"""So often a job is tried again; after that it is forgotten, and deferred anew if still due."""
_DEATHS = 3
"""So often a worker may end in the midst of a job, by a signal or an accident, before the job
itself is thought to be the reason and rests."""
_IMMEDIATELY = datetime(1970, 1, 1, tzinfo=UTC)
"""A moment that has come, whatever the clocks of this machine and of the database say."""
_CLOCK, _SLOT = 1, 0
"""Who comes first: the clock locks people out."""
_UNANSWERED = 30.0
"""Seconds between two looks for jobs that the database gave out and nobody received."""


class Pace(NamedTuple):
    """How often each thing is done, in seconds."""

    look: float = 15.0
    """Between two looks for what is due."""
    poll: float = 5.0
    """Between two looks for a job to do; a new one is mostly heard of sooner."""
    beat: float = 5.0
    """Between two signs of life."""
    stalled: float = 20.0
    """Without a sign of life, after which a worker's jobs are given to others."""
    rest: float = FIRST
    """Before the second attempt of a job; twice as long before each further one."""


class Failed(Exception):
    """A job failed. What went wrong is told to the observer alone: it may quote a cell, and
    Procrastinate logs whatever it is told."""


def key_of(job: Job) -> str:
    """What tells a job from others: of what has one key, one waits or runs."""
    return f"{job.company} {_slot(job) or 'clock'}"


def job_of(company: str, slot: str | None) -> Job:
    """The job that these arguments say."""
    return Job(company, datetime.fromisoformat(slot) if slot else None)


def is_away(error: BaseException | None) -> bool:
    """Whether it is the database that could not be reached, and not the statement that failed."""
    if isinstance(error, ConnectorException):
        error = error.__cause__
    return isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError))


class Retry(retry.BaseRetryStrategy):
    """When a job that failed is tried again."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace

    def get_retry_decision(
        self, *, exception: BaseException, job: jobs.Job
    ) -> retry.RetryDecision | None:
        """After a pause that grows; at once where the worker is only stopped. None at the end."""
        if job.attempts >= ATTEMPTS:
            return None
        if isinstance(exception, asyncio.CancelledError):
            return retry.RetryDecision(retry_at=_IMMEDIATELY)
        at, priority = _after(rest_after(job.attempts + 1, self._pace.rest), job)
        return retry.RetryDecision(retry_at=at, priority=priority)


class Jobs(manager.JobManager):
    """Procrastinate's jobs, of which none is lost or stuck because the database was away.

    What becomes of a job is written as soon as the database is there again. The worker's own loop
    and its listener never end by its absence, which would end whatever runs too.
    """

    def __init__(self, connector: BaseConnector, pace: Pace, capacity: Capacity) -> None:
        super().__init__(connector)
        self._pace = pace
        self._capacity = capacity
        self._mine: dict[int, Job] = {}
        self._ended = asyncio.Event()  # one of them, or all is to stop
        self._checked = monotonic()
        self.stopping = False

    def stop(self) -> None:
        """Has no job fetched any more."""
        self.stopping = True
        self._ended.set()

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> jobs.Job | None:
        """The next job for which there is a hand. While there is none for some of them, those are
        waited for here, so that the first hand that comes free is used at once."""
        while not self.stopping:
            self._ended.clear()
            free = [each for each in QUEUES if self._capacity.are_free(clock=each == CLOCKS)]
            job = await self._fetch(free, worker_id) if free else None
            if job is not None or len(free) == len(QUEUES):
                return job
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), self._pace.poll)
        return None

    async def _fetch(self, queues: Sequence[str], worker_id: int) -> jobs.Job | None:
        """The next job, none while the database is away."""
        try:
            await self._return_unanswered(worker_id)
            job = await super().fetch_job(queues=queues, worker_id=worker_id)
        except UniqueViolation:
            return None  # another job of that company was begun elsewhere at this very moment
        except ConnectorException as error:
            if is_away(error):
                return None
            raise
        if job is not None and job.id is not None:
            self._mine[job.id] = _meant(job)
            self._capacity.take(self._mine[job.id])
        return job

    async def finish_job(self, job: jobs.Job, status: jobs.Status, delete_job: bool) -> None:
        """Ends a job."""
        await self._keep_at(job, partial(super().finish_job, job, status, delete_job))

    async def retry_job(
        self,
        job: jobs.Job,
        retry_at: datetime | None = None,
        priority: int | None = None,
        queue: str | None = None,
        lock: str | None = None,
    ) -> None:
        """Lets a job wait for another attempt."""
        write = partial(super().retry_job, job, retry_at, priority, queue, lock)
        try:
            await self._keep_at(job, write)
        except UniqueViolation:  # it waits already, and this one would stay as it is for good
            await self.finish_job(job, jobs.Status.FAILED, delete_job=True)

    async def listen_for_jobs(
        self,
        *,
        on_notification: manager.NotificationCallback,
        queues: Iterable[str] | None = None,
    ) -> None:
        """Listens, and begins anew whenever it cannot."""
        while True:
            try:
                await super().listen_for_jobs(on_notification=on_notification, queues=queues)
            except ConnectorException:
                await asyncio.sleep(self._pace.poll)

    async def rescue(self) -> list[Job]:
        """Gives the jobs of workers that show no life any more to others, and forgets these
        workers. Returns the jobs."""
        silent, rescued = self._pace.stalled, list[Job]()
        for queue in QUEUES:
            for job in await self.get_stalled_jobs(queue=queue, seconds_since_heartbeat=silent):
                if job.id not in self._mine:
                    await self._give_back(job)
                    rescued.append(_meant(job))
        await self.prune_stalled_workers(silent)
        return rescued

    async def wake(self) -> None:
        """Ends every rest that is longer than any may be: a machine whose clock was ahead has
        written it down."""
        await self.connector.execute_query_async(
            "UPDATE procrastinate_jobs SET scheduled_at = now()"
            " WHERE status = 'todo' AND scheduled_at > now() + make_interval(secs => %(longest)s)",
            longest=LONGEST + _UNANSWERED,
        )

    async def defer(self, due: Sequence[Job], connection: AsyncConnection[Any]) -> None:
        """Adds the jobs that neither wait nor run yet, in the transaction of `connection`.

        A job that runs counts too: Procrastinate would take another one, and then could not let
        the first one wait for another attempt.
        """
        for _ in range(3):  # somebody else's job may come in between, and keeps all of ours out
            found = await connection.execute(
                "SELECT queueing_lock FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
            )
            there = {key for (key,) in await found.fetchall()}
            missing = [_queued(job) for job in due if key_of(job) not in there]
            if not missing:
                return
            try:
                async with connection.transaction():
                    await self.batch_defer_jobs_async(missing, connection=connection)
                return
            except AlreadyEnqueued:
                continue

    async def _give_back(self, job: jobs.Job) -> None:
        """At once, unless several workers have died of it."""
        if job.attempts >= ATTEMPTS:
            await self.finish_job(job, jobs.Status.FAILED, delete_job=True)
            return
        rest = rest_after(job.attempts + 1 - _DEATHS, self._pace.rest)
        at, priority = _after(rest, job)
        await self.retry_job(job, retry_at=at, priority=priority)

    async def _return_unanswered(self, worker_id: int) -> None:
        """Jobs are fetched one after the other, so none is on its way to us now."""
        if monotonic() < self._checked + _UNANSWERED:
            return
        for job in await self.list_jobs_async(status="doing", worker_id=worker_id):
            if job.id not in self._mine:
                await self._give_back(job)
        self._checked = monotonic()

    async def _keep_at(self, job: jobs.Job, write: Callable[[], Awaitable[None]]) -> None:
        """Writes what becomes of a job, as soon as it can be written.

        Where the job is no longer ours (this process was out of touch for too long), nothing is.
        """
        try:
            for pause in chain((0.5, 1, 2), repeat(4)):
                try:
                    return await write()
                except UniqueViolation:
                    raise
                except ConnectorException as error:
                    if not is_away(error):
                        return None
                    if self.stopping:
                        raise
                await asyncio.sleep(pause)
        finally:
            if job.id in self._mine:
                self._capacity.leave(self._mine.pop(job.id))
            self._ended.set()


def _meant(job: jobs.Job) -> Job:
    """What a job of Procrastinate's is about."""
    slot = job.task_kwargs["slot"]
    return job_of(str(job.task_kwargs["company"]), None if slot is None else str(slot))


def _after(rest: float, job: jobs.Job) -> tuple[datetime, int | None]:
    """When a job is tried again, and with which priority.

    A job that waits, be it for an hour, keeps every other job of its company from running that has
    no higher priority. So who rests steps back, the further the more often: then whatever is new
    goes first, and of two that fail neither waits for the other for long.
    """
    if not rest:
        return _IMMEDIATELY, None
    return utc_now() + timedelta(seconds=rest), -(job.attempts + 1)


def _slot(job: Job) -> str | None:
    return job.slot.astimezone(UTC).isoformat() if job.slot else None


def _queued(job: Job) -> jobs.Job:
    return jobs.Job(
        queue=SLOTS if job.slot else CLOCKS,
        priority=_SLOT if job.slot else _CLOCK,
        lock=job.company,
        queueing_lock=key_of(job),
        task_name=TASK,
        task_kwargs={"company": job.company, "slot": _slot(job)},
    )
