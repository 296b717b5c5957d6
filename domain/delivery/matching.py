"""Which employee each row of a delivery means (I1-I8, D3).

The files are matched one after the other, each over what the earlier files claimed. Within a file,
external ids speak first, then e-mail addresses as they stand after the moves that external ids
bring about, so that the order of rows never matters.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from typing import NamedTuple

from domain.context import DecisionContext
from domain.delivery.allocation import allot
from domain.delivery.duplicates import lines_of
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
    """The people of `roster` with the matches of all files.

    `files` are the rows that can be applied, oldest file first. Rows with an external id are
    matched before those without, since an address means the person who has it by then.
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
    """A match that a row asks for, and what the match was before; `None` for somebody new."""

    before: Match | None
    after: Match

    @property
    def is_new(self) -> bool:
        """Whether the row asks for an account."""
        return self.before is None or self.before.left

    @property
    def wish(self) -> str | None:
        """The address that the row asks for, where that is not the person's already.

        People who have left already ask for none (L2).
        """
        if self.after.left:
            return None
        stays = self.before is not None and self.after.file_address == self.before.file_address
        return None if stays and not self.is_new else self.after.file_address


class _File(NamedTuple):
    """The rows of one file that can be applied; `start` is the position of the first."""

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
    """What rows with an external id ask for, and the people with what is settled already."""
    rejected: list[Rejected] = []
    superseded: list[Superseded] = []
    claims: list[_Claim] = []
    places = {row.address for row in file.named}
    for row in file.named:
        before = people.with_external_id(row.external_id or "") or _linked(people, row, places)
        later = _newer_row(before, row, file, newer, context)
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
    """The person without an external id at the address of a row with an unknown one (I3).

    Nobody is linked where another row with an external id is at the person's other address.
    """
    match = people.at_address(row.address) or people.left_at(row.address)
    if match is None or match.external_id is not None:
        return None
    disputed = any(other in places for other in match.addresses if other != row.address)
    return None if disputed else match


def _newer_row(
    match: Match | None, row: Row, file: _File, newer: NewerRows, context: DecisionContext
) -> Row | None:
    """The row of a newer file that has the person whom this row would register (D3)."""
    if match is not None or has_left(row, context):
        return None
    return newer.same_person(row, file.number)


def _claim(
    before: Match | None, row: Row, addresses: Set[str] | tuple[()], context: DecisionContext
) -> _Claim | Rejected:
    """The match that a row asks for, unless the state of the employee rejects the row (L4, L6)."""
    said = row if before is None else statement_with(before, row, addresses)
    issues = validate(before.employee if before else None, said, context)
    if issues and any(issue.rejects for issue in issues):
        return Rejected(row, issues, before.key if before else None)
    left = (before is None or before.entry is None) and has_left(said, context)
    if before is None:
        return _Claim(None, new_match(row, left=left))
    return _Claim(before, with_row(before, row, said, left=left))


def _grant(people: People, claims: Sequence[_Claim]) -> People:
    """The people after those claims whose address is free; the rows of the others are rejected."""
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
    """How a sentence to HR calls an employee: by address, and external id if there is one.

    Somebody who moves in this delivery is called by the address that they move to.
    """
    stays = match.entry is not None and match.address == match.entry.address
    email = match.said.email if match.said is not None else ""
    if stays and match.employee is not None:
        email = match.employee.email
    return f"{email} (external id {match.external_id})" if match.external_id else email


# Rows without one


def _match_by_address(
    people: People, file: _File, newer: NewerRows, context: DecisionContext
) -> People:
    """Rows without an external id mean the person who has their address by now (I4, I5)."""
    meant: defaultdict[str, list[Row]] = defaultdict(list)
    persons: dict[str, Match] = {}
    superseded: list[Superseded] = []
    claims: list[_Claim | Rejected] = []
    for row in file.nameless:
        match = people.at_address(row.address) or people.left_at(row.address)
        later = _newer_row(match, row, file, newer, context)
        if match is not None:
            persons[match.key] = match
            meant[match.key].append(row)
        elif later is not None:
            superseded.append(Superseded(row, later))
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
    """A file speaks once of an employee, and best by external id: rows without one give way."""
    lines = lines_of(together)
    for row in rows:
        issue = make_issue("duplicate-email", "email", row.email, lines=lines)
        yield Rejected(row, [issue], key)
