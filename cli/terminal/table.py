"""Tables: aligned text in a pipe; on a terminal, columns that fit its width."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice, zip_longest
from typing import Any, Generic, NamedTuple, TypeVar

import click

from cli.terminal.cells import cut, width_of, wrapped
from cli.terminal.colours import QUIET, coloured
from cli.terminal.output import noun, text
from cli.terminal.prose import say
from cli.terminal.screen import screen
from cli.terminal.widths import GAP, Width, fit

Row = TypeVar("Row")
_GOES_FIRST = 99
_ROWS_AT_A_TIME = 200
"""Rows that are printed together: the first ones are shown before the last are made into lines."""


class Column(NamedTuple, Generic[Row]):
    """A column of a table: its name for options, its title, and the value of a row.

    `goes` and `least` are as in `Width`. Without `least`, the column is as wide as its content. A
    column `wraps` where its content may take several lines; other content is cut, with `…` at its
    end, or at its beginning if the column `keeps_end`. Rows are sorted by `key`, or else by the
    value.
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
    keeps_end: bool = False


def among_companies(columns: Iterable[Column[Row]], company: str | None) -> list[Column[Row]]:
    """Returns the columns of a list about one `company`, or about all of them.

    What stands in the column of the company tells people of several companies apart, so it stays.
    In a list about one company it says nothing new, and is the first to go.
    """
    goes = 0 if company is None else _GOES_FIRST
    return [each._replace(goes=goes) if each.name == "company" else each for each in columns]


class Counted(NamedTuple):
    """How many rows there are, shown or not, and what they are, such as `employees`.

    `is_more` tells that there are more than `total`, and that nobody counted them.
    """

    total: int
    what: str
    is_more: bool = False


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

    titles = [_bold(column.title) for column in columns]
    cells = [
        [coloured(text(each.value(row)), each.colour(row)) for each in columns] for row in rows
    ]
    table = tabulate(cells, titles, tablefmt="plain", disable_numparse=True)
    click.echo("\n".join(line.rstrip() for line in table.splitlines()))


def _bold(title: str) -> str:
    return click.style(title, bold=True)


def _print_on_terminal(
    columns: Sequence[Column[Row]], rows: Sequence[Row], counted: Counted | None
) -> None:
    contents = [[text(column.value(row)) for column in columns] for row in rows]
    widths = _widths(columns, contents)
    places = sorted(widths)

    def line_of(row: Row, cells: Sequence[str]) -> str:
        return _record(
            [
                _cell(
                    columns[p],
                    cells[p],
                    widths[p],
                    partial(coloured, colour=columns[p].colour(row)),
                )
                for p in places
            ]
        )

    lines = iter(map(line_of, rows, contents))
    click.echo(_record([_cell(columns[p], columns[p].title, widths[p], _bold) for p in places]))
    while batch := list(islice(lines, _ROWS_AT_A_TIME)):
        click.echo("\n".join(batch))
    gone = [each.name for place, each in enumerate(columns) if place not in widths]
    for line in _last_lines(len(rows), counted, gone):
        say(coloured(line, QUIET))


def _widths(columns: Sequence[Column[Row]], contents: Sequence[Sequence[str]]) -> dict[int, int]:
    """Returns the width of each column that fits on the terminal, by the column's place."""
    found = []
    for place, column in enumerate(columns):
        content = max((width_of(cells[place]) for cells in contents), default=0)
        natural = max(1, width_of(column.title), content)
        says_nothing = column.goes == _GOES_FIRST or not content
        found.append(Width(natural, column.least or natural, column.goes, says_nothing))
    return fit(found, screen().width)


class _Cell(NamedTuple):
    """A cell of a table, as one or more lines that have the width of its column."""

    lines: Sequence[str]
    blank: str


def _cell(column: Column[Row], content: str, width: int, style: Callable[[str], str]) -> _Cell:
    """Returns a cell. The colour does not count in its width, and does not cover the gap."""
    if column.wraps and width_of(content) > width:
        lines = wrapped(content, width)
    else:
        lines = [cut(content, width, keeps_end=column.keeps_end)]
    return _Cell([_aligned(column, line, width, style) for line in lines], " " * width)


def _aligned(column: Column[Row], line: str, width: int, style: Callable[[str], str]) -> str:
    space = " " * (width - width_of(line))
    return f"{space}{style(line)}" if column.is_number else f"{style(line)}{space}"


def _record(cells: Sequence[_Cell]) -> str:
    """Returns the line of a row, or its lines, without spaces at their ends."""
    lines = zip_longest(*(cell.lines for cell in cells))
    gap = " " * GAP
    return "\n".join(
        gap.join(part or cell.blank for part, cell in zip(line, cells, strict=True)).rstrip()
        for line in lines
    )


def _last_lines(shown: int, counted: Counted | None, gone: Sequence[str]) -> Iterator[str]:
    """Yields what the table does not show: other rows, and columns for which there is no room."""
    if counted is not None and counted.is_more:
        yield f"{shown:,} {noun(shown, counted.what)}; there are more: --limit N"
    elif counted is not None:
        more = f" of {counted.total:,}" if counted.total > shown else ""
        yield f"{shown:,}{more} {noun(counted.total, counted.what)}"
    if gone:
        yield f"No room for: {', '.join(gone)} (--columns chooses)"
