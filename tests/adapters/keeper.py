"""A keeper of files in memory, for tests without a store."""

from __future__ import annotations

from adapters.sources.source import DeliveredFile, Source


class MemoryKeeper:
    """Keeps files by name."""

    def __init__(self) -> None:
        self.files: dict[str, DeliveredFile] = {}

    def keep(self, file: DeliveredFile, *, alone: bool) -> None:
        self.files[file.name] = file

    def forget(self, name: str) -> None:
        self.files.pop(name, None)


def fetch(source: Source, limit: int = 10**9) -> list[DeliveredFile]:
    """The files that a source delivers, without a store that keeps them."""
    return source.fetch(limit, MemoryKeeper()).files
