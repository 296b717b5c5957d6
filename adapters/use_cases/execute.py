"""How every run starts, is stored, and leaves a record of its failure (R1, R2, R4)."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import overload
from uuid import UUID

from adapters.collections import without_collections
from adapters.store.commit import Commit
from adapters.store.errors import Conflict, StoreUnavailable
from adapters.store.store import Store
from adapters.use_cases.app import App
from domain.company_runs.decisions import require_slot
from domain.company_runs.events import RunContext, RunKind, RunRecord
from domain.company_runs.rejection import RunRejected
from domain.employee.rejection import CommandRejected
from domain.ids import run_id
from domain.issues.issue import Issue, make_issue
from domain.outcome import Outcome
from projections.runs import RunDocument, document

_ATTEMPTS = 100


def start_run(
    app: App,
    kind: RunKind,
    company: str,
    by: str,
    reason: str | None = None,
    *,
    at: datetime | None = None,
    slot: datetime | None = None,
) -> RunContext:
    """A run with an id of its own, which sorts by the moment at which the run started.

    That moment is now, or `at`. The run may serve a pick-up `slot`, which then no other run does
    (R3).
    """
    started = at or app.now()
    run = run_id(int(started.timestamp() * 1000), secrets.randbits(42))
    return RunContext(run, kind, company, started, by, reason, slot)


@overload
def execute(app: App, run: RunContext, prepare: Callable[[], Commit]) -> RunDocument: ...
@overload
def execute(
    app: App, run: RunContext, prepare: Callable[[], Commit | None]
) -> RunDocument | None: ...
def execute(app: App, run: RunContext, prepare: Callable[[], Commit | None]) -> RunDocument | None:
    """Stores what `prepare` plans; returns `None`, and stores nothing, where it plans nothing.

    A fault while planning or storing leaves a record of a failed run, and is raised again. Raises
    `StoreUnavailable` where no record can be stored, and `RunRejected` or `CommandRejected` where
    what was asked makes no run.
    """
    try:
        stored = _commit(app, run, prepare)
    except (StoreUnavailable, CommandRejected, RunRejected):
        raise
    except Exception as error:
        record_failure(app, run, fault_of(error))
        raise
    return None if stored is None else document_of(app.store, stored)


def load_run(app: App, run: UUID) -> RunDocument:
    """A run that was stored before, as it is answered."""
    record = app.store.find_run(run)
    if record is None:
        raise LookupError(f"run {run} is not stored")
    return document_of(app.store, record)


def document_of(store: Store, record: RunRecord) -> RunDocument:
    """A stored run, as it is answered."""
    return document(record.run, record.ended, store.issues(record), record.ended_by)


def fault_of(error: Exception) -> Issue:
    """A fault as a run tells it: the type of the error. The error's text may quote a cell."""
    return make_issue("fault", problem=type(error).__name__)


def record_failure(app: App, run: RunContext, issue: Issue) -> RunDocument:
    """Stores the record of a run that failed."""

    def prepare() -> Commit:
        ended = run.ended(Outcome.FAILED, app.now())
        return Commit((ended,), app.store.company_state(run.company), issues=(issue,))

    stored = _commit(app, run, prepare)
    return document(stored.run, stored.ended, (issue,))


@overload
def _commit(app: App, run: RunContext, prepare: Callable[[], Commit]) -> RunRecord: ...
@overload
def _commit(
    app: App, run: RunContext, prepare: Callable[[], Commit | None]
) -> RunRecord | None: ...
def _commit(app: App, run: RunContext, prepare: Callable[[], Commit | None]) -> RunRecord | None:
    """Commits what `prepare` plans, and has it plan anew each time another run was first (R4).

    Raises `SlotServed` where that run served the slot that this run is for.
    """
    for _ in range(_ATTEMPTS):
        with without_collections():
            commit = prepare()
            if commit is None:
                return None
            require_slot(commit.state, run)
            try:
                app.store.commit(commit)
                return commit.ended
            except Conflict:
                continue
            finally:
                del commit  # before collections begin again, which would go through all of it
    problem = f"other runs of {run.company} were first {_ATTEMPTS} times"
    raise StoreUnavailable(problem, "look for a worker that runs in a circle, and try again")
