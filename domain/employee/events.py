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
from uuid import UUID

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


class Registered(Redacted, frozen=True, tag="registered", tag_field="kind", omit_defaults=True):
    """A new employee. `active` is true if the employee could log in at once (L1).

    `second_account` is true if somebody of the same name was not in the delivery (I5).
    """

    email: str
    external_id: str | None
    details: Details
    onboarding_date: date
    active: bool
    second_account: bool = False


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


class ExternalIdChanged(Redacted, frozen=True, tag="external-id-changed", tag_field="kind"):
    """Support gave the employee another external id, or took it away (S8, S10, S12)."""

    external_id: str | None


class DetailsCorrected(Redacted, frozen=True, tag="details-corrected", tag_field="kind"):
    """Support corrected details (S7). Holds only the corrected values."""

    details: DetailsChange


class OnboardingMoved(Redacted, frozen=True, tag="onboarding-moved", tag_field="kind"):
    """Support moved the onboarding date (S3).

    `pending` is true if an employee who could log in has to wait for the new date.
    """

    onboarding_date: date
    pending: bool = False


class OffboardingScheduled(
    Redacted, frozen=True, tag="offboarding-scheduled", tag_field="kind", omit_defaults=True
):
    """The employee got a last day (L2, L4, S4).

    `by_absence` is true if the only reason is that the last deliveries lack the employee (Q4).
    """

    offboarding_date: date
    by_absence: bool = False


class OffboardingMoved(Redacted, frozen=True, tag="offboarding-moved", tag_field="kind"):
    """The last day moved to an earlier or a later date (L4, S4)."""

    offboarding_date: date


class OffboardingCancelled(Redacted, frozen=True, tag="offboarding-cancelled", tag_field="kind"):
    """The last day was cancelled: by support (S4), or by a file whose company allows it (L5)."""


class Deactivated(Redacted, frozen=True, tag="deactivated", tag_field="kind", omit_defaults=True):
    """The employee can no longer log in (L9, S5).

    `ahead_of_utc` is true if the last day was over by the clock of the company, and had not begun
    in UTC.
    """

    ahead_of_utc: bool = False


class Reactivated(Redacted, frozen=True, tag="reactivated", tag_field="kind"):
    """Support reactivated a deactivated employee (S2), with or without a last day."""

    active: bool
    offboarding_date: date | None


class Rehired(Redacted, frozen=True, tag="rehired", tag_field="kind"):
    """A deactivated employee starts again on a new first day, without a last day (S8)."""

    active: bool
    onboarding_date: date


class Released(Redacted, frozen=True, tag="released", tag_field="kind"):
    """The addresses and the external id of a deactivated employee mean nobody any more (S9, I11).

    Of any other employee, only the address and the external id are released that the file had
    before support changed them.
    """


class Merged(Redacted, frozen=True, tag="merged", tag_field="kind"):
    """Two accounts of one person became one (S11). Both employees have this event.

    `kept` stays. `ended` can no longer log in, and its addresses and its external id mean `kept`.
    `external_id` is the external id that `kept` takes over, if it had none.
    """

    kept: UUID
    ended: UUID
    external_id: str | None = None


class FileNoted(Redacted, frozen=True, tag="file-noted", tag_field="kind"):
    """A file has another value for an employee than before, and nothing else changes (L8).

    `details` has values that support corrected, and that the file has now too.
    """

    email: str | UnsetType = UNSET
    offboarding_date: date | UnsetType | None = UNSET
    onboarding_date: date | UnsetType = UNSET
    external_id: str | UnsetType = UNSET
    details: DetailsChange | UnsetType = UNSET


LifecycleEvent: TypeAlias = (
    Activated
    | OnboardingMoved
    | OffboardingScheduled
    | OffboardingMoved
    | OffboardingCancelled
    | Deactivated
    | Reactivated
    | Rehired
)
"""The events about the first day, the last day and the state."""

EmployeeEvent: TypeAlias = (
    Registered
    | Activated
    | DetailsChanged
    | EmailChanged
    | ExternalIdLinked
    | ExternalIdChanged
    | DetailsCorrected
    | OnboardingMoved
    | OffboardingScheduled
    | OffboardingMoved
    | OffboardingCancelled
    | Deactivated
    | Reactivated
    | Rehired
    | Released
    | Merged
    | FileNoted
)

EMPLOYEE_KINDS = tuple(kind_of(event_type) for event_type in EmployeeEvent.__args__)
"""The wire tags of all events of an employee."""

EmployeeRecord: TypeAlias = RecordedEvent[EmployeeEvent]
"""An event in the stream of an employee."""
