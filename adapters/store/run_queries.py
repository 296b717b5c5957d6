"""The questions about runs, and about the state in which the last run left a company."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from msgspec.structs import replace

from adapters.store.files import StoredFile
from adapters.store.recorder import Query, Recorder
from domain.company_runs.events import RunEnded, RunKind, RunRecord
from domain.company_runs.state import CompanyState
from domain.employee.events import EmployeeRecord
from domain.ids import run_id
from domain.issues.issue import Issue
from domain.outcome import Outcome
from projections import runs, slots

_RUNS = "SELECT r.run, r.event, e.run FROM runs r LEFT JOIN runs e ON e.ends = r.run"
"""The id of each run, its event, and the id of the run that ended it."""
_RUN = f"{_RUNS} WHERE r.run = ?"
_FROM_TO = f"{_RUNS} WHERE r.run >= ? AND r.run <= ? ORDER BY r.run DESC LIMIT ?"
_LIKE = f"{_RUNS} WHERE r.run LIKE ? ORDER BY r.run DESC LIMIT ?"
_LATEST = f"{_RUNS} ORDER BY r.run DESC LIMIT ?"
_LATEST_OF_COMPANY = f"{_RUNS} WHERE r.company = ? ORDER BY r.version DESC LIMIT ?"
_BETWEEN = f"{_RUNS} WHERE r.run >= ? AND r.run < ? ORDER BY r.run DESC"
_BETWEEN_OF_COMPANY = (
    f"{_RUNS} WHERE r.company = ? AND r.run >= ? AND r.run < ? ORDER BY r.version DESC"
)
_EVERY = f"{_RUNS} WHERE r.company = ? ORDER BY r.version"
_WAITING = f"{_RUNS} JOIN companies c ON c.held = r.run ORDER BY r.run"
_WAITING_OF_COMPANY = (
    f"{_RUNS} JOIN companies c ON c.held = r.run WHERE c.company = ? ORDER BY r.run"
)
ISSUES = "SELECT issue, since FROM issues WHERE run = ? ORDER BY number"
_HELD_FILES = "SELECT file, content FROM held WHERE run = ? ORDER BY number"
_STATE = "SELECT state FROM companies WHERE company = ?"


class _Kind(msgspec.Struct, frozen=True):
    """The part of a run's event by which runs are filtered. The rest is not decoded."""

    outcome: Outcome
    run_kind: RunKind


_load_kind = msgspec.json.Decoder(_Kind).decode


class RunFilter(NamedTuple):
    """The runs that a caller wants: started from `since` on and before `until`, of these kinds."""

    outcomes: Collection[str] = ()
    kinds: Collection[str] = ()
    since: datetime | None = None
    until: datetime | None = None

    def wants(self, event: bytes) -> bool:
        """Returns whether a run has one of the outcomes and one of the kinds that are wanted."""
        kind = _load_kind(event)
        return (not self.outcomes or kind.outcome in self.outcomes) and (
            not self.kinds or kind.run_kind in self.kinds
        )

    def question(self, company: str | None) -> tuple[str, tuple[str, ...]]:
        """Returns the statement about the runs in this time, newest first, and its parameters.

        The id of a run begins with the moment at which the run started.
        """
        first = _FIRST if self.since is None else _id_at(self.since)
        before = _LAST if self.until is None else _id_at(self.until)
        if company is None:
            return _BETWEEN, (first, before)
        return _BETWEEN_OF_COMPANY, (company, first, before)


_FIRST, _LAST = "", "g"
"""Texts before and after each id."""


def _id_at(moment: datetime) -> str:
    """Returns the beginning of the ids of the runs that started at a moment."""
    return run_id(int(moment.timestamp() * 1000), 0).hex[:12]


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
        """Returns the runs whose id begins with `part` or ends with it, `limit` at most.

        The zeros at the end of every id do not count.
        """
        digits = part.replace("-", "").lower()
        if not digits or len(digits) > 32 or set(digits) - set("0123456789abcdef"):
            return []
        begun = self._records(_FROM_TO, digits.ljust(32, "0"), digits.ljust(32, "f"), limit)
        ended = self._records(_LIKE, f"%{digits}00000000", limit)
        return list({record.run: record for record in (*begun, *ended)}.values())[:limit]

    def latest(
        self, company: str | None, limit: int, wanted: RunFilter | None = None
    ) -> list[RunRecord]:
        """Returns the latest runs, of one company or of all, newest first.

        With `wanted`, only the runs that it wants count.
        """
        if wanted is not None:
            return self._wanted(company, limit, wanted)
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
        return [said.issue for said in self.said(record)]

    def said(self, record: RunRecord) -> list[runs.SaidIssue]:
        """Returns the issues of a run as the run said them, and those of the earlier run (D8)."""
        earlier = record.ended.issues_of
        with self._database.reading() as query:
            own = _said_by(query, record.run, record.ended)
            return own if earlier is None else _said_again(query, earlier) + own

    def held_files(self, run: UUID) -> list[StoredFile]:
        """Returns the files that a run holds. Empty after somebody decided about them (B2)."""
        with self._database.reading() as query:
            rows = query(_HELD_FILES, (run.hex,))
        return [StoredFile(runs.load_file(file), content) for file, content in rows]

    def _wanted(self, company: str | None, limit: int, wanted: RunFilter) -> list[RunRecord]:
        """Returns the latest runs that a filter wants. Of the other runs, little is decoded."""
        statement, parameters = wanted.question(company)
        with self._database.reading() as query, query.each(statement, parameters) as rows:
            fitting = (row for row in rows if wanted.wants(row[1]))
            return [_record(*row) for row in islice(fitting, limit)]

    def _records(self, statement: str, *parameters: Any) -> list[RunRecord]:
        with self._database.reading() as query:
            rows = query(statement, parameters)
        return [_record(*row) for row in rows]


def _record(run: str, event: bytes, ended_by: str | None) -> RunRecord:
    return RunRecord(UUID(run), runs.load_run(event), UUID(ended_by) if ended_by else None)


def state_of(query: Query, company: str) -> CompanyState:
    """Returns the state of a company after its last run."""
    rows = query(_STATE, (company,))
    return runs.load_state(rows[0][0]) if rows else CompanyState()


def _said_by(query: Query, run: UUID, ended: RunEnded) -> list[runs.SaidIssue]:
    rows = query(ISSUES, (run.hex,))
    since = [slots.load(moment) for _, moment in rows]
    return runs.said_issues(ended, [runs.load_issue(issue) for issue, _ in rows], since)


def _said_again(query: Query, earlier: UUID) -> list[runs.SaidIssue]:
    """Returns the lasting issues of an earlier run, none of which is new any more."""
    return [
        replace(said, new=False)
        for _, event, _ in query(_RUN, (earlier.hex,))
        for said in _said_by(query, earlier, runs.load_run(event))
        if said.issue.lasting
    ]
