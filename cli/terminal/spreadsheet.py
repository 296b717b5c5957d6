"""Answers as CSV: UTF-8, quoted as RFC 4180 says, and safe to open in a spreadsheet."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import click

from cli.terminal import output
from cli.terminal.screen import screen

_BOM = "\ufeff"
_BATCH_LINES = 1_000
"""Lines that are written together. An answer may not fit into memory as a whole."""
# A cell with one of these is quoted, like `Smith, Anna`.
_TO_QUOTE = re.compile(r'[",\r\n]')

# Not the default: a script would read the mark as part of the first column's name.
bom_option = click.option(
    "--bom",
    is_flag=True,
    help="Begin the CSV with a byte-order mark, by which Excel recognises UTF-8.",
)


def check_form(as_csv: bool, as_json: bool, bom: bool = False) -> None:
    """Raises `UsageError` if the options for the form of the answer contradict each other."""
    if as_csv and as_json:
        raise click.UsageError("Give --csv or --json, not both.")
    if bom and not as_csv:
        raise click.UsageError("--bom is for CSV only.")


def print_csv(header: Iterable[str], rows: Iterable[Iterable[Any]], *, bom: bool = False) -> None:
    """Prints a header and its rows on standard output, as they come.

    On a terminal, control characters are escaped, so they cannot do anything. Elsewhere, values
    are not changed.
    """
    show = output.text if screen().is_terminal else _plain
    csv_lines = lines(header, rows, show)
    start = _BOM if bom else ""
    while batch := "".join(islice(csv_lines, _BATCH_LINES)):
        print_text(start + batch)
        start = ""


def print_documents(names: Sequence[str], documents: Iterable[Any], *, bom: bool = False) -> None:
    """Prints documents as CSV: a line for each, with its fields of these names."""
    print_csv(names, ([getattr(each, name) for name in names] for each in documents), bom=bom)


def print_text(text: str) -> None:
    """Prints text in UTF-8, even if the terminal has another encoding: the output is a file."""
    click.echo(text.encode("utf-8", "backslashreplace"), nl=False)


def lines(
    header: Iterable[str], rows: Iterable[Iterable[Any]], show: Callable[[Any], str] | None = None
) -> Iterator[str]:
    """Yields the lines of a CSV in which no cell is taken for a formula."""
    form = show or _plain
    yield line(map(output.spreadsheet_safe, header))
    for row in rows:
        yield line(output.spreadsheet_safe(form(cell)) for cell in row)


def line(cells: Iterable[str]) -> str:
    """Returns one record, with the line break at its end. Cells are quoted if they need it.

    The `csv` module does not quote a CR without LF if lines end in LF.
    """
    return ",".join(map(_quoted, cells)) + "\n"


def _quoted(cell: str) -> str:
    if not _TO_QUOTE.search(cell):
        return cell
    doubled = cell.replace('"', '""')
    return f'"{doubled}"'


def _plain(value: Any) -> str:
    """Returns a value as JSON writes it, without quotes."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return "" if value is None else str(value)
