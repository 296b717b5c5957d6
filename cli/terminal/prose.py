"""Sentences and lists: one line each in a pipe; on a terminal, lines that fit its width."""

from __future__ import annotations

import click

from cli.terminal.cells import width_of, wrapped
from cli.terminal.screen import error_screen, screen

_MIN_CELLS = 10
"""A sentence gets at least so many cells in a line; on a narrow terminal it is indented less."""


def say(
    line: str, *, indent: int = 0, hanging: int = 2, err: bool = False, end: str = "\n"
) -> None:
    """Prints one line of text, which may have colours. With `err`, it goes to standard error.

    It begins with `indent` spaces. On a terminal it may need several lines: those after the first
    begin with `hanging` spaces more. `end` follows the last line.
    """
    where = error_screen() if err else screen()
    lines = _lines(line, indent, hanging, where.width) if where.is_terminal else [line]
    first, *others = lines
    later = " " * min(indent + hanging, where.width - _MIN_CELLS)
    printed = "\n".join((" " * indent + first, *(later + other for other in others)))
    click.echo(printed + end, nl=False, err=err)


def _lines(line: str, indent: int, hanging: int, width: int) -> list[str]:
    """Returns the lines of a text. Each fits on the terminal, with the spaces in front of it."""
    if width_of(click.unstyle(line)) + indent <= width:
        return [line]
    room = width - indent
    return wrapped(line, max(_MIN_CELLS, room), later=max(_MIN_CELLS, room - hanging))
