"""Where an answer goes: to a terminal of some size, or to a pipe or a file."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Any, NamedTuple, TextIO

import click

_DEFAULT_WIDTH, _DEFAULT_HEIGHT = 80, 24
"""The size of a terminal that does not tell its size."""
MIN_WIDTH = 20
"""In cells. No table can be read on a terminal that is narrower."""


class Screen(NamedTuple):
    """What is known of an output. A pipe or a file has no width and no height."""

    is_terminal: bool = False
    width: int = 0
    """In cells: a wide character takes two."""
    height: int = 0


PIPE = Screen()


def screen_of_process() -> Screen:
    """Returns the screen that standard output is, or `PIPE`."""
    return _screen_of(sys.stdout)


def _screen_of(stream: TextIO | None) -> Screen:
    """Returns the screen behind a stream, or `PIPE`. COLUMNS and LINES win, as in other programs.

    `shutil.get_terminal_size` asks standard output only, which may be a pipe where standard error
    is a terminal.
    """
    if stream is None or not stream.isatty():
        return PIPE
    width = height = 0
    with suppress(OSError, ValueError):
        width, height = os.get_terminal_size(stream.fileno())
    width = _environment("COLUMNS") or width or _DEFAULT_WIDTH
    height = _environment("LINES") or height or _DEFAULT_HEIGHT
    return Screen(True, max(MIN_WIDTH, width), height)


def _environment(name: str) -> int:
    """Returns a number of the environment, or 0."""
    value = os.environ.get(name, "")
    return int(value) if value.isascii() and value.isdecimal() else 0


def screen() -> Screen:
    """Returns the screen of the command that runs. Outside of a command it is a pipe."""
    found = _of_context().get("screen", PIPE)
    assert isinstance(found, Screen)  # noqa: S101
    return found


def error_screen() -> Screen:
    """Returns the screen behind standard error, which may be one where standard output is none."""
    found = _of_context().get("error_screen") or _screen_of(sys.stderr)
    assert isinstance(found, Screen)  # noqa: S101
    return found


def _of_context() -> dict[str, Any]:
    context = click.get_current_context(silent=True)
    found = context.find_root().obj if context is not None else None
    return found if isinstance(found, dict) else {}


def has_colours() -> bool:
    """Returns whether the command that runs prints colours: as asked, or else on a terminal."""
    context = click.get_current_context(silent=True)
    chosen = context.color if context is not None else None
    return screen().is_terminal if chosen is None else chosen
