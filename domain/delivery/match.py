"""A match: one employee, known or new, and the rows of a delivery that mean this employee."""

from __future__ import annotations

from collections.abc import Container, Sequence

from msgspec.structs import replace

from domain.delivery.row import Row
from domain.employee.aggregate import Employee
from domain.employee.roster import Entry
from domain.employee.statement import Statement, address_of, merged_statement
from domain.issues.issue import Issue
from domain.privacy import Redacted


class Match(Redacted, frozen=True, gc=False):
    """One employee, known or new, and the rows that mean this employee, oldest file first.

    `key` identifies the employee: our id for a known employee, and for a new employee a text
    with the position of the first row. `said` is the merged statement of the rows. `external_id`,
    `address` and `file_address` are the values of the employee after the rows are applied. `kept`
    is the address that a row gives to a deactivated employee. No file changes a deactivated
    employee (L6), but rows of newer files are matched as if the file had changed the address, so
    that files that lie in the folder mean the same employees after a deactivation as before it.
    `left` is true if the rows are about a new employee who has left already, and gets no account
    (L2).
    """

    key: str
    entry: Entry | None
    employee: Employee | None
    external_id: str | None
    address: str
    file_address: str
    rows: tuple[Row, ...] = ()
    said: Statement | None = None
    kept: tuple[str, ...] = ()
    left: bool = False

    @property
    def addresses(self) -> tuple[str, ...]:
        """Returns every address that means the employee (I8)."""
        return self.address, self.file_address, *self.kept


class Rejected(Redacted, frozen=True):
    """A row that cannot be applied, its issues, and the key of the employee that it is about."""

    row: Row
    issues: Sequence[Issue]
    key: str | None


class Superseded(Redacted, frozen=True):
    """A row of an older file that has no effect, because of `later`, a row of a newer file (D3)."""

    row: Row
    later: Row
    employee: Employee | None = None


def known_match(entry: Entry, employee: Employee) -> Match:
    """Returns the match of a known employee, without any row."""
    return Match(
        entry.employee, entry, employee, entry.external_id, entry.address, entry.file_address
    )


def statement_with(match: Match, row: Row, addresses: Container[str]) -> Statement:
    """Returns the merged statement of a match and one more row, which is of a newer file.

    A row with an external id changes the address. A row without an external id keeps the address of
    an earlier row with an external id. If there is none, it keeps the address of the earlier rows,
    or the file address, as long as some row of its own file still has the file address (I8):
    `addresses` are the addresses of that file.
    """
    together = row if match.said is None else merged_statement(match.said, row)
    if row.external_id is not None:
        return together
    if match.said is not None and match.said.external_id is not None:
        return _with_identity(together, match.said.email, match.said.external_id)
    if row.address == match.file_address or match.file_address not in addresses:
        return together
    known = match.said.email if match.said is not None else _file_email(match)
    return _with_identity(together, known, None)


def with_row(match: Match, row: Row, said: Statement, *, left: bool = False) -> Match:
    """Returns the match with one more row, and with the addresses and the external id of `said`."""
    rows = (*match.rows, row)
    if match.entry is not None and match.entry.deactivated:
        kept = () if said.address in (match.address, match.file_address) else (said.address,)
        return replace(match, rows=rows, said=said, kept=kept)
    moves = said.address != match.file_address
    return Match(
        match.key,
        match.entry,
        match.employee,
        match.external_id or said.external_id,
        said.address if moves else match.address,
        said.address,
        rows,
        said,
        left=left,
    )


def new_match(row: Row, *, left: bool) -> Match:
    """Returns the match of a new employee with one row."""
    key = f"new {row.position}"
    address = row.address
    return Match(key, None, None, row.external_id, address, address, (row,), row, left=left)


def _file_email(match: Match) -> str:
    return match.employee.file_email if match.employee is not None else ""


def _with_identity(said: Statement, email: str, external_id: str | None) -> Statement:
    return Statement(
        email=email,
        address=address_of(email),
        external_id=external_id,
        onboarding_date=said.onboarding_date,
        offboarding_date=said.offboarding_date,
        details=said.details,
    )
