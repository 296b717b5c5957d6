"""What every source of deliveries is, and how it fails."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Protocol

import msgspec

from domain.privacy import Redacted


class DeliveredFile(Redacted, frozen=True):
    """A file as received, and its size as listed; `data` is `None` where that is over the limit."""

    name: str
    modified: datetime
    data: bytes | None
    size: int


class SourceUnreachable(Exception):
    """The files cannot be fetched; `problem` says why, for an operator.

    `transient` tells what may be gone in a minute, like a lost line, from what somebody has to
    mend, like a wrong password.
    """

    def __init__(self, problem: str, *, transient: bool = False) -> None:
        super().__init__(problem)
        self.problem = problem
        self.transient = transient


class StillUploading(Exception):
    """A file changed while it was looked at (D4)."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def in_order(files: Iterable[DeliveredFile]) -> list[DeliveredFile]:
    """The files of a delivery, oldest first, then by name (D3)."""
    return sorted(files, key=lambda file: (file.modified, file.name))


class Step(msgspec.Struct, frozen=True):
    """Something that worked on the way to the files, and what was met there."""

    what: str = msgspec.field(name="step")
    detail: str


class Source(Protocol):
    """Where a company's deliveries are picked up."""

    @property
    def pattern(self) -> str:
        """Which names count (D2)."""

    @property
    def place(self) -> str:
        """Where that is, as an operator names it."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is wrong with how it is configured, on this machine and for whoever asks."""

    def fetch(self, limit: int) -> list[DeliveredFile]:
        """The matching files, in the order of D3.

        Raises `SourceUnreachable` or `StillUploading`.
        """

    def steps(self) -> Iterator[Step]:
        """The way to the files step by step, as each works; nothing is downloaded.

        Raises `SourceUnreachable` at the first that does not.
        """
