"""What rich makes of tables and sentences, as text for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.terminal.screen import has_colours, screen

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


def console_of_screen() -> Console:
    """Returns a console that is as wide as the terminal. It writes nothing by itself."""
    from io import StringIO

    from rich.console import Console

    return Console(
        file=StringIO(),
        width=screen().width,
        force_terminal=True,
        color_system="standard" if has_colours() else None,
        legacy_windows=False,
        emoji=False,
        markup=False,
        highlight=False,
    )


def rendered(content: RenderableType) -> str:
    """Returns what stands on the terminal, without spaces at the end of a line."""
    console = console_of_screen()
    with console.capture() as captured:
        console.print(content, soft_wrap=False)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())
