"""What becomes of every row, once it is known whom each row means (D3, I5, L1-L10, W9)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from domain.context import DecisionContext
from domain.delivery.checking import CheckedFile
from domain.delivery.match import Match, Superseded
from domain.delivery.namesakes import Namesakes
from domain.delivery.people import People
from domain.delivery.plan import RowOutcome, RowResult
from domain.delivery.row import Row
from domain.delivery.settling import decide_change
from domain.employee.aggregate import Employee
from domain.employee.change import Change
from domain.employee.decisions import has_left, validate
from domain.employee.events import State
from domain.employee.statement import address_of
from domain.issues.issue import Issue, make_issue, shown


def decide_matches(
    matches: Iterable[Match], namesakes: Namesakes, context: DecisionContext
) -> Iterator[RowResult]:
    """The results of all rows that mean an employee, in any order.

    A match is freed as soon as it is decided: there may be a million of them.
    """
    waiting = list(matches)
    del matches
    while waiting:
        yield from _results_of(waiting.pop(), namesakes, context)


def undecided_rows(files: Sequence[CheckedFile], people: People) -> Iterator[RowResult]:
    """The results of the rows that stand for nobody."""
    for superseded in people.superseded:
        yield _superseded(superseded)
    for rejected in people.rejected:
        yield _rejected(rejected.row, rejected.issues, rejected.key, files, people)
    for file in files:
        for row, conflicts in file.rejected:
            yield _rejected(row, conflicts, None, files, people)
        for row, line in file.repeated:
            issue = make_issue("duplicate-row", first=line).at(row.file, row.line, row.email)
            yield _result(row, RowOutcome.SKIPPED, (issue,))


def _results_of(
    match: Match, namesakes: Namesakes, context: DecisionContext
) -> Iterator[RowResult]:
    """The results of the rows of a match: the last row stands for the employee."""
    for row in match.rows[:-1]:
        yield _superseded(Superseded(row, match.rows[-1], match.employee))
    yield _decided(match, namesakes, context)


def _decided(match: Match, namesakes: Namesakes, context: DecisionContext) -> RowResult:
    """The result of the row that stands for an employee."""
    row, said, known = match.rows[-1], match.said or match.rows[-1], match.employee
    found = validate(known, said, context)
    leaver = known is None and has_left(said, context)
    if leaver:
        found.append(make_issue("already-left", "offboarding_date", str(said.offboarding_date)))
    elif known is None:
        found += namesakes.issues_of(row)
    issues = _with(row, found)
    if leaver:
        return _result(row, RowOutcome.SKIPPED, issues)
    digest = _digest(match, issues)
    change = decide_change(match, context, digest)
    if change is not None:
        outcome = RowOutcome.REGISTERED if known is None else RowOutcome.CHANGED
    else:
        outcome = RowOutcome.UNCHANGED
    new_digest = None
    if change is None and digest is not None and match.entry and digest != match.entry.digest:
        new_digest = match.entry.employee, digest
    return _result(row, outcome, issues, known, change, new_digest)


def _rejected(
    row: Row, issues: Sequence[Issue], key: str | None, files: Sequence[CheckedFile], people: People
) -> RowResult:
    """The result of a row that cannot be applied.

    A row of an older file is superseded instead where an accepted row of a newer file is about the
    same employee (D3). `key` is that of the employee, where matching has found out.
    """
    match = _about(row, key, people) if len(files) > 1 else None
    if match is not None and match.rows and match.rows[-1].position > _end(row, files):
        return _superseded(Superseded(row, match.rows[-1], match.employee))
    return _result(row, RowOutcome.REJECTED, _with(row, issues))


def _about(row: Row, key: str | None, people: People) -> Match | None:
    """Whom a rejected row is about: by external id, and without one by address (I1)."""
    if row.external_id is not None:
        return people.with_external_id(row.external_id)
    return people.matches.get(key) if key is not None else people.at_address(row.address)


def _end(row: Row, files: Sequence[CheckedFile]) -> int:
    """The last position of the file that a row stands in."""
    return next(file.end for file in files if row.position <= file.end)


def _superseded(superseded: Superseded) -> RowResult:
    """The result of a row of an older file: nothing but that a newer row stands (D3)."""
    later = f"{superseded.later.file}, line {superseded.later.line}"
    row = superseded.row
    issue = make_issue("superseded-row", later=later).at(row.file, row.line, row.email)
    return _result(row, RowOutcome.SKIPPED, (issue,), superseded.employee)


def _with(row: Row, issues: Sequence[Issue]) -> tuple[Issue, ...]:
    """The issues of a row as it stands alone, and these."""
    if not issues:
        return row.issues
    return (*row.issues, *(issue.at(row.file, row.line, row.email) for issue in issues))


def _result(
    row: Row,
    outcome: RowOutcome,
    issues: tuple[Issue, ...],
    employee: Employee | None = None,
    change: Change | None = None,
    new_digest: tuple[str, bytes] | None = None,
) -> RowResult:
    email = shown(row.email)
    return RowResult(
        row.file, row.line, row.position, email, outcome, issues, employee, change, new_digest
    )


def _digest(match: Match, issues: Sequence[Issue]) -> bytes | None:
    """The digest by which the row may be recognised next time.

    The row must speak alone, leave nothing to say again (L10), and name its employee by nothing
    that may come to mean somebody else: a row about a deactivated employee changes nothing, so only
    there can it differ from what is known.
    """
    row, employee = match.rows[-1], match.employee
    if match.said is not row or any(issue.lasting for issue in issues):
        return None
    if employee is not None and employee.state is State.DEACTIVATED:
        known = (address_of(employee.file_email), row.external_id and employee.external_id)
        if known != (row.address, row.external_id):
            return None
    return row.digest
