"""The time limits of a pick-up (R6)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Annotated, TypeAlias

import msgspec

from adapters.sources.source import SourceUnreachable
from adapters.watchdog import Overdue, watchdog

_Seconds: TypeAlias = Annotated[float, msgspec.Meta(gt=0, le=86_400)]


class Timeouts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The time limit of each part of a pick-up, in seconds.

    A working server answers in one or two seconds. The limits leave room for a slow line. They also
    keep a server that does not answer from delaying the other companies.
    """

    connect: _Seconds = 20
    greeting: _Seconds = 20
    handshake: _Seconds = 30  # from the greeting to an encrypted connection
    log_in: _Seconds = 30  # the server may ask a slow user directory
    session: _Seconds = 30  # from the log-in to the first command about files
    silence: _Seconds = 60  # without any data; a sleeping disk needs time to start


class Deadline:
    """The end of a pick-up, and the time that is left until then."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Returns the seconds that are left, never less than 0."""
        return max(0.0, self._end - time.monotonic())

    def sleep(self, seconds: float) -> None:
        """Waits `seconds`. Raises `SourceUnreachable` if the pick-up ends before."""
        left = self.left()
        time.sleep(min(seconds, left))
        if left < seconds:
            raise SourceUnreachable(self.problem, transient=True)

    def ends(self, close: Callable[[], None]) -> AbstractContextManager[None]:
        """Calls `close`, which closes a connection, if the block runs past the end of the pick-up.

        The block then raises `SourceUnreachable`.
        """
        return _ends_after(self.left(), close, self.problem)

    def part(
        self, seconds: float, close: Callable[[], None], problem: str
    ) -> AbstractContextManager[None]:
        """Calls `close` if the block takes longer than `seconds` or runs past the pick-up's end.

        The block then raises `SourceUnreachable`: with `problem` if the block took too long, and
        with the problem of the pick-up otherwise.
        """
        if self.left() < seconds:
            return self.ends(close)
        return _ends_after(seconds, close, problem)

    @property
    def problem(self) -> str:
        """The sentence about a pick-up that took too long."""
        return (
            f"the pick-up took longer than {self.seconds:g} seconds; ask the customer why their "
            "server is slow, or raise `deadline`"
        )


@contextmanager
def _ends_after(seconds: float, close: Callable[[], None], problem: str) -> Iterator[None]:
    try:
        with watchdog(seconds, close):
            yield
    except Overdue as overdue:
        raise SourceUnreachable(problem, transient=True) from overdue
