"""The common queue of many workers: Procrastinate, made to survive a loss of the database."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain, repeat
from time import monotonic
from typing import Any

import psycopg
from procrastinate import jobs, manager, retry
from procrastinate.connector import BaseConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException, UniqueViolation
from psycopg import AsyncConnection

from adapters.use_cases.app import utc_now
from adapters.use_cases.schedule import Job
from adapters.worker.backoff import LONGEST_S, rest_after
from adapters.worker.capacity import Capacity
from adapters.worker.pace import Pace

CLOCKS, SLOTS = "tenure.clock", "tenure.slots"
QUEUES = (CLOCKS, SLOTS)
"""Two queues, because clock jobs and imports have separate limits (`Capacity`)."""
TASK = "tenure.do"
ATTEMPTS = 12
"""Attempts of one job. Then the job is deleted. If it is still due, the next look adds it again."""
_MAX_DEATHS = 3
"""Workers that may die during one job, by a signal or an accident, before the job has to rest. Then
the job itself may be the cause."""
_IMMEDIATELY = datetime(1970, 1, 1, tzinfo=UTC)
"""A moment in the past, even if the clocks of this machine and of the database differ."""
_CLOCK_PRIORITY, _SLOT_PRIORITY = 1, 0
"""Clock jobs come first, because they close accounts."""
_LOST_REPLY_CHECK_S = 30.0
"""How often a worker looks for jobs that the database gave to it, and whose reply was lost."""


class Failed(Exception):
    """A job failed. It carries no text: Procrastinate logs it, and the error may quote a cell.

    The observer gets the error itself.
    """


def key_of(job: Job) -> str:
    """Returns the key of a job. Of all jobs with one key, only one waits or runs."""
    return f"{job.company} {_slot(job) or 'clock'}"


def job_of(company: str, slot: str | None) -> Job:
    """Returns the job with these arguments. `slot` is in ISO 8601."""
    return Job(company, datetime.fromisoformat(slot) if slot else None)


def is_away(error: BaseException | None) -> bool:
    """Returns whether the database could not be reached. `False` if only a statement failed."""
    if isinstance(error, ConnectorException):
        error = error.__cause__
    return isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError))


class Retry(retry.BaseRetryStrategy):
    """Decides when a failed job is tried again."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace

    def get_retry_decision(
        self, *, exception: BaseException, job: jobs.Job
    ) -> retry.RetryDecision | None:
        """Returns a growing pause, or no pause if the worker was stopped. `None` ends the job."""
        if job.attempts >= ATTEMPTS:
            return None
        if isinstance(exception, asyncio.CancelledError):
            return retry.RetryDecision(retry_at=_IMMEDIATELY)
        at, priority = _after(rest_after(job.attempts + 1, self._pace.rest), job)
        return retry.RetryDecision(retry_at=at, priority=priority)


class Jobs(manager.JobManager):
    """The job manager of Procrastinate, changed so that a loss of the database loses no job.

    The result of a job is written as soon as the database can be reached again. A loss of the
    database ends neither the worker's loop nor its listener: that would end the running jobs too.
    """

    def __init__(self, connector: BaseConnector, pace: Pace, capacity: Capacity) -> None:
        super().__init__(connector)
        self._pace = pace
        self._capacity = capacity
        self._mine: dict[int, Job] = {}
        self._ended = asyncio.Event()  # set when a job has ended, or the worker has to stop
        self._checked = monotonic()
        self.stopping = False

    def stop(self) -> None:
        """Stops fetching jobs."""
        self.stopping = True
        self._ended.set()

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> jobs.Job | None:
        """Returns the next job that the capacity allows, or `None` if there is none.

        While the capacity of a queue is used up, this method waits for a job to end. So the next
        job begins at once.
        """
        while not self.stopping:
            self._ended.clear()
            free = [queue for queue in QUEUES if self._capacity.has_room(clock=queue == CLOCKS)]
            job = await self._fetch(free, worker_id) if free else None
            if job is not None or len(free) == len(QUEUES):
                return job
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), self._pace.poll)
        return None

    async def _fetch(self, queues: Sequence[str], worker_id: int) -> jobs.Job | None:
        """Returns the next job of the queues. `None` if there is none, or no database."""
        try:
            await self._return_lost_jobs(worker_id)
            job = await super().fetch_job(queues=queues, worker_id=worker_id)
        except UniqueViolation:
            return None  # another worker began a job of that company at this moment
        except ConnectorException as error:
            if is_away(error):
                return None
            raise
        if job is not None and job.id is not None:
            self._mine[job.id] = _job_of(job)
            self._capacity.take(self._mine[job.id])
        return job

    async def finish_job(self, job: jobs.Job, status: jobs.Status, delete_job: bool) -> None:
        """Ends a job."""
        await self._write_result(job, partial(super().finish_job, job, status, delete_job))

    async def retry_job(
        self,
        job: jobs.Job,
        retry_at: datetime | None = None,
        priority: int | None = None,
        queue: str | None = None,
        lock: str | None = None,
    ) -> None:
        """Lets a job wait for its next attempt."""
        write = partial(super().retry_job, job, retry_at, priority, queue, lock)
        try:
            await self._write_result(job, write)
        except UniqueViolation:
            # The same job waits already. This one would stay in its state for ever.
            await self.finish_job(job, jobs.Status.FAILED, delete_job=True)

    async def listen_for_jobs(
        self,
        *,
        on_notification: manager.NotificationCallback,
        queues: Iterable[str] | None = None,
    ) -> None:
        """Listens for new jobs. After each loss of the connection, it begins again."""
        while True:
            try:
                await super().listen_for_jobs(on_notification=on_notification, queues=queues)
            except ConnectorException:
                await asyncio.sleep(self._pace.poll)

    async def rescue(self) -> list[Job]:
        """Puts jobs back into the queue if their worker gives no sign of life.

        Deletes these workers, and returns the jobs.
        """
        silent, rescued = self._pace.stalled, list[Job]()
        for queue in QUEUES:
            for job in await self.get_stalled_jobs(queue=queue, seconds_since_heartbeat=silent):
                if job.id not in self._mine:
                    await self._give_back(job)
                    rescued.append(_job_of(job))
        await self.prune_stalled_workers(silent)
        return rescued

    async def wake(self) -> None:
        """Ends every rest that is longer than the longest one allowed.

        A machine whose clock was ahead has written such a rest.
        """
        await self.connector.execute_query_async(
            "UPDATE procrastinate_jobs SET scheduled_at = now()"
            " WHERE status = 'todo' AND scheduled_at > now() + make_interval(secs => %(longest)s)",
            longest=LONGEST_S + _LOST_REPLY_CHECK_S,
        )

    async def defer(self, due: Sequence[Job], connection: AsyncConnection[Any]) -> None:
        """Adds the jobs that neither wait nor run yet, in the transaction of `connection`.

        A running job counts too. Procrastinate would accept a second one with its key, and then
        could not let the first one wait for its next attempt.
        """
        # Another process may add one of the jobs in between. Then none of ours is added.
        for _ in range(3):
            cursor = await connection.execute(
                "SELECT queueing_lock FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
            )
            existing = {key for (key,) in await cursor.fetchall()}
            missing = [_queued(job) for job in due if key_of(job) not in existing]
            if not missing:
                return
            try:
                async with connection.transaction():
                    await self.batch_defer_jobs_async(missing, connection=connection)
                return
            except AlreadyEnqueued:
                continue

    async def _give_back(self, job: jobs.Job) -> None:
        """Lets a job wait again: without a rest, unless several workers have died during it."""
        if job.attempts >= ATTEMPTS:
            await self.finish_job(job, jobs.Status.FAILED, delete_job=True)
            return
        rest = rest_after(job.attempts + 1 - _MAX_DEATHS, self._pace.rest)
        at, priority = _after(rest, job)
        await self.retry_job(job, retry_at=at, priority=priority)

    async def _return_lost_jobs(self, worker_id: int) -> None:
        """Puts jobs back into the queue that the database gave to us in a reply that was lost.

        Jobs are fetched one after the other. So no reply is on its way at this moment.
        """
        if monotonic() < self._checked + _LOST_REPLY_CHECK_S:
            return
        for job in await self.list_jobs_async(status="doing", worker_id=worker_id):
            if job.id not in self._mine:
                await self._give_back(job)
        self._checked = monotonic()

    async def _write_result(self, job: jobs.Job, write: Callable[[], Awaitable[None]]) -> None:
        """Calls `write`, which records what becomes of a job, until the database can be reached.

        It gives up if the job was given to another worker, after too long without a sign of life.
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


def _job_of(job: jobs.Job) -> Job:
    """Returns the job that is stored as a job of Procrastinate."""
    slot = job.task_kwargs["slot"]
    return job_of(str(job.task_kwargs["company"]), None if slot is None else str(slot))


def _after(rest: float, job: jobs.Job) -> tuple[datetime, int | None]:
    """Returns when a job is tried again, and its priority then.

    Procrastinate lets a waiting job block all jobs of its company with the same or a lower
    priority, even if it waits for an hour. So each rest lowers the priority: new jobs go first,
    and of two failing jobs neither blocks the other for long.
    """
    if not rest:
        return _IMMEDIATELY, None
    return utc_now() + timedelta(seconds=rest), -(job.attempts + 1)


def _slot(job: Job) -> str | None:
    return job.slot.astimezone(UTC).isoformat() if job.slot else None


def _queued(job: Job) -> jobs.Job:
    return jobs.Job(
        queue=SLOTS if job.slot else CLOCKS,
        priority=_SLOT_PRIORITY if job.slot else _CLOCK_PRIORITY,
        lock=job.company,
        queueing_lock=key_of(job),
        task_name=TASK,
        task_kwargs={"company": job.company, "slot": _slot(job)},
    )
