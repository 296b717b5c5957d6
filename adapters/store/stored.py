"""Values that are read from rows of the database."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from adapters.store.query import Query
from domain.company_runs.events import RunRecord
from domain.issues.issue import Issue
from domain.outcome import Outcome
from domain.privacy import Redacted
from projections import runs


class EnrolledCompany(Redacted, frozen=True):
    """A company that takes part in the schedule (R5).

    `after` is the last slot that was served, or the moment of enrolment if that is later. Slots
    after it count. `last_run_failed` tells whether the company's latest run failed.
    """

    after: datetime
    last_run_failed: bool


def enrolled_company(after: str, state: bytes | None, event: bytes | None) -> EnrolledCompany:
    """Returns the company whose enrolment, state and last run are stored so."""
    moment = datetime.fromisoformat(after)
    try:
        served = runs.load_state(state).slot if state is not None else None
        outcome = runs.load_run(event).outcome if event is not None else None
        return EnrolledCompany(max(moment, served or moment), outcome is Outcome.FAILED)
    except (msgspec.MsgspecError, UnicodeDecodeError, TypeError):
        # Here an error would stop all other companies (R6). The company's own run will report it.
        return EnrolledCompany(moment, last_run_failed=True)


def issues_of(query: Query, run: UUID) -> list[Issue]:
    """Returns the issues that are stored with a run."""
    return [runs.load_issue(issue) for (issue,) in query(runs.ISSUES_OF, (run.hex,))]


def run_record(row: tuple[Any, ...]) -> RunRecord:
    """Returns the record of a run from its id, its event, and the id of the run that ended it."""
    run, event, ended_by = row
    return RunRecord(UUID(run), runs.load_run(event), UUID(ended_by) if ended_by else None)
