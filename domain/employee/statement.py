"""The statement of a file about one employee: the input of every decision about a row."""

from __future__ import annotations

from datetime import date

from msgspec import UNSET, UnsetType

from domain.fields.details import DetailsChange, merged
from domain.privacy import Redacted


class Statement(Redacted, frozen=True):
    """The values that one row, or several rows together, have for one employee.

    `address` is `email` in the form in which addresses are compared (I1). `offboarding_date` is
    unset if the column is absent, and `None` if the cell is blank, because a blank cell can be a
    change (L5, L6).
    """

    email: str
    address: str
    external_id: str | None
    onboarding_date: date | None
    offboarding_date: date | UnsetType | None
    details: DetailsChange


def merged_statement(earlier: Statement, later: Statement) -> Statement:
    """Returns the statement of two rows from two files about one employee (D3).

    Each field comes from the later of the rows that have a value there. The offboarding date comes
    from the later of the rows that have the column, also if the cell is blank. The identity comes
    from the later row.
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
