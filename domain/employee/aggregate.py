"""The employee: the state, and how events change it.

No function here changes a state in place. The decisions are in `decisions.py` (files and clock) and
in `support.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import assert_never
from uuid import UUID

from msgspec import UNSET
from msgspec.structs import replace

from domain.employee.events import (
    Activated,
    Deactivated,
    DetailsChanged,
    EmailChanged,
    EmployeeEvent,
    EmployeeRecord,
    ExternalIdLinked,
    FileNoted,
    OffboardingCancelled,
    OffboardingMoved,
    OffboardingScheduled,
    OnboardingMoved,
    Reactivated,
    Registered,
    State,
)
from domain.employee.statement import address_of
from domain.fields.details import Details, Value, changed
from domain.fields.table import FIELD_OF, Part
from domain.privacy import Redacted
from domain.snapshots import Layout


class Employee(Redacted, frozen=True, array_like=True, tag=2):
    """The state of one employee of a company, as it follows from the employee's events.

    `version` is the number of the events, and `effective` is the moment at which the last event
    took effect (C1). `file_email` and `file_offboarding_date` are the values that the file last
    had; they differ from the present values if support changed the present values (L8). The state
    is stored as a snapshot: when the fields change, the tag must go up by one, and the previous
    layout must be added to `EARLIER_LAYOUTS`.
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
        """Returns the present address of the employee, and the address in the file (I8)."""
        return frozenset((address_of(self.email), address_of(self.file_email)))


EARLIER_LAYOUTS = (
    Layout(
        (
            "id",
            "version",
            "effective",
            "state",
            "email",
            "external_id",
            "details",
            "onboarding_date",
            "offboarding_date",
            "file_email",
            "file_offboarding_date",
        )
    ),
)
"""The layouts of an employee's snapshot before the present layout."""


def value_of(employee: Employee, field: str) -> Value:
    """Returns the value that an employee has in a field of the table."""
    holder = employee.details if FIELD_OF[field].part is Part.DETAILS else employee
    value: Value = getattr(holder, field)
    return value


# The fold


def fold(employee: Employee | None, events: Iterable[EmployeeRecord]) -> Employee | None:
    """Returns the employee after `events`."""
    for recorded in events:
        employee = evolve(employee, recorded)
    return employee


def evolve(employee: Employee | None, recorded: EmployeeRecord) -> Employee:
    """Returns the employee after one more event.

    Raises `ValueError` if the event cannot follow. A stream begins with `Registered`, and no later
    event of the stream is `Registered`.
    """
    event = recorded.event
    if isinstance(event, Registered):
        if employee is not None:
            raise ValueError("an employee is registered once")
        return _registered(recorded, event)
    if employee is None:
        raise ValueError(f"no stream of an employee begins with {type(event).__name__}")
    return replace(
        _evolved(employee, event, by_file=recorded.line is not None),
        version=recorded.originator_version,
        effective=recorded.effective,
    )


def _registered(recorded: EmployeeRecord, event: Registered) -> Employee:
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
    """Returns the employee with the last day `day`, or without a last day if `day` is `None`.

    A pending employee stays pending (L2). The state of any other employee follows from `day`.
    """
    state = employee.state
    if state is not State.PENDING:
        state = State.OFFBOARDING_SCHEDULED if day else State.ACTIVE
    return replace(employee, offboarding_date=day, state=state)
