"""Picks up complete and unchanged files, in order, with any protocol (D2 to D4; ADR 0014)."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

from msgspec.structs import replace

from adapters.sources.names import display_name, matches, nearly_matches
from adapters.sources.source import (
    DeliveredFile,
    Keeper,
    PickUp,
    SourceUnreachable,
    Step,
    StillUploading,
    in_order,
)

MAX_ENTRIES = 100_000  # of one listing, which a hostile server may never end (ADR 0017)
_MAX_DELIVERY_BYTES = 1024**3  # all files of a delivery are in memory at the same time
_MAX_NEAR_MISSES = 10  # names that one run tells (W12)
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


class Listing(NamedTuple):
    """One look at a directory: the files that count (D2), by name, and the near misses (D9)."""

    files: Mapping[str, FileStat]
    near_misses: tuple[str, ...] = ()

    def without(self, names: Collection[str]) -> Listing:
        """Returns this listing without some of its files."""
        files = {name: stat for name, stat in self.files.items() if name not in names}
        return self._replace(files=files)


class Changed(Exception):
    """The file `name` changed or disappeared after it was listed.

    `is_as_listed` is true if only the number of received bytes differs from the listing.
    """

    def __init__(self, name: str, *, is_as_listed: bool = False) -> None:
        super().__init__(name)
        self.name = name
        self.is_as_listed = is_as_listed


class Directory(Protocol):
    """A customer's directory, open for reading. The methods may raise `SourceUnreachable`."""

    def look(self) -> Listing:
        """Lists the directory."""

    def reading(self, name: str, listed: FileStat) -> AbstractContextManager[bytes]:
        """Returns a block that has the bytes of a file, at most one byte more than `listed.size`.

        The file is open during the block if the protocol allows it: a server that deletes a file
        when it was read does so when the file is closed. Entering the block raises `Changed` if
        the file is gone. Entering or leaving it raises `Changed` if the file is another file now,
        or has grown: its bytes are then forgotten.
        """

    def close(self) -> None:
        """Closes the connection, which ends every wait on it. Any thread may call it."""


class Stability(NamedTuple):
    """How long files must be unchanged, and the longest wait for that, both in seconds (D4)."""

    settle: float = 0
    limit: float = 60


def pick_up(
    directory: Directory,
    limit: int,
    stability: Stability,
    keeper: Keeper,
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> PickUp:
    """Returns the files of a directory, oldest first, then by name (D3), all complete (D4).

    The files are complete if two listings, `stability.settle` seconds apart, are equal, if the
    number of bytes received is the number listed, and if a listing after reading is equal too. A
    file that is listed with more than `limit` bytes is not read; its data is `None`.

    Some servers delete, move or hide a file once it was read. Such a file counts: its bytes are the
    only copy. It must have been listed twice alike, so `settle = 0` keeps no such file.

    Some servers give a file another time at each look. If only times differ, the files are read a
    second time, `stability.settle` seconds later, and must have the same bytes.

    If a file changes, the loop starts again, until `stability.limit` seconds are over. With
    `settle = 0` there is one round. Raises `StillUploading` if a file keeps changing, and
    `SourceUnreachable`.
    """
    give_up = clock() + stability.limit
    settle = stability.settle
    listing = directory.look()
    vanished: dict[str, DeliveredFile] = {}
    while listing.files:
        done = _round(directory, listing, limit, settle, keeper, sleep)
        listing = done.listing
        if settle:
            vanished |= {k: _gone(file) for k, file in done.files.items() if k not in listing.files}
        if not done.changes:
            found = vanished | {name: done.files[name] for name in listing.files}
            return PickUp(in_order(found.values()), listing.near_misses)
        for change in done.changes:
            if settle and change.name in listing.files:  # a file that is gone stays kept
                keeper.forget(display_name(change.name))
        if not settle or clock() + settle > give_up:
            raise _unsettled(done.changes[0])
    return PickUp(in_order(vanished.values()), listing.near_misses)


class _Round(NamedTuple):
    """One reading of a directory: the last look, the files that were read whole, and changes."""

    listing: Listing
    files: dict[str, DeliveredFile]
    changes: list[Changed]


def _round(
    directory: Directory,
    before: Listing,
    limit: int,
    settle: float,
    keeper: Keeper,
    sleep: Callable[[float], None],
) -> _Round:
    """Looks again after `settle` seconds, reads the files if nothing changed, and looks again."""
    listing = before
    if settle:
        sleep(settle)
        listing = directory.look()
        if changes := _differences(before, listing, sizes_only=True):
            return _Round(listing, {}, changes)
    restless = before.files != listing.files
    files, changes = _read(directory, listing, limit, keeper if settle else None)
    after = directory.look()
    staying = listing.without(files.keys() - after.files.keys() if settle else ())
    changes = [*_differences(staying, after, sizes_only=restless), *changes]
    if restless and not changes:
        sleep(settle)
        again, changes = _read(directory, after, limit, None)
        last = directory.look()
        staying = after.without(again.keys() - last.files.keys())
        differences = _differences(staying, last, sizes_only=True)
        return _Round(last, files, [*differences, *_other_bytes(files, again), *changes])
    return _Round(after, files, changes)


def _gone(file: DeliveredFile) -> DeliveredFile:
    return replace(file, vanished=True)


def _read(
    directory: Directory, listing: Listing, limit: int, keeper: Keeper | None
) -> tuple[dict[str, DeliveredFile], list[Changed]]:
    """Reads the listed files, until one has changed.

    Returns the files that were read whole, by name, and the change.
    """
    _check_total_size(listing, limit)
    files: dict[str, DeliveredFile] = {}
    for name, stat in listing.files.items():
        try:
            files[name] = (
                _received(directory, name, stat, keeper)
                if stat.size <= limit
                else DeliveredFile(display_name(name), stat.moment, None, stat.size)
            )
        except Changed as change:
            return files, [change]
    return files, []


def _received(
    directory: Directory, name: str, stat: FileStat, keeper: Keeper | None
) -> DeliveredFile:
    """Returns a file with its bytes, which `keeper` has. Raises `Changed`."""
    read_whole = False
    try:
        with directory.reading(name, stat) as data:
            if len(data) != stat.size:
                raise Changed(name, is_as_listed=True)
            file = DeliveredFile(display_name(name), stat.moment, data, stat.size)
            read_whole = True
            if keeper:
                keeper.keep(file)
    except Changed:
        if keeper and read_whole:  # the file has grown meanwhile; a file that is gone stays kept
            keeper.forget(display_name(name))
        raise
    return file


def _check_total_size(listing: Listing, limit: int) -> None:
    """Raises `SourceUnreachable` if the files need too much memory together."""
    total = sum(stat.size for stat in listing.files.values() if stat.size <= limit)
    if total > max(limit, _MAX_DELIVERY_BYTES):
        raise SourceUnreachable(
            f"the {len(listing.files)} files that match hold {total} bytes together, more than "
            "Tenure fetches at once; ask the customer to clear the directory, or check `pattern`"
        )


def _differences(before: Listing, after: Listing, *, sizes_only: bool) -> list[Changed]:
    """Returns the files, by name, that differ between two listings."""

    def fact(listing: Listing, name: str) -> object:
        stat = listing.files.get(name)
        return stat.size if stat and sizes_only else stat

    names = sorted({*before.files, *after.files})
    return [Changed(name) for name in names if fact(before, name) != fact(after, name)]


def _other_bytes(
    files: Mapping[str, DeliveredFile], again: Mapping[str, DeliveredFile]
) -> list[Changed]:
    """Returns the files whose bytes differ between two readings."""
    return [Changed(name) for name, file in again.items() if file.data != files[name].data]


def _unsettled(change: Changed) -> Exception:
    """Returns the error for a file that never stood still, or is never what its listing says."""
    name = display_name(change.name)
    if not change.is_as_listed:
        return StillUploading(name)
    return SourceUnreachable(
        f"{name} has another number of bytes than the server lists; ask the customer whether their "
        "server converts files while it sends them, or lists wrong sizes"
    )


def make_listing(entries: Iterable[tuple[str, FileStat]], pattern: str) -> Listing:
    """Returns the listing of the regular files of a directory, each with its size and time."""
    files: dict[str, FileStat] = {}
    near_misses = []
    for name, stat in entries:
        if matches(name, pattern):
            files[name] = stat
        elif nearly_matches(name, pattern):
            near_misses.append(name)
    return Listing(files, tuple(sorted(near_misses)[:_MAX_NEAR_MISSES]))


def check_number(entries: int) -> None:
    """Raises `SourceUnreachable` if a listing has too many entries."""
    if entries > MAX_ENTRIES:
        raise SourceUnreachable(
            f"the directory holds more than {MAX_ENTRIES} entries; check `directory`, and ask the "
            "customer to clear it"
        )


def matching_steps(directory: Directory, where: str, pattern: str) -> Iterator[Step]:
    """Lists the directory. Yields a step for it, for the number of matches, and for each file."""
    listing = directory.look()
    yield Step("directory", f"{where} can be listed")
    number = f"{len(listing.files)} file{'' if len(listing.files) == 1 else 's'}"
    yield Step("matching", f"{number if listing.files else 'no file'} for {pattern}")
    for name, stat in sorted(listing.files.items(), key=lambda item: (item[1].modified, item[0])):
        modified = f"modified {stat.moment:%Y-%m-%d %H:%M:%S} UTC"
        yield Step("file", f"{display_name(name)}, {stat.size} bytes, {modified}")
    for name in listing.near_misses:
        yield Step("near miss", f"{display_name(name)} does not match the pattern, but nearly")
