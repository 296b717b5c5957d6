"""The feed of a company: whether its files arrive, and whether they are applied (Q3)."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from domain.company_runs.events import RunEnded, RunKind
from domain.outcome import Outcome


class FeedState(StrEnum):
    """The states of a feed (Q3)."""

    NEVER = "never"
    """No delivery was looked for so far."""
    FRESH = "fresh"
    HELD = "held"
    FAILING = "failing"
    REFUSED = "refused"
    SILENT = "silent"
    """There was no file."""
    STALE = "stale"
    """The newest file is older than the company allows."""

    @property
    def is_bad(self) -> bool:
        """Returns whether somebody has to look at the feed."""
        return self not in (FeedState.NEVER, FeedState.FRESH)


class Feed(msgspec.Struct, frozen=True):
    """The health of a feed after the last run.

    `since` is the moment at which the present state began. `file` is the newest file of the last
    delivery that had files, and `modified` is its modification time. `applied` is the moment of the
    last delivery that was applied, or that changed nothing.
    """

    state: FeedState = FeedState.NEVER
    since: datetime | None = None
    file: str | None = None
    modified: datetime | None = None
    applied: datetime | None = None
    rows: int = 0
    absent: int = 0


def feed_at(feed: Feed, stale_after: timedelta | None, now: datetime) -> Feed:
    """Returns the feed as it is at `now`: a fresh feed becomes stale as time passes (Q3).

    `stale_after` is the company's setting; with `None`, no feed becomes stale.
    """
    if feed.state is not FeedState.FRESH or feed.modified is None or stale_after is None:
        return feed
    if not is_stale(feed.modified, stale_after, now):
        return feed
    begins = feed.modified + stale_after
    return _in_state(feed, FeedState.STALE, max(begins, feed.since or begins))


def is_stale(newest: datetime, stale_after: timedelta | None, now: datetime) -> bool:
    """Returns whether the newest file of a delivery is older than the company allows (Q3)."""
    return stale_after is not None and now - newest > stale_after


_STATE_AFTER = {
    Outcome.APPLIED: FeedState.FRESH,
    Outcome.UNCHANGED: FeedState.FRESH,
    Outcome.NO_FILE: FeedState.SILENT,
    Outcome.HELD: FeedState.HELD,
    Outcome.REFUSED: FeedState.REFUSED,
    Outcome.FAILED: FeedState.FAILING,
}


def next_feed(feed: Feed, ended: RunEnded) -> Feed:
    """Returns the feed after one more run. Only imports and decisions about them change it.

    An approval that fails, or that is not about a delivery, says nothing about the files.
    """
    if ended.outcome is Outcome.DISCARDED:
        if feed.state is not FeedState.HELD:
            return feed
        state = FeedState.FRESH if feed.applied is not None else FeedState.NEVER
        return _in_state(feed, state, ended.finished)
    if ended.run_kind not in (RunKind.IMPORT, RunKind.APPROVE) or ended.is_about_map:
        return feed
    fails = ended.outcome is Outcome.FAILED
    if ended.run_kind is RunKind.APPROVE and (fails or not ended.files):
        return feed
    state = _STATE_AFTER[ended.outcome]
    if state is FeedState.FRESH:
        stale = ended.facts is not None and ended.facts.stale
        feed = replace(
            feed, applied=ended.finished, rows=ended.counts.rows, absent=ended.counts.absent
        )
        state = FeedState.STALE if stale else state
    if ended.files:
        newest = max(ended.files, key=lambda file: file.modified)
        feed = replace(feed, file=newest.name, modified=newest.modified)
    return _in_state(feed, state, ended.finished)


def _in_state(feed: Feed, state: FeedState, moment: datetime) -> Feed:
    return feed if state is feed.state else replace(feed, state=state, since=moment)
