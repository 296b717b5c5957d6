"""CSV as an answer: UTF-8, quoted as RFC 4180 has it, and safe to open in a spreadsheet."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import click

from cli import output

_BOM = "\ufeff"
_BATCH_LINES = 1_000
"""Lines that are held before they are written: an answer may be longer than memory is large."""
_TO_QUOTE = re.compile(r'[",\r\n]')

# Not the default: a script would find the mark in the name of the first column.
bom_option = click.option(
    "--bom", is_flag=True, help="Begin the CSV with a byte-order mark, by which Excel knows UTF-8."
)


def check_form(as_csv: bool, as_json: bool, bom: bool = False) -> None:
    """Refuses to guess which of two forms an answer should have."""
    if as_csv and as_json:
        raise click.UsageError("Say --csv or --json, not both.")
    if bom and not as_csv:
        raise click.UsageError("--bom is for CSV only.")


def print_csv(header: Iterable[str], rows: Iterable[Iterable[Any]], *, bom: bool = False) -> None:
    """A header and its rows on standard output, written as they come.

    Values stay as they are, unless they go to a terminal: there, control characters are made
    visible, and cannot do anything.
    """
    show = output.text if sys.stdout.isatty() else _plain
    written = lines(header, rows, show)
    start = _BOM if bom else ""
    while some := "".join(islice(written, _BATCH_LINES)):
        print_text(start + some)
        start = ""


def print_text(text: str) -> None:
    """Text in UTF-8, whatever the terminal speaks: a file is made of it."""
    click.echo(text.encode("utf-8", "backslashreplace"), nl=False)


def lines(
    header: Iterable[str], rows: Iterable[Iterable[Any]], show: Callable[[Any], str] | None = None
) -> Iterator[str]:
    """The lines of a CSV in which no cell is taken for a formula."""
    shown = show or _plain
    yield line(map(output.spreadsheet_safe, header))
    for row in rows:
        yield line(output.spreadsheet_safe(shown(cell)) for cell in row)


def line(cells: Iterable[str]) -> str:
    """One record with the line break that ends it; cells are quoted where they need it.

    The writer of the standard library leaves a lone CR unquoted where lines end in LF.
    """
    return ",".join(map(_quoted, cells)) + "\n"


def _quoted(cell: str) -> str:
    if not _TO_QUOTE.search(cell):
        return cell
    doubled = cell.replace('"', '""')
    return f'"{doubled}"'


def _plain(value: Any) -> str:
    return "" if value is None else str(value)
