"""The port between the store and a database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from eventsourcing.persistence import StoredEvent

from projections.tables import Row, Table, Write

if TYPE_CHECKING:
    from adapters.store.integrity.database_check import DatabaseCheck


class Query(Protocol):
    """Asks one state of the database."""

    def __call__(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Returns the rows that a statement selects."""

    def each(
        self, statement: str, parameters: Sequence[Any] = ()
    ) -> AbstractContextManager[Iterator[tuple[Any, ...]]]:
        """Yields the same rows one by one: there may be millions."""

    def in_key_order(self) -> AbstractContextManager[None]:
        """Lets statements that order rows by a table's key use no other index of that table.

        A statement has to hide the columns that it compares: `address || '' = ?`.
        """

    def check(self) -> DatabaseCheck:
        """Returns what the database itself finds damaged. It goes through every index."""


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

        Raises `IntegrityError` if a stream has an event of the same version already,
        `StoreUnavailable` if nothing is stored, and `CommitInDoubt` if that is not known.
        """

    def replace(self, table: Table[Row], row: Row, other: Row) -> bool:
        """Replaces exactly this row by another row with the same key.

        Returns `False` if the row is not there, or not as it was. Of several callers with one row,
        one gets `True`.
        """

    def rewrite(self, make: Callable[[Query], Iterable[Write]]) -> None:
        """Writes what `make` returns for the state of the database, in one transaction."""
