"""Decides about employees whom the last deliveries lack, as the policy says (Q4)."""

from __future__ import annotations

from msgspec.structs import replace

from domain.company import Policy
from domain.context import DecisionContext
from domain.delivery.facts import Absentee, Comparison
from domain.delivery.measures import MEASURES
from domain.delivery.plan import Plan, RowOutcome, RowResult
from domain.delivery.selection import Selection
from domain.employee.advice import support_command
from domain.employee.by_absence import ByAbsence
from domain.employee.change import Change, change_of
from domain.employee.events import OffboardingScheduled
from domain.issues.identity import issue_key
from domain.issues.issue import Issue, make_issue


def with_absentees(
    plan: Plan,
    comparison: Comparison,
    context: DecisionContext,
    selection: Selection,
    file: str,
) -> Plan:
    """Returns the plan with what is decided about the absentees: told, or given a last day (Q4).

    Nothing is decided about an employee who has a last day already. `file` is the newest file of
    the delivery.
    """
    due = [
        each
        for each in comparison.absentees
        if each.employee.id.hex in plan.absent and each.employee.offboarding_date is None
    ]
    if not due:
        return plan
    offboards = context.company.policy.absent == "offboard" and _is_trusted(
        plan, comparison, context.company.policy
    )
    results = []
    for each in due:
        change = _change(each, context, file) if offboards else None
        left_out = change is not None and not _is_chosen(change, selection, comparison)
        results.append(_result(each, None if left_out else change, context, left_out=left_out))
    return replace(plan, absentees=tuple(results))


def _is_trusted(plan: Plan, comparison: Comparison, policy: Policy) -> bool:
    """Returns whether a delivery is whole, so that somebody who is missing there may leave.

    A delivery that is shrunken, cut off or partly rejected is not, even if it is approved.
    """
    last, counts = comparison.last, plan.counts
    if last is None or counts.rejected or comparison.is_cut_off:
        return False
    shrinkage = next(measure for measure in MEASURES if measure.name == "shrinkage")
    limit = shrinkage.limit(policy, last.rows)
    return limit is None or last.rows - counts.rows <= limit


def _change(absentee: Absentee, context: DecisionContext, file: str) -> Change | None:
    """Returns the change that gives an absentee a last day, on the day of the delivery.

    Returns `None` if support decided otherwise about an earlier absence: support's word stands
    until the file has the employee again (L8).
    """
    employee, moment = absentee.employee, context.moment
    if employee.by_absence is ByAbsence.OVERRULED:
        return None
    event = OffboardingScheduled(context.today, by_absence=True)
    # Without a digest, the row is read when it comes back, also if it is the same as before.
    return change_of(employee, employee.id, [(moment.now, event)], moment, file=file)


def _is_chosen(change: Change, selection: Selection, comparison: Comparison) -> bool:
    left_out = issue_key(_left_out(change.after.email))
    return selection.chooses(change) and left_out not in comparison.open_issues


def _result(
    absentee: Absentee, change: Change | None, context: DecisionContext, *, left_out: bool
) -> RowResult:
    employee, since = absentee.employee, f"{absentee.since:%Y-%m-%d}"
    email, day = employee.email, context.today
    if change is not None:
        issues = [make_issue("absent-offboarded", email=email, since=since, day=day)]
    else:
        command = support_command("offboard", employee, context, since)
        issues = [make_issue("absent-employee", email=email, since=since, command=command)]
    if left_out:
        issues.append(_left_out(email))
    outcome = RowOutcome.UNCHANGED if change is None else RowOutcome.CHANGED
    return RowResult("", 0, 0, email, outcome, tuple(issues), employee, change)


def _left_out(email: str) -> Issue:
    """Returns the issue of a last day that was left out of an approved delivery (B5)."""
    return make_issue("left-out", value="absent", email=email)
