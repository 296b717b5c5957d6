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
from typing import TYPE_CHECKING, TextIO

import click

from cli.terminal.screen import has_colours, screen

if TYPE_CHECKING:
    from typing_extensions import Buffer

_LESS = {"LESS": "FRX", "LESSCHARSET": "utf-8"}
"""Options of `less`, if the user has none: it ends after one screen, and shows colours."""


def pager_command() -> list[str]:
    """Returns the command of TENURE_PAGER, or of PAGER, or `less`. An empty list means no pager."""
    asked = os.environ.get("TENURE_PAGER", os.environ.get("PAGER", "less"))
    with suppress(ValueError):  # a quote that is not closed
        words = shlex.split(asked)
        if words and words[0] != "cat" and shutil.which(words[0]):
            return words
    return []


@contextmanager
def paged(wanted: bool) -> Iterator[None]:
    """Sends what is printed to the pager, if that is `wanted` and it is longer than the terminal.

    Whoever leaves the pager has read enough: the command ends, and this is no error.
    """
    command = pager_command() if wanted and screen().is_terminal else []
    if not command:
        yield
        return
    context = click.get_current_context()
    context.color = has_colours()  # the pager is a pipe, but what it shows is a terminal
    terminal, pages = sys.stdout, _Pages(command, screen().height)
    text = io.TextIOWrapper(io.BufferedWriter(pages), "utf-8", "backslashreplace")
    sys.stdout = text
    try:
        yield
        text.flush()
    except BrokenPipeError:
        if pages.pager is None:
            raise
    finally:
        sys.stdout = terminal
        with suppress(BrokenPipeError):
            text.close()
        pages.end(terminal)


class _Pages(io.RawIOBase):
    """Keeps what is written while it fits on the terminal. Starts the pager when it does not."""

    def __init__(self, command: list[str], height: int) -> None:
        self._command = command
        self._left = height - 1  # the last line is for the prompt of the shell
        self._kept: list[bytes] = []
        self.pager: subprocess.Popen[bytes] | None = None

    def writable(self) -> bool:
        return True

    def write(self, data: Buffer) -> int:
        written = bytes(data)
        if self.pager is None:
            self._kept.append(written)
            self._left -= written.count(b"\n")
            if self._left < 0:
                self.pager = subprocess.Popen(  # noqa: S603
                    self._command, stdin=subprocess.PIPE, env=_LESS | os.environ
                )
                self._send(b"".join(self._kept))
        else:
            self._send(written)
        return len(written)

    def _send(self, data: bytes) -> None:
        assert self.pager is not None and self.pager.stdin is not None  # noqa: S101
        self.pager.stdin.write(data)
        self.pager.stdin.flush()

    def end(self, terminal: TextIO) -> None:
        """Prints what fits on the terminal, or waits until the user leaves the pager."""
        if self.pager is None:
            terminal.write(b"".join(self._kept).decode("utf-8", "backslashreplace"))
            terminal.flush()
            return
        assert self.pager.stdin is not None  # noqa: S101
        with suppress(BrokenPipeError):
            self.pager.stdin.close()
        while True:
            with suppress(KeyboardInterrupt):  # Ctrl-C is for the pager
                self.pager.wait()
                return
