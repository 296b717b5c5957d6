"""Tables on a terminal: which columns are shown, how wide, in which order, and what is counted."""

from __future__ import annotations

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from cli.terminal.cells import cut, wrapped
from cli.terminal.screen import Screen
from cli.terminal.table import Column, Counted, print_table
from cli.terminal.view import View
from cli.terminal.widths import GAP, Width, fit
from tests.strategies import examples

STATE = Column[dict[str, object]]("state", "STATE", lambda row: row.get("state"), 1, 6)
NAME = Column[dict[str, object]]("name", "NAME", lambda row: row.get("name"), 0, 6)
ROWS = Column[dict[str, object]]("rows", "ROWS", lambda row: row.get("rows"), 2, is_number=True)
NOTE = Column[dict[str, object]]("note", "NOTE", lambda row: row.get("note"), 0, 8, wraps=True)
PRINTABLE = st.text(st.characters(exclude_categories=("C", "Z"), include_characters=" "))


def printed(
    capsys: pytest.CaptureFixture[str],
    width: int,
    columns: list[Column[dict[str, object]]],
    rows: list[dict[str, object]],
    counted: Counted | None = None,
) -> list[str]:
    """Returns the lines of a table on a terminal of this width."""
    with click.Context(click.Command("x"), obj={"screen": Screen(True, width, 24)}):
        print_table(columns, rows, counted)
    return click.unstyle(capsys.readouterr().out).splitlines()


@given(
    st.lists(
        st.builds(Width, st.integers(1, 99), st.integers(1, 30), st.integers(0, 4)), max_size=6
    ),
    st.integers(20, 160),
)
@examples(200)
def test_columns_always_fit(widths: list[Width], available: int) -> None:
    """The columns that are shown fit, and a column that has to stay is always among them."""
    # when
    shown = fit(widths, available)

    # then
    assert sum(shown.values()) + GAP * max(0, len(shown) - 1) <= available
    assert all(1 <= width <= widths[place].natural for place, width in shown.items())
    assert {place for place, each in enumerate(widths) if not each.goes} <= shown.keys()


def test_the_least_important_column_goes_first() -> None:
    """Columns go, the least important first, until the others can be read."""
    # given
    identity, state, detail = Width(40, 20, 0), Width(12, 12, 1), Width(10, 10, 2)

    # when / then
    assert fit([identity, state, detail], 66) == {0: 40, 1: 12, 2: 10}
    assert fit([identity, state, detail], 48) == {0: 22, 1: 12, 2: 10}
    assert fit([identity, state, detail], 40) == {0: 26, 1: 12}
    assert fit([identity, state, detail], 25) == {0: 25}


@given(PRINTABLE, st.integers(1, 30))
@examples(200)
def test_text_is_cut_and_wrapped_by_the_cells_that_it_takes(text: str, width: int) -> None:
    """Neither a cut text nor a line of a wrapped text takes more cells than there are."""
    for line in (cut(text, width), cut(text, width, keeps_end=True)):
        assert cell_len(line) <= width
    if width > 1:  # a wide character has no room in one cell
        assert all(cell_len(line) <= width for line in wrapped(text, width))


@pytest.mark.parametrize(
    ("text", "beginning", "end"),
    [
        ("abcdef", "abc…", "…def"),
        ("王小明", "王…", "…明"),
        ("abcd", "abcd", "abcd"),
        ("🦄🦄", "🦄🦄", "🦄🦄"),
    ],
)
def test_what_is_cut_is_marked(text: str, beginning: str, end: str) -> None:
    """A text that is cut to four cells has `…` in the place of what is missing."""
    assert (cut(text, 4), cut(text, 4, keeps_end=True)) == (beginning, end)


def test_a_table_is_aligned_by_cells(capsys: pytest.CaptureFixture[str]) -> None:
    """Wide characters count twice, numbers stand at the right, and no line ends in a space."""
    # given
    rows: list[dict[str, object]] = [
        {"name": "王小明", "rows": 7, "state": "on"},
        {"name": "Ann", "rows": 1200},
    ]

    # when / then
    assert printed(capsys, 40, [NAME, ROWS, STATE], rows) == [
        "NAME    ROWS  STATE",
        "王小明     7  on",
        "Ann     1200",
    ]


def test_a_long_cell_takes_several_lines_where_its_column_wraps(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The cells beside a cell of several lines are blank in the other lines."""
    # when / then
    assert printed(capsys, 20, [NAME, NOTE], [{"name": "Ann", "note": "one two three four"}]) == [
        "NAME  NOTE",
        "Ann   one two three",
        "      four",
    ]


def test_control_characters_do_not_reach_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """A control character is shown as an escape, and the escape counts in the width."""
    # when / then
    assert printed(capsys, 40, [NAME, STATE], [{"name": "a\x1b[31m\n", "state": "on"}]) == [
        "NAME         STATE",
        r"a\x1b[31m\n  on",
    ]


@pytest.mark.parametrize(
    ("counted", "last"),
    [
        (Counted(20_470, "employees"), "1 of 20,470 employees"),
        (Counted(1, "employees"), "1 employee"),
        (Counted(2, "runs", is_more=True), "1 run; there are more: --limit N"),
    ],
)
def test_the_last_line_counts(
    capsys: pytest.CaptureFixture[str], counted: Counted, last: str
) -> None:
    """The last line tells how many rows are shown, and how many there are."""
    assert printed(capsys, 80, [NAME], [{"name": "Ann"}], counted)[-1] == last


def test_columns_without_room_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    """The last line names the columns for which there is no room. Without rows, titles stand."""
    # when
    row: dict[str, object] = {"name": "Maximiliaan", "rows": 1_000_000_000, "state": "active"}

    # then
    assert printed(capsys, 20, [STATE, NAME, ROWS], [row])[1:] == [
        "active  Maximiliaan",
        "No room for: rows",
        "  (--columns",
        "  chooses)",
    ]
    assert printed(capsys, 20, [NAME, ROWS], []) == ["NAME  ROWS"]


def test_a_blank_column_goes_before_another_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    """A column that is blank in every row takes no room from the others, and has its place where
    everything fits."""
    # given
    rows: list[dict[str, object]] = [{"name": "Maximiliaan"}]

    # when / then
    assert printed(capsys, 15, [NAME, STATE], rows)[:2] == ["NAME", "Maximiliaan"]
    assert printed(capsys, 18, [NAME, STATE], rows)[0] == "NAME         STATE"


@given(PRINTABLE, st.integers(12, 40), st.integers(0, 8))
@examples(200)
def test_the_first_line_of_a_text_may_be_longer(text: str, width: int, hanging: int) -> None:
    """A line is filled before the text goes on below it, and no word is lost."""
    # when
    first, *others = wrapped(text, width, later=width - hanging)

    # then
    assert first == wrapped(text, width)[0]
    assert all(cell_len(line) <= width - hanging for line in others)
    assert "".join((first, *others)).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize(
    ("sort", "names"),
    [("name", "émile Frans zoë -"), ("-name", "zoë Frans émile -")],
)
def test_rows_are_sorted_without_case_and_blanks_come_last(sort: str, names: str) -> None:
    """An accent does not send a name behind the others, and blanks are last in both orders."""
    # given
    rows = [{"name": name} for name in ("zoë", None, "Frans", "émile")]

    # when
    found = View(sort=sort).rows_of([NAME], rows)

    # then
    assert [row["name"] or "-" for row in found] == names.split()


def test_of_columns_that_were_asked_for_the_last_goes_first(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`--columns` gives the order of the columns, and of those without room, the last one goes."""
    # when
    columns = View(columns=("rows", "name")).columns_of([NAME, ROWS])
    rows: list[dict[str, object]] = [{"name": "Ann", "rows": 10**16}]

    # then
    assert printed(capsys, 20, columns, rows)[1] == "10000000000000000"
