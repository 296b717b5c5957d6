"""Decides the result of every row after the rows are matched (D3, I5, L1-L10, W9)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from domain.addresses import address_of
from domain.context import DecisionContext
from domain.delivery.checking import CheckedFile
from domain.delivery.evidence import Evidence
from domain.delivery.match import Match, Superseded
from domain.delivery.namesakes import Namesakes
from domain.delivery.objections import objections, other_person_issues
from domain.delivery.people import People
from domain.delivery.plan import RowOutcome, RowResult
from domain.delivery.row import Row
from domain.delivery.settling import decide_change
from domain.employee.aggregate import Employee
from domain.employee.change import Change
from domain.employee.decisions import has_left, validate
from domain.employee.events import State
from domain.issues.issue import Issue, make_issue, shown


def decide_matches(
    matches: Iterable[Match], namesakes: Namesakes, context: DecisionContext
) -> Iterator[RowResult]:
    """Yields the results of all rows that mean an employee, in any order.

    A match is freed as soon as it is decided, because there may be a million matches.
    """
    waiting = list(matches)
    del matches
    while waiting:
        yield from _results_of(waiting.pop(), namesakes, context)


def undecided_rows(
    files: Sequence[CheckedFile], people: People, context: DecisionContext
) -> Iterator[RowResult]:
    """Yields the results of the rows without a match: superseded, rejected or repeated rows."""
    for superseded in people.superseded:
        yield _superseded(superseded)
    for rejected in people.rejected:
        yield _rejected(rejected.row, rejected.issues, rejected.key, files, people, context)
    for file in files:
        for row, conflicts in file.rejected:
            yield _rejected(row, conflicts, None, files, people, context)
        for row, line in file.repeated:
            issue = make_issue("duplicate-row", first=line).at(row.file, row.line, row.email)
            yield _result(row, RowOutcome.SKIPPED, (issue,))


def _results_of(
    match: Match, namesakes: Namesakes, context: DecisionContext
) -> Iterator[RowResult]:
    """Yields the results of the rows of a match; the last row supersedes the others."""
    for row in match.rows[:-1]:
        yield _superseded(Superseded(row, match.rows[-1], match.employee))
    yield _decided(match, namesakes, context)


def _decided(match: Match, namesakes: Namesakes, context: DecisionContext) -> RowResult:
    """Returns the result of the last row of a match, with the change of the employee."""
    row, said, known = match.rows[-1], match.said or match.rows[-1], match.employee
    found = validate(known, said, context)
    leaver = known is None and has_left(said, context)
    if leaver:
        found.append(make_issue("already-left", "offboarding_date", str(said.offboarding_date)))
    suspected = [] if leaver or known is not None else namesakes.issues_of(row)
    found += suspected
    evidence = None if known is None else match.evidence_of_rows()
    if evidence is not None and not evidence.looks_alike:
        found += other_person_issues(row, replace(match, said=None), context)
    issues = _with(row, found)
    if leaver:
        return _result(row, RowOutcome.SKIPPED, issues)
    digest = _digest(match, issues)
    change = decide_change(match, context, digest, second_account=bool(suspected))
    if change is None or (known is not None and known.state is State.DEACTIVATED):
        outcome = RowOutcome.UNCHANGED  # a last day that is noted changes nobody (L6)
    else:
        outcome = RowOutcome.REGISTERED if known is None else RowOutcome.CHANGED
    new_digest = None
    if change is None and digest is not None and match.entry and digest != match.entry.digest:
        new_digest = match.entry.employee, digest
    return _result(row, outcome, issues, known, change, new_digest, evidence)


def _rejected(
    row: Row,
    issues: Sequence[Issue],
    key: str | None,
    files: Sequence[CheckedFile],
    people: People,
    context: DecisionContext,
) -> RowResult:
    """Returns the result of a row that cannot be applied.

    A row of an older file is superseded instead if an accepted row of a newer file is about the
    same employee (D3). `key` is the key of the employee if matching has found the employee. The
    result has every other error of the row, too (W9).
    """
    match = _about(row, key, people) if len(files) > 1 else None
    if match is not None and match.rows and match.rows[-1].position > _end(row, files):
        return _superseded(Superseded(row, match.rows[-1], match.employee))
    others = objections(row, issues, people, context)
    return _result(row, RowOutcome.REJECTED, _told(row, _with(row, (*issues, *others))))


def _told(row: Row, issues: Sequence[Issue]) -> tuple[Issue, ...]:
    """Returns the issues of a rejected row; the errors tell how soon the rejection hurts, and whom.

    Without a good e-mail address, the external id tells apart the rows of several people (Q1).
    """
    starts, leaves = row.onboarding_date, row.offboarding_date or None
    is_unnamed = any(issue.rejects and issue.field == "email" for issue in row.issues)
    external_id = shown(row.external_id) or None if is_unnamed else None
    return tuple(
        replace(issue, starts=starts, leaves=leaves, external_id=external_id)
        if issue.rejects
        else issue
        for issue in issues
    )


def _about(row: Row, key: str | None, people: People) -> Match | None:
    """Returns the match that a rejected row is about, by external id, key or address (I1)."""
    if row.external_id is not None:
        return people.with_external_id(row.external_id)
    return people.matches.get(key) if key is not None else people.at_address(row.address)


def _end(row: Row, files: Sequence[CheckedFile]) -> int:
    """Returns the position of the last row of the file that contains `row`."""
    return next(file.end for file in files if row.position <= file.end)


def _superseded(superseded: Superseded) -> RowResult:
    """Returns the result of a row of an older file; its only issue names the newer row (D3)."""
    later = f"{superseded.later.file}, line {superseded.later.line}"
    row = superseded.row
    issue = make_issue("superseded-row", later=later).at(row.file, row.line, row.email)
    return _result(row, RowOutcome.SKIPPED, (issue,), superseded.employee)


def _with(row: Row, issues: Sequence[Issue]) -> tuple[Issue, ...]:
    """Returns the issues of the row alone, and then `issues`, located at the row."""
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
    evidence: Evidence | None = None,
) -> RowResult:
    email, place = shown(row.email), (row.file, row.line, row.position)
    return RowResult(*place, email, outcome, issues, employee, change, new_digest, evidence)


def _digest(match: Match, issues: Sequence[Issue]) -> bytes | None:
    """Returns the digest by which the row may be recognised next time, or `None`.

    The row must be the only row of the match, and have no issue that is reported again (L10). Its
    address and its external id must not be able to mean another employee later. They can differ
    from the known values only in a row about a deactivated employee, because such a row changes
    nothing.
    """
    row, employee = match.rows[-1], match.employee
    if match.said is not row or any(issue.lasting for issue in issues):
        return None
    if employee is not None and employee.state is State.DEACTIVATED:
        known = (address_of(employee.file_email), row.external_id and employee.external_id)
        if known != (row.address, row.external_id):
            return None
    return row.digest
