"""The employees that files changed lately, by measure: mistakes come in portions (B1)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from domain.company_runs.comparing import window_start
from domain.company_runs.events import RunEnded, RunKind
from domain.company_runs.state import CompanyState
from domain.delivery.measures import measures_of
from domain.employee.change import Change
from projections.tables import Operation, Table, Write


class RecentRow(NamedTuple):
    """The row of an employee that a file changed in the sense of a measure, last at `at`.

    `at` is a moment in ISO 8601, with microseconds, so that texts compare as moments do. Rows that
    are too old to count are deleted by a later run.
    """

    company: str
    measure: str
    employee: str
    at: str


TABLE = Table("recent", RecentRow, key=("company", "measure", "employee"))


def moment(at: datetime) -> str:
    """Returns a moment as a row holds it."""
    return at.isoformat(timespec="microseconds")


def rows(company: str, changes: Iterable[Change], *, first: bool) -> Iterator[RecentRow]:
    """Yields the rows of the changes of an import.

    `first` is true if the company had no employees before.
    """
    for change in changes:
        for measure in sorted(measures_of(change, first=first)):
            at = moment(change.events[-1].recorded)
            yield RecentRow(company, measure, change.after.id.hex, at)


def writes(
    before: CompanyState, after: CompanyState, ended: RunEnded, changes: Iterable[Change]
) -> Iterator[Write]:
    """Yields the writes of a run that ended. Only a run that a measure counts has any.

    An approval answers for everything before it, so it deletes all rows (B1).
    """
    if after.approved_at != before.approved_at:
        yield _deletion(after, ended)
    elif ended.run_kind is RunKind.IMPORT:
        new = list(rows(ended.company, changes, first=not before.changed))
        if new:
            yield _deletion(after, ended)
            yield Write(Operation.UPSERT, TABLE, new)


def _deletion(state: CompanyState, ended: RunEnded) -> Write:
    """Deletes the rows that do not count any more."""
    start = window_start(state.approved_at, ended.finished)
    return Write(Operation.DELETE_UP_TO, TABLE, [(ended.company, moment(start))], ("company", "at"))


def people(found: Iterable[tuple[str, str]]) -> Mapping[str, frozenset[str]]:
    """Returns the ids of employees by measure, from pairs of a measure and an employee."""
    by_measure: defaultdict[str, set[str]] = defaultdict(set)
    for measure, employee in found:
        by_measure[measure].add(employee)
    return {measure: frozenset(employees) for measure, employees in by_measure.items()}
