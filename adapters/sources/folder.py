"""Deliveries from a local directory (D1), which is only ever read (D5)."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec

from adapters.sources.pickup import Changed, Look, Settling, counts, label, matching_steps, pick_up
from adapters.sources.source import DeliveredFile, SourceUnreachable, Step, StillUploading


class FolderSource(msgspec.Struct, frozen=True):
    """Every regular file directly in `directory` whose name matches `pattern` (D2)."""

    directory: Path
    pattern: str
    settle: float = 0
    settle_limit: float = 60

    @property
    def place(self) -> str:
        """The directory."""
        return f"folder {self.directory}"

    @property
    def warnings(self) -> tuple[str, ...]:
        """A folder has nothing to warn of."""
        return ()

    def fetch(self, limit: int) -> list[DeliveredFile]:
        """The matching files, oldest first, then by name (D3).

        Raises `SourceUnreachable` when the directory or a file cannot be read, and
        `StillUploading` when a file changes meanwhile (D4).
        """
        settling = Settling(self.settle, self.settle_limit)
        return pick_up(_Folder(self.directory, self.pattern), limit, settling)

    def steps(self) -> Iterator[Step]:
        """That the directory can be read, and which files match.

        Raises `SourceUnreachable` where it cannot.
        """
        steps = matching_steps(_Folder(self.directory, self.pattern), self.pattern)
        first = next(steps)
        yield Step("directory", f"{self.directory} can be read")
        yield first
        yield from steps


class _Folder(msgspec.Struct, frozen=True):
    """A local directory as every directory is looked at and read."""

    directory: Path
    pattern: str

    def look(self) -> dict[str, Look]:
        """Every file that counts, links never."""
        seen = {}
        try:
            for path in self.directory.iterdir():
                if counts(path.name, self.pattern):
                    try:
                        found = path.lstat()
                    except FileNotFoundError:
                        continue
                    if stat.S_ISREG(found.st_mode):
                        seen[path.name] = Look(found.st_size, found.st_mtime_ns)
        except OSError as error:
            raise _unreachable(error, self.directory) from error
        return seen

    def read(self, name: str, look: Look, limit: int) -> bytes:
        """The bytes of a file, at most `limit` and one more."""
        try:
            return read_file(self.directory / name, limit).data
        except (FileNotFoundError, StillUploading):
            raise Changed(name) from None
        except OSError as error:
            raise _unreachable(error, self.directory) from error


def _unreachable(error: OSError, directory: Path) -> SourceUnreachable:
    return SourceUnreachable(f"{error.filename or directory}: {error.strerror}")


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
    """A file's name as text, even where it is none."""
    return label(path.name)


def _delivered(path: Path, found: os.stat_result, data: bytes) -> DeliveredFile:
    look = Look(max(found.st_size, len(data)), found.st_mtime_ns)
    return DeliveredFile(name_of(path), look.moment, data, look.size)
