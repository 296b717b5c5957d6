"""The number of jobs that run side by side, so that no job delays another for long (R6)."""

from __future__ import annotations

import threading

from adapters.use_cases.schedule import Job

_PICKUPS_PER_WORKER = 4
"""Pick-ups that may run for each delivery that is planned at the same time."""


class Capacity:
    """Limits for jobs that run side by side.

    At most `workers` deliveries are planned and stored at a time, because planning takes memory
    and processor time. Four times as many pick-ups may run: most of them only wait for a
    customer's server, and a slow server must not occupy a worker. Pick-ups have a limit too,
    because each may hold a delivery in memory. Clock jobs have a separate limit of `workers`: they
    close accounts, and must not wait for pick-ups.

    Attributes:
        planning: a semaphore that an import enters to plan and store its delivery.
        pickups: the highest number of pick-ups at a time.
    """

    def __init__(self, workers: int) -> None:
        self.planning = threading.Semaphore(workers)
        self.pickups = _PICKUPS_PER_WORKER * workers
        # The key tells whether a job is a clock job.
        self._limits = {True: workers, False: self.pickups}
        self._busy: dict[bool, set[Job]] = {True: set(), False: set()}

    @property
    def most(self) -> int:
        """The highest number of jobs at a time."""
        return sum(self._limits.values())

    def has_room(self, *, clock: bool) -> bool:
        """Returns whether another clock job, or another pick-up, may begin.

        This method, `take` and `leave` must be called by one thread at a time.
        """
        return len(self._busy[clock]) < self._limits[clock]

    def take(self, job: Job) -> None:
        """Counts a job that begins."""
        self._busy[job.is_clock].add(job)

    def leave(self, job: Job) -> None:
        """Stops counting a job that has ended."""
        self._busy[job.is_clock].discard(job)
