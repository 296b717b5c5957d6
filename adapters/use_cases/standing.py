"""What a run changes about the open issues and the absent employees of its company (Q1, Q4)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from msgspec.structs import replace

from adapters.company_settings import Customer
from adapters.store.commit import Commit
from adapters.use_cases.app import App
from domain.company_runs.absence import change_absence
from domain.company_runs.decisions import Delivered, require_not_held
from domain.company_runs.events import AbsenceChange
from domain.company_runs.open_issues import (
    OpenIssueChanges,
    change_open_issues,
    closed_by_partial,
    says_issues,
)
from domain.company_runs.state import CompanyState, deliveries_after
from domain.employee.events import State
from projections.answers.absentee import AbsenteeDocument, absentee
from projections.answers.issues import IssueFilter, OpenIssueDocument, document
from projections.runs import SaidIssue, said_issues


def with_standing(app: App, commit: Commit) -> Commit:
    """Returns the commit with everything that it changes about open issues and absence.

    What is read here belongs to the version from which the commit was planned: otherwise the commit
    cannot be stored (R4).
    """
    issues, closes = _open_issue_changes(app, commit)
    record = commit.ended
    ended = replace(record.ended, closes=closes, absence=_absence_change(app, commit))
    runs = (*commit.runs[:-1], replace(record, ended=ended))
    return replace(commit, runs=runs, open_issues=issues)


def said_in_preview(app: App, commit: Commit) -> list[SaidIssue]:
    """Returns the issues of a run that is not stored, as the run would say them."""
    issues, _ = _open_issue_changes(app, commit)
    return said_issues(commit.ended.ended, commit.issues, issues.since)


def absence_is_due(app: App, customer: Customer, state: CompanyState, delivered: Delivered) -> bool:
    """Returns whether somebody has been absent for as long as the policy allows (Q4).

    Then a delivery has to be read, also if it is recognised. Raises `AlreadyHeld` if it is held.
    """
    policy, number = customer.company.policy, deliveries_after(state, delivered.files)
    if policy.absent == "ignore" or delivered.facts.partial or number == state.deliveries:
        return False
    require_not_held(state, delivered)
    absent = app.store.standing.absent(customer.company.key).values()
    return any(number - row.delivery + 1 == policy.absent_after for row in absent)


def absentees(app: App, company: str) -> list[AbsenteeDocument]:
    """Returns who is here and absent from the last full delivery, in the order of ids (Q4)."""
    deliveries = app.store.runs.company_state(company).deliveries
    rows = app.store.standing.absent(company)
    return [
        absentee(employee, rows[employee.id.hex], deliveries)
        for employee in app.store.roster.employees(company)
        if employee.id.hex in rows
    ]


def every_open_issue(app: App, asked: IssueFilter) -> Iterator[OpenIssueDocument]:
    """Yields the open issues that are asked for, the worst first (Q1)."""
    state_of = cache(app.store.runs.company_state)
    for company, issue in app.store.standing.every_open_issue(asked):
        yield document(company, state_of(company), issue)


def _open_issue_changes(app: App, commit: Commit) -> tuple[OpenIssueChanges, tuple[str, ...]]:
    """Returns what a run changes about the open issues, and what its event says of it (D12)."""
    record = commit.ended
    ended = record.ended
    if not says_issues(ended):
        return change_open_issues({}, record, commit.issues), ()
    # A recognised delivery says all lasting issues again, so these need not be read (D8).
    passing = ended.issues_of is not None and not commit.issues
    known = app.store.standing.open_issues(ended.company, passing=passing)
    closes: tuple[str, ...] = ()
    if commit.people is not None:
        closes = closed_by_partial(known, commit.issues, commit.people)
        record = replace(record, ended=replace(ended, closes=closes))
    return change_open_issues(known, record, commit.issues), closes


def _absence_change(app: App, commit: Commit) -> AbsenceChange | None:
    ends = any(change.after.state is State.DEACTIVATED for change in commit.changes)
    if commit.absent is None and not ends:
        return None
    known = app.store.standing.absent(commit.ended.ended.company).keys()
    return change_absence(known, commit.absent, commit.changes)
