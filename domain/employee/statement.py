"""What a file says about one employee: the input of every decision that a file asks for."""

from __future__ import annotations

from datetime import date

from msgspec import UNSET, UnsetType

from domain.fields.details import DetailsChange, merged
from domain.privacy import Redacted


class Statement(Redacted, frozen=True):
    """What one row, or several rows together, say about one employee.

    `address` is `email` as addresses compare (I1). `offboarding_date` is unset where the column is
    absent and `None` where the cell is blank, since a blank can be news (L5, L6).
    """

    email: str
    address: str
    external_id: str | None
    onboarding_date: date | None
    offboarding_date: date | UnsetType | None
    details: DetailsChange


def address_of(email: str) -> str:
    """An e-mail address as it compares (I1); `email` is trimmed already."""
    folded = email.casefold()
    return email if folded == email else folded  # one text in memory, not two


def merged_statement(earlier: Statement, later: Statement) -> Statement:
    """What two rows of two files say together (D3).

    In each field the later one that says something stands. Of the offboarding date the later row
    that has the column decides, blank or not. Identity is the later row's.
    """
    unsaid = later.offboarding_date is UNSET
    return Statement(
        email=later.email,
        address=later.address,
        external_id=later.external_id,
        onboarding_date=later.onboarding_date or earlier.onboarding_date,
        offboarding_date=earlier.offboarding_date if unsaid else later.offboarding_date,
        details=merged(earlier.details, later.details),
    )
