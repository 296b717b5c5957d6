"""One notification, brought to where it goes: to a program, or to a server."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

from adapters.notify.configured import Channel, Notify
from adapters.notify.failure import NotDelivered

_FIRST_PAUSE, _GROWTH, _CHANCE = 1.0, 3.0, 0.5  # seconds; some chance keeps workers apart
_LONGEST = 60.0


def deliver(
    channel: Channel, notify: Notify, body: bytes, stop: threading.Event, once: bool = False
) -> None:
    """Brings a run's JSON to the command or to the URL.

    Tries again what may pass, unless `once`, after pauses of about 1, 3, 9 and 27 seconds. Gives up
    when `stop` is set. Raises `NotDelivered`.
    """
    from adapters.notify.command import run_command
    from adapters.notify.webhook import post

    attempt: Callable[[], None]
    match channel:
        case Channel.COMMAND:
            attempt = partial(run_command, notify, body, stop)
        case Channel.URL:
            attempt = partial(post, notify, body)
    _persistently(attempt, 1 if once else notify.attempts, stop)


def _persistently(attempt: Callable[[], None], attempts: int, stop: threading.Event) -> None:
    import tenacity

    tenacity.Retrying(
        retry=tenacity.retry_if_exception(lambda e: isinstance(e, NotDelivered) and e.transient),
        stop=tenacity.stop_after_attempt(attempts) | tenacity.stop_when_event_set(stop),
        wait=tenacity.wait_exponential(_FIRST_PAUSE, exp_base=_GROWTH, max=_LONGEST)
        + tenacity.wait_random(0, _CHANCE),
        sleep=tenacity.sleep_using_event(stop),
        reraise=True,
    )(attempt)
