"""The safeguard: it holds a delivery that would do far more than an ordinary day's (B1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from domain.company import Policy
from domain.delivery.examples import examples_of
from domain.delivery.facts import NOTHING_TO_COMPARE, Comparison, Figure
from domain.delivery.measures import MEASURES, Measured, measured
from domain.delivery.no_date import no_date_hint
from domain.delivery.plan import Plan
from domain.employee.roster import Headcount
from domain.issues.issue import Issue, make_issue

DECISIVE_COLUMNS = frozenset({"external_id", "offboarding_date"})
"""The columns without which a delivery is held: people would get second accounts, or not leave."""
FEW_PEOPLE = 5
"""The number of employees who may lose a value's being said before a lost column holds."""

OLDER, CUT_OFF, LOST_COLUMNS = "older_delivery", "cut_off", "lost_columns"
"""The names of the figures that have no limit of their own (D10, D11, B1)."""


def guarded(plan: Plan, headcount: Headcount, comparison: Comparison, policy: Policy) -> Plan:
    """Returns the plan with the concerns of the safeguard, and with what was measured (B1)."""
    counted = list(measured(plan, headcount, comparison))
    figures = {each.measure.name: Figure(each.times, each.base) for each in counted}
    figures |= _other_figures(comparison)
    return replace(
        plan,
        concerns=tuple(_concerns(plan, counted, figures, comparison, policy)),
        file_issues=(*plan.file_issues, *_warnings(comparison, policy)),
        facts=replace(plan.facts, figures=figures),
    )


def rejection_concerns(plan: Plan, policy: Policy) -> tuple[Issue, ...]:
    """Returns an issue if more lines of a map are rejected than the limit allows (S12)."""
    counted = measured(plan, Headcount(0, 0, 0), NOTHING_TO_COMPARE)
    rejected = [each for each in counted if each.measure.name == "rejected_rows"]
    return tuple(_excesses(plan, rejected, NOTHING_TO_COMPARE, policy))


def held_by(figures: Mapping[str, Figure], policy: Policy) -> tuple[str, ...]:
    """Returns the names of the figures that hold a delivery under a policy."""
    names = []
    for measure in MEASURES:
        figure = figures.get(measure.name, Figure(0, 0))
        limit = measure.limit(policy, figure.base)
        if limit is not None and figure.count > limit:
            names.append(measure.name)
    if policy.lost_columns == "hold" and LOST_COLUMNS in figures:
        names.append(LOST_COLUMNS)
    return (*names, *(name for name in (OLDER, CUT_OFF) if name in figures))


def _other_figures(comparison: Comparison) -> Mapping[str, Figure]:
    """Returns the figures that do not count rows of the delivery."""
    figures = {}
    lost = [count for field, count in comparison.concerned.items() if _is_decisive(field, count)]
    if lost:
        figures[LOST_COLUMNS] = Figure(max(lost), 0)
    last = comparison.last
    if last is None or comparison.facts.named:
        return figures
    if comparison.newest is not None and comparison.newest < last.newest:
        figures[OLDER] = Figure(1, 0)
    if comparison.is_cut_off:
        figures[CUT_OFF] = Figure(1, 0)
    return figures


def _concerns(
    plan: Plan,
    counted: list[Measured],
    figures: Mapping[str, Figure],
    comparison: Comparison,
    policy: Policy,
) -> Iterator[Issue]:
    """Yields one issue for each limit that a plan exceeds; usually there is none."""
    yield from _excesses(plan, counted, comparison, policy)
    for field, count in comparison.concerned.items():
        if _holds(field, count, policy):
            yield _lost(field, count, " before the run is approved")
    if OLDER in figures and comparison.newest and comparison.last:
        moments = comparison.newest, comparison.last.newest
        newest, last = (f"{each:%Y-%m-%d %H:%M}" for each in moments)
        yield make_issue("older-delivery", newest=newest, last=last)
    if CUT_OFF in figures:
        yield make_issue("cut-off")


def _excesses(
    plan: Plan, counted: list[Measured], comparison: Comparison, policy: Policy
) -> Iterator[Issue]:
    for each in counted:
        limit = each.measure.limit(policy, each.base)
        if limit is not None and each.times > limit:
            yield make_issue(
                each.measure.code,
                count=each.times,
                base=each.base,
                limit=limit,
                lately=_lately(each, comparison),
                examples=examples_of(each),
                no_date=no_date_hint(plan),
            )


def _lately(measured: Measured, comparison: Comparison) -> str:
    """Returns a clause if employees count whom earlier deliveries changed."""
    own = len(measured.results)
    if measured.times <= own or comparison.since is None:
        return ""
    since = f"{comparison.since:%Y-%m-%d}"
    return f" ({own} of them by this delivery, the others by deliveries since {since})"


def _warnings(comparison: Comparison, policy: Policy) -> Iterator[Issue]:
    """Yields the issues that do not hold the delivery (B1, D10)."""
    for field, count in comparison.concerned.items():
        if count and not _holds(field, count, policy):
            yield _lost(field, count, "")
    if comparison.repeated and not comparison.facts.named:
        yield make_issue("repeated-delivery")


def _holds(field: str, count: int, policy: Policy) -> bool:
    return policy.lost_columns == "hold" and _is_decisive(field, count)


def _is_decisive(field: str, count: int) -> bool:
    return field in DECISIVE_COLUMNS and count > FEW_PEOPLE


def _lost(field: str, count: int, approved: str) -> Issue:
    return make_issue("column-lost", field, count=count, approved=approved)
