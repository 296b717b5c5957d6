"""Sentences and lists: one line each in a pipe; on a terminal, lines that fit its width."""

from __future__ import annotations

import click

from cli.terminal.rendering import console_of_screen, rendered
from cli.terminal.screen import screen


def say(line: str, *, indent: int = 0, hanging: int = 2, err: bool = False) -> None:
    """Prints one line of text, which may have colours. With `err`, it goes to standard error.

    It begins with `indent` spaces. On a terminal it may need several lines: those after the first
    begin with `hanging` spaces more.
    """
    if err or not screen().is_terminal:
        click.echo(" " * indent + line, err=err)
        return
    for number, part in enumerate(_wrapped(line, indent, hanging)):
        click.echo(" " * (indent if number == 0 else indent + hanging) + part)


def _wrapped(line: str, indent: int, hanging: int) -> list[str]:
    """Returns the parts of a line. Each fits on the terminal, with the spaces in front of it."""
    available = screen().width - indent
    if len(click.unstyle(line)) * 2 <= available:  # fits, even if each character is a wide one
        return [line]
    from rich.cells import cell_len
    from rich.text import Text

    if cell_len(click.unstyle(line)) <= available:
        return [line]
    parts = Text.from_ansi(line).wrap(console_of_screen(), max(1, available - hanging))
    return [rendered(part).strip() for part in parts]
