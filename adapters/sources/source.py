"""The interface of every source of deliveries, and its errors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple, Protocol

import msgspec

from adapters.progress import Progress
from domain.privacy import Redacted


class DeliveredFile(Redacted, frozen=True):
    """A received file.

    `modified` is in UTC. `size` is in bytes, as listed. `data` is `None` if `size` is over the
    limit. `vanished` is true if the file was gone from the directory after it was read whole.
    """

    name: str
    modified: datetime
    data: bytes | None
    size: int
    vanished: bool = False


class SourceUnreachable(Exception):
    """The files cannot be fetched. `problem` says why, in a sentence for an operator.

    `transient` is true if another attempt may succeed, as after a lost connection. It is false if
    somebody must correct something first, such as a wrong password.
    """

    def __init__(self, problem: str, *, transient: bool = False) -> None:
        super().__init__(problem)
        self.problem = problem
        self.transient = transient


class Overwhelmed(SourceUnreachable):
    """The server broke off or fell silent while several requests waited for its answer.

    The pick-up is tried again with fewer requests at the same time.
    """


class StillUploading(Exception):
    """The file `name` kept changing during the pick-up (D4)."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def in_order(files: Iterable[DeliveredFile]) -> list[DeliveredFile]:
    """Sorts the files of a delivery: oldest first, then by name (D3)."""
    return sorted(files, key=lambda file: (file.modified, file.name))


class PickUp(NamedTuple):
    """The files of a delivery, in the order of D3, and names that nearly match the pattern (D9)."""

    files: list[DeliveredFile]
    near_misses: tuple[str, ...] = ()


class Keeper(Protocol):
    """Keeps the bytes of a file that may be their only copy, until the run of the file is stored.

    Some servers delete a file when it was read. Both methods may raise any error of the store.
    """

    def keep(self, file: DeliveredFile, *, alone: bool) -> None:
        """Keeps a file that was read whole, instead of an earlier file of the same name.

        `alone` tells whether the delivery has no other file so far.
        """

    def forget(self, name: str) -> None:
        """Forgets a file, because it changed after it was read."""


class Step(msgspec.Struct, frozen=True):
    """A part of a connection test that succeeded, and its result in words."""

    what: str = msgspec.field(name="step")
    detail: str


class Source(Protocol):
    """A place from which the deliveries of a company are picked up."""

    @property
    def pattern(self) -> str:
        """The pattern of the file names (D2)."""

    @property
    def place(self) -> str:
        """The place, in words for an operator."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences about problems of the settings, on this machine and for the current user."""

    def fetch(self, limit: int, keeper: Keeper, progress: Progress) -> PickUp:
        """Returns the matching files. `keeper` gets each file as soon as it was read whole.

        A file of more than `limit` bytes is returned without its data. `progress` is told the
        bytes. Raises `SourceUnreachable`
        or `StillUploading`.
        """

    def steps(self) -> Iterator[Step]:
        """Tests the connection. Yields each step that succeeds, and downloads nothing.

        Raises `SourceUnreachable` at the first step that fails.
        """
