"""The commands that support can give for one employee (S1-S6). A command is a value."""

from __future__ import annotations

from datetime import date
from typing import TypeAlias

from domain.employee.statement import address_of
from domain.fields.cells import clean
from domain.privacy import Redacted


class ChangeEmail(Redacted, frozen=True):
    """S1: the employee gets another e-mail address."""

    email: str


class Reactivate(Redacted, frozen=True):
    """S2: a deactivated employee comes back, with or without a new last day."""

    offboarding_date: date | None = None


class MoveOnboarding(Redacted, frozen=True):
    """S3: a pending employee starts on another day. Today or an earlier day means at once."""

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


Command: TypeAlias = (
    ChangeEmail | Reactivate | MoveOnboarding | Offboard | CancelOffboarding | Deactivate | Link
)


def lookup_keys(command: Command) -> tuple[str | None, str | None]:
    """Returns the address and the external id that a command would give to the employee.

    The decision about the command needs to know the employees who have them already.
    """
    match command:
        case ChangeEmail(email=email):
            return address_of(clean(email)), None
        case Link(external_id=external_id):
            return None, clean(external_id)
        case _:
            return None, None
