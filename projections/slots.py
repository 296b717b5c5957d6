"""From when on companies take part in the schedule (R5).

This is the schedule's own memory. It follows from no event: a company that was never seen has
none, and a slot in which a held delivery was met again leaves no run (B3).
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
"""Each company with where it stands and its latest run, if it has any."""

ROWS = "SELECT company, after FROM slots ORDER BY company"

Row: TypeAlias = tuple[str, str]


def step(company: str, after: datetime) -> Row:
    """The row of a company that takes part in every slot after a moment."""
    return company, after.isoformat()


def load(after: object) -> datetime | None:
    """The moment in a row, if it can be read."""
    try:
        moment = datetime.fromisoformat(after) if isinstance(after, str) else None
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None


def is_sound(row: tuple[object, object]) -> bool:
    """Whether a row says which company takes part, and since when."""
    company, after = row
    return isinstance(company, str) and load(after) is not None
