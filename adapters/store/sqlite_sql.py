"""Questions and writes in one transaction of SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from adapters.store.sql import replacement_of, statement_of
from projections.tables import Row, Table, Write

if TYPE_CHECKING:
    from adapters.store.integrity.database_check import DatabaseCheck


def execute(cursor: sqlite3.Cursor, writes: Iterable[Write]) -> None:
    """Executes writes, one after the other."""
    for write in writes:
        # The module sqlite3 reads a plain tuple faster than a named one.
        cursor.executemany(statement_of(write), map(tuple, write.rows))


def replace(cursor: sqlite3.Cursor, table: Table[Row], row: Row, other: Row) -> bool:
    """Replaces exactly this row by another. Returns `False` if it is not there."""
    return cursor.execute(*replacement_of(table, row, other)).rowcount > 0


class SqliteQuery:
    """Asks the state of the database that one transaction sees."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __call__(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Returns the rows that a statement selects."""
        with self.each(statement, parameters) as rows:
            return list(rows)

    @contextmanager
    def each(
        self, statement: str, parameters: Sequence[Any] = ()
    ) -> Iterator[Iterator[tuple[Any, ...]]]:
        """Yields the rows one by one."""
        with closing(self._connection.cursor()) as cursor:
            cursor.row_factory = None
            yield cursor.execute(statement, parameters)

    def in_key_order(self) -> AbstractContextManager[None]:
        """Does nothing: SQLite reads a table in the order of its key if it has no other way."""
        return nullcontext()

    def check(self) -> DatabaseCheck:
        """Returns what SQLite finds damaged in its file."""
        from adapters.store.integrity.sqlite_check import check

        return check(self._connection)
