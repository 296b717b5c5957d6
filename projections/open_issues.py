"""The open issues of each company: what its deliveries say again, until it is mended (Q1).

Issues stand with the runs that said them. An open issue is made from these, so a rebuild makes the
open issues again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from domain.company_runs.open_issues import OpenIssue, OpenIssueChanges
from projections.runs import dump_issue, load_issue
from projections.tables import Operation, Table, Write


class OpenIssueRow(NamedTuple):
    """The row of an open issue.

    `key` makes the issue one, whichever run says it. A run said it first at the moment `since`.
    `lasting` is 1 if the last applied delivery said it, and says it again as long as its bytes stay
    the same (L10). `run` said it at the moment `last`. Both are empty if the last full delivery
    said it: the company's state tells both, so that nothing is written when it is said again.
    `issue` is the issue as it was said last. `starts` and `leaves` are the first day and the last
    day that a rejected row has. Moments and days are in ISO 8601.
    """

    company: str
    key: str
    severity: str
    code: str
    lasting: int
    since: str
    run: str | None
    last: str | None
    issue: bytes
    starts: str | None
    leaves: str | None


TABLE = Table("open_issues", OpenIssueRow, key=("company", "key"))


def row(company: str, issue: OpenIssue) -> OpenIssueRow:
    """Returns the row of an open issue of a company."""
    said = issue.issue
    return OpenIssueRow(
        company,
        issue.key,
        said.severity.value,
        said.code,
        int(issue.lasting),
        issue.since.isoformat(),
        issue.run.hex if issue.run else None,
        issue.last.isoformat() if issue.last else None,
        dump_issue(said),
        _day(said.starts),
        _day(said.leaves),
    )


def load(row: OpenIssueRow) -> OpenIssue:
    """Returns the open issue in a row."""
    return OpenIssue(
        row.key,
        load_issue(row.issue),
        bool(row.lasting),
        datetime.fromisoformat(row.since),
        UUID(row.run) if row.run else None,
        datetime.fromisoformat(row.last) if row.last else None,
    )


def writes(company: str, changes: OpenIssueChanges) -> Iterator[Write]:
    """Yields the writes of what a run changes about the open issues of a company."""
    closed = ((company, key) for key in changes.closed)
    yield Write(Operation.DELETE, TABLE, closed, TABLE.key)
    said = (*changes.opened, *changes.changed)
    yield Write(Operation.UPSERT, TABLE, (row(company, each) for each in said))


def _day(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None
