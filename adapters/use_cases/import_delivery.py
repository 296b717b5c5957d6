"""Imports: from the files of a delivery to a stored run, or to the preview of a run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from adapters.company_settings import Customer
from adapters.sources.source import DeliveredFile, SourceUnreachable, StillUploading
from adapters.store.commit import Commit
from adapters.store.errors import KeptFileDamaged, StoreUnavailable
from adapters.use_cases.app import App
from adapters.use_cases.errors import NoSource
from adapters.use_cases.execute import (
    execute,
    failure_of,
    fault_of,
    load_run,
    record_failure,
    rehearse,
    start_run,
)
from adapters.use_cases.fetching import FetchedDelivery, fetch
from adapters.use_cases.plan_files import NothingToPlan, discarding_run, plan_files
from adapters.use_cases.standing import absence_is_due, said_in_preview
from domain.company_runs.decisions import Decision, decide_import, decide_unread
from domain.company_runs.events import RunContext, RunKind
from domain.company_runs.rejection import AlreadyHeld, SlotServed
from domain.company_runs.state import CompanyState
from domain.issues.issue import Issue, make_issue
from domain.outcome import Outcome
from projections.answers.preview import PreviewDocument, preview, preview_rows
from projections.runs import RunDocument, document


def import_delivery(
    app: App,
    customer: Customer,
    by: str,
    files: Sequence[DeliveredFile] | None = None,
    slot: datetime | None = None,
    *,
    partial: bool = False,
) -> RunDocument:
    """Applies the delivery from the company's source, or the delivery of `files`.

    A run is stored for every outcome (R2), with one exception: for a delivery that is held
    already, the run that holds it is returned (B3). `slot` is the pick-up slot that the import
    serves. A `partial` delivery does not have all employees (D12). Raises `SlotServed` if another
    run has served the slot, `NoSource` if there are neither files nor a source, and
    `StoreUnavailable` if nothing can be stored.
    """
    if files is None and customer.source is None:
        raise NoSource(customer.company.key)
    run = start_run(app, RunKind.IMPORT, customer.company.key, by, slot=slot)
    try:
        fetched = fetch(app, customer, files, partial=partial)
    except (SourceUnreachable, StillUploading, KeptFileDamaged) as error:
        return record_failure(app, run, _issue_of(error))
    except StoreUnavailable:
        raise
    except Exception as error:
        record_failure(app, run, fault_of(error))
        raise
    try:
        with app.planning:
            return execute(app, run, lambda: _decided(app, customer, run, fetched))
    except AlreadyHeld as held:
        app.store.kept(run.company).forget(fetched.kept)  # the run that holds them has the bytes
        if slot is not None:  # no new run records that the slot was served
            app.store.schedule.enrol([run.company], slot)
        return load_run(app, held.run)
    except SlotServed:
        app.store.kept(run.company).forget(fetched.kept_on_server)  # or else they count twice
        raise


def rehearse_import(
    app: App,
    customer: Customer,
    by: str,
    files: Sequence[DeliveredFile] | None = None,
    slot: datetime | None = None,
    *,
    partial: bool = False,
) -> RunDocument:
    """Returns the run that `import_delivery` would store or return. Stores no run.

    A file that is gone from the server after it was read stays kept for the import. Raises
    `NoSource` if there are neither files nor a source.
    """
    run = start_run(app, RunKind.IMPORT, customer.company.key, by, slot=slot)
    try:
        fetched = fetch(app, customer, files, partial=partial)
    except (SourceUnreachable, StillUploading, KeptFileDamaged) as error:
        issue = _issue_of(error)
        return rehearse(app, lambda: failure_of(app, run, issue)).run
    app.store.kept(run.company).forget(fetched.kept_on_server)
    try:
        with app.planning:
            return rehearse(app, lambda: _decided(app, customer, run, fetched)).run
    except AlreadyHeld as held:
        return replace(load_run(app, held.run), run=None)


def _decided(app: App, customer: Customer, run: RunContext, fetched: FetchedDelivery) -> Commit:
    """Returns the commit of an import, planned from the company's present state.

    It can only be stored if no other run is stored in between (R4).
    """
    state = app.store.runs.company_state(run.company)
    discarding = discarding_run(app, run)
    decision = None
    if not absence_is_due(app, customer, state, fetched.delivered):
        decision = decide_unread(state, run, fetched.delivered, discarding, app.now())
    if decision is None:
        try:
            plan = plan_files(app, customer, run, fetched)
        except NothingToPlan as nothing:
            return nothing.commit(app, run, fetched, state)
        decision = decide_import(state, run, fetched.delivered, plan, discarding, app.now())
    return commit_of(decision, state, fetched)


def commit_of(decision: Decision, state: CompanyState, fetched: FetchedDelivery) -> Commit:
    """Returns the commit of a decision. A held delivery is stored with its files."""
    plan, kept = decision.plan, fetched.kept
    if plan is None:
        return Commit(decision.runs, state, issues=fetched.issues, kept=kept)
    issues = (*fetched.issues, *plan.issues)
    ended = decision.ended.ended
    if ended.outcome is Outcome.HELD:
        issues, held = (*plan.concerns, *issues), tuple(fetched.stored)
        return Commit(decision.runs, state, issues=issues, held=held, kept=kept)
    return Commit(
        decision.runs,
        state,
        changes=tuple(plan.changes),
        new_digests=plan.new_digests,
        issues=issues,
        kept=kept,
        people=plan.people if ended.is_partial else None,
        absent=None if ended.is_partial or ended.is_about_map else plan.absent,
    )


def preview_delivery(
    app: App,
    customer: Customer,
    by: str,
    files: Sequence[DeliveredFile] | None = None,
    *,
    partial: bool = False,
) -> PreviewDocument:
    """Returns what `import_delivery` would do, row by row. Stores no run.

    The preview has every row, also the rows that an import would recognise as unchanged. A file
    that is gone from the server after it was read stays kept for the import. Raises `NoSource`,
    `SourceUnreachable`, `StillUploading` or `KeptFileDamaged` if the delivery cannot be fetched.
    """
    run = start_run(app, RunKind.IMPORT, customer.company.key, by)
    fetched = fetch(app, customer, files, partial=partial)
    app.store.kept(run.company).forget(fetched.kept_on_server)
    return preview_of(app, customer, run, fetched)


def preview_of(
    app: App, customer: Customer, run: RunContext, fetched: FetchedDelivery
) -> PreviewDocument:
    """Returns what the import of a fetched delivery, or of a map, would do. Stores no run."""
    state = app.store.runs.company_state(run.company)
    try:
        plan = plan_files(app, customer, run, fetched, in_full=True)
        discarding = discarding_run(app, run)
        decision = decide_import(state, run, fetched.delivered, plan, discarding, app.now())
        commit, rows = commit_of(decision, state, fetched), preview_rows(plan)
    except NothingToPlan as nothing:
        commit, rows = nothing.commit(app, run, fetched, state), ()
    said = said_in_preview(app, commit)
    return preview(document(None, commit.ended.ended, said), rows)


def _issue_of(error: SourceUnreachable | StillUploading | KeptFileDamaged) -> Issue:
    if isinstance(error, StillUploading):
        return make_issue("still-uploading").at(error.name)
    if isinstance(error, KeptFileDamaged):
        return make_issue("kept-file-damaged").at(error.name)
    return make_issue("unreachable", problem=error.problem)
