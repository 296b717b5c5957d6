"""What FTP servers say of the files in a directory, in three commands and many dialects.

Lines in, entries out: `MLSD` tells everything in one way, `LIST` shows to people what `ls -l` or
`dir` would, `NLST` gives names alone.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, datetime
from typing import NamedTuple

_MOMENT = re.compile(r"(\d{14})(?:\.(\d{1,9})\d*)?", re.ASCII)  # 20270301024500.123, in UTC
_SIZE = re.compile(r"\d{1,18}", re.ASCII)

# -rw-r--r--   1 owner    group         812 Mar  1 02:45 name
# What is between rights and size differs: some servers leave out, some names have spaces.
_UNIX = re.compile(
    r"(?P<kind>[-a-zA-Z])[-a-zA-Z\[\]]{9,10}[+@.]?\s.*?"
    r"(?<=\s)\d+(?:, +\d+)?\s+"
    r"(?:[^\W\d]{3,5}\.?\s+\d{1,2}\s+|\d{1,2}\.?\s+[^\W\d]{3,5}\.?\s+|\d{4}-\d\d-\d\d\s+)"
    r"(?:\d{4}|\d{1,2}:\d\d(?::\d\d)?) (?P<name>.+)"
)
# 03-01-27  02:45AM                  812 name
# 03-01-2027  02:45AM       <DIR>          name
_DOS = re.compile(
    r"(?:\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d\d)|\d{4}-\d\d-\d\d)\s+\d{1,2}:\d\d(?::\d\d)?\s?"
    r"(?:[AaPp][Mm])?\s+(?:(?P<kind><\w+>)\s+|[\d.,]+\s)(?P<name>.+)",
    re.ASCII,
)
_TOTAL = re.compile(r"\s*|total(?: of)? \d+.*", re.ASCII | re.IGNORECASE)
_POINTS_TO = " -> "


class Entry(NamedTuple):
    """What a listing tells of one name; `None` is what it does not tell."""

    name: str
    is_file: bool | None = None  # a regular one
    size: int | None = None  # bytes
    modified: int | None = None  # nanoseconds since 1970


def fact_entry(line: str) -> Entry:
    """An entry as `MLSD` tells it: `type=file;size=812;modify=20270301024500; name`."""
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


def shown_entries(line: str) -> list[Entry] | None:
    """What a line of `LIST` shows: one entry, mostly, or `None` where it is not understood.

    Only name and kind: sizes are rounded by some, and times lack their year or zone. A link is
    shown with its target, and where one ends and the other starts is any of the arrows.
    """
    if _TOTAL.fullmatch(line):
        return []
    if match := _UNIX.fullmatch(line):
        kind, name = match["kind"], match["name"]
        if kind != "l":
            return [Entry(name, kind == "-")]
        parts = name.split(_POINTS_TO)
        ends = range(1, max(2, len(parts)))
        return [Entry(_POINTS_TO.join(parts[:end]), is_file=False) for end in ends]
    if match := _DOS.fullmatch(line):
        return [Entry(match["name"], match["kind"] is None)]
    return None


def name_in(places: Collection[str], path: str) -> str | None:
    """The name that a path has in the directory that is listed; `None` if it is elsewhere.

    Servers may give paths where they are asked for names: `./name`, or `/outgoing/name`. `places`
    is what they may call the directory.
    """
    if "/" not in path:
        return path
    where, _, name = path.rpartition("/")
    return name if where in places else None


def read_size(text: str) -> int | None:
    """A number of bytes, as `SIZE` and `MLSD` tell it."""
    return int(text) if _SIZE.fullmatch(text) else None


def read_moment(text: str) -> int | None:
    """Nanoseconds since 1970, of a moment as `MDTM` and `MLSD` tell it."""
    match = _MOMENT.fullmatch(text)
    if not match:
        return None
    try:
        moment = datetime.strptime(match[1], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    return int(moment.timestamp()) * 10**9 + int((match[2] or "").ljust(9, "0"))


_HOST_AND_PORT = re.compile(r"(?:\d{1,3},){4}(\d{1,3}),(\d{1,3})", re.ASCII)
_PORT = re.compile(r"\((?P<mark>[!-~])(?P=mark){2}(\d{1,5})(?P=mark)\)", re.ASCII)


def passive_port(reply: str) -> int | None:
    """The port that `PASV` or `EPSV` names.

    The address is not for us: a server behind a router does not know its own, and another's is
    none that we would call.
    """
    if match := _HOST_AND_PORT.search(reply):
        high, low = int(match[1]), int(match[2])
        port = high * 256 + low if max(high, low) < 256 else 0
    elif match := _PORT.search(reply):
        port = int(match[2])
    else:
        return None
    return port if 0 < port < 65536 else None
