"""The statement of a file about one employee: the input of every decision about a row."""

from __future__ import annotations

import unicodedata
from datetime import date

from msgspec import UNSET, UnsetType

from domain.employee.domains import ACE_PREFIX, domain_of
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


def address_of(email: str) -> str:
    """Returns an e-mail address in the form in which addresses are compared (I1).

    `email` must have no white space around it. Lower case is not case folding, which would take
    `ß` for `ss` and so one person for another.
    """
    lower = email.lower()
    if not email.isascii() or ACE_PREFIX in lower:
        local, at, domain = email.rpartition("@")
        lower = unicodedata.normalize("NFC", local.lower()) + at + domain_of(domain)
    return email if lower == email else lower  # one text in memory instead of two


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
