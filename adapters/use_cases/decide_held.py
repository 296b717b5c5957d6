"""Decisions about what the safeguard holds, a delivery or a map: approve, or discard (B2)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from adapters.company_settings import Customer
from adapters.sources.source import DeliveredFile
from adapters.store.commit import Commit
from adapters.use_cases.app import App
from adapters.use_cases.errors import HeldFilesDamaged
from adapters.use_cases.execute import Rehearsal, execute, rehearse, start_run
from adapters.use_cases.fetching import FetchedDelivery, fetched_delivery, fetched_map
from adapters.use_cases.import_delivery import commit_of, preview_of
from adapters.use_cases.plan_files import NothingToPlan, plan_files
from domain.company_runs.decisions import decide_approval, decide_discard, require_held
from domain.company_runs.events import RunContext, RunKind, RunRecord
from domain.company_runs.rejection import NotHeld, WrongPart
from domain.delivery.facts import DeliveryFacts
from domain.delivery.plan import Plan
from domain.delivery.selection import EVERYTHING, Selection
from projections.answers.foreseen import Foreseen
from projections.answers.preview import PreviewDocument
from projections.runs import RunDocument

_T = TypeVar("_T")


def approve(
    app: App,
    customer: Customer,
    record: RunRecord,
    by: str,
    reason: str,
    selection: Selection = EVERYTHING,
    agreed: Foreseen | None = None,
) -> RunDocument:
    """Applies the delivery that a run holds, or a part of it (B5).

    An approval is for the delivery as it was held. If the company or its settings have changed
    since, the delivery is planned again. If the safeguard still has a concern, the delivery is
    held again, with the new figures. `agreed` is as in `execute`. Raises `NotHeld`,
    `HeldFilesDamaged` if the stored files are not the ones that were received, and `WrongPart` for
    a wrong selection.
    """
    run = start_run(app, RunKind.APPROVE, customer.company.key, by, reason)
    prepare = partial(_approval, app, customer, run, record, selection)
    return _with_decision(app, record, lambda: execute(app, run, prepare, agreed))


def rehearse_approval(
    app: App,
    customer: Customer,
    record: RunRecord,
    by: str,
    reason: str,
    selection: Selection = EVERYTHING,
) -> Rehearsal:
    """Returns what `approve` would do. Stores nothing. Raises what `approve` raises."""
    run = start_run(app, RunKind.APPROVE, customer.company.key, by, reason)
    prepare = partial(_approval, app, customer, run, record, selection)
    return _with_decision(app, record, lambda: rehearse(app, prepare))


def preview_held(app: App, customer: Customer, record: RunRecord, by: str) -> PreviewDocument:
    """Returns what the delivery that a run holds would do now, row by row. Stores no run (B4).

    Raises `NotHeld` and `HeldFilesDamaged`.
    """
    run = start_run(app, RunKind.IMPORT, customer.company.key, by)
    require_held(app.store.runs.company_state(run.company), record.run)
    return preview_of(app, customer, run, _intact_files(app, customer, record))


def discard(app: App, record: RunRecord, by: str, reason: str) -> RunDocument:
    """Ends a held run, and applies nothing of its delivery. Raises `NotHeld`."""
    run = start_run(app, RunKind.DISCARD, record.ended.company, by, reason)
    prepare = partial(_discarding, app, run, record)
    return _with_decision(app, record, lambda: execute(app, run, prepare))


def rehearse_discard(app: App, record: RunRecord, by: str, reason: str) -> Rehearsal:
    """Returns what `discard` would do. Stores nothing. Raises `NotHeld`."""
    run = start_run(app, RunKind.DISCARD, record.ended.company, by, reason)
    prepare = partial(_discarding, app, run, record)
    return _with_decision(app, record, lambda: rehearse(app, prepare))


def _discarding(app: App, run: RunContext, record: RunRecord) -> Commit:
    state = app.store.runs.company_state(run.company)
    return Commit(decide_discard(state, run, record.run, app.now()).runs, state)


def _approval(
    app: App, customer: Customer, run: RunContext, record: RunRecord, selection: Selection
) -> Commit:
    state = app.store.runs.company_state(run.company)
    held = require_held(state, record.run)
    fetched = _intact_files(app, customer, record)
    try:
        plan, part = plan_files(app, customer, run, fetched), None
        if selection != EVERYTHING:
            _require_parts(record, selection, plan)
            part = plan_files(app, customer, run, fetched, selection=selection)
    except NothingToPlan as nothing:
        return nothing.commit(app, run, fetched, state)
    decision = decide_approval(state, run, held, fetched.delivered, plan, app.now(), part)
    return commit_of(decision, state, fetched)


def _require_parts(record: RunRecord, selection: Selection, plan: Plan) -> None:
    """Raises `WrongPart` for a map, and for people that the plan does not change."""
    if record.ended.is_about_map:
        problem = f"run {record.run} holds a map of external ids, which has no parts"
        raise WrongPart(problem, "approve it as a whole, or discard it")
    for who in selection.unknown(plan):
        problem = f"the delivery changes nobody who is called {who}"
        raise WrongPart(problem, f"`tenure preview --run {record.run}` shows every row")


def _intact_files(app: App, customer: Customer, record: RunRecord) -> FetchedDelivery:
    """Returns the delivery that a run holds. Raises `NotHeld` and `HeldFilesDamaged`."""
    fetched = _held_files(app, customer, record)
    if fetched.delivered.files != record.ended.files:
        # The files are gone too if somebody else has decided meanwhile.
        require_held(app.store.runs.company_state(customer.company.key), record.run)
        raise HeldFilesDamaged(record.run)
    return fetched


def _held_files(app: App, customer: Customer, record: RunRecord) -> FetchedDelivery:
    """Returns the delivery that a run holds, from the stored files."""
    files = [
        DeliveredFile(file.info.name, file.info.modified, file.data, file.info.bytes)
        for file in app.store.runs.held_files(record.run)
    ]
    if record.ended.is_about_map and len(files) == 1:
        return fetched_map(app, customer, files[0])
    facts = record.ended.facts or DeliveryFacts()
    return fetched_delivery(app, customer, files, partial=facts.partial, named=facts.named)


def _with_decision(app: App, record: RunRecord, decide: Callable[[], _T]) -> _T:
    """Returns what `decide` returns. `NotHeld` names the run that ended the held one."""
    try:
        return decide()
    except NotHeld:
        # Read the run again: somebody else may have ended it since `record` was read.
        latest = app.store.runs.find(record.run) or record
        raise NotHeld(record.run, latest.ended_by) from None
