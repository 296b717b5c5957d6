"""Parses the listings of FTP servers: three commands, with many variants.

`MLSD` has one format with all facts (RFC 3659). `LIST` is made for people and looks like the output
of `ls -l` or of `dir`. `NLST` has names only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

_MOMENT = re.compile(r"(\d{14})(?:\.(\d{1,9})\d*)?", re.ASCII)  # 20270301024500.123, in UTC
_SIZE = re.compile(r"\d{1,18}", re.ASCII)  # 812

# A mark between thousands: 1,234 or 1.234 or 1'234, or a blank that breaks no line (U+00A0 in UTF-8
# or in latin-1, U+202F).
_MARK = ".,'\u2019\u00a0\u202f\udca0"
_BEFORE_THOUSANDS = re.compile(rf"(?<=\d)[{_MARK}](?=\d{{3}}(?!\d))", re.ASCII)
# Letters, with bytes of another encoding: Mär
_MONTH = r"(?:[^\W\d]|[\udc80-\udcff]){3,5}"
# -rw-r--r--   1 owner    group         812 Mar  1 02:45 name
# The columns between rights and size are only counted: some servers omit them, and the names of
# owner and group may contain blanks.
_UNIX = re.compile(
    r"(?P<kind>[-a-zA-Z]) ?[-a-zA-Z\[\]]{9,10}[+@.]?\s(?P<columns>.*?)"
    rf"(?<=\s)(?P<size>[0-9][0-9{_MARK}]*+)\s++"
    rf"(?P<day>{_MONTH}\.?\s+[0-9]{{1,2}}|[0-9]{{1,2}}\.?\s+{_MONTH}\.?"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"\s+(?P<time>[0-9]{4}|[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?) (?P<name>.+)"
)
# 03-01-27  02:45AM                  812 name
# 03-01-2027  02:45AM       <DIR>          name
_DOS = re.compile(
    r"(?P<day>\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d\d)|\d{4}-\d\d-\d\d)"
    r"\s+(?P<time>\d{1,2}:\d\d(?::\d\d)?\s?(?:[AaPp][Mm])?)"
    rf"\s+(?:(?P<kind><\w+>)\s+|(?P<size>\d[\d{_MARK}]*+)\s)(?P<name>.+)",
    re.ASCII,
)
# A name that begins as the rest of a size does: 234 name
_THOUSANDS = re.compile(r"(\d{3}) (?=\S)", re.ASCII)
# An empty line, or the first line of a listing: total 24
_TOTAL = re.compile(r"\s*|total(?: of)? \d+.*", re.ASCII | re.IGNORECASE)
_POINTS_TO = " -> "
_MAX_ARROWS = 64  # a name with more is longer than file systems allow
_LATIN_1 = {0xDC00 + byte: byte for byte in range(0x80, 0x100)}  # for bytes that are not UTF-8
# The first letters of the months in English, French, German and Dutch.
_MONTH_NAMES = (
    *("jan", "feb fév fev", "mar mär mrz mrt maa", "apr avr", "may mai mei", "jun juin"),
    *("jul juil", "aug aoû aou", "sep", "oct okt", "nov", "dec déc dez"),
)
_MONTHS = {each: number for number, names in enumerate(_MONTH_NAMES, 1) for each in names.split()}
_CLOCK = re.compile(r"([0-9]+):([0-9]+)(?::([0-9]+))?\s?([AaPp]?)")
_LEADING_COLUMNS = 3  # number of links, owner, group
_MAX_SIZE_CHARACTERS = 23  # six groups of digits, with blanks between them


class Entry(NamedTuple):
    """One name of a listing, with its facts. A fact that the listing does not contain is `None`.

    `size` and `modified` are exact. `LIST` tells `shown_size` and `shown_modified`: the size may be
    rounded, and the time has no zone, often no year, and a format that changes after half a year.
    So the shown time serves to compare two looks, and to sort files.
    """

    name: str
    is_file: bool | None = None  # a regular file
    size: int | None = None  # bytes
    modified: int | None = None  # nanoseconds since 1970
    shown_size: int | None = None
    shown_modified: int | None = None


def fact_entry(line: str) -> Entry:
    """Parses a line of `MLSD`: `type=file;size=812;modify=20270301024500; name`."""
    text, _, name = line.partition(" ")
    pairs = (fact.partition("=") for fact in text.split(";"))
    facts = {key.lower(): value for key, _, value in pairs}
    kind = facts.get("type")
    return Entry(
        name,
        None if kind is None else kind.lower() == "file",
        read_size(facts.get("size", "")),
        read_moment(facts.get("modify", "")),
    )


def shown_entries(line: str, now: datetime) -> list[Entry] | None:
    """Parses a line of `LIST`. Returns `None` if the line is not understood.

    Some lines can be read in several ways, and give an entry for each: a link is shown as
    `name -> target`, and both may contain an arrow; `1 234 name` may be 1,234 bytes.
    """
    if _TOTAL.fullmatch(line):
        return []
    if match := _UNIX.fullmatch(line):
        kind, name = match["kind"], match["name"]
        if kind == "l":
            parts = name.split(_POINTS_TO, _MAX_ARROWS)
            ends = range(1, max(2, len(parts)))
            return [Entry(_POINTS_TO.join(parts[:end]), is_file=False) for end in ends]
        if kind != "-":
            return [Entry(name, is_file=False)]
        size = _joined(match["columns"].split(), match["size"])
        return [_shown(name, size, match["day"], match["time"], now)]
    if match := _DOS.fullmatch(line):
        if match["kind"]:
            return [Entry(match["name"], is_file=False)]
        readings = _readings(match["size"], match["name"])
        return [_shown(name, size, match["day"], match["time"], now) for size, name in readings]
    return None


def _shown(name: str, size: str, day: str, time: str, now: datetime) -> Entry:
    number = read_size(_BEFORE_THOUSANDS.sub("", size))
    moment = _shown_moment(day, time, now)
    return Entry(name, is_file=True, shown_size=number, shown_modified=moment)


def _joined(columns: list[str], size: str) -> str:
    """Returns a size together with the thousands before it, as in `1 owner group 1 234`."""
    while (
        len(columns) > _LEADING_COLUMNS
        and len(size) < _MAX_SIZE_CHARACTERS
        and re.fullmatch("[0-9]{3}( |$).*", size)
        and re.fullmatch("[0-9]{1,3}", columns[-1])
    ):
        size = f"{columns.pop()} {size}"
    return size.replace(" ", "")


def _readings(size: str, name: str) -> Iterator[tuple[str, str]]:
    """Yields each reading of a size and a name of which the name may begin with thousands."""
    yield size, name
    while len(size) <= 15 and (match := _THOUSANDS.match(name)):
        size, name = size + match[1], name[match.end() :]
        yield size, name


def _shown_moment(day: str, time: str, now: datetime) -> int | None:
    """Returns a time of `LIST`, read as UTC, in nanoseconds since 1970, if it is a valid one.

    Without a year, it is the last such day that is at most a day ahead of `now`: the server's zone
    may be ahead of UTC.
    """
    numbers = [int(number) for number in re.findall("[0-9]+", day)]
    if len(numbers) == 3:
        year, month, number = _date(numbers, day)
        years = [year]
    else:
        name = day.strip("0123456789. ").lower().translate(_LATIN_1)
        month, number = _MONTHS.get(name[:4], _MONTHS.get(name[:3], 0)), numbers[0]
        years = [int(time)] if time.isdigit() else [now.year + 1, now.year, now.year - 1]
    for year in years:
        with suppress(ValueError):
            moment = datetime(year, month, number, *_clock(time), tzinfo=UTC)
            if len(years) == 1 or moment <= now + timedelta(days=1):
                return int(moment.timestamp()) * 10**9
    return None


def _clock(time: str) -> tuple[int, int, int]:
    """Returns hour, minute and second: 14:45, 02:45:00 or 2:45PM. They are 0 in a year."""
    match = _CLOCK.match(time)
    if not match:
        return 0, 0, 0
    hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
    if match[4]:  # 12:45AM is 00:45
        hour = hour % 12 + (12 if match[4] in "Pp" else 0)
    return hour, minute, second


def _date(numbers: list[int], day: str) -> tuple[int, int, int]:
    """Returns year, month and day: 2027-03-01, 01.03.2027, 03-01-27, or 15/03/2027."""
    first, second, third = numbers
    if first > 31:
        return first, second, third
    if "." in day or first > 12:
        first, second = second, first
    return third + 2000 if third < 100 else third, first, second


def read_size(text: str) -> int | None:
    """Parses a number of bytes. Returns `None` for any other text."""
    return int(text) if _SIZE.fullmatch(text) else None


def read_moment(text: str) -> int | None:
    """Parses a time of `MDTM` or `MLSD`, and returns nanoseconds since 1970.

    Returns `None` for any other text.
    """
    match = _MOMENT.fullmatch(text)
    if not match:
        return None
    try:
        moment = datetime.fromisoformat(f"{match[1][:8]}T{match[1][8:]}Z")
    except ValueError:
        return None
    return int(moment.timestamp()) * 10**9 + int((match[2] or "").ljust(9, "0"))
