"""Parses the listings of FTP servers: three commands, with many variants.

`MLSD` has one format with all facts (RFC 3659). `LIST` is made for people and looks like the output
of `ls -l` or of `dir`. `NLST` has names only.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, datetime
from typing import NamedTuple

_MOMENT = re.compile(r"(\d{14})(?:\.(\d{1,9})\d*)?", re.ASCII)  # 20270301024500.123, in UTC
_SIZE = re.compile(r"\d{1,18}", re.ASCII)  # 812

# -rw-r--r--   1 owner    group         812 Mar  1 02:45 name
# The columns between rights and size are not parsed: some servers omit them, and the names of
# owner and group may contain blanks.
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
# An empty line, or the first line of a listing: total 24
_TOTAL = re.compile(r"\s*|total(?: of)? \d+.*", re.ASCII | re.IGNORECASE)
_POINTS_TO = " -> "


class Entry(NamedTuple):
    """One name of a listing, with its facts. A fact that the listing does not contain is `None`."""

    name: str
    is_file: bool | None = None  # a regular file
    size: int | None = None  # bytes
    modified: int | None = None  # nanoseconds since 1970


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


def shown_entries(line: str) -> list[Entry] | None:
    """Parses a line of `LIST`. Returns `None` if the line is not understood.

    An entry has only a name and a kind: some servers round the size, and the time has no year or no
    zone. A link is shown as `name -> target`. Both may contain an arrow, so a link gives an entry
    for each name that it may have.
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
    """Returns the file name of a path in the listed directory, and `None` for another directory.

    Some servers list paths instead of names: `./name` or `/outgoing/name`. `places` are the paths
    by which a server may name the directory.
    """
    if "/" not in path:
        return path
    directory, _, name = path.rpartition("/")
    return name if directory in places else None


def read_size(text: str) -> int | None:
    """Parses a number of bytes of `SIZE` or `MLSD`. Returns `None` for any other text."""
    return int(text) if _SIZE.fullmatch(text) else None


def read_moment(text: str) -> int | None:
    """Parses a time of `MDTM` or `MLSD`, and returns nanoseconds since 1970.

    Returns `None` for any other text.
    """
    match = _MOMENT.fullmatch(text)
    if not match:
        return None
    try:
        moment = datetime.strptime(match[1], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    return int(moment.timestamp()) * 10**9 + int((match[2] or "").ljust(9, "0"))


# PASV: 227 Entering Passive Mode (192,0,2,7,195,80)
_HOST_AND_PORT = re.compile(r"(?:\d{1,3},){4}(\d{1,3}),(\d{1,3})", re.ASCII)
# EPSV: 229 Entering Extended Passive Mode (|||50000|)
_PORT = re.compile(r"\((?P<mark>[!-~])(?P=mark){2}(\d{1,5})(?P=mark)\)", re.ASCII)


def passive_port(reply: str) -> int | None:
    """Returns the port in a reply to `PASV` or `EPSV`, and `None` for a malformed reply.

    Ignores the address in the reply: a server behind a router does not know its public address,
    and Tenure connects to no other machine (ADR 0017).
    """
    if match := _HOST_AND_PORT.search(reply):
        high, low = int(match[1]), int(match[2])
        port = high * 256 + low if max(high, low) < 256 else 0
    elif match := _PORT.search(reply):
        port = int(match[2])
    else:
        return None
    return port if 0 < port < 65536 else None
