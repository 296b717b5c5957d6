"""What a run brings that is news, and not merely still so (Q2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum

import msgspec

from domain.company_runs.events import RunEnded, RunKind, RunRecord
from domain.company_runs.feed import FeedState
from domain.company_runs.state import CompanyState, evolve
from domain.issues.issue import Issue
from domain.outcome import Outcome


class Reason(StrEnum):
    """The reasons to tell somebody of a run, beside its outcome."""

    ERROR = "error"
    """An issue of severity error opens."""
    FEED = "feed"
    """The company's feed turns bad, or is well again."""
    REJECTED = "rejected"
    """Rows are rejected for a reason for which they were not rejected before."""


class News(msgspec.Struct, frozen=True):
    """The reasons to tell somebody of a run: outcomes, or a `Reason`.

    `feed` is the state of the company's feed after the run, and `was` the state before it.
    """

    reasons: tuple[str, ...]
    feed: FeedState
    was: FeedState


_STAYS_SO = {
    Outcome.FAILED: FeedState.FAILING,
    Outcome.REFUSED: FeedState.REFUSED,
    Outcome.NO_FILE: FeedState.SILENT,
}
"""Outcomes that are no news while the feed is in such a state."""


def news_of(before: CompanyState, runs: Iterable[RunRecord], opened: Iterable[Issue]) -> News:
    """Returns what the last of `runs` brings, after the company was as `before`.

    `opened` are the issues that this run opens.
    """
    after = before
    *_, last = runs = tuple(runs)
    for record in runs:
        after = evolve(after, record.run, record.ended)
    errors = any(issue.rejects for issue in opened)
    was, feed = before.feed.state, after.feed.state
    return News(tuple(_reasons(last.ended, was, feed, errors=errors)), feed, was)


def _reasons(ended: RunEnded, was: FeedState, feed: FeedState, *, errors: bool) -> Iterator[str]:
    imports = ended.run_kind is RunKind.IMPORT
    if not imports or was is not _STAYS_SO.get(ended.outcome):
        yield ended.outcome.value
    if errors:
        yield Reason.ERROR.value
    # The errors of a map are no open issues: each map is told.
    if ended.counts.rejected and (errors or ended.is_about_map):
        yield Reason.REJECTED.value
    if was.is_bad != feed.is_bad:
        yield Reason.FEED.value
