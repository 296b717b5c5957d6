"""Why things are as they are for one person: from the present value back to the cell or person.

The answer goes back from the state to the event, the run, and the row of a file with its cell, or
the person with the reason. It also says what the last delivery did, and why it changed nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple
from uuid import UUID

from domain.employee.aggregate import Employee
from domain.employee.events import (
    Activated,
    Deactivated,
    OnboardingMoved,
    Reactivated,
    Registered,
    Rehired,
    State,
)
from domain.fields.table import DETAILS
from domain.issues.issue_type import Severity
from domain.privacy import Redacted
from domain.schedule import Schedule
from projections.answers.find import Matched
from projections.answers.history import Happening
from projections.answers.person import EmployeeDocument, document
from projections.answers.why_delivery import Deliveries, DeliveryDocument, explain_delivery
from projections.answers.why_values import (
    Columns,
    Origin,
    ValueDocument,
    explain_value,
    origin_of,
)
from projections.answers.words import moment_in_words

_OF_ACCESS = (Registered, Activated, Deactivated, OnboardingMoved, Reactivated, Rehired)
_MATTERS = ("offboarding_date", "onboarding_date", "email", "external_id")
"""The fields that an answer without a field is about, if they were changed."""


class Access(Redacted, frozen=True):
    """Whether a person can log in: since when, until when, and the event that decided it.

    `since` is the moment from which `can_log_in` is as it is, and `until` is the moment at which
    this ends: the lock-out, or the first log-in of somebody who starts later. `overdue` means that
    this moment has passed, and that the clock has not made the change yet (C1).
    """

    can_log_in: bool
    since: datetime | None
    until: datetime | None
    overdue: bool
    origin: Origin | None
    message: str


class WhyDocument(Redacted, frozen=True):
    """The answer of `why`.

    `employee` is `None` for a person without an account, of whom deliveries say something. `field`
    is the field that was asked for. `merged_from` is the account that was asked for, if it ended in
    favour of this one (S11).
    """

    company: str
    employee: EmployeeDocument | None
    matched: Matched | None
    merged_from: UUID | None
    field: str | None
    access: Access | None
    values: tuple[ValueDocument, ...]
    delivery: DeliveryDocument


class Known(NamedTuple):
    """What is known of one person, in one company.

    `happenings` are those of the employee, and of the accounts that ended in the employee's favour,
    oldest first. `people` has what other accounts are called.
    """

    company: str
    employee: Employee | None
    happenings: Sequence[Happening]
    people: Mapping[UUID, str]
    deliveries: Deliveries
    columns: Columns
    matched: Matched | None = None
    merged_from: UUID | None = None


def explain(
    known: Known, field: str | None, schedule: Schedule, now: datetime, zone: tzinfo = UTC
) -> WhyDocument:
    """Returns why things are as they are for one person: the access, or one field."""
    employee = known.employee
    values = _values(known, employee, field, schedule, zone) if employee is not None else ()
    # Whatever is wrong with a row rejects all of it, so errors about other fields count too (W9).
    issues = [
        each
        for each in known.deliveries.issues
        if field in (None, each.field) or each.severity is Severity.ERROR
    ]
    deliveries = known.deliveries._replace(issues=tuple(issues))
    return WhyDocument(
        company=known.company,
        employee=document(known.company, employee) if employee else None,
        matched=known.matched,
        merged_from=known.merged_from,
        field=field,
        access=_access(known, employee, schedule, now, zone) if employee else None,
        values=values,
        delivery=explain_delivery(deliveries, employee, known.happenings, values, zone),
    )


def _values(
    known: Known, employee: Employee, field: str | None, schedule: Schedule, zone: tzinfo
) -> tuple[ValueDocument, ...]:
    """Returns the field that is asked for, or those that matter and were changed."""
    custom = employee.details.custom
    fields = (field,) if field is not None else (*_MATTERS, *_others(employee, custom))
    found = (
        explain_value(
            each,
            employee,
            known.happenings,
            known.columns,
            schedule,
            people=known.people,
            zone=zone,
        )
        for each in fields
    )
    if field is not None:
        return tuple(found)
    return tuple(
        each
        for each in found
        if (each.field in _MATTERS and each.was_changed)
        or each.file is not None
        or (each.field == "offboarding_date" and each.value is not None)
    )


def _others(employee: Employee, custom: Mapping[str, str]) -> tuple[str, ...]:
    details = tuple(field.name for field in DETAILS)
    return (*details, *custom)


def _access(
    known: Known, employee: Employee, schedule: Schedule, now: datetime, zone: tzinfo
) -> Access:
    deciding = [
        each
        for each in known.happenings
        if each.entry.employee == employee.id and _decides_access(each)
    ]
    last = deciding[-1] if deciding else None
    until = _until(employee, schedule)
    overdue = until is not None and until <= now
    can_log_in = employee.state in (State.ACTIVE, State.OFFBOARDING_SCHEDULED)
    since = last.entry.effective if last else None
    return Access(
        can_log_in=can_log_in,
        since=since,
        until=until,
        overdue=overdue,
        origin=origin_of(last, None, known.columns, schedule, people=known.people, zone=zone)
        if last
        else None,
        message=_access_in_words(employee, since, until, overdue=overdue, zone=zone),
    )


def _decides_access(happening: Happening) -> bool:
    before = happening.before
    was = before is not None and before.state is happening.after.state
    return isinstance(happening.event, _OF_ACCESS) and not was


def _until(employee: Employee, schedule: Schedule) -> datetime | None:
    """Returns the moment at which the access begins or ends by a date, if one is set (L9)."""
    if employee.state is State.PENDING:
        return schedule.activation_of(employee.onboarding_date)
    if employee.state is State.DEACTIVATED or employee.offboarding_date is None:
        return None
    return schedule.deactivation_of(employee.offboarding_date)


def _access_in_words(
    employee: Employee,
    since: datetime | None,
    until: datetime | None,
    *,
    overdue: bool,
    zone: tzinfo,
) -> str:
    from_then = f" since {moment_in_words(since, zone)}" if since else ""
    end = moment_in_words(until, zone) if until else ""
    late = "; this moment has passed, and the clock has not run since" if overdue else ""
    match employee.state:
        case State.DEACTIVATED:
            return f"Cannot log in{from_then}."
        case State.PENDING:
            return f"Cannot log in before {end}{late}."
        case State.OFFBOARDING_SCHEDULED:
            return f"Can log in{from_then}, and until {end}{late}."
        case State.ACTIVE:
            return f"Can log in{from_then}, without a last day."
