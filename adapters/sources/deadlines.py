"""An end to every wait on a server, however slowly or strangely it goes on answering (R6)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
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


class Deadline:
    """What is left of a pick-up's time."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._end = clock() + seconds

    def left(self) -> float:
        """Seconds from now; never less than none."""
        return max(0.0, self._end - self._clock())

    def sleep(self, seconds: float) -> None:
        """Waits so long. Raises `SourceUnreachable` when nothing is left before that."""
        left = self.left()
        time.sleep(min(seconds, left))
        if left < seconds:
            raise SourceUnreachable(self.problem, transient=True)

    def ends(self, close: Callable[[], None]) -> AbstractContextManager[None]:
        """Ends a connection, which `close` closes, when nothing is left.

        Whatever comes of that is raised as `SourceUnreachable`.
        """
        return _ends_after(self.left(), close, self.problem)

    def part(
        self, seconds: float, close: Callable[[], None], problem: str
    ) -> AbstractContextManager[None]:
        """Ends a connection that is at one part for so many `seconds`, or when nothing is left.

        Whatever comes of that is raised as `SourceUnreachable`, with the `problem` of the part if
        it is the part that took too long.
        """
        if self.left() < seconds:
            return self.ends(close)
        return _ends_after(seconds, close, problem)

    @property
    def problem(self) -> str:
        """What is told of a pick-up that is over time."""
        return (
            f"the pick-up took longer than the {self.seconds:g} seconds it may; ask the customer "
            "what slows their server down, or raise `deadline`"
        )


@contextmanager
def _ends_after(seconds: float, close: Callable[[], None], problem: str) -> Iterator[None]:
    """Closes a connection after so many seconds, which ends every wait on it.

    A limit for every single answer would not do: who sends a byte a second is never silent.
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
            raise SourceUnreachable(problem, transient=True) from error
        raise
    finally:
        timer.cancel()
    if over.is_set():
        raise SourceUnreachable(problem, transient=True)
