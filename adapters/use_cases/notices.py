"""The notices that a run writes: what they are about still has to be told (ADR 0030)."""

from __future__ import annotations

from adapters.store.commit import Commit
from adapters.use_cases.app import App
from domain.company_runs.events import RunEnded, RunKind
from domain.company_runs.news import news_of
from domain.outcome import Outcome
from projections.notices import NoticeRow, run_row

_MAX_RUNS = 20
"""Runs among which the clock's previous run is looked for."""


def notices_of(app: App, commit: Commit) -> tuple[NoticeRow, ...]:
    """Returns a notice for each channel, if this process notifies and the run brings news (Q2).

    The clock tries again all the time, so only its first failure in a company is told.
    """
    notify, record = app.settings.notify, commit.ended
    if not app.notifies or notify is None:
        return ()
    opened = (each.issue for each in commit.changed_issues.opened)
    news = news_of(commit.state, commit.runs, opened)
    if notify.on.isdisjoint(news.reasons) or _is_repeated(app, record.ended):
        return ()
    company, moment = record.ended.company, record.ended.finished
    return tuple(run_row(company, record.run, via, moment, news) for via in notify.channels())


def _is_repeated(app: App, ended: RunEnded) -> bool:
    """Returns whether the clock failed in this company, and its previous run failed too."""
    if ended.run_kind is not RunKind.CLOCK or ended.outcome is not Outcome.FAILED:
        return False
    latest = (each.ended for each in app.store.runs.latest(ended.company, _MAX_RUNS))
    before = next((each for each in latest if each.run_kind is RunKind.CLOCK), None)
    return before is not None and before.outcome is Outcome.FAILED
