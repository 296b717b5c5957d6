"""Every removal of access in a period, in one company or in all."""

from __future__ import annotations

from adapters.use_cases.app import App
from projections.answers.removals import (
    Period,
    Removal,
    RemovalDocument,
    removal_document,
    removals_of,
)


def removals(app: App, period: Period, company: str | None = None) -> list[RemovalDocument]:
    """Returns the removals of access in a period, by the day on which they were due."""
    now, schedules, runs = app.now(), app.settings.schedules(), app.store.runs
    found: list[Removal] = [
        removal
        for key, events in app.store.removals.streams(schedules, now, company)
        for removal in removals_of(key, events, schedules.of(key), period, now)
    ]
    needed = {run for removal in found for run in removal.runs}
    records = {run: record.ended for run in needed if (record := runs.find(run)) is not None}
    found.sort(key=lambda each: (each.due_at, each.company, each.employee.id))
    return [removal_document(removal, records, now) for removal in found]
