"""How many jobs are done side by side, so that none keeps another waiting for long (R6)."""

from __future__ import annotations

import threading

from adapters.use_cases.schedule import Job

_WAITING = 4
"""So many times as many deliveries may be waited for as are planned side by side."""


class Capacity:
    """So many `workers` for planning and storing, which takes memory and the processor.

    More pick-ups than that may be under way, since most of them only wait for a customer's server,
    and a slow one must not hold a hand; but not any number, for each may hold a delivery in memory.
    The clock has hands of its own: it locks people out, and waits on nobody's server.

    Attributes:
        planning: to be entered by who plans and stores.
        pickups: how many pick-ups are ever under way together.
    """

    def __init__(self, workers: int) -> None:
        self.planning = threading.Semaphore(workers)
        self.pickups = _WAITING * workers
        # By whether a job is the clock's.
        self._most = {True: workers, False: self.pickups}
        self._busy: dict[bool, set[Job]] = {True: set(), False: set()}

    @property
    def most(self) -> int:
        """How many jobs are ever under way together."""
        return sum(self._most.values())

    def are_free(self, *, clock: bool) -> bool:
        """Whether a job may begin: of the clock, or a pick-up. Like what follows, to be asked by
        one thread at a time."""
        return len(self._busy[clock]) < self._most[clock]

    def take(self, job: Job) -> None:
        """The job begins."""
        self._busy[job.is_clock].add(job)

    def leave(self, job: Job) -> None:
        """The job has ended."""
        self._busy[job.is_clock].discard(job)
