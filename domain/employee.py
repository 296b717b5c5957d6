"""The employee: state, how events change it, and what a row or the clock asks of one employee.

Every decision returns events, none when nothing is asked; nothing here changes a state in place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import assert_never
from uuid import UUID

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from domain.company import Company, Policy
from domain.events import (
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
    OnboardingMoved,
    Reactivated,
    Recorded,
    Registered,
    State,
)
from domain.issues import Finding, finding
from domain.person import Details, changed, difference, new_details
from domain.private import Private
from domain.row import Row, address_of
from domain.run import RunEnded
from domain.schedule import Schedule


class Employee(Private, frozen=True, array_like=True):
    """One employee of a company, as their events tell.

    `version` is the number of their events, `effective` when the last one took effect (C1).
    `file_email` and `file_offboarding_date` are what the file last said, which is not what holds
    where support changed it (L8). Kept as an array: a state is made anew from events at any time,
    and its field names need not be stored with everyone.
    """

    id: UUID
    version: int
    effective: datetime
    state: State
    email: str
    external_id: str | None
    details: Details
    onboarding_date: date
    offboarding_date: date | None
    file_email: str
    file_offboarding_date: date | None

    @property
    def addresses(self) -> frozenset[str]:
        """Every address that means this employee: theirs, and the one the file uses (I8)."""
        return frozenset((address_of(self.email), address_of(self.file_email)))


# The fold


def fold(employee: Employee | None, events: Iterable[Recorded]) -> Employee | None:
    """The employee after `events`."""
    for recorded in events:
        employee = evolve(employee, recorded)
    return employee


def evolve(employee: Employee | None, recorded: Recorded) -> Employee:
    """The employee after one more event.

    Raises `ValueError` when the event does not follow: a stream begins with `Registered`, and
    only begins with it.
    """
    event = recorded.event
    if isinstance(event, Registered):
        if employee is not None:
            raise ValueError("an employee is registered once")
        return _registered(recorded, event)
    if employee is None or isinstance(event, RunEnded):
        raise ValueError(f"no stream of an employee has {type(event).__name__} here")
    return replace(
        _evolved(employee, event, by_file=recorded.line is not None),
        version=recorded.originator_version,
        effective=recorded.effective,
    )


def _registered(recorded: Recorded, event: Registered) -> Employee:
    return Employee(
        id=recorded.originator_id,
        version=recorded.originator_version,
        effective=recorded.effective,
        state=State.ACTIVE if event.active else State.PENDING,
        email=event.email,
        external_id=event.external_id,
        details=event.details,
        onboarding_date=event.onboarding_date,
        offboarding_date=None,
        file_email=event.email,
        file_offboarding_date=None,
    )


def _evolved(employee: Employee, event: EmployeeEvent, *, by_file: bool) -> Employee:
    match event:
        case DetailsChanged(details=change):
            return replace(employee, details=changed(employee.details, change))
        case EmailChanged(email=email):
            file_email = email if by_file else employee.file_email
            return replace(employee, email=email, file_email=file_email)
        case ExternalIdLinked(external_id=external_id):
            return replace(employee, external_id=external_id)
        case OffboardingScheduled(offboarding_date=day) | OffboardingMoved(offboarding_date=day):
            said = day if by_file else employee.file_offboarding_date
            return replace(_leaving(employee, day), file_offboarding_date=said)
        case OffboardingCancelled():
            return _leaving(employee, None)
        case Activated():
            return _leaving(replace(employee, state=State.ACTIVE), employee.offboarding_date)
        case OnboardingMoved(onboarding_date=day):
            return replace(employee, onboarding_date=day)
        case Deactivated():
            return replace(employee, state=State.DEACTIVATED)
        case Reactivated(active=active, offboarding_date=leaves):
            state = State.ACTIVE if active else State.PENDING
            return _leaving(replace(employee, state=state), leaves)
        case FileNoted():
            return _noted(employee, event)
        case Registered():
            raise ValueError("an employee is registered once")
        case _ as never:
            assert_never(never)


def _noted(employee: Employee, noted: FileNoted) -> Employee:
    if noted.email is not UNSET:
        employee = replace(employee, file_email=noted.email)
    if noted.offboarding_date is not UNSET:
        employee = replace(employee, file_offboarding_date=noted.offboarding_date)
    return employee


def _leaving(employee: Employee, day: date | None) -> Employee:
    """The employee with this last day: only who is active is scheduled, the pending stay (L2)."""
    state = employee.state
    if state is not State.PENDING:
        state = State.OFFBOARDING_SCHEDULED if day else State.ACTIVE
    return replace(employee, offboarding_date=day, state=state)


# What a row asks


def register(row: Row, company: Company, today: date) -> Iterator[EmployeeEvent]:
    """A new employee, as their first row says (L1, L2)."""
    onboarding = row.onboarding_date or today
    yield Registered(
        email=row.email,
        external_id=row.external_id,
        details=new_details(row.details, company.language),
        onboarding_date=onboarding,
        active=onboarding <= today,
    )
    if row.offboarding_date:
        yield OffboardingScheduled(row.offboarding_date)


def follow(employee: Employee, row: Row) -> Iterator[EmployeeEvent]:
    """What a row changes of an employee whom it is known to mean, and has no objection to it.

    That the address is free, and that this row may change it, is settled before (I2).
    """
    if employee.state is State.DEACTIVATED:
        return
    if row.external_id and employee.external_id is None:
        yield ExternalIdLinked(row.external_id)
    noted_email: str | UnsetType = UNSET
    if row.address != address_of(employee.file_email):
        if row.address == address_of(employee.email):
            noted_email = row.email
        else:
            yield EmailChanged(row.email)
    change = difference(employee.details, row.details)
    if change:
        yield DetailsChanged(change)
    noted_offboarding: date | UnsetType | None = UNSET
    if says_new_offboarding(employee, row):
        day = row.offboarding_date
        if not day or day == employee.offboarding_date:
            noted_offboarding = day
        elif employee.offboarding_date:
            yield OffboardingMoved(day)
        else:
            yield OffboardingScheduled(day)
    noted = FileNoted(noted_email, noted_offboarding)
    if noted != FileNoted():
        yield noted


def says_new_offboarding(employee: Employee, row: Row) -> bool:
    """Whether the offboarding cell says something else than the file last did (L5, L6, L8)."""
    said = row.offboarding_date
    return said is not UNSET and said != employee.file_offboarding_date


def objections(
    employee: Employee | None, row: Row, company: Company, schedule: Schedule, now: datetime
) -> list[Finding]:
    """What is to be said of a row, and may reject it, once it is known whom it means.

    `employee` is `None` for someone new. Source: L4, L6, L7.
    """
    if employee is None:
        if not row.offboarding_date or has_left(row, schedule, now):
            return []
        return _notice(row.offboarding_date, company.policy, schedule, now)
    findings = []
    if row.onboarding_date and row.onboarding_date != employee.onboarding_date:
        ignored = row.onboarding_date.isoformat()
        known = employee.onboarding_date
        findings.append(finding("onboarding-date-fixed", "onboarding_date", ignored, known=known))
    if says_new_offboarding(employee, row):
        day = row.offboarding_date or None
        if employee.state is State.DEACTIVATED:
            value = day.isoformat() if day else None
            findings.append(finding("reactivation-needs-support", "offboarding_date", value))
        elif day and day != employee.offboarding_date:
            findings += _notice(day, company.policy, schedule, now)
    return findings


def overdue(day: date, schedule: Schedule, now: datetime) -> list[Finding]:
    """What is to be said of a new last day that is past (L4)."""
    if schedule.deactivation_of(day) > now:
        return []
    return [finding("offboarding-overdue", "offboarding_date", day.isoformat())]


def _notice(day: date, policy: Policy, schedule: Schedule, now: datetime) -> list[Finding]:
    """L4: a last day that is new, and near or past."""
    past = overdue(day, schedule, now)
    if past:
        return past
    ahead = (day - now.date()).days
    if ahead >= policy.notice_days:
        return []
    strict = policy.short_notice == "reject"
    return [
        finding(
            "short-notice",
            "offboarding_date",
            day.isoformat(),
            strict=strict,
            ahead="today" if ahead == 0 else f"{ahead} day{'s' if ahead > 1 else ''} ahead",
            notice=policy.notice_days,
        )
    ]


def has_left(row: Row, schedule: Schedule, now: datetime) -> bool:
    """Whether the row is about someone whose last day is over: no account is made (L2)."""
    day = row.offboarding_date
    return isinstance(day, date) and schedule.deactivation_of(day) <= now


# What the clock asks


def pass_time(
    employee: Employee, schedule: Schedule, now: datetime
) -> Iterator[tuple[datetime, EmployeeEvent]]:
    """Every transition due at or before `now`, with the moment it was due (C1, L9)."""
    last_day = employee.offboarding_date
    leaves = schedule.deactivation_of(last_day) if last_day else None
    starts = schedule.activation_of(employee.onboarding_date)
    if employee.state is State.PENDING and starts <= now and not (leaves and leaves < starts):
        yield starts, Activated()
    if employee.state is not State.DEACTIVATED and leaves and leaves <= now:
        yield leaves, Deactivated()
