"""Finds the one value that a column of dates has in most rows: it may mean that there is no date.

An HR system may write `9999-12-31`, or a date long ago, where a person has no such date. The
company can say so with the setting `no_date` (W10).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from msgspec.structs import replace

from domain.delivery.plan import Plan
from domain.delivery.row import Row
from domain.issues.issue import Issue, make_issue

_Seen: TypeAlias = tuple[str | None, str | None]
"""A field and a value."""

MIN_ROWS = 2
"""The value of a single row says nothing about its column."""


def with_no_date_hints(rows: Sequence[Row], total: int) -> Sequence[Row]:
    """Returns rejected rows of a file; `bad-date` names the setting for the value of most rows.

    `total` is the number of all rows of the file (W10).
    """
    usual = _usual(_bad_dates(issue for row in rows for issue in row.issues), total)
    return [_hinted(row, usual) for row in rows] if usual else rows


def no_date_hint(plan: Plan) -> str:
    """Returns a clause for a concern, or an empty text (W10).

    The clause names a date that most rows have, because it may mean that there is no date.
    """
    leaving = [
        str(change.after.offboarding_date)
        for change in plan.changes
        if change.after.offboarding_date is not None
    ]
    left = [str(issue.value) for issue in plan.issues if issue.code == "already-left"]
    seen = [*_bad_dates(plan.issues), *(("offboarding_date", day) for day in leaving + left)]
    for field, value in _usual(seen, plan.counts.rows)[:1]:
        words = str(field).replace("_", " ")
        return (
            f", and if {value}, the {words} of most rows, means that there is no date, "
            "have it added to the company's setting no_date"
        )
    return ""


def _bad_dates(issues: Iterable[Issue]) -> Iterator[_Seen]:
    return ((issue.field, issue.value) for issue in issues if issue.code == "bad-date")


def _usual(seen: Iterable[_Seen], total: int) -> list[_Seen]:
    """Returns what more than half of all rows have."""
    counts = Counter(seen)
    return [each for each, count in counts.items() if count >= MIN_ROWS and 2 * count > total]


def _hinted(row: Row, usual: Sequence[_Seen]) -> Row:
    """Returns a row whose `bad-date` names the setting for a usual value."""
    issues = [_with_hint(each) if _is_usual(each, usual) else each for each in row.issues]
    return replace(row, issues=tuple(issues))


def _is_usual(issue: Issue, usual: Sequence[_Seen]) -> bool:
    return any(seen in usual for seen in _bad_dates([issue]))


def _with_hint(issue: Issue) -> Issue:
    hint = f", or have {issue.value} added to the company's setting no_date if it means no date"
    made = make_issue("bad-date", issue.field, issue.value, no_date=hint)
    return replace(issue, message=made.message)
