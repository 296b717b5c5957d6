"""The open issues, as `tenure issues` answers: what, about whom, since when, and by which run."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from domain.company_runs.open_issues import OpenIssue
from domain.company_runs.state import CompanyState
from domain.issues.issue_type import Severity
from projections.runs import IssueDocument, SaidIssue, issue_document


class IssueFilter(NamedTuple):
    """Which open issues are asked for: `None` leaves a question open.

    They were first said from `since` on and before `until`.
    """

    company: str | None = None
    code: str | None = None
    severity: Severity | None = None
    since: datetime | None = None
    until: datetime | None = None


class OpenIssueDocument(IssueDocument, frozen=True):
    """One open issue. `run` said it last, at the moment `last`.

    `new` tells whether this run said it first.
    """

    company: str
    run: UUID | None
    last: datetime


def document(company: str, state: CompanyState, issue: OpenIssue) -> OpenIssueDocument:
    """Returns the document of an open issue of a company in this state."""
    run, last = issue.run, issue.last or issue.since
    full = state.last
    if issue.lasting and full and full.at and (run is None or full.at > last):
        run, last = full.run, full.at
    said = issue_document(SaidIssue(issue.issue, issue.since, last == issue.since))
    return OpenIssueDocument(**msgspec.structs.asdict(said), company=company, run=run, last=last)
