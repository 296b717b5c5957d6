"""The clock: it makes all changes that are due, and no other changes (C1-C3)."""

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
    """Everything that a clock run would do to one company."""

    changes: tuple[Change, ...]

    @property
    def counts(self) -> Counts:
        """Returns the counts that the run would have."""
        return transitions(self.changes)


def plan_clock(
    due: Iterable[tuple[Employee, bytes | None]],
    schedule: Schedule,
    moment: Moment,
    until: datetime,
) -> ClockPlan:
    """Returns the plan of all transitions of the employees in `due` that are due by `until`.

    A transition that is due exactly at `until` is part of the plan. Each employee comes with the
    digest of the employee's last accepted row. The digest stays valid: the clock acts on the dates
    of the file, so the row with these dates still changes nothing.
    """
    changes = []
    for employee, digest in due:
        change = change_of(employee, employee.id, decide_due(employee, schedule, until), moment)
        if change is not None:
            changes.append(replace(change, digest=digest))
    return ClockPlan(tuple(changes))
