"""Files that were read whole, until their run is stored (D4).

Some servers delete a file when it was read. Then these rows hold the only copy of it. No event
holds them, so they cannot be rebuilt.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

from domain.company_runs.events import FileInfo
from projections import runs
from projections.tables import Operation, Table, Write


class KeptRow(NamedTuple):
    """The row of one kept file."""

    company: str
    name: str
    file: bytes
    content: bytes


TABLE = Table("kept", KeptRow, key=("company", "name"))

Key: TypeAlias = tuple[str, str, bytes]
"""The values of a row that name exactly one version of a file."""


def row(company: str, file: FileInfo, content: bytes) -> KeptRow:
    """Returns the row of a file."""
    return KeptRow(*key(company, file), content)


def key(company: str, file: FileInfo) -> Key:
    """Returns the values by which the row of a file is found."""
    return company, file.name, runs.dump_file(file)


def forget_write(company: str, files: Iterable[FileInfo]) -> Write:
    """Returns the write that deletes exactly these versions of files."""
    rows = (key(company, file) for file in files)
    return Write(Operation.DELETE, TABLE, rows, ("company", "name", "file"))
