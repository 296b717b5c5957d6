"""The safeguard: what stops a delivery that would do more than any day's (B1)."""

from __future__ import annotations

from collections.abc import Iterator

from domain.company import Policy, Threshold
from domain.events import EmailChanged, OffboardingMoved, OffboardingScheduled
from domain.issues import Issue, finding
from domain.plan import Change, Plan
from domain.roster import Roster

FEW = 5
"""So many offboardings, changed addresses or rejected rows are no mistake, in however small a
company; of registrations it is `FEW_NEW`."""
FEW_NEW = 50


def concerns(plan: Plan, roster: Roster, policy: Policy) -> tuple[Issue, ...]:
    """What the safeguard has against applying `plan` to a company of `roster`; mostly nothing."""
    return tuple(_concerns(plan, roster, policy))


def _concerns(plan: Plan, roster: Roster, policy: Policy) -> Iterator[Issue]:
    known = [change for change in plan.changes if change.before is not None]
    if known:
        here = roster.census.able
        sooner = sum(map(_leaves_sooner, known))
        moved = sum(map(_is_readdressed, known))
        yield from _over("many-offboardings", sooner, here, policy.max_offboardings, FEW)
        yield from _over("many-email-changes", moved, here, policy.max_email_changes, FEW)
    counts = plan.counts
    there = roster.census.known
    if there:
        new = counts.registered
        yield from _over("many-registrations", new, there, policy.max_registrations, FEW_NEW)
    rejected = counts.rejected
    yield from _over("many-rejected-rows", rejected, counts.rows, policy.max_rejected_rows, FEW)


def _over(code: str, count: int, base: int, threshold: Threshold, floor: int) -> Iterator[Issue]:
    """That `count` of `base` is more than the threshold allows; a share never allows less than
    `floor`."""
    if threshold == 0:  # switched off
        return
    if isinstance(threshold, int):
        limit = threshold
    else:
        limit = max(floor, base * int(threshold.removesuffix("%")) // 100)
    if count > limit:
        yield finding(code, count=count, base=base, limit=limit).at()


def _leaves_sooner(change: Change) -> bool:
    """Whether somebody known gets a last day, or an earlier one."""
    known = change.before.offboarding_date if change.before else None
    for recorded in change.events:
        match recorded.event:
            case OffboardingScheduled():
                return True
            case OffboardingMoved(offboarding_date=day):
                return known is not None and day < known
    return False


def _is_readdressed(change: Change) -> bool:
    return any(isinstance(recorded.event, EmailChanged) for recorded in change.events)
