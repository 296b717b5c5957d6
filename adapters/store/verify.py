"""Whether projections equal the events, and the events are as they were stored."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import msgspec

from adapters.store import events
from adapters.store.query import Query
from adapters.store.replay import Companies, Person, Progress, Read, people
from domain.company_runs.events import FileInfo
from domain.company_runs.state import CompanyState
from domain.employee.aggregate import Employee
from domain.ids import registered_in, uuid_of
from domain.privacy import Redacted
from projections import roster, run_changes, runs, slots
from projections.answers.integrity import Problem, problem


class Findings(Redacted, frozen=True):
    """How much was gone through, and what was found wrong."""

    companies: int
    runs: int
    employees: int
    events: int
    problems: tuple[Problem, ...]


def verify(query: Query, read: Read, tick: Progress) -> Findings:
    """Goes through everything, and says what does not fit."""
    companies = Companies(query, read)
    problems = [
        *_of_ids(query),
        *companies.problems,
        *_of_companies(query, companies),
        *_of_runs(query, companies),
        *_of_held(query, companies),
        *_of_issues(query, companies),
        *_of_slots(query),
    ]
    happened: Counter[UUID] = Counter()
    touched: defaultdict[UUID, int] = defaultdict(int)
    found = 0
    with query.each(roster.EVERY) as rows:
        beside = RosterRows(rows)
        for person in people(query, read, companies, tick):
            found += 1
            problems += person.problems
            problems += beside.compared(person)
            _count(person, happened, touched)
        problems += beside.strays()
    problems += _of_index(query, touched)
    problems += (
        problem("events-missing", run=run, expected=known.events, found=happened[run])
        for run, known in companies.runs.items()
        if known.events != happened[run]
    )
    return Findings(
        companies=len(companies.streams),
        runs=len(companies.runs),
        employees=found,
        events=happened.total(),
        problems=tuple(problems),
    )


def _count(person: Person, happened: Counter[UUID], touched: defaultdict[UUID, int]) -> None:
    """Adds what happened to somebody to what happened in each run."""
    employee = person.found.stream
    happened.update(person.found.runs)
    for run in set(person.found.runs):
        if not registered_in(run, employee):
            touched[run] ^= employee.int


class RosterRows:
    """The rows of the roster, in the order of employees, beside whoever they should be of."""

    def __init__(self, rows: Iterator[tuple[Any, ...]]) -> None:
        self._rows = rows
        self._next = next(rows, None)

    def before(self, stream: str) -> Iterator[tuple[Any, ...]]:
        """The rows up to and with those of an employee."""
        # An edit by hand may leave bytes or a number instead of an id.
        while self._next is not None and (
            not isinstance(self._next[1], str) or self._next[1] <= stream
        ):
            row, self._next = self._next, next(self._rows, None)
            yield row

    def compared(self, person: Person) -> Iterator[Problem]:
        """What is wrong with the row of an employee, and rows before it that are nobody's."""
        company, employee, stream = person.company, person.employee, person.found.stream
        found = False
        for row in self.before(stream.hex):
            if row[1] != stream.hex or (company is not None and row[0] != company):
                yield _stray(row)
                continue
            found = True
            if company is not None and employee is not None and not _same(row, company, employee):
                yield problem("roster-row-differs", company=company, stream=stream)
        if not found and company is not None:
            yield problem("roster-row-missing", company=company, stream=stream)

    def strays(self) -> Iterator[Problem]:
        """What is wrong with the rows that are left over."""
        return map(_stray, self.rest())

    def rest(self) -> Iterator[tuple[Any, ...]]:
        """The rows that are left over."""
        if self._next is not None:
            yield self._next
        yield from self._rows


def _stray(row: tuple[Any, ...]) -> Problem:
    stream = uuid_of(row[1])
    if stream is None:
        return problem("bad-id", table="roster")
    return problem("roster-row-stray", company=row[0], stream=stream)


def _same(row: tuple[Any, ...], company: str, employee: Employee) -> bool:
    """Whether a row is what the employee's would be made as. The digest is a cache."""
    *columns, digest, state = row
    *expected, _, _ = roster.row(company, employee, digest)
    return columns == expected and loaded(state) == employee


def loaded(state: bytes) -> Employee | None:
    """The employee in a row, if it holds one."""
    try:
        return roster.load(state)
    except (msgspec.MsgspecError, UnicodeDecodeError, TypeError):
        return None


def _of_ids(query: Query) -> Iterator[Problem]:
    """Streams whose ids are none are gone through by nobody."""
    for (stream,) in query(events.ODD_STREAMS):
        if uuid_of(stream) is None:
            yield problem("bad-source-id", table="stored_events")


def _of_companies(query: Query, companies: Companies) -> Iterator[Problem]:
    found = {row[0]: row for row in query(runs.COMPANY_ROWS)}
    for company, stream in companies.streams.items():
        row = found.pop(company, None)
        if row is None:
            yield problem("company-row-missing", company=company)
        elif not companies.is_damaged(company) and not _stands(row, company, stream):
            yield problem("company-row-differs", company=company)
    for company in found:
        if not companies.is_damaged(str(company)):
            yield problem("company-row-stray", company=company)


def _stands(row: tuple[Any, ...], company: str, stream: CompanyState) -> bool:
    """Whether a row says where the company stands; one of an earlier release says less of it."""
    *columns, state = row
    *expected, _ = runs.company_row(company, stream)
    try:
        return columns == expected and runs.load_state(state) == stream
    except (msgspec.MsgspecError, UnicodeDecodeError, TypeError):
        return False


def _of_runs(query: Query, companies: Companies) -> Iterator[Problem]:
    found = {row[0]: row for row in query(runs.RUN_ROWS)}
    for expected in companies.rows():
        row = found.pop(expected[0], None)
        run, company = UUID(expected[0]), expected[1]
        if row is None:
            yield problem("run-row-missing", run=run, company=company)
        elif row != expected:
            yield problem("run-row-differs", run=run, company=company)
    for text, row in found.items():
        stray = uuid_of(text)
        if stray is None:
            yield problem("bad-id", table="runs")
        elif stray not in companies.runs and text not in companies.lost:
            yield problem("run-row-stray", run=stray, company=row[1])


def _of_held(query: Query, companies: Companies) -> Iterator[Problem]:
    """The files of a held delivery are in no event; their sums are in that of its run."""
    found: defaultdict[str, list[FileInfo | None]] = defaultdict(list)
    with query.each(runs.HELD_ROWS) as rows:
        for run, file, content in rows:
            found[run].append(_as_received(file, content))
    for company, stream in companies.streams.items():
        if stream.held is not None:
            run = stream.held.run
            if found.pop(run.hex, []) != list(companies.held[run]):
                yield problem("held-missing", run=run, company=company)
    for text in found:
        stray = uuid_of(text)
        bad = problem("bad-source-id", table="held")
        yield bad if stray is None else problem("held-stray", run=stray)


def _of_issues(query: Query, companies: Companies) -> Iterator[Problem]:
    """Issues are in no event; they are numbered, and a run that rejected rows said why."""
    silent = set(companies.rejecting)
    for text, count, last in query(runs.ISSUE_COUNTS):
        run = uuid_of(text)
        if run is None:
            yield problem("bad-source-id", table="issues")
            continue
        silent.discard(run)
        if count != last:
            yield problem("issues-missing", run=run)
    for run in silent:
        yield problem("issues-missing", run=run)


def _of_slots(query: Query) -> Iterator[Problem]:
    """Since when companies take part in the schedule is in no event, and any moment may be."""
    for row in query(slots.ROWS):
        if not slots.is_sound(row):
            yield problem("slot-unreadable", table=slots.TABLE.name)


def _as_received(file: bytes, content: object) -> FileInfo | None:
    """A file that waits, if it is what its sum says."""
    try:
        info = runs.load_file(file)
    except (msgspec.MsgspecError, UnicodeDecodeError, TypeError):
        return None
    whole = isinstance(content, bytes) and info.sha256 == hashlib.sha256(content).hexdigest()
    return info if whole else None


def _of_index(query: Query, touched: defaultdict[UUID, int]) -> Iterator[Problem]:
    """Employees of a run are added up by exclusive or, for there may be millions."""
    with query.each(run_changes.EVERY) as rows:
        for row in rows:
            run, employee = map(uuid_of, row)
            if run is None or employee is None:
                yield problem("bad-id", table="touched")
            else:
                touched[run] ^= employee.int
    for run, rest in touched.items():
        if rest:
            yield problem("index-differs", run=run)
