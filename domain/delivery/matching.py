"""Finds the employee that each row of a delivery means (I1-I12, D3).

The files are matched one after the other; each file is matched over the claims of the earlier
files. Within a file, rows with an external id are matched first. The other rows are matched by
e-mail address after the first rows have moved addresses, so that the order of rows never matters.
"""

from __future__ import annotations

from collections.abc import Sequence

from domain.context import DecisionContext
from domain.delivery.claims import Claim, Meaning, claims_of, grant
from domain.delivery.evidence import person_of
from domain.delivery.match import Match, Rejected, Superseded
from domain.delivery.meaning import (
    AcceptedFile,
    accepted_file,
    caught_up,
    meant_by_address,
    meant_by_external_id,
)
from domain.delivery.newer import NewerRows, newer_rows
from domain.delivery.people import People
from domain.delivery.row import Row
from domain.employee.decisions import has_left
from domain.employee.roster import Roster


def match_files(files: Sequence[Sequence[Row]], roster: Roster, context: DecisionContext) -> People:
    """Returns the people of `roster` with the matches of all files.

    `files` are the rows that can be applied, oldest file first. Rows with an external id are
    matched before the other rows, because an address means the employee who has the address after
    the rows with an external id are applied.
    """
    newer = newer_rows(files, roster, context.company.policy)
    people = People(roster)
    for number, rows in enumerate(files):
        file = accepted_file(number, rows)
        people = people.with_caught_up(caught_up(people, file))
        people = _match_by_external_id(people, file, newer, context)
        people = _match_by_address(people, file, newer, context)
    return people


def _match_by_external_id(
    people: People, file: AcceptedFile, newer: NewerRows, context: DecisionContext
) -> People:
    """Returns the people with the matches of the rows with an external id (I1-I3, I6).

    If several rows mean one employee, the row with the present external id stands for the employee.
    """
    meanings: list[Meaning] = []
    superseded: list[Superseded] = []
    for row in file.named:
        match = meant_by_external_id(row, people, file)
        later = None if match is not None else _newer_row(row, file, newer, context)
        if later is not None:
            superseded.append(Superseded(row, later))
        else:
            meanings.append(Meaning(row, match))

    def chosen(match: Match, rows: Sequence[Row]) -> Row | None:
        return next((row for row in rows if row.external_id == match.external_id), None)

    found = list(claims_of(meanings, chosen, file, context))
    people = people.with_matches(
        (), (claim for claim in found if isinstance(claim, Rejected)), superseded
    )
    return grant(people, [claim for claim in found if isinstance(claim, Claim)], context)


def _match_by_address(
    people: People, file: AcceptedFile, newer: NewerRows, context: DecisionContext
) -> People:
    """Returns the people with the matches of the rows without an external id.

    Such a row means the employee who has its address after the rows with an external id were
    applied (I4); if no employee has the address, the row registers a new employee (I5).
    """
    meanings: list[Meaning] = []
    superseded: list[Superseded] = []
    for row in file.nameless:
        match = meant_by_address(row, people)
        # An address that the file has for the employee means the employee, whatever names say.
        known = match is not None and row.address == match.file_address
        later = None if known else _newer_row(row, file, newer, context)
        if later is not None and (match is None or _is_another(match, row, later)):
            superseded.append(Superseded(row, later))
        else:
            meanings.append(Meaning(row, match))

    def chosen(match: Match, rows: Sequence[Row]) -> Row | None:
        return next((row for row in match.rows[-1:] if row.position >= file.start), None)

    found = list(claims_of(meanings, chosen, file, context))
    return people.with_matches(
        (claim.after for claim in found if isinstance(claim, Claim)),
        (claim for claim in found if isinstance(claim, Rejected)),
        superseded,
    )


def _newer_row(
    row: Row, file: AcceptedFile, newer: NewerRows, context: DecisionContext
) -> Row | None:
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
    said, newer, known = (person_of(each.details).names for each in (row, later, holder))
    return newer == said != known
