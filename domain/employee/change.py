"""A change of one employee: the events of a run, and the states before and after the events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from domain.context import Moment
from domain.employee.aggregate import Employee, evolve
from domain.employee.events import Activated, Deactivated, EmployeeEvent, EmployeeRecord
from domain.envelope import RecordedEvent
from domain.outcome import Counts
from domain.privacy import Redacted


class Change(Redacted, frozen=True):
    """The change of one employee by one run: the events, and the states before and after them."""

    before: Employee | None
    after: Employee
    events: tuple[EmployeeRecord, ...]
    digest: bytes | None
    """The digest that recognises the row of this change; `None` if the row must be read again."""


def change_of(
    employee: Employee | None,
    new_id: UUID,
    events: Iterable[tuple[datetime, EmployeeEvent]],
    moment: Moment,
    *,
    file: str | None = None,
    line: int | None = None,
    digest: bytes | None = None,
) -> Change | None:
    """Returns the change that `events` make, or `None` if there are no events.

    Each event comes with the moment at which it was due. An event takes effect when it was due, but
    never before the previous event of the employee (C1). `new_id` is the id of a new employee.
    """
    before = employee
    recorded: list[EmployeeRecord] = []
    for due, event in events:
        if employee is None:
            stream, version, effective = new_id, 1, due
        else:
            stream, version = employee.id, employee.version + 1
            effective = max(due, employee.effective)
        one = RecordedEvent(stream, version, event, moment.run, effective, moment.now, file, line)
        recorded.append(one)
        employee = evolve(employee, one)
    if employee is None or not recorded:
        return None
    return Change(before, employee, tuple(recorded), digest)


def joined(earlier: Change, later: Change) -> Change:
    """Returns two changes of one employee by one run as one change."""
    return Change(earlier.before, later.after, (*earlier.events, *later.events), later.digest)


def transitions(changes: Iterable[Change]) -> Counts:
    """Returns the counts of a run that reads no file."""
    kinds = Counter(type(recorded.event) for change in changes for recorded in change.events)
    return Counts(
        activated=kinds[Activated],
        deactivated=kinds[Deactivated],
        events=kinds.total(),
    )
