"""The health of a feed: what each run makes of it, and what time makes of it (Q3)."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import pytest
from msgspec.structs import replace

from domain.company import Policy
from domain.company_runs.events import FileInfo, RunEnded, RunKind, map_key
from domain.company_runs.feed import Feed, FeedState, feed_at, next_feed
from domain.delivery.facts import DeliveryFacts
from domain.duration import duration_of
from domain.outcome import Counts, Outcome
from tests.given import NOW

DAY, WEEK, INSTANT = timedelta(days=1), timedelta(days=7), timedelta(microseconds=1)


def a_run(
    outcome: Outcome,
    kind: RunKind = RunKind.IMPORT,
    *,
    at: datetime = NOW,
    modified: datetime | None = NOW - DAY,
    stale: bool = False,
    map_of_ids: bool = False,
) -> RunEnded:
    """Returns the record of a run of Acme, with one file if `modified` is given."""
    return RunEnded(
        company="acme",
        run_kind=kind,
        outcome=outcome,
        started=at,
        finished=at,
        by="tester",
        files=(FileInfo("a.csv", 1, modified, "00"),) if modified else (),
        counts=Counts(rows=40, absent=2),
        delivery=map_key("d") if map_of_ids else "d",
        facts=DeliveryFacts(stale=stale),
    )


def feed_after(*runs: RunEnded) -> Feed:
    """Returns the feed of a new company after these runs."""
    feed = Feed()
    for run in runs:
        feed = next_feed(feed, run)
    return feed


@pytest.mark.parametrize(
    ("run", "state"),
    [
        (a_run(Outcome.APPLIED), FeedState.FRESH),
        (a_run(Outcome.UNCHANGED), FeedState.FRESH),
        (a_run(Outcome.APPLIED, stale=True), FeedState.STALE),
        (a_run(Outcome.UNCHANGED, stale=True), FeedState.STALE),
        (a_run(Outcome.HELD), FeedState.HELD),
        (a_run(Outcome.HELD, stale=True), FeedState.HELD),
        (a_run(Outcome.NO_FILE, modified=None), FeedState.SILENT),
        (a_run(Outcome.REFUSED), FeedState.REFUSED),
        (a_run(Outcome.FAILED, modified=None), FeedState.FAILING),
        (a_run(Outcome.APPLIED, RunKind.APPROVE), FeedState.FRESH),
        (a_run(Outcome.HELD, RunKind.APPROVE), FeedState.HELD),
    ],
)
def test_a_run_about_a_delivery_decides_the_state(run: RunEnded, state: FeedState) -> None:
    """Q3: The state of a feed follows from the outcome of the last run about a delivery, and from
    whether the newest file of the delivery was stale."""
    # when
    feed = feed_after(run)

    # then
    assert (feed.state, feed.since) == (state, NOW)


@pytest.mark.parametrize(
    "run",
    [
        a_run(Outcome.APPLIED, RunKind.CLOCK, modified=None),
        a_run(Outcome.HELD, RunKind.CLOCK, modified=None),
        a_run(Outcome.APPLIED, RunKind.SUPPORT, modified=None),
        a_run(Outcome.APPLIED, RunKind.REKEY, map_of_ids=True),
        a_run(Outcome.APPLIED, RunKind.APPROVE, map_of_ids=True),
        a_run(Outcome.APPLIED, RunKind.APPROVE, modified=None),
        a_run(Outcome.FAILED, RunKind.APPROVE),
        a_run(Outcome.DISCARDED, RunKind.DISCARD, modified=None),
    ],
)
def test_another_run_says_nothing_about_the_feed(run: RunEnded) -> None:
    """Q3, S12: A run of the clock or of support, a map of external ids, an approval that fails or
    is not about a delivery, and the discard of something else leave the feed as it is."""
    # given
    silent = feed_after(a_run(Outcome.APPLIED), a_run(Outcome.NO_FILE, modified=None))

    # when / then
    assert next_feed(silent, run) == silent


@pytest.mark.parametrize(
    ("before", "state"),
    [([], FeedState.NEVER), ([a_run(Outcome.APPLIED)], FeedState.FRESH)],
)
def test_after_a_discard_the_feed_is_as_before(before: list[RunEnded], state: FeedState) -> None:
    """Q3, B2: After a held delivery is discarded, the feed is fresh if any delivery was applied."""
    # given
    discard = a_run(Outcome.DISCARDED, RunKind.DISCARD, modified=None)

    # when / then
    assert feed_after(*before, a_run(Outcome.HELD), discard).state is state


def test_a_feed_tells_since_when_it_is_in_its_state() -> None:
    """Q3: A state has begun at the first of the runs that left the feed in it, one after the other,
    and the last file and the last applied delivery are known all the time."""
    # given
    first = a_run(Outcome.APPLIED)
    silent = [a_run(Outcome.NO_FILE, at=NOW + n * DAY, modified=None) for n in (1, 2, 3)]

    # when
    feed = feed_after(first, *silent)

    # then
    assert feed == Feed(FeedState.SILENT, NOW + DAY, "a.csv", NOW - DAY, NOW, 40, 2)


@pytest.mark.parametrize(
    ("stale_after", "age", "state"),
    [
        ("7d", WEEK, FeedState.FRESH),
        ("7d", WEEK + INSTANT, FeedState.STALE),
        ("36h", 1.5 * DAY + INSTANT, FeedState.STALE),
        ("36h", 1.5 * DAY, FeedState.FRESH),
        ("0", 400 * DAY, FeedState.FRESH),
    ],
)
def test_a_fresh_feed_becomes_stale_as_time_passes(
    stale_after: str, age: timedelta, state: FeedState
) -> None:
    """Q3: A fresh feed is stale from the moment at which its newest file is older than
    `stale_after`, and "0" switches this off."""
    # given
    feed = feed_after(a_run(Outcome.APPLIED, modified=NOW))
    limit = duration_of(stale_after)

    # when
    later = feed_at(feed, limit, NOW + age)

    # then
    since = NOW + limit if limit and state is FeedState.STALE else NOW
    assert later == replace(feed, state=state, since=since)


@pytest.mark.parametrize("outcome", [Outcome.HELD, Outcome.REFUSED, Outcome.FAILED])
def test_only_a_fresh_feed_becomes_stale(outcome: Outcome) -> None:
    """Q3: A feed in another state than fresh stays in it as time passes."""
    # given
    feed = feed_after(a_run(outcome))

    # when / then
    assert feed_at(feed, WEEK, NOW + 400 * DAY) == feed


@pytest.mark.parametrize("text", ["", "7", "d", "0d", "-1d", "1.5d", "7 d", "7D", "10000d", "1w"])
def test_a_length_of_time_is_days_or_hours(text: str) -> None:
    """Q3: `stale_after` is a number of days or hours, or "0"."""
    # when / then
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"stale_after": text}, Policy)
