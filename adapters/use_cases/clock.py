"""The clock: makes the transitions that are due, in one run for each company."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import Generic, NamedTuple, TypeVar

from adapters.progress import UNWATCHED, Stage
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
_MAX_COMPANIES = 8
"""Companies that are passed side by side."""


class Passed(NamedTuple, Generic[_Run]):
    """A company whose turn has ended: with a run, or with the error that stopped its run."""

    company: str
    run: _Run | None
    fault: Exception | None = None


def pass_clock(app: App, by: str, at: datetime | None = None) -> Iterator[RunDocument]:
    """Makes every transition that is due by `at` (default: now), in one run a company (C1).

    The runs are yielded in the order of the companies' keys. An error in one company does not stop
    the others (R6): the first error is raised after the last company. Raises `StoreUnavailable` as
    soon as the store cannot be used. If the caller stops iterating, no further company begins.
    """
    faults = []
    for passed in pass_companies(app, by, at):
        if passed.fault is not None:
            faults.append(passed.fault)
        elif passed.run is not None:
            yield passed.run
    if faults:
        raise faults[0]


def pass_companies(app: App, by: str, at: datetime | None = None) -> Iterator[Passed[RunDocument]]:
    """Does what `pass_clock` does, and yields each company, also the ones with an error."""
    until = at or app.now()
    return _each_company(app, until, partial(_pass, _quiet(app), by, until))


def pass_clock_of(app: App, company: str, by: str) -> RunDocument | None:
    """Makes every transition that is due now in one company. `None` if nothing is due (C1)."""
    until = app.now()
    due = app.store.roster.due(app.settings.schedules(), until, company).get(company)
    return _pass(app, by, until, company, due) if due else None


def preview_clock(app: App, by: str, at: datetime | None = None) -> Iterator[Passed[PlannedRun]]:
    """Yields what `pass_companies` would yield. `at` may be in the future. Stores nothing."""
    until = at or app.now()

    def preview(company: str, due: Due) -> PlannedRun | None:
        commit = _planned(app, start_run(app, RunKind.CLOCK, company, by), due, until)
        return planned_run(commit.ended, commit.changes) if commit else None

    return _each_company(app, until, preview)


def _each_company(
    app: App, until: datetime, turn: Callable[[str, Due], _Run | None]
) -> Iterator[Passed[_Run]]:
    """Yields each company with its turn. Companies have their turns side by side."""
    due = app.store.roster.due(app.settings.schedules(), until)
    turns = {company: partial(turn, company, each) for company, each in due.items()}
    with (
        app.progress.stage(Stage.CLOCK, len(turns)) as advance,
        side_by_side(turns, _MAX_COMPANIES) as running,
    ):
        for future, company in running.items():
            try:
                passed = Passed(company, future.result())
            except StoreUnavailable:
                raise
            except Exception as fault:
                passed = Passed(company, None, fault)
            advance(1)
            yield passed


def _quiet(app: App) -> App:
    """Returns the app for one of several companies: all of them are one stage."""
    return app._replace(progress=UNWATCHED)


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
