"""What all connections of one FTP session share: the server, the time limits, and their end."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import NamedTuple

from adapters.sources.deadline import Deadline, Timeouts
from adapters.sources.endpoint import Endpoint
from adapters.sources.failures import UNWELL, translate_errors
from adapters.sources.ftp.replies import describe
from adapters.watchdog import hang_up


class Sockets:
    """The open sockets of a session: for commands, for data, and listening for data."""

    def __init__(self) -> None:
        self._open: list[socket.socket] = []
        self._over = False

    def keep(self, sock: socket.socket) -> None:
        """Adds a socket. Ends it at once if the session is over."""
        self._open.append(sock)
        if self._over:
            self.end()

    def forget(self, sock: socket.socket) -> None:
        """Removes a socket, and leaves it open."""
        self._open.remove(sock)

    def drop(self, sock: socket.socket) -> None:
        """Removes and closes a socket."""
        self.forget(sock)
        sock.close()

    def end(self) -> None:
        """Ends every wait on the sockets. Any thread may call it."""
        self._over = True
        for sock in tuple(self._open):
            hang_up(sock)

    def close(self) -> None:
        """Closes the sockets, in any state."""
        self.end()
        while self._open:
            self._open.pop().close()


class Session(NamedTuple):
    """A server, how to connect to it, the time limits, and the sockets."""

    endpoint: Endpoint
    timeouts: Timeouts
    deadline: Deadline
    sockets: Sockets

    @property
    def host(self) -> str:
        """The name of the server, for messages."""
        return self.endpoint.host

    def part(self, seconds: float, late: str) -> AbstractContextManager[None]:
        """Ends the sockets if the block takes longer than `seconds`, and raises an error `late`."""
        return self.deadline.part(seconds, self.sockets.end, late)

    @contextmanager
    def stage(
        self, what: str, seconds: float, settings: str, *, known: bool = False
    ) -> Iterator[None]:
        """Does what `part` and `translate_errors` do, with sentences that begin with `what`."""
        late = f"{what} within {seconds:g} seconds; {UNWELL if known else f'check {settings}'}"
        with self.part(seconds, late), translate_errors(what, settings, describe, known=known):
            yield
