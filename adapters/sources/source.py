"""What every source of deliveries is, and how it fails."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from domain.private import Private


class DeliveredFile(Private, frozen=True):
    """A file as received: at most one byte more than the limit, and its size as listed."""

    name: str
    modified: datetime
    data: bytes
    size: int


class SourceUnreachable(Exception):
    """The files cannot be fetched; `problem` says why, for an operator."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class StillUploading(Exception):
    """A file changed while it was looked at (D4)."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def in_order(files: Iterable[DeliveredFile]) -> list[DeliveredFile]:
    """The files of a delivery, oldest first, then by name (D3)."""
    return sorted(files, key=lambda file: (file.modified, file.name))


class Source(Protocol):
    """Where a company's deliveries are picked up."""

    @property
    def pattern(self) -> str:
        """Which names count (D2)."""

    def fetch(self, limit: int) -> list[DeliveredFile]:
        """The matching files, in the order of D3.

        Raises `SourceUnreachable` or `StillUploading`.
        """
