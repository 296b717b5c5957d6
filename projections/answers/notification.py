"""What notifications tell: of a run, or of all companies that need somebody (Q2).

A notification has codes and counts, and no personal data: no address, no value, and no message.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from domain.company_runs.events import RunKind
from domain.company_runs.feed import FeedState
from domain.company_runs.news import News
from domain.issues.issue_type import Severity
from domain.outcome import Counts, Outcome
from projections.answers.status import Need, StatusDocument
from projections.runs import RunDocument


class IssueCount(msgspec.Struct, frozen=True):
    """The number of a run's issues of one code. `new` is the number of those that it opened."""

    severity: Severity
    code: str
    count: int
    new: int


class RunNotification(msgspec.Struct, frozen=True):
    """The notification of a run.

    `feed` is the state of the company's feed after the run, and `was` the state before it. Both are
    `None` if an earlier release stored the run.
    """

    notification: Literal["run"]
    reasons: tuple[str, ...]
    company: str
    run: UUID
    kind: RunKind
    outcome: Outcome
    slot: datetime | None
    started: datetime
    finished: datetime
    counts: Counts
    issues: tuple[IssueCount, ...]
    feed: FeedState | None
    was: FeedState | None


def run_notification(run: RunDocument, news: News | None) -> RunNotification:
    """Returns the notification of a stored run."""
    assert run.run is not None  # noqa: S101 - a preview is not notified
    return RunNotification(
        notification="run",
        reasons=news.reasons if news else (),
        company=run.company,
        run=run.run,
        kind=run.kind,
        outcome=run.outcome,
        slot=run.slot,
        started=run.started,
        finished=run.finished,
        counts=run.counts,
        issues=_counted(run),
        feed=news.feed if news else None,
        was=news.was if news else None,
    )


def _counted(run: RunDocument) -> tuple[IssueCount, ...]:
    counts = Counter((issue.severity, issue.code) for issue in run.issues)
    new = Counter((issue.severity, issue.code) for issue in run.issues if issue.new)
    return tuple(IssueCount(*key, count, new[key]) for key, count in counts.items())


class CompanyInDigest(msgspec.Struct, frozen=True):
    """A company that needs somebody. `errors` has the number of its open errors by code."""

    company: str
    needs: tuple[Need, ...]
    feed: FeedState
    since: datetime | None
    last_modified: datetime | None
    held: UUID | None
    errors: Mapping[str, int]


class Digest(msgspec.Struct, frozen=True):
    """The daily notification of all companies that need somebody at a moment."""

    notification: Literal["digest"]
    moment: datetime
    companies: tuple[CompanyInDigest, ...]


def digest(
    moment: datetime,
    statuses: Iterable[StatusDocument],
    errors: Mapping[str, Mapping[str, int]],
) -> Digest | None:
    """Returns the digest, or `None` if nobody is needed."""
    companies = tuple(
        CompanyInDigest(
            company=each.company,
            needs=each.needs,
            feed=each.feed,
            since=each.since,
            last_modified=each.last_modified,
            held=each.held,
            errors=errors.get(each.company, {}),
        )
        for each in statuses
        if each.needs
    )
    return Digest("digest", moment, companies) if companies else None
