"""Deliveries from a local directory (D1), which is only ever read (D5)."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec

from adapters.sources.source import DeliveredFile, SourceUnreachable, StillUploading


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
        return sorted(files, key=lambda file: (file.modified, file.name))

    def _matches(self, path: Path) -> bool:
        return fnmatchcase(path.name, self.pattern) and stat.S_ISREG(path.lstat().st_mode)


def read_file(path: Path, limit: int) -> DeliveredFile:
    """One file, read whole: as many bytes as it is said to have, before and after (D4)."""
    with path.open("rb") as stream:
        before = path.stat()
        data = stream.read(limit + 1)
        after = path.stat()
    size = min(before.st_size, limit + 1)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or (
        len(data) != size
    ):
        raise StillUploading(path.name)
    return DeliveredFile(
        path.name, datetime.fromtimestamp(before.st_mtime, UTC), data, before.st_size
    )
