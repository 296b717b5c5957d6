"""What needs somebody: the health of feeds, what is held, and what is open (Q1, Q3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

import msgspec

from domain.company_runs.feed import Feed, FeedState

SOON = timedelta(days=14)
"""A first or a last day that comes within this time is soon."""
RECENT = timedelta(days=31)
"""A first or a last day that passed within this time is not forgotten yet."""


class Need(StrEnum):
    """What somebody has to look at."""

    OVERDUE = "overdue"
    """The schedule has not done what was due."""
    HELD = "held"
    SETTINGS = "settings"
    """The settings of the company are wrong (R6)."""
    DAMAGED = "damaged"
    """The stored state of the company cannot be read."""
    FEED = "feed"
    ISSUES = "issues"


class Open(NamedTuple):
    """The open issues of a company: how many have each severity.

    `starts` and `leaves` are the soonest first day and last day that a rejected row has.
    """

    counts: Mapping[str, int] = {}
    starts: date | None = None
    leaves: date | None = None


class Glance(NamedTuple):
    """What the store knows of a company's health at one moment.

    `feed` is `None` if the stored state cannot be read. `held` is the run that waits for a
    decision. `waits` tells whether the clock has not done what was due.
    """

    feed: Feed | None = Feed()
    held: UUID | None = None
    after: datetime | None = None
    """The slots after this moment count (R5); `None` if the company takes no part."""
    open: Open = Open()
    waits: bool = False


class StatusDocument(msgspec.Struct, frozen=True):
    """The health of one company, as `status` answers. `held` is the run that holds a delivery."""

    company: str
    feed: FeedState
    since: datetime | None
    needs: tuple[Need, ...]
    last_file: str | None
    last_modified: datetime | None
    last_applied: datetime | None
    rows: int
    absent: int
    held: UUID | None
    open: dict[str, int]
    starts: date | None
    leaves: date | None
    next_slot: datetime | None
    overdue: bool

    @property
    def soonest(self) -> date | None:
        """Returns the soonest first or last day of a rejected row."""
        return min((day for day in (self.starts, self.leaves) if day is not None), default=None)


def status(
    company: str,
    glance: Glance,
    feed: Feed,
    *,
    next_slot: datetime | None,
    overdue: bool,
    broken: bool,
) -> StatusDocument:
    """Returns the health of a company whose feed is `feed` now."""
    needs = {
        Need.OVERDUE: overdue,
        Need.HELD: glance.held is not None,
        Need.SETTINGS: broken,
        Need.DAMAGED: glance.feed is None,
        Need.FEED: feed.state.is_bad and feed.state is not FeedState.HELD,
        Need.ISSUES: glance.open.counts.get("error", 0) > 0,
    }
    return StatusDocument(
        company=company,
        feed=feed.state,
        since=feed.since,
        needs=tuple(need for need, is_needed in needs.items() if is_needed),
        last_file=feed.file,
        last_modified=feed.modified,
        last_applied=feed.applied,
        rows=feed.rows,
        absent=feed.absent,
        held=glance.held,
        open={severity: glance.open.counts.get(severity, 0) for severity in ("error", "warning")},
        starts=glance.open.starts,
        leaves=glance.open.leaves,
        next_slot=next_slot,
        overdue=overdue,
    )


def without_file_for(
    statuses: Iterable[StatusDocument], age: timedelta, now: datetime
) -> list[StatusDocument]:
    """Returns the companies whose newest file is older than `age`, or that have had no file.

    Those without a file come first, and then those with the oldest file.
    """
    found = [
        each for each in statuses if each.last_modified is None or now - each.last_modified > age
    ]
    return sorted(found, key=lambda each: (each.last_modified is not None, each.last_modified))


class Group(NamedTuple):
    """Companies that need somebody for the same reason, those that it hurts soonest first."""

    name: str
    title: str
    companies: Sequence[StatusDocument]


class _Reason(NamedTuple):
    """A reason for which companies need somebody, and the order of these companies."""

    title: str
    applies: Callable[[StatusDocument, date], bool]
    order: Callable[[StatusDocument], tuple[object, ...]]


def _since(status: StatusDocument) -> tuple[object, ...]:
    return (status.since is not None, status.since)


def _of_feed(title: str, state: FeedState) -> _Reason:
    return _Reason(title, lambda status, _: status.feed is state, _since)


def _of_need(title: str, need: Need) -> _Reason:
    return _Reason(title, lambda status, _: need in status.needs, _since)


def is_soon(status: StatusDocument, today: date) -> bool:
    """Returns whether a rejected row has a first or a last day that is soon, or was lately."""
    return status.soonest is not None and status.soonest <= today + SOON


_REASONS = {
    "overdue": _of_need("Overdue, the schedule does not do its work", Need.OVERDUE),
    "soon": _Reason(
        "Rejected, and the person starts or leaves soon", is_soon, lambda each: (each.soonest,)
    ),
    "held": _of_need("Held, a delivery waits for a decision", Need.HELD),
    "settings": _of_need("Wrong settings", Need.SETTINGS),
    "damaged": _of_need("Damaged, the stored state cannot be read", Need.DAMAGED),
    "failing": _of_feed("Failing, no delivery could be fetched", FeedState.FAILING),
    "refused": _of_feed("Refused, the file cannot be used", FeedState.REFUSED),
    "silent": _of_feed("Silent, there is no file", FeedState.SILENT),
    "stale": _of_feed("Stale, the newest file is old", FeedState.STALE),
    "errors": _Reason(
        "Open errors, most of them rejected rows",
        lambda status, _: Need.ISSUES in status.needs,
        lambda status: (-status.open["error"],),
    ),
}
"""The reasons by name: the first one hurts soonest."""
REASONS = tuple(_REASONS)


def groups(statuses: Iterable[StatusDocument], today: date) -> list[Group]:
    """Returns the companies that need somebody, by reason. What hurts soonest comes first."""
    statuses = list(statuses)
    found = []
    for name, reason in _REASONS.items():
        companies = [each for each in statuses if reason.applies(each, today)]
        if companies:
            companies.sort(key=lambda each: (*reason.order(each), each.company))
            found.append(Group(name, reason.title, companies))
    return found
