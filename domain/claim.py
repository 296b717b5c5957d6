"""A claim: one employee, known or new, and the rows of a delivery that mean them (D3, I8)."""

from __future__ import annotations

from msgspec import UNSET
from msgspec.structs import replace

from domain.employee import Employee
from domain.person import merged
from domain.roster import Entry
from domain.row import Row


class Claim:
    """One employee, known or new, and the rows that mean them, oldest first."""

    __slots__ = ("employee", "entry", "rows")

    def __init__(self, rows: list[Row], entry: Entry | None, employee: Employee | None) -> None:
        self.rows = rows
        self.entry = entry
        self.employee = employee

    @property
    def target(self) -> str | None:
        """The address this claim would have instead of what is known, or `None`."""
        if self.entry is None or self.entry.deactivated or not self.rows:
            return None
        address = self.rows[-1].address
        return None if address == self.entry.file_address else address

    @property
    def known_addresses(self) -> tuple[str, ...]:
        """The addresses that already mean its employee (I8)."""
        return (self.entry.address, self.entry.file_address) if self.entry else ()

    @property
    def said(self) -> Row:
        """What its rows say together: the last one, over the earlier ones (D3)."""
        row = self.rows[0]
        for later in self.rows[1:]:
            row = _over(row, later)
        if len(self.rows) > 1:
            speaker = self._speaker()
            row = replace(
                row,
                email=speaker.email,
                address=speaker.address,
                external_id=speaker.external_id,
            )
        return row

    def _speaker(self) -> Row:
        """The row that speaks for the e-mail address.

        Only a row with an external id can change an address. Among others, one that still uses
        the address the file is known to use tells that the file still uses it (I8).
        """
        named = [row for row in self.rows if row.external_id is not None]
        if named:
            return named[-1]
        if self.entry is not None:
            for row in self.rows:
                if row.address == self.entry.file_address:
                    return row
        return self.rows[-1]


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
