"""What a delivery is compared with: the deliveries that the company applied before (B1, D10)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec.structs import replace

from domain.company_runs.decisions import Delivered
from domain.company_runs.events import content_key, newest_of
from domain.company_runs.state import CompanyState
from domain.delivery.facts import Absentee, Comparison

WINDOW = timedelta(days=7)
"""For so long, the people whom a delivery changed count with those of later deliveries (B1)."""


def window_start(approved_at: datetime | None, now: datetime) -> datetime:
    """Returns the moment after which changes count: `WINDOW` ago, or the last approval (B1)."""
    start = now - WINDOW
    return start if approved_at is None else max(start, approved_at)


def comparison_of(
    state: CompanyState,
    delivered: Delivered,
    now: datetime,
    *,
    columns: tuple[str, ...] = (),
    concerned: Mapping[str, int] | None = None,
    recent: Mapping[str, frozenset[str]] | None = None,
    open_issues: frozenset[str] = frozenset(),
    absentees: tuple[Absentee, ...] = (),
) -> Comparison:
    """Returns what a delivery is compared with. The keywords are those of `Comparison`."""
    return Comparison(
        last=state.last,
        newest=newest_of(delivered.files),
        repeated=content_key(delivered.files) in state.earlier[:-1],
        recent=recent or {},
        since=window_start(state.approved_at, now),
        open_issues=open_issues,
        concerned=concerned or {},
        absentees=absentees,
        facts=replace(delivered.facts, columns=columns),
    )
