"""The integrity of the stored data: the problems that `verify` looks for, and their sentences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, cast
from uuid import UUID

from domain.company_runs.events import RunEnded
from domain.company_runs.state import CompanyState
from domain.company_runs.state import evolve as evolve_company
from domain.employee.aggregate import Employee, evolve
from domain.employee.events import EmployeeRecord
from domain.events import AnyRecord
from domain.ids import company_stream_id
from domain.privacy import Redacted

PROBLEMS: dict[str, str] = {
    "event-missing": "version {version} of stream {stream} is missing",
    "event-altered": "version {version} of stream {stream} has other bytes than were stored",
    "event-unreadable": "version {version} of stream {stream} cannot be read",
    "event-misplaced": "version {version} of stream {stream} cannot follow the version before it",
    "run-event-missing": "run {run} of {company} is in the list of runs, but its event is missing",
    "issues-missing": "run {run} had more issues than are stored",
    "run-missing": "run {run} of version {version} of stream {stream} is in no company's stream",
    "events-missing": "run {run} stored {expected} events of employees, but there are {found}",
    "roster-row-missing": "employee {stream} of {company} is not in the roster",
    "roster-row-differs": "the roster of {company} and the events differ for employee {stream}",
    "roster-row-stray": "the roster of {company} has employee {stream} without events",
    "run-row-missing": "run {run} of {company} is not in the list of runs",
    "run-row-differs": "run {run} of {company} in the list of runs differs from its event",
    "run-row-stray": "run {run} of {company} is in the list of runs, but has no event",
    "company-row-missing": "company {company} has runs, but no row with its state",
    "company-row-differs": "the row of company {company} differs from its events",
    "company-row-stray": "company {company} has a row, but no runs",
    "open-issues-differ": "the open issues of company {company} differ from those of its runs",
    "absence-differs": "who is absent at company {company} differs from what its runs say",
    "recent-differs": "whom imports changed lately at company {company} differs from the events",
    "index-differs": "the audit index of run {run} differs from the events",
    "held-missing": "files that run {run} of {company} holds are missing or altered",
    "held-stray": "files are held for run {run}, which waits for no decision",
    "kept-damaged": "a file that is kept for {company} until its run is stored is altered",
    "slot-unreadable": "table {table} has a row that cannot be read",
    "notice-unreadable": "a notice cannot be read, so nobody will be told of the run it is about",
    "bad-id": "table {table} has a malformed id",
    "bad-source-id": "table {table} has a malformed id, and its rows cannot be made again",
    "twins": "employees {stream} and {other} of {company} have the same {what}: support has to "
    "change one of them",
    "index-damaged": "index {index} does not find every row of its table: {repair}",
    "database-damaged": "the database reports `{report}`: {repair}",
}
"""The sentence of each kind of problem."""

EVENTS_ONLY = frozenset(
    {
        "event-missing",
        "event-altered",
        "event-unreadable",
        "event-misplaced",
        "run-event-missing",
        "run-missing",
        "issues-missing",
        "events-missing",
        "held-missing",
        "held-stray",
        "bad-source-id",
        "twins",
    }
)
"""The problems that `rebuild` cannot restore: they are about data from which all else is made."""

OF_DATABASE = frozenset({"index-damaged", "database-damaged"})
"""The problems of the database itself. Each message says how to repair what it names."""


class Problem(Redacted, frozen=True):
    """One thing that does not fit. It names streams, runs and companies, and no personal data."""

    problem: str
    message: str
    company: str | None = None
    stream: UUID | None = None
    version: int | None = None
    run: UUID | None = None

    @property
    def restorable(self) -> bool:
        """Whether `rebuild` restores what is wrong."""
        return self.problem not in EVENTS_ONLY | OF_DATABASE


def problem(
    kind: str,
    *,
    company: str | None = None,
    stream: UUID | None = None,
    version: int | None = None,
    run: UUID | None = None,
    **facts: object,
) -> Problem:
    """Returns a problem of this kind. `facts` are further values for its sentence."""
    named = {"company": company, "stream": stream, "version": version, "run": run}
    message = PROBLEMS[kind].format(**named, **facts)
    return Problem(kind, message, company, stream, version, run)


class EventRow(NamedTuple):
    """One event as it is in the database.

    `unaltered` tells whether its checksum fits. `recorded` is `None` if it cannot be decoded.
    """

    version: int
    unaltered: bool
    recorded: AnyRecord | None


class Inspected(Redacted, frozen=True):
    """An inspected stream: its sound events, and the run of each event that can be decoded."""

    stream: UUID
    events: Sequence[AnyRecord]
    runs: Sequence[UUID]
    problems: Sequence[Problem]


def inspect(stream: UUID, rows: Iterable[EventRow]) -> Inspected:
    """Inspects one stream. Every version has to be there, unaltered, and readable."""
    problems: list[Problem] = []
    events: list[AnyRecord] = []
    runs: list[UUID] = []
    expected = 1
    for version, unaltered, recorded in rows:
        if recorded is not None:
            runs.append(recorded.run)
        if version != expected:
            problems.append(problem("event-missing", stream=stream, version=expected))
        expected = version + 1
        if not unaltered:
            problems.append(problem("event-altered", stream=stream, version=version))
        elif recorded is None:
            problems.append(problem("event-unreadable", stream=stream, version=version))
        else:
            events.append(recorded)
    return Inspected(stream, events, runs, problems)


def fold_employee(inspected: Inspected) -> tuple[Employee | None, list[Problem]]:
    """Returns the employee of a sound stream, or `None` and the problem of its order."""
    employee: Employee | None = None
    for recorded in inspected.events:
        try:
            employee = evolve(employee, _of_employee(recorded))
        except ValueError:
            version = recorded.originator_version
            return None, [problem("event-misplaced", stream=inspected.stream, version=version)]
    return employee, []


def fold_company(inspected: Inspected) -> tuple[CompanyState, list[Problem]]:
    """Returns the company of a sound stream, up to the first event that is not a run of it."""
    company = CompanyState()
    for recorded in inspected.events:
        event = recorded.event
        if not isinstance(event, RunEnded) or company_stream_id(event.company) != inspected.stream:
            version = recorded.originator_version
            return company, [problem("event-misplaced", stream=inspected.stream, version=version)]
        company = evolve_company(company, recorded.run, event)
    return company, []


def _of_employee(recorded: AnyRecord) -> EmployeeRecord:
    """Returns the event of an employee's stream. Raises `ValueError` if it is a run."""
    if isinstance(recorded.event, RunEnded):
        raise ValueError("the stream of an employee holds no run")
    return cast(EmployeeRecord, recorded)
