"""SQL for tables and writes, in the subset that every store supports: `?` is a parameter."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import starmap
from typing import Any, TypeAlias

from adapters.store.recorder import Query
from projections.tables import Index, Operation, Row, Table, Write

SqlCall: TypeAlias = tuple[str, tuple[Any, ...]]
"""A statement and its parameters."""


def statement_of(write: Write) -> str:
    """Returns the statement of a write, which is executed once for each of its rows."""
    return _statement(write.operation, write.table, write.columns or write.table.names)


@lru_cache
def _statement(operation: Operation, table: Table[Any], columns: tuple[str, ...]) -> str:
    match operation:
        case Operation.INSERT:
            return _insert(table, columns)
        case Operation.UPSERT:
            return f"{_insert(table, columns)} {on_conflict(table)}"
        case Operation.UPDATE:
            changed = [name for name in columns if name not in table.key]
            return f"UPDATE {table.name} SET {_equal(changed, ', ')} WHERE {_equal(table.key)}"
        case Operation.DELETE:
            return f"DELETE FROM {table.name} WHERE {_equal(columns)}"
        case Operation.DELETE_UP_TO:
            *same, last = columns
            return f"DELETE FROM {table.name} WHERE {_equal(same)} AND {last} <= ?"
        case Operation.DELETE_ALL:
            return f"DELETE FROM {table.name}"


def replacement_of(table: Table[Any], row: Sequence[Any], other: Sequence[Any]) -> SqlCall:
    """Returns the statement that replaces exactly this row by another, and its parameters."""
    conditions = [
        f"{name} IS NULL" if value is None else f"{name} = ?"
        for name, value in zip(table.names, row, strict=True)
    ]
    where = " AND ".join(conditions)
    statement = f"UPDATE {table.name} SET {_equal(table.names, ', ')} WHERE {where}"
    return statement, (*other, *(value for value in row if value is not None))


def select(table: Table[Any]) -> str:
    """Returns the statement that selects all columns of every row of a table."""
    return f"SELECT {', '.join(table.names)} FROM {table.name}"


def every(query: Query, table: Table[Row], order: tuple[str, ...] = ()) -> Iterator[Row]:
    """Yields all rows of a table, in the order of these columns, or else of its key."""
    columns = ", ".join(order or table.key)
    with query.each(f"{select(table)} ORDER BY {columns}") as rows:
        yield from starmap(table.row, rows)


def on_conflict(table: Table[Any]) -> str:
    """Returns the clause that lets an insertion replace the row with the same key."""
    key = ", ".join(table.key)
    sets = ", ".join(f"{name} = excluded.{name}" for name in table.others)
    return f"ON CONFLICT ({key}) DO UPDATE SET {sets}"


def ddl(table: Table[Any], types: Mapping[type, str], ending: str = "") -> Iterator[str]:
    """Yields the statements that create a table and its indexes. `ending` follows the columns."""
    columns = [
        f"{name} {types[kind]}{'' if optional else ' NOT NULL'}"
        for name, kind, optional in table.columns
    ]
    key = f"PRIMARY KEY ({', '.join(table.key)})"
    yield f"CREATE TABLE {table.name} ({', '.join([*columns, key])}){ending}"
    for index in table.indexes:
        yield _index(table, index)


def added_columns(
    table: Table[Any], names: Collection[str], types: Mapping[type, str]
) -> Iterator[str]:
    """Yields the statements that add optional columns to a table, and the indexes on them."""
    for name, kind, _ in table.columns:
        if name in names:
            yield f"ALTER TABLE {table.name} ADD COLUMN {name} {types[kind]}"
    for index in table.indexes:
        if not set(names).isdisjoint(index.columns):
            yield _index(table, index)


def _index(table: Table[Any], index: Index) -> str:
    where = f" WHERE {index.filled} IS NOT NULL" if index.filled else ""
    on = f"{table.name} ({', '.join(index.columns)})"
    return f"CREATE INDEX {index_name(table, index)} ON {on}{where}"


def index_name(table: Table[Any], index: Index) -> str:
    """Returns the name of an index."""
    return "_".join((table.name, *index.columns))


def _insert(table: Table[Any], columns: tuple[str, ...]) -> str:
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({marks})"


def _equal(columns: tuple[str, ...] | list[str], separator: str = " AND ") -> str:
    return separator.join(f"{name} = ?" for name in columns)
