"""The questions about the health of all companies: one for each table (ADR 0039)."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime

import msgspec

from adapters.store.readable import read_or_none
from adapters.store.recorder import Query, Recorder
from adapters.store.roster_queries import companies_due
from domain.company_runs.feed import Feed
from domain.company_runs.state import HeldDelivery
from domain.schedule import Schedules
from projections import slots
from projections.answers.status import RECENT, Glance, Open

_STATES = "SELECT company, state FROM companies"
_SLOTS = "SELECT company, after FROM slots"
_OPEN = """
    SELECT company, severity, count(*), min(CASE WHEN starts >= ? THEN starts END),
        min(CASE WHEN leaves >= ? THEN leaves END)
    FROM open_issues GROUP BY company, severity
"""


class _Health(msgspec.Struct, frozen=True):
    """The part of a company's stored state that tells its health. The rest is not decoded."""

    held: HeldDelivery | None = None
    slot: datetime | None = None
    feed: Feed = Feed()


_load_health = msgspec.json.Decoder(_Health).decode


class StatusQueries:
    """Asks about the health of all companies, in one state of the database."""

    def __init__(self, database: Recorder) -> None:
        self._database = database

    def glances(self, schedules: Schedules, now: datetime, due: datetime) -> dict[str, Glance]:
        """Returns what is known of each company's health, by key.

        The clock should have done what was due at the earlier moment `due`.
        """
        with self._database.reading() as query:
            states = dict(query(_STATES))
            after = {company: slots.load(moment) for company, moment in query(_SLOTS)}
            found = _open_issues(query, now.date() - RECENT)
            waiting = companies_due(query, schedules, due)
        return {
            company: _glance(
                states.get(company),
                after.get(company),
                found.get(company, Open()),
                waits=company in waiting,
            )
            for company in {*states, *after}
        }


def _open_issues(query: Query, first_day: date) -> dict[str, Open]:
    """Returns the open issues of each company; days before `first_day` do not count."""
    counts: defaultdict[str, dict[str, int]] = defaultdict(dict)
    starts: defaultdict[str, list[date]] = defaultdict(list)
    leaves: defaultdict[str, list[date]] = defaultdict(list)
    earliest = first_day.isoformat()
    for company, severity, count, first, last in query(_OPEN, (earliest, earliest)):
        counts[company][severity] = count
        starts[company] += [date.fromisoformat(first)] if first else []
        leaves[company] += [date.fromisoformat(last)] if last else []
    return {
        company: Open(of, min(starts[company], default=None), min(leaves[company], default=None))
        for company, of in counts.items()
    }


def _glance(state: bytes | None, after: datetime | None, found: Open, *, waits: bool) -> Glance:
    health = _Health() if state is None else read_or_none(_load_health, state)
    if health is None:
        return Glance(feed=None, after=after, open=found, waits=waits)
    if after is not None:
        after = max(after, health.slot or after)
    held = health.held.run if health.held else None
    return Glance(health.feed, held, after, found, waits)
