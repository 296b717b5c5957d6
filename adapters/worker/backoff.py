"""Growing pauses for what fails and stays due, so that no company fails all night long."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection

from adapters.use_cases.schedule import Job

FIRST, LONGEST = 60.0, 3600.0
"""Seconds to rest after a first failure, and at most."""


def rest_after(failures: int, first: float = FIRST) -> float:
    """Seconds to rest after so many failures in a row: each time twice as long."""
    return float(min(first * 2 ** (failures - 1), LONGEST)) if failures > 0 else 0.0


class Backoff:
    """Which jobs rest after a failure, each for twice as long as the time before."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._resting: dict[Job, tuple[float, int]] = {}

    def is_over(self, job: Job) -> bool:
        """Whether the job may be tried now."""
        with self._lock:
            until, _ = self._resting.get(job, (0.0, 0))
            return self._clock() >= until

    def begin(self, job: Job) -> None:
        """The job has failed."""
        with self._lock:
            _, failures = self._resting.get(job, (0.0, 0))
            self._resting[job] = self._clock() + rest_after(failures + 1), failures + 1

    def forget(self, job: Job) -> None:
        """The job is done."""
        with self._lock:
            self._resting.pop(job, None)

    def keep(self, due: Collection[Job]) -> None:
        """Forgets what is no longer due."""
        with self._lock:
            for job in self._resting.keys() - set(due):
                del self._resting[job]
