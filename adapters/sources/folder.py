"""Deliveries from a local directory (D1), which is only ever read (D5)."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec

from adapters.sources.source import DeliveredFile, SourceUnreachable, StillUploading, in_order


class FolderSource(msgspec.Struct, frozen=True):
    """Every regular file directly in `directory` whose name matches `pattern` (D2)."""

    directory: Path
    pattern: str

    def fetch(self, limit: int) -> list[DeliveredFile]:
        """The matching files, oldest first, then by name (D3).

        Of a file with more than `limit` bytes one byte more is read, and no further. Raises
        `SourceUnreachable` when the directory or a file cannot be read, and `StillUploading` when
        a file changes meanwhile (D4).
        """
        try:
            paths = [path for path in self.directory.iterdir() if self._matches(path)]
            files = [read_file(path, limit) for path in paths]
        except OSError as error:
            what = f"{error.filename or self.directory}: {error.strerror}"
            raise SourceUnreachable(what) from error
        return in_order(files)

    def _matches(self, path: Path) -> bool:
        return fnmatchcase(path.name, self.pattern) and stat.S_ISREG(path.lstat().st_mode)


def read_file(path: Path, limit: int) -> DeliveredFile:
    """One file of a source, read whole: as many bytes as it is said to have, and no change (D4).

    Raises `OSError`, or `StillUploading` when it changes meanwhile.
    """
    with path.open("rb") as stream:
        before = os.fstat(stream.fileno())
        data = stream.read(limit + 1)
        after = path.stat()
    changed = (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns)
    if changed or len(data) != min(before.st_size, limit + 1):
        raise StillUploading(name_of(path))
    return _delivered(path, before, data)


def read_named_file(path: Path, limit: int) -> DeliveredFile:
    """A file that somebody named: taken as it is, a pipe as well. Raises `OSError`."""
    with path.open("rb") as stream:
        return _delivered(path, os.fstat(stream.fileno()), stream.read(limit + 1))


def name_of(path: Path) -> str:
    """A file's name as text, even where it is none: every other byte is written as `\\xff`."""
    return os.fsencode(path.name).decode("utf-8", "backslashreplace")


def _delivered(path: Path, found: os.stat_result, data: bytes) -> DeliveredFile:
    modified = datetime.fromtimestamp(found.st_mtime, UTC)
    return DeliveredFile(name_of(path), modified, data, max(found.st_size, len(data)))
