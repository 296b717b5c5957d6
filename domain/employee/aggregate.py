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

from domain.addresses import address_of
from domain.employee.by_absence import ByAbsence, after_event
from domain.employee.events import (
    Activated,
    Deactivated,
    DetailsChanged,
    DetailsCorrected,
    EmailChanged,
    EmployeeEvent,
    EmployeeRecord,
    ExternalIdChanged,
    ExternalIdLinked,
    FileNoted,
    LifecycleEvent,
    Merged,
    OffboardingCancelled,
    OffboardingMoved,
    OffboardingScheduled,
    OnboardingMoved,
    Reactivated,
    Registered,
    Rehired,
    Released,
    State,
)
from domain.fields.details import (
    Details,
    DetailsChange,
    Value,
    after_correction,
    changed,
    left_out,
)
from domain.fields.table import FIELD_OF, Part
from domain.privacy import Redacted


class Employee(Redacted, frozen=True, array_like=True, tag=4):
    """The state of one employee of a company, as it follows from the employee's events.

    `version` is the number of the events, and `effective` is the moment at which the last event
    took effect (C1). The values that begin with `file_` are the values that the file last had; they
    differ from the present values if support changed the present values (L8). `file_details` has
    only the details that support corrected. `file_onboarding_date` is `None` if it is not known.

    `leaves_by_file` is true if the present last day came from a file (L5), and `closed_by_file` if
    such a last day deactivated the employee (L6). A `released` employee has no look-up key any more
    (I11). `merged_into` is the employee that the keys of an ended account mean, and `absorbed` are
    the employees that ended in favour of this one (S11). `by_absence` is about absence (Q4).

    The state is stored as a snapshot: when the fields change, the tag must go up by one, and the
    previous layout must be added to `EARLIER_LAYOUTS` in `layouts.py`.
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
    file_external_id: str | None
    file_onboarding_date: date | None
    file_offboarding_date: date | None
    file_details: DetailsChange | None = None
    leaves_by_file: bool = False
    closed_by_file: bool = False
    released: bool = False
    merged_into: UUID | None = None
    absorbed: tuple[UUID, ...] = ()
    by_absence: ByAbsence | None = None

    @property
    def addresses(self) -> frozenset[str]:
        """Returns the present address of the employee, and the address in the file (I8)."""
        return frozenset((address_of(self.email), address_of(self.file_email)))


def value_of(employee: Employee, field: str) -> Value:
    """Returns the value that an employee has in a field of the table."""
    holder = employee.details if FIELD_OF[field].part is Part.DETAILS else employee
    value: Value = getattr(holder, field)
    return value


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
        _evolved(employee, recorded, event),
        version=recorded.originator_version,
        effective=recorded.effective,
        by_absence=after_event(employee.by_absence, recorded),
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
        file_external_id=event.external_id,
        file_onboarding_date=event.onboarding_date,
        file_offboarding_date=None,
    )


def _evolved(employee: Employee, recorded: EmployeeRecord, event: EmployeeEvent) -> Employee:
    by_file = recorded.line is not None
    match event:
        case DetailsChanged(details=change):
            said = left_out(employee.file_details, change)
            return replace(employee, details=changed(employee.details, change), file_details=said)
        case DetailsCorrected(details=change):
            said = after_correction(employee.details, employee.file_details, change)
            return replace(employee, details=changed(employee.details, change), file_details=said)
        case EmailChanged(email=email):
            return replace(
                employee, email=email, file_email=email if by_file else employee.file_email
            )
        case ExternalIdLinked(external_id=external_id):
            from_file = external_id if by_file else employee.file_external_id
            return replace(employee, external_id=external_id, file_external_id=from_file)
        case ExternalIdChanged(external_id=changed_id):
            # A file that has the former one too does not bring it back.
            former = employee.file_external_id or employee.external_id
            return replace(employee, external_id=changed_id, file_external_id=former)
        case Released():
            return _released(employee)
        case Merged():
            return _merged(employee, event)
        case FileNoted():
            return _noted(employee, event)
        case Registered():
            raise ValueError("an employee is registered once")
        case _:
            return _in_lifecycle(employee, recorded, event)


def _in_lifecycle(employee: Employee, recorded: EmployeeRecord, event: LifecycleEvent) -> Employee:
    """Returns the employee after an event about the first day, the last day or the state."""
    by_file = recorded.line is not None
    match event:
        case OffboardingScheduled(offboarding_date=day) | OffboardingMoved(offboarding_date=day):
            return _leaving(employee, day, by_file=by_file)
        case OffboardingCancelled():
            return _leaving(employee, None, by_file=by_file)
        case OnboardingMoved(onboarding_date=day, pending=pending):
            state = State.PENDING if pending else employee.state
            return replace(employee, onboarding_date=day, state=state)
        case Activated():
            return _in_state(employee, State.ACTIVE)
        case Deactivated(ahead_of_utc=ahead):
            last_day = employee.offboarding_date
            over = last_day is not None and (ahead or last_day <= recorded.effective.date())
            by_file = employee.leaves_by_file or employee.by_absence is ByAbsence.LEAVES
            return replace(employee, state=State.DEACTIVATED, closed_by_file=by_file and over)
        case Reactivated(active=active, offboarding_date=day):
            by_file = employee.leaves_by_file and day == employee.offboarding_date
            employee = replace(
                employee, offboarding_date=day, leaves_by_file=by_file, closed_by_file=False
            )
            return _in_state(employee, State.ACTIVE if active else State.PENDING)
        case Rehired(active=active, onboarding_date=day):
            employee = replace(
                # What was released does not come back: not even as what the file had before.
                _as_in_file(employee) if employee.released else employee,
                onboarding_date=day,
                offboarding_date=None,
                leaves_by_file=False,
                closed_by_file=False,
                released=False,
            )
            return _in_state(employee, State.ACTIVE if active else State.PENDING)
        case _ as never:
            assert_never(never)


def _released(employee: Employee) -> Employee:
    if employee.state is State.DEACTIVATED:
        return replace(employee, released=True)
    return _as_in_file(employee)


def _as_in_file(employee: Employee) -> Employee:
    """Returns the employee, for whom the file has the present address and external id, too."""
    return replace(employee, file_email=employee.email, file_external_id=employee.external_id)


def _merged(employee: Employee, merged: Merged) -> Employee:
    if employee.id == merged.ended:
        return replace(
            employee, state=State.DEACTIVATED, closed_by_file=False, merged_into=merged.kept
        )
    return replace(
        employee,
        external_id=employee.external_id or merged.external_id,
        file_external_id=employee.file_external_id or merged.external_id,
        absorbed=(*employee.absorbed, merged.ended),
    )


def _noted(employee: Employee, noted: FileNoted) -> Employee:
    if noted.email is not UNSET:
        employee = replace(employee, file_email=noted.email)
    if noted.offboarding_date is not UNSET:
        employee = replace(employee, file_offboarding_date=noted.offboarding_date)
    if noted.onboarding_date is not UNSET:
        employee = replace(employee, file_onboarding_date=noted.onboarding_date)
    if noted.external_id is not UNSET:
        employee = replace(employee, file_external_id=noted.external_id)
    if noted.details is not UNSET:
        file_details = left_out(employee.file_details, noted.details)
        employee = replace(employee, file_details=file_details)
    return employee


def _leaving(employee: Employee, day: date | None, *, by_file: bool) -> Employee:
    """Returns the employee with the last day `day`, or without a last day if `day` is `None`."""
    employee = replace(
        employee,
        offboarding_date=day,
        file_offboarding_date=day if by_file else employee.file_offboarding_date,
        leaves_by_file=by_file and day is not None,
    )
    return _in_state(employee, employee.state)


def _in_state(employee: Employee, state: State) -> Employee:
    """Returns the employee in `state`, if the last day agrees.

    A pending employee stays pending (L2). The state of any other employee follows from the last
    day.
    """
    if state is not State.PENDING:
        state = State.OFFBOARDING_SCHEDULED if employee.offboarding_date else State.ACTIVE
    return replace(employee, state=state)
