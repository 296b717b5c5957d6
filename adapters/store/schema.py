"""The tables of a database, and the version of its schema in this release."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from adapters.store import events
from projections import kept, roster, run_changes, runs, slots
from projections.tables import Table

VERSION = 3

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
)

ADDED: dict[int, tuple[Table[Any], ...]] = {2: (slots.TABLE,), 3: (kept.TABLE,)}
"""The tables that each version added to the one before."""


def added_since(version: int) -> Iterator[Table[Any]]:
    """Yields the tables that a schema of an earlier `version` lacks."""
    for later in range(version + 1, VERSION + 1):
        yield from ADDED[later]
