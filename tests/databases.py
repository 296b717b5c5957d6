"""An embedded database for a test: only `tenure init` and `tenure migrate` create one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from adapters.store.opening import migrate
from adapters.store.schema import added_since, columns_since
from adapters.store.sql import index_name


def created(path: Path) -> Path:
    """Creates an embedded database, unless it exists, and returns its path."""
    migrate(path)
    return path


def undone_since(version: int) -> Iterator[str]:
    """Yields the statements that take away what later versions of the schema added."""
    for table in added_since(version):
        yield f"DROP TABLE {table.name}"
    for table, names in columns_since(version):
        for index in table.indexes:
            if not set(names).isdisjoint(index.columns):
                yield f"DROP INDEX {index_name(table, index)}"
        for name in names:
            yield f"ALTER TABLE {table.name} DROP COLUMN {name}"
