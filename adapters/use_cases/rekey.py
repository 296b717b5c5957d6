"""Many external ids at once, from a map (S12), and the suggestion of a map from a delivery."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from adapters.company_settings import Customer
from adapters.sources.source import DeliveredFile
from adapters.store.commit import Commit
from adapters.use_cases.app import App
from adapters.use_cases.execute import Rehearsal, execute, load_run, rehearse, start_run
from adapters.use_cases.fetching import FetchedDelivery, fetch, fetched_map
from adapters.use_cases.import_delivery import commit_of
from adapters.use_cases.plan_files import discarding_run, plan_map, read_delivery
from domain.company_runs.decisions import decide_rekey, require_not_held
from domain.company_runs.events import RunContext, RunKind
from domain.company_runs.rejection import AlreadyHeld
from domain.delivery.digests import NO_DIGESTS
from domain.delivery.parsing import parse_delivery
from domain.delivery.plan import Plan
from domain.delivery.rekey import Pair, read_map
from domain.delivery.suggestions import Suggestion, suggest_map
from projections.answers.foreseen import Foreseen
from projections.answers.preview import PreviewDocument, preview, preview_rows
from projections.runs import RunDocument, document, said_issues


class IdMap(NamedTuple):
    """A map of external ids that was read: its lines, and the file that a run records."""

    pairs: Sequence[Pair]
    fetched: FetchedDelivery


def read_rekey(app: App, customer: Customer, file: DeliveredFile) -> IdMap:
    """Returns the map in a file. Raises `TableUnreadable` if the file is no map."""
    return IdMap(read_map(file.name, file.data or b""), fetched_map(app, customer, file))


def rekey(
    app: App,
    customer: Customer,
    ids: IdMap,
    by: str,
    reason: str,
    agreed: Foreseen | None = None,
) -> RunDocument:
    """Gives the external ids of a map to the employees, or holds the map (S12, B1).

    For a map that is held already, the run that holds it is returned (B3). `agreed` is as in
    `execute`.
    """
    run = start_run(app, RunKind.REKEY, customer.company.key, by, reason)
    try:
        return execute(app, run, lambda: _commit(app, customer, run, ids), agreed)
    except AlreadyHeld as held:
        return load_run(app, held.run)


def rehearse_rekey(app: App, customer: Customer, ids: IdMap, by: str, reason: str) -> Rehearsal:
    """Returns what `rekey` would do. Stores no run. Raises `AlreadyHeld`."""
    run = start_run(app, RunKind.REKEY, customer.company.key, by, reason)
    return rehearse(app, lambda: _commit(app, customer, run, ids))


def preview_rekey(
    app: App, customer: Customer, ids: IdMap, by: str, reason: str | None = None
) -> PreviewDocument:
    """Returns what `rekey` would do, line by line. Stores no run."""
    run = start_run(app, RunKind.REKEY, customer.company.key, by, reason)
    commit, plan = _decided(app, customer, run, ids)
    said = said_issues(commit.ended.ended, commit.issues)
    return preview(document(None, commit.ended.ended, said), preview_rows(plan))


def suggest_rekey(
    app: App, customer: Customer, files: Sequence[DeliveredFile] | None = None
) -> list[Suggestion]:
    """Returns the lines of a map that follow from a delivery. Stores nothing.

    Raises `NothingToPlan` if there is no file or a file refuses the delivery, and what `fetch`
    raises.
    """
    fetched = fetch(app, customer, files)
    app.store.kept(customer.company.key).forget(fetched.kept_on_server)
    sheets = read_delivery(customer, fetched)
    parsed = parse_delivery(sheets, NO_DIGESTS, customer.company)
    with app.store.read(customer.company.key) as reading:
        return suggest_map(parsed.rows, reading.everyone())


def _commit(app: App, customer: Customer, run: RunContext, ids: IdMap) -> Commit:
    state = app.store.runs.company_state(run.company)
    require_not_held(state, ids.fetched.delivered)
    return _decided(app, customer, run, ids)[0]


def _decided(app: App, customer: Customer, run: RunContext, ids: IdMap) -> tuple[Commit, Plan]:
    state = app.store.runs.company_state(run.company)
    fetched = ids.fetched
    plan = plan_map(app, customer, run, fetched, ids.pairs)
    discarding = discarding_run(app, run)
    decision = decide_rekey(state, run, fetched.delivered, plan, discarding, app.now())
    return commit_of(decision, state, fetched), plan
