"""Going through all that is stored, event by event.

The companies' streams come first, since these tell which run was of which company, and then once
everybody else's, in the order in which they are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

import msgspec

from adapters.store import events
from adapters.store.query import Query
from domain.company_runs.events import FileInfo, RunEnded
from domain.company_runs.state import CompanyState
from domain.employee.aggregate import Employee
from domain.events import RUN_KIND, AnyRecord
from domain.ids import company_stream_id, uuid_of
from domain.outcome import Outcome
from projections import runs
from projections.answers.integrity import (
    Inspected,
    Kept,
    Problem,
    fold_company,
    fold_employee,
    inspect,
    problem,
)

Read: TypeAlias = Callable[[str, int, str, bytes], AnyRecord | None]
"""What a stored event says, by stream, version, topic and bytes; `None` where it says nothing."""

Progress: TypeAlias = Callable[[int], None]
"""Told of so many more events that were gone through."""


class KnownRun(NamedTuple):
    """What is needed to know of a run while going through everybody's events."""

    company: str
    events: int


class Companies:
    """All companies as their streams tell."""

    def __init__(self, query: Query, read: Read) -> None:
        self.streams: dict[str, CompanyState] = {}
        self.runs: dict[UUID, KnownRun] = {}
        self.held: dict[UUID, tuple[FileInfo, ...]] = {}
        self.ids: set[UUID] = set()
        self.problems: list[Problem] = []
        self._damaged: set[UUID] = set()
        self._query = query
        self._read = read
        self.rejecting: set[UUID] = set()
        self.lost: set[str] = set()
        for found in self._inspected():
            stream, misplaced = fold_company(found)
            problems = [*found.problems, *misplaced]
            self.ids.add(found.stream)
            self.problems += problems
            if problems:
                self._damaged.add(found.stream)
            for recorded in found.events:
                if isinstance(recorded.event, RunEnded):
                    self._take(recorded.run, recorded.event, stream)
        self._miss_runs()

    def _miss_runs(self) -> None:
        """A run that is listed where its company's stream has none was lost: its row may be all
        there is of it."""
        for run, company, version, _, event in self._query(runs.RUN_ROWS):
            identity = uuid_of(run)
            if identity is None or identity in self.runs or not _tells_run(event, company):
                continue
            stream = self.streams.get(company, CompanyState())
            listed = isinstance(version, int) and version <= stream.version
            if listed and not self.is_damaged(company):
                continue
            self.lost.add(run)
            self._damaged.add(company_stream_id(company))
            self.problems.append(problem("run-event-missing", run=identity, company=company))

    def _take(self, run: UUID, ended: RunEnded, stream: CompanyState) -> None:
        held = ended.outcome is Outcome.HELD
        self.runs[run] = KnownRun(ended.company, 0 if held else ended.counts.events)
        self.streams[ended.company] = stream
        if held:
            self.held[run] = ended.files
        if ended.counts.rejected and ended.issues_of is None:
            self.rejecting.add(run)

    def is_damaged(self, company: str) -> bool:
        """Whether the stream of a company cannot be relied on."""
        return bool(self._damaged) and company_stream_id(company) in self._damaged

    def rows(self) -> Iterator[runs.RunRow]:
        """The rows that list the runs of sound streams."""
        for found in self._inspected():
            for recorded in found.events:
                ended = recorded.event
                if isinstance(ended, RunEnded) and not self.is_damaged(ended.company):
                    yield runs.run_row(recorded.run, recorded.originator_version, ended)

    def _inspected(self) -> Iterator[Inspected]:
        """Every company's stream; read again where it is needed again, for there are many runs."""
        return _streams(self._query, events.OF_TOPIC, (RUN_KIND,), self._read)


class Person(NamedTuple):
    """An employee's stream, looked through; who it makes, and of which company, if that can be
    told."""

    found: Inspected
    company: str | None
    employee: Employee | None
    problems: list[Problem]


def people(query: Query, read: Read, companies: Companies, tick: Progress) -> Iterator[Person]:
    """Everybody, by id."""
    for found in _streams(query, events.EVERY, (), read):
        tick(len(found.events))
        if found.stream in companies.ids:
            continue
        problems = list(found.problems)
        company = None
        for recorded in found.events:
            run = companies.runs.get(recorded.run)
            if run is not None:
                company = run.company
                continue
            version = recorded.originator_version
            problems.append(
                problem("run-missing", stream=found.stream, version=version, run=recorded.run)
            )
        employee = None
        if not found.problems:
            employee, misplaced = fold_employee(found)
            problems += misplaced
        yield Person(found, company, employee, problems)


def _tells_run(event: Any, company: object) -> bool:
    """Whether a row of the list of runs holds the record of one of this company."""
    try:
        return runs.load_run(event).company == company
    except (msgspec.MsgspecError, UnicodeDecodeError, TypeError):
        return False


def _streams(
    query: Query, statement: str, parameters: tuple[Any, ...], read: Read
) -> Iterator[Inspected]:
    with query.each(statement, parameters) as rows:
        for stream, found in groupby(rows, key=itemgetter(0)):
            identity = uuid_of(stream)
            if identity is not None:
                yield inspect(identity, (_kept(read, *row) for row in found))


def _kept(read: Read, stream: str, version: Any, topic: str, state: Any, checksum: Any) -> Kept:
    # An edit by hand may leave values of other types.
    if not isinstance(state, bytes) or not isinstance(version, int):
        return Kept(version if isinstance(version, int) else 0, False, None)
    unaltered = events.checksum(state) == checksum
    return Kept(version, unaltered, read(stream, version, topic, state))
