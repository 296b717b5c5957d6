"""What is stored of a run: facts in the past tense, one event for one reason.

Events know no stream, version or time; the envelope `Recorded` carries these. The wire tag of
an event is its kind: it is what the store, `history` and `audit` call it, and it never changes.

An event whose envelope names a line of a file is also what the file said (L8): folding an
`EmailChanged` from a file moves the address that the file uses, folding one from support does not.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from domain.person import Details, DetailsChange
from domain.private import Private
from domain.run import RunEnded


class State(StrEnum):
    """Where an employee stands; there is no fifth."""

    PENDING = "pending"
    ACTIVE = "active"
    OFFBOARDING_SCHEDULED = "offboarding-scheduled"
    DEACTIVATED = "deactivated"


class Registered(Private, frozen=True, tag="registered", tag_field="kind"):
    """A new employee; `active` tells whether they could log in at once (L1)."""

    email: str
    external_id: str | None
    details: Details
    onboarding_date: date
    active: bool


class Activated(Private, frozen=True, tag="activated", tag_field="kind"):
    """The onboarding date of a pending employee came (C1), or support moved it to now (S3)."""


class DetailsChanged(Private, frozen=True, tag="details-changed", tag_field="kind"):
    """Names, dates, language, group or custom fields changed; holds only what did."""

    details: DetailsChange


class EmailChanged(Private, frozen=True, tag="email-changed", tag_field="kind"):
    """The employee is reached at another address (I2, S1)."""

    email: str


class ExternalIdLinked(Private, frozen=True, tag="external-id-linked", tag_field="kind"):
    """An employee known by e-mail alone got the customer's own id (I3, S6)."""

    external_id: str


class OnboardingMoved(Private, frozen=True, tag="onboarding-moved", tag_field="kind"):
    """Support moved the onboarding of a pending employee (S3)."""

    onboarding_date: date


class OffboardingScheduled(Private, frozen=True, tag="offboarding-scheduled", tag_field="kind"):
    """The employee got a last day (L2, L4, S4)."""

    offboarding_date: date


class OffboardingMoved(Private, frozen=True, tag="offboarding-moved", tag_field="kind"):
    """The last day moved, either way (L4, S4)."""

    offboarding_date: date


class OffboardingCancelled(Private, frozen=True, tag="offboarding-cancelled", tag_field="kind"):
    """Support took the last day back (S4); a file never does (L5)."""


class Deactivated(Private, frozen=True, tag="deactivated", tag_field="kind"):
    """The employee can no longer log in (L9, S5)."""


class Reactivated(Private, frozen=True, tag="reactivated", tag_field="kind"):
    """Support brought a deactivated employee back (S2), perhaps with a last day that stands."""

    active: bool
    offboarding_date: date | None


class FileNoted(Private, frozen=True, tag="file-noted", tag_field="kind"):
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

Event: TypeAlias = EmployeeEvent | RunEnded


class Recorded(msgspec.Struct, frozen=True, gc=False):
    """An event in its stream: the envelope.

    `originator_id` and `originator_version` are what eventsourcing calls the stream and the
    position in it (first is 1). `effective` is when the event took effect, `recorded` when the
    run that stored it took place; both UTC. `file` and `line` name the row that said so, and are
    `None` where no row did.
    """

    originator_id: UUID
    originator_version: int
    event: Event
    run: UUID
    effective: datetime
    recorded: datetime
    file: str | None = None
    line: int | None = None


KIND_OF: dict[type, str] = {
    kind: str(kind.__struct_config__.tag) for kind in (*EmployeeEvent.__args__, RunEnded)
}
"""The wire tag of every event there is: a closed table."""


EMPLOYEE_KINDS = tuple(kind for of, kind in KIND_OF.items() if of is not RunEnded)
"""What can happen to an employee, by its wire tag."""


def kind_of(recorded: Recorded) -> str:
    """The wire tag of an event, which is what people call it."""
    return KIND_OF[type(recorded.event)]
