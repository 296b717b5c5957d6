"""Stored files, and the files of a company that were read whole, until their run is stored."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from adapters.store.errors import KeptFileDamaged
from adapters.store.readable import read_or_none
from adapters.store.recorder import Recorder
from domain.company_runs.events import FileInfo
from domain.privacy import Redacted
from projections import kept, runs
from projections.tables import Operation, Write, seconds

_KEPT = "SELECT company, place, name, file FROM kept WHERE company = ? ORDER BY place, name"
_KEPT_BEFORE = "SELECT company, place, name, file FROM kept WHERE since < ?"
_KEPT_CONTENT = "SELECT content FROM kept WHERE company = ? AND place = ? AND name = ? AND file = ?"


class StoredFile(Redacted, frozen=True):
    """A file that is stored: its recorded facts (`info`), and its bytes as received."""

    info: FileInfo
    data: bytes


def intact_file(file: Any, content: object) -> FileInfo | None:
    """Returns the facts of a stored file, or `None` if facts and bytes are not as received."""
    info = read_or_none(runs.load_file, file)
    return info if info is not None and _is_intact(info, content) else None


def _is_intact(file: FileInfo, content: object) -> bool:
    return isinstance(content, bytes) and hashlib.sha256(content).hexdigest() == file.sha256


class KeptFile(Redacted, frozen=True):
    """A kept file. `info` has its facts, or is `None` if they are damaged."""

    key: kept.Key
    info: FileInfo | None


def is_sound(row: kept.KeptRow) -> bool:
    """Returns whether a kept file is as it was received."""
    info = intact_file(row.file, row.content)
    # An edit by hand may have left values of other types.
    place: object = row.place
    since: object = row.since
    as_stored = isinstance(place, str) and isinstance(since, int)
    return as_stored and info is not None and info.name == row.name


class KeptFiles:
    """The kept files of one company (ADR 0025). Each method is a transaction of its own.

    The methods raise `StoreUnavailable`.
    """

    def __init__(self, database: Recorder, company: str) -> None:
        self._database = database
        self._company = company

    def keep(self, file: StoredFile, place: str, since: datetime) -> None:
        """Keeps a file that came from a place, instead of an earlier file of its name there."""
        rows = [kept.row(self._company, place, since, file.info, file.data)]
        self._database.insert_events((), writes=[Write(Operation.UPSERT, kept.TABLE, rows)])

    def forget(self, keys: Sequence[kept.Key]) -> None:
        """Deletes exactly these versions of files. Another version of the same name stays."""
        _forget(self._database, keys)

    def files(self) -> list[KeptFile]:
        """Returns all kept files, by place and name."""
        with self._database.reading() as query:
            rows = query(_KEPT, (self._company,))
        return [_kept_file(kept.Key(*row)) for row in rows]

    def load(self, file: KeptFile) -> StoredFile | None:
        """Returns a kept file with its bytes, or `None` if this version is not kept any more.

        Raises `KeptFileDamaged` if the file is not as it was received.
        """
        with self._database.reading() as query:
            rows = query(_KEPT_CONTENT, file.key)
        for (content,) in rows:
            if file.info is None or not _is_intact(file.info, content):
                raise KeptFileDamaged(file.key.name)
            return StoredFile(file.info, content)
        return None


def forget_kept(database: Recorder, before: datetime) -> None:
    """Deletes the files of all companies that are kept since an earlier moment."""
    with database.reading() as query:
        rows = query(_KEPT_BEFORE, (seconds(before),))
    _forget(database, [kept.Key(*row) for row in rows])


def _forget(database: Recorder, keys: Sequence[kept.Key]) -> None:
    if keys:
        database.insert_events((), writes=[kept.forget_write(keys)])


def _kept_file(key: kept.Key) -> KeptFile:
    info = read_or_none(runs.load_file, key.file)
    return KeptFile(key, info if info and info.name == key.name else None)
