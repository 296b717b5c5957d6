"""Claims: what a row asks for the employee that it means, and who gets it (I2, I7, I9)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from domain.context import DecisionContext
from domain.delivery.allocation import allot
from domain.delivery.duplicates import lines_of
from domain.delivery.match import Match, Rejected, new_match, statement_with, with_row
from domain.delivery.meaning import AcceptedFile, has_row_at_home
from domain.delivery.objections import address_issues, name_of, other_person_issues
from domain.delivery.people import People
from domain.delivery.row import Row
from domain.employee.decisions import has_left, validate
from domain.issues.issue import Issue, make_issue


class Meaning(NamedTuple):
    """A row, and the employee that it means; `None` for a new employee."""

    row: Row
    match: Match | None


class Claim(NamedTuple):
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


def claims_of(
    meanings: Sequence[Meaning],
    chosen: Callable[[Match, Sequence[Row]], Row | None],
    file: AcceptedFile,
    context: DecisionContext,
) -> Iterator[Claim | Rejected]:
    """Yields the claims of some rows of one file.

    At most one row of a file may mean an employee. `chosen` returns the row that stands for an
    employee if several rows mean this employee, or `None` if no row does. A row is rejected if it
    is about another person (I9), if another row stands for the employee, or if the employee's state
    forbids it (L4, L6).
    """
    others = {
        meaning.row.position: issues
        for meaning in meanings
        if meaning.match is not None
        and (issues := _other_person(meaning.row, meaning.match, file, context))
        and any(issue.rejects for issue in issues)
    }
    together = _together(each for each in meanings if each.row.position not in others)
    for row, match in meanings:
        if match is None:
            yield _claim(None, row, file, context)
        elif row.position in others:
            yield Rejected(row, others[row.position], match.key)
        else:
            rows = together[match.key]
            first = chosen(match, rows)
            if row is first or (first is None and len(rows) == 1):
                yield _claim(match, row, file, context)
            else:
                yield _contradictory(row, rows, match, first)


def _other_person(
    row: Row, match: Match, file: AcceptedFile, context: DecisionContext
) -> Sequence[Issue]:
    """Returns the issue of a row that is about another person, compared with older files (I9)."""
    same_file = match.rows and match.rows[-1].position >= file.start
    if same_file and match.employee is not None:
        match = replace(match, said=None)
    return other_person_issues(row, match, context, by_both_names=has_row_at_home(file, row, match))


def _together(meanings: Iterator[Meaning]) -> Mapping[str, Sequence[Row]]:
    """Returns the rows that mean a known employee, by the key of the employee."""
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for row, match in meanings:
        if match is not None:
            found[match.key].append(row)
    return found


def _contradictory(row: Row, rows: Sequence[Row], match: Match, first: Row | None) -> Rejected:
    """Returns a row as rejected, because other rows of the file mean the same employee."""
    lines = lines_of(rows if first is None or first in rows else [*rows, first])
    which = "none of them was applied"
    if first is not None:
        which = f"only line {first.line}, which has the employee's external id, counts"
    issue = make_issue(
        "duplicate-employee", "email", row.email, lines=lines, other=name_of(match), which=which
    )
    return Rejected(row, [issue], match.key)


def _claim(
    before: Match | None, row: Row, file: AcceptedFile, context: DecisionContext
) -> Claim | Rejected:
    """Returns the claim of a row; rejects the row if the employee's state forbids it (L4, L6)."""
    said = row if before is None else statement_with(before, row, file.by_address)
    issues = validate(before.employee if before else None, said, context)
    if issues and any(issue.rejects for issue in issues):
        return Rejected(row, issues, before.key if before else None)
    left = (before is None or before.entry is None) and has_left(said, context)
    if before is None:
        return Claim(None, new_match(row, left=left))
    return Claim(before, with_row(before, row, said, left=left))


def grant(people: People, claims: Sequence[Claim], context: DecisionContext) -> People:
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
            else:
                known = None if claim.is_new else claim.before
                issues = address_issues(row, known, keeper, context)
                rejected.append(Rejected(row, issues, (known or keeper).key))
    return settled.with_matches(left, rejected)
