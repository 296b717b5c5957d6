"""An end to every wait on a server, however slowly or strangely it goes on answering (R6)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from adapters.sources.source import SourceUnreachable


class Deadlines(NamedTuple):
    """How long each part of a pick-up may take, in seconds.

    A server that is there answers in one or two. These leave room for a bad line, and keep a dead
    one from holding up the companies after it.
    """

    connect: float = 20
    greeting: float = 20
    handshake: float = 30  # from the greeting to an encrypted connection
    log_in: float = 30  # directories behind it may be slow to say yes
    session: float = 30  # to open what files are read through
    silence: float = 60  # between two signs of life; a disk may have to wake up
    whole: float = 1800  # from the first connection to the last byte, every attempt included

    def within(self, seconds: float) -> Deadlines:
        """The same, where no part may take longer than that."""
        return Deadlines(*(min(each, round(seconds, 1)) for each in self))


class Remaining:
    """What is left of a pick-up's time."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._end = clock() + seconds

    def left(self) -> float:
        """Seconds from now; never less than none."""
        return max(0.0, self._end - self._clock())


@contextmanager
def ends_after(seconds: float, close: Callable[[], None], problem: str) -> Iterator[None]:
    """Closes a connection that is at something for too long, which ends every wait on it.

    Whatever comes of that is raised as `SourceUnreachable` with the `problem`. A limit for every
    single answer would not do: who sends a byte a second is never silent.
    """
    over = threading.Event()

    def end() -> None:
        over.set()
        close()

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    except Exception as error:
        if over.is_set():
            raise SourceUnreachable(problem, passing=True) from error
        raise
    finally:
        timer.cancel()
    if over.is_set():
        raise SourceUnreachable(problem, passing=True)


def took_too_long(remaining: Remaining) -> str:
    """The problem of a pick-up that is over time."""
    return (
        f"the pick-up took longer than the {remaining.seconds:g} seconds it may; ask the customer "
        "what slows their server down, or raise `deadline`"
    )
