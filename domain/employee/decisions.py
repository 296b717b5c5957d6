"""The decisions about one employee that follow from a file or from the clock.

A decision takes the state of an employee and a request, and returns events. It returns no events if
nothing changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from msgspec import UNSET, UnsetType

from domain.company import Company, Policy
from domain.context import DecisionContext
from domain.employee.aggregate import Employee
from domain.employee.events import (
    Activated,
    Deactivated,
    DetailsChanged,
    EmailChanged,
    EmployeeEvent,
    ExternalIdLinked,
    FileNoted,
    OffboardingMoved,
    OffboardingScheduled,
    Registered,
    State,
)
from domain.employee.statement import Statement, address_of
from domain.fields.details import difference, new_details
from domain.issues.issue import Issue, make_issue
from domain.schedule import Schedule

# Decisions that follow from a file


def decide_registration(said: Statement, company: Company, today: date) -> Iterator[EmployeeEvent]:
    """Yields the events that register a new employee from a statement (L1, L2)."""
    onboarding = said.onboarding_date or today
    yield Registered(
        email=said.email,
        external_id=said.external_id,
        details=new_details(said.details, company.language),
        onboarding_date=onboarding,
        active=onboarding <= today,
    )
    if said.offboarding_date:
        yield OffboardingScheduled(said.offboarding_date)


def decide_update(employee: Employee, said: Statement) -> Iterator[EmployeeEvent]:
    """Yields the events that a statement causes for a known employee.

    `validate` has returned no error for the statement, and matching has decided that the address is
    free and that this statement may change the employee's address (I2).
    """
    if employee.state is State.DEACTIVATED:
        return
    if said.external_id and employee.external_id is None:
        yield ExternalIdLinked(said.external_id)
    noted_email: str | UnsetType = UNSET
    if said.address != address_of(employee.file_email):
        if said.address == address_of(employee.email):
            noted_email = said.email
        else:
            yield EmailChanged(said.email)
    change = difference(employee.details, said.details)
    if change:
        yield DetailsChanged(change)
    noted_offboarding: date | UnsetType | None = UNSET
    if _says_new_offboarding(employee, said):
        day = said.offboarding_date
        if not day or day == employee.offboarding_date:
            noted_offboarding = day
        elif employee.offboarding_date:
            yield OffboardingMoved(day)
        else:
            yield OffboardingScheduled(day)
    noted = FileNoted(noted_email, noted_offboarding)
    if noted != FileNoted():
        yield noted


def validate(employee: Employee | None, said: Statement, context: DecisionContext) -> list[Issue]:
    """Returns the issues about a statement after matching. An error rejects the statement.

    `employee` is `None` if the statement is about a new employee. The rules are L4, L6 and L7.
    """
    policy, schedule, now = context.company.policy, context.schedule, context.moment.now
    if employee is None:
        if not said.offboarding_date or has_left(said, context):
            return []
        return _notice(said.offboarding_date, policy, schedule, now)
    issues = []
    if said.onboarding_date and said.onboarding_date != employee.onboarding_date:
        ignored = said.onboarding_date.isoformat()
        known = employee.onboarding_date
        issues.append(make_issue("onboarding-date-fixed", "onboarding_date", ignored, known=known))
    if _says_new_offboarding(employee, said):
        day = said.offboarding_date or None
        if employee.state is State.DEACTIVATED:
            value = day.isoformat() if day else None
            issues.append(make_issue("reactivation-needs-support", "offboarding_date", value))
        elif day and day != employee.offboarding_date:
            issues += _notice(day, policy, schedule, now)
    return issues


def has_left(said: Statement, context: DecisionContext) -> bool:
    """Returns whether the last day in a statement is over. Then no account is made (L2)."""
    day = said.offboarding_date
    if not isinstance(day, date):
        return False
    return context.schedule.deactivation_of(day) <= context.moment.now


def overdue(day: date, schedule: Schedule, now: datetime, email: str | None = None) -> list[Issue]:
    """Returns the issue about a new last day that is over, or no issue (L4)."""
    if schedule.deactivation_of(day) > now:
        return []
    return [make_issue("offboarding-overdue", "offboarding_date", day.isoformat(), email=email)]


def _says_new_offboarding(employee: Employee, said: Statement) -> bool:
    """Returns whether the offboarding date differs from the file's last one (L5, L6, L8)."""
    day = said.offboarding_date
    return day is not UNSET and day != employee.file_offboarding_date


def _notice(day: date, policy: Policy, schedule: Schedule, now: datetime) -> list[Issue]:
    """Returns the issues about a new last day that is near or over (L4)."""
    past = overdue(day, schedule, now)
    if past:
        return past
    ahead = (day - now.date()).days
    if ahead >= policy.notice_days:
        return []
    return [
        make_issue(
            "short-notice",
            "offboarding_date",
            day.isoformat(),
            strict=policy.short_notice == "reject",
            ahead="today" if ahead == 0 else f"{ahead} day{'s' if ahead > 1 else ''} ahead",
            notice=policy.notice_days,
        )
    ]


# Decisions that follow from the clock


def decide_due(
    employee: Employee, schedule: Schedule, now: datetime
) -> Iterator[tuple[datetime, EmployeeEvent]]:
    """Yields every transition due at or before `now`, with the moment it was due (C1, L9)."""
    last_day = employee.offboarding_date
    leaves = schedule.deactivation_of(last_day) if last_day else None
    starts = schedule.activation_of(employee.onboarding_date)
    if employee.state is State.PENDING and starts <= now and not (leaves and leaves < starts):
        yield starts, Activated()
    if employee.state is not State.DEACTIVATED and leaves and leaves <= now:
        yield leaves, Deactivated()
