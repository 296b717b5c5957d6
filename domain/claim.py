"""A claim: one employee, known or new, and the rows of a delivery that mean them (D3, I8)."""

from __future__ import annotations

from msgspec import UNSET
from msgspec.structs import replace

from domain.employee import Employee
from domain.person import merged
from domain.roster import Entry
from domain.row import Row, address_of


class Claim:
    """One employee, known or new, and the rows that mean them, oldest first.

    `file_address_in_use` tells whether some row of the delivery carries the address that the file
    is known to use for the employee.
    """

    __slots__ = ("employee", "entry", "file_address_in_use", "rows")

    def __init__(self, rows: list[Row], entry: Entry | None, employee: Employee | None) -> None:
        self.rows = rows
        self.entry = entry
        self.employee = employee
        self.file_address_in_use = False

    @property
    def target(self) -> str | None:
        """The address this claim would have instead of what is known, or `None`."""
        if self.entry is None or self.entry.deactivated or not self.rows:
            return None
        address = self.rows[-1].address
        return None if address == self.entry.file_address else address

    @property
    def said(self) -> Row:
        """What its rows say together: the last one, over the earlier ones (D3).

        Only a row with an external id can change an address. The others leave it to what the file
        is known to use, as long as any row of the delivery still carries that (I8).
        """
        row = self.rows[0]
        if len(self.rows) == 1 and row.external_id is not None:
            return row
        for later in self.rows[1:]:
            row = _over(row, later)
        named = [row for row in self.rows if row.external_id is not None]
        if named and named[-1] is not self.rows[-1]:
            speaker = named[-1]
            return replace(
                row,
                email=speaker.email,
                address=speaker.address,
                external_id=speaker.external_id,
            )
        if not named and self.employee is not None and self.file_address_in_use:
            email = self.employee.file_email
            if row.address != address_of(email):
                return replace(row, email=email, address=address_of(email))
        return row


def _over(earlier: Row, later: Row) -> Row:
    said = later.offboarding_date
    return replace(
        later,
        onboarding_date=later.onboarding_date or earlier.onboarding_date,
        offboarding_date=said
        if said or earlier.offboarding_date is UNSET
        else earlier.offboarding_date,
        details=merged(earlier.details, later.details),
    )
