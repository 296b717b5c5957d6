"""Text in the cells of a terminal: how wide it is, and text that is cut or wrapped to a width.

A wide character, such as 李 or an emoji, takes two cells. A combining accent takes none.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_MORE = "…"


def width_of(text: str) -> int:
    """Returns the cells that a text takes. It has no control characters."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def cut(text: str, width: int, *, keeps_end: bool = False) -> str:
    """Returns a text of at most `width` cells, with `…` where something was cut off.

    With `keeps_end`, the beginning is cut off: the end of `employees.csv:17` tells more.
    """
    if width_of(text) <= width:
        return text
    # Characters that take no cell are rare: so many characters fill the width, or are too many.
    length = width - 1
    kept = text[-length:] if keeps_end and length else text[:length]
    while width_of(kept) >= width:
        kept = kept[1:] if keeps_end else kept[:-1]
    return _MORE + kept if keeps_end else kept + _MORE


def wrapped(text: str, width: int, *, later: int | None = None) -> list[str]:
    """Returns the lines of a text, each of at most `width` cells. A long word is broken.

    The lines after the first have at most `later` cells, if that is given. The text may have
    colours, which each line then has for itself.
    """
    from rich.text import Text

    whole = Text.from_ansi(text) if "\x1b" in text else Text(text)
    lines = [*whole.wrap(_console(), width)]
    if later is not None and len(lines) > 1:
        rest = whole.plain[len(lines[0]) :]
        begins = len(whole) - len(rest.lstrip())
        lines[1:] = whole.divide([begins])[1].wrap(_console(), later)
    return [_with_colours(line) for line in lines]


def _with_colours(line: Text) -> str:
    line.rstrip()
    if not line.spans:
        return line.plain
    console = _console()
    with console.capture() as captured:
        console.print(line, soft_wrap=True, end="")
    return captured.get()


@cache
def _console() -> Console:
    """Returns a console that writes nothing by itself. Colours are taken out at the output."""
    from io import StringIO

    from rich.console import Console

    return Console(
        file=StringIO(),
        force_terminal=True,
        color_system="standard",
        legacy_windows=False,
        emoji=False,
        markup=False,
        highlight=False,
    )
