"""The questions about runs, and about the state in which the last run left a company."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from adapters.store.files import StoredFile
from adapters.store.recorder import Query, Recorder
from domain.company_runs.events import RunEnded, RunRecord
from domain.company_runs.state import CompanyState
from domain.employee.events import EmployeeRecord
from domain.issues.issue import Issue
from projections import runs

_RUNS = "SELECT r.run, r.event, e.run FROM runs r LEFT JOIN runs e ON e.ends = r.run"
"""The id of each run, its event, and the id of the run that ended it."""
_RUN = f"{_RUNS} WHERE r.run = ?"
_FROM_TO = f"{_RUNS} WHERE r.run >= ? AND r.run <= ? ORDER BY r.run DESC LIMIT ?"
_LIKE = f"{_RUNS} WHERE r.run LIKE ? ORDER BY r.run DESC LIMIT ?"
_LATEST = f"{_RUNS} ORDER BY r.run DESC LIMIT ?"
_LATEST_OF_COMPANY = f"{_RUNS} WHERE r.company = ? ORDER BY r.version DESC LIMIT ?"
_EVERY = f"{_RUNS} WHERE r.company = ? ORDER BY r.version"
_WAITING = f"{_RUNS} JOIN companies c ON c.held = r.run ORDER BY r.run"
_WAITING_OF_COMPANY = (
    f"{_RUNS} JOIN companies c ON c.held = r.run WHERE c.company = ? ORDER BY r.run"
)
_ISSUES = "SELECT issue FROM issues WHERE run = ? ORDER BY number"
_HELD_FILES = "SELECT file, content FROM held WHERE run = ? ORDER BY number"
_STATE = "SELECT state FROM companies WHERE company = ?"


class RunQueries:
    """Asks about runs. Each method asks one state of the database."""

    def __init__(self, database: Recorder) -> None:
        self._database = database

    def company_state(self, company: str) -> CompanyState:
        """Returns the state of a company after its last run."""
        with self._database.reading() as query:
            return state_of(query, company)

    def find(self, run: UUID) -> RunRecord | None:
        """Returns the run with this id, or `None`."""
        return next(iter(self._records(_RUN, run.hex)), None)

    def like(self, part: str, limit: int) -> list[RunRecord]:
        """Returns the runs whose id begins with `part`, or else those whose id ends with it.

        The zeros at the end of every id do not count. Returns the newest runs, `limit` at most.
        """
        digits = part.replace("-", "").lower()
        if not digits or len(digits) > 32 or set(digits) - set("0123456789abcdef"):
            return []
        begun = self._records(_FROM_TO, digits.ljust(32, "0"), digits.ljust(32, "f"), limit)
        return begun or self._records(_LIKE, f"%{digits}00000000", limit)

    def latest(self, company: str | None, limit: int) -> list[RunRecord]:
        """Returns the latest runs, of one company or of all, newest first."""
        if company is None:
            return self._records(_LATEST, limit)
        return self._records(_LATEST_OF_COMPANY, company, limit)

    def waiting(self, company: str | None) -> list[RunRecord]:
        """Returns the held runs about which somebody has to decide (B2), oldest first."""
        if company is None:
            return self._records(_WAITING)
        return self._records(_WAITING_OF_COMPANY, company)

    def every(self, company: str) -> list[RunRecord]:
        """Returns all runs of a company, oldest first."""
        return self._records(_EVERY, company)

    def of_events(self, events: Iterable[EmployeeRecord]) -> Mapping[UUID, RunEnded]:
        """Returns the runs that stored these events, by id."""
        records = (self.find(run) for run in {recorded.run for recorded in events})
        return {record.run: record.ended for record in records if record is not None}

    def issues(self, record: RunRecord) -> list[Issue]:
        """Returns the issues of a run, and those of the earlier run that it refers to (D8)."""
        earlier = record.ended.issues_of
        with self._database.reading() as query:
            own = _issues_of(query, record.run)
            if earlier is None:
                return own
            return [issue for issue in _issues_of(query, earlier) if issue.lasting] + own

    def held_files(self, run: UUID) -> list[StoredFile]:
        """Returns the files that a run holds. Empty after somebody decided about them (B2)."""
        with self._database.reading() as query:
            rows = query(_HELD_FILES, (run.hex,))
        return [StoredFile(runs.load_file(file), content) for file, content in rows]

    def _records(self, statement: str, *parameters: Any) -> list[RunRecord]:
        with self._database.reading() as query:
            rows = query(statement, parameters)
        return [
            RunRecord(UUID(run), runs.load_run(event), UUID(ended_by) if ended_by else None)
            for run, event, ended_by in rows
        ]


def state_of(query: Query, company: str) -> CompanyState:
    """Returns the state of a company after its last run."""
    rows = query(_STATE, (company,))
    return runs.load_state(rows[0][0]) if rows else CompanyState()


def _issues_of(query: Query, run: UUID) -> list[Issue]:
    return [runs.load_issue(issue) for (issue,) in query(_ISSUES, (run.hex,))]
