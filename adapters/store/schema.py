"""The tables of a database, and the version of its schema in this release."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from adapters.store import events
from adapters.store.schema_version import VERSION as VERSION
from projections import (
    absence,
    kept,
    notices,
    open_issues,
    recent,
    roster,
    run_changes,
    runs,
    slots,
)
from projections.tables import Table

TABLES: tuple[Table[Any], ...] = (
    events.TABLE,
    runs.COMPANIES,
    runs.RUNS,
    runs.ISSUES,
    runs.HELD,
    roster.TABLE,
    run_changes.TABLE,
    slots.TABLE,
    kept.TABLE,
    notices.TABLE,
    open_issues.TABLE,
    absence.TABLE,
    recent.TABLE,
)

ADDED: dict[int, tuple[Table[Any], ...]] = {
    2: (slots.TABLE,),
    3: (kept.TABLE,),
    4: (notices.TABLE,),
    5: (open_issues.TABLE, absence.TABLE, recent.TABLE),
}
"""The tables that each version added to the one before."""

ADDED_COLUMNS: dict[int, tuple[tuple[Table[Any], tuple[str, ...]], ...]] = {
    5: (
        (roster.TABLE, ("file_external_id", "merged_into")),
        (runs.ISSUES, ("since",)),
        (notices.TABLE, ("news",)),
    ),
}
"""The columns that each version added to tables of the one before. All of them are optional."""

REBUILT = 5
"""The last version that changed what projections hold. An upgrade from an earlier version makes
them again from the events, in the same transaction. Version 5 compares addresses in another way."""


def columns_since(version: int) -> Iterator[tuple[Table[Any], tuple[str, ...]]]:
    """Yields the tables with columns that a schema of an earlier `version` lacks.

    A table that the schema lacks altogether is added with all its columns.
    """
    new = set(added_since(version))
    for later in range(version + 1, VERSION + 1):
        yield from (each for each in ADDED_COLUMNS.get(later, ()) if each[0] not in new)


def added_since(version: int) -> Iterator[Table[Any]]:
    """Yields the tables that a schema of an earlier `version` lacks."""
    for later in range(version + 1, VERSION + 1):
        yield from ADDED.get(later, ())
