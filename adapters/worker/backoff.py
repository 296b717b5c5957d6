"""Growing pauses for jobs that fail and stay due, so that no job fails at every look."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection

from adapters.use_cases.schedule import Job

_FIRST_S, _LONGEST_S = 60.0, 3600.0
"""The pause after a first failure, and the longest pause."""
_MAX_DOUBLINGS = 6
"""By then the longest pause is reached. After a thousand, the number would be too large."""


class Backoff:
    """The jobs that rest after a failure. Each further failure of a job doubles its rest."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._resting: dict[Job, tuple[float, int]] = {}

    def is_over(self, job: Job) -> bool:
        """Returns whether the job may be tried now."""
        with self._lock:
            until, _ = self._resting.get(job, (0.0, 0))
            return self._clock() >= until

    def begin(self, job: Job) -> None:
        """Lets the job rest, because it has failed."""
        with self._lock:
            _, failures = self._resting.get(job, (0.0, 0))
            pause = min(_FIRST_S * 2 ** min(failures, _MAX_DOUBLINGS), _LONGEST_S)
            self._resting[job] = self._clock() + pause, failures + 1

    def forget(self, job: Job) -> None:
        """Forgets the failures of the job, because it is done."""
        with self._lock:
            self._resting.pop(job, None)

    def keep(self, due: Collection[Job]) -> None:
        """Forgets the jobs that are no longer due."""
        with self._lock:
            for job in self._resting.keys() - set(due):
                del self._resting[job]
