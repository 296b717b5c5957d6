"""Who is here and absent from the last full delivery: what a run changes about it (Q4)."""

from __future__ import annotations

from collections.abc import Iterable, Set
from uuid import UUID

from domain.company_runs.events import AbsenceChange
from domain.employee.change import Change
from domain.employee.events import State


def change_absence(
    known: Set[str], absent: Set[str] | None, changes: Iterable[Change]
) -> AbsenceChange | None:
    """Returns what a run changes about who is absent, or `None` if it changes nothing (Q4).

    `known` are the ids of the employees who were absent before. `absent` are the ids of those that
    a full delivery does not mention, or `None` for a run that says nothing about it. An employee
    that the run deactivates is not absent any more.
    """
    ended = {change.after.id.hex for change in changes if change.after.state is State.DEACTIVATED}
    now = (known if absent is None else absent) - ended
    gone, back = now - known, known - now
    if not gone and not back:
        return None
    return AbsenceChange(*(tuple(map(UUID, sorted(each))) for each in (gone, back)))
