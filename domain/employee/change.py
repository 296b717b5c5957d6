"""A change of one employee: the events of a run, and the state before and after them."""

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
    """What happens to one employee: the events, and the state before and after them."""

    before: Employee | None
    after: Employee
    events: tuple[EmployeeRecord, ...]
    digest: bytes | None
    """Recognises the row that led here, if the row may be recognised at all."""


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
    """The change that `events` make, each with the moment at which it was due; `None` without any.

    An event takes effect when it was due, but never before the event that it follows (C1).
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


def transitions(changes: Iterable[Change]) -> Counts:
    """What a run counts that reads no file."""
    kinds = Counter(type(recorded.event) for change in changes for recorded in change.events)
    return Counts(
        activated=kinds[Activated],
        deactivated=kinds[Deactivated],
        events=kinds.total(),
    )
