"""Reads deliveries from a local directory (D1), and changes nothing there (D5)."""

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

# Errors of `open` if the listed file is gone, or is now a link, a socket or a directory.
_REPLACED = (errno.ENOENT, errno.ELOOP, errno.ENXIO, errno.EISDIR)


class FolderSource(msgspec.Struct, frozen=True):
    """The regular files directly in `directory` whose names match `pattern` (D2).

    `settle` and `settle_limit` are in seconds (D4).
    """

    directory: Path
    pattern: str
    settle: float = 0
    settle_limit: float = 60

    @property
    def place(self) -> str:
        """The directory, in words for an operator."""
        return f"folder {self.directory}"

    @property
    def warnings(self) -> tuple[str, ...]:
        """Always empty: a folder has no secrets and no keys."""
        return ()

    def fetch(self, limit: int) -> list[DeliveredFile]:
        """Returns the matching files, oldest first, then by name (D3).

        A file of more than `limit` bytes is returned without its data. Raises `SourceUnreachable`
        if the directory or a file cannot be read, and `StillUploading` if a file keeps changing
        (D4).
        """
        stability = Stability(self.settle, self.settle_limit)
        return pick_up(_Folder(self.directory, self.pattern), limit, stability)

    def steps(self) -> Iterator[Step]:
        """Yields a step for the listed directory, and a step for each matching file.

        Raises `SourceUnreachable` if the directory cannot be listed.
        """
        folder = _Folder(self.directory, self.pattern)
        yield from matching_steps(folder, str(self.directory), self.pattern)


class _Folder(msgspec.Struct, frozen=True):
    """A local directory as a `Directory` of `pickup`."""

    directory: Path
    pattern: str

    def look(self) -> dict[str, FileStat]:
        """Returns the matching regular files by name. Links do not count (D2)."""
        files = {}
        with translate_errors(
            f"{display_name(str(self.directory))} cannot be listed", "`directory`"
        ):
            for number, path in enumerate(self.directory.iterdir(), 1):
                check_number(number)
                if matches(path.name, self.pattern):
                    try:
                        result = path.lstat()
                    except FileNotFoundError:
                        continue
                    if file_stat := _file_stat(result):
                        files[path.name] = file_stat
        return files

    def read(self, name: str, listed: FileStat) -> bytes:
        """Returns the bytes of a file, at most one byte more than `listed.size`."""
        path = self.directory / name
        with translate_errors(
            f"{display_name(str(path))} cannot be read", "`directory` and its permissions"
        ):
            try:
                return read_file(path, listed)
            except OSError as error:
                if error.errno in _REPLACED:
                    raise Changed(name) from None
                raise


def read_file(path: Path, listed: FileStat) -> bytes:
    """Returns the bytes of a listed file, at most one byte more than `listed.size` (D4).

    Does not follow a link and does not wait for a pipe that has replaced the file. Raises
    `OSError`, or `Changed` if size or time differ from `listed` before or after reading.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as stream:
        if _file_stat(os.fstat(stream.fileno())) != listed:
            raise Changed(path.name)
        data = stream.read(listed.size + 1)
        if _file_stat(os.fstat(stream.fileno())) != listed:
            raise Changed(path.name)
    return data


def _file_stat(result: os.stat_result) -> FileStat | None:
    """Returns size and time of a regular file, and `None` for everything else."""
    return FileStat(result.st_size, result.st_mtime_ns) if stat.S_ISREG(result.st_mode) else None


def read_named_file(path: Path, limit: int) -> DeliveredFile:
    """Returns a file that a user named on the command line; it may be a pipe.

    The data is `None` if the file has more than `limit` bytes. Raises `OSError`.
    """
    with path.open("rb") as stream:
        result, data = os.fstat(stream.fileno()), stream.read(limit + 1)
    size = max(result.st_size, len(data))
    modified = FileStat(size, result.st_mtime_ns).moment
    return DeliveredFile(display_name(path.name), modified, None if size > limit else data, size)
