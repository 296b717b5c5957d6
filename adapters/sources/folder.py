"""Deliveries from a local directory (D1), which is only ever read (D5)."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec

from adapters.sources.failures import translate_errors
from adapters.sources.pickup import (
    Changed,
    FileStat,
    Stability,
    check_number,
    display_name,
    matches,
    matching_steps,
    pick_up,
)
from adapters.sources.source import DeliveredFile, Step

# What opening a file comes to that is gone, or that is a link, a socket or a directory by now.
_ANOTHER = (errno.ENOENT, errno.ELOOP, errno.ENXIO, errno.EISDIR)


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
        settling = Stability(self.settle, self.settle_limit)
        return pick_up(_Folder(self.directory, self.pattern), limit, settling)

    def steps(self) -> Iterator[Step]:
        """That the directory can be read, and which files match.

        Raises `SourceUnreachable` where it cannot.
        """
        folder = _Folder(self.directory, self.pattern)
        yield from matching_steps(folder, str(self.directory), self.pattern)


class _Folder(msgspec.Struct, frozen=True):
    """A local directory as every directory is looked at and read."""

    directory: Path
    pattern: str

    def look(self) -> dict[str, FileStat]:
        """Every file that counts, links never."""
        seen = {}
        with translate_errors(
            f"{display_name(str(self.directory))} cannot be listed", "`directory`"
        ):
            for number, path in enumerate(self.directory.iterdir(), 1):
                check_number(number)
                if matches(path.name, self.pattern):
                    try:
                        found = path.lstat()
                    except FileNotFoundError:
                        continue
                    if stat.S_ISREG(found.st_mode):
                        seen[path.name] = FileStat(found.st_size, found.st_mtime_ns)
        return seen

    def read(self, name: str, listed: FileStat) -> bytes:
        """The bytes of a file, at most as many as it had and one more."""
        path = self.directory / name
        with translate_errors(
            f"{display_name(str(path))} cannot be read", "`directory`, and who may read it"
        ):
            try:
                return read_file(path, listed)
            except OSError as error:
                if error.errno in _ANOTHER:
                    raise Changed(name) from None
                raise


def read_file(path: Path, listed: FileStat) -> bytes:
    """A file of a source that looked like this, at most as many bytes and one more (D4).

    A link or a pipe that has taken its place is not followed or waited for. Raises `OSError`, or
    `Changed` when it is another file by now, or changes meanwhile.
    """
    opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(opened, "rb") as stream:
        if _look(os.fstat(stream.fileno())) != listed:
            raise Changed(path.name)
        data = stream.read(listed.size + 1)
        if _look(os.fstat(stream.fileno())) != listed:
            raise Changed(path.name)
    return data


def _look(found: os.stat_result) -> FileStat | None:
    """What a file says of itself, if it counts."""
    return FileStat(found.st_size, found.st_mtime_ns) if stat.S_ISREG(found.st_mode) else None


def read_named_file(path: Path, limit: int) -> DeliveredFile:
    """A file that somebody named: taken as it is, a pipe as well. Raises `OSError`."""
    with path.open("rb") as stream:
        found, data = os.fstat(stream.fileno()), stream.read(limit + 1)
    size = max(found.st_size, len(data))
    stat = FileStat(size, found.st_mtime_ns)
    return DeliveredFile(display_name(path.name), stat.moment, None if size > limit else data, size)
