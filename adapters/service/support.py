"""Support: what somebody asks for one employee, done as a run of its own (S1-S6)."""

from __future__ import annotations

from adapters.service.errors import NobodyFound
from adapters.service.people import find_one
from adapters.service.run import Shell, begin, store_run
from adapters.settings import Customer
from adapters.store.commit import Commit
from domain.plan import Moment
from domain.run import RunKind
from domain.support import Request, meets, plan_support
from domain.terms import Terms
from projections.runs import RunDocument


def support(
    shell: Shell, customer: Customer, who: str, request: Request, by: str, reason: str
) -> RunDocument:
    """Does what is asked for one employee of a company.

    Raises `NobodyFound` and `Declined`, both without a run: nothing was done.
    """
    company = customer.company
    employee = find_one(shell, company.key, who).id
    begun = begin(shell, RunKind.SUPPORT, company.key, by, reason)

    def prepare() -> Commit:
        snapshot = shell.store.snapshot_around(company.key, employee, *meets(request))
        entry = snapshot.roster.with_id(employee)
        if entry is None:
            raise NobodyFound(company.key)
        moment = Moment(begun.run, shell.now())
        terms = Terms(company, shell.settings.schedule, moment)
        known = snapshot.roster.employee(entry)
        plan = plan_support(request, known, snapshot.roster, terms)
        ended = begun.ended(plan.outcome, moment.now, counts=plan.counts)
        return Commit(begun.run, ended, snapshot.stream, changes=plan.changes, issues=plan.issues)

    return store_run(shell, begun, prepare)
