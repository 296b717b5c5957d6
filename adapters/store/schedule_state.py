"""The memory of the schedule: which companies take part in it, and since when (R5)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from adapters.store.readable import UNREADABLE
from adapters.store.recorder import Recorder
from domain.outcome import Outcome
from domain.privacy import Redacted
from projections import runs, slots
from projections.tables import Operation, Write

_ENROLLED = """
    SELECT s.company, s.after, c.state, r.event FROM slots s
    LEFT JOIN companies c ON c.company = s.company
    LEFT JOIN runs r ON r.company = c.company AND r.version = c.version
    ORDER BY s.company
"""
"""Each company with its state and its latest run. Both are `NULL` if it has no run."""


class EnrolledCompany(Redacted, frozen=True):
    """A company that takes part in the schedule (R5).

    `after` is the last slot that was served, or the moment of enrolment if that is later. Slots
    after it count. `last_run_failed` tells whether the company's latest run failed.
    """

    after: datetime
    last_run_failed: bool


class ScheduleState:
    """Reads and writes who takes part in the schedule."""

    def __init__(self, database: Recorder) -> None:
        self._database = database

    def enrolled_companies(self) -> dict[str, EnrolledCompany]:
        """Returns the companies that take part in the schedule (R5), by key."""
        with self._database.reading() as query:
            rows = query(_ENROLLED)
        return {
            company: _enrolled(moment, state, event)
            for company, after, state, event in rows
            if isinstance(company, str) and (moment := slots.load(after)) is not None
        }

    def enrol(self, companies: Iterable[str], after: datetime) -> None:
        """Enrols companies in the schedule: slots later than `after` count, earlier ones do not."""
        rows = [slots.row(company, after) for company in companies]
        self._database.insert_events((), writes=[Write(Operation.UPSERT, slots.TABLE, rows)])


def _enrolled(moment: datetime, state: bytes | None, event: bytes | None) -> EnrolledCompany:
    try:
        served = runs.load_state(state).slot if state is not None else None
        outcome = runs.load_run(event).outcome if event is not None else None
        return EnrolledCompany(max(moment, served or moment), outcome is Outcome.FAILED)
    except UNREADABLE:
        # Here an error would stop all other companies (R6). The company's own run will report it.
        return EnrolledCompany(moment, last_run_failed=True)
