"""The clock: what is due in each company, stored as a run of each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from adapters.service.run import Begun, Shell, begin, store_run
from adapters.store.store import Commit, Due, StoreUnavailable
from domain.clock import plan_clock
from domain.plan import Moment
from domain.run import Outcome, RunKind
from projections.runs import RunDocument, document


def pass_clock(shell: Shell, by: str, at: datetime | None = None) -> Iterator[RunDocument]:
    """Makes every transition due by `at`, now if it is not given: one run for each company (C1).

    A fault in one company does not keep the others from their turn (R6): the first one is raised
    after the last company.
    """
    until = at or shell.now()
    faults: list[Exception] = []
    for company, due in shell.store.due(shell.settings.schedule, until).items():
        try:
            run = _pass_company(shell, begin(shell, RunKind.CLOCK, company, by), due, until)
        except StoreUnavailable:
            raise
        except Exception as fault:
            faults.append(fault)
        else:
            if run is not None:
                yield run
    if faults:
        raise faults[0]


def preview_clock(shell: Shell, by: str, at: datetime | None = None) -> Iterator[RunDocument]:
    """What `pass_clock` would do by `at`, which may be ahead. Stores nothing."""
    until = at or shell.now()
    for company, due in shell.store.due(shell.settings.schedule, until).items():
        commit = _planned(shell, begin(shell, RunKind.CLOCK, company, by), due, until)
        if commit is not None:
            yield document(None, commit.ended, ())


def _pass_company(shell: Shell, begun: Begun, due: Due, until: datetime) -> RunDocument | None:
    """One company's run, planned from who was due; if another run was first, from who is."""
    known: list[Due] = [due]

    def prepare() -> Commit | None:
        if known:
            return _planned(shell, begun, known.pop(), until)
        due = shell.store.due(shell.settings.schedule, until).get(begun.company)
        return _planned(shell, begun, due, until) if due else None

    return store_run(shell, begun, prepare)


def _planned(shell: Shell, begun: Begun, due: Due, until: datetime) -> Commit | None:
    now = shell.now()
    schedule = shell.settings.schedule
    plan = plan_clock(due.employees(), schedule, Moment(begun.run, now), until)
    if not plan.changes:
        return None
    ended = begun.ended(Outcome.APPLIED, now, counts=plan.counts)
    return Commit(begun.run, ended, due.stream, changes=plan.changes)
