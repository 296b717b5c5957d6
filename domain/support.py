"""What support staff may do (S1-S6): a request is a value, its answer events or a refusal.

No file undoes what support did by repeating itself (L8): these events name no line of a file, so
folding them leaves alone what the file last said.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TypeAlias, assert_never
from uuid import UUID

from domain.declined import Declined
from domain.employee import Employee, overdue
from domain.events import (
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
from domain.plan import SupportPlan, change_of
from domain.private import Private
from domain.roster import Entry, Roster
from domain.row import address_of, clean, problem_of
from domain.terms import Terms


class ChangeEmail(Private, frozen=True):
    """S1: the employee is reached at another address."""

    email: str


class Reactivate(Private, frozen=True):
    """S2: a deactivated employee comes back, perhaps until a new last day."""

    offboarding_date: date | None = None


class MoveOnboarding(Private, frozen=True):
    """S3: a pending employee starts on another day; today or earlier means at once."""

    onboarding_date: date


class Offboard(Private, frozen=True):
    """S4: the employee gets a last day, or another one."""

    offboarding_date: date


class CancelOffboarding(Private, frozen=True):
    """S4: the employee stays."""


class Deactivate(Private, frozen=True):
    """S5: the employee can no longer log in, from now on."""


class Link(Private, frozen=True):
    """S6: an employee known by e-mail alone gets the customer's own id."""

    external_id: str


Request: TypeAlias = (
    ChangeEmail | Reactivate | MoveOnboarding | Offboard | CancelOffboarding | Deactivate | Link
)


def plan_support(request: Request, employee: Employee, roster: Roster, terms: Terms) -> SupportPlan:
    """What doing what is asked of support would change.

    `roster` needs to hold only those whom the request might meet: see `meets`. Where what is
    asked for holds already, nothing changes. Raises `Declined` where it cannot be done.
    """
    now = terms.moment.now
    events = tuple(_answer(request, employee, roster, terms))
    change = change_of(employee, employee.id, ((now, event) for event in events), terms.moment)
    scheduled = (OffboardingScheduled, OffboardingMoved)
    issues = tuple(
        found.at(email=employee.email)
        for event in events
        if isinstance(event, scheduled)
        for found in overdue(event.offboarding_date, terms.schedule, now)
    )
    return SupportPlan(() if change is None else (change,), issues)


def meets(request: Request) -> tuple[str | None, str | None]:
    """The address and the external id that a request asks for: whose they are must be known."""
    match request:
        case ChangeEmail(email=email):
            return address_of(clean(email)), None
        case Link(external_id=external_id):
            return None, clean(external_id)
        case _:
            return None, None


def _answer(
    request: Request, employee: Employee, roster: Roster, terms: Terms
) -> Iterator[EmployeeEvent]:
    match request:
        case ChangeEmail(email=email):
            return _change_email(employee, clean(email), roster, terms)
        case Reactivate(offboarding_date=day):
            return _reactivate(employee, day, terms)
        case MoveOnboarding(onboarding_date=day):
            return _move_onboarding(employee, day, terms)
        case Offboard(offboarding_date=day):
            return _offboard(employee, day)
        case CancelOffboarding():
            return _cancel_offboarding(employee)
        case Deactivate():
            return _deactivate(employee)
        case Link(external_id=external_id):
            return _link(employee, clean(external_id), roster, terms)
        case _ as never:
            assert_never(never)


def _change_email(
    employee: Employee, email: str, roster: Roster, terms: Terms
) -> Iterator[EmployeeEvent]:
    if not email or problem_of("email", email, terms.company):
        raise Declined("bad-email")
    other = _other(employee, roster.at_address(address_of(email)))
    if other is not None:
        raise Declined("email-taken", other=other)
    if address_of(email) != address_of(employee.email):
        yield EmailChanged(email)


def _reactivate(employee: Employee, day: date | None, terms: Terms) -> Iterator[EmployeeEvent]:
    if employee.state is not State.DEACTIVATED:
        if day in (None, employee.offboarding_date):
            return
        raise Declined("not-deactivated", state=employee.state)
    now = terms.moment.now
    if day is not None:
        if terms.schedule.deactivation_of(day) <= now:
            raise Declined("last-day-over")
        _in_order(employee.onboarding_date, day)
    known = employee.offboarding_date
    if day is None and known and terms.schedule.deactivation_of(known) > now:
        day = known
    yield Reactivated(employee.onboarding_date <= now.date(), day)


def _move_onboarding(employee: Employee, day: date, terms: Terms) -> Iterator[EmployeeEvent]:
    now, last_day = terms.moment.now, employee.offboarding_date
    at_once = day <= now.date()
    if employee.state is not State.PENDING:
        if day == employee.onboarding_date and employee.state is not State.DEACTIVATED:
            return
        raise Declined("not-pending", state=employee.state)
    if last_day:
        _in_order(day, last_day)
        if at_once and terms.schedule.deactivation_of(last_day) <= now:
            raise Declined("has-left")
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
    employee: Employee, external_id: str, roster: Roster, terms: Terms
) -> Iterator[EmployeeEvent]:
    if not external_id or problem_of("external_id", external_id, terms.company):
        raise Declined("bad-external-id")
    other = _other(employee, roster.with_external_id(external_id))
    if other is not None:
        raise Declined("external-id-taken", other=other)
    if employee.external_id is None:
        yield ExternalIdLinked(external_id)
    elif employee.external_id != external_id:
        raise Declined("other-external-id")


def _here(employee: Employee) -> None:
    if employee.state is State.DEACTIVATED:
        raise Declined("is-deactivated")


def _in_order(onboarding: date, offboarding: date) -> None:
    """L3, which holds for support too."""
    if offboarding < onboarding:
        raise Declined("leaves-before-starting")


def _other(employee: Employee, entry: Entry | None) -> UUID | None:
    """Whoever it is, unless it is the employee."""
    if entry is None or entry.employee == employee.id.hex:
        return None
    return UUID(entry.employee)
