"""How files are picked up, whatever the protocol: complete, unchanged, and in order (D2 to D4)."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import NamedTuple, Protocol

from adapters.sources.source import (
    DeliveredFile,
    SourceUnreachable,
    Step,
    StillUploading,
    in_order,
)

ENTRIES = 100_000  # in one directory; a listing that goes on is no customer's
_NAME = 255  # characters
_TOGETHER = 1024**3  # bytes of all files of a delivery, which are in memory at the same time
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class FileStat(NamedTuple):
    """What a directory says of a file: its size in bytes, and when it was modified.

    The moment is in nanoseconds since 1970, as exact as the directory tells it: two looks are
    compared.
    """

    size: int
    modified: int

    @property
    def moment(self) -> datetime:
        """When it was modified."""
        return _EPOCH + timedelta(microseconds=self.modified // 1000)


class Changed(Exception):
    """A file is no longer what the last look saw: other, or gone."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Directory(Protocol):
    """A customer's directory, open for reading. Both questions may raise `SourceUnreachable`."""

    def look(self) -> Mapping[str, FileStat]:
        """Every file that counts (D2), by name."""

    def read(self, name: str, listed: FileStat) -> bytes:
        """The bytes of a file that looked like this, at most as many as that and one more.

        Raises `Changed` when it is gone, or shows to be another.
        """


class Stability(NamedTuple):
    """How long files must stand still, and how long that is waited for, in seconds (D4)."""

    settle: float = 0
    limit: float = 60


def matches(name: str, pattern: str) -> bool:
    """Whether a name in a directory matches, upper and lower case told apart (D2).

    A name that is a path, that is longer than any file system has them, or that holds control
    characters never does: a server may say anything.
    """
    if name in ("", ".", "..") or "/" in name or len(name) > _NAME:
        return False
    return fnmatchcase(name, pattern) and not any(map(_is_control, name))


def _is_control(sign: str) -> bool:
    return unicodedata.category(sign) == "Cc"


def display_name(name: str) -> str:
    """A file's name as text, even where it is none: every other byte is written as `\\xff`."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def pick_up(
    directory: Directory,
    limit: int,
    settling: Stability,
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> list[DeliveredFile]:
    """The files of a directory, oldest first, then by name (D3), each of them complete (D4).

    Complete means: two looks `settle` apart saw the same, as many bytes came as are listed, and a
    look afterwards still sees it. A file that is listed with more than `limit` bytes is not read.
    Whatever changes meanwhile is waited for while the limit lasts; without `settle` there is one
    attempt. Raises `StillUploading` when that is over, and `SourceUnreachable`.
    """
    give_up = clock() + settling.limit
    seen = directory.look()

    def wait_for(changing: str | None) -> None:
        """Waits `settle`, unless a file is changing that would not settle within the limit."""
        if changing and (not settling.settle or clock() + settling.settle > give_up):
            raise StillUploading(display_name(changing))
        sleep(settling.settle)

    changing: str | None = None
    while seen:
        if changing or settling.settle:
            wait_for(changing)
            last, seen = seen, directory.look()
            changing = _difference(last, seen)
            if changing:
                continue
        files, changing = _read(directory, seen, limit)
        if not changing:
            return in_order(files)
    return []


def _read(
    directory: Directory, seen: Mapping[str, FileStat], limit: int
) -> tuple[list[DeliveredFile], str | None]:
    """Every file, and the name of one that changed meanwhile, if any did."""
    _check_together(seen, limit)
    files = []
    try:
        for name, stat in seen.items():
            data = directory.read(name, stat) if stat.size <= limit else None
            if data is not None and len(data) != stat.size:
                return [], name
            files.append(DeliveredFile(display_name(name), stat.moment, data, stat.size))
    except Changed as changed:
        return [], changed.name
    changed_name = _difference(seen, directory.look())
    return ([] if changed_name else files), changed_name


def _check_together(seen: Mapping[str, FileStat], limit: int) -> None:
    """Raises `SourceUnreachable` for more bytes than a machine should be asked to hold."""
    together = sum(stat.size for stat in seen.values() if stat.size <= limit)
    if together > max(limit, _TOGETHER):
        raise SourceUnreachable(
            f"the {len(seen)} files that match hold {together} bytes together, more than are "
            "fetched at once; ask the customer to clear the directory, or check `pattern`"
        )


def check_number(entries: int) -> None:
    """Raises `SourceUnreachable` for a listing that does not end."""
    if entries > ENTRIES:
        raise SourceUnreachable(
            f"the directory holds more than {ENTRIES} entries; check `directory`, and ask the "
            "customer to clear it"
        )


def _difference(one: Mapping[str, FileStat], other: Mapping[str, FileStat]) -> str | None:
    """The first file, by name, of which two looks saw different things, or only one saw any."""
    changed = [name for name in {**one, **other} if one.get(name) != other.get(name)]
    return min(changed, default=None)


def matching_steps(directory: Directory, where: str, pattern: str) -> Iterator[Step]:
    """What a look into the directory finds: how many files match, and each of them."""
    seen = directory.look()
    yield Step("directory", f"{where} can be listed")
    number = f"{len(seen)} file{'' if len(seen) == 1 else 's'}" if seen else "no file"
    yield Step("matching", f"{number} for {pattern}")
    for name, stat in sorted(seen.items(), key=lambda each: (each[1].modified, each[0])):
        modified = f"modified {stat.moment:%Y-%m-%d %H:%M:%S} UTC"
        yield Step("file", f"{display_name(name)}, {stat.size} bytes, {modified}")
