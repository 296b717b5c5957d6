"""The clock: makes the transitions that are due, in one run for each company."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import TypeAlias, TypeVar

from adapters.side_by_side import side_by_side
from adapters.store.commit import Commit
from adapters.store.errors import StoreUnavailable
from adapters.store.roster_queries import Due
from adapters.use_cases.app import App
from adapters.use_cases.execute import execute, start_run
from adapters.use_cases.planned_run import PlannedRun, planned_run
from domain.company_runs.events import RunContext, RunKind
from domain.context import Moment
from domain.employee.clock import plan_clock
from domain.outcome import Outcome
from projections.runs import RunDocument

_Run = TypeVar("_Run")
Failed: TypeAlias = Callable[[str, Exception], None]
"""Is called with the key of a company and the error that stopped its run."""
_MAX_COMPANIES = 8
"""Companies that are passed side by side."""


def pass_clock(
    app: App, by: str, at: datetime | None = None, failed: Failed | None = None
) -> Iterator[RunDocument]:
    """Makes every transition that is due by `at` (default: now), in one run a company (C1).

    Companies are passed side by side. Their runs are yielded in the order of the companies' keys.
    An error in one company does not stop the others (R6): `failed` is called with it. Without
    `failed`, the first error is raised after the last company. Raises `StoreUnavailable` as soon
    as the store cannot be used. If the caller stops iterating, no further company begins.
    """
    until = at or app.now()
    turn = partial(_pass, app, by, until)
    return _each_company(app, until, turn, failed)


def pass_clock_of(app: App, company: str, by: str) -> RunDocument | None:
    """Makes every transition that is due now in one company. `None` if nothing is due (C1)."""
    until = app.now()
    due = app.store.roster.due(app.settings.schedules(), until, company).get(company)
    return _pass(app, by, until, company, due) if due else None


def preview_clock(
    app: App, by: str, at: datetime | None = None, failed: Failed | None = None
) -> Iterator[PlannedRun]:
    """Yields the runs that `pass_clock` would make. `at` may be in the future. Stores nothing."""
    until = at or app.now()

    def preview(company: str, due: Due) -> PlannedRun | None:
        commit = _planned(app, start_run(app, RunKind.CLOCK, company, by), due, until)
        return planned_run(commit.ended, commit.changes) if commit else None

    return _each_company(app, until, preview, failed)


def _each_company(
    app: App,
    until: datetime,
    turn: Callable[[str, Due], _Run | None],
    failed: Failed | None,
) -> Iterator[_Run]:
    faults: list[Exception] = []
    due = app.store.roster.due(app.settings.schedules(), until)
    turns = {company: partial(turn, company, each) for company, each in due.items()}
    with side_by_side(turns, _MAX_COMPANIES) as running:
        for future, company in running.items():
            try:
                run = future.result()
            except StoreUnavailable:
                raise
            except Exception as fault:
                faults.append(fault)
                if failed is not None:
                    failed(company, fault)
            else:
                if run is not None:
                    yield run
    if faults and failed is None:
        raise faults[0]


def _pass(app: App, by: str, until: datetime, company: str, due: Due) -> RunDocument | None:
    """Makes the run of one company.

    The first plan is made from `due`. If another run is stored before this one, the next plan is
    made from the employees that are due then.
    """
    run = start_run(app, RunKind.CLOCK, company, by)
    latest: Due | None = due

    def prepare() -> Commit | None:
        nonlocal latest
        due, latest = latest, None
        if due is None:
            due = app.store.roster.due(app.settings.schedules(), until, company).get(company)
        return _planned(app, run, due, until) if due else None

    return execute(app, run, prepare)


def _planned(app: App, run: RunContext, due: Due, until: datetime) -> Commit | None:
    now = app.now()
    schedule = app.settings.schedule_of(run.company)
    plan = plan_clock(due.employees(), schedule, Moment(run.id, now), until)
    if not plan.changes:
        return None
    ended = run.ended(Outcome.APPLIED, now, counts=plan.counts)
    return Commit((ended,), due.state, changes=plan.changes)
