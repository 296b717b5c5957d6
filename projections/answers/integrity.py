"""Whether what is stored fits together: what `verify` looks for, and how it names what it finds."""

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
    "event-misplaced": "version {version} of stream {stream} cannot follow what is before it",
    "run-event-missing": "run {run} of {company} is in the list of runs and its event is missing",
    "issues-missing": "run {run} said more than is stored of it",
    "run-missing": "run {run} of version {version} of stream {stream} is in no company's stream",
    "events-missing": "run {run} stored {expected} events of employees, and {found} are there",
    "roster-row-missing": "employee {stream} of {company} is not in the roster",
    "roster-row-differs": "the roster of {company} and the events differ about employee {stream}",
    "roster-row-stray": "the roster of {company} has employee {stream}, who has no events there",
    "run-row-missing": "run {run} of {company} is not in the list of runs",
    "run-row-differs": "run {run} of {company} differs in the list of runs from its event",
    "run-row-stray": "run {run} of {company} is in the list of runs and has no event",
    "company-row-missing": "company {company} has runs and no row that says where it stands",
    "company-row-differs": "the row of company {company} differs from its events",
    "company-row-stray": "company {company} has a row and no runs",
    "index-differs": "the audit index of run {run} differs from the events",
    "held-missing": "the files that run {run} of {company} holds are not there as received",
    "held-stray": "there are files held by run {run}, which waits for nobody",
    "slot-unreadable": "table {table} has a row that cannot be read",
    "bad-id": "table {table} has an id that is none",
    "bad-source-id": "table {table}, from which all else is made, has an id that is none",
}
"""Everything that can be found, and how it is said."""

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
    }
)
"""What is wrong with what everything else is made from: no `rebuild` restores it."""


class Problem(Redacted, frozen=True):
    """One thing that does not fit. It names streams, runs and companies, and no one's data."""

    problem: str
    message: str
    company: str | None = None
    stream: UUID | None = None
    version: int | None = None
    run: UUID | None = None

    @property
    def restorable(self) -> bool:
        """Whether `rebuild` makes up for it."""
        return self.problem not in EVENTS_ONLY


def problem(
    kind: str,
    *,
    company: str | None = None,
    stream: UUID | None = None,
    version: int | None = None,
    run: UUID | None = None,
    **facts: object,
) -> Problem:
    """A problem of this kind; `facts` fill what is left of its sentence."""
    named = {"company": company, "stream": stream, "version": version, "run": run}
    message = PROBLEMS[kind].format(**named, **facts)
    return Problem(kind, message, company, stream, version, run)


class Kept(NamedTuple):
    """One event as it was found: whether its bytes are those stored, and what they say, if they
    can be read."""

    version: int
    unaltered: bool
    recorded: AnyRecord | None


class Inspected(Redacted, frozen=True):
    """A stream that was looked through: its sound events, and the run of each that can be read."""

    stream: UUID
    events: Sequence[AnyRecord]
    runs: Sequence[UUID]
    problems: Sequence[Problem]


def inspect(stream: UUID, kept: Iterable[Kept]) -> Inspected:
    """Looks through one stream: every version is there, unaltered, and says something."""
    problems: list[Problem] = []
    events: list[AnyRecord] = []
    runs: list[UUID] = []
    expected = 1
    for version, unaltered, recorded in kept:
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


def fold_employee(found: Inspected) -> tuple[Employee | None, list[Problem]]:
    """The employee whose sound stream it is, or why there is none."""
    employee: Employee | None = None
    for recorded in found.events:
        try:
            employee = evolve(employee, _of_employee(recorded))
        except ValueError:
            version = recorded.originator_version
            return None, [problem("event-misplaced", stream=found.stream, version=version)]
    return employee, []


def fold_company(found: Inspected) -> tuple[CompanyState, list[Problem]]:
    """The company whose sound stream it is, as far as its events are runs of it."""
    company = CompanyState()
    for recorded in found.events:
        event = recorded.event
        if not isinstance(event, RunEnded) or company_stream_id(event.company) != found.stream:
            version = recorded.originator_version
            return company, [problem("event-misplaced", stream=found.stream, version=version)]
        company = evolve_company(company, recorded.run, event)
    return company, []


def _of_employee(recorded: AnyRecord) -> EmployeeRecord:
    """The event, if it may stand in the stream of an employee. Raises `ValueError`."""
    if isinstance(recorded.event, RunEnded):
        raise ValueError("no stream of an employee holds a run")
    return cast(EmployeeRecord, recorded)
