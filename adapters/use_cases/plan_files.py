"""From fetched files to a plan, made from the company's present state."""

from __future__ import annotations

from datetime import timedelta

from adapters.company_settings import Customer
from adapters.store.commit import Commit
from adapters.use_cases.app import App
from adapters.use_cases.execute import start_run
from adapters.use_cases.fetching import FetchedDelivery
from domain.company_runs.events import RunContext, RunKind, is_map
from domain.company_runs.state import CompanyState
from domain.context import DecisionContext, Moment
from domain.delivery.digests import NO_DIGESTS
from domain.delivery.parsing import parse_delivery
from domain.delivery.plan import Plan
from domain.delivery.planning import plan_delivery
from domain.delivery.records import DeliveryRefused, Sheet, read_sheets
from domain.delivery.rekey import plan_rekey, read_map
from domain.issues.issue import Issue, make_issue
from domain.outcome import Outcome


class NothingToPlan(Exception):
    """A delivery that leads to no plan: the `outcome` of its run, and the `issues` that say why."""

    def __init__(self, outcome: Outcome, *issues: Issue) -> None:
        super().__init__(outcome)
        self.outcome = outcome
        self.issues = issues

    def commit(
        self, app: App, run: RunContext, fetched: FetchedDelivery, state: CompanyState
    ) -> Commit:
        """Returns the commit of the run, which changes no employee."""
        ended = run.ended(self.outcome, app.now(), files=fetched.delivered.files)
        issues = (*fetched.issues, *self.issues)
        return Commit((ended,), state, issues=issues, kept=fetched.kept)


def plan_files(
    app: App,
    customer: Customer,
    run: RunContext,
    fetched: FetchedDelivery,
    *,
    in_full: bool = False,
) -> Plan:
    """Returns the plan of a delivery or of a map, made from the company's present state.

    With `in_full`, rows that are recognised as unchanged are read too. Raises `NothingToPlan` if
    there is no file (D6), if a file refuses the delivery (F1), or if files contradict each other
    (D3).
    """
    company = customer.company
    context = DecisionContext(company, app.settings.schedule, Moment(run.id, app.now()))
    if is_map(fetched.delivered.key):
        return _plan_map(app, fetched, context)
    sheets = read_delivery(customer, fetched)
    with app.store.read(run.company) as reading:
        digests = NO_DIGESTS if in_full else reading.digests()
        parsed = [parse_delivery(sheets, digests, company)]
        roster = reading.roster(parsed[0].mentions())
    try:
        # `pop` keeps no reference here, so the rows are freed while they are decided.
        return plan_delivery(parsed.pop(), roster, context)
    except DeliveryRefused as refused:
        raise NothingToPlan(Outcome.REFUSED, *refused.issues) from None


def read_delivery(customer: Customer, fetched: FetchedDelivery) -> list[Sheet]:
    """Returns the sheets of a delivery. Raises `NothingToPlan` as `plan_files` does (D6, F1)."""
    if not fetched.files:
        pattern = customer.source.pattern if customer.source else ""
        raise NothingToPlan(Outcome.NO_FILE, make_issue("no-file", pattern=pattern))
    try:
        files = ((file.name, file.data) for file in fetched.files)
        return read_sheets(files, customer.company)
    except DeliveryRefused as refused:
        raise NothingToPlan(Outcome.REFUSED, *refused.issues) from None


def _plan_map(app: App, fetched: FetchedDelivery, context: DecisionContext) -> Plan:
    """Returns the plan of a map of external ids (S12). Raises `TableUnreadable`."""
    (file,) = fetched.files
    pairs = read_map(file.name, file.data or b"")
    (info,) = fetched.delivered.files
    with app.store.read(context.company.key) as reading:
        again = reading.state.rekeyed == info.sha256
        return plan_rekey(pairs, reading.everyone(), context, again=again)


def discarding_run(app: App, run: RunContext) -> RunContext:
    """Returns the run that discards a held delivery, if one is held, in favour of `run` (B3).

    It starts one millisecond before `run`, so that lists of runs have it before `run`.
    """
    before = run.started - timedelta(milliseconds=1)
    what = "a map of external ids" if run.kind is RunKind.REKEY else "another delivery"
    reason = f"{what} took its place"
    return start_run(app, RunKind.DISCARD, run.company, run.by, reason, at=before)
