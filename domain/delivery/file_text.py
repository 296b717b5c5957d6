"""Reads the text of a file from its bytes, and names what a spreadsheet did to it (F1, F7, F9)."""

from __future__ import annotations

import re

from domain.issues.issue import Issue, make_issue

_FORMATS = (
    (rb"PK\x03\x04", "a ZIP archive"),
    (rb"\xd0\xcf\x11\xe0", "an Excel workbook (.xls, or with a password)"),
    (rb"\x1f\x8b", "compressed with gzip"),
    (rb"7z\xbc\xaf", "a 7-Zip archive"),
    (rb"Rar!", "a RAR archive"),
    (rb"%PDF-", "a PDF document"),
    (rb"\{\\rtf", "an RTF document"),
    (rb"-----BEGIN PGP ", "encrypted with PGP"),
    (rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|\?xml|table)", "a web page or an XML document"),
)
"""How files of other formats begin."""
_IN_ARCHIVE = (
    (b"xl/workbook.", "an Excel workbook (.xlsx)"),
    (b"opendocument.spreadsheet", "an OpenDocument spreadsheet (.ods)"),
)
"""Names that stand in a ZIP archive which is a spreadsheet."""
_UTF_32 = (b"\xff\xfe\0\0", b"\0\0\xfe\xff")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_SAMPLE_BYTES = 64

OTHER_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}
"""What other formats have in the place of commas (F2), in words for a person."""
_MARK = "\ufeff"
# A first line that tells a spreadsheet the separator, such as `sep=,` or `"sep=;"`.
_SEPARATOR = re.compile(r'"?sep=(?:[^\s"]|\t)?"?[,;\s]*?(?:\r?\n|\Z)', re.I)
# A last line of Ctrl-Z alone, as old programs of DOS write it.
_CTRL_Z = re.compile(r"(?<![^\n])\x1a[\x1a\s]*\Z")
_END_CHARACTERS = 64
_LONE_CR = re.compile(r"\r(?!\n)")
_QUOTED = re.compile(r'"[^"]*+"')


def read_text(name: str, data: bytes | None, limit: int) -> tuple[str, tuple[Issue, ...]]:
    """Returns the text of the file `name`, and the issues about it.

    `data` is `None` if the file is too large. Lines that are no rows are blank in the text, so that
    every other line keeps its number. If an issue rejects, the file has to be refused, and the text
    is empty.
    """
    if data is None or len(data) > limit:
        return "", (make_issue("too-large", limit=limit).at(name),)
    wrong = _other_format(data)
    if wrong:
        return "", (make_issue("not-a-csv", seen=wrong).at(name),)
    decoded = _decoded(name, data)
    if isinstance(decoded, Issue):
        return "", (decoded,)
    text = decoded.lstrip(_MARK)
    first_cr = _first_of_cr_lines(text)
    if first_cr >= 0:
        line = text.count("\n", 0, first_cr) + 1
        return "", (make_issue("cr-line-ends").at(name, line),)
    return _without_other_lines(name, text)


def ends_whole(data: bytes) -> bool:
    """Returns whether the last line of a file ends with a line end (D11).

    Blanks and Ctrl-Z after it do not count.
    """
    return data.rstrip(b"\x1a \t").endswith(b"\n")


def _other_format(data: bytes) -> str:
    """Returns the format of a file that is no text, or an empty text."""
    for beginning, format_ in _FORMATS:
        if re.match(beginning, data, re.I):
            if data.startswith(b"PK"):
                return next((seen for part, seen in _IN_ARCHIVE if part in data), format_)
            return format_
    return ""


def _decoded(name: str, data: bytes) -> str | Issue:
    """Returns the text, or the issue about the first wrong byte (F1)."""
    unicode = _wide_encoding(data)
    if unicode:
        return make_issue("not-utf8", seen=f"{unicode} text, not UTF-8").at(name, 1)
    nul = data.find(b"\0")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        if not 0 <= nul < error.start:
            return make_issue("not-utf8", seen="not UTF-8 text").at(name, _line(data, error.start))
    if nul >= 0:
        return make_issue("nul-byte").at(name, _line(data, nul))
    return text


def _wide_encoding(data: bytes) -> str:
    """Returns the name of an encoding with two or four bytes a letter, or an empty text."""
    if data.startswith(_UTF_32):
        return "UTF-32"
    sample = data[:_SAMPLE_BYTES]
    even, odd = sample[::2], sample[1::2]
    # Without its mark: every second byte of an English header is 0.
    halves = len(sample) > 2 and ((all(even) and not any(odd)) or (all(odd) and not any(even)))
    return "UTF-16" if data.startswith(_UTF_16) or halves else ""


def _line(data: bytes, position: int) -> int:
    return data.count(b"\n", 0, position) + 1


def _first_of_cr_lines(text: str) -> int:
    """Returns the position of the first CR alone if lines end so, and otherwise -1 (F9).

    One line may end otherwise: the header, or the last one. A CR inside a quoted cell ends no line.
    """
    if "\r" not in text or text.count("\r") == text.count("\r\n"):
        return -1
    outside = _QUOTED.sub("", text)
    alone = outside.count("\r") - outside.count("\r\n")
    others = outside.count("\n")
    found = _LONE_CR.search(text)
    return found.start() if found and others <= 1 and alone > others else -1


def _without_other_lines(name: str, text: str) -> tuple[str, tuple[Issue, ...]]:
    """Returns the text without a line for spreadsheets, and one info for each such line (F9)."""
    issues: list[Issue] = []
    if separator := _SEPARATOR.match(text):
        ends = separator[0].endswith("\n")
        text = "\n" * ends + text[separator.end() :]
        issues.append(make_issue("skipped-line", seen="a note for a spreadsheet").at(name, 1))
    if "\x1a" in text[-_END_CHARACTERS:] and (
        end := _CTRL_Z.search(text, len(text) - _END_CHARACTERS)
    ):
        line = text.count("\n", 0, end.start()) + 1
        text = text[: end.start()]
        issues.append(make_issue("skipped-line", seen="the mark Ctrl-Z alone").at(name, line))
    return text, tuple(issues)
