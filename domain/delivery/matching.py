"""Finds the employee that each row of a delivery means (I1-I8, D3).

The files are matched one after the other; each file is matched over the claims of the earlier
files. Within a file, rows with an external id are matched first. The other rows are matched by
e-mail address after the first rows have moved addresses, so that the order of rows never matters.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from typing import NamedTuple

from domain.context import DecisionContext
from domain.delivery.allocation import allot
from domain.delivery.duplicates import lines_of
from domain.delivery.likeness import names_of
from domain.delivery.match import (
    Match,
    Rejected,
    Superseded,
    new_match,
    statement_with,
    with_row,
)
from domain.delivery.newer import NewerRows, newer_rows
from domain.delivery.people import People
from domain.delivery.row import Row
from domain.employee.decisions import has_left, validate
from domain.employee.roster import Roster
from domain.issues.issue import Issue, make_issue


def match_files(files: Sequence[Sequence[Row]], roster: Roster, context: DecisionContext) -> People:
    """Returns the people of `roster` with the matches of all files.

    `files` are the rows that can be applied, oldest file first. Rows with an external id are
    matched before the other rows, because an address means the employee who has the address after
    the rows with an external id are applied.
    """
    newer = newer_rows(files, roster)
    people = People(roster)
    for number, rows in enumerate(files):
        file = _file(number, rows)
        people, claims = _claims_by_external_id(people, file, newer, context)
        people = _grant(people, claims)
        people = _match_by_address(people, file, newer, context)
    return people


class _Claim(NamedTuple):
    """A match that a row asks for, and the match before the row; `None` for a new employee."""

    before: Match | None
    after: Match

    @property
    def is_new(self) -> bool:
        """Returns whether the row asks for an account."""
        return self.before is None or self.before.left

    @property
    def wish(self) -> str | None:
        """Returns the address that the row asks for, or `None` if the employee has it already.

        A new employee who has left already asks for no address (L2).
        """
        if self.after.left:
            return None
        stays = self.before is not None and self.after.file_address == self.before.file_address
        return None if stays and not self.is_new else self.after.file_address


class _File(NamedTuple):
    """The rows of one file that can be applied.

    `start` is the position of the first row. `named` are the rows with an external id, and
    `nameless` the rows without one.
    """

    number: int
    start: int
    named: Sequence[Row]
    nameless: Sequence[Row]
    addresses: Set[str]


def _file(number: int, rows: Sequence[Row]) -> _File:
    return _File(
        number=number,
        start=min((row.position for row in rows), default=0),
        named=[row for row in rows if row.external_id is not None],
        nameless=[row for row in rows if row.external_id is None],
        addresses={row.address for row in rows},
    )


# Rows with an external id


def _claims_by_external_id(
    people: People, file: _File, newer: NewerRows, context: DecisionContext
) -> tuple[People, list[_Claim]]:
    """Returns the people, and the claims of the rows with an external id.

    The returned people hold the rows that are rejected or superseded already.
    """
    rejected: list[Rejected] = []
    superseded: list[Superseded] = []
    claims: list[_Claim] = []
    places = {row.address for row in file.named}
    for row in file.named:
        before = people.with_external_id(row.external_id or "") or _linked(people, row, places)
        later = None if before is not None else _newer_row(row, file, newer, context)
        if later is not None:
            superseded.append(Superseded(row, later))
            continue
        claim = _claim(before, row, (), context)
        if isinstance(claim, Rejected):
            rejected.append(claim)
        else:
            claims.append(claim)
    return people.with_matches((), rejected, superseded), claims


def _linked(people: People, row: Row, places: Set[str]) -> Match | None:
    """Returns the employee without an external id at the address of a row, or `None` (I3).

    The row has an unknown external id. No employee is linked if another row with an external id has
    the other address of the employee.
    """
    match = people.at_address(row.address) or people.left_at(row.address)
    if match is None or match.external_id is not None:
        return None
    disputed = any(other in places for other in match.addresses if other != row.address)
    return None if disputed else match


def _newer_row(row: Row, file: _File, newer: NewerRows, context: DecisionContext) -> Row | None:
    """Returns the row of a newer file about the same person as `row`, or `None` (D3)."""
    return None if has_left(row, context) else newer.same_person(row, file.number)


def _is_another(match: Match, row: Row, later: Row) -> bool:
    """Returns whether `row` is about the employee of `later`, and not about `match` at its address.

    `match` has the address from support alone. The row is about another employee if `match` has
    other names, while `row` and `later` have the same names: support gave the address away after
    its earlier owner had moved.
    """
    holder = match.employee
    if holder is None or later.address in match.addresses:
        return False
    if later.external_id is not None and later.external_id == match.external_id:
        return False
    return names_of(later.details) == names_of(row.details) != names_of(holder.details)


def _claim(
    before: Match | None, row: Row, addresses: Set[str] | tuple[()], context: DecisionContext
) -> _Claim | Rejected:
    """Returns the claim of a row; rejects the row if the employee's state forbids it (L4, L6)."""
    said = row if before is None else statement_with(before, row, addresses)
    issues = validate(before.employee if before else None, said, context)
    if issues and any(issue.rejects for issue in issues):
        return Rejected(row, issues, before.key if before else None)
    left = (before is None or before.entry is None) and has_left(said, context)
    if before is None:
        return _Claim(None, new_match(row, left=left))
    return _Claim(before, with_row(before, row, said, left=left))


def _grant(people: People, claims: Sequence[_Claim]) -> People:
    """Returns the people with the claims whose address is free; rejects the rows of the others."""
    before = {claim.after.key: claim.before for claim in claims if claim.before is not None}
    wishes = {claim.after.key: claim.wish for claim in claims if claim.wish is not None}

    def holder_of(address: str) -> str | None:
        holder = people.at_address(address)
        return holder.key if holder is not None else None

    def holdings_of(key: str) -> tuple[str, ...]:
        known = before.get(key)
        return () if known is None or known.left else known.addresses

    turned_down = allot(wishes, holder_of, holdings_of)
    settled = people.with_matches(
        claim.after
        for claim in claims
        if claim.after.key not in turned_down and not claim.after.left
    )
    left: list[Match] = []
    rejected: list[Rejected] = []
    for claim in claims:
        if claim.after.left or claim.after.key in turned_down:
            row = claim.after.rows[-1]
            keeper = settled.at_address(row.address)
            if keeper is None or keeper.key == claim.after.key:
                left.append(claim.after)
            elif claim.is_new:
                rejected.append(Rejected(row, [_conflict(row, keeper)], keeper.key))
            else:
                rejected.append(Rejected(row, [_taken(row, keeper)], claim.after.key))
    return settled.with_matches(left, rejected)


def _conflict(row: Row, keeper: Match) -> Issue:
    return make_issue("external-id-conflict", "external_id", row.external_id, other=_name(keeper))


def _taken(row: Row, keeper: Match) -> Issue:
    return make_issue("email-taken", "email", row.email, other=_name(keeper))


def _name(match: Match) -> str:
    """Returns the name of an employee in a sentence for HR: the address, and any external id.

    For an employee whose address changes in this delivery, it is the new address.
    """
    stays = match.entry is not None and match.address == match.entry.address
    email = match.said.email if match.said is not None else ""
    if stays and match.employee is not None:
        email = match.employee.email
    return f"{email} (external id {match.external_id})" if match.external_id else email


# Rows without an external id


def _match_by_address(
    people: People, file: _File, newer: NewerRows, context: DecisionContext
) -> People:
    """Returns the people with the matches of the rows without an external id.

    Such a row means the employee who has its address after the rows with an external id were
    applied (I4); if no employee has the address, the row registers a new employee (I5).
    """
    meant: defaultdict[str, list[Row]] = defaultdict(list)
    persons: dict[str, Match] = {}
    superseded: list[Superseded] = []
    claims: list[_Claim | Rejected] = []
    for row in file.nameless:
        match = people.at_address(row.address) or people.left_at(row.address)
        # An address that the file has for the employee means the employee, whatever names say.
        known = match is not None and row.address == match.file_address
        later = None if known else _newer_row(row, file, newer, context)
        if later is not None and (match is None or _is_another(match, row, later)):
            superseded.append(Superseded(row, later))
        elif match is not None:
            persons[match.key] = match
            meant[match.key].append(row)
        else:
            claims.append(_claim(None, row, (), context))
    for key, rows in meant.items():
        match = persons[key]
        together = [*rows, *(row for row in match.rows[-1:] if row.position >= file.start)]
        if len(together) == 1:
            claims.append(_claim(match, rows[0], file.addresses, context))
        else:
            claims += _contradictory(rows, together, key)
    return people.with_matches(
        (claim.after for claim in claims if isinstance(claim, _Claim)),
        (claim for claim in claims if isinstance(claim, Rejected)),
        superseded,
    )


def _contradictory(rows: Iterable[Row], together: Sequence[Row], key: str) -> Iterator[Rejected]:
    """Yields `rows`, which have no external id, as rejected.

    At most one row of a file may mean an employee, and a row with the employee's external id has
    priority over a row without one.
    """
    lines = lines_of(together)
    for row in rows:
        issue = make_issue("duplicate-email", "email", row.email, lines=lines)
        yield Rejected(row, [issue], key)
