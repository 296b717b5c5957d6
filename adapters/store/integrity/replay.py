"""Reads everything that is stored, event by event.

The companies' streams come first: they tell which run belongs to which company. Then come the
streams of all employees, once, in the order of their ids.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from functools import cached_property
from itertools import chain, groupby
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

from eventsourcing.persistence import MapperDeserialisationError

from adapters.progress import Advance, unwatched
from adapters.store import events
from adapters.store.integrity.lately import Window, recent_rows, window_of
from adapters.store.integrity.standing import StandingRows, standing_rows
from adapters.store.readable import read_or_none
from adapters.store.recorder import Query
from adapters.store.sql import every
from domain.company_runs.events import FileInfo, RunEnded, RunRecord
from domain.company_runs.state import CompanyState
from domain.employee.aggregate import Employee
from domain.events import RUN_KIND, AnyRecord
from domain.ids import company_stream_id, uuid_of
from domain.outcome import Outcome
from projections import recent, roster, runs
from projections.answers.integrity import (
    EventRow,
    Inspected,
    Problem,
    fold_company,
    fold_employee,
    inspect,
    problem,
)

_EVENTS = "SELECT originator_id, originator_version, topic, state, checksum FROM stored_events"
_BY_STREAM = "ORDER BY originator_id, originator_version"

Decode: TypeAlias = Callable[[str, int, str, bytes], AnyRecord]
"""Decodes an event from its stream, version, topic and bytes: `EventStore.decode`."""


class KnownRun(NamedTuple):
    """What a replay needs to know about a run.

    `events` is the number of employees' events that the run stored, and `held` are the files of the
    delivery that it held. `has_issues` tells whether it must have issues of its own, because it
    rejected rows.
    """

    company: str
    events: int
    held: tuple[FileInfo, ...]
    has_issues: bool


class Companies(NamedTuple):
    """All companies, as their streams tell.

    Attributes:
        states: each company by its key.
        runs: each run by its id.
        streams: the ids of the companies' streams.
        problems: what is wrong with these streams.
        damaged: the ids of the streams with events that are damaged or missing.
        lost: the ids, in hex, of the runs whose event is missing.
    """

    states: Mapping[str, CompanyState]
    runs: Mapping[UUID, KnownRun]
    streams: Set[UUID]
    problems: Sequence[Problem]
    damaged: Set[UUID]
    lost: Set[str] = frozenset()

    def is_damaged(self, company: str) -> bool:
        """Returns whether events of the company's stream are damaged or missing."""
        return bool(self.damaged) and company_stream_id(company) in self.damaged


class Person(NamedTuple):
    """An employee's stream after its inspection.

    `company` and `employee` are `None` if the events do not tell them.
    """

    inspected: Inspected
    company: str | None
    employee: Employee | None
    problems: list[Problem]


class Replay:
    """All that is stored in one state of the database, event by event."""

    def __init__(self, query: Query, decode: Decode) -> None:
        self.query = query
        self._decode = decode

    @cached_property
    def companies(self) -> Companies:
        """All companies, from their streams and the list of runs."""
        states: dict[str, CompanyState] = {}
        known: dict[UUID, KnownRun] = {}
        streams: set[UUID] = set()
        problems: list[Problem] = []
        damaged: set[UUID] = set()
        for inspected in self._company_streams():
            state, misplaced = fold_company(inspected)
            streams.add(inspected.stream)
            if inspected.problems or misplaced:
                problems += [*inspected.problems, *misplaced]
                damaged.add(inspected.stream)
            for recorded, ended in _runs_of(inspected):
                states[ended.company] = state
                known[recorded.run] = _known(ended)
        return _with_lost_runs(self.query, Companies(states, known, streams, problems, damaged))

    def run_rows(self) -> Iterator[runs.RunRow]:
        """Yields the rows of the runs of undamaged companies.

        Each call reads the streams again: there may be many runs.
        """
        for inspected in self._company_streams():
            for recorded, ended in _runs_of(inspected):
                if not self.companies.is_damaged(ended.company):
                    yield runs.run_row(recorded.run, recorded.originator_version, ended)

    def standing(self) -> Iterator[tuple[str, StandingRows]]:
        """Yields each undamaged company, with what its runs make of open issues and absence."""
        for company, records in self._undamaged():
            yield company, standing_rows(self.query, company, records)

    @cached_property
    def windows(self) -> Mapping[str, Window]:
        """The window of each undamaged company (B1)."""
        states = self.companies.states
        return {
            company: window_of(states[company], records) for company, records in self._undamaged()
        }

    def recent_rows(self, person: Person) -> Iterator[recent.RecentRow]:
        """Yields the rows of one employee's changes that count still."""
        window = self.windows.get(person.company or "")
        if window is not None and person.company is not None and person.employee is not None:
            yield from recent_rows(person.company, person.inspected.events, window)

    def people(self, advance: Advance = unwatched) -> Iterator[Person]:
        """Yields all employees, in the order of their ids."""
        for inspected in self._streams(f"{_EVENTS} {_BY_STREAM}"):
            advance(len(inspected.events))
            if inspected.stream not in self.companies.streams:
                yield _person(inspected, self.companies)

    def _undamaged(self) -> Iterator[tuple[str, list[RunRecord]]]:
        """Yields each undamaged company with its runs, oldest first."""
        for inspected in self._company_streams():
            records = [RunRecord(each.run, ended) for each, ended in _runs_of(inspected)]
            if records and not self.companies.is_damaged(company := records[0].ended.company):
                yield company, records

    def _company_streams(self) -> Iterator[Inspected]:
        return self._streams(f"{_EVENTS} WHERE topic = ? {_BY_STREAM}", RUN_KIND)

    def _streams(self, statement: str, *parameters: str) -> Iterator[Inspected]:
        with self.query.each(statement, parameters) as rows:
            for stream, of_stream in groupby(rows, key=itemgetter(0)):
                identity = uuid_of(stream)
                if identity is not None:
                    yield inspect(identity, (_event_row(self._decode, *row) for row in of_stream))


def _known(ended: RunEnded) -> KnownRun:
    held = ended.outcome is Outcome.HELD
    return KnownRun(
        ended.company,
        events=0 if held else ended.counts.events,
        held=ended.files if held else (),
        has_issues=bool(ended.counts.rejected) and ended.issues_of is None,
    )


def _with_lost_runs(query: Query, companies: Companies) -> Companies:
    """Adds the runs that have a row, and no event in their company's stream.

    The row may be all that is left of the run. So the company counts as damaged.
    """
    lost: set[str] = set()
    problems = list(companies.problems)
    damaged = set(companies.damaged)
    for row in every(query, runs.RUNS):
        run, ended = uuid_of(row.run), read_or_none(runs.load_run, row.event)
        if run is None or run in companies.runs or ended is None or ended.company != row.company:
            continue
        state = companies.states.get(row.company, CompanyState())
        stream = company_stream_id(row.company)
        # A sound stream has every version up to its last: a row of one of these is not lost,
        # but wrong.
        version: object = row.version
        if isinstance(version, int) and version <= state.version and stream not in damaged:
            continue
        lost.add(row.run)
        damaged.add(stream)
        problems.append(problem("run-event-missing", run=run, company=row.company))
    return companies._replace(problems=problems, damaged=damaged, lost=lost)


def _person(inspected: Inspected, companies: Companies) -> Person:
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
    return Person(inspected, company, employee, problems)


def with_roster_rows(
    query: Query, persons: Iterable[Person]
) -> Iterator[tuple[Person | None, list[roster.RosterRow]]]:
    """Yields each employee with the rows of the roster up to those of this employee.

    Rows after the last employee come one by one, with `None`. Employees and rows come in the order
    of the employees' ids, so neither has to fit into memory.
    """
    rows = every(query, roster.TABLE, ("employee", "company"))
    row = next(rows, None)
    for person in persons:
        up_to = []
        while row is not None and not _is_after(row, person.inspected.stream):
            up_to.append(row)
            row = next(rows, None)
        yield person, up_to
    if row is not None:
        yield from ((None, [each]) for each in chain((row,), rows))


def _is_after(row: roster.RosterRow, employee: UUID) -> bool:
    # An edit by hand may have left bytes or a number instead of an id.
    stream: object = row.employee
    return isinstance(stream, str) and stream > employee.hex


def _runs_of(inspected: Inspected) -> Iterator[tuple[AnyRecord, RunEnded]]:
    for recorded in inspected.events:
        if isinstance(recorded.event, RunEnded):
            yield recorded, recorded.event


def _event_row(
    decode: Decode, stream: str, version: Any, topic: str, state: Any, checksum: Any
) -> EventRow:
    # An edit by hand may have left values of other types.
    if not isinstance(state, bytes) or not isinstance(version, int):
        return EventRow(version if isinstance(version, int) else 0, False, None)
    try:
        recorded = decode(stream, version, topic, state)
    except (MapperDeserialisationError, TypeError):
        recorded = None
    return EventRow(version, events.checksum(state) == checksum, recorded)
