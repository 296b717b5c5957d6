"""How often a worker of many does things, and how long a failed job rests (ADR 0019)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.jobs import Job

from adapters.use_cases.app import utc_now

MAX_DEATHS = 3  # workers that may die during one job before it has to rest: it may be the cause
_LONGEST_REST = timedelta(hours=1)
TOO_LONG = 2 * _LONGEST_REST  # a longer rest is the work of a clock that was ahead
_BEATS = 6  # signs of life that a worker can miss before it counts as dead
_AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)
"""A moment in the past, even if the clocks of this machine and of the database differ."""


class Pace(NamedTuple):
    """How often a worker does things. All values are seconds."""

    look: int = 10  # between two looks for due jobs, on all machines together; a divisor of 60
    poll: float = 5  # between two questions for a job; with `listen`, it hears of a new job sooner
    stalled: float = 30  # until the jobs of a worker without signs of life are given to others
    rest: int = 60  # before the second attempt of a job; each further rest is longer by as much

    @property
    def beat(self) -> float:
        """The seconds between two signs of life."""
        return self.stalled / _BEATS

    def rest_end(self, failures: int) -> datetime:
        """Returns when a job may be tried again after `failures`: at once if there are none."""
        if failures <= 0:
            return _AT_ONCE
        return utc_now() + min(failures * timedelta(seconds=self.rest), _LONGEST_REST)


class Failed(Exception):
    """A job failed. The observer has the error. Procrastinate must not: it would log the text."""


class Resting(BaseRetryStrategy):
    """Lets a failed job rest. A job that was given up is not tried again: the next look adds it.

    Procrastinate's own strategy has no longest rest.
    """

    def __init__(self, pace: Pace) -> None:
        self._pace = pace

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """Returns when the job is tried again, or `None` if it is not."""
        if not isinstance(exception, Failed):
            return None
        return RetryDecision(retry_at=self._pace.rest_end(job.attempts + 1))
