"""The clock: what is due in each company, stored as a run of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import TypeAlias

from adapters.store.commit import Commit
from adapters.store.errors import StoreUnavailable
from adapters.store.read_transaction import Due
from adapters.use_cases.app import App
from adapters.use_cases.execute import execute, start_run
from domain.company_runs.events import RunContext, RunKind
from domain.context import Moment
from domain.employee.clock import plan_clock
from domain.outcome import Outcome
from projections.runs import RunDocument, document

Failed: TypeAlias = Callable[[str, Exception], None]
"""Is told of a company and its fault."""
_SIDE_BY_SIDE = 8
"""So many companies at a time."""


def pass_clock(
    app: App, by: str, at: datetime | None = None, failed: Failed | None = None
) -> Iterator[RunDocument]:
    """Makes every transition due by `at`, now if it is not given: one run for each company (C1).

    Companies are passed side by side, and told in order. A fault in one of them does not keep the
    others from their turn (R6): `failed` is told of it, or, where nobody is to be told, the first
    one is raised after the last company. Raises `StoreUnavailable` as soon as the store is away.
    Whoever does not ask on has no more companies begun.
    """
    until = at or app.now()
    turn = partial(_pass, app, by, until)
    return _in_turn(app, until, turn, failed)


def pass_clock_of(app: App, company: str, by: str) -> RunDocument | None:
    """Makes every transition of one company that is due now; no run where none is (C1)."""
    until = app.now()
    due = app.store.due(app.settings.schedule, until, company).get(company)
    return _pass(app, by, until, company, due) if due else None


def preview_clock(
    app: App, by: str, at: datetime | None = None, failed: Failed | None = None
) -> Iterator[RunDocument]:
    """What `pass_clock` would do by `at`, which may be ahead. Stores nothing."""
    until = at or app.now()

    def preview(company: str, due: Due) -> RunDocument | None:
        commit = _planned(app, start_run(app, RunKind.CLOCK, company, by), due, until)
        return document(None, commit.ended.ended, ()) if commit else None

    return _in_turn(app, until, preview, failed)


def _in_turn(
    app: App,
    until: datetime,
    turn: Callable[[str, Due], RunDocument | None],
    failed: Failed | None,
) -> Iterator[RunDocument]:
    faults: list[Exception] = []
    due = app.store.due(app.settings.schedule, until)
    with ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="clock") as pool:
        turns = {company: pool.submit(turn, company, found) for company, found in due.items()}
        try:
            for company, turned in turns.items():
                try:
                    run = turned.result()
                except StoreUnavailable:
                    raise
                except Exception as fault:
                    faults.append(fault)
                    if failed is not None:
                        failed(company, fault)
                else:
                    if run is not None:
                        yield run
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    if faults and failed is None:
        raise faults[0]


def _pass(app: App, by: str, until: datetime, company: str, due: Due) -> RunDocument | None:
    """One company's run, planned from who was due; where another run was first, from who is."""
    run = start_run(app, RunKind.CLOCK, company, by)
    latest: Due | None = due

    def prepare() -> Commit | None:
        nonlocal latest
        due, latest = latest, None
        if due is None:
            due = app.store.due(app.settings.schedule, until, company).get(company)
        return _planned(app, run, due, until) if due else None

    return execute(app, run, prepare)


def _planned(app: App, run: RunContext, due: Due, until: datetime) -> Commit | None:
    now = app.now()
    schedule = app.settings.schedule
    plan = plan_clock(due.employees(), schedule, Moment(run.id, now), until)
    if not plan.changes:
        return None
    ended = run.ended(Outcome.APPLIED, now, counts=plan.counts)
    return Commit((ended,), due.state, changes=plan.changes)
