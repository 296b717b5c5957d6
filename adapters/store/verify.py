"""Checks that projections equal the events, and that events are as they were stored."""

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
    """The result of `verify`: how much was read, and each problem that was found."""

    companies: int
    runs: int
    employees: int
    events: int
    problems: tuple[Problem, ...]


def verify(query: Query, read: Read, tick: Progress) -> Findings:
    """Reads everything, and returns what does not fit. `tick` gets the number of read events."""
    companies = Companies(query, read)
    problems = [
        *_id_problems(query),
        *companies.problems,
        *_company_problems(query, companies),
        *_run_problems(query, companies),
        *_held_problems(query, companies),
        *_issue_problems(query, companies),
        *_slot_problems(query),
    ]
    event_counts: Counter[UUID] = Counter()
    changed: defaultdict[UUID, int] = defaultdict(int)
    employees = 0
    with query.each(roster.EVERY) as rows:
        roster_rows = RosterRows(rows)
        for person in people(query, read, companies, tick):
            employees += 1
            problems += person.problems
            problems += roster_rows.compare(person)
            _count(person, event_counts, changed)
        problems += roster_rows.strays()
    problems += _index_problems(query, changed)
    problems += (
        problem("events-missing", run=run, expected=known.events, found=event_counts[run])
        for run, known in companies.runs.items()
        if known.events != event_counts[run]
    )
    return Findings(
        companies=len(companies.states),
        runs=len(companies.runs),
        employees=employees,
        events=event_counts.total(),
        problems=tuple(problems),
    )


def _count(person: Person, event_counts: Counter[UUID], changed: defaultdict[UUID, int]) -> None:
    """Adds an employee's events to the counts and the sums of their runs.

    `changed` has the sum, by exclusive or, of the ids of the employees that each run changed.
    """
    employee = person.inspected.stream
    event_counts.update(person.inspected.runs)
    for run in set(person.inspected.runs):
        if not registered_in(run, employee):
            changed[run] ^= employee.int


class RosterRows:
    """The rows of the roster, read side by side with the employees that they belong to.

    Both come in the order of the employees' ids, so neither has to fit into memory.
    """

    def __init__(self, rows: Iterator[tuple[Any, ...]]) -> None:
        self._rows = rows
        self._next = next(rows, None)

    def before(self, stream: str) -> Iterator[tuple[Any, ...]]:
        """Yields the next rows, up to the rows of the employee with this `stream` and with them."""
        # An edit by hand may have left bytes or a number instead of an id.
        while self._next is not None and (
            not isinstance(self._next[1], str) or self._next[1] <= stream
        ):
            row, self._next = self._next, next(self._rows, None)
            yield row

    def compare(self, person: Person) -> Iterator[Problem]:
        """Yields the problems of an employee's row, and of rows before it that have no employee."""
        company, employee, stream = person.company, person.employee, person.inspected.stream
        exists = False
        for row in self.before(stream.hex):
            if row[1] != stream.hex or (company is not None and row[0] != company):
                yield _stray(row)
                continue
            exists = True
            if company is not None and employee is not None and not _same(row, company, employee):
                yield problem("roster-row-differs", company=company, stream=stream)
        if not exists and company is not None:
            yield problem("roster-row-missing", company=company, stream=stream)

    def strays(self) -> Iterator[Problem]:
        """Returns a problem for each row that is left: none of them has an employee."""
        return map(_stray, self.rest())

    def rest(self) -> Iterator[tuple[Any, ...]]:
        """Yields the rows that are left."""
        if self._next is not None:
            yield self._next
        yield from self._rows


def _stray(row: tuple[Any, ...]) -> Problem:
    stream = uuid_of(row[1])
    if stream is None:
        return problem("bad-id", table="roster")
    return problem("roster-row-stray", company=row[0], stream=stream)


def _same(row: tuple[Any, ...], company: str, employee: Employee) -> bool:
    """Returns whether a row is the one that the employee's events make. Any digest will do: it is
    a cache (ADR 0008)."""
    *columns, digest, state = row
    *expected, _, _ = roster.row(company, employee, digest)
    return columns == expected and loaded(state) == employee


def loaded(state: bytes) -> Employee | None:
    """Returns the employee that a row holds, or `None` if it cannot be read."""
    try:
        return roster.load(state)
    except (msgspec.MsgspecError, UnicodeDecodeError, TypeError):
        return None


def _id_problems(query: Query) -> Iterator[Problem]:
    """Finds streams with malformed ids, which every other check leaves out."""
    for (stream,) in query(events.ODD_STREAMS):
        if uuid_of(stream) is None:
            yield problem("bad-source-id", table="stored_events")


def _company_problems(query: Query, companies: Companies) -> Iterator[Problem]:
    rows = {row[0]: row for row in query(runs.COMPANY_ROWS)}
    for company, state in companies.states.items():
        row = rows.pop(company, None)
        if row is None:
            yield problem("company-row-missing", company=company)
        elif not companies.is_damaged(company) and not _holds(row, company, state):
            yield problem("company-row-differs", company=company)
    for company in rows:
        if not companies.is_damaged(str(company)):
            yield problem("company-row-stray", company=company)


def _holds(row: tuple[Any, ...], company: str, state: CompanyState) -> bool:
    """Returns whether a row holds the state of the company.

    States are compared, not their bytes: an earlier release wrote fewer fields.
    """
    *columns, stored = row
    *expected, _ = runs.company_row(company, state)
    try:
        return columns == expected and runs.load_state(stored) == state
    except (msgspec.MsgspecError, UnicodeDecodeError, TypeError):
        return False


def _run_problems(query: Query, companies: Companies) -> Iterator[Problem]:
    rows = {row[0]: row for row in query(runs.RUN_ROWS)}
    for expected in companies.rows():
        row = rows.pop(expected[0], None)
        run, company = UUID(expected[0]), expected[1]
        if row is None:
            yield problem("run-row-missing", run=run, company=company)
        elif row != expected:
            yield problem("run-row-differs", run=run, company=company)
    for text, row in rows.items():
        stray = uuid_of(text)
        if stray is None:
            yield problem("bad-id", table="runs")
        elif stray not in companies.runs and text not in companies.lost:
            yield problem("run-row-stray", run=stray, company=row[1])


def _held_problems(query: Query, companies: Companies) -> Iterator[Problem]:
    """Compares the files of held deliveries with the checksums in the events of their runs."""
    held: defaultdict[str, list[FileInfo | None]] = defaultdict(list)
    with query.each(runs.HELD_ROWS) as rows:
        for run, file, content in rows:
            held[run].append(_intact_file(file, content))
    for company, state in companies.states.items():
        if state.held is not None:
            run = state.held.run
            if held.pop(run.hex, []) != list(companies.held[run]):
                yield problem("held-missing", run=run, company=company)
    for text in held:
        stray = uuid_of(text)
        bad = problem("bad-source-id", table="held")
        yield bad if stray is None else problem("held-stray", run=stray)


def _issue_problems(query: Query, companies: Companies) -> Iterator[Problem]:
    """Finds missing issues, which no event holds.

    The issues of a run are numbered from 1, and a run that rejected rows has at least one issue.
    """
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


def _slot_problems(query: Query) -> Iterator[Problem]:
    """Finds unreadable rows of the schedule. Their values cannot be checked: no event has them."""
    for row in query(slots.ROWS):
        if not slots.is_sound(row):
            yield problem("slot-unreadable", table=slots.TABLE.name)


def _intact_file(file: bytes, content: object) -> FileInfo | None:
    """Returns the facts of a held file, or `None` if file and content are not as received."""
    try:
        info = runs.load_file(file)
    except (msgspec.MsgspecError, UnicodeDecodeError, TypeError):
        return None
    whole = isinstance(content, bytes) and info.sha256 == hashlib.sha256(content).hexdigest()
    return info if whole else None


def _index_problems(query: Query, changed: defaultdict[UUID, int]) -> Iterator[Problem]:
    """Compares the index of `audit` with the employees that each run changed.

    Both are summed up by exclusive or: there may be millions of ids. Equal sums cancel to 0.
    """
    with query.each(run_changes.EVERY) as rows:
        for row in rows:
            run, employee = map(uuid_of, row)
            if run is None or employee is None:
                yield problem("bad-id", table="touched")
            else:
                changed[run] ^= employee.int
    for run, rest in changed.items():
        if rest:
            yield problem("index-differs", run=run)
