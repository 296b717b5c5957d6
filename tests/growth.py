"""Files that repeat one thing; the cost of each must grow in proportion to its size (W12)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count, takewhile
from typing import NamedTuple

HEADER = "email,first_name,last_name"
_MARKS = "\u0301\u0323"
"""Two combining marks in an order that Unicode normalisation has to change."""
_UNSEEN = "\u200b"
GROUPS = tuple(f"Group number {number}" for number in range(500))


class Shape(NamedTuple):
    """A kind of file: its content for a number of bytes, and a file that was imported before."""

    content: Callable[[int], str]
    known: Callable[[int], str] | None = None


def _rows(row: Callable[[int], str], columns: str = "") -> Callable[[int], str]:
    """Returns a function that makes a file of rows, each row from its number."""

    def content(size: int) -> str:
        header = f"{HEADER}{columns}\n"
        left = size - len(header)

        def fits(line: str) -> bool:
            nonlocal left
            left -= len(line.encode())
            return left >= 0

        lines = (f"{row(number)}\n" for number in count())
        return header + "".join(takewhile(fits, lines))

    return content


def _header(columns: Callable[[int], Iterator[str]]) -> Callable[[int], str]:
    """Returns a function that makes a file of one row, with these columns in the header."""
    return lambda size: f"{HEADER},{','.join(columns(size))}\na@b.c,A,B\n"


SHAPES = {
    "rows": Shape(_rows(lambda n: f"p{n}@acme.example,Anna,Bakker{n},{n}", ",external_id")),
    "short rows": Shape(_rows(lambda n: f"{n:x}@a.b,A,{n:x}")),
    "one address": Shape(_rows(lambda n: f"a@b.c,A,{n}")),
    "one external id": Shape(_rows(lambda n: f"{n}@b.c,A,B,7", ",external_id")),
    "equal rows": Shape(_rows(lambda n: "a@b.c,A,B")),
    "rows that are equal once they are clean": Shape(
        _rows(lambda n: "a@b.c,A,B" if n % 2 else "A@b.c, A,B")
    ),
    "rows without values": Shape(_rows(lambda n: "x,,")),
    "rows of one cell": Shape(_rows(lambda n: "x")),
    "bad dates": Shape(_rows(lambda n: f"{n:x}@b.c,A,B,1,2", ",birthday,marriage_date")),
    "padded rows": Shape(_rows(lambda n: f"{n:x}@b.c,A,B,,,,,")),
    "placeholders": Shape(_rows(lambda n: f"{n:x}@b.c,A,B,TBD", ",external_id")),
    "invisible characters": Shape(
        lambda size: f"{HEADER},prefix\na@b.c,A,B,{_UNSEEN * (size // 3)}\n"
    ),
    "invisible dates": Shape(_rows(lambda n: f"{n:x}@b.c,A,B,\u200b", ",birthday")),
    "columns that are nearly known": Shape(
        _header(lambda size: (f"Hire dat {n}" for n in range(size // 12)))
    ),
    "combining marks in one cell": Shape(
        lambda size: f"{HEADER}\na@b.c,{'a' + _MARKS * (size // 4)},B\n"
    ),
    "combining marks in every row": Shape(_rows(lambda n: f"{n}@b.c,{'a' + _MARKS * 900},B")),
    "combining marks in the header": Shape(
        lambda size: f"{HEADER},{'a' + _MARKS * (size // 4)}\na@b.c,A,B,\n"
    ),
    "namesakes": Shape(
        _rows(lambda n: f"{n:x}@b.c,A,B"), known=_rows(lambda n: f"{n:x}@known.c,A,B")
    ),
    "namesakes with birthdays": Shape(
        _rows(lambda n: f"{n:x}@b.c,A,B,{_birthday(n)}", ",birthday"),
        known=_rows(lambda n: f"{n:x}@known.c,A,B,{_birthday(n)}", ",birthday"),
    ),
    "unknown groups": Shape(_rows(lambda n: f"{n:x}@b.c,A,B,Group {n:x}", ",group_name")),
    "a long custom column": Shape(
        lambda size: _rows(lambda n: f"{n:x}@b.c,A,B,1", f",custom_{'x' * (size // 2)}")(size)
    ),
    "custom columns": Shape(
        _rows(
            lambda n: f"{n:x}@b.c,A,B{',1' * 50}",
            "".join(f",custom_{number}{'x' * 40}" for number in range(50)),
        )
    ),
    "columns without a name": Shape(lambda size: f"{HEADER}{',' * size}\na@b.c,A,B\n"),
    "unknown columns": Shape(_header(lambda size: (f"x{n}" for n in range(size // 6)))),
    "columns for one field": Shape(_header(lambda size: ("email" for _ in range(size // 6)))),
    "blank lines": Shape(lambda size: f"{HEADER}\na@b.c,A,B\n" + "\n" * size),
    "lines of commas": Shape(lambda size: f"{HEADER}\na@b.c,A,B\n" + ",,\n" * (size // 3)),
    "quotes": Shape(_rows(lambda n: f'"{n}@b.c","A""","B"')),
    "line breaks in a cell": Shape(
        lambda size: f'{HEADER},custom_note\na@b.c,A,B,"' + "\n" * size + '"\n'
    ),
    "a long cell": Shape(lambda size: f"{HEADER}\na@b.c,{'x' * size},B\n"),
}


def _birthday(number: int) -> str:
    return f"{1900 + number % 200}-{1 + number % 12:02}-{1 + number % 28:02}"
