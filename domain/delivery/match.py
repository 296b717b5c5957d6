"""A match: one employee, known or new, and the rows of a delivery that mean them."""

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
    """One employee, known or new, and the rows that mean them, oldest file first.

    `key` tells employees apart: our id of a known employee, and a key of its own for a new one.
    `said` is what the rows say together. `external_id`, `address` and `file_address` are the
    employee's once the rows are applied. `kept` is the address that a row gives to a deactivated
    employee: no file changes them (L6), but rows of newer files are matched as if it did, so that
    files that lie in the folder mean the same people after a deactivation as before it. `left` says
    that the rows are about somebody new who has left already, and gets no account (L2).
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
        """Every address that means the employee (I8)."""
        return self.address, self.file_address, *self.kept


class Rejected(Redacted, frozen=True):
    """A row that cannot be applied, and why; `key` is that of the employee the row is about."""

    row: Row
    issues: Sequence[Issue]
    key: str | None


class Superseded(Redacted, frozen=True):
    """A row of an older file that says nothing beside `later`, a row of a newer file (D3)."""

    row: Row
    later: Row
    employee: Employee | None = None


def known_match(entry: Entry, employee: Employee) -> Match:
    """A known employee of whom no row has spoken yet."""
    return Match(
        entry.employee, entry, employee, entry.external_id, entry.address, entry.file_address
    )


def statement_with(match: Match, row: Row, addresses: Container[str]) -> Statement:
    """What the rows of a match and one more row, of a newer file, say together.

    Only a row with an external id can change an address. A row without one leaves the address to
    the rows before it, or to the file address, as long as some row of its own file still carries
    that: `addresses` are those of the file (I8).
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
    """The match with one more row, and with the addresses and the external id that follow."""
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
    """Somebody new, of whom one row has spoken."""
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
