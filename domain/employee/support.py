"""The decisions about support commands (S1-S6): a command causes events, or is rejected.

A file that repeats its values does not undo what support did (L8). The events here name no line of
a file, so folding them does not change the values that the file last had.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import assert_never
from uuid import UUID

from domain.context import DecisionContext
from domain.employee.aggregate import Employee
from domain.employee.change import Change, change_of, transitions
from domain.employee.commands import (
    CancelOffboarding,
    ChangeEmail,
    Command,
    Deactivate,
    Link,
    MoveOnboarding,
    Offboard,
    Reactivate,
)
from domain.employee.decisions import overdue
from domain.employee.events import (
    Activated,
    Deactivated,
    EmailChanged,
    EmployeeEvent,
    ExternalIdLinked,
    OffboardingCancelled,
    OffboardingMoved,
    OffboardingScheduled,
    OnboardingMoved,
    Reactivated,
    State,
)
from domain.employee.rejection import CommandRejected
from domain.employee.roster import Entry, Roster
from domain.employee.statement import address_of
from domain.fields.cells import clean, problem_of
from domain.issues.issue import Issue
from domain.outcome import Counts, Outcome
from domain.privacy import Redacted


class SupportPlan(Redacted, frozen=True):
    """Everything that a support command would do: at most one change, and the issues about it."""

    changes: tuple[Change, ...]
    issues: tuple[Issue, ...] = ()

    @property
    def counts(self) -> Counts:
        """Returns the counts that the run would have."""
        return transitions(self.changes)

    @property
    def outcome(self) -> Outcome:
        """Returns the outcome that the run would have."""
        return Outcome.APPLIED if self.changes else Outcome.UNCHANGED


def plan_support(
    command: Command, employee: Employee, roster: Roster, context: DecisionContext
) -> SupportPlan:
    """Returns what a support command would change.

    `roster` needs to hold only the owners of the command's `lookup_keys`. Nothing changes if the
    result of the command is already there. Raises `CommandRejected` if the command cannot be
    carried out.
    """
    now = context.moment.now
    events = tuple(_decide(command, employee, roster, context))
    change = change_of(employee, employee.id, ((now, event) for event in events), context.moment)
    issues = tuple(
        issue
        for event in events
        if isinstance(event, OffboardingScheduled | OffboardingMoved)
        for issue in overdue(event.offboarding_date, context.schedule, now, employee.email)
    )
    return SupportPlan(() if change is None else (change,), issues)


def _decide(
    command: Command, employee: Employee, roster: Roster, context: DecisionContext
) -> Iterator[EmployeeEvent]:
    match command:
        case ChangeEmail(email=email):
            return _change_email(employee, clean(email), roster, context)
        case Reactivate(offboarding_date=day):
            return _reactivate(employee, day, context)
        case MoveOnboarding(onboarding_date=day):
            return _move_onboarding(employee, day, context)
        case Offboard(offboarding_date=day):
            return _offboard(employee, day)
        case CancelOffboarding():
            return _cancel_offboarding(employee)
        case Deactivate():
            return _deactivate(employee)
        case Link(external_id=external_id):
            return _link(employee, clean(external_id), roster, context)
        case _ as never:
            assert_never(never)


def _change_email(
    employee: Employee, email: str, roster: Roster, context: DecisionContext
) -> Iterator[EmployeeEvent]:
    if not email or problem_of("email", email, context.company):
        raise CommandRejected("bad-email")
    other = _other(employee, roster.at_address(address_of(email)))
    if other is not None:
        raise CommandRejected("email-taken", other=other)
    if address_of(email) != address_of(employee.email):
        yield EmailChanged(email)


def _reactivate(
    employee: Employee, day: date | None, context: DecisionContext
) -> Iterator[EmployeeEvent]:
    if employee.state is not State.DEACTIVATED:
        if day in (None, employee.offboarding_date):
            return
        raise CommandRejected("not-deactivated", state=employee.state)
    now = context.moment.now
    if day is not None:
        if context.schedule.deactivation_of(day) <= now:
            raise CommandRejected("last-day-over")
        _in_order(employee.onboarding_date, day)
    known = employee.offboarding_date
    if day is None and known and context.schedule.deactivation_of(known) > now:
        day = known
    yield Reactivated(employee.onboarding_date <= now.date(), day)


def _move_onboarding(
    employee: Employee, day: date, context: DecisionContext
) -> Iterator[EmployeeEvent]:
    now, last_day = context.moment.now, employee.offboarding_date
    at_once = day <= now.date()
    if employee.state is not State.PENDING:
        if day == employee.onboarding_date and employee.state is not State.DEACTIVATED:
            return
        raise CommandRejected("not-pending", state=employee.state)
    if last_day:
        _in_order(day, last_day)
        if at_once and context.schedule.deactivation_of(last_day) <= now:
            raise CommandRejected("has-left")
    if day != employee.onboarding_date:
        yield OnboardingMoved(day)
    if at_once:
        yield Activated()


def _offboard(employee: Employee, day: date) -> Iterator[EmployeeEvent]:
    _here(employee)
    _in_order(employee.onboarding_date, day)
    if not employee.offboarding_date:
        yield OffboardingScheduled(day)
    elif day != employee.offboarding_date:
        yield OffboardingMoved(day)


def _cancel_offboarding(employee: Employee) -> Iterator[EmployeeEvent]:
    _here(employee)
    if employee.offboarding_date:
        yield OffboardingCancelled()


def _deactivate(employee: Employee) -> Iterator[EmployeeEvent]:
    if employee.state is not State.DEACTIVATED:
        yield Deactivated()


def _link(
    employee: Employee, external_id: str, roster: Roster, context: DecisionContext
) -> Iterator[EmployeeEvent]:
    if not external_id or problem_of("external_id", external_id, context.company):
        raise CommandRejected("bad-external-id")
    other = _other(employee, roster.with_external_id(external_id))
    if other is not None:
        raise CommandRejected("external-id-taken", other=other)
    if employee.external_id is None:
        yield ExternalIdLinked(external_id)
    elif employee.external_id != external_id:
        raise CommandRejected("other-external-id")


def _here(employee: Employee) -> None:
    if employee.state is State.DEACTIVATED:
        raise CommandRejected("is-deactivated")


def _in_order(onboarding: date, offboarding: date) -> None:
    """Raises `CommandRejected` if the dates are in the wrong order (L3)."""
    if offboarding < onboarding:
        raise CommandRejected("leaves-before-starting")


def _other(employee: Employee, entry: Entry | None) -> UUID | None:
    """Returns the id of the employee of `entry`, or `None` if that is `employee` or missing."""
    if entry is None or entry.employee == employee.id.hex:
        return None
    return UUID(entry.employee)
