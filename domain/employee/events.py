"""The events of an employee: facts in the past tense, one event for one reason.

An event holds no stream, version or time. The envelope `RecordedEvent` holds them. The wire tag of
an event is its kind. The store, `history` and `audit` name the event by its kind, and the kind
never changes.

An event whose envelope names a line of a file also records the value of the file (L8). So an
`EmailChanged` from a file also changes the address that the file uses for the employee, and an
`EmailChanged` from support does not.
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
    """The four states of an employee. There is no other state."""

    PENDING = "pending"
    ACTIVE = "active"
    OFFBOARDING_SCHEDULED = "offboarding-scheduled"
    DEACTIVATED = "deactivated"


class Registered(Redacted, frozen=True, tag="registered", tag_field="kind"):
    """A new employee. `active` is true if the employee could log in at once (L1)."""

    email: str
    external_id: str | None
    details: Details
    onboarding_date: date
    active: bool


class Activated(Redacted, frozen=True, tag="activated", tag_field="kind"):
    """A pending employee's first day came (C1), or support moved it to today or earlier (S3)."""


class DetailsChanged(Redacted, frozen=True, tag="details-changed", tag_field="kind"):
    """Names, dates, language, group or custom fields changed. Holds only the changed values."""

    details: DetailsChange


class EmailChanged(Redacted, frozen=True, tag="email-changed", tag_field="kind"):
    """The employee got another e-mail address (I2, S1)."""

    email: str


class ExternalIdLinked(Redacted, frozen=True, tag="external-id-linked", tag_field="kind"):
    """An employee without an external id got the external id of the customer (I3, S6)."""

    external_id: str


class OnboardingMoved(Redacted, frozen=True, tag="onboarding-moved", tag_field="kind"):
    """Support moved the onboarding date of a pending employee (S3)."""

    onboarding_date: date


class OffboardingScheduled(Redacted, frozen=True, tag="offboarding-scheduled", tag_field="kind"):
    """The employee got a last day (L2, L4, S4)."""

    offboarding_date: date


class OffboardingMoved(Redacted, frozen=True, tag="offboarding-moved", tag_field="kind"):
    """The last day moved to an earlier or a later date (L4, S4)."""

    offboarding_date: date


class OffboardingCancelled(Redacted, frozen=True, tag="offboarding-cancelled", tag_field="kind"):
    """Support cancelled the last day (S4). A file never cancels a last day (L5)."""


class Deactivated(Redacted, frozen=True, tag="deactivated", tag_field="kind"):
    """The employee can no longer log in (L9, S5)."""


class Reactivated(Redacted, frozen=True, tag="reactivated", tag_field="kind"):
    """Support reactivated a deactivated employee (S2), with or without a last day."""

    active: bool
    offboarding_date: date | None


class FileNoted(Redacted, frozen=True, tag="file-noted", tag_field="kind"):
    """A file has another value for an employee than before, and nothing else changes (L8)."""

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
"""The wire tags of all events of an employee."""

EmployeeRecord: TypeAlias = RecordedEvent[EmployeeEvent]
"""An event in the stream of an employee."""
