"""The moment from which on each company takes part in the schedule (R5).

This is the schedule's own memory. It cannot be made from events: a new company has none, and a
pick-up that meets a held delivery again leaves no run (B3).
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from projections.tables import Table


class SlotRow(NamedTuple):
    """The row of a company that takes part in every slot after the moment `after`."""

    company: str
    after: str


TABLE = Table("slots", SlotRow, key=("company",))


def row(company: str, after: datetime) -> SlotRow:
    """Returns the row of a company that takes part in every slot after the moment `after`."""
    return SlotRow(company, after.isoformat())


def load(after: object) -> datetime | None:
    """Returns the moment in a row, or `None` if it cannot be read or has no time zone."""
    try:
        moment = datetime.fromisoformat(after) if isinstance(after, str) else None
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None


def is_sound(row: SlotRow) -> bool:
    """Returns whether a row has a company and a moment that can be read."""
    # An edit by hand may have left values of other types.
    company: object = row.company
    return isinstance(company, str) and load(row.after) is not None
