"""Picks up complete and unchanged files, in order, with any protocol (D2 to D4; ADR 0014)."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

from msgspec.structs import replace

from adapters.progress import UNWATCHED, Advance, Progress, Stage
from adapters.sources.names import display_name, matches, nearly_matches
from adapters.sources.source import (
    DeliveredFile,
    Keeper,
    PickUp,
    SourceUnreachable,
    StillUploading,
    in_order,
)

MAX_ENTRIES = 100_000  # of one listing, which a hostile server may never end (ADR 0017)
MAX_DELIVERY_BYTES = 1024**3  # all files of a delivery are in memory at the same time
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

    def reading(
        self, name: str, listed: FileStat, advance: Advance
    ) -> AbstractContextManager[bytes]:
        """Returns a block that has the bytes of a file, at most one byte more than `listed.size`.

        The file is open during the block if the protocol allows it: a server that deletes a file
        when it was read does so when the file is closed. Entering the block raises `Changed` if
        the file is gone. Entering or leaving it raises `Changed` if the file is another file now,
        or has grown: its bytes are then forgotten. `advance` gets the number of bytes that came.
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
    progress: Progress = UNWATCHED,
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> PickUp:
    """Returns the files of a directory, oldest first, then by name (D3), all complete (D4).

    The files are complete if two listings, `stability.settle` seconds apart, are equal, if the
    number of bytes received is the number listed, and if a listing after reading is equal too. A
    file that is listed with more than `limit` bytes is not read; its data is `None`.

    Some servers delete, move or hide a file once it was read. Such a file counts: its bytes are the
    only copy. It must have been listed with the same size on two looks, so `settle = 0` keeps no
    such file.

    Some servers give a file another time at each look. If only times differ, the files are read a
    second time, `stability.settle` seconds later, and must have the same bytes.

    If a file changes, the loop starts again, until `stability.limit` seconds are over. With
    `settle = 0` there is one round. Raises `StillUploading` if a file keeps changing, and
    `SourceUnreachable`. `progress` is told the bytes of each reading.
    """
    give_up = clock() + stability.limit
    settle = stability.settle
    reader = _Reader(directory, limit, keeper if settle else None, progress)
    listing = directory.look()
    while listing.files:
        listing, files, changes = _round(reader, listing, settle, sleep)
        if not changes:
            found = reader.gone(listing) | {name: files[name] for name in listing.files}
            return PickUp(in_order(found.values()), listing.near_misses)
        reader.forget(
            name for name, stat in listing.files.items() if reader.is_outdated(name, stat)
        )
        if not settle or clock() + settle > give_up:
            reader.forget(change.name for change in changes if change.name in listing.files)
            raise _unsettled(changes[0])
    return PickUp(in_order(reader.gone(listing).values()), listing.near_misses)


class _Reader:
    """Reads files, and has those that were read whole. `keeper` gets them too, if there is one."""

    def __init__(
        self, directory: Directory, limit: int, keeper: Keeper | None, progress: Progress
    ) -> None:
        self.directory = directory
        self._progress = progress
        self._limit = limit
        self._keeper = keeper
        self._whole: dict[str, DeliveredFile] = {}  # by name; a file that is gone is still here

    def read(self, listing: Listing) -> tuple[dict[str, DeliveredFile], list[Changed]]:
        """Reads the listed files, until one has changed.

        Returns the files by name, and the change. A file of more than `limit` bytes is not read.
        """
        self._check_total_size(listing)
        alone = len(listing.files.keys() | self._whole.keys()) == 1
        files: dict[str, DeliveredFile] = {}
        with self._progress.stage(Stage.FETCH, sum(self._sizes(listing))) as advance:
            for name, stat in listing.files.items():
                try:
                    files[name] = self._received(name, stat, alone, advance)
                except Changed as change:
                    return files, [change]
        return files, []

    def gone(self, listing: Listing) -> dict[str, DeliveredFile]:
        """Returns the files that were read whole and are not in the directory any more."""
        return {
            name: replace(file, vanished=True)
            for name, file in self._whole.items()
            if name not in listing.files
        }

    def is_outdated(self, name: str, stat: FileStat) -> bool:
        """Whether a listed file has another size than when it was read whole."""
        return name in self._whole and self._whole[name].size != stat.size

    def forget(self, names: Iterable[str]) -> None:
        """Forgets files that were read whole in this pick-up."""
        for name in [*names]:
            if self._whole.pop(name, None) and self._keeper:
                self._keeper.forget(display_name(name))

    def _received(self, name: str, stat: FileStat, alone: bool, advance: Advance) -> DeliveredFile:
        """Returns a file with its bytes, which the keeper has. Raises `Changed`."""
        file = DeliveredFile(display_name(name), stat.moment, None, stat.size)
        if stat.size > self._limit:
            return file
        try:
            with self.directory.reading(name, stat, advance) as data:
                if len(data) != stat.size:
                    raise Changed(name, is_as_listed=True)
                file = replace(file, data=data)
                if self._keeper:
                    self._whole[name] = file
                    self._keeper.keep(file, alone=alone)
        except Changed:
            if file.data is not None:  # the file has grown meanwhile
                self.forget([name])
            raise
        return file

    def _check_total_size(self, listing: Listing) -> None:
        """Raises `SourceUnreachable` if the files need too much memory together."""
        total = sum(self._sizes(listing)) + sum(file.size for file in self.gone(listing).values())
        if total > max(self._limit, MAX_DELIVERY_BYTES):
            raise SourceUnreachable(
                f"the {len(listing.files)} files that match hold {total} bytes together, more than "
                "Tenure fetches at once; ask the customer to clear the directory, or check "
                "`pattern`"
            )

    def _sizes(self, listing: Listing) -> Iterator[int]:
        """Yields the sizes of the listed files that are read."""
        return (stat.size for stat in listing.files.values() if stat.size <= self._limit)


class _Round(NamedTuple):
    """One reading of a directory: the last look, the files, and what has changed."""

    listing: Listing
    files: dict[str, DeliveredFile]
    changes: list[Changed]


def _round(
    reader: _Reader, before: Listing, settle: float, sleep: Callable[[float], None]
) -> _Round:
    """Looks again after `settle` seconds, reads the files if nothing changed, and looks again."""
    listing = before
    if settle:
        sleep(settle)
        listing = reader.directory.look()
        if changes := _differences(before, listing, sizes_only=True):
            return _Round(listing, {}, changes)
    restless = before.files != listing.files
    files, changes = reader.read(listing)
    after = reader.directory.look()
    staying = listing.without(reader.gone(after))
    changes = [*_differences(staying, after, sizes_only=restless), *changes]
    if restless and not changes:
        sleep(settle)
        again, changes = reader.read(after)
        other = (Changed(name) for name, file in again.items() if file.data != files[name].data)
        before, after = after, reader.directory.look()
        staying = before.without(reader.gone(after))
        changes = [*_differences(staying, after, sizes_only=True), *other, *changes]
    return _Round(after, files, changes)


def _differences(before: Listing, after: Listing, *, sizes_only: bool) -> list[Changed]:
    """Returns the files, by name, that differ between two listings."""

    def fact(listing: Listing, name: str) -> object:
        stat = listing.files.get(name)
        return stat.size if stat and sizes_only else stat

    names = sorted({*before.files, *after.files})
    return [Changed(name) for name in names if fact(before, name) != fact(after, name)]


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
