"""How a database is asked, and written to: what every store speaks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeAlias

Write: TypeAlias = tuple[str, Iterable[tuple[Any, ...]]]
"""One statement and the parameters to run it with, once for each."""


class Query(Protocol):
    """Asks one state of the database."""

    def __call__(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows that a statement finds."""

    def each(
        self, statement: str, parameters: Sequence[Any] = ()
    ) -> AbstractContextManager[Iterator[tuple[Any, ...]]]:
        """The same, row by row: there may be millions."""
