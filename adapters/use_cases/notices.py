"""Which notices a run writes: for whom it is stored that somebody has to be told (ADR 0030)."""

from __future__ import annotations

from adapters.use_cases.app import App
from domain.company_runs.events import RunKind, RunRecord
from domain.outcome import Outcome
from projections.notices import NoticeRow, run_row

_MAX_RUNS = 20
"""Runs among which the clock's previous run is looked for."""


def notices_of(app: App, record: RunRecord) -> tuple[NoticeRow, ...]:
    """Returns a notice for each channel, if this process notifies and the settings name the run.

    The clock tries again all the time, so only its first failure in a company is told.
    """
    notify, ended = app.settings.notify, record.ended
    if not app.notifies or notify is None or not notify.wants(ended) or _is_repeated(app, record):
        return ()
    return tuple(
        run_row(ended.company, record.run, via, ended.finished) for via in notify.channels()
    )


def _is_repeated(app: App, record: RunRecord) -> bool:
    """Returns whether the clock failed in this company, and its previous run failed too."""
    ended = record.ended
    if ended.run_kind is not RunKind.CLOCK or ended.outcome is not Outcome.FAILED:
        return False
    latest = (each.ended for each in app.store.runs.latest(ended.company, _MAX_RUNS))
    before = next((each for each in latest if each.run_kind is RunKind.CLOCK), None)
    return before is not None and before.outcome is Outcome.FAILED
