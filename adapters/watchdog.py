"""Ends what takes too long, from another thread."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

_TICK_S = 0.1
"""The longest time until a block ends after `stop` is set."""


class Overdue(Exception):
    """A block took too long, and its watchdog has ended it."""


@contextmanager
def watchdog(
    seconds: float, end: Callable[[], object], stop: threading.Event | None = None
) -> Iterator[None]:
    """Calls `end` in another thread if the block takes longer than `seconds`, or if `stop` is set.

    `end` closes a connection or kills a process, which ends every wait on it. A time limit for each
    read is not enough: a server that sends one byte a second meets it. The block then raises
    `Overdue`. Raises `RuntimeError` if the system gives no more threads.
    """
    done, overdue = threading.Event(), threading.Event()
    last = time.monotonic() + seconds

    def watch() -> None:
        while (left := last - time.monotonic()) > 0 and not (stop and stop.is_set()):
            if done.wait(min(_TICK_S, left) if stop else left):
                return
        overdue.set()
        end()

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    try:
        try:
            yield
        finally:
            done.set()
            watching.join()  # so that `end` is never called after the block
    except Exception as error:
        if overdue.is_set():
            raise Overdue from error
        raise
    if overdue.is_set():
        raise Overdue


def hang_up(sock: socket.socket) -> None:
    """Ends every wait on a socket, of any thread. The socket must still be closed."""
    with suppress(OSError):  # the connection is closed already
        # With TLS, the socket's own method would also take the keys from a thread that reads.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
