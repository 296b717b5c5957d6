"""Reads a short CSV file that somebody made for a command: a header, and one record a line."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

from domain.delivery.file_text import OTHER_DELIMITERS
from domain.privacy import Redacted


class TableLine(Redacted, frozen=True):
    """One record: the number of its last line, and its cells by the names of their columns."""

    number: int
    cells: Mapping[str, str]


class Table(Redacted, frozen=True):
    """The names of the columns, and the records that are not blank."""

    header: Sequence[str]
    lines: Sequence[TableLine]


class TableUnreadable(Exception):
    """A file cannot be read as a table. `hint` says what helps."""

    def __init__(self, problem: str, hint: str, line: int | None = None) -> None:
        super().__init__(problem if line is None else f"line {line}: {problem}")
        self.hint = hint


def read_table(data: bytes) -> Table:
    """Returns the table in a file. Raises `TableUnreadable`."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        # `from None`, because the error contains the content of the file.
        raise TableUnreadable("this is no UTF-8 text", "save it as CSV in UTF-8") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] = []
    lines: list[TableLine] = []
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if header:
                lines.append(_line(reader.line_num, header, cells))
            else:
                header = _header(cells)
    except csv.Error:
        hint = "save the file as CSV with commas again"
        raise TableUnreadable("the quotes are wrong", hint, reader.line_num) from None
    return Table(header, lines)


def _header(cells: list[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    for delimiter, seen in OTHER_DELIMITERS.items():
        if len(names) == 1 and delimiter in names[0]:
            problem = f"its columns are separated by {seen}, not by commas"
            raise TableUnreadable(problem, "save it as CSV with commas")
    if "" in names or len(set(names)) < len(names):
        hint = "give each column a name of its own"
        raise TableUnreadable("a column has no name, or the name of another one", hint)
    return names


def _line(number: int, header: Sequence[str], cells: Sequence[str]) -> TableLine:
    if len(cells) != len(header):
        problem = f"it has {len(cells)} cells, not {len(header)}"
        raise TableUnreadable(problem, "give it one cell for each column", number)
    return TableLine(number, dict(zip(header, cells, strict=True)))
