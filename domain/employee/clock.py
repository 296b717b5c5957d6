"""The clock: what falls due, and nothing else (C1-C3)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec.structs import replace

from domain.context import Moment
from domain.employee.aggregate import Employee
from domain.employee.change import Change, change_of, transitions
from domain.employee.decisions import decide_due
from domain.outcome import Counts
from domain.privacy import Redacted
from domain.schedule import Schedule


class ClockPlan(Redacted, frozen=True):
    """What a clock run would do to one company."""

    changes: tuple[Change, ...]

    @property
    def counts(self) -> Counts:
        """What the run would count."""
        return transitions(self.changes)


def plan_clock(
    due: Iterable[tuple[Employee, bytes | None]],
    schedule: Schedule,
    moment: Moment,
    until: datetime,
) -> ClockPlan:
    """Every transition that is due at or before `until` among the employees in `due`.

    Each employee comes with the digest of their last accepted row. The digest stays good: what the
    clock does follows from what the file said, so the row that said it still changes nothing.
    """
    changes = []
    for employee, digest in due:
        change = change_of(employee, employee.id, decide_due(employee, schedule, until), moment)
        if change is not None:
            changes.append(replace(change, digest=digest))
    return ClockPlan(tuple(changes))
