"""A run that is only shown: what would happen, and nothing is stored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from domain.company_runs.events import RunRecord
from domain.employee.change import Change
from domain.issues.issue import Issue
from projections.answers.foreseen import ForeseenEvent, foreseen_event
from projections.answers.history import Happening, happenings
from projections.runs import RunDocument, document, said_issues


class PlannedRunDocument(RunDocument, frozen=True):
    """The run that a command would make, with its events."""

    events: tuple[ForeseenEvent, ...]


class PlannedRun(NamedTuple):
    """The run that a command would make: its document, and what would happen to people."""

    document: PlannedRunDocument
    happenings: tuple[Happening, ...]


def planned_run(
    record: RunRecord, changes: Iterable[Change], issues: Sequence[Issue] = ()
) -> PlannedRun:
    """Returns the run of a plan that is not stored."""
    runs = {record.run: record.ended}
    found = tuple(
        happening for each in changes for happening in happenings(each.events, runs, each.before)
    )
    run = document(None, record.ended, said_issues(record.ended, issues))
    events = tuple(foreseen_event(happening.entry) for happening in found)
    return PlannedRun(PlannedRunDocument(**msgspec.structs.asdict(run), events=events), found)
