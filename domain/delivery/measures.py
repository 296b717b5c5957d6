"""What the safeguard measures: one table, with the floor and the base of each measure (B1)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from domain.company import Policy, Threshold
from domain.delivery.facts import Comparison
from domain.delivery.plan import Plan, RowOutcome, RowResult
from domain.employee.change import Change
from domain.employee.events import (
    DetailsChanged,
    EmailChanged,
    EmployeeEvent,
    OffboardingCancelled,
    OffboardingMoved,
    OffboardingScheduled,
    Registered,
)
from domain.employee.roster import Headcount
from domain.fields.details import DETAIL_NAMES
from domain.issues.identity import issue_key
from domain.issues.issue import Issue

_IDENTITY = ("first_name", "last_name", "birthday")


class _Sizes(NamedTuple):
    """The numbers of which shares are taken: of employees, and of rows."""

    headcount: Headcount
    rows: int
    last_rows: int


class Measure(NamedTuple):
    """One measure of the safeguard.

    Its limit is the setting `max_` and `name`. A limit that is a share is taken of `base`, and
    allows at least `floor`. A measure with `window` counts the people of the last days, too.
    """

    name: str
    code: str
    floor: int
    base: Callable[[_Sizes], int]
    window: bool = True

    @property
    def setting(self) -> str:
        """Returns the name of the setting that has the limit."""
        return f"max_{self.name}"

    def limit(self, policy: Policy, base: int) -> int | None:
        """Returns the greatest number that does not hold a delivery, or `None` for no limit."""
        threshold: Threshold = getattr(policy, self.setting)
        if threshold == 0:
            return None
        if isinstance(threshold, int):
            return threshold
        return max(self.floor, base * int(threshold.removesuffix("%")) // 100)


def _active(sizes: _Sizes) -> int:
    return sizes.headcount.active


def _rows(sizes: _Sizes) -> int:
    return sizes.rows


MEASURES = (
    Measure("offboardings", "many-offboardings", 5, _active),
    Measure("cancellations", "many-cancellations", 5, _active),
    Measure("email_changes", "many-email-changes", 5, _active),
    Measure("identity_changes", "many-identity-changes", 5, _active),
    Measure("cleared_values", "many-values-cleared", 5, lambda sizes: sizes.headcount.employed),
    Measure("registrations", "many-registrations", 50, lambda sizes: sizes.headcount.known),
    Measure("second_accounts", "many-second-accounts", 5, _active),
    Measure("rejected_rows", "many-rejected-rows", 5, _rows, window=False),
    Measure("already_left", "many-already-left", 5, _rows, window=False),
    Measure("shrinkage", "shrunken-delivery", 10, lambda sizes: sizes.last_rows, window=False),
)
"""All measures, in the order in which a run shows their issues."""


class Measured(NamedTuple):
    """What a measure counted: the rows of the delivery, and all that counts with them."""

    measure: Measure
    results: Sequence[RowResult]
    times: int
    base: int


def measured(plan: Plan, headcount: Headcount, comparison: Comparison) -> Iterator[Measured]:
    """Yields each measure that counted anything in a plan.

    Employees whom the changes of the last days concern count with those of the plan, each once, if
    the plan concerns anybody.
    """
    found = _results_by_measure(plan, headcount, comparison.open_issues)
    rows, last = plan.counts.rows, comparison.measured
    sizes = _Sizes(headcount, rows, last.rows if last else 0)
    for measure in MEASURES:
        results = found.get(measure.name, ())
        count = max(sizes.last_rows - rows, 0) if measure.name == "shrinkage" else len(results)
        if results and measure.window:
            people = {each.change.after.id.hex for each in results if each.change}
            count = len(people | comparison.recent.get(measure.name, frozenset()))
        if count:
            yield Measured(measure, results, count, measure.base(sizes))


def _results_by_measure(
    plan: Plan, headcount: Headcount, known: frozenset[str]
) -> Mapping[str, Sequence[RowResult]]:
    found: defaultdict[str, list[RowResult]] = defaultdict(list)
    for result in (*plan.results, *plan.absentees):
        if result.change is not None:
            for name in measures_of(result.change, first=not headcount.known):
                found[name].append(result)
        elif result.outcome is RowOutcome.REJECTED:
            if _has_new(known, (issue for issue in result.issues if issue.rejects)):
                found["rejected_rows"].append(result)
        elif result.outcome is RowOutcome.SKIPPED and _has_new(known, _departures(result)):
            found["already_left"].append(result)
    return found


def _departures(result: RowResult) -> Iterator[Issue]:
    return (issue for issue in result.issues if issue.code == "already-left")


def _has_new(known: frozenset[str], issues: Iterable[Issue]) -> bool:
    return any(
        not known or not _names_somebody(issue) or issue_key(issue) not in known for issue in issues
    )


def _names_somebody(issue: Issue) -> bool:
    """Returns whether an issue tells its row from other rows with the same fault."""
    return issue.external_id is not None or "@" in (issue.email or "")


def measures_of(change: Change, *, first: bool) -> set[str]:
    """Returns the names of the measures that count the employee of a change.

    `first` is true if the company had no employees before: nobody is new there.
    """
    if change.before is None:
        registered = change.events[0].event
        names = set() if first else {"registrations"}
        if isinstance(registered, Registered) and registered.second_account:
            names.add("second_accounts")
        return names
    return {name for recorded in change.events for name in _measures_of(recorded.event, change)}


def _measures_of(event: EmployeeEvent, change: Change) -> Iterator[str]:
    known = change.before
    match event:
        case OffboardingScheduled():
            yield "offboardings"
        case OffboardingMoved(offboarding_date=day):
            if known and known.offboarding_date and day < known.offboarding_date:
                yield "offboardings"
        case OffboardingCancelled():
            yield "cancellations"
        case EmailChanged():
            yield "email_changes"
        case DetailsChanged():
            if any(True for _ in changed_identity(change)):
                yield "identity_changes"
            if any(True for _ in cleared_fields(change)):
                yield "cleared_values"
        case _:
            pass


def changed_identity(change: Change) -> Iterator[str]:
    """Yields the fields of names and birthday whose known value became another value.

    A birthday that was not known before says nothing against the person.
    """
    if change.before is None:
        return
    for field in _IDENTITY:
        known, now = getattr(change.before.details, field), getattr(change.after.details, field)
        if known and now and known != now:
            yield field


def cleared_fields(change: Change) -> Iterator[str]:
    """Yields the fields of details that have no value any more."""
    if change.before is None:
        return
    known, after = change.before.details, change.after.details
    yield from (name for name in DETAIL_NAMES if getattr(known, name) and not getattr(after, name))
    yield from (name for name in known.custom if name not in after.custom)
