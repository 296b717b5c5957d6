"""The index of `audit`: which employees each run changed, but not what it changed.

Employees that a run registered need no row: their ids follow from the run's id.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple
from uuid import UUID

from domain.employee.change import Change
from domain.ids import registered_in
from projections.tables import Table


class RunChangeRow(NamedTuple):
    """The row of one employee that a run changed."""

    run: str
    employee: str


TABLE = Table("touched", RunChangeRow, key=("run", "employee"))


def rows(run: UUID, changes: Iterable[Change]) -> Iterator[RunChangeRow]:
    """Yields the rows of a run: one for each employee that it changed but did not register."""
    for change in changes:
        if change.before is not None:
            yield RunChangeRow(run.hex, change.after.id.hex)


def rows_of_events(employee: UUID, runs: Iterable[UUID]) -> Iterator[RunChangeRow]:
    """Yields the rows of an employee from the `runs` of the employee's events, in any order."""
    for run in set(runs):
        if not registered_in(run, employee):
            yield RunChangeRow(run.hex, employee.hex)
