"""Stored files, and the files of a company that were read whole, until their run is stored."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from adapters.store.readable import read_or_none
from adapters.store.recorder import Recorder
from domain.company_runs.events import FileInfo
from domain.privacy import Redacted
from projections import kept, runs
from projections.tables import Operation, Write

_KEPT = "SELECT file FROM kept WHERE company = ? ORDER BY name"
_KEPT_CONTENT = "SELECT content FROM kept WHERE company = ? AND name = ? AND file = ?"


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


class KeptFiles:
    """The kept files of one company (ADR 0025). Each method is a transaction of its own.

    The methods raise `StoreUnavailable`.
    """

    def __init__(self, database: Recorder, company: str) -> None:
        self._database = database
        self._company = company

    def keep(self, file: StoredFile) -> None:
        """Keeps a file, instead of an earlier file of the same name."""
        rows = [kept.row(self._company, file.info, file.data)]
        self._database.insert_events((), writes=[Write(Operation.UPSERT, kept.TABLE, rows)])

    def forget(self, files: Sequence[FileInfo]) -> None:
        """Deletes exactly these versions of files. Another version of the same name stays."""
        if files:
            write = kept.forget_write(self._company, files)
            self._database.insert_events((), writes=[write])

    def files(self) -> list[FileInfo]:
        """Returns the facts of all kept files, by name. `verify` finds those that it leaves out."""
        with self._database.reading() as query:
            rows = query(_KEPT, (self._company,))
        infos = (read_or_none(runs.load_file, file) for (file,) in rows)
        return [info for info in infos if info is not None]

    def content(self, file: FileInfo) -> bytes | None:
        """Returns the bytes of a kept file.

        `None` means that this version of the file is not kept any more, or that its bytes are not
        the ones that were received. In the second case, `verify` finds it.
        """
        with self._database.reading() as query:
            rows = query(_KEPT_CONTENT, kept.key(self._company, file))
        return next((content for (content,) in rows if _is_intact(file, content)), None)
