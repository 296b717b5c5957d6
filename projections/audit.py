"""Questions across employees: whom each run changed, and not a word of what.

Those whom a run registered need no entry: their ids follow from the run's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from domain.ids import registered_in
from domain.plan import Change
from domain.private import Private
from domain.run import Outcome, RunEnded
from projections.history import HistoryEntry
from projections.tables import Table, text

TABLE = Table("touched", columns=(text("run"), text("employee")), key=("run", "employee"))

EVERY = "SELECT run, employee FROM touched ORDER BY run, employee"

TouchedRow: TypeAlias = tuple[str, str]


def step(run: UUID, changes: Iterable[Change]) -> Iterator[TouchedRow]:
    """The rows of a run: everyone known before whom it changed."""
    for change in changes:
        if change.before is not None:
            yield run.hex, change.after.id.hex


def step_events(employee: UUID, runs: Iterable[UUID]) -> Iterator[TouchedRow]:
    """The rows of an employee whose events happened in `runs`, in any order."""
    for run in set(runs):
        if not registered_in(run, employee):
            yield run.hex, employee.hex


class Question(Private, frozen=True):
    """Which events an auditor asks for; nothing given asks for all.

    By when they were recorded: from `since` on, and before `until`.
    """

    since: datetime | None = None
    until: datetime | None = None
    kinds: frozenset[str] = frozenset()
    run: UUID | None = None
    by: str | None = None

    def may_include(self, run: UUID, ended: RunEnded) -> bool:
        """Whether events of a run may be among them."""
        return (
            ended.counts.events > 0
            and ended.outcome is not Outcome.HELD
            and self.run in (None, run)
            and self.by in (None, ended.by)
            and (self.since is None or self.since <= ended.finished)
            and (self.until is None or ended.started < self.until)
        )

    def asks_for(self, entry: HistoryEntry) -> bool:
        """Whether an event of such a run is."""
        return (
            (not self.kinds or entry.kind in self.kinds)
            and (self.since is None or self.since <= entry.recorded)
            and (self.until is None or entry.recorded < self.until)
        )
