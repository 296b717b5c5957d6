"""Tries again, with growing pauses, after a transient failure of a source."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from adapters.sources.deadline import Deadline
from adapters.sources.source import SourceUnreachable

if TYPE_CHECKING:
    import tenacity

_T = TypeVar("_T")
_log = logging.getLogger(__name__)
FIRST_PAUSE_S = 2.0
GROWTH = 3.0  # the factor from one pause to the next
MAX_JITTER_S = 1.0  # random, so that several workers do not try at the same moment


def retry(
    attempt: Callable[[], _T],
    attempts: int,
    deadline: Deadline,
    sleep: Callable[[float], None] = time.sleep,
) -> _T:
    """Calls `attempt` until it succeeds, at most `attempts` times, and returns its result.

    The pauses are about 2, 6 and 18 seconds, and end before `deadline` does. Raises the last
    `SourceUnreachable`. One that is not transient is raised at once.
    """
    import tenacity

    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception(_is_transient),
        stop=tenacity.stop_after_attempt(attempts) | tenacity.stop_before_delay(deadline.left()),
        wait=tenacity.wait_exponential(FIRST_PAUSE_S, exp_base=GROWTH)
        + tenacity.wait_random(0, MAX_JITTER_S),
        sleep=sleep,
        before_sleep=_log_pause,
        reraise=True,
    )
    try:
        return retrying(attempt)
    except SourceUnreachable as error:
        if error.transient and not deadline.left():
            raise SourceUnreachable(deadline.problem, transient=True) from error
        raise


def _log_pause(state: tenacity.RetryCallState) -> None:
    """Logs the failure and the pause before the next attempt."""
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, SourceUnreachable) and state.next_action:
        _log.info("trying again in %.0f seconds: %s", state.next_action.sleep, error.problem)


def _is_transient(error: BaseException) -> bool:
    return isinstance(error, SourceUnreachable) and error.transient
