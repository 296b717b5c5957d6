"""Replays the open issues (Q1) and the absent employees (Q4) of each company."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from adapters.store.readable import read_or_none
from adapters.store.recorder import Query
from adapters.store.run_queries import ISSUES
from domain.company_runs.events import RunRecord
from domain.company_runs.open_issues import (
    OpenIssue,
    after_changes,
    change_open_issues,
    says_everything,
    says_issues,
)
from domain.company_runs.state import CompanyState, evolve
from domain.issues.identity import issue_key
from domain.issues.issue import Issue
from projections import absence, open_issues, runs, slots
from projections.absence import AbsentRow
from projections.open_issues import OpenIssueRow


class StandingRows(NamedTuple):
    """The rows of one company that its runs make."""

    open_issues: Sequence[OpenIssueRow]
    absent: Sequence[AbsentRow]


def standing_rows(query: Query, company: str, records: Iterable[RunRecord]) -> StandingRows:
    """Returns the rows that the runs of a company make. The runs come in their order.

    The issues of a run come from the table of issues, because no event has them.
    """
    absent: Mapping[str, AbsentRow] = {}
    state = CompanyState()
    latest: list[RunRecord] = []
    for record in records:
        state = evolve(state, record.run, record.ended)
        absent = absence.after_run(absent, state, record.ended)
        if says_everything(record.ended):
            latest = []  # what was open before is told by the issues of this run
        if says_issues(record.ended):
            latest.append(record)
    issues = [open_issues.row(company, each) for each in _open_issues(query, latest)]
    return StandingRows(issues, list(absent.values()))


def _open_issues(query: Query, latest: Sequence[RunRecord]) -> Iterable[OpenIssue]:
    known: Mapping[str, OpenIssue] = {}
    for number, record in enumerate(latest):
        said = list(_said(query, record.run))
        if number == 0 and says_everything(record.ended):
            known = {
                (key := issue_key(issue)): OpenIssue(key, issue, False, since)
                for issue, since in said
                if since is not None
            }
        changes = change_open_issues(known, record, [issue for issue, _ in said])
        known = after_changes(known, changes)
    return known.values()


def _said(query: Query, run: UUID) -> Iterator[tuple[Issue, datetime | None]]:
    """Yields the readable issues of a run, with the moment since when each was open before."""
    for encoded, since in query(ISSUES, (run.hex,)):
        issue = read_or_none(runs.load_issue, encoded)
        if issue is not None:
            yield issue, slots.load(since)
