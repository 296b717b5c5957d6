"""The commands that support can give for one employee (S1-S11). A command is a value."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple, TypeAlias
from uuid import UUID

from domain.addresses import address_of
from domain.employee.aggregate import Employee
from domain.fields.cells import clean
from domain.privacy import Redacted


class ChangeEmail(Redacted, frozen=True):
    """S1: the employee gets another e-mail address."""

    email: str


class Reactivate(Redacted, frozen=True):
    """S2: a deactivated employee comes back, with or without a new last day."""

    offboarding_date: date | None = None


class MoveOnboarding(Redacted, frozen=True):
    """S3: the employee starts on another day. The state follows from the dates."""

    onboarding_date: date


class Offboard(Redacted, frozen=True):
    """S4: the employee gets a last day, or another last day."""

    offboarding_date: date


class CancelOffboarding(Redacted, frozen=True):
    """S4: the employee stays and has no last day."""


class Deactivate(Redacted, frozen=True):
    """S5: the employee can no longer log in, from now on."""


class Link(Redacted, frozen=True):
    """S6: an employee without an external id gets the external id of the customer."""

    external_id: str


class Correct(Redacted, frozen=True):
    """S7: details of the employee are corrected. `values` has pairs of a field and its text.

    An empty text clears the field.
    """

    values: tuple[tuple[str, str], ...]


class Rehire(Redacted, frozen=True):
    """S8: a deactivated employee starts again, perhaps with a new address or external id."""

    onboarding_date: date
    email: str | None = None
    external_id: str | None = None


class Release(Redacted, frozen=True):
    """S9: the addresses and the external id of a deactivated employee mean nobody any more."""


class Relink(Redacted, frozen=True):
    """S10: the employee gets another external id, or has none any more."""

    external_id: str | None


class Merge(Redacted, frozen=True):
    """S11: the account `other` of the same person ends in favour of the employee."""

    other: UUID


Command: TypeAlias = (
    ChangeEmail
    | Reactivate
    | MoveOnboarding
    | Offboard
    | CancelOffboarding
    | Deactivate
    | Link
    | Correct
    | Rehire
    | Release
    | Relink
    | Merge
)


class LookupKeys(NamedTuple):
    """The keys of other employees whom the decision about a command needs to know."""

    address: str | None = None
    external_id: str | None = None
    employee: UUID | None = None


NO_KEYS = LookupKeys()


def lookup_keys(command: Command, employee: Employee) -> LookupKeys:
    """Returns the keys that a command would give to the employee, and the other employee."""
    match command:
        case ChangeEmail(email=email):
            return LookupKeys(address=address_of(clean(email)))
        case Rehire(email=new_email, external_id=new_id):
            address = address_of(clean(new_email or employee.email))
            return LookupKeys(address, clean(new_id) if new_id else None)
        case Link(external_id=external_id):
            return LookupKeys(external_id=clean(external_id))
        case Relink(external_id=changed_id):
            return LookupKeys(external_id=clean(changed_id) if changed_id else None)
        case Merge(other=other):
            return LookupKeys(employee=other)
        case _:
            return NO_KEYS
