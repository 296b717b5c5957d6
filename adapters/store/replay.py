"""Reads everything that is stored, event by event.

The companies' streams come first: they tell which run belongs to which company. Then come the
streams of all employees, once, in the order of their ids.
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
"""Decodes an event from its stream, version, topic and bytes. `None` if that is impossible."""

Progress: TypeAlias = Callable[[int], None]
"""Is called with the number of events that were read since the last call."""


class KnownRun(NamedTuple):
    """What a replay of the employees' events needs to know about a run.

    `events` is the number of employees' events that the run stored.
    """

    company: str
    events: int


class Companies:
    """All companies, as their streams tell.

    Attributes:
        states: each company by its key.
        runs: each run by its id.
        held: the files of each run that held a delivery.
        ids: the ids of the companies' streams.
        problems: what is wrong with these streams.
        rejecting: the runs that rejected rows, and so must have issues of their own.
        lost: the ids, in hex, of the runs whose event is missing.
    """

    def __init__(self, query: Query, read: Read) -> None:
        self.states: dict[str, CompanyState] = {}
        self.runs: dict[UUID, KnownRun] = {}
        self.held: dict[UUID, tuple[FileInfo, ...]] = {}
        self.ids: set[UUID] = set()
        self.problems: list[Problem] = []
        self._damaged: set[UUID] = set()
        self._query = query
        self._read = read
        self.rejecting: set[UUID] = set()
        self.lost: set[str] = set()
        for inspected in self._inspected():
            state, misplaced = fold_company(inspected)
            problems = [*inspected.problems, *misplaced]
            self.ids.add(inspected.stream)
            self.problems += problems
            if problems:
                self._damaged.add(inspected.stream)
            for recorded in inspected.events:
                if isinstance(recorded.event, RunEnded):
                    self._add_run(recorded.run, recorded.event, state)
        self._find_lost_runs()

    def _find_lost_runs(self) -> None:
        """Finds the runs that have a row, and no event in their company's stream.

        The row may be all that is left of the run. So the company counts as damaged.
        """
        for run, company, version, _, event in self._query(runs.RUN_ROWS):
            identity = uuid_of(run)
            if identity is None or identity in self.runs or not _is_run_of(event, company):
                continue
            state = self.states.get(company, CompanyState())
            # A sound stream has every version up to its last: a row of one of these is not lost,
            # but wrong.
            listed = isinstance(version, int) and version <= state.version
            if listed and not self.is_damaged(company):
                continue
            self.lost.add(run)
            self._damaged.add(company_stream_id(company))
            self.problems.append(problem("run-event-missing", run=identity, company=company))

    def _add_run(self, run: UUID, ended: RunEnded, state: CompanyState) -> None:
        held = ended.outcome is Outcome.HELD
        self.runs[run] = KnownRun(ended.company, 0 if held else ended.counts.events)
        self.states[ended.company] = state
        if held:
            self.held[run] = ended.files
        if ended.counts.rejected and ended.issues_of is None:
            self.rejecting.add(run)

    def is_damaged(self, company: str) -> bool:
        """Returns whether events of the company's stream are damaged or missing."""
        return bool(self._damaged) and company_stream_id(company) in self._damaged

    def rows(self) -> Iterator[runs.RunRow]:
        """Yields the rows of the runs of undamaged companies."""
        for inspected in self._inspected():
            for recorded in inspected.events:
                ended = recorded.event
                if isinstance(ended, RunEnded) and not self.is_damaged(ended.company):
                    yield runs.run_row(recorded.run, recorded.originator_version, ended)

    def _inspected(self) -> Iterator[Inspected]:
        """Yields every company's stream. Each call reads them again: there may be many runs."""
        return _streams(self._query, events.OF_TOPIC, (RUN_KIND,), self._read)


class Person(NamedTuple):
    """An employee's stream after its inspection.

    `company` and `employee` are `None` if the events do not tell them.
    """

    inspected: Inspected
    company: str | None
    employee: Employee | None
    problems: list[Problem]


def people(query: Query, read: Read, companies: Companies, tick: Progress) -> Iterator[Person]:
    """Yields all employees, in the order of their ids."""
    for inspected in _streams(query, events.EVERY, (), read):
        tick(len(inspected.events))
        if inspected.stream in companies.ids:
            continue
        problems = list(inspected.problems)
        company = None
        for recorded in inspected.events:
            run = companies.runs.get(recorded.run)
            if run is not None:
                company = run.company
                continue
            version = recorded.originator_version
            problems.append(
                problem("run-missing", stream=inspected.stream, version=version, run=recorded.run)
            )
        employee = None
        if not inspected.problems:
            employee, misplaced = fold_employee(inspected)
            problems += misplaced
        yield Person(inspected, company, employee, problems)


def _is_run_of(event: Any, company: object) -> bool:
    """Returns whether the event of a run's row is a run of this company."""
    try:
        return runs.load_run(event).company == company
    except (msgspec.MsgspecError, UnicodeDecodeError, TypeError):
        return False


def _streams(
    query: Query, statement: str, parameters: tuple[Any, ...], read: Read
) -> Iterator[Inspected]:
    with query.each(statement, parameters) as rows:
        for stream, stream_rows in groupby(rows, key=itemgetter(0)):
            identity = uuid_of(stream)
            if identity is not None:
                yield inspect(identity, (_kept(read, *row) for row in stream_rows))


def _kept(read: Read, stream: str, version: Any, topic: str, state: Any, checksum: Any) -> Kept:
    # An edit by hand may have left values of other types.
    if not isinstance(state, bytes) or not isinstance(version, int):
        return Kept(version if isinstance(version, int) else 0, False, None)
    unaltered = events.checksum(state) == checksum
    return Kept(version, unaltered, read(stream, version, topic, state))
