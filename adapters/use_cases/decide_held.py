"""Decisions about what the safeguard holds, a delivery or a map: approve, or discard (B2)."""

from __future__ import annotations

from collections.abc import Callable

from adapters.company_settings import Customer
from adapters.sources.source import DeliveredFile
from adapters.store.commit import Commit
from adapters.use_cases.app import App
from adapters.use_cases.errors import HeldFilesDamaged
from adapters.use_cases.execute import execute, start_run
from adapters.use_cases.fetching import FetchedDelivery, fetched_delivery, fetched_map
from adapters.use_cases.import_delivery import commit_of
from adapters.use_cases.plan_files import NothingToPlan, plan_files
from domain.company_runs.decisions import decide_approval, decide_discard, require_held
from domain.company_runs.events import RunContext, RunKind, RunRecord, is_map
from domain.company_runs.rejection import NotHeld
from domain.company_runs.state import HeldDelivery
from projections.runs import RunDocument


def approve(app: App, customer: Customer, record: RunRecord, by: str, reason: str) -> RunDocument:
    """Applies the delivery that a run holds.

    An approval is for the delivery as it was held. If the company or its settings have changed
    since, the delivery is planned again. If the safeguard still has a concern, the delivery is
    held again, with the new figures. Raises `NotHeld`, and `HeldFilesDamaged` if the stored files
    are not the ones that were received.
    """
    run = start_run(app, RunKind.APPROVE, customer.company.key, by, reason)
    return _executed(app, run, record, lambda: _approval(app, customer, run, record))


def discard(app: App, record: RunRecord, by: str, reason: str) -> RunDocument:
    """Ends a held run, and applies nothing of its delivery. Raises `NotHeld`."""
    run = start_run(app, RunKind.DISCARD, record.ended.company, by, reason)

    def prepare() -> Commit:
        state = app.store.runs.company_state(run.company)
        return Commit(decide_discard(state, run, record.run, app.now()).runs, state)

    return _executed(app, run, record, prepare)


def _approval(app: App, customer: Customer, run: RunContext, record: RunRecord) -> Commit:
    state = app.store.runs.company_state(run.company)
    held = require_held(state, record.run)
    fetched = _held_files(app, customer, held)
    if fetched.delivered.files != record.ended.files:
        # The files are gone too if somebody else has decided meanwhile.
        require_held(app.store.runs.company_state(run.company), record.run)
        raise HeldFilesDamaged(held.run)
    try:
        plan = plan_files(app, customer, run, fetched)
    except NothingToPlan as nothing:
        return nothing.commit(app, run, fetched, state)
    decision = decide_approval(state, run, held, fetched.delivered, plan, app.now())
    return commit_of(decision, state, fetched)


def _held_files(app: App, customer: Customer, held: HeldDelivery) -> FetchedDelivery:
    files = [
        DeliveredFile(file.info.name, file.info.modified, file.data, file.info.bytes)
        for file in app.store.runs.held_files(held.run)
    ]
    if is_map(held.delivery) and len(files) == 1:
        return fetched_map(app, customer, files[0])
    return fetched_delivery(app, customer, files)


def _executed(
    app: App, run: RunContext, record: RunRecord, prepare: Callable[[], Commit]
) -> RunDocument:
    try:
        return execute(app, run, prepare)
    except NotHeld:
        # Read the run again: somebody else may have ended it since `record` was read.
        latest = app.store.runs.find(record.run) or record
        raise NotHeld(record.run, latest.ended_by) from None
