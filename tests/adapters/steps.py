"""Steps that the tests of stores, sources and runs share."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from msgspec.structs import replace

from adapters.company_settings import Customer
from adapters.settings import Settings
from adapters.sources.folder import FolderSource
from adapters.sources.source import DeliveredFile
from adapters.store.commit import Commit
from adapters.store.store import Store
from adapters.use_cases.app import App
from adapters.use_cases.people import find_one
from adapters.use_cases.support import support as carry_out
from domain.company import Company
from domain.company_runs.events import RunEnded, RunKind, RunRecord
from domain.company_runs.state import CompanyState
from domain.delivery.plan import Plan
from domain.employee.aggregate import Employee, fold
from domain.employee.commands import Command
from domain.employee.rejection import RequestsRejected
from domain.employee.roster import Roster
from domain.employee.support import Request
from domain.ids import run_id
from domain.issues.issue import Issue
from domain.outcome import Outcome
from domain.schedule import Schedule
from projections.runs import RunDocument
from tests.given import NOW, a_company, csv, plan

NAME = "alleo_employees_{}.csv"


class Watch:
    """The time of a test: it stands still, or advances by `tick` with every call."""

    def __init__(self, moment: datetime = NOW, tick: timedelta = timedelta(0)) -> None:
        self.moment = moment
        self.tick = tick

    def __call__(self) -> datetime:
        seen = self.moment
        self.moment += self.tick
        return seen


def a_run(number: int) -> UUID:
    """Returns the id of the run that began `number` seconds after the first pick-up."""
    return run_id(int(NOW.timestamp() * 1000) + number * 1000, number)


def other_company(key: str = "zenith") -> Company:
    """Returns a company beside Acme, with the same settings."""
    return replace(a_company(), key=key, name=key.title())


def ended(
    plan: Plan | None = None,
    *,
    company: str = "acme",
    outcome: Outcome | None = None,
    issues_of: UUID | None = None,
    finished: datetime = NOW,
) -> RunEnded:
    """Returns the record of an import that made `plan`, or that found no file."""
    found = outcome or (plan.outcome if plan else Outcome.NO_FILE)
    record = RunEnded(
        company=company,
        run_kind=RunKind.IMPORT,
        outcome=found,
        started=NOW,
        finished=finished,
        by="tester",
        issues_of=issues_of,
    )
    return replace(record, counts=plan.counts, delivery="d" * 64) if plan else record


def commit_of(
    plan: Plan, state: CompanyState | None = None, *, run: UUID, company: str = "acme"
) -> Commit:
    """Returns the commit that stores a plan as one run."""
    return Commit(
        runs=(RunRecord(run, ended(plan, company=company)),),
        state=state or CompanyState(),
        changes=tuple(plan.changes),
        new_digests=plan.new_digests,
        issues=plan.issues,
    )


def said_nothing(
    store: Store, *, run: UUID, issues: Iterable[Issue] = (), issues_of: UUID | None = None
) -> Commit:
    """Returns the commit of a run of Acme that changes no employee."""
    record = RunRecord(run, ended(issues_of=issues_of))
    return Commit((record,), store.runs.company_state("acme"), issues=tuple(issues))


def stored(
    store: Store,
    *files: str | bytes,
    number: int = 1,
    now: datetime = NOW,
    company: Company | None = None,
) -> Commit:
    """Plans a delivery from the company's stored state, and stores the plan as run `number`.

    Returns the commit.
    """
    agreed = company or a_company()
    state, known = company_of(store, agreed.key)
    made = plan(*files, known=known, company=agreed, now=now, run=a_run(number))
    commit = commit_of(made, state, run=a_run(number), company=agreed.key)
    store.commit(commit)
    return commit


def person(store: Store, address: str, company: str = "acme") -> Employee:
    """Returns the one employee with this address."""
    (found,) = store.roster.find(company, address)
    return found


def app_of(store: Store, watch: Watch, *customers: Customer) -> App:
    """Returns the app of a test, with these customers."""
    configured = {each.company.key: each for each in customers}
    return App(
        Settings(Path("tenure.toml"), Path("tenure.db"), Schedule(), configured), store, watch
    )


def a_customer(company: Company | None = None, directory: Path | None = None) -> Customer:
    """Returns a company as a customer, with a folder source if `directory` is given."""
    source = FolderSource(directory, NAME.format("*")) if directory else None
    return Customer(company or a_company(), source)


def delivered(*files: str | bytes, modified: datetime = NOW) -> list[DeliveredFile]:
    """Returns a received delivery, in which each file is a second newer than the file before."""
    received = []
    for number, file in enumerate(files, 1):
        data = csv(file) if isinstance(file, str) else file
        moment = modified + timedelta(seconds=number)
        received.append(DeliveredFile(NAME.format(number), moment, data, len(data)))
    return received


def company_of(store: Store, company: str) -> tuple[CompanyState, Roster]:
    """Returns the state of a company and its roster, both of the same moment."""
    with store.read(company) as reading:
        return reading.state, reading.everyone()


def replayed(store: Store, employee: UUID) -> Employee | None:
    """Returns an employee folded from the stored events, or None if there are no events."""
    return fold(None, store.events.of(employee))


def support(
    app: App, customer: Customer, who: str, command: Command, by: str, reason: str
) -> RunDocument:
    """Carries out one command, for the employee whom `who` names."""
    request = Request(find_one(app, customer.company.key, who).id, command)
    try:
        return carry_out(app, customer, [request], by, reason)
    except RequestsRejected as rejected:
        raise rejected.rejected[0] from None
