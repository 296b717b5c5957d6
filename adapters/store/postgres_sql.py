"""Questions and writes in one transaction of PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import chain, count, islice
from typing import TYPE_CHECKING, Any

from psycopg import Connection, Cursor

from adapters.store.sql import on_conflict, statement_of
from projections.tables import Operation, Table, Write

if TYPE_CHECKING:
    from adapters.store.integrity.database_check import DatabaseCheck

_BATCH_ROWS = 5_000
"""Rows that are fetched at a time."""
_MIN_COPY_ROWS = 100
"""From this number on, rows are copied. Fewer are sent one by one."""

_COPIED = {str: "text", int: "int8", bytes: "bytea"}


class PostgresQuery:
    """Asks the state of the database that one transaction sees."""

    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection
        self._numbers = count()

    def __call__(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Returns the rows that a statement selects."""
        with self._connection.cursor(binary=True) as cursor:
            return cursor.execute(with_psycopg_marks(statement), parameters).fetchall()

    @contextmanager
    def each(
        self, statement: str, parameters: Sequence[Any] = ()
    ) -> Iterator[Iterator[tuple[Any, ...]]]:
        """Yields the rows one by one."""
        name = f"each_{next(self._numbers)}"
        with self._connection.cursor(name, binary=True) as cursor:
            cursor.itersize = _BATCH_ROWS
            yield iter(cursor.execute(with_psycopg_marks(statement), parameters))

    @contextmanager
    def in_key_order(self) -> Iterator[None]:
        """Lets statements with `ORDER BY` of a key read the table by this key."""
        # Without sorting, only the key's own index gives the rows in the order of the key.
        self._connection.execute("SET LOCAL enable_sort = off")
        yield
        self._connection.execute("SET LOCAL enable_sort TO DEFAULT")

    def check(self) -> DatabaseCheck:
        """Returns what the database says of itself."""
        from adapters.store.integrity.postgres_check import check

        return check(self._connection)


_DELETIONS = (Operation.DELETE, Operation.DELETE_UP_TO, Operation.DELETE_ALL)


def execute(cursor: Cursor[Any], writes: Iterable[Write]) -> None:
    """Executes writes, one after the other."""
    for write in writes:
        _execute(cursor, write)


def _execute(cursor: Cursor[Any], write: Write) -> None:
    """Executes a write: row by row if the rows are few, or else by COPY.

    COPY cannot update or replace a row. Such rows are copied into a temporary table first.
    """
    rows = iter(write.rows)
    first = list(islice(rows, _MIN_COPY_ROWS))
    few = len(first) < _MIN_COPY_ROWS
    if few or write.operation in _DELETIONS:
        for row in chain(first, rows):
            cursor.execute(with_psycopg_marks(statement_of(write)), row)
        return
    names = write.columns or write.table.names
    every = chain(first, rows)
    if write.operation is Operation.INSERT:
        _copy(cursor, write.table.name, write.table, names, every)
        return
    staged, listed = f"staged_{write.table.name}_{write.operation.value}", ", ".join(names)
    cursor.execute(
        f"CREATE TEMPORARY TABLE {staged} ON COMMIT DROP AS "
        f"SELECT {listed} FROM {write.table.name} WITH NO DATA".encode()
    )
    _copy(cursor, staged, write.table, names, every)
    cursor.execute(f"ANALYZE {staged}".encode())
    cursor.execute(_from_staged(write, staged, names).encode())


def _from_staged(write: Write, staged: str, names: Sequence[str]) -> str:
    table, listed = write.table, ", ".join(names)
    if write.operation is Operation.UPSERT:
        return (
            f"INSERT INTO {table.name} ({listed}) SELECT {listed} FROM {staged} "
            f"{on_conflict(table)}"
        )
    sets = ", ".join(f"{name} = s.{name}" for name in names if name not in table.key)
    same = " AND ".join(f"t.{name} = s.{name}" for name in table.key)
    return f"UPDATE {table.name} t SET {sets} FROM {staged} s WHERE {same}"


def _copy(
    cursor: Cursor[Any],
    into: str,
    table: Table[Any],
    names: Sequence[str],
    rows: Iterable[tuple[Any, ...]],
) -> None:
    kinds = {column.name: _COPIED[column.kind] for column in table.columns}
    statement = f"COPY {into} ({', '.join(names)}) FROM STDIN (FORMAT BINARY)"
    with cursor.copy(statement.encode()) as copy:
        copy.set_types([kinds[name] for name in names])
        write_row = copy.write_row
        for row in rows:
            write_row(row)


@lru_cache
def with_psycopg_marks(statement: str) -> bytes:
    """Returns a statement with `%s`, psycopg's mark for a parameter, instead of `?`."""
    return statement.replace("?", "%s").encode()
