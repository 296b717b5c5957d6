"""Stops a long-running command by a signal. A second signal ends the process at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from cli.terminal.output import CLEAR_LINE


@contextmanager
def stopped_by(*signals: signal.Signals) -> Iterator[threading.Event]:
    """Yields an event that the first of these signals sets.

    The second signal ends the process. A run that is not stored yet leaves nothing (R1).
    """
    stop = threading.Event()

    def stopping(number: int, _: FrameType | None) -> None:
        if stop.is_set():
            if sys.stderr.isatty():
                os.write(sys.stderr.fileno(), CLEAR_LINE.encode())  # of its progress
            os._exit(128 + number)
        stop.set()

    handlers = {each: signal.signal(each, stopping) for each in signals}
    try:
        yield stop
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
