"""Trying again, with growing pauses, what may work in a moment; and nothing else."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from adapters.sources.deadlines import Deadline
from adapters.sources.source import SourceUnreachable

if TYPE_CHECKING:
    import tenacity

_T = TypeVar("_T")
_log = logging.getLogger(__name__)
_FIRST_PAUSE, _GROWTH, _CHANCE = 2.0, 3.0, 1.0  # seconds; some chance keeps workers apart


def retry(
    attempt: Callable[[], _T],
    attempts: int,
    remaining: Deadline,
    sleep: Callable[[float], None] = time.sleep,
) -> _T:
    """What `attempt` gives, tried up to so many times and within what remains of the time.

    The pauses are about 2, 6 and 18 seconds. Raises the last `SourceUnreachable`, and at once one
    that is not transient.
    """
    import tenacity

    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception(_may_pass),
        stop=tenacity.stop_after_attempt(attempts) | tenacity.stop_before_delay(remaining.left()),
        wait=tenacity.wait_exponential(_FIRST_PAUSE, exp_base=_GROWTH)
        + tenacity.wait_random(0, _CHANCE),
        sleep=sleep,
        before_sleep=_say,
        reraise=True,
    )
    try:
        return retrying(attempt)
    except SourceUnreachable as error:
        if error.transient and not remaining.left():
            raise SourceUnreachable(remaining.problem, transient=True) from error
        raise


def _say(state: tenacity.RetryCallState) -> None:
    """That it will be tried again, and why, for who reads the log."""
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, SourceUnreachable) and state.next_action:
        _log.info("trying again in %.0f seconds: %s", state.next_action.sleep, error.problem)


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, SourceUnreachable) and error.transient
