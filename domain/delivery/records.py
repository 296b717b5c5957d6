"""Reads the bytes of one file into records, and splits a record into cells (F2-F9).

A record is a line number and a text that is not split into cells yet, because most records of a
delivery repeat an accepted row: they are recognised by the text alone and never split.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from operator import itemgetter

from msgspec.structs import replace

from domain.company import Company
from domain.delivery.file_text import OTHER_DELIMITERS, read_text
from domain.delivery.header import Columns, known_columns, named_width, read_header
from domain.issues.issue import Issue, make_issue
from domain.privacy import Redacted

# White space on one line around a quoted cell does not count (F3).
_SPACE = r"[^\S\r\n]*+"
# A quoted cell of RFC 4180, such as `"Jan ""JJ"" Smit"`. The quantifiers are possessive, so that no
# input makes the match try twice.
_QUOTED = rf'{_SPACE}"[^"]*+(?:""[^"]*+)*+"{_SPACE}'
# A cell that does not begin with a quote, such as `5" screen`.
_PLAIN = rf'(?!{_SPACE}")[^,]*+'
# One whole record on one line: `"Smit, sr", "Jan",5" screen`.
_ONE_LINE = re.compile(rf"(?:{_QUOTED}|{_PLAIN})(?:,(?:{_QUOTED}|{_PLAIN}))*+")
# One cell, with the comma, the line break or the end of text that ends it: `Jan,`. Only a quoted
# cell may contain a line break: `"first line\nsecond line",`.
_CELL = re.compile(rf'(?:{_QUOTED}(?:\r(?=\n|\Z))?+|(?!{_SPACE}")[^,\n]*+)(,|\n|\Z)')
# The cells of a record, quoted (group 1) or not (group 2): `Smit, sr`, `Jan` in `"Smit, sr",Jan`.
_CELLS = re.compile(rf'(?:^|,)(?:{_SPACE}"([^"]*+(?:""[^"]*+)*+)"{_SPACE}|([^,]*+))')
# A record without any value: `, ,""`.
_BLANK = re.compile(r'(?:[,\s]|""(?!"))*+')
# The first line with a value, from its first value on: `email,name` in `\n,email,name\n1,2`.
_HEADER = re.compile(r"[^,\s][^\r\n]*")


class Sheet(Redacted, frozen=True):
    """A readable file: its header, its columns, its records, and its issues.

    `texts` are the texts of the records, and `lines` are the numbers of their first lines.
    """

    name: str
    header: str
    columns: Columns
    lines: Sequence[int]
    texts: Sequence[str]
    issues: tuple[Issue, ...] = ()


class DeliveryRefused(Exception):
    """Raised if a delivery is refused, for example for one file (F1); `issues` are the reasons."""

    def __init__(self, *issues: Issue) -> None:
        super().__init__(", ".join(sorted({issue.code for issue in issues})))
        self.issues = issues


def read_sheet(name: str, data: bytes | None, company: Company) -> Sheet:
    """Returns the sheet of the file `name`.

    `data` is the content of the file, or `None` if the file is too large. Raises `DeliveryRefused`
    for a file that F1 to F3, F5 to F7 or F9 refuse.
    """
    text, skipped = read_text(name, data, company.limits.file)
    _refuse(skipped)
    lines, texts = _records(name, _separated_by_commas(name, text, company))
    if not texts:
        raise DeliveryRefused(make_issue("no-rows").at(name, 1))
    line, header = lines[0], texts[0]
    cells = split(header)
    columns, issues = read_header(cells, company.fields)
    issues = (*skipped, *(each.at(name, line) for each in issues))
    _refuse(issues)
    limit = company.limits.rows
    if len(texts) == 1:
        raise DeliveryRefused(make_issue("no-rows").at(name, line))
    if len(texts) - 1 > limit:
        raise DeliveryRefused(make_issue("too-many-rows", limit=limit).at(name, lines[limit + 1]))
    texts = texts[1:]
    width = named_width(cells)
    if _is_padded(width, columns.width, texts):
        columns = replace(columns, width=width, padded=True)
    return Sheet(name, header, columns, lines[1:], texts, issues)


def _refuse(issues: tuple[Issue, ...]) -> None:
    """Raises `DeliveryRefused` if one of the issues refuses the file."""
    if any(each.rejects for each in issues):
        raise DeliveryRefused(*issues)


def _is_padded(width: int, written: int, texts: Sequence[str]) -> bool:
    """Returns whether there are cells after column `width`, and all of them are blank (F9).

    `written` is the number of columns in the header, of which those after `width` have no name.
    """
    # A row ends so if its last cell is blank. This test is cheap, and enough for most files.
    ends = {end for end in set(map(itemgetter(-1), texts)) if end in ',"' or end.isspace()}
    if written == width and not ends:
        return False
    padded = written > width
    for text in texts:
        if text.count(",") >= width:
            beyond = split(text)[width:]
            if any(cell.strip() for cell in beyond):
                return False
            padded = padded or bool(beyond)
    return padded


def read_sheets(files: Iterable[tuple[str, bytes | None]], company: Company) -> list[Sheet]:
    """Returns the sheets of a delivery; `files` are pairs of name and content.

    One refused file refuses the delivery: raises `DeliveryRefused` with the issues of all refused
    files (F1).
    """
    sheets: list[Sheet] = []
    issues: list[Issue] = []
    for name, data in files:
        try:
            sheets.append(read_sheet(name, data, company))
        except DeliveryRefused as refused:
            issues += refused.issues
    if issues:
        raise DeliveryRefused(*issues)
    return sheets


def split(text: str) -> list[str]:
    """Returns the cells of a record, as written."""
    if '"' not in text:
        return text.split(",")
    return [quoted.replace('""', '"') or plain for quoted, plain in _CELLS.findall(text)]


def _separated_by_commas(name: str, text: str, company: Company) -> str:
    """Returns the text. Raises `DeliveryRefused` if another delimiter fits its header better (F2).

    The delimiter is checked before the quotes, because in another format a cell may end in a quote
    that no comma follows.
    """
    found = _HEADER.search(text)
    if found is None:
        return text
    header = found[0].replace('"', "")
    known = max(known_columns(header.split(","), company.fields), 1)
    for delimiter, seen in OTHER_DELIMITERS.items():
        instead = delimiter in header and "," not in header
        if instead or known_columns(header.split(delimiter), company.fields) > known:
            line = text.count("\n", 0, found.start()) + 1
            raise DeliveryRefused(
                make_issue("wrong-delimiter", value=delimiter, seen=seen).at(name, line)
            )
    return text


def _records(name: str, text: str) -> tuple[Sequence[int], Sequence[str]]:
    """Returns the lines and the texts of all records that are not blank (F8), the header first."""
    lines: Sequence[int]
    texts: Sequence[str]
    if '"' in text:
        lines, texts = zip(*_quoted_records(name, text), strict=True)
    else:
        texts = text.replace("\r\n", "\n").split("\n")
        lines = range(1, len(texts) + 1)
    # The first test is cheap, and it is enough for nearly every line.
    blank = [
        number
        for number, record in enumerate(texts)
        if not record[:1].isalnum() and _BLANK.fullmatch(record)
    ]
    if not blank:
        return lines, texts
    if blank == [len(texts) - 1]:  # the text after the last line break
        return lines[:-1], texts[:-1]
    kept = bytearray(b"\1") * len(texts)
    for number in blank:
        kept[number] = 0
    return list(compress(lines, kept)), list(compress(texts, kept))


def _quoted_records(name: str, text: str) -> Iterator[tuple[int, str]]:
    """Yields the line and the text of each record; a quoted cell may contain line breaks."""
    line, start, length = 1, 0, len(text)
    while start < length:
        end = text.find("\n", start)
        end = length if end < 0 else end
        record = text[start:end].removesuffix("\r")
        if '"' in record and not _ONE_LINE.fullmatch(record):
            end = _end_of_record(name, text, line, start)
            record = text[start:end].removesuffix("\r")
        yield line, record
        line += 1 + record.count("\n")
        start = end + 1


def _end_of_record(name: str, text: str, line: int, start: int) -> int:
    """Returns the position where the record that begins at `start` ends.

    `line` is the line number of `start`. Raises `DeliveryRefused` for a quote that is never closed,
    and for text after a closing quote (F3).
    """
    position = start
    while True:
        cell = _CELL.match(text, position)
        if cell is None:
            opened = line + text.count("\n", start, position)
            raise DeliveryRefused(make_issue("unclosed-quote").at(name, opened))
        if cell[1] != ",":
            return cell.start(1)
        position = cell.end()
