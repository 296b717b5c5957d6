"""Tables and writes, as values that every store can turn into SQL."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import Enum
from typing import Any, Generic, NamedTuple, TypeVar, get_args, get_type_hints

Row = TypeVar("Row", bound=NamedTuple)


class Column(NamedTuple):
    """One column of text, whole numbers of 64 bits, or bytes. An `optional` one may be `NULL`."""

    name: str
    kind: type[str | int | bytes]
    optional: bool


class Index(NamedTuple):
    """An index on `columns`, in this order. With `filled`, rows with `NULL` there are left out."""

    columns: tuple[str, ...]
    filled: str | None = None


class Table(NamedTuple, Generic[Row]):
    """A table. Its columns are the fields of `row`. The values of its `key` columns are unique.

    The type of a field, `str`, `int` or `bytes`, is the kind of its column. A field like
    `str | None` is an optional column.
    """

    name: str
    row: type[Row]
    key: tuple[str, ...]
    indexes: tuple[Index, ...] = ()

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns, in the order of a row's values."""
        hints = get_type_hints(self.row).items()
        kinds = {name: get_args(hint) or (hint,) for name, hint in hints}
        return tuple(Column(name, kind, bool(none)) for name, (kind, *none) in kinds.items())

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its columns, in the order of a row's values."""
        return self.row._fields

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
    DELETE_UP_TO = "trim"
    """Deletes the rows with these values whose last value is at most the last one given."""
    DELETE_ALL = "clear"
    """Deletes all rows of the table."""


class Write(NamedTuple):
    """Rows of one table, and the operation to do with them.

    `columns` names the values of each row. If it is empty, a row has all columns of the table.
    """

    operation: Operation
    table: Table[Any]
    rows: Iterable[tuple[Any, ...]] = ()
    columns: tuple[str, ...] = ()


def seconds(moment: datetime) -> int:
    """Returns a moment as rows hold it: in seconds since 1970."""
    return int(moment.timestamp())
