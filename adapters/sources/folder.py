"""Reads deliveries from a local directory (D1), and changes nothing there (D5)."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from adapters.progress import UNWATCHED, Advance, Progress
from adapters.sources.failures import translate_errors
from adapters.sources.names import display_name, is_of_interest
from adapters.sources.pickup import (
    Changed,
    FileStat,
    Listing,
    Stability,
    check_number,
    make_listing,
    pick_up,
)
from adapters.sources.settings import PATTERN, Pattern, Seconds
from adapters.sources.source import DeliveredFile, Keeper, PickUp, Step

# Errors of `open` if the listed file is gone, or is now a link, a socket or a directory.
_REPLACED = (errno.ENOENT, errno.ELOOP, errno.ENXIO, errno.EISDIR)


class FolderSource(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="protocol", tag="folder"
):
    """The regular files directly in `directory` whose names match `pattern` (D2).

    `settle` and `settle_limit` are in seconds (D4).
    """

    directory: Path
    pattern: Pattern = PATTERN
    settle: Seconds = 0
    settle_limit: Seconds = 60

    @property
    def place(self) -> str:
        """The directory, in words for an operator."""
        return f"folder {self.directory}"

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence if the directory is not there."""
        missing = f"there is no directory {display_name(str(self.directory))}; check `directory`"
        return () if self.directory.is_dir() else (missing,)

    def fetch(self, limit: int, keeper: Keeper, progress: Progress = UNWATCHED) -> PickUp:
        """Returns the matching files. `keeper` gets each file as soon as it was read whole.

        A file of more than `limit` bytes is returned without its data. Raises `SourceUnreachable`
        if the directory or a file cannot be read, and `StillUploading` if a file keeps changing
        (D4).
        """
        stability = Stability(self.settle, self.settle_limit)
        folder = _Folder(self.directory, self.pattern)
        return pick_up(folder, limit, stability, keeper, progress)

    def steps(self) -> Iterator[Step]:
        """Yields a step for the listed directory, and a step for each matching file.

        Raises `SourceUnreachable` if the directory cannot be listed.
        """
        from adapters.sources.matching import matching_steps

        folder = _Folder(self.directory, self.pattern)
        yield from matching_steps(folder, str(self.directory), self.pattern)


class _Folder(msgspec.Struct, frozen=True):
    """A local directory as a `Directory` of `pickup`."""

    directory: Path
    pattern: str

    def look(self) -> Listing:
        """Lists the regular files. Links do not count (D2)."""
        unlisted = f"{display_name(str(self.directory))} cannot be listed"
        with translate_errors(unlisted, "`directory`"):
            return make_listing(self._entries(), self.pattern)

    def _entries(self) -> Iterator[tuple[str, FileStat]]:
        for number, path in enumerate(self.directory.iterdir(), 1):
            check_number(number)
            if is_of_interest(path.name, self.pattern):
                with suppress(FileNotFoundError):
                    if stat := _file_stat(path.lstat()):
                        yield path.name, stat

    @contextmanager
    def reading(self, name: str, listed: FileStat, advance: Advance) -> Iterator[bytes]:
        """Yields the bytes of a file, at most one byte more than `listed.size`."""
        path = self.directory / name
        with translate_errors(
            f"{display_name(str(path))} cannot be read", "`directory` and its permissions"
        ):
            try:
                data = read_file(path, listed)
            except OSError as error:
                if error.errno in _REPLACED:
                    raise Changed(name) from None
                raise
        advance(len(data))
        yield data

    def close(self) -> None:
        """Does nothing: nothing of the directory stays open."""


def read_file(path: Path, listed: FileStat) -> bytes:
    """Returns the bytes of a listed file, at most one byte more than `listed.size` (D4).

    Does not follow a link and does not wait for a pipe that has replaced the file. Raises
    `OSError`, or `Changed` if the size differs from `listed`, or size or time change
    during reading.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as stream:
        before = _file_stat(os.fstat(stream.fileno()))
        if before is None or before.size != listed.size:
            raise Changed(path.name)
        data = stream.read(listed.size + 1)
        if _file_stat(os.fstat(stream.fileno())) != before:
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
