"""Applies a part of a held delivery: some kinds of change, or all but some people (B5)."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from msgspec.structs import replace

from domain.addresses import address_of
from domain.delivery.plan import Plan, RowOutcome, RowResult
from domain.employee.aggregate import Employee, value_of
from domain.employee.change import Change
from domain.employee.events import (
    DetailsChanged,
    EmailChanged,
    ExternalIdLinked,
    OffboardingCancelled,
    OffboardingMoved,
    OffboardingScheduled,
    Registered,
)
from domain.envelope import kind_of
from domain.fields.table import NAMES
from domain.issues.identity import issue_key
from domain.issues.issue import Issue, make_issue
from domain.privacy import Redacted

_KINDS = {
    event_type: kind_of(event_type)
    for event_type in (
        Registered,
        DetailsChanged,
        EmailChanged,
        ExternalIdLinked,
        OffboardingScheduled,
        OffboardingMoved,
        OffboardingCancelled,
    )
}
KINDS = tuple(_KINDS.values())
"""The kinds of change that a file makes. A new employee is of the kind `registered` alone."""

ACTIONS = ("onboard", "update", "offboard")
"""The actions of `preview` that change an employee. A change has exactly one of them."""


class Selection(Redacted, frozen=True):
    """A part of a delivery: the changes of the kinds `only`, and of nobody in `without`.

    `only` may also have actions. Without any, all changes are chosen. A person is named by an
    e-mail address, by an external id or by our id.
    """

    only: frozenset[str] = frozenset()
    without: tuple[str, ...] = ()

    def chooses(self, change: Change) -> bool:
        """Returns whether all of a change is chosen: no row is applied in part."""
        excluded = any(_is_about(change, who) for who in self.without)
        if excluded or not self.only:
            return not excluded
        return action_of(change) in self.only or _kinds_of(change) <= self.only

    def unknown(self, plan: Plan) -> tuple[str, ...]:
        """Returns the people in `without` whom no change of a plan is about."""
        changes = list(plan.changes)
        return tuple(
            who for who in self.without if not any(_is_about(each, who) for each in changes)
        )


EVERYTHING = Selection()


def action_of(change: Change) -> str:
    """Returns the action of a change. One that sets or moves the last day is `offboard`."""
    if change.before is None:
        return "onboard"
    leaves = (OffboardingScheduled, OffboardingMoved)
    offboards = any(isinstance(recorded.event, leaves) for recorded in change.events)
    return "offboard" if offboards else "update"


def leave_out(plan: Plan, selection: Selection, known: Collection[str]) -> Plan:
    """Returns the plan without the changes that are not chosen.

    A change that was left out of an earlier delivery is left out again, as long as the file says
    the same: `known` has the keys of its issue. A change that needs the address of an employee
    whose change is left out is left out, too.
    """
    out = {
        each.position
        for each in plan.results
        if each.change is not None
        and (
            not selection.chooses(each.change)
            or (known and issue_key(_issue(each, each.change)) in known)
        )
    }
    if not out:
        return plan
    changes = {each.position: each.change for each in plan.results if each.change is not None}
    while more := _without_address(changes, out):
        out |= more
    results = (_left_out(each) if each.position in out else each for each in plan.results)
    return replace(plan, results=tuple(results))


def _without_address(changes: dict[int, Change], out: Collection[int]) -> set[int]:
    """Returns the positions of changes that need an address which stays with somebody else."""
    kept = {address for position in out for address in _freed(changes[position])}
    others = ((position, change) for position, change in changes.items() if position not in out)
    return {position for position, change in others if not kept.isdisjoint(_taken(change))}


def _freed(change: Change) -> frozenset[str]:
    return _addresses(change.before) - _addresses(change.after)


def _taken(change: Change) -> frozenset[str]:
    return _addresses(change.after) - _addresses(change.before)


def _addresses(employee: Employee | None) -> frozenset[str]:
    return frozenset() if employee is None else employee.addresses


def _kinds_of(change: Change) -> frozenset[str]:
    if change.before is None:
        return frozenset({_KINDS[Registered]})
    types = {type(recorded.event) for recorded in change.events}
    return frozenset(kind for event_type, kind in _KINDS.items() if event_type in types)


def _is_about(change: Change, who: str) -> bool:
    states = [state for state in (change.before, change.after) if state is not None]
    ids = {value for each in states for value in (str(each.id), each.id.hex, each.external_id)}
    return who in ids or any(address_of(who) in each.addresses for each in states)


def _left_out(result: RowResult) -> RowResult:
    """Returns the result of a row that is left out. It keeps what each delivery says again."""
    if result.change is None:
        return result
    issues = (*(each for each in result.issues if each.lasting), _issue(result, result.change))
    return replace(result, outcome=RowOutcome.SKIPPED, issues=issues, change=None, new_digest=None)


def _issue(result: RowResult, change: Change) -> Issue:
    """Returns the issue of a change that is left out. Its value tells one change from another."""
    value = ", ".join(_values(change)) if change.before else _KINDS[Registered]
    issue = make_issue("left-out", value=value or None)
    return issue.at(result.file, result.line, result.email)


def _values(change: Change) -> Iterator[str]:
    """Yields the fields that a change of a known employee gives another value, with this value."""
    before, after = change.before or change.after, change.after
    for name in NAMES:
        if value_of(before, name) != value_of(after, name):
            yield f"{name} {value_of(after, name) or ''}".rstrip()
    known, custom = before.details.custom, after.details.custom
    for name in sorted({*known, *custom}):
        if known.get(name) != custom.get(name):
            yield f"{name} {custom.get(name, '')}".rstrip()
