"""Picks up complete and unchanged files, in order, with any protocol (D2 to D4; ADR 0014)."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import NamedTuple, Protocol

from msgspec.structs import replace

from adapters.sources.source import (
    DeliveredFile,
    SourceUnreachable,
    Step,
    StillUploading,
    in_order,
)

MAX_ENTRIES = 100_000  # of one listing, which a hostile server may never end (ADR 0017)
_MAX_NAME_CHARACTERS = 255
_MAX_DELIVERY_BYTES = 1024**3  # all files of a delivery are in memory at the same time
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class FileStat(NamedTuple):
    """The size of a file in bytes, and its modification time in nanoseconds since 1970.

    The time is as exact as the directory gives it, because two listings are compared.
    """

    size: int
    modified: int

    @property
    def moment(self) -> datetime:
        """The modification time as a datetime in UTC."""
        return _EPOCH + timedelta(microseconds=self.modified // 1000)


class Changed(Exception):
    """The file `name` changed or disappeared after it was listed."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Directory(Protocol):
    """A customer's directory, open for reading. Both methods may raise `SourceUnreachable`."""

    def look(self) -> Mapping[str, FileStat]:
        """Lists the directory and returns the files that count (D2), by name."""

    def read(self, name: str, listed: FileStat) -> bytes:
        """Returns the bytes of a file, at most one byte more than `listed.size`.

        The extra byte shows that the file has grown. Raises `Changed` if the file is gone or is
        visibly another file.
        """


class Stability(NamedTuple):
    """How long files must be unchanged, and the longest wait for that, both in seconds (D4)."""

    settle: float = 0
    limit: float = 60


def matches(name: str, pattern: str) -> bool:
    """Whether a name in a directory matches the pattern, which is case-sensitive (D2).

    A server may send any name. A path, a name with control characters, and a name that is longer
    than file systems allow never match.
    """
    if name in ("", ".", "..") or "/" in name or len(name) > _MAX_NAME_CHARACTERS:
        return False
    return fnmatchcase(name, pattern) and not any(map(_is_control, name))


def _is_control(char: str) -> bool:
    return unicodedata.category(char) == "Cc"


def display_name(name: str) -> str:
    """Returns a file's name as text. A byte that is not UTF-8 is written as `\\xff`."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def pick_up(
    directory: Directory,
    limit: int,
    stability: Stability,
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> list[DeliveredFile]:
    """Returns the files of a directory, oldest first, then by name (D3), all complete (D4).

    The files are complete if two listings, `stability.settle` seconds apart, are equal, if the
    number of bytes received is the number listed, and if a listing after reading is equal too. A
    file that is listed with more than `limit` bytes is not read; its data is `None`.

    Some servers delete, move or hide a file once it was read. Such a file counts: its bytes are the
    only copy. It must have been listed twice alike, so `settle = 0` keeps no such file.

    If a file changes, the loop starts again, until `stability.limit` seconds are over. With
    `settle = 0` there is one attempt. Raises `StillUploading` if a file keeps changing, and
    `SourceUnreachable`.
    """
    give_up = clock() + stability.limit
    listing = directory.look()

    def wait_for(changed: str | None) -> None:
        """Waits `settle` seconds. Raises `StillUploading` if a file has no time left to settle."""
        if changed and (not stability.settle or clock() + stability.settle > give_up):
            raise StillUploading(display_name(changed))
        sleep(stability.settle)

    changed: str | None = None
    kept: dict[str, DeliveredFile] = {}
    while listing:
        if changed or stability.settle:
            wait_for(changed)
            before, listing = listing, directory.look()
            changed = _difference(before, listing)
            if changed:
                continue
        files, changed = _read(directory, listing, limit)
        after = directory.look()
        if stability.settle:
            kept |= {name: _vanished(file) for name, file in files.items() if name not in after}
        staying = {name: stat for name, stat in listing.items() if name not in kept}
        changed = changed or _difference(staying, after)
        if not changed:
            return in_order((kept | {name: files[name] for name in staying}).values())
    return in_order(kept.values())


def _vanished(file: DeliveredFile) -> DeliveredFile:
    return replace(file, vanished=True)


def _read(
    directory: Directory, listing: Mapping[str, FileStat], limit: int
) -> tuple[dict[str, DeliveredFile], str | None]:
    """Reads the listed files, until one has changed.

    Returns the files that were read whole, by name, and the name of the file that has changed.
    """
    _check_total_size(listing, limit)
    files: dict[str, DeliveredFile] = {}
    for name, stat in listing.items():
        try:
            data = directory.read(name, stat) if stat.size <= limit else None
        except Changed as error:
            return files, error.name
        if data is not None and len(data) != stat.size:
            return files, name
        files[name] = DeliveredFile(display_name(name), stat.moment, data, stat.size)
    return files, None


def _check_total_size(listing: Mapping[str, FileStat], limit: int) -> None:
    """Raises `SourceUnreachable` if the files need too much memory together."""
    total = sum(stat.size for stat in listing.values() if stat.size <= limit)
    if total > max(limit, _MAX_DELIVERY_BYTES):
        raise SourceUnreachable(
            f"the {len(listing)} files that match hold {total} bytes together, more than Tenure "
            "fetches at once; ask the customer to clear the directory, or check `pattern`"
        )


def check_number(entries: int) -> None:
    """Raises `SourceUnreachable` if a listing has too many entries."""
    if entries > MAX_ENTRIES:
        raise SourceUnreachable(
            f"the directory holds more than {MAX_ENTRIES} entries; check `directory`, and ask the "
            "customer to clear it"
        )


def _difference(before: Mapping[str, FileStat], after: Mapping[str, FileStat]) -> str | None:
    """Returns the first name, in order, whose file differs between two listings."""
    changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return min(changed, default=None)


def matching_steps(directory: Directory, where: str, pattern: str) -> Iterator[Step]:
    """Lists the directory. Yields a step for it, for the number of matches, and for each file."""
    files = directory.look()
    yield Step("directory", f"{where} can be listed")
    number = f"{len(files)} file{'' if len(files) == 1 else 's'}" if files else "no file"
    yield Step("matching", f"{number} for {pattern}")
    for name, stat in sorted(files.items(), key=lambda item: (item[1].modified, item[0])):
        modified = f"modified {stat.moment:%Y-%m-%d %H:%M:%S} UTC"
        yield Step("file", f"{display_name(name)}, {stat.size} bytes, {modified}")
