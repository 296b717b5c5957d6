"""What happens to an employee: facts in the past tense, one event for one reason.

Events know no stream, version or time; the envelope `RecordedEvent` carries these. The wire tag of
an event is its kind: the store, `history` and `audit` call the event by it, and it never changes.

An event whose envelope names a line of a file is also what the file said (L8): folding an
`EmailChanged` from a file moves the address that the file uses, folding one from support does not.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import TypeAlias

from msgspec import UNSET, UnsetType

from domain.envelope import RecordedEvent, kind_of
from domain.fields.details import Details, DetailsChange
from domain.privacy import Redacted


class State(StrEnum):
    """Where an employee stands; there is no fifth."""

    PENDING = "pending"
    ACTIVE = "active"
    OFFBOARDING_SCHEDULED = "offboarding-scheduled"
    DEACTIVATED = "deactivated"


class Registered(Redacted, frozen=True, tag="registered", tag_field="kind"):
    """A new employee; `active` tells whether they could log in at once (L1)."""

    email: str
    external_id: str | None
    details: Details
    onboarding_date: date
    active: bool


class Activated(Redacted, frozen=True, tag="activated", tag_field="kind"):
    """The onboarding date of a pending employee came (C1), or support moved it to now (S3)."""


class DetailsChanged(Redacted, frozen=True, tag="details-changed", tag_field="kind"):
    """Names, dates, language, group or custom fields changed; holds only what did."""

    details: DetailsChange


class EmailChanged(Redacted, frozen=True, tag="email-changed", tag_field="kind"):
    """The employee is reached at another address (I2, S1)."""

    email: str


class ExternalIdLinked(Redacted, frozen=True, tag="external-id-linked", tag_field="kind"):
    """An employee known by e-mail alone got the customer's own id (I3, S6)."""

    external_id: str


class OnboardingMoved(Redacted, frozen=True, tag="onboarding-moved", tag_field="kind"):
    """Support moved the onboarding of a pending employee (S3)."""

    onboarding_date: date


class OffboardingScheduled(Redacted, frozen=True, tag="offboarding-scheduled", tag_field="kind"):
    """The employee got a last day (L2, L4, S4)."""

    offboarding_date: date


class OffboardingMoved(Redacted, frozen=True, tag="offboarding-moved", tag_field="kind"):
    """The last day moved, either way (L4, S4)."""

    offboarding_date: date


class OffboardingCancelled(Redacted, frozen=True, tag="offboarding-cancelled", tag_field="kind"):
    """Support took the last day back (S4); a file never does (L5)."""


class Deactivated(Redacted, frozen=True, tag="deactivated", tag_field="kind"):
    """The employee can no longer log in (L9, S5)."""


class Reactivated(Redacted, frozen=True, tag="reactivated", tag_field="kind"):
    """Support brought a deactivated employee back (S2), perhaps with a last day that stands."""

    active: bool
    offboarding_date: date | None


class FileNoted(Redacted, frozen=True, tag="file-noted", tag_field="kind"):
    """The file says something else of someone than it did, which changes nothing else (L8)."""

    email: str | UnsetType = UNSET
    offboarding_date: date | UnsetType | None = UNSET


EmployeeEvent: TypeAlias = (
    Registered
    | Activated
    | DetailsChanged
    | EmailChanged
    | ExternalIdLinked
    | OnboardingMoved
    | OffboardingScheduled
    | OffboardingMoved
    | OffboardingCancelled
    | Deactivated
    | Reactivated
    | FileNoted
)

EMPLOYEE_KINDS = tuple(kind_of(event_type) for event_type in EmployeeEvent.__args__)
"""What can happen to an employee, by wire tag."""

EmployeeRecord: TypeAlias = RecordedEvent[EmployeeEvent]
"""An event in the stream of an employee."""
