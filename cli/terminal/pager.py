"""A pager for answers that are longer than the terminal."""

from __future__ import annotations

import io
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from cli.terminal.screen import has_colours, screen

if TYPE_CHECKING:
    from typing_extensions import Buffer

_LESS = {"LESS": "FRX", "LESSCHARSET": "utf-8"}
"""Options of `less`, if the user has none: it ends after one screen, and leaves the text there."""


class ReaderLeft(BrokenPipeError):
    """The user left the pager before the end of the answer: they have read enough."""


def pager_command() -> list[str]:
    """Returns the command of TENURE_PAGER, or of PAGER, or `less`. An empty list means no pager."""
    asked = os.environ.get("TENURE_PAGER", os.environ.get("PAGER", "less"))
    with suppress(ValueError):  # a quote that is not closed
        words = shlex.split(asked)
        if words and words[0] != "cat" and shutil.which(words[0]):
            # A user's own options in LESS may lack -R, without which colours are not shown as such.
            return [*words, "-R"] if Path(words[0]).name == "less" else words
    return []


@contextmanager
def paged(wanted: bool) -> Iterator[None]:
    """Sends what is printed to the pager, if that is `wanted` and it is longer than the terminal.

    If the user leaves the pager, printing raises `ReaderLeft`. The command ends, and this is no
    error: a command that has an exit code of its own catches `ReaderLeft` itself.
    """
    can_scroll = screen().is_terminal and os.environ.get("TERM") != "dumb"
    command = pager_command() if wanted and can_scroll else []
    if not command:
        yield
        return
    context = click.get_current_context()
    context.color = has_colours()  # the pager is a pipe, but what it shows is a terminal
    terminal, pages = sys.stdout, _Pages(command, screen().height, sys.stdout.buffer)
    text = io.TextIOWrapper(io.BufferedWriter(pages), "utf-8", "backslashreplace")
    sys.stdout = text
    try:
        yield
        text.flush()
    except ReaderLeft:
        pass
    finally:
        sys.stdout = terminal
        with suppress(ReaderLeft):
            text.close()
        pages.end()


class _Pages(io.RawIOBase):
    """Keeps what is written while it fits on the terminal. Starts the pager when it does not."""

    def __init__(self, command: list[str], height: int, terminal: BinaryIO) -> None:
        self._command = command
        self._left = height - 1  # the last line is for the prompt of the shell
        self._terminal = terminal
        self._kept: list[bytes] | None = []
        self._pager: subprocess.Popen[bytes] | None = None

    def writable(self) -> bool:
        return True

    def write(self, data: Buffer) -> int:
        written = bytes(data)
        if self._kept is None:
            self._send(written)
        else:
            self._kept.append(written)
            self._left -= written.count(b"\n")
            if self._left < 0:
                self._pager = _started(self._command)
                self._send_kept()
        return len(written)

    def end(self) -> None:
        """Prints what fits on the terminal, or waits until the user leaves the pager."""
        self._send_kept()
        if self._pager is None:
            return
        with suppress(BrokenPipeError):
            self._sink.close()
        while True:
            with suppress(KeyboardInterrupt):  # Ctrl-C is for the pager
                self._pager.wait()
                return

    def _send_kept(self) -> None:
        kept, self._kept = self._kept, None
        if kept:
            self._send(b"".join(kept))

    def _send(self, data: bytes) -> None:
        try:
            self._sink.write(data)
            self._sink.flush()
        except BrokenPipeError as error:
            raise (error if self._pager is None else ReaderLeft) from None

    @property
    def _sink(self) -> BinaryIO:
        if self._pager is None:
            return self._terminal
        assert self._pager.stdin is not None  # noqa: S101
        return self._pager.stdin  # type: ignore[return-value]


def _started(command: list[str]) -> subprocess.Popen[bytes] | None:
    """Returns the pager, or `None` if it cannot be started: then the terminal scrolls by itself."""
    try:
        return subprocess.Popen(command, stdin=subprocess.PIPE, env=_LESS | os.environ)  # noqa: S603
    except OSError:
        return None
