"""Removals of access, for an auditor: when each was due, when it was done, and who said so.

A removal is an event after which an employee cannot log in any more. A last day that is over while
the employee can still log in is a removal too: it is due and not done.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from domain.company_runs.events import RunEnded, RunKind
from domain.employee.aggregate import Employee, evolve
from domain.employee.events import (
    EmployeeRecord,
    Merged,
    OffboardingScheduled,
    OnboardingMoved,
    State,
)
from domain.privacy import Redacted
from domain.schedule import Schedule


class Cause(StrEnum):
    """Why access was removed."""

    FILE = "last-day-by-file"
    SUPPORT = "last-day-by-support"
    ABSENCE = "absence"
    """The deliveries lacked the employee (Q4)."""
    CLOSED = "closed-by-support"
    MERGED = "merged"
    POSTPONED = "first-day-moved"
    """Support moved the first day of somebody who could log in to a later day (S3)."""


class Period(NamedTuple):
    """The days that an auditor asks for, by the clock that counts for each company (L9)."""

    first: date
    last: date


class Removal(Redacted, frozen=True):
    """One removal of access of an employee.

    `due` is the day on which access had to end, and `due_at` the moment. `done` is the event that
    ended it, or `None` if it has not ended. `set_by` is the event that set the last day, if any.
    """

    company: str
    employee: Employee
    due: date
    due_at: datetime
    done: EmployeeRecord | None
    set_by: EmployeeRecord | None

    @property
    def runs(self) -> set[UUID]:
        """Returns the runs that the document of this removal tells of."""
        return {each.run for each in (self.done, self.set_by) if each is not None}


class RemovalDocument(Redacted, frozen=True):
    """One removal of access, as `removals` answers.

    `days_late` are whole days from the moment due until `done`, or until now if it is not done.
    `said` is the moment at which somebody or a file said that access ends: `by` in the run `run`,
    and the row `line` of `file` if it was a row. `done_run` is the run that removed the access.
    """

    company: str
    employee: UUID
    email: str
    external_id: str | None
    first_name: str
    prefix: str | None
    last_name: str
    state: State
    due: date
    due_at: datetime
    done: datetime | None
    days_late: int
    cause: Cause
    said: datetime | None
    file: str | None
    line: int | None
    by: str | None
    login: str | None
    reason: str | None
    run: UUID | None
    done_run: UUID | None


def removals_of(
    company: str,
    events: Iterable[EmployeeRecord],
    schedule: Schedule,
    period: Period,
    now: datetime,
) -> list[Removal]:
    """Returns the removals of one employee that were due or done in the period.

    One that is not done yet is among them if it was due in the period, or before. `events` is the
    whole stream of the employee. `schedule` is the schedule of the company.
    """
    employee: Employee | None = None
    set_by: EmployeeRecord | None = None
    removing: list[tuple[EmployeeRecord, date | None, EmployeeRecord | None]] = []
    for recorded in events:
        before, employee = employee, evolve(employee, recorded)
        if before is not None and _removes(before, employee):
            removing.append((recorded, before.offboarding_date, set_by))
        if before is not None and before.offboarding_date != employee.offboarding_date:
            set_by = recorded if employee.offboarding_date else None
    if employee is None:
        return []
    found = [
        _done(company, employee, recorded, last_day, by, schedule)
        for recorded, last_day, by in removing
    ]
    found += _not_done(company, employee, set_by, schedule, now)
    return [each for each in found if _is_in(each, period, schedule)]


def _removes(before: Employee, after: Employee) -> bool:
    """Returns whether an event removed access, or closed the account of somebody who waits."""
    if before.state is State.DEACTIVATED:
        return False
    is_postponed = after.state is State.PENDING and before.state is not State.PENDING
    return after.state is State.DEACTIVATED or is_postponed


def _done(
    company: str,
    employee: Employee,
    recorded: EmployeeRecord,
    last_day: date | None,
    set_by: EmployeeRecord | None,
    schedule: Schedule,
) -> Removal:
    """Returns a removal that was done. It was due on the last day, if that day had come."""
    today = schedule.day_of(recorded.recorded)
    if last_day is not None and last_day <= today:
        due, due_at = last_day, schedule.deactivation_of(last_day)
    else:
        due, due_at = today, recorded.recorded
    return Removal(company, employee, due, due_at, recorded, set_by)


def _not_done(
    company: str,
    employee: Employee,
    set_by: EmployeeRecord | None,
    schedule: Schedule,
    now: datetime,
) -> Iterator[Removal]:
    """Yields the removal that is due and not done, if there is one."""
    day = employee.offboarding_date
    if employee.state is not State.DEACTIVATED and day is not None:
        due_at = schedule.deactivation_of(day)
        if due_at <= now:
            yield Removal(company, employee, day, due_at, None, set_by)


def _is_in(removal: Removal, period: Period, schedule: Schedule) -> bool:
    if removal.done is None:  # it is late on every day since it was due
        return removal.due <= period.last
    days = (removal.due, schedule.day_of(removal.done.recorded))
    return any(period.first <= day <= period.last for day in days)


def removal_document(
    removal: Removal, runs: Mapping[UUID, RunEnded], now: datetime
) -> RemovalDocument:
    """Returns the document of a removal. `runs` has its runs, by id."""
    done, employee = removal.done, removal.employee
    said = _said(removal, runs)
    run = None if said is None else runs.get(said.run)
    late = (done.recorded if done else now) - removal.due_at
    return RemovalDocument(
        company=removal.company,
        employee=employee.id,
        email=employee.email,
        external_id=employee.external_id,
        first_name=employee.details.first_name,
        prefix=employee.details.prefix,
        last_name=employee.details.last_name,
        state=employee.state,
        due=removal.due,
        due_at=removal.due_at,
        done=done.recorded if done else None,
        days_late=max(0, late.days),
        cause=_cause(removal, said),
        said=said.recorded if said else None,
        file=said.file if said else None,
        line=said.line if said else None,
        by=run.by if run else None,
        login=run.login if run else None,
        reason=run.reason if run else None,
        run=said.run if said else None,
        done_run=done.run if done else None,
    )


def _said(removal: Removal, runs: Mapping[UUID, RunEnded]) -> EmployeeRecord | None:
    """Returns the event that said that access ends.

    The clock says nothing of its own: it does what the last day says. Support says it by doing it.
    """
    done = removal.done
    run = runs.get(done.run) if done else None
    by_clock = done is None or (run is not None and run.run_kind is RunKind.CLOCK)
    return removal.set_by if by_clock else done


def _cause(removal: Removal, said: EmployeeRecord | None) -> Cause:
    if said is removal.done and said is not None:
        if isinstance(said.event, Merged):
            return Cause.MERGED
        return Cause.POSTPONED if isinstance(said.event, OnboardingMoved) else Cause.CLOSED
    if said is not None and isinstance(said.event, OffboardingScheduled) and said.event.by_absence:
        return Cause.ABSENCE
    return Cause.FILE if said is not None and said.line is not None else Cause.SUPPORT
