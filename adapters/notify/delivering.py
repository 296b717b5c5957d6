"""One notification, brought to where it goes: to a program, to a server, or to both."""

from __future__ import annotations

import threading
from collections.abc import Callable

from adapters.notify.configured import Notify
from adapters.notify.failure import NotDelivered

_FIRST_PAUSE, _GROWTH, _CHANCE = 1.0, 3.0, 0.5  # seconds; some chance keeps workers apart
_LONGEST = 60.0


def deliver(notify: Notify, body: bytes, stop: threading.Event, once: bool = False) -> None:
    """Brings a run's JSON to the command and to the URL, whichever there are.

    Tries again what may pass, unless `once`, after pauses of about 1, 3, 9 and 27 seconds. Gives up
    when `stop` is set. Raises `NotDelivered` for the first that failed, after both were tried.
    """
    from adapters.notify.command import run_command
    from adapters.notify.webhook import post

    ways: list[Callable[[], None]] = []
    if notify.command:
        ways.append(lambda: run_command(notify, body, stop))
    if notify.url is not None:
        ways.append(lambda: post(notify, body))
    troubles: list[NotDelivered] = []
    for way in ways:
        try:
            _persistently(way, 1 if once else notify.attempts, stop)
        except NotDelivered as trouble:
            troubles.append(trouble)
    if troubles:
        raise troubles[0]


def _persistently(way: Callable[[], None], attempts: int, stop: threading.Event) -> None:
    import tenacity

    tenacity.Retrying(
        retry=tenacity.retry_if_exception(lambda e: isinstance(e, NotDelivered) and e.passing),
        stop=tenacity.stop_after_attempt(attempts) | tenacity.stop_when_event_set(stop),
        wait=tenacity.wait_exponential(_FIRST_PAUSE, exp_base=_GROWTH, max=_LONGEST)
        + tenacity.wait_random(0, _CHANCE),
        sleep=tenacity.sleep_using_event(stop),
        reraise=True,
    )(way)
