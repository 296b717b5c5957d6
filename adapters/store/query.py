"""How a store asks its database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol


class Query(Protocol):
    """Asks one state of the database."""

    def __call__(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Returns the rows that a statement selects."""

    def each(
        self, statement: str, parameters: Sequence[Any] = ()
    ) -> AbstractContextManager[Iterator[tuple[Any, ...]]]:
        """Yields the same rows one by one: there may be millions."""
