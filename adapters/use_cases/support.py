"""Support: commands for one or many employees, carried out in one run (S1-S11, S13)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from adapters.company_settings import Customer
from adapters.store.commit import Commit
from adapters.use_cases.app import App
from adapters.use_cases.errors import NobodyFound
from adapters.use_cases.execute import execute, start_run
from adapters.use_cases.planned_run import PlannedRun, planned_run
from domain.company_runs.events import RunContext, RunKind
from domain.company_runs.state import CompanyState
from domain.context import DecisionContext, Moment
from domain.employee.commands import lookup_keys
from domain.employee.roster import Roster
from domain.employee.support import Request, SupportPlan, plan_requests
from projections.answers.foreseen import Foreseen, foreseen
from projections.runs import RunDocument


class SupportRehearsal(NamedTuple):
    """What support commands would do: the run with its events, and the people in a few words."""

    planned: PlannedRun
    foreseen: Foreseen


def support(
    app: App,
    customer: Customer,
    requests: Sequence[Request],
    by: str,
    reason: str,
    agreed: Foreseen | None = None,
) -> RunDocument:
    """Carries out all requests, or none of them (S13). `agreed` is as in `execute`.

    Raises `NobodyFound` or `RequestsRejected`. In both cases no run is stored.
    """
    run = start_run(app, RunKind.SUPPORT, customer.company.key, by, reason)
    return execute(app, run, lambda: _commit(app, customer, run, requests), agreed)


def rehearse_support(
    app: App, customer: Customer, requests: Sequence[Request], by: str, reason: str
) -> SupportRehearsal:
    """Returns what `support` would do. Stores nothing. Raises what `support` raises."""
    run = start_run(app, RunKind.SUPPORT, customer.company.key, by, reason)
    commit = _commit(app, customer, run, requests)
    planned = planned_run(commit.ended, commit.changes, commit.issues)
    return SupportRehearsal(planned, foreseen(commit.ended.ended.outcome, commit.changes))


def _commit(app: App, customer: Customer, run: RunContext, requests: Sequence[Request]) -> Commit:
    state, plan = _planned(app, customer, run, requests)
    ended = run.ended(plan.outcome, app.now(), counts=plan.counts)
    return Commit((ended,), state, changes=plan.changes, issues=plan.issues)


def _planned(
    app: App, customer: Customer, run: RunContext, requests: Sequence[Request]
) -> tuple[CompanyState, SupportPlan]:
    """Returns the plan of the requests, and the state of the company that it was made from."""
    state, roster = _read(app, run.company, requests)
    context = DecisionContext(
        customer.company, app.settings.schedule_of(run.company), Moment(run.id, app.now())
    )
    return state, plan_requests(requests, roster, context)


def _read(app: App, company: str, requests: Sequence[Request]) -> tuple[CompanyState, Roster]:
    """Returns the company's state, and a roster of all employees that the requests concern."""
    with app.store.read(company) as reading:
        if len(requests) > 1:
            roster = reading.everyone()
        else:
            around = reading.roster_around(requests[0].employee)
            entry = around.with_id(requests[0].employee)
            if entry is None:
                raise NobodyFound(company)
            keys = lookup_keys(requests[0].command, around.employee(entry))
            roster = reading.roster_around(requests[0].employee, keys)
        return reading.state, roster
