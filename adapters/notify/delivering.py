"""Delivers one notification on one channel, with several attempts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

from adapters.notify.failure import NotDelivered
from adapters.notify_settings import Channel, Notify

FIRST_PAUSE_S = 1.0
"""The pause between the first attempt and the second."""
MAX_JITTER_S = 0.5
"""The most that chance adds to a pause, so that several workers do not try at the same moment."""
_GROWTH = 3.0  # the factor from one pause to the next
MAX_PAUSE_S = 60.0


def deliver(
    channel: Channel, notify: Notify, body: bytes, stop: threading.Event, once: bool = False
) -> None:
    """Delivers `body`, the JSON of a run, to the command or to the URL.

    Makes up to `notify.attempts` attempts if the failures are transient, with pauses of about 1, 3,
    9 and 27 seconds. With `once` there is one attempt. No attempt follows after `stop` is set.
    Raises `NotDelivered`.
    """
    from adapters.notify.command import run_command
    from adapters.notify.webhook import post

    attempt: Callable[[], None]
    match channel:
        case Channel.COMMAND:
            attempt = partial(run_command, notify, body, stop)
        case Channel.URL:
            attempt = partial(post, notify, body)
    _retry(attempt, 1 if once else notify.attempts, stop)


def _retry(attempt: Callable[[], None], attempts: int, stop: threading.Event) -> None:
    import tenacity

    tenacity.Retrying(
        retry=tenacity.retry_if_exception(lambda e: isinstance(e, NotDelivered) and e.transient),
        stop=tenacity.stop_after_attempt(attempts) | tenacity.stop_when_event_set(stop),
        wait=tenacity.wait_exponential(FIRST_PAUSE_S, exp_base=_GROWTH, max=MAX_PAUSE_S)
        + tenacity.wait_random(0, MAX_JITTER_S),
        sleep=tenacity.sleep_using_event(stop),
        reraise=True,
    )(attempt)
