"""The tables of a database, and the version of its schema in this release."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.store import events
from projections import roster, run_changes, runs, slots
from projections.tables import Table

VERSION = 2

TABLES = (
    events.TABLE,
    runs.COMPANIES,
    runs.RUNS,
    runs.ISSUES,
    runs.HELD,
    roster.TABLE,
    run_changes.TABLE,
    slots.TABLE,
)

ADDED: dict[int, tuple[Table, ...]] = {2: (slots.TABLE,)}
"""The tables that each version added to the one before."""


def added_since(version: int) -> Iterator[Table]:
    """Yields the tables that a schema of an earlier `version` lacks."""
    for later in range(version + 1, VERSION + 1):
        yield from ADDED[later]
