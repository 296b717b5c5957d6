"""What support may ask for one employee (S1-S6): a command is a value."""

from __future__ import annotations

from datetime import date
from typing import TypeAlias

from domain.employee.statement import address_of
from domain.fields.cells import clean
from domain.privacy import Redacted


class ChangeEmail(Redacted, frozen=True):
    """S1: the employee is reached at another address."""

    email: str


class Reactivate(Redacted, frozen=True):
    """S2: a deactivated employee comes back, perhaps until a new last day."""

    offboarding_date: date | None = None


class MoveOnboarding(Redacted, frozen=True):
    """S3: a pending employee starts on another day; today or earlier means at once."""

    onboarding_date: date


class Offboard(Redacted, frozen=True):
    """S4: the employee gets a last day, or another one."""

    offboarding_date: date


class CancelOffboarding(Redacted, frozen=True):
    """S4: the employee stays."""


class Deactivate(Redacted, frozen=True):
    """S5: the employee can no longer log in, from now on."""


class Link(Redacted, frozen=True):
    """S6: an employee known by e-mail alone gets the customer's own id."""

    external_id: str


Command: TypeAlias = (
    ChangeEmail | Reactivate | MoveOnboarding | Offboard | CancelOffboarding | Deactivate | Link
)


def lookup_keys(command: Command) -> tuple[str | None, str | None]:
    """The address and the external id that a command asks for; their owner must be known."""
    match command:
        case ChangeEmail(email=email):
            return address_of(clean(email)), None
        case Link(external_id=external_id):
            return None, clean(external_id)
        case _:
            return None, None
