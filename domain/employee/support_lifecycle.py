"""The decisions of support about first days, last days and accounts (S2-S5, S8)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from domain.addresses import address_of
from domain.context import DecisionContext
from domain.employee.aggregate import Employee
from domain.employee.commands import Rehire
from domain.employee.decisions import is_over
from domain.employee.events import (
    Activated,
    Deactivated,
    EmailChanged,
    EmployeeEvent,
    ExternalIdChanged,
    OffboardingCancelled,
    OffboardingMoved,
    OffboardingScheduled,
    OnboardingMoved,
    Reactivated,
    Rehired,
    State,
)
from domain.employee.rejection import CommandRejected
from domain.employee.roster import Roster
from domain.employee.support_identity import free_email, free_external_id, require_keys
from domain.fields.cells import clean


def reactivate(
    employee: Employee, day: date | None, context: DecisionContext
) -> Iterator[EmployeeEvent]:
    """Yields the event that brings a deactivated employee back (S2)."""
    if employee.state is not State.DEACTIVATED:
        if day in (None, employee.offboarding_date):
            return
        raise CommandRejected("not-deactivated", state=employee.state)
    require_keys(employee)
    if day is not None:
        if is_over(day, context):
            raise CommandRejected("last-day-over")
        _in_order(employee.onboarding_date, day)
    known = employee.offboarding_date
    if day is None and known and not is_over(known, context):
        day = known
    yield Reactivated(employee.onboarding_date <= context.today, day)


def rehire(
    employee: Employee, command: Rehire, roster: Roster, context: DecisionContext
) -> Iterator[EmployeeEvent]:
    """Yields the events that let a deactivated employee start again (S8).

    What was released does not come back: a released employee has no external id unless the command
    gives one, and needs another e-mail address if somebody else has the address by now.
    """
    if employee.state is not State.DEACTIVATED:
        if _is_rehired(employee, command):
            return
        raise CommandRejected("still-here", state=employee.state)
    email = free_email(employee, command.email or employee.email, roster, context)
    if address_of(email) != address_of(employee.email):
        yield EmailChanged(email)
    external_id = None if employee.released else employee.external_id
    if command.external_id is not None:
        external_id = free_external_id(employee, command.external_id, roster, context)
    if external_id != employee.external_id:
        yield ExternalIdChanged(external_id)
    first_day = command.onboarding_date
    yield Rehired(first_day <= context.today, first_day)


def _is_rehired(employee: Employee, command: Rehire) -> bool:
    """Returns whether the employee has the first day, the address and the external id already."""
    return (
        command.onboarding_date == employee.onboarding_date
        and address_of(clean(command.email or employee.email)) == address_of(employee.email)
        and clean(command.external_id or "") in ("", employee.external_id)
    )


def move_onboarding(
    employee: Employee, day: date, context: DecisionContext
) -> Iterator[EmployeeEvent]:
    """Yields the events that move the first day; the state follows from the dates (S3)."""
    _here(employee)
    last_day = employee.offboarding_date
    started = day <= context.today
    if last_day:
        _in_order(day, last_day)
    if employee.state is not State.PENDING:
        if day != employee.onboarding_date:
            yield OnboardingMoved(day, pending=not started)
        return
    if last_day and started and is_over(last_day, context):
        raise CommandRejected("has-left")
    if day != employee.onboarding_date:
        yield OnboardingMoved(day)
    if started:
        yield Activated()


def offboard(employee: Employee, day: date) -> Iterator[EmployeeEvent]:
    """Yields the event that sets or moves the last day (S4)."""
    _here(employee)
    _in_order(employee.onboarding_date, day)
    if not employee.offboarding_date:
        yield OffboardingScheduled(day)
    elif day != employee.offboarding_date:
        yield OffboardingMoved(day)


def cancel_offboarding(employee: Employee) -> Iterator[EmployeeEvent]:
    """Yields the event that removes the last day (S4)."""
    _here(employee)
    if employee.offboarding_date:
        yield OffboardingCancelled()


def deactivate(employee: Employee) -> Iterator[EmployeeEvent]:
    """Yields the event that closes the account now (S5)."""
    if employee.state is not State.DEACTIVATED:
        yield Deactivated()


def _here(employee: Employee) -> None:
    if employee.state is State.DEACTIVATED:
        raise CommandRejected("is-deactivated")


def _in_order(onboarding: date, offboarding: date) -> None:
    """Raises `CommandRejected` if the dates are in the wrong order (L3)."""
    if offboarding < onboarding:
        raise CommandRejected("leaves-before-starting")
