"""Tables and what is written to them, as values that every store can spell."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any, NamedTuple


class Kind(Enum):
    """What a column holds."""

    TEXT = "text"
    INTEGER = "integer"
    BYTES = "bytes"


class Column(NamedTuple):
    """One column; without a value in it only where it is `optional`."""

    name: str
    kind: Kind
    optional: bool = False


class Index(NamedTuple):
    """Rows found by these columns, in this order: those where the `filled` one has a value."""

    columns: tuple[str, ...]
    filled: str | None = None


class Table(NamedTuple):
    """A table, one row for each value of its `key`."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    indexes: tuple[Index, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its columns, in the order in which rows have them."""
        return tuple(column.name for column in self.columns)

    @property
    def others(self) -> tuple[str, ...]:
        """The columns that are not its key."""
        return tuple(name for name in self.names if name not in self.key)


class Operation(Enum):
    """What becomes of rows that are written."""

    INSERT = "insert"
    """They are new."""
    UPSERT = "put"
    """They are new, or take the place of those with the same key."""
    UPDATE = "update"
    """They are there, and get other values in the columns before the key."""
    DELETE = "delete"
    """Those with these values are gone."""
    DELETE_ALL = "clear"
    """Whatever there is, is gone."""


class Write(NamedTuple):
    """Rows of one table, and what becomes of them; `columns` tells what a row holds, all of the
    table's columns if nothing."""

    operation: Operation
    table: Table
    rows: Iterable[tuple[Any, ...]] = ()
    columns: tuple[str, ...] = ()


def text(name: str, *, optional: bool = False) -> Column:
    """A column of text."""
    return Column(name, Kind.TEXT, optional)


def integer(name: str) -> Column:
    """A column of whole numbers, of 64 bits."""
    return Column(name, Kind.INTEGER)


def data(name: str, *, optional: bool = False) -> Column:
    """A column of bytes."""
    return Column(name, Kind.BYTES, optional)
