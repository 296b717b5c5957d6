"""Support: a command for one employee, carried out in a run of its own (S1-S6)."""

from __future__ import annotations

from adapters.company_settings import Customer
from adapters.store.commit import Commit
from adapters.use_cases.app import App
from adapters.use_cases.errors import NobodyFound
from adapters.use_cases.execute import execute, start_run
from adapters.use_cases.people import find_one
from domain.company_runs.events import RunKind
from domain.context import DecisionContext, Moment
from domain.employee.commands import Command, lookup_keys
from domain.employee.support import plan_support
from projections.runs import RunDocument


def support(
    app: App, customer: Customer, identifier: str, command: Command, by: str, reason: str
) -> RunDocument:
    """Carries out a support command for the employee that `identifier` names.

    Raises `NobodyFound` or `CommandRejected`. In both cases no run is stored.
    """
    company = customer.company
    employee = find_one(app, company.key, identifier).id
    run = start_run(app, RunKind.SUPPORT, company.key, by, reason)

    def prepare() -> Commit:
        with app.store.read(company.key) as reading:
            state = reading.state
            roster = reading.roster_around(employee, *lookup_keys(command))
        entry = roster.with_id(employee)
        if entry is None:
            raise NobodyFound(company.key)
        moment = Moment(run.id, app.now())
        context = DecisionContext(company, app.settings.schedule, moment)
        plan = plan_support(command, roster.employee(entry), roster, context)
        ended = run.ended(plan.outcome, moment.now, counts=plan.counts)
        return Commit((ended,), state, changes=plan.changes, issues=plan.issues)

    return execute(app, run, prepare)
