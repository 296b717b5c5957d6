"""Checks that projections equal the events, and that events are as they were stored."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from uuid import UUID

from adapters.progress import Advance
from adapters.store.files import intact_file, is_sound
from adapters.store.integrity.lately import fingerprint, recent_problems
from adapters.store.integrity.replay import (
    Companies,
    Person,
    Replay,
    with_roster_rows,
)
from adapters.store.integrity.standing_problems import standing_problems
from adapters.store.readable import read_or_none
from adapters.store.recorder import Query
from adapters.store.sql import every
from domain.company_runs.events import FileInfo
from domain.company_runs.state import CompanyState
from domain.employee.aggregate import Employee
from domain.ids import registered_in, uuid_of
from domain.privacy import Redacted
from projections import kept, notices, roster, run_changes, runs, slots
from projections.answers.integrity import Problem, problem

_ODD_STREAMS = "SELECT DISTINCT originator_id FROM stored_events WHERE length(originator_id) <> 32"
_TWINS = {
    "external id": """
        SELECT company, min(employee), max(employee) FROM roster
        WHERE external_id IS NOT NULL AND merged_into IS NULL
        GROUP BY company, external_id HAVING count(*) > 1
    """,
    "address": """
        SELECT company, min(employee), max(employee) FROM roster
        WHERE address <> '' AND merged_into IS NULL
        GROUP BY company, address HAVING count(*) > 1
    """,
}
"""The question for each value that no two employees of a company may have.

An account that ended in favour of another one has no value of its own (S11), and a released
employee has none (I11). The former address of one employee in the file may be the present address
of another one (I8).
"""
_ISSUE_COUNTS = "SELECT run, count(*), max(number) FROM issues GROUP BY run ORDER BY run"


class Findings(Redacted, frozen=True):
    """The result of `verify`: how much was read, what is wrong, and what could not be checked."""

    companies: int
    runs: int
    employees: int
    events: int
    problems: tuple[Problem, ...]
    notes: tuple[str, ...] = ()


def verify(replay: Replay, advance: Advance) -> Findings:
    """Reads everything, and returns what does not fit. `advance` gets the number of read events.

    If the database finds itself damaged, nothing else is read: answers that come through a damaged
    index may be wrong.
    """
    query = replay.query
    database = query.check()
    if database.problems:
        return Findings(0, 0, 0, 0, *database)
    companies = replay.companies
    of_issues = list(_issue_problems(query, companies))
    problems = [
        *_id_problems(query),
        *companies.problems,
        *_company_problems(query, companies),
        *_run_problems(replay),
        *_held_problems(query, companies),
        *_kept_problems(query),
        *of_issues,
        *_notice_problems(query),
        *_slot_problems(query),
        *standing_problems(replay, {each.run for each in of_issues if each.run}),
    ]
    event_counts: Counter[UUID] = Counter()
    # The sum, by exclusive or, of the ids of the employees that each run changed.
    changed: defaultdict[UUID, int] = defaultdict(int)
    # The same sum, of the rows of the employees of each company whose changes count still.
    lately: defaultdict[str, int] = defaultdict(int)
    of_roster: list[Problem] = []
    employees = 0
    for person, rows in with_roster_rows(query, replay.people(advance)):
        if person is None:
            of_roster += map(_stray, rows)
            continue
        employees += 1
        problems += person.problems
        of_roster += _roster_problems(person, rows)
        event_counts.update(person.inspected.runs)
        for recent_row in replay.recent_rows(person):
            lately[recent_row.company] ^= fingerprint(recent_row)
        for run in set(person.inspected.runs):
            if not registered_in(run, person.inspected.stream):
                changed[run] ^= person.inspected.stream.int
    # A roster that equals the events has the twins that the events have.
    problems += of_roster or _twin_problems(query)
    problems += _index_problems(query, changed)
    problems += recent_problems(query, replay.windows, lately)
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
        notes=database.notes,
    )


def _roster_problems(person: Person, rows: Iterable[roster.RosterRow]) -> Iterator[Problem]:
    """Yields the problems of an employee's row, and of rows before it that have no employee."""
    company, employee, stream = person.company, person.employee, person.inspected.stream
    exists = False
    for row in rows:
        if row.employee != stream.hex or (company is not None and row.company != company):
            yield _stray(row)
            continue
        exists = True
        if company is not None and employee is not None and not _is_of(row, company, employee):
            yield problem("roster-row-differs", company=company, stream=stream)
    if not exists and company is not None:
        yield problem("roster-row-missing", company=company, stream=stream)


def _stray(row: roster.RosterRow) -> Problem:
    stream = uuid_of(row.employee)
    if stream is None:
        return problem("bad-id", table="roster")
    return problem("roster-row-stray", company=row.company, stream=stream)


def _is_of(row: roster.RosterRow, company: str, employee: Employee) -> bool:
    """Returns whether a row is the one that the employee's events make. Any digest will do: it is
    a cache (ADR 0008)."""
    expected = roster.row(company, employee, row.digest)
    if row == expected:
        return True
    # An earlier release may have written the same state in other bytes.
    same_state = read_or_none(roster.load, row.state) == employee
    return same_state and row._replace(state=expected.state) == expected


def _id_problems(query: Query) -> Iterator[Problem]:
    """Finds streams with malformed ids, which every other check leaves out."""
    for (stream,) in query(_ODD_STREAMS):
        if uuid_of(stream) is None:
            yield problem("bad-source-id", table="stored_events")


def _company_problems(query: Query, companies: Companies) -> Iterator[Problem]:
    rows = {row.company: row for row in every(query, runs.COMPANIES)}
    for company, state in companies.states.items():
        row = rows.pop(company, None)
        if row is None:
            yield problem("company-row-missing", company=company)
        elif not companies.is_damaged(company) and not _holds(row, company, state):
            yield problem("company-row-differs", company=company)
    for company in rows:
        if not companies.is_damaged(str(company)):
            yield problem("company-row-stray", company=company)


def _holds(row: runs.CompanyRow, company: str, state: CompanyState) -> bool:
    """Returns whether a row holds the state of the company.

    States are compared, not their bytes: an earlier release wrote fewer fields.
    """
    expected = runs.company_row(company, state)._replace(state=row.state)
    return row == expected and read_or_none(runs.load_state, row.state) == state


def _run_problems(replay: Replay) -> Iterator[Problem]:
    companies = replay.companies
    rows = {row.run: row for row in every(replay.query, runs.RUNS)}
    for expected in replay.run_rows():
        row = rows.pop(expected.run, None)
        run, company = UUID(expected.run), expected.company
        if row is None:
            yield problem("run-row-missing", run=run, company=company)
        elif not _is_same_run(row, expected):
            yield problem("run-row-differs", run=run, company=company)
    for text, row in rows.items():
        stray = uuid_of(text)
        if stray is None:
            yield problem("bad-id", table="runs")
        elif stray not in companies.runs and text not in companies.lost:
            yield problem("run-row-stray", run=stray, company=row.company)


def _is_same_run(row: runs.RunRow, expected: runs.RunRow) -> bool:
    """Returns whether a row is as expected. An earlier release wrote fewer fields of the event."""
    if row == expected:
        return True
    same_event = read_or_none(runs.load_run, row.event) == runs.load_run(expected.event)
    return same_event and row._replace(event=expected.event) == expected


def _held_problems(query: Query, companies: Companies) -> Iterator[Problem]:
    """Compares the files of held deliveries with the checksums in the events of their runs."""
    held: defaultdict[str, list[FileInfo | None]] = defaultdict(list)
    for row in every(query, runs.HELD):
        held[row.run].append(intact_file(row.file, row.content))
    for company, state in companies.states.items():
        if state.held is not None:
            run = state.held.run
            if held.pop(run.hex, []) != list(companies.runs[run].held):
                yield problem("held-missing", run=run, company=company)
    for text in held:
        stray = uuid_of(text)
        bad = problem("bad-source-id", table="held")
        yield bad if stray is None else problem("held-stray", run=stray)


def _kept_problems(query: Query) -> Iterator[Problem]:
    """Compares the files that are kept until their run is stored with their checksums."""
    for row in every(query, kept.TABLE):
        company: object = row.company
        if not isinstance(company, str):
            yield problem("bad-source-id", table=kept.TABLE.name)
        elif not is_sound(row):
            yield problem("kept-damaged", company=company)


def _issue_problems(query: Query, companies: Companies) -> Iterator[Problem]:
    """Finds missing issues, which no event holds.

    The issues of a run are numbered from 1, and a run that rejected rows has at least one issue.
    """
    silent = {run for run, known in companies.runs.items() if known.has_issues}
    for text, count, last in query(_ISSUE_COUNTS):
        run = uuid_of(text)
        if run is None:
            yield problem("bad-source-id", table="issues")
            continue
        silent.discard(run)
        if count != last:
            yield problem("issues-missing", run=run)
    for run in silent:
        yield problem("issues-missing", run=run)


def _notice_problems(query: Query) -> Iterator[Problem]:
    """Finds unreadable notices. Whether one is missing cannot be checked: no event has them."""
    for row in every(query, notices.TABLE):
        if not notices.is_sound(row):
            yield problem("notice-unreadable")


def _slot_problems(query: Query) -> Iterator[Problem]:
    """Finds unreadable rows of the schedule. Their values cannot be checked: no event has them."""
    for row in every(query, slots.TABLE):
        if not slots.is_sound(row):
            yield problem("slot-unreadable", table=slots.TABLE.name)


def _twin_problems(query: Query) -> Iterator[Problem]:
    """Finds addresses and external ids that mean two employees of one company (I1, I8)."""
    for what, statement in _TWINS.items():
        for company, first, second in query(statement):
            stream, other = uuid_of(first), uuid_of(second)
            if stream is not None:
                yield problem("twins", company=str(company), stream=stream, other=other, what=what)


def _index_problems(query: Query, changed: Mapping[UUID, int]) -> Iterator[Problem]:
    """Compares the index of `audit` with the sums of the employees that each run changed.

    There may be millions of ids. Equal sums cancel to 0.
    """
    rests = defaultdict(int, changed)
    for row in every(query, run_changes.TABLE):
        run, employee = map(uuid_of, row)
        if run is None or employee is None:
            yield problem("bad-id", table="touched")
        else:
            rests[run] ^= employee.int
    for run, rest in rests.items():
        if rest:
            yield problem("index-differs", run=run)
