"""Tables and writes, as values that every store can turn into SQL."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any, NamedTuple


class Kind(Enum):
    """The type of a column."""

    TEXT = "text"
    INTEGER = "integer"
    BYTES = "bytes"


class Column(NamedTuple):
    """One column. Only an `optional` column may be `NULL`."""

    name: str
    kind: Kind
    optional: bool = False


class Index(NamedTuple):
    """An index on `columns`, in this order. With `filled`, rows with `NULL` there are left out."""

    columns: tuple[str, ...]
    filled: str | None = None


class Table(NamedTuple):
    """A table. The values of its `key` columns are unique."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    indexes: tuple[Index, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its columns, in the order of a row's values."""
        return tuple(column.name for column in self.columns)

    @property
    def others(self) -> tuple[str, ...]:
        """The names of the columns that are not part of its key."""
        return tuple(name for name in self.names if name not in self.key)


class Operation(Enum):
    """What a write does with its rows."""

    INSERT = "insert"
    """Inserts new rows."""
    UPSERT = "put"
    """Inserts rows, or replaces the rows with the same key."""
    UPDATE = "update"
    """Changes existing rows, found by key: sets the columns that are not part of the key."""
    DELETE = "delete"
    """Deletes the rows with these values."""
    DELETE_ALL = "clear"
    """Deletes all rows of the table."""


class Write(NamedTuple):
    """Rows of one table, and the operation to do with them.

    `columns` names the values of each row. If it is empty, a row has all columns of the table.
    """

    operation: Operation
    table: Table
    rows: Iterable[tuple[Any, ...]] = ()
    columns: tuple[str, ...] = ()


def text(name: str, *, optional: bool = False) -> Column:
    """Returns a column of text."""
    return Column(name, Kind.TEXT, optional)


def integer(name: str) -> Column:
    """Returns a column of whole numbers of 64 bits."""
    return Column(name, Kind.INTEGER)


def data(name: str, *, optional: bool = False) -> Column:
    """Returns a column of bytes."""
    return Column(name, Kind.BYTES, optional)
