"""A match: one employee, known or new, and the rows of a delivery that mean this employee."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

from msgspec.structs import replace

from domain.addresses import address_of
from domain.delivery.evidence import (
    Evidence,
    MatchedBy,
    Person,
    agreeing,
    known_persons,
    person_of,
)
from domain.delivery.row import Row
from domain.employee.aggregate import Employee
from domain.employee.roster import Entry, Roster
from domain.employee.statement import Statement, merged_statement
from domain.issues.issue import Issue
from domain.privacy import Redacted


class Match(Redacted, frozen=True, gc=False):
    """One employee, known or new, and the rows that mean this employee, oldest file first.

    `key` identifies the employee: our id for a known employee, and for a new employee a text
    with the position of the first row. `said` is the merged statement of the rows. `external_id`,
    `address` and `file_address` are the values of the employee after the rows are applied. `ended`
    are the employees who were merged into this one, as far as the delivery mentions them (S11), and
    `ended_persons` are these as persons.
    `kept` is the address that a row gives to a deactivated employee. No file changes a deactivated
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
    ended: tuple[Entry, ...] = ()
    ended_persons: tuple[Person, ...] = ()

    @property
    def addresses(self) -> tuple[str, ...]:
        """Returns every address that means the employee (I8, S11)."""
        if not self.ended:
            return self.address, self.file_address, *self.kept
        return self.address, self.file_address, *self.kept, *self._ended_addresses

    @property
    def _ended_addresses(self) -> frozenset[str]:
        return frozenset(address for entry in self.ended for address in entry.addresses)

    def ended_with(self, value: str | None) -> Entry | None:
        """Returns the account that ended and had an address or external id, or `None` (S11)."""
        own = (self.address, self.file_address, self.external_id)
        ended = (each for each in self.ended if value in (*each.addresses, each.external_id))
        return None if value in own else next(ended, None)

    @property
    def known(self) -> list[Person]:
        """Returns what is known of the employee, also from the accounts that ended (I9, S11)."""
        return [*known_persons(self.employee, self.said), *self.ended_persons]

    def evidence_of_rows(self) -> Evidence:
        """Returns the evidence that the last row means the known employee (I9)."""
        known = [*known_persons(self.employee, None), *self.ended_persons]
        row = self.rows[-1]
        return self._evidence(row, (*known, *(person_of(each.details) for each in self.rows[:-1])))

    def evidence(self, row: Row) -> Evidence:
        """Returns the evidence that one more row means the employee (I9)."""
        return self._evidence(row, self.known)

    def _evidence(self, row: Row, known: Iterable[Person]) -> Evidence:
        if row.external_id is None or row.external_id not in self._external_ids:
            by = MatchedBy.EMAIL
        elif row.external_id == self.external_id:
            by = MatchedBy.EXTERNAL_ID
        else:
            by = MatchedBy.FORMER_EXTERNAL_ID
        return Evidence(by, agreeing(person_of(row.details), known))

    def closeness(self, row: Row) -> int:
        """Returns how many of names, birthday and address of a row are the employee's."""
        return len(self.evidence(row).agreeing) + (row.address in self.addresses)

    @property
    def _external_ids(self) -> tuple[str | None, ...]:
        before = self.employee.file_external_id if self.employee is not None else None
        return self.external_id, before, *(entry.external_id for entry in self.ended)

    def without_ended_keys(self, row: Row) -> Statement:
        """Returns the statement of a row, without keys of accounts that ended (S11).

        Such a key means the employee, and is no new value.
        """
        email, address, external_id = row.email, row.address, row.external_id
        if external_id in {entry.external_id for entry in self.ended}:
            external_id = self.external_id
        if address not in (self.address, self.file_address) and address in self._ended_addresses:
            email = self.employee.file_email if self.employee is not None else email
            address = self.file_address
        if (address, external_id) == (row.address, row.external_id):
            return row
        return with_identity(row, email, address, external_id)


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


def known_match(entry: Entry, roster: Roster) -> Match:
    """Returns the match of a known employee, without any row."""
    ended = roster.ended(entry)
    return Match(
        entry.employee,
        entry,
        roster.employee(entry),
        entry.external_id,
        entry.address,
        entry.file_address,
        ended=tuple(ended),
        ended_persons=tuple(person_of(roster.employee(each).details) for each in ended),
    )


def statement_with(match: Match, row: Row, addresses: Container[str]) -> Statement:
    """Returns the merged statement of a match and one more row, which is of a newer file.

    A row with an external id changes the address. A row without an external id keeps the address of
    an earlier row with an external id. If there is none, it keeps the address of the earlier rows,
    or the file address, as long as some row of its own file still has the file address (I8):
    `addresses` are the addresses of that file.
    """
    said = match.without_ended_keys(row) if match.ended else row
    together = said if match.said is None else merged_statement(match.said, said)
    if said.external_id is not None:
        return together
    if match.said is not None and match.said.external_id is not None:
        return with_identity(together, match.said.email, match.said.address, match.said.external_id)
    if said.address == match.file_address or match.file_address not in addresses:
        return together
    known = match.said.email if match.said is not None else _file_email(match)
    return with_identity(together, known, address_of(known), None)


def with_row(match: Match, row: Row, said: Statement, *, left: bool = False) -> Match:
    """Returns the match with one more row, and with the addresses and the external id of `said`."""
    rows = (*match.rows, row)
    if match.entry is not None and match.entry.deactivated:
        kept = () if said.address in (match.address, match.file_address) else (said.address,)
        return replace(match, rows=rows, said=said, kept=kept)
    moves = said.address != match.file_address
    repeats = match.employee is not None and said.external_id == match.employee.file_external_id
    return Match(
        match.key,
        match.entry,
        match.employee,
        match.external_id if repeats else match.external_id or said.external_id,
        said.address if moves else match.address,
        said.address,
        rows,
        said,
        left=left,
        ended=match.ended,
        ended_persons=match.ended_persons,
    )


def new_match(row: Row, *, left: bool) -> Match:
    """Returns the match of a new employee with one row."""
    key = f"new {row.position}"
    address = row.address
    return Match(key, None, None, row.external_id, address, address, (row,), row, left=left)


def _file_email(match: Match) -> str:
    return match.employee.file_email if match.employee is not None else ""


def with_identity(said: Statement, email: str, address: str, external_id: str | None) -> Statement:
    """Returns the statement with another e-mail address, `address` for comparison, and id."""
    return Statement(
        email=email,
        address=address,
        external_id=external_id,
        onboarding_date=said.onboarding_date,
        offboarding_date=said.offboarding_date,
        details=said.details,
    )
