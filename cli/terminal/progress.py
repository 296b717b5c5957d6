"""Progress for a user who waits: a line on standard error, if that is a terminal.

The line appears after a second of work, and is gone when the work has ended. rich, which draws it,
is imported only then.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple, TextIO

import click

from adapters.progress import Advance, Progress, Stage
from cli.terminal.output import CLEAR_LINE

if TYPE_CHECKING:
    from rich.console import Console

DELAY_S = 1.0
"""What takes less time shows no progress."""
_PAUSE_S = 1.0
"""After a longer pause, as for a question, other work begins."""
_INTERVAL_S = 0.25
"""The time between two drawings: each takes a little of the processor."""


class Drawing(NamedTuple):
    """What a line of progress tells: the stage, the units, and since when the work goes on."""

    stage: Stage
    done: int
    total: int | None
    seconds: float


@contextmanager
def progress_on(terminal: TextIO) -> Iterator[Progress]:
    """Yields the progress of a command, which is drawn on a terminal."""
    context = click.get_current_context(silent=True)
    coloured = context is None or context.color is not False

    def draw(drawing: Drawing) -> str:
        return line_of(drawing, _width_of(terminal), coloured=coloured)

    drawn = TerminalProgress(terminal, draw)
    try:
        yield drawn
    finally:
        drawn.close()


class TerminalProgress:
    """Tells the stage of the work to a thread, which draws it.

    The thread draws while the work computes, so a stage without a number of units moves, too.
    """

    def __init__(
        self, terminal: TextIO, draw: Callable[[Drawing], str], delay_s: float = DELAY_S
    ) -> None:
        self._terminal = terminal
        self._draw = draw
        self._delay_s = delay_s
        self._turn = threading.Lock()  # to draw, or to begin or end a stage
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self._stage: _Counter | None = None
        self._began = self._ended = float("-inf")
        self._is_drawn = False

    @contextmanager
    def stage(self, stage: Stage, total: int | None = None) -> Iterator[Advance]:
        """Yields the function that adds units to the stage. At its end, its line is gone."""
        now = time.monotonic()
        if self._thread is None:
            self._thread = threading.Thread(target=self._watch, name="progress", daemon=True)
            self._thread.start()
        outer, counter = self._stage, _Counter(stage, total)
        if outer is None and now - self._ended > _PAUSE_S:
            self._began = now
        self._stage = counter
        try:
            yield counter.advance
        finally:
            with self._turn:
                self._stage = outer
                self._ended = time.monotonic()
                if outer is None:
                    self._clear()

    def close(self) -> None:
        """Ends the thread."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join()

    def _watch(self) -> None:
        # The terminal may be gone: then there is nobody to tell.
        with suppress(OSError, ValueError):
            wait_s = self._delay_s
            while not self._closed.wait(wait_s):
                with self._turn:
                    seconds = time.monotonic() - self._began
                    if self._stage is not None and seconds >= self._delay_s:
                        self._show(self._stage, seconds)
                wait_s = _INTERVAL_S

    def _show(self, counter: _Counter, seconds: float) -> None:
        drawing = Drawing(counter.stage, counter.done, counter.total, seconds)
        self._terminal.write(f"\r{self._draw(drawing)}\x1b[K")
        self._terminal.flush()
        self._is_drawn = True

    def _clear(self) -> None:
        if self._is_drawn:
            self._is_drawn = False
            with suppress(OSError, ValueError):
                self._terminal.write(CLEAR_LINE)
                self._terminal.flush()


class _Counter:
    """The units of a stage that are done."""

    def __init__(self, stage: Stage, total: int | None) -> None:
        self.stage = stage
        self.total = total
        self.done = 0

    def advance(self, units: int) -> None:
        self.done += units


def line_of(drawing: Drawing, width: int, *, coloured: bool) -> str:
    """Returns the line for a terminal that is so many cells wide."""
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        TextColumn,
    )

    counts: list[ProgressColumn] = []
    if drawing.total:
        counts = [DownloadColumn() if drawing.stage is Stage.FETCH else MofNCompleteColumn()]
    minutes, seconds = divmod(int(drawing.seconds), 60)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=40),
        *counts,
        TextColumn(f"{minutes}:{seconds:02}"),
    )
    progress = Progress(*columns, console=_console(width, coloured=coloured), auto_refresh=False)
    done = min(drawing.done, drawing.total) if drawing.total else drawing.done
    progress.add_task(drawing.stage.value, total=drawing.total or None, completed=done)
    with progress.console.capture() as captured:
        progress.console.print(progress.get_renderable())
    return captured.get().splitlines()[0].rstrip()


def _console(width: int, *, coloured: bool) -> Console:
    from io import StringIO

    from rich.console import Console

    return Console(
        file=StringIO(),
        width=width,
        force_terminal=True,
        color_system="standard" if coloured else None,
        legacy_windows=False,
    )


def _width_of(terminal: TextIO) -> int:
    """Returns the width of a terminal, less the cell in which a cursor would begin a new line."""
    try:
        return max(1, os.get_terminal_size(terminal.fileno()).columns - 1)
    except OSError:
        return 79
