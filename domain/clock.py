"""The clock: what falls due, and nothing else (C1-C3)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec.structs import replace

from domain.employee import Employee, pass_time
from domain.plan import ClockPlan, Moment, change_of
from domain.schedule import Schedule


def plan_clock(
    due: Iterable[tuple[Employee, bytes | None]],
    schedule: Schedule,
    moment: Moment,
    until: datetime,
) -> ClockPlan:
    """Every transition due at or before `until` among the employees in `due`.

    Each comes with the digest of their last accepted row, which stays good: what the clock does
    follows from what the file said, so the row that said it still changes nothing.
    """
    changes = []
    for employee, digest in due:
        change = change_of(employee, employee.id, pass_time(employee, schedule, until), moment)
        if change is not None:
            changes.append(replace(change, digest=digest))
    return ClockPlan(tuple(changes))
