"""The health of every company, and whether somebody is needed (Q3)."""

from __future__ import annotations

from datetime import datetime

from adapters.use_cases.app import App
from domain.company_runs.feed import Feed, feed_at
from domain.duration import duration_of
from domain.schedule import OVERDUE_AFTER, Schedule
from projections.answers.status import Glance, StatusDocument, status


def statuses(app: App, company: str | None = None) -> list[StatusDocument]:
    """Returns the health of each configured company, in the order of keys, or of one company.

    A company that has left the configuration is only told of if it is asked for.
    """
    now, settings = app.now(), app.settings
    glances = app.store.status.glances(settings.schedules(), now, now - OVERDUE_AFTER)
    keys = sorted({*settings.customers, *settings.broken}) if company is None else [company]
    return [_status(app, key, glances.get(key, Glance()), now) for key in keys]


def _status(app: App, company: str, glance: Glance, now: datetime) -> StatusDocument:
    customer, schedule = app.settings.customers.get(company), app.settings.schedule
    feed = glance.feed or Feed()
    is_fetched = customer is not None and customer.source is not None
    if customer is not None:
        feed = feed_at(feed, duration_of(customer.company.policy.stale_after), now)
    return status(
        company,
        glance,
        feed,
        next_slot=schedule.next_slot(now) if is_fetched else None,
        overdue=glance.waits or (is_fetched and _missed(glance, feed, schedule, now)),
        broken=company in app.settings.broken,
    )


def _missed(glance: Glance, feed: Feed, schedule: Schedule, now: datetime) -> bool:
    """Returns whether the latest slot should have been served long ago (R3, R5).

    A delivery that was applied since then, for example by `tenure import`, is as good.
    """
    slot = schedule.due_slot(glance.after, now)
    if slot is None or now - slot <= OVERDUE_AFTER:
        return False
    return feed.applied is None or feed.applied < slot
