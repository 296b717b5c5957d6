"""What support can do for an employee (S1-S11): a command causes events, or is rejected.

A file that repeats its values does not undo what support did (L8). The events here name no line of
a file, so folding them does not change the values that the file last had.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_never
from uuid import UUID

from domain.context import DecisionContext
from domain.employee.aggregate import Employee
from domain.employee.change import Change, change_of, joined, transitions
from domain.employee.commands import (
    CancelOffboarding,
    ChangeEmail,
    Command,
    Correct,
    Deactivate,
    Link,
    Merge,
    MoveOnboarding,
    Offboard,
    Reactivate,
    Rehire,
    Release,
    Relink,
)
from domain.employee.decisions import overdue
from domain.employee.events import EmployeeEvent, OffboardingMoved, OffboardingScheduled
from domain.employee.rejection import CommandRejected, RequestsRejected
from domain.employee.roster import Roster
from domain.employee.support_correct import correct
from domain.employee.support_identity import change_email, link, merge, release, relink
from domain.employee.support_lifecycle import (
    cancel_offboarding,
    deactivate,
    move_onboarding,
    offboard,
    reactivate,
    rehire,
)
from domain.issues.issue import Issue
from domain.outcome import Counts, Outcome
from domain.privacy import Redacted


class Request(Redacted, frozen=True):
    """A command, and the id of the employee that it is for."""

    employee: UUID
    command: Command


class SupportPlan(Redacted, frozen=True):
    """Everything that support commands would do: the changes, and the issues about them."""

    changes: tuple[Change, ...]
    issues: tuple[Issue, ...] = ()

    @property
    def counts(self) -> Counts:
        """Returns the counts that the run would have."""
        return transitions(self.changes)

    @property
    def outcome(self) -> Outcome:
        """Returns the outcome that the run would have."""
        return Outcome.APPLIED if self.changes else Outcome.UNCHANGED


def plan_support(
    command: Command, employee: Employee, roster: Roster, context: DecisionContext
) -> SupportPlan:
    """Returns what a support command would change.

    `roster` needs to hold only the owners of the command's `lookup_keys`. Nothing changes if the
    result of the command is already there. Raises `CommandRejected` if the command cannot be
    carried out.
    """
    events = list(_decide(command, employee, roster, context))
    changes = [_change(employee, events, context)]
    if isinstance(command, Merge) and events:
        changes.append(_change(_employee(command.other, roster), events, context))
    now = context.moment.now
    issues = tuple(
        issue
        for event in events
        if isinstance(event, OffboardingScheduled | OffboardingMoved)
        for issue in overdue(event.offboarding_date, context.schedule, now, employee.email)
    )
    return SupportPlan(tuple(change for change in changes if change is not None), issues)


def plan_requests(
    requests: Sequence[Request], roster: Roster, context: DecisionContext
) -> SupportPlan:
    """Returns what several requests would change together: all of them, or none (S13).

    Each request is decided over what the earlier requests leave. `roster` needs to hold the
    employees of all requests, and the owners of the `lookup_keys` of their commands. Raises
    `RequestsRejected` if a request cannot be carried out.
    """
    changes: dict[UUID, Change] = {}
    issues: list[Issue] = []
    rejected: dict[int, CommandRejected] = {}
    for number, request in enumerate(requests):
        try:
            employee = _employee(request.employee, roster)
            plan = plan_support(request.command, employee, roster, context)
        except CommandRejected as rejection:
            rejected[number] = rejection
            continue
        for change in plan.changes:
            earlier = changes.get(change.after.id)
            changes[change.after.id] = change if earlier is None else joined(earlier, change)
        issues += plan.issues
        roster = roster.after(change.after for change in plan.changes)
    if rejected:
        raise RequestsRejected(rejected)
    return SupportPlan(tuple(changes.values()), tuple(issues))


def _change(
    employee: Employee, events: list[EmployeeEvent], context: DecisionContext
) -> Change | None:
    now = context.moment.now
    return change_of(employee, employee.id, ((now, event) for event in events), context.moment)


def _employee(employee: UUID, roster: Roster) -> Employee:
    """Returns another employee that a command names."""
    entry = roster.with_id(employee)
    if entry is None:
        raise LookupError(f"the roster lacks employee {employee}")
    return roster.employee(entry)


def _decide(
    command: Command, employee: Employee, roster: Roster, context: DecisionContext
) -> Iterator[EmployeeEvent]:
    if employee.merged_into is not None and not isinstance(command, Release | Deactivate | Merge):
        raise CommandRejected("is-merged", kept=employee.merged_into)
    match command:
        case ChangeEmail(email=email):
            return change_email(employee, email, roster, context)
        case Reactivate(offboarding_date=last_day):
            return reactivate(employee, last_day, context)
        case MoveOnboarding(onboarding_date=day):
            return move_onboarding(employee, day, context)
        case Offboard(offboarding_date=day):
            return offboard(employee, day)
        case CancelOffboarding():
            return cancel_offboarding(employee)
        case Deactivate():
            return deactivate(employee)
        case Link(external_id=external_id):
            return link(employee, external_id, roster, context)
        case _:
            return _decide_more(command, employee, roster, context)


def _decide_more(
    command: Correct | Rehire | Release | Relink | Merge,
    employee: Employee,
    roster: Roster,
    context: DecisionContext,
) -> Iterator[EmployeeEvent]:
    match command:
        case Correct(values=values):
            return correct(employee, values, context.company)
        case Rehire():
            return rehire(employee, command, roster, context)
        case Release():
            return release(employee)
        case Relink(external_id=external_id):
            return relink(employee, external_id, roster, context)
        case Merge(other=other):
            return merge(employee, _employee(other, roster))
        case _ as never:
            assert_never(never)
