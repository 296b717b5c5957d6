"""The employees that imports changed lately (B1), made again from events."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple, cast
from uuid import UUID

from adapters.store.recorder import Query
from adapters.store.sql import every
from domain.company_runs.comparing import window_start
from domain.company_runs.events import RunKind, RunRecord
from domain.company_runs.state import CompanyState
from domain.employee.aggregate import fold
from domain.employee.change import Change
from domain.employee.events import EmployeeRecord
from domain.events import AnyRecord
from domain.outcome import Outcome
from projections import recent
from projections.answers.integrity import Problem, problem


class Window(NamedTuple):
    """The imports of a company whose changes count still, after its last run.

    `start` is the moment after which changes count, as rows hold it. `imports` maps a run to
    whether the company had no employees before it.
    """

    start: str
    imports: Mapping[UUID, bool]


def window_of(state: CompanyState, records: Sequence[RunRecord]) -> Window:
    """Returns the window of a company with this state, from its runs, oldest first."""
    start = window_start(state.approved_at, records[-1].ended.finished)
    imports: dict[UUID, bool] = {}
    first = True
    for record in records:
        ended = record.ended
        if ended.run_kind is RunKind.IMPORT and ended.finished > start:
            imports[record.run] = first
        if ended.outcome is not Outcome.HELD and ended.counts.events:
            first = False
    return Window(recent.moment(start), imports)


def recent_rows(
    company: str, events: Iterable[AnyRecord], window: Window
) -> Iterator[recent.RecentRow]:
    """Yields the rows of one employee, from all events of the employee."""
    own = [cast(EmployeeRecord, recorded) for recorded in events]
    if window.imports.keys().isdisjoint(recorded.run for recorded in own):
        return
    latest: dict[str, recent.RecentRow] = {}
    employee = None
    for run, of_run in groupby(own, key=attrgetter("run")):
        before, recorded = employee, tuple(of_run)
        employee = fold(before, recorded)
        if employee is not None and run in window.imports:
            change = Change(before, employee, recorded, None)
            for row in recent.rows(company, [change], first=window.imports[run]):
                latest[row.measure] = row
    yield from (row for row in latest.values() if row.at > window.start)


def fingerprint(row: recent.RecentRow) -> int:
    """Returns a number for a row. Exclusive or makes of it a number for many rows in any order."""
    # An edit by hand may have left values of other types.
    digest = hashlib.blake2b("\n".join(map(str, row)).encode(), digest_size=16).digest()
    return int.from_bytes(digest)


def recent_problems(
    query: Query, windows: Mapping[str, Window], lately: Mapping[str, int]
) -> Iterator[Problem]:
    """Compares the table with `lately`, the fingerprints of what events make, by company (B1).

    Rows that do not count any more may be there still.
    """
    rests = defaultdict(int, lately)
    for row in every(query, recent.TABLE):
        window = windows.get(row.company)
        if window is not None and str(row.at) > window.start:
            rests[row.company] ^= fingerprint(row)
    for company, rest in rests.items():
        if rest:
            yield problem("recent-differs", company=company)
