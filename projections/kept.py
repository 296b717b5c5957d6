"""Files that were read whole, until their run is stored (D4).

Some servers delete a file when it was read. Then these rows hold the only copy of it. No event
holds them, so they cannot be rebuilt.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from domain.company_runs.events import FileInfo
from projections import runs
from projections.tables import Operation, Table, Write, seconds


class Key(NamedTuple):
    """The values of a row that name exactly one version of a file, in the place it came from."""

    company: str
    place: str
    name: str
    file: bytes


class KeptRow(NamedTuple):
    """The row of one kept file. `since` is in seconds since 1970."""

    company: str
    place: str
    name: str
    file: bytes
    since: int
    content: bytes

    @property
    def key(self) -> Key:
        """The values that name this version of the file."""
        return Key(*self[:4])


TABLE = Table("kept", KeptRow, key=("company", "place", "name"))


def row(company: str, place: str, since: datetime, file: FileInfo, content: bytes) -> KeptRow:
    """Returns the row of a file."""
    facts = runs.dump_file(file)
    return KeptRow(company, place, file.name, facts, seconds(since), content)


def forget_write(keys: Iterable[Key]) -> Write:
    """Returns the write that deletes exactly these versions of files."""
    return Write(Operation.DELETE, TABLE, keys, Key._fields)
