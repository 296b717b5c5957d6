"""The decisions about one employee that follow from a file or from the clock.

A decision takes the state of an employee and a request, and returns events. It returns no events if
nothing changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from msgspec import UNSET
from msgspec.structs import replace

from domain.addresses import address_of
from domain.company import Company, Policy
from domain.context import DecisionContext
from domain.employee.advice import (
    command_for,
    reference_to,
    rehire_command,
    support_command,
)
from domain.employee.aggregate import Employee
from domain.employee.by_absence import ByAbsence
from domain.employee.events import (
    Activated,
    Deactivated,
    DetailsChanged,
    EmailChanged,
    EmployeeEvent,
    ExternalIdLinked,
    FileNoted,
    OffboardingCancelled,
    OffboardingMoved,
    OffboardingScheduled,
    Registered,
    State,
)
from domain.employee.statement import Statement
from domain.fields.details import (
    DetailsChange,
    caught_up,
    difference,
    new_details,
    repeated_left_out,
)
from domain.issues.issue import Issue, make_issue
from domain.schedule import Schedule

# Decisions that follow from a file


def decide_registration(
    said: Statement, company: Company, today: date, *, second_account: bool = False
) -> Iterator[EmployeeEvent]:
    """Yields the events that register a new employee from a statement (L1, L2).

    `second_account` is true if a known employee may be the same person (I5).
    """
    onboarding = said.onboarding_date or today
    yield Registered(
        email=said.email,
        external_id=said.external_id,
        details=new_details(said.details, company.language),
        onboarding_date=onboarding,
        active=onboarding <= today,
        second_account=second_account,
    )
    if said.offboarding_date:
        yield OffboardingScheduled(said.offboarding_date)


def decide_update(employee: Employee, said: Statement, policy: Policy) -> Iterator[EmployeeEvent]:
    """Yields the events that a statement causes for a known employee.

    `validate` has returned no error for the statement, and matching has decided that the address is
    free and that this statement may change the employee's address (I2).
    """
    if employee.state is State.DEACTIVATED:
        if _says_new_offboarding(employee, said):
            yield FileNoted(offboarding_date=said.offboarding_date)  # L6
        return
    links = employee.external_id is None and said.external_id != employee.file_external_id
    if said.external_id and links:
        yield ExternalIdLinked(said.external_id)
    readdressed = said.address != address_of(employee.file_email)
    if readdressed and said.address != address_of(employee.email):
        yield EmailChanged(said.email)
    news = repeated_left_out(said.details, employee.file_details)
    change = difference(employee.details, news)
    if change:
        yield DetailsChanged(change)
    day = said.offboarding_date
    moves = _says_new_offboarding(employee, said) and day != employee.offboarding_date
    reappears = employee.by_absence is ByAbsence.LEAVES and day != employee.offboarding_date
    cancels = _cancels(employee, said, policy) or (reappears and not (day and moves))  # L5, Q4
    if cancels:
        yield OffboardingCancelled()
    elif day and moves and employee.offboarding_date:
        yield OffboardingMoved(day)
    elif day and moves:
        yield OffboardingScheduled(day)
    noted = _noted(employee, said, news, offboarding=not cancels and not (day and moves))
    if noted != FileNoted():
        yield noted


def _noted(
    employee: Employee, said: Statement, news: DetailsChange, *, offboarding: bool
) -> FileNoted:
    """Returns what a statement has new, and what changes nothing that shows (L8).

    `offboarding` is true if the statement does not change the last day.
    """
    noted = FileNoted()
    if said.address == address_of(employee.email) != address_of(employee.file_email):
        noted = replace(noted, email=said.email)
    if offboarding and _says_new_offboarding(employee, said):
        noted = replace(noted, offboarding_date=said.offboarding_date)
    if said.onboarding_date and _says_new_onboarding(employee, said.onboarding_date):
        noted = replace(noted, onboarding_date=said.onboarding_date)
    before = employee.file_external_id
    if said.external_id and before and said.external_id == employee.external_id != before:
        noted = replace(noted, external_id=said.external_id)
    if employee.file_details is not None:
        agreed = caught_up(employee.details, news, employee.file_details)
        if agreed != DetailsChange():
            noted = replace(noted, details=agreed)
    return noted


def validate(employee: Employee | None, said: Statement, context: DecisionContext) -> list[Issue]:
    """Returns the issues about a statement after matching. An error rejects the statement.

    `employee` is `None` if the statement is about a new employee. The rules are L4 to L7.
    """
    if employee is None:
        if not said.offboarding_date or has_left(said, context):
            return []
        return _notice(said.offboarding_date, None, context)
    if employee.state is State.DEACTIVATED:
        return _asks_back(employee, said, context)
    return [
        *_about_first_day(employee, said, context),
        *_about_last_day(employee, said, context),
    ]


def _about_first_day(
    employee: Employee, said: Statement, context: DecisionContext
) -> Iterator[Issue]:
    """Yields the issue about an onboarding date that is new, and not the known one (L7)."""
    first_day, known = said.onboarding_date, employee.onboarding_date
    if first_day in (None, known) or not _says_new_onboarding(employee, first_day):
        return
    value, who = first_day.isoformat(), reference_to(employee, said)
    command = command_for("move-onboarding", context.company.key, who, value)
    advice = f"if {value} is right, ask support for {command}"
    last_day = said.offboarding_date if _says_new_offboarding(employee, said) else None
    last_day = last_day or employee.offboarding_date
    if last_day and (last_day < first_day or is_over(last_day, context)):
        advice = f"it cannot be moved there, because the last day is {last_day}"
    yield make_issue("onboarding-date-fixed", "onboarding_date", value, known=known, advice=advice)


def _about_last_day(
    employee: Employee, said: Statement, context: DecisionContext
) -> Iterator[Issue]:
    """Yields the issues about an offboarding date that is new (L4), or blank (L5)."""
    day, known = said.offboarding_date, employee.offboarding_date
    if day is None:
        if employee.leaves_by_file and not _cancels(employee, said, context.company.policy):
            who = reference_to(employee, said)
            command = command_for("cancel-offboarding", context.company.key, who)
            yield make_issue("offboarding-kept", "offboarding_date", day=known, command=command)
    elif day is not UNSET and day != known and _says_new_offboarding(employee, said):
        yield from _notice(day, employee, context)


def _asks_back(employee: Employee, said: Statement, context: DecisionContext) -> list[Issue]:
    """Returns the issue about a row that lists a deactivated employee as staying, if any (L6)."""
    day = said.offboarding_date
    if employee.by_absence is ByAbsence.LEAVES and day is UNSET:
        day = None  # the deliveries lacked the employee, and now have the employee again (Q4)
    if day is UNSET or has_left(said, context):
        return []
    value = day.isoformat() if day else None
    in_order = day is not None and employee.onboarding_date <= day
    options = ("--offboarding-date", str(day)) if in_order else ()
    reactivate = support_command("reactivate", employee, context, *options)
    release = support_command("release", employee, context)
    if day and not employee.closed_by_file and not _says_new_offboarding(employee, said):
        return []  # support closed the account before the day that the file still has
    if not day and not employee.closed_by_file:
        return [
            make_issue("still-listed", "offboarding_date", reactivate=reactivate, release=release)
        ]
    return [
        make_issue(
            "reactivation-needs-support",
            "offboarding_date",
            value,
            reactivate=reactivate,
            rehire=rehire_command(employee, said, context),
            release=release,
        )
    ]


def has_left(said: Statement, context: DecisionContext) -> bool:
    """Returns whether the last day in a statement is over. Then no account is made (L2)."""
    day = said.offboarding_date
    return isinstance(day, date) and is_over(day, context)


def is_over(last_day: date, context: DecisionContext) -> bool:
    """Returns whether the deactivation on a last day is due (L9)."""
    return context.schedule.deactivation_of(last_day) <= context.moment.now


def overdue(day: date, schedule: Schedule, now: datetime, email: str | None = None) -> list[Issue]:
    """Returns the issue about a new last day that is over, or no issue (L4)."""
    if schedule.deactivation_of(day) > now:
        return []
    return [make_issue("offboarding-overdue", "offboarding_date", day.isoformat(), email=email)]


def _says_new_offboarding(employee: Employee, said: Statement) -> bool:
    """Returns whether the offboarding date differs from the file's last one (L5, L6, L8)."""
    day = said.offboarding_date
    return day is not UNSET and day != employee.file_offboarding_date


def _says_new_onboarding(employee: Employee, first_day: date) -> bool:
    """Returns whether the onboarding date differs from the file's last one (L7, L8)."""
    return first_day != (employee.file_onboarding_date or employee.onboarding_date)


def _cancels(employee: Employee, said: Statement, policy: Policy) -> bool:
    """Returns whether a blank cell cancels a last day that came from the file (L5)."""
    blank = said.offboarding_date is None and policy.blank_offboarding == "cancel"
    return blank and employee.leaves_by_file


def _notice(day: date, employee: Employee | None, context: DecisionContext) -> list[Issue]:
    """Returns the issues about a new last day that is near or over (L4).

    `employee` is `None` for a new employee, for whom support can do nothing yet.
    """
    policy = context.company.policy
    past = overdue(day, context.schedule, context.moment.now)
    if past:
        return past
    ahead = (day - context.today).days
    if ahead >= policy.notice_days:
        return []
    asked = ""
    if employee is not None and employee.onboarding_date <= day:
        command = support_command("offboard", employee, context, day.isoformat())
        asked = f", or ask support for {command}"
    return [
        make_issue(
            "short-notice",
            "offboarding_date",
            day.isoformat(),
            strict=policy.short_notice == "reject",
            ahead="today" if ahead == 0 else f"{ahead} day{'s' if ahead > 1 else ''} ahead",
            notice=policy.notice_days,
            asked=asked,
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
    if employee.state is not State.DEACTIVATED and last_day and leaves and leaves <= now:
        yield leaves, Deactivated(ahead_of_utc=leaves.date() < last_day)
