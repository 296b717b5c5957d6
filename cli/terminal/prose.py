"""Sentences and lists: one line each in a pipe; on a terminal, lines that fit its width."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from cli.terminal.screen import has_colours, screen

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text


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


def console_of_screen() -> Console:
    """Returns what writes on the terminal, or on the pager of the terminal."""
    from rich.console import Console

    return Console(
        file=sys.stdout,
        width=screen().width,
        force_terminal=True,
        color_system="standard" if has_colours() else None,
        legacy_windows=False,
        emoji=False,
        markup=False,
        highlight=False,
    )


def _wrapped(line: str, indent: int, hanging: int) -> list[str]:
    """Returns the parts of a line. Each fits on the terminal, with the spaces in front of it."""
    available = screen().width - indent
    if len(click.unstyle(line)) * 2 <= available:  # fits, even if each character is a wide one
        return [line]
    from rich.cells import cell_len
    from rich.text import Text

    if cell_len(click.unstyle(line)) <= available:
        return [line]
    console = console_of_screen()
    parts = Text.from_ansi(line).wrap(console, max(1, available - hanging))
    return [_with_codes(part, console) for part in parts]


def _with_codes(part: Text, console: Console) -> str:
    """Returns a text with the codes of its colours."""
    with console.capture() as captured:
        console.print(part, end="", soft_wrap=True)
    return captured.get().strip()
