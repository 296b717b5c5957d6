"""From the bytes of one file to its records, and from a record to its cells (F1-F3, F6-F8).

A record is a line number and a text that is not split into cells yet: most records of a delivery
repeat what was accepted before, are recognised by that text alone, and never need their cells.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from typing import TypeAlias

from domain.company import Company
from domain.delivery.header import Columns, known_columns, read_header
from domain.issues.issue import Issue, make_issue
from domain.privacy import Redacted

Record: TypeAlias = tuple[int, str]
"""The line a record begins on, and its text without the line break that ends it."""

# A quoted cell, as RFC 4180 has it; possessive, so that no input makes the match try twice.
_QUOTED = r'"[^"]*+(?:""[^"]*+)*+"'
# One whole record on one line: quoted cells, or cells that do not begin with a quote.
_ONE_LINE = re.compile(rf'(?:{_QUOTED}|(?!")[^,]*+)(?:,(?:{_QUOTED}|(?!")[^,]*+))*+')
# One cell with what ends it, wherever its line breaks are.
_CELL = re.compile(rf'(?:{_QUOTED}(?:\r(?=\n|\Z))?+|(?!")[^,\n]*+)(,|\n|\Z)')
_CELLS = re.compile(r'(?:^|,)(?:"([^"]*+(?:""[^"]*+)*+)"|([^,]*+))')
_BLANK = re.compile(r'(?:[,\s]|""(?!"))*+')
_HEADER = re.compile(r"[^,\s][^\r\n]*")

_OTHER_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}


class Sheet(Redacted, frozen=True):
    """A readable file: its header, its columns, its records, and what was noticed about it.

    `texts` are the records, and `lines` tells on which line each begins.
    """

    name: str
    header: str
    columns: Columns
    lines: Sequence[int]
    texts: Sequence[str]
    issues: tuple[Issue, ...] = ()

    @property
    def records(self) -> Iterator[Record]:
        """Its records one by one."""
        return zip(self.lines, self.texts, strict=True)


class DeliveryRefused(Exception):
    """A file that cannot be read, and so refuses the delivery (F1); `issues` say why."""

    def __init__(self, *issues: Issue) -> None:
        super().__init__(", ".join(sorted({issue.code for issue in issues})))
        self.issues = issues


def read_sheet(name: str, data: bytes | None, company: Company) -> Sheet:
    """The records of the file `name` whose content is `data`; `None` says that it is too large.

    Raises `DeliveryRefused` for what F1 to F3 and F5 to F7 refuse.
    """
    text = _text(name, data, company.limits.file)
    lines, texts = _records(name, _separated_by_commas(name, text, company))
    if not texts:
        raise DeliveryRefused(make_issue("no-rows").at(name, 1))
    line, header = lines[0], texts[0]
    columns, issues = read_header(split(header), company.fields)
    issues = tuple(each.at(name, line) for each in issues)
    if any(each.rejects for each in issues):
        raise DeliveryRefused(*issues)
    limit = company.limits.rows
    if len(texts) == 1:
        raise DeliveryRefused(make_issue("no-rows").at(name, line))
    if len(texts) - 1 > limit:
        raise DeliveryRefused(make_issue("too-many-rows", limit=limit).at(name, lines[limit + 1]))
    return Sheet(name, header, columns, lines[1:], texts[1:], issues)


def read_sheets(files: Iterable[tuple[str, bytes | None]], company: Company) -> list[Sheet]:
    """The sheets of a delivery, whose files come as name and content.

    One refused file refuses the delivery: raises `DeliveryRefused` with what is wrong in all of
    the files (F1).
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
    """The cells of a record, as written."""
    if '"' not in text:
        return text.split(",")
    return [quoted.replace('""', '"') or plain for quoted, plain in _CELLS.findall(text)]


def _text(name: str, data: bytes | None, limit: int) -> str:
    if data is None or len(data) > limit:
        raise DeliveryRefused(make_issue("too-large", limit=limit).at(name))
    nul = data.find(b"\0")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        if not 0 <= nul < error.start:
            # `from None`: the error carries the content of the file.
            raise DeliveryRefused(
                make_issue("not-utf8").at(name, _line(data, error.start))
            ) from None
    if nul >= 0:
        raise DeliveryRefused(make_issue("nul-byte").at(name, _line(data, nul)))
    return text.removeprefix("\ufeff")


def _line(data: bytes, position: int) -> int:
    return data.count(b"\n", 0, position) + 1


def _separated_by_commas(name: str, text: str, company: Company) -> str:
    """The text, if its header is not one that another delimiter would make sense of (F2).

    The delimiter is checked before quotes are: in another format a cell may end in a quote without
    a comma behind it.
    """
    found = _HEADER.search(text)
    if found is None:
        return text
    header = found[0].replace('"', "")
    known = max(known_columns(header.split(","), company.fields), 1)
    for delimiter, seen in _OTHER_DELIMITERS.items():
        instead = delimiter in header and "," not in header
        if instead or known_columns(header.split(delimiter), company.fields) > known:
            line = text.count("\n", 0, found.start()) + 1
            raise DeliveryRefused(
                make_issue("wrong-delimiter", value=delimiter, seen=seen).at(name, line)
            )
    return text


def _records(name: str, text: str) -> tuple[Sequence[int], Sequence[str]]:
    """Lines and texts of every record that is not blank (F8), the header first."""
    lines: Sequence[int]
    texts: Sequence[str]
    if '"' in text:
        lines, texts = zip(*_quoted_records(name, text), strict=True)
    else:
        texts = text.replace("\r\n", "\n").split("\n")
        lines = range(1, len(texts) + 1)
    # The first test is the cheap one and settles nearly every line.
    blank = [
        number
        for number, record in enumerate(texts)
        if not record[:1].isalnum() and _BLANK.fullmatch(record)
    ]
    if not blank:
        return lines, texts
    if blank == [len(texts) - 1]:  # what comes after the last line break
        return lines[:-1], texts[:-1]
    kept = bytearray(b"\1") * len(texts)
    for number in blank:
        kept[number] = 0
    return list(compress(lines, kept)), list(compress(texts, kept))


def _quoted_records(name: str, text: str) -> Iterator[Record]:
    """The records of a text with quotes in it, which may hold line breaks."""
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
    """Where the record that begins at `start` ends; refuses what F3 refuses."""
    position = start
    while True:
        cell = _CELL.match(text, position)
        if cell is None:
            opened = line + text.count("\n", start, position)
            raise DeliveryRefused(make_issue("unclosed-quote").at(name, opened))
        if cell[1] != ",":
            return cell.start(1)
        position = cell.end()
