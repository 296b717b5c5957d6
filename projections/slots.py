"""The moment from which on each company takes part in the schedule (R5).

This is the schedule's own memory. It cannot be made from events: a new company has none, and a
pick-up that meets a held delivery again leaves no run (B3).
"""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

from projections.tables import Table, text

TABLE = Table("slots", columns=(text("company"), text("after")), key=("company",))

EVERY = """
    SELECT s.company, s.after, c.state, r.event FROM slots s
    LEFT JOIN companies c ON c.company = s.company
    LEFT JOIN runs r ON r.company = c.company AND r.version = c.version
    ORDER BY s.company
"""
"""Each company with its state and its latest run. Both are `NULL` if it has no run."""

ROWS = "SELECT company, after FROM slots ORDER BY company"

Row: TypeAlias = tuple[str, str]


def step(company: str, after: datetime) -> Row:
    """Returns the row of a company that takes part in every slot after the moment `after`."""
    return company, after.isoformat()


def load(after: object) -> datetime | None:
    """Returns the moment in a row, or `None` if it cannot be read or has no time zone."""
    try:
        moment = datetime.fromisoformat(after) if isinstance(after, str) else None
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None


def is_sound(row: tuple[object, object]) -> bool:
    """Returns whether a row has a company and a moment that can be read."""
    company, after = row
    return isinstance(company, str) and load(after) is not None
