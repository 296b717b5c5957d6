"""Tables: aligned text in a pipe; on a terminal, columns that fit its width."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Generic, NamedTuple, TypeVar

import click

from cli.terminal.colours import QUIET
from cli.terminal.output import text
from cli.terminal.prose import say
from cli.terminal.rendering import rendered
from cli.terminal.screen import screen
from cli.terminal.widths import GAP, Width, fit

Row = TypeVar("Row")
_ROWS_AT_A_TIME = 200
"""Rows that are made into text together: the first ones are shown before the last are made."""


class Column(NamedTuple, Generic[Row]):
    """A column of a table: its name for options, its title, and the value of a row.

    `goes` and `least` are as in `Width`. Without `least`, the column is as wide as its content. A
    column `wraps` where its content may take several lines; other content is cut, with `…`. Rows
    are sorted by `key`, or else by the value.
    """

    name: str
    title: str
    value: Callable[[Row], Any]
    goes: int = 0
    least: int = 0
    wraps: bool = False
    is_number: bool = False
    colour: Callable[[Row], str | None] = lambda _: None
    key: Callable[[Row], Any] | None = None


class Counted(NamedTuple):
    """How many rows there are, shown or not, and what they are, such as `employees`."""

    total: int
    what: str


def print_table(
    columns: Sequence[Column[Row]], rows: Sequence[Row], counted: Counted | None = None
) -> None:
    """Prints a table. On a terminal, the last line tells how many of the `counted` are shown."""
    if screen().is_terminal:
        _print_on_terminal(columns, rows, counted)
    else:
        _print_plain(columns, rows)


def _print_plain(columns: Sequence[Column[Row]], rows: Iterable[Row]) -> None:
    from tabulate import tabulate

    titles = [click.style(column.title, bold=True) for column in columns]
    cells = [
        [_coloured(text(each.value(row)), each.colour(row)) for each in columns] for row in rows
    ]
    table = tabulate(cells, titles, tablefmt="plain", disable_numparse=True)
    click.echo("\n".join(line.rstrip() for line in table.splitlines()))


def _coloured(content: str, colour: str | None) -> str:
    return click.style(content, fg=colour) if colour else content


def _print_on_terminal(
    columns: Sequence[Column[Row]], rows: Sequence[Row], counted: Counted | None
) -> None:
    from rich.cells import cell_len

    contents = [[_one_line(text(each.value(row))) for each in columns] for row in rows]
    natural = [
        max(cell_len(each.title), *(cell_len(cells[place]) for cells in contents), 1)
        for place, each in enumerate(columns)
    ]
    widths = fit(
        [
            Width(wide, min(wide, each.least or wide), each.goes)
            for wide, each in zip(natural, columns, strict=True)
        ],
        screen().width,
    )
    styled = (
        [(cells[place], columns[place].colour(row)) for place in sorted(widths)]
        for row, cells in zip(rows, contents, strict=True)
    )
    shown = [(columns[place], widths[place]) for place in sorted(widths)]
    is_first = True
    while chunk := list(islice(styled, _ROWS_AT_A_TIME)):
        _print_rows(shown, chunk, with_header=is_first)
        is_first = False
    gone = [each.name for place, each in enumerate(columns) if place not in widths]
    for line in _last_line(len(rows), counted, gone):
        say(click.style(line, fg=QUIET))


def _print_rows(
    shown: Sequence[tuple[Column[Row], int]],
    rows: Iterable[Sequence[tuple[str, str | None]]],
    *,
    with_header: bool,
) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), show_header=with_header)
    for column, width in shown:
        table.add_column(
            Text(column.title, "bold"),
            width=width,
            no_wrap=not column.wraps,
            overflow="fold" if column.wraps else "ellipsis",
            justify="right" if column.is_number else "left",
        )
    for cells in rows:
        table.add_row(*(Text(content, colour or "") for content, colour in cells))
    click.echo(rendered(table))


def _last_line(shown: int, counted: Counted | None, gone: Sequence[str]) -> Iterator[str]:
    """Yields what the table does not show: other rows, and columns for which there is no room."""
    if counted is not None:
        more = f" of {counted.total:,}" if counted.total > shown else ""
        yield f"{shown:,}{more} {counted.what}"
    if gone:
        yield f"No room for: {', '.join(gone)} (--columns chooses)"


def _one_line(content: str) -> str:
    return " ".join(content.split("\n"))
