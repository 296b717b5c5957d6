"""Which employees each run changed, and not a word of what.

Employees that a run registered need no row: their ids follow from the run's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias
from uuid import UUID

from domain.employee.change import Change
from domain.ids import registered_in
from projections.tables import Table, text

TABLE = Table("touched", columns=(text("run"), text("employee")), key=("run", "employee"))

EVERY = "SELECT run, employee FROM touched ORDER BY run, employee"

RunChangeRow: TypeAlias = tuple[str, str]


def rows(run: UUID, changes: Iterable[Change]) -> Iterator[RunChangeRow]:
    """The rows of a run: everyone known before whom it changed."""
    for change in changes:
        if change.before is not None:
            yield run.hex, change.after.id.hex


def rows_of_events(employee: UUID, runs: Iterable[UUID]) -> Iterator[RunChangeRow]:
    """The rows of an employee whose events happened in `runs`, in any order."""
    for run in set(runs):
        if not registered_in(run, employee):
            yield run.hex, employee.hex
