"""F9: what a spreadsheet or another program did to a file is named, undone or left off."""

from __future__ import annotations

import gzip
import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.delivery.records import DeliveryRefused, Sheet, read_sheet, split
from domain.issues.issue import Issue
from domain.issues.issue_type import Severity
from tests.given import FILE, a_company, after, codes, outcomes, plan, roster_after

HEADER = "email,first_name,last_name"
ANNA = "anna@acme.example,Anna,Bakker"
BEN = "ben@acme.example,Ben,Cramer"
TEXT = f"{HEADER}\n{ANNA}\n{BEN}\n"


def read(data: bytes) -> Sheet:
    return read_sheet(FILE, data, a_company())


def rows(data: bytes) -> list[tuple[int, list[str]]]:
    """Every row: its line and its cells."""
    sheet = read(data)
    return list(zip(sheet.lines, map(split, sheet.texts), strict=True))


def refusal(data: bytes) -> Issue:
    """The one reason why a file is refused."""
    with pytest.raises(DeliveryRefused) as refused:
        read(data)
    (issue,) = refused.value.issues
    assert (issue.severity, issue.file) == (Severity.ERROR, FILE)
    return issue


def archive(*names: str) -> bytes:
    """A ZIP archive of files with these names."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as opened:
        for name in names:
            opened.writestr(name, "x" * 5_000)
    return data.getvalue()


# Other formats


@pytest.mark.parametrize(
    ("data", "named"),
    [
        pytest.param(archive("[Content_Types].xml", "xl/workbook.xml"), ".xlsx", id="xlsx"),
        pytest.param(archive("docProps/app.xml", "xl/workbook.bin"), ".xlsx", id="xlsb"),
        pytest.param(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), ".xls", id="xls"),
        pytest.param(archive("alleo_employees.csv"), "ZIP archive", id="zip"),
        pytest.param(gzip.compress(TEXT.encode()), "gzip", id="gzip"),
        pytest.param(b"7z\xbc\xaf\x27\x1c\0\4", "7-Zip", id="7z"),
        pytest.param(b"Rar!\x1a\x07\x01\0", "RAR", id="rar"),
        pytest.param(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "PDF", id="pdf"),
        pytest.param(b"{\\rtf1\\ansi email,first_name}", "RTF", id="rtf"),
        pytest.param(b"-----BEGIN PGP MESSAGE-----\n\nhQ\n", "PGP", id="pgp"),
        pytest.param(b"<!DOCTYPE html>\n<html></html>", "web page", id="html"),
        pytest.param(b"\xef\xbb\xbf\r\n<table><tr><td>", "web page", id="html table"),
        pytest.param(b'<?xml version="1.0"?>\n<Workbook>', "XML", id="xml"),
    ],
)
def test_a_file_of_another_format_is_refused_by_its_name(data: bytes, named: str) -> None:
    """F9: A file that is no CSV file, whatever its name ends in, is refused with `not-a-csv`, and
    the sentence names what the file is.
    """
    # when
    issue = refusal(data)

    # then
    assert (issue.code, issue.line) == ("not-a-csv", None)
    assert named in issue.message


@pytest.mark.parametrize("first", ["PK", "Rar", "<b>", "7z", "%PD", "Zip", "<email>"])
def test_text_that_begins_like_another_format_is_text(first: str) -> None:
    """F9: A file is text if only its first letters are those of another format."""
    # when / then
    assert rows(f"{HEADER},{first}\n{ANNA},\n".encode())[0][0] == 2
    assert rows(f"{first},{HEADER}\nx,{ANNA}\n".encode()) == [(2, ["x", *ANNA.split(",")])]


@pytest.mark.parametrize(
    ("encoding", "mark", "named"),
    [
        ("utf-16-le", b"\xff\xfe", "UTF-16"),
        ("utf-16-be", b"\xfe\xff", "UTF-16"),
        ("utf-16-le", b"", "UTF-16"),
        ("utf-16-be", b"", "UTF-16"),
        ("utf-32-le", b"\xff\xfe\0\0", "UTF-32"),
        ("utf-32-be", b"\0\0\xfe\xff", "UTF-32"),
    ],
)
@pytest.mark.parametrize("text", [TEXT, TEXT.replace("\n", "\r\n"), f"{HEADER}\nz,Zoë,李\n"])
def test_an_encoding_with_two_or_four_bytes_a_letter_is_named(
    text: str, encoding: str, mark: bytes, named: str
) -> None:
    """F1, F9: A file in UTF-16 or UTF-32, with or without its mark, is refused with `not-utf8`, and
    the sentence names the encoding.
    """
    # when
    issue = refusal(mark + text.encode(encoding))

    # then
    assert (issue.code, issue.line) == ("not-utf8", 1)
    assert named in issue.message


# Line ends


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param(TEXT.replace("\n", "\r"), 1, id="every line"),
        pytest.param(TEXT.replace("\n", "\r").rstrip("\r"), 1, id="no end of the last line"),
        pytest.param(TEXT.replace("\n", "\r").rstrip("\r") + "\n", 1, id="but the last line"),
        pytest.param(f"{HEADER}\n" + f"{ANNA}\r{BEN}\r", 2, id="but the header"),
        pytest.param(f"{HEADER}\r\n" + f"{ANNA}\r{BEN}\r", 2, id="but the header, in CRLF"),
        pytest.param(f'{HEADER}\ra@x.example,"A\nB",C\r', 1, id="a line break in quotes"),
        pytest.param('"email","first_name","last_name"\r"a","b","c"\r', 1, id="quoted"),
        pytest.param("\ufeff" + TEXT.replace("\n", "\r"), 1, id="after a byte-order mark"),
    ],
)
def test_lines_that_end_in_cr_alone_are_named(text: str, line: int) -> None:
    """F9: A file whose lines end in CR alone is refused with `cr-line-ends`."""
    # when
    issue = refusal(text.encode())

    # then
    assert (issue.code, issue.line) == ("cr-line-ends", line)


@pytest.mark.parametrize(
    ("row", "first_name"),
    [
        ("a@x.example,An\rna,B", "An\rna"),
        ("a@x.example,\r\r\rAnna,B", "\r\r\rAnna"),
        ('a@x.example,"An\rna\r\r\r",B', "An\rna\r\r\r"),
        ("a@x.example,\r,B", "\r"),
    ],
)
def test_a_few_crs_inside_cells_are_no_line_ends(row: str, first_name: str) -> None:
    """F3, F9: A CR inside a cell ends no line, as long as lines end in LF."""
    # when / then
    assert rows(f"{HEADER}\n{row}\n{BEN}\n".encode())[0] == (2, split(row))
    assert split(row)[1] == first_name


# Marks and lines that are no rows


@pytest.mark.parametrize("count", [1, 2, 3, 10])
@pytest.mark.parametrize("header", [HEADER, '"email","first_name","last_name"', f" {HEADER}"])
def test_all_byte_order_marks_at_the_beginning_are_removed(header: str, count: int) -> None:
    """F9: A file with several byte-order marks is read like the same file without one."""
    # when
    sheet = read(("\ufeff" * count + f"{header}\n{ANNA}\n").encode())

    # then
    assert [field for _, field in sheet.columns.fields] == ["email", "first_name", "last_name"]
    assert sheet.issues == ()


@pytest.mark.parametrize(
    "first", ["sep=,", "SEP=,", '"sep=,"', "sep=;", "sep=\t", "sep=,,,", "sep=, ", "\ufeffsep=,"]
)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_first_line_for_a_spreadsheet_is_skipped(first: str, ending: str) -> None:
    """F9: A first line that tells a spreadsheet the separator is skipped with the info
    `skipped-line`, and it counts when lines are numbered.
    """
    # when
    sheet = read(ending.join((first, HEADER, ANNA, "")).encode())

    # then
    (issue,) = sheet.issues
    assert (issue.code, issue.severity, issue.line) == ("skipped-line", Severity.INFO, 1)
    assert (sheet.header, list(sheet.lines), list(sheet.texts)) == (HEADER, [3], [ANNA])


def test_the_separator_of_a_first_line_must_still_be_a_comma() -> None:
    """F2, F9: A file that says `sep=;` and is separated by semicolons is refused for that."""
    # when
    issue = refusal(f"sep=;\n{TEXT}".replace(",", ";").encode())

    # then
    assert (issue.code, issue.line) == ("wrong-delimiter", 2)


@pytest.mark.parametrize("end", ["\x1a", "\x1a\n", "\x1a\r\n", "\x1a \n\n", "\x1a\x1a"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_last_line_of_ctrl_z_is_skipped(end: str, ending: str) -> None:
    """F9: A last line of Ctrl-Z alone is skipped with the info `skipped-line`."""
    # when
    sheet = read((ending.join((HEADER, ANNA, "")) + end).encode())

    # then
    (issue,) = sheet.issues
    assert (issue.code, issue.severity, issue.line) == ("skipped-line", Severity.INFO, 3)
    assert list(sheet.texts) == [ANNA]


@pytest.mark.parametrize("text", [f"{TEXT}\x1a{ANNA}\n", TEXT.rstrip("\n") + "\x1a"])
def test_ctrl_z_elsewhere_is_a_control_character(text: str) -> None:
    """F9, W1: Ctrl-Z that does not stand alone on the last line is a control character."""
    # when / then
    assert codes(plan(text.encode())) == ["bad-text"]


# Cells beyond the last column


@pytest.mark.parametrize(
    "body",
    [
        pytest.param([f"{ANNA},,", f"{BEN},,"], id="the same in every row"),
        pytest.param([f"{ANNA},,,,", BEN], id="in some rows"),
        pytest.param([f"{ANNA},", f"{BEN},,,,,"], id="of different length"),
        pytest.param([f'{ANNA},"",', f'{BEN}, ," "'], id="quoted blanks and spaces"),
        pytest.param([f'{ANNA},"\n"', f"{BEN},\u00a0"], id="white space"),
    ],
)
@pytest.mark.parametrize("padding", ["", ",", ',"",', ", ,,"], ids=["named", "one", "two", "three"])
def test_blank_cells_after_the_last_column_are_left_off(padding: str, body: list[str]) -> None:
    """F9: Cells after the last column with a name are left off if they are blank in every row, also
    where the header has blank cells there.
    """
    # when
    found = plan("\n".join((HEADER + padding, *body, "")))

    # then
    assert outcomes(found) == ["registered", "registered"]
    assert codes(found) == ["unknown-column"] * bool(padding)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ([f"{ANNA},,", f"{BEN},,x"], ["rejected", "rejected"]),
        ([f"{ANNA},", BEN, "c@x.example,C,D,x"], ["rejected", "registered", "rejected"]),
        ([ANNA, "c@x.example,C,Dee, Jr."], ["registered", "rejected"]),
        ([f"{ANNA},,", "c@x.example,C"], ["registered", "rejected"]),
    ],
)
def test_one_value_after_the_last_column_shows_that_cells_have_moved(
    body: list[str], expected: list[str]
) -> None:
    """F8, F9: If one row has a value after the last column, no row may have more cells than the
    header. A row with too few cells is rejected in any case.
    """
    # when
    found = plan("\n".join((HEADER, *body, "")))

    # then
    assert outcomes(found) == expected
    assert set(codes(found)) == {"wrong-width"}


def test_a_padded_row_is_judged_anew_where_another_row_has_a_value_there() -> None:
    """F9, R1: A row with blank cells after the last column that was accepted is not recognised in a
    file in which another row has a value there.
    """
    # given
    first = plan(f"{HEADER}\n{ANNA},,\n")
    roster = roster_after(first)

    # when
    again = plan(f"{HEADER}\n{ANNA},,\n", known=roster)
    moved = plan(f"{HEADER}\n{ANNA},,\n{BEN},,x\n", known=roster)

    # then
    assert (again.recognised, outcomes(again)) == (1, [])
    assert (moved.recognised, outcomes(moved)) == (0, ["rejected", "rejected"])


@pytest.mark.parametrize(
    ("header", "row", "words"),
    [
        (f"{HEADER},", f"{ANNA},", "Column 4 has no name and was"),
        (f"{HEADER},,", f"{ANNA},,", "Columns 4 and 5 have no name and were"),
        (f",{HEADER},", f"x,{ANNA},", "Columns 1 and 5 have no name and were"),
        (f"{HEADER},,,", f"{ANNA},x,y,z", "Columns 4, 5 and 6 have no name and were"),
        (f"{HEADER}{',' * 14}", f"{ANNA}{',' * 14}", "11, 12, 13 and 4 more have no name"),
    ],
)
def test_one_warning_tells_all_columns_without_a_name(header: str, row: str, words: str) -> None:
    """F9, F5, W12: One warning tells all columns without a name, and lists ten at most."""
    # when
    found = plan(f"{header}\n{row}\n")

    # then
    (issue,) = found.issues
    assert (issue.code, issue.severity, issue.line) == ("unknown-column", Severity.WARNING, 1)
    assert words in issue.message
    assert outcomes(found) == ["registered"]


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 3),
    st.lists(st.sampled_from(["", ",", ",,", ', ,""', ",\u3000"]), min_size=1, max_size=6),
    st.booleans(),
)
def test_padding_changes_nothing(marks: int, padding: list[str], sep: bool) -> None:
    """F9: Byte-order marks, a line for a spreadsheet and blank cells after the last column change
    nothing that is applied.
    """
    # given
    people = [f"p{number}@acme.example,Pat,No{number}" for number in range(len(padding))]
    padded = [person + blanks for person, blanks in zip(people, padding, strict=True)]
    first = ["sep=,"] if sep else []

    # when
    plainly = after(plan("\n".join((HEADER, *people, ""))))
    spreadsheet = after(plan("\ufeff" * marks + "\n".join((*first, HEADER, *padded, ""))))

    # then
    assert [each.email for each in spreadsheet] == [each.email for each in plainly]
    assert [each.details for each in spreadsheet] == [each.details for each in plainly]
