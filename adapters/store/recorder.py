"""The port between the store and a database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from eventsourcing.persistence import StoredEvent

from projections.tables import Write


class Query(Protocol):
    """Asks one state of the database."""

    def __call__(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Returns the rows that a statement selects."""

    def each(
        self, statement: str, parameters: Sequence[Any] = ()
    ) -> AbstractContextManager[Iterator[tuple[Any, ...]]]:
        """Yields the same rows one by one: there may be millions."""


class Recorder(Protocol):
    """What a database has to do for the store."""

    def close(self) -> None:
        """Closes the connections to the database."""

    def reading(self) -> AbstractContextManager[Query]:
        """Yields a query, which puts several questions to one state of the database."""

    def insert_events(
        self, stored_events: Iterable[StoredEvent], *, writes: Iterable[Write] = ()
    ) -> Sequence[int] | None:
        """Stores events, and the `writes` that go with them, in one transaction.

        Raises `IntegrityError` if a stream has an event of the same version already.
        """

    def rewrite(self, make: Callable[[Query], Iterable[Write]]) -> None:
        """Writes what `make` returns for the state of the database, in one transaction."""
