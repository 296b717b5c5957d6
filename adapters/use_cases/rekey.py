"""Many external ids at once, from a map (S12), and the suggestion of a map from a delivery."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.company_settings import Customer
from adapters.sources.source import DeliveredFile
from adapters.store.commit import Commit
from adapters.use_cases.app import App
from adapters.use_cases.execute import execute, load_run, start_run
from adapters.use_cases.fetching import fetch, fetched_map
from adapters.use_cases.import_delivery import commit_of
from adapters.use_cases.plan_files import discarding_run, plan_files, read_delivery
from domain.company_runs.decisions import decide_rekey, require_not_held
from domain.company_runs.events import RunContext, RunKind
from domain.company_runs.rejection import AlreadyHeld
from domain.delivery.digests import NO_DIGESTS
from domain.delivery.parsing import parse_delivery
from domain.delivery.plan import Plan
from domain.delivery.rekey import read_map
from domain.delivery.suggestions import Suggestion, suggest_map
from projections.answers.preview import PreviewDocument, preview, preview_rows
from projections.runs import RunDocument, document, said_issues


def rekey(app: App, customer: Customer, file: DeliveredFile, by: str, reason: str) -> RunDocument:
    """Gives the external ids of a map to the employees, or holds the map (S12, B1).

    For a map that is held already, the run that holds it is returned (B3). Raises `TableUnreadable`
    without a run if the file is no map.
    """
    read_map(file.name, file.data or b"")
    run = start_run(app, RunKind.REKEY, customer.company.key, by, reason)

    def prepare() -> Commit:
        state = app.store.runs.company_state(run.company)
        require_not_held(state, fetched_map(app, customer, file).delivered)
        return _decided(app, customer, run, file)[0]

    try:
        return execute(app, run, prepare)
    except AlreadyHeld as held:
        return load_run(app, held.run)


def preview_rekey(
    app: App, customer: Customer, file: DeliveredFile, by: str, reason: str | None = None
) -> PreviewDocument:
    """Returns what `rekey` would do, line by line. Stores no run. Raises `TableUnreadable`."""
    run = start_run(app, RunKind.REKEY, customer.company.key, by, reason)
    commit, plan = _decided(app, customer, run, file)
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


def _decided(
    app: App, customer: Customer, run: RunContext, file: DeliveredFile
) -> tuple[Commit, Plan]:
    state = app.store.runs.company_state(run.company)
    fetched = fetched_map(app, customer, file)
    plan = plan_files(app, customer, run, fetched)
    discarding = discarding_run(app, run)
    decision = decide_rekey(state, run, fetched.delivered, plan, discarding, app.now())
    return commit_of(decision, state, fetched), plan
