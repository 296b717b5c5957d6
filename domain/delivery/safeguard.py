"""The safeguard: it holds a delivery that would do far more than an ordinary day's (B1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from domain.company import Policy, Threshold
from domain.delivery.no_date import no_date_hint
from domain.delivery.plan import Plan
from domain.employee.change import Change
from domain.employee.events import EmailChanged, OffboardingMoved, OffboardingScheduled
from domain.employee.roster import Headcount
from domain.issues.issue import Issue, make_issue

MIN_THRESHOLD = 5
"""A share allows at least this number of offboardings, changed addresses or rejected rows, even in
a very small company."""
MIN_REGISTRATIONS = 50
"""A share allows at least this number of registrations."""


class _Excess(NamedTuple):
    """What a plan does more often than the limit allows; a share was taken of `base`."""

    code: str
    times: int
    base: int
    limit: int


def concerns(plan: Plan, headcount: Headcount, policy: Policy) -> tuple[Issue, ...]:
    """Returns one issue for each limit that `plan` exceeds; usually there is none."""
    excesses = list(_excesses(plan, headcount, policy))
    hint = no_date_hint(plan) if excesses else ""
    return _issues(excesses, hint)


def _issues(excesses: Iterable[_Excess], no_date: str) -> tuple[Issue, ...]:
    return tuple(
        make_issue(each.code, count=each.times, base=each.base, limit=each.limit, no_date=no_date)
        for each in excesses
    )


def _excesses(plan: Plan, headcount: Headcount, policy: Policy) -> Iterator[_Excess]:
    known = [change for change in plan.changes if change.before is not None]
    if known:
        here = headcount.active
        sooner = sum(map(_leaves_sooner, known))
        moved = sum(map(_is_readdressed, known))
        yield from _over("many-offboardings", sooner, here, policy.max_offboardings, MIN_THRESHOLD)
        yield from _over("many-email-changes", moved, here, policy.max_email_changes, MIN_THRESHOLD)
    counts = plan.counts
    there = headcount.known
    if there:
        new = counts.registered
        yield from _over(
            "many-registrations", new, there, policy.max_registrations, MIN_REGISTRATIONS
        )
    yield from _rejections(plan, policy)


def rejection_concerns(plan: Plan, policy: Policy) -> tuple[Issue, ...]:
    """Returns an issue if more rows of `plan` are rejected than the limit allows."""
    return _issues(_rejections(plan, policy), "")


def _rejections(plan: Plan, policy: Policy) -> Iterator[_Excess]:
    counts, limit = plan.counts, policy.max_rejected_rows
    yield from _over("many-rejected-rows", counts.rejected, counts.rows, limit, MIN_THRESHOLD)


def _over(code: str, count: int, base: int, threshold: Threshold, floor: int) -> Iterator[_Excess]:
    """Yields `count` if it is more than the threshold allows.

    A threshold that is a share is taken of `base`, and allows at least `floor`.
    """
    if threshold == 0:  # switched off
        return
    if isinstance(threshold, int):
        limit = threshold
    else:
        limit = max(floor, base * int(threshold.removesuffix("%")) // 100)
    if count > limit:
        yield _Excess(code, count, base, limit)


def _leaves_sooner(change: Change) -> bool:
    """Returns whether a known employee gets a last day, or an earlier last day."""
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
