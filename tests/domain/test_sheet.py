"""F1-F3 and F6-F8: how the bytes of a file become rows, and what refuses a file."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.company import Company, Limits
from domain.delivery.records import DeliveryRefused, Sheet, read_sheet, split
from domain.issues.issue import Issue
from domain.issues.issue_type import Severity
from tests.given import FILE, a_company, plan

HEADER = "email,first_name,last_name"
ANNA = "anna@acme.example,Anna,Bakker"
BEN = "ben@acme.example,Ben,Cramer"


def a_file(*lines: str, ending: str = "\n") -> bytes:
    """A file with the usual header and these lines under it."""
    return "".join(f"{line}{ending}" for line in (HEADER, *lines)).encode()


def read(data: bytes, company: Company | None = None) -> Sheet:
    return read_sheet(FILE, data, company or a_company())


def rows(data: bytes, company: Company | None = None) -> list[tuple[int, list[str]]]:
    """Every row: its line and its cells."""
    sheet = read(data, company)
    return list(zip(sheet.lines, map(split, sheet.texts), strict=True))


def refusals(data: bytes, company: Company | None = None) -> tuple[Issue, ...]:
    with pytest.raises(DeliveryRefused) as refused:
        read(data, company)
    return refused.value.issues


def refusal(data: bytes, company: Company | None = None) -> tuple[str, int | None]:
    """Why a file is refused: one code, and its line."""
    (issue,) = refusals(data, company)
    assert (issue.severity, issue.file) == (Severity.ERROR, FILE)
    return issue.code, issue.line


# F1: encoding


def test_utf8_is_read_as_it_is_written() -> None:
    """F1: Every character of a UTF-8 file is read as it is written."""
    # given
    data = a_file("zoë@acme.example,Zoë,Ångström-李")

    # when / then
    assert rows(data) == [(2, ["zoë@acme.example", "Zoë", "Ångström-李"])]


@pytest.mark.parametrize("header", [HEADER, '"email","first_name","last_name"'])
def test_a_byte_order_mark_is_ignored(header: str) -> None:
    """F1: A file with a byte-order mark is read like the same file without one."""
    # given
    data = f"{header}\n{ANNA}\n".encode("utf-8-sig")

    # when
    sheet = read(data)

    # then
    assert [field for _, field in sheet.columns.fields] == ["email", "first_name", "last_name"]
    assert sheet.issues == ()
    assert rows(data) == [(2, ANNA.split(","))]


@pytest.mark.parametrize(
    ("data", "line"),
    [
        pytest.param("café\n".encode("latin-1"), 1, id="latin-1 header"),
        pytest.param(
            f"{HEADER}\n{ANNA}\nzoe@x.example,Zo\xeb,B\n".encode("latin-1"), 3, id="latin-1"
        ),
        pytest.param(f"{HEADER}\r\n{ANNA}\r\nz,\x80,B\r\n".encode("latin-1"), 3, id="CRLF"),
        pytest.param(a_file('a,"one\ntwo\nthree",b') + b"\xff", 5, id="after breaks in quotes"),
        pytest.param(a_file('a,"one\ntwo\n') + b"\xff", 5, id="inside quotes"),
        pytest.param(a_file(ANNA, BEN) + b"\xc3", 4, id="cut off in a character"),
        pytest.param(a_file(ANNA) + b"\xed\xa0\x80", 3, id="surrogate"),
        pytest.param(a_file(ANNA) + b"\xc0\xaf", 3, id="overlong"),
        pytest.param(a_file(ANNA) + b"\xff\n\xff", 3, id="the first counts"),
    ],
)
def test_a_file_in_another_encoding_is_refused(data: bytes, line: int) -> None:
    """F1: A file in another encoding is refused with `not-utf8` and the line of the first
    wrong byte.
    """
    assert refusal(data) == ("not-utf8", line)


@pytest.mark.parametrize(
    ("data", "line"),
    [
        pytest.param(b"\0" + a_file(ANNA), 1, id="header"),
        pytest.param(a_file(ANNA, "ben@acme.example,B\0n,Cramer"), 3, id="row"),
        pytest.param(a_file(ANNA, 'b,"x\ny\0",c', "\0"), 4, id="in quotes, the first counts"),
        pytest.param(a_file(ANNA) + b"\0", 3, id="at the end"),
    ],
)
def test_a_file_with_a_nul_byte_is_refused(data: bytes, line: int) -> None:
    """F1: A file with a NUL byte is refused with `nul-byte` and the line of the first NUL byte."""
    assert refusal(data) == ("nul-byte", line)


@pytest.mark.parametrize("order", [1, -1])
def test_one_refused_file_refuses_the_delivery(order: int) -> None:
    """F1: One refused file refuses the whole delivery, in any order of the files."""
    # given
    good, bad = a_file(ANNA), a_file(BEN) + b"\xff"

    # when / then
    with pytest.raises(DeliveryRefused, match="not-utf8"):
        plan(*[good, bad][::order])


# F2: delimiter


@pytest.mark.parametrize(
    ("delimiter", "seen"), [(";", "semicolons"), ("\t", "tabs"), ("|", "vertical bars")]
)
@pytest.mark.parametrize(
    "header",
    [
        pytest.param(HEADER, id="plain"),
        pytest.param(f"{HEADER},group_name,external_id", id="more columns"),
        pytest.param('"email","first_name","last_name"', id="quoted"),
        pytest.param('email,"first_name",last_name', id="one quoted"),
        pytest.param("\ufeff" + HEADER, id="after a byte-order mark"),
        pytest.param("First Name,LAST-NAME, E-mail address ", id="spelt otherwise"),
    ],
)
def test_another_delimiter_is_refused_by_name(header: str, delimiter: str, seen: str) -> None:
    """F2: A file whose header is separated by semicolons, tabs or vertical bars is refused, and the
    issue names the delimiter.
    """
    # given
    data = f"{header}\n{ANNA}\n".replace(",", delimiter).encode()

    # when
    (issue,) = refusals(data)

    # then
    assert (issue.code, issue.line, issue.value) == ("wrong-delimiter", 1, delimiter)
    assert seen in issue.message


def test_another_delimiter_is_seen_through_the_companys_own_column_names() -> None:
    """F2, F4: Another delimiter is also recognised between the company's own column names."""
    # given
    company = a_company(fields={"Adres": "email", "Roepnaam": "first_name"})

    # when / then
    assert refusal(b"Adres;Roepnaam;Achternaam\na;b;c\n", company) == ("wrong-delimiter", 1)


def test_a_wrong_delimiter_is_refused_at_the_line_of_the_header() -> None:
    """F2, F8: The issue `wrong-delimiter` names the line of the header, and blank lines before the
    header count as lines.
    """
    # when / then
    assert refusal(b"\n\nemail;first_name;last_name\n") == ("wrong-delimiter", 3)


@pytest.mark.parametrize("cell", ["a;b;c", "email;first_name", "a|b", "a\tb"])
def test_other_delimiters_are_text_in_a_file_with_commas(cell: str) -> None:
    """F2: In a file with commas, semicolons, tabs and vertical bars are ordinary text."""
    assert rows(a_file(f"x,{cell},z")) == [(2, ["x", cell, "z"])]


def test_semicolons_inside_one_column_name_do_not_refuse_the_file() -> None:
    """F2: A header that commas separate is accepted, even if one column name contains
    semicolons.
    """
    # given
    data = b"email,first_name,last_name,start;birthday;language;end\na,b,c,d\n"

    # when / then
    assert [issue.code for issue in read(data).issues] == ["unknown-column"]


# F3: quoting


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(["a,b,c"], [(2, ["a", "b", "c"])], id="no quotes"),
        pytest.param(['"a","b","c"'], [(2, ["a", "b", "c"])], id="all quoted"),
        pytest.param(['a,"b,b",c'], [(2, ["a", "b,b", "c"])], id="comma in quotes"),
        pytest.param(['a,"say ""hi""",c'], [(2, ["a", 'say "hi"', "c"])], id="doubled quotes"),
        pytest.param(['a,"""",c'], [(2, ["a", '"', "c"])], id="nothing but a quote"),
        pytest.param(['a,"""b""",c'], [(2, ["a", '"b"', "c"])], id="quotes around everything"),
        pytest.param(['a,"",""'], [(2, ["a", "", ""])], id="quoted blanks"),
        pytest.param(['"",b,""'], [(2, ["", "b", ""])], id="quoted blanks at both ends"),
        pytest.param([",b,"], [(2, ["", "b", ""])], id="blanks at both ends"),
        pytest.param([',"b",'], [(2, ["", "b", ""])], id="blanks around quotes"),
        pytest.param(['a,b"b,c'], [(2, ["a", 'b"b', "c"])], id="quote in an unquoted cell"),
        pytest.param(['a,b",c"'], [(2, ["a", 'b"', 'c"'])], id="quotes at ends of cells"),
        pytest.param(['a, "b",c'], [(2, ["a", "b", "c"])], id="space before a quote"),
        pytest.param(['a,"b" ,c'], [(2, ["a", "b", "c"])], id="space after a quote"),
        pytest.param(['  "a", "b",\t"c" '], [(2, ["a", "b", "c"])], id="space around all quotes"),
        pytest.param(['a,\u00a0"b"\u3000,c'], [(2, ["a", "b", "c"])], id="other space"),
        pytest.param(['a, " b ",c'], [(2, ["a", " b ", "c"])], id="space inside quotes stays"),
        pytest.param(['a, "b, ""x""" ,c'], [(2, ["a", 'b, "x"', "c"])], id="space, comma, quotes"),
        pytest.param(
            ['a, "b\nb" ,c', "d,e,f"],
            [(2, ["a", "b\nb", "c"]), (4, ["d", "e", "f"])],
            id="space around a line break in quotes",
        ),
        pytest.param(['a, b "b" ,c'], [(2, ["a", ' b "b" ', "c"])], id="text before the quote"),
        pytest.param(['a,b""b,c'], [(2, ["a", 'b""b', "c"])], id="two quotes, still text"),
        pytest.param(
            ['a,"b\nb",c', "d,e,f"],
            [(2, ["a", "b\nb", "c"]), (4, ["d", "e", "f"])],
            id="line break",
        ),
        pytest.param(
            ['"\n\na",b,"c\n"', "d,e,f"],
            [(2, ["\n\na", "b", "c\n"]), (6, ["d", "e", "f"])],
            id="line breaks at the ends of cells",
        ),
        pytest.param(
            ['a,"b\r\nb",c', "d,e,f"],
            [(2, ["a", "b\r\nb", "c"]), (4, ["d", "e", "f"])],
            id="CRLF in quotes",
        ),
        pytest.param(
            ['a,"b\n,""x"",\nb",c'], [(2, ["a", 'b\n,"x",\nb', "c"])], id="all of it at once"
        ),
        pytest.param(
            ['a,"b\nb",c"c', "d,e,f"],
            [(2, ["a", "b\nb", 'c"c']), (4, ["d", "e", "f"])],
            id="line break, then a quote in an unquoted cell",
        ),
        pytest.param(
            ["a,b\u2028b,c\x0bc", "d,e\x85e,f"],
            [(2, ["a", "b\u2028b", "c\x0bc"]), (3, ["d", "e\x85e", "f"])],
            id="what else is called a line break",
        ),
    ],
)
@pytest.mark.parametrize("ending", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_cells_are_quoted_as_in_rfc_4180(
    lines: list[str], expected: list[tuple[int, list[str]]], ending: str
) -> None:
    """F3: Cells are quoted as RFC 4180 describes, white space around the quotes does not count, a
    line break inside quotes belongs to the cell, and each row has the line on which it begins.
    """
    assert rows(a_file(*lines, ending=ending)) == expected


@pytest.mark.parametrize("last", [ANNA, '"anna@acme.example","Anna","Bakker"'])
@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_the_last_row_needs_no_line_break(last: str, ending: str) -> None:
    """F3: The last row is read with or without a line break at the end of the file."""
    assert rows(f"{HEADER}\r\n{last}{ending}".encode()) == [(2, ANNA.split(","))]


def test_line_endings_may_be_mixed() -> None:
    """F3: LF and CRLF both end a row, also in the same file."""
    # given
    data = f'{HEADER}\r\n{ANNA}\n{BEN}\r\n"d",e,f\n'.encode()

    # when / then
    assert [line for line, _ in rows(data)] == [2, 3, 4]


def test_a_header_may_be_quoted_over_several_lines() -> None:
    """F3: A quoted column name in the header can contain a line break."""
    # given
    data = b'email,first_name,last_name,"custom_notes\nof ours"\na,b,c,d\n'

    # when / then
    assert rows(data) == [(3, ["a", "b", "c", "d"])]
    assert read(data).columns.fields[-1] == (3, "custom_notes_of_ours")


@pytest.mark.parametrize("row", ["a\r,b,c", '"a\r",b,c', "\ra,b,c"])
def test_a_lone_carriage_return_ends_no_row(row: str) -> None:
    """F3: A carriage return without a line feed does not end a row and belongs to its cell."""
    # given
    data = a_file(row, BEN)

    # when / then
    assert [line for line, _ in rows(data)] == [2, 3]
    assert len(rows(data)[0][1]) == 3
    assert "\r" in rows(data)[0][1][0]


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        pytest.param(['a,b,"c'], 2, id="never closed"),
        pytest.param(['a,b,"'], 2, id="nothing after it"),
        pytest.param(['a,b,"c""'], 2, id="doubled at the end"),
        pytest.param(['"a,b,c', "d,e,f", "g,h,i"], 2, id="swallows the file"),
        pytest.param(["a,b,c", 'd,"e,f', "g,h,i"], 3, id="further down"),
        pytest.param(['"a\na",b,c', 'd,"e\n\ne","f'], 6, id="line where the quote opened"),
        pytest.param(['a,"b"b,c'], 2, id="text after the closing quote"),
        pytest.param(['a, "b" b,c'], 2, id="space, then text after the closing quote"),
        pytest.param(['a,b, "c'], 2, id="never closed, after a space"),
        pytest.param(['a,"b""c"d,e'], 2, id="text after doubled quotes"),
        pytest.param(["a,b,c", 'd,"e\ne"x,f'], 3, id="closed on a later line, then text"),
        pytest.param(['a,"b\nb",c', "d,e,f", '"g"h,i,j'], 5, id="after breaks in quotes"),
        pytest.param(['a,"b\nb","c"\rd'], 3, id="carriage return after the closing quote"),
    ],
)
def test_a_quote_that_is_not_closed_properly_refuses_the_file(lines: list[str], line: int) -> None:
    """F3: A quote that is never closed, or text after a closing quote, refuses the file with the
    line where the quote opens.
    """
    assert refusal(a_file(*lines)) == ("unclosed-quote", line)
    assert refusal(a_file(*lines, ending="\r\n")) == ("unclosed-quote", line)


def test_an_unclosed_quote_in_the_header_refuses_the_file() -> None:
    """F3: A quote in the header that is never closed refuses the file."""
    # when / then
    assert refusal(b'email,"first_name,last_name\na,b,c\n') == ("unclosed-quote", 1)


# F6: a file without rows


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\xef\xbb\xbf", id="byte-order mark"),
        pytest.param(b"\n", id="line break"),
        pytest.param(b"\r\n , ,\r\n\t\r\n", id="blank lines"),
        pytest.param(HEADER.encode(), id="header without a line break"),
        pytest.param(a_file(), id="header"),
        pytest.param(a_file("", ",,", "  ", ending="\r\n"), id="header and blank lines"),
        pytest.param(b'"email","first_name","last_name"\n', id="quoted header"),
    ],
)
def test_a_file_without_rows_is_refused(data: bytes) -> None:
    """F6: An empty file, or a file with a header and no rows, is refused with `no-rows`."""
    assert refusal(data)[0] == "no-rows"


# F7: limits of a file


def test_the_default_limits() -> None:
    """F7: By default a file has at most 512 MiB and 2,000,000 rows, and a cell has at most 1,000
    characters.
    """
    # when / then
    assert a_company().limits == Limits(file=536_870_912, rows=2_000_000, cell=1_000)


def test_a_file_may_have_as_many_bytes_as_its_limit_and_no_more() -> None:
    """F7: A file with as many bytes as the limit is read, and one with a byte more is refused with
    `too-large`.
    """
    # given
    data = a_file("zoë@acme.example,Zoë,李")

    # when / then
    assert len(rows(data, a_company(limits={"file": len(data)}))) == 1
    assert refusal(data, a_company(limits={"file": len(data) - 1})) == ("too-large", None)


def test_a_file_may_have_as_many_rows_as_its_limit_and_no_more() -> None:
    """F7: A file with as many rows as the limit is read, and one with a row more is refused with
    `too-many-rows` and the line of that row.
    """
    # given
    data = a_file(ANNA, "", 'ben@acme.example,"B\nn",C', ",,", "c,d,e")

    # when / then
    assert len(rows(data, a_company(limits={"rows": 3}))) == 3
    assert refusal(data, a_company(limits={"rows": 2})) == ("too-many-rows", 7)


def test_an_issue_about_a_limit_names_the_limit() -> None:
    """F7: The issue about a file that exceeds a limit names the limit."""
    # when
    (rows_over,) = refusals(a_file(ANNA, BEN), a_company(limits={"rows": 1}))
    (bytes_over,) = refusals(a_file(ANNA, BEN), a_company(limits={"file": 17}))

    # then
    assert "1 rows" in rows_over.message
    assert "17 bytes" in bytes_over.message


# F8: blank lines


@pytest.mark.parametrize(
    "blank", ["", " ", "\t", ",", ",,", ",,,,,,", " , ,\t", "\u00a0,\u3000,", "\u2003"]
)
@pytest.mark.parametrize("quoted", [False, True], ids=["unquoted", "quoted"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_blank_lines_are_skipped_and_counted(blank: str, quoted: bool, ending: str) -> None:
    """F8: Lines of commas and white space are not rows, but they count when lines are numbered."""
    # given
    name = '"Ben"' if quoted else "Ben"
    data = a_file("a,b,c", blank, blank, f"d,{name},f", blank, ending=ending)

    # when / then
    assert rows(data) == [(2, ["a", "b", "c"]), (5, ["d", "Ben", "f"])]


def test_blank_lines_before_the_header_are_skipped() -> None:
    """F8: Blank lines before the header are skipped, and they count when lines are numbered."""
    # given
    data = b"\n , ,\n" + a_file(ANNA)

    # when / then
    assert read(data).header == HEADER
    assert rows(data) == [(4, ANNA.split(","))]


def test_a_blank_line_inside_quotes_belongs_to_its_cell() -> None:
    """F8, F3: A blank line inside quotes belongs to its cell."""
    # when / then
    assert rows(a_file('a,"b\n\n,,\nb",c')) == [(2, ["a", "b\n\n,,\nb", "c"])]


# What holds for any file

PIECES = ["a", "Zoë", "7", " ", ",", ";", '"', '""', "\n", "\r\n", "\u2028", "\x85", "'", "\\"]
PLAIN_PIECES = [piece for piece in PIECES if not set(piece) & set(',"\r\n')]


def cells(pieces: list[str]) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(pieces), max_size=6).map("".join)


def tables(pieces: list[str]) -> st.SearchStrategy[list[list[str]]]:
    """Tables without blank lines, since these are skipped (F8)."""
    rest = st.lists(cells(pieces), max_size=4)
    row = st.builds(lambda first, others: [f"{first}x", *others], cells(pieces), rest)
    return st.lists(row, min_size=1, max_size=6)


@st.composite
def written_tables(draw: st.DrawFn) -> str:
    """A table as the standard library writes it."""
    quoting = draw(
        st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC, csv.QUOTE_NONE])
    )
    table = draw(tables(PLAIN_PIECES if quoting == csv.QUOTE_NONE else PIECES))
    text = io.StringIO()
    ending = draw(st.sampled_from(["\n", "\r\n"]))
    csv.writer(text, quoting=quoting, lineterminator=ending).writerows(table)
    written = text.getvalue()
    return written if draw(st.booleans()) else written.removesuffix(ending)


@settings(max_examples=200, deadline=None)
@given(written_tables())
def test_rows_are_those_of_the_standard_library(written: str) -> None:
    """F3: Whatever the csv module of Python can write is read with the same rows, cells
    and lines.
    """
    # given: what the csv module reads; only LF ends a line, as for an editor that knows CRLF
    reader = csv.reader(io.StringIO(written, newline="\n"), strict=True)
    expected, line = [], 1
    for record in reader:
        expected.append((line + 1, record))
        line = reader.line_num + 1

    # when / then
    assert rows(f"{HEADER}\n{written}".encode()) == expected


BYTES = st.one_of(
    st.binary(max_size=200),
    st.lists(st.sampled_from([*PIECES, HEADER, "\r", "\ufeff"]), max_size=30).map(
        lambda pieces: "".join(pieces).encode()
    ),
    st.lists(st.sampled_from([*PIECES, "\r", "\0", "\t"]), max_size=30).map(
        lambda pieces: f"{HEADER}\n{''.join(pieces)}".encode()
    ),
    st.binary(max_size=60).map(lambda tail: a_file(ANNA) + tail),
)


@settings(max_examples=200, deadline=None)
@given(BYTES)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """F1, W12: Any bytes are read or refused with an error. The rows that are read stand on the
    lines that they name, in order.
    """
    # when
    try:
        sheet = read(data)
    except DeliveryRefused as refused:
        assert refused.issues
        assert any(issue.severity is Severity.ERROR for issue in refused.issues)
        return

    # then: every row stands where it says, one after the other
    lines = data.decode("utf-8-sig").split("\n")
    end = 1
    for line, text in zip(sheet.lines, sheet.texts, strict=True):
        assert line > end
        first, *_ = text.split("\n")
        assert lines[line - 1].rstrip("\r") == first.rstrip("\r")
        end = line + text.count("\n")


MANY = 100_000


@pytest.mark.parametrize(
    "body",
    [
        pytest.param('"' * (2 * MANY), id="pairs of quotes"),
        pytest.param('"' * (2 * MANY + 1), id="pairs and one"),
        pytest.param('"a""' * MANY, id="doubled, never closed"),
        pytest.param('a,"' * MANY, id="quotes after commas"),
        pytest.param('"x\n' * MANY, id="quotes over lines"),
        pytest.param('"",\n' * MANY, id="quoted blanks"),
        pytest.param('a"\n' * MANY, id="quotes as text"),
        pytest.param('"' + "x\n" * MANY, id="opened on the first line"),
        pytest.param("," * MANY + "x", id="many cells"),
        pytest.param(" " * MANY + "x", id="much space"),
        pytest.param(" ,\r" * MANY + '"', id="blank until the end"),
    ],
)
def test_the_time_to_read_a_file_grows_with_its_size(body: str) -> None:
    """F3, W12: A file that is made to be slow, with many quotes, commas or spaces, is read or
    refused in a time that grows with its size.
    """
    # given
    data = a_file(body)

    # when / then
    try:
        found = read(data).texts
    except DeliveryRefused as refused:
        (code,) = {issue.code for issue in refused.issues}
        assert code in ("unclosed-quote", "no-rows", "cr-line-ends")
    else:
        assert sum(len(text) + 1 for text in found) >= len(body)


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        pytest.param(b"\0\n\xff\n", "nul-byte", 1, id="a NUL at the very beginning"),
        pytest.param(b"a\n\0\n\xff\n", "nul-byte", 2, id="a NUL before a bad byte"),
        pytest.param(b"a\n\xff\n\0\n", "not-utf8", 2, id="a NUL after a bad byte"),
        pytest.param(b"a\n\xff\n", "not-utf8", 2, id="a bad byte and no NUL"),
    ],
)
def test_the_first_wrong_byte_decides_why_the_file_is_refused(
    data: bytes, code: str, line: int
) -> None:
    """F1: A file with both NUL bytes and bytes that are not UTF-8 is refused for the first of them,
    with its line.
    """
    assert refusal(data) == (code, line)
