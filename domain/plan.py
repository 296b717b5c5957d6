"""The plan: everything a run would do, as one value.

`preview` prints it and `import` commits it. Counts and outcome are derived from it and never
kept beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.employee import Employee, evolve
from domain.events import (
    Activated,
    Deactivated,
    EmployeeEvent,
    Recorded,
)
from domain.issues import Issue
from domain.private import Private
from domain.run import Counts, Outcome


class Verdict(StrEnum):
    """What became of a row; every row has exactly one."""

    REGISTERED = "registered"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"
    SKIPPED = "skipped"


class Change(Private, frozen=True):
    """What happens to one employee: the events, and the state before and after them."""

    before: Employee | None
    after: Employee
    events: tuple[Recorded, ...]
    digest: bytes | None
    """Recognises the row that led here, if it may be recognised at all."""


class Judgement(Private, frozen=True):
    """One row and what became of it."""

    file: str
    line: int
    email: str
    verdict: Verdict
    employee: Employee | None = None
    """Whom it means, as known before; `None` for the new, and where that is not known."""
    change: Change | None = None


class Plan(Private, frozen=True):
    """What an import would do. `repeated` counts rows recognised by their digest alone (they are
    unchanged), and `remembered` holds digests of rows that changed nothing, by employee.

    `concerns` are what the safeguard has against it (B1): while there are any, it is held."""

    judgements: tuple[Judgement, ...]
    repeated: int
    absent: int
    issues: tuple[Issue, ...]
    remembered: tuple[tuple[str, bytes], ...] = ()
    concerns: tuple[Issue, ...] = ()

    @property
    def changes(self) -> Iterator[Change]:
        """Every employee's change, in the order of rows."""
        return (each.change for each in self.judgements if each.change is not None)

    @property
    def counts(self) -> Counts:
        """What the run would count."""
        verdicts = Counter(judgement.verdict for judgement in self.judgements)
        verdicts[Verdict.UNCHANGED] += self.repeated
        return Counts(
            rows=len(self.judgements) + self.repeated,
            absent=self.absent,
            events=sum(len(change.events) for change in self.changes),
            **{verdict.value: verdicts[verdict] for verdict in Verdict},
        )

    @property
    def outcome(self) -> Outcome:
        """How the run would end."""
        if self.concerns:
            return Outcome.HELD
        applied = any(True for _ in self.changes)
        return Outcome.APPLIED if applied else Outcome.UNCHANGED


class ClockPlan(Private, frozen=True):
    """What a clock run would do to one company."""

    changes: tuple[Change, ...]

    @property
    def counts(self) -> Counts:
        """What the run would count."""
        return _transitions(self.changes)


class SupportPlan(Private, frozen=True):
    """What a support action would do: one change at most, and what is to be said of it."""

    changes: tuple[Change, ...]
    issues: tuple[Issue, ...] = ()

    @property
    def counts(self) -> Counts:
        """What the run would count."""
        return _transitions(self.changes)

    @property
    def outcome(self) -> Outcome:
        """How the run would end."""
        return Outcome.APPLIED if self.changes else Outcome.UNCHANGED


def _transitions(changes: Iterable[Change]) -> Counts:
    kinds = Counter(type(recorded.event) for change in changes for recorded in change.events)
    return Counts(
        activated=kinds[Activated],
        deactivated=kinds[Deactivated],
        events=kinds.total(),
    )


class Moment(Private, frozen=True):
    """When, and in which run, something is decided."""

    run: UUID
    now: datetime


def change_of(
    employee: Employee | None,
    new_id: UUID,
    events: Iterable[tuple[datetime, EmployeeEvent]],
    moment: Moment,
    *,
    file: str | None = None,
    line: int | None = None,
    digest: bytes | None = None,
) -> Change | None:
    """The change that `events`, each with the moment it was due, make; `None` without any.

    An event takes effect when it was due, but never before the one it follows (C1).
    """
    before = employee
    recorded: list[Recorded] = []
    for due, event in events:
        if employee is None:
            stream, version, effective = new_id, 1, due
        else:
            stream, version = employee.id, employee.version + 1
            effective = max(due, employee.effective)
        one = Recorded(stream, version, event, moment.run, effective, moment.now, file, line)
        recorded.append(one)
        employee = evolve(employee, one)
    if employee is None or not recorded:
        return None
    return Change(before, employee, tuple(recorded), digest)
