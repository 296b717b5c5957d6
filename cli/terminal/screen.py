"""Where an answer goes: to a terminal of some size, or to a pipe or a file."""

from __future__ import annotations

import shutil
import sys
from typing import NamedTuple

import click


class Screen(NamedTuple):
    """What is known of standard output. A pipe or a file has no width and no height."""

    is_terminal: bool = False
    width: int = 0
    """In cells: a wide character takes two."""
    height: int = 0


PIPE = Screen()


def screen_of_process() -> Screen:
    """Returns the screen that standard output is, or `PIPE`."""
    if sys.stdout is None or not sys.stdout.isatty():
        return PIPE
    width, height = shutil.get_terminal_size()
    return Screen(True, width, height)


def screen() -> Screen:
    """Returns the screen of the command that runs. Outside of a command it is a pipe."""
    context = click.get_current_context(silent=True)
    found = context.find_root().obj.get("screen", PIPE) if context is not None else PIPE
    assert isinstance(found, Screen)  # noqa: S101
    return found


def has_colours() -> bool:
    """Returns whether the command that runs prints colours: as asked, or else on a terminal."""
    context = click.get_current_context(silent=True)
    chosen = context.color if context is not None else None
    return screen().is_terminal if chosen is None else chosen
