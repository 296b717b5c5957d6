"""How a database is asked: what every store answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol


class Query(Protocol):
    """Asks one state of the database."""

    def __call__(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows that a statement finds."""

    def each(
        self, statement: str, parameters: Sequence[Any] = ()
    ) -> AbstractContextManager[Iterator[tuple[Any, ...]]]:
        """The same, row by row: there may be millions."""
