"""From fetched files to a plan, made from the company's present state."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from adapters.company_settings import Customer
from adapters.progress import Stage
from adapters.store.commit import Commit
from adapters.store.read_transaction import ReadTransaction
from adapters.use_cases.app import App
from adapters.use_cases.execute import start_run
from adapters.use_cases.fetching import FetchedDelivery
from domain.company_runs.comparing import comparison_of, window_start
from domain.company_runs.decisions import Delivered
from domain.company_runs.events import RunContext, RunKind, is_map
from domain.company_runs.state import CompanyState, deliveries_after
from domain.context import DecisionContext, Moment
from domain.delivery.columns import columns_of, holders, lost_columns
from domain.delivery.digests import NO_DIGESTS
from domain.delivery.facts import Absentee, Comparison
from domain.delivery.parsing import ParsedDelivery, parse_delivery
from domain.delivery.plan import Plan
from domain.delivery.planning import absent_employees, plan_delivery
from domain.delivery.records import DeliveryRefused, Sheet, read_sheets
from domain.delivery.rekey import Pair, plan_rekey, read_map
from domain.delivery.selection import EVERYTHING, Selection
from domain.employee.roster import Roster
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
    selection: Selection = EVERYTHING,
) -> Plan:
    """Returns the plan of a delivery or of a map, made from the company's present state.

    Of a delivery, the plan may have only a part (B5).

    With `in_full`, rows that are recognised as unchanged are read too. Raises `NothingToPlan` if
    there is no file (D6), if a file refuses the delivery (F1), or if files contradict each other
    (D3). Raises `TableUnreadable` for a map that cannot be read.
    """
    company, context = customer.company, _context(app, customer, run)
    if is_map(fetched.delivered.key):
        (file,) = fetched.files
        return plan_map(app, customer, run, fetched, read_map(file.name, file.data or b""))
    with app.progress.stage(Stage.READ):
        sheets = read_delivery(customer, fetched)
    with app.store.read(run.company) as reading, app.progress.stage(Stage.READ):
        # A partial delivery closes the open issues of those whose rows it has: read all of them.
        in_full = in_full or fetched.delivered.facts.partial
        digests = NO_DIGESTS if in_full else reading.digests()
        parsed = [parse_delivery(sheets, digests, company)]
        roster = reading.roster(parsed[0].mentions())
        absentees = _absentees(reading, parsed[0], roster, fetched.delivered, context)
        comparison = _compared(reading, parsed[0], fetched.delivered, context.moment.now, absentees)
    try:
        with app.progress.stage(Stage.PLAN):
            # `pop` keeps no reference here, so the rows are freed while they are decided.
            return plan_delivery(parsed.pop(), roster, context, comparison, selection)
    except DeliveryRefused as refused:
        raise NothingToPlan(Outcome.REFUSED, *refused.issues) from None


def _compared(
    reading: ReadTransaction,
    parsed: ParsedDelivery,
    delivered: Delivered,
    now: datetime,
    absentees: tuple[Absentee, ...],
) -> Comparison:
    """Returns what a delivery is compared with. A delivery without news needs little of it."""
    state = reading.state
    columns = columns_of(parsed, state.last)
    lost = () if delivered.facts.partial else lost_columns(columns, state.last)
    news = bool(parsed.rows or absentees)
    return comparison_of(
        state,
        delivered,
        now,
        columns=columns,
        concerned=holders(reading.everyone(), lost) if lost else {},
        recent=reading.recent(window_start(state.approved_at, now)) if news else {},
        open_issues=reading.open_issues() if news else frozenset(),
        absentees=absentees,
    )


def _absentees(
    reading: ReadTransaction,
    parsed: ParsedDelivery,
    roster: Roster,
    delivered: Delivered,
    context: DecisionContext,
) -> tuple[Absentee, ...]:
    """Returns the employees about whom the policy decides if no row mentions them (Q4)."""
    policy = context.company.policy
    if policy.absent == "ignore" or delivered.facts.partial:
        return ()
    absent = absent_employees(parsed, roster)
    number = deliveries_after(reading.state, delivered.files)
    return reading.absentees(absent, number, policy.absent_after, context.moment.now)


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


def plan_map(
    app: App, customer: Customer, run: RunContext, fetched: FetchedDelivery, pairs: Sequence[Pair]
) -> Plan:
    """Returns the plan of a map of external ids (S12), which has these `pairs`."""
    (info,) = fetched.delivered.files
    with app.store.read(run.company) as reading, app.progress.stage(Stage.PLAN):
        again = reading.state.rekeyed == info.sha256
        context = _context(app, customer, run)
        return plan_rekey(pairs, reading.everyone(), context, again=again)


def _context(app: App, customer: Customer, run: RunContext) -> DecisionContext:
    company = customer.company
    schedule = app.settings.schedule_of(company.key)
    return DecisionContext(company, schedule, Moment(run.id, app.now()))


def discarding_run(app: App, run: RunContext) -> RunContext:
    """Returns the run that discards a held delivery, if one is held, in favour of `run` (B3).

    It starts one millisecond before `run`, so that lists of runs have it before `run`.
    """
    before = run.started - timedelta(milliseconds=1)
    what = "a map of external ids" if run.kind is RunKind.REKEY else "another delivery"
    reason = f"{what} took its place"
    return start_run(app, RunKind.DISCARD, run.company, run.by, reason, at=before)
