"""Every run: how it starts, how it is stored, and how its failure is recorded (R1, R2, R4)."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple, overload
from uuid import UUID

from msgspec.structs import replace

from adapters.collections import without_collections
from adapters.progress import Stage
from adapters.store.commit import Commit
from adapters.store.errors import Conflict, StoreUnavailable
from adapters.store.store import Store
from adapters.use_cases.app import App
from adapters.use_cases.errors import ForeseenDiffers
from adapters.use_cases.notices import notices_of
from adapters.use_cases.standing import said_in_preview, with_standing
from domain.company_runs.decisions import require_slot
from domain.company_runs.events import RunContext, RunKind, RunRecord
from domain.company_runs.rejection import RunRejected
from domain.employee.rejection import RequestsRejected
from domain.ids import run_id
from domain.issues.issue import Issue, make_issue
from domain.outcome import Outcome
from projections.answers.foreseen import Foreseen, foreseen
from projections.runs import RunDocument, SaidIssue, document, said_issues

_MAX_ATTEMPTS = 100
"""Plans of one run. Another run was stored first each time: that often, something is wrong."""


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
    """Returns a new run. Run ids sort by the moment at which the runs started.

    That moment is `at`, or now. `slot` is the pick-up slot that the run serves. Only one run can
    serve a slot (R3).
    """
    started = at or app.now()
    run = run_id(int(started.timestamp() * 1000), secrets.randbits(42))
    return RunContext(run, kind, company, started, by, reason, slot, app.login)


class Rehearsal(NamedTuple):
    """What a run would do: its document, and what it would do to people."""

    run: RunDocument
    foreseen: Foreseen


def rehearse(app: App, prepare: Callable[[], Commit]) -> Rehearsal:
    """Returns what the run would do whose commit `prepare` returns. Stores nothing."""
    with without_collections():
        commit = prepare()
        ended = commit.ended.ended
        said = _said(app, commit, said_in_preview(app, commit))
        return Rehearsal(document(None, ended, said), foreseen(ended.outcome, commit.changes))


@overload
def execute(
    app: App, run: RunContext, prepare: Callable[[], Commit], agreed: Foreseen | None = None
) -> RunDocument: ...
@overload
def execute(
    app: App, run: RunContext, prepare: Callable[[], Commit | None], agreed: Foreseen | None = None
) -> RunDocument | None: ...
def execute(
    app: App, run: RunContext, prepare: Callable[[], Commit | None], agreed: Foreseen | None = None
) -> RunDocument | None:
    """Stores the commit that `prepare` returns. Returns the run, or `None` if there is no commit.

    If `agreed` is given, only a commit that does exactly this is stored. Raises `ForeseenDiffers`
    for another one.

    An unexpected error is raised again after a record of the failed run is stored (R2). Raises
    `StoreUnavailable` if nothing can be stored. Raises `RunRejected` or `RequestsRejected`, without
    a record, if the request is rejected.
    """
    try:
        return _commit(app, run, lambda: _as_agreed(prepare(), agreed))
    except (StoreUnavailable, RequestsRejected, RunRejected):
        raise
    except Exception as error:
        record_failure(app, run, fault_of(error))
        raise


def load_run(app: App, run: UUID) -> RunDocument:
    """Returns the document of a stored run. Raises `LookupError` if it is not stored."""
    record = app.store.runs.find(run)
    if record is None:
        raise LookupError(f"run {run} is not stored")
    return document_of(app.store, record)


def document_of(store: Store, record: RunRecord) -> RunDocument:
    """Returns the document of a stored run, with its issues."""
    return document(record.run, record.ended, store.runs.said(record), record.ended_by)


def fault_of(error: Exception) -> Issue:
    """Returns the issue of an unexpected error: its type only, since its text may quote a cell."""
    return make_issue("fault", problem=type(error).__name__)


def record_failure(app: App, run: RunContext, issue: Issue) -> RunDocument:
    """Stores the record of a run that failed."""
    return _commit(app, run, lambda: failure_of(app, run, issue))


def failure_of(app: App, run: RunContext, issue: Issue) -> Commit:
    """Returns the commit of a run that failed."""
    ended = run.ended(Outcome.FAILED, app.now())
    return Commit((ended,), app.store.runs.company_state(run.company), issues=(issue,))


def _as_agreed(commit: Commit | None, agreed: Foreseen | None) -> Commit | None:
    """Returns the commit. Raises `ForeseenDiffers` if it does something else than `agreed`."""
    if commit is not None and agreed is not None:
        ended = commit.ended.ended
        if foreseen(ended.outcome, commit.changes) != agreed:
            raise ForeseenDiffers(ended.company)
    return commit


@overload
def _commit(app: App, run: RunContext, prepare: Callable[[], Commit]) -> RunDocument: ...
@overload
def _commit(
    app: App, run: RunContext, prepare: Callable[[], Commit | None]
) -> RunDocument | None: ...
def _commit(app: App, run: RunContext, prepare: Callable[[], Commit | None]) -> RunDocument | None:
    """Stores the commit that `prepare` returns, and returns its run.

    If another run of the company was stored first, `prepare` is called again (R4). Raises
    `SlotServed` if that other run served the slot of this run.
    """
    for _ in range(_MAX_ATTEMPTS):
        with without_collections():
            commit = prepare()
            if commit is None:
                return None
            require_slot(commit.state, run)
            try:
                return _stored(app, commit)
            except Conflict:
                continue
            finally:
                del commit  # or else the next garbage collection would go through all of it
    problem = f"{_MAX_ATTEMPTS} times, another run of {run.company} was stored first"
    raise StoreUnavailable(problem, "find what makes one run after the other, and try again")


def _stored(app: App, commit: Commit) -> RunDocument:
    """Stores a commit with its notices, and returns its run.

    Nothing is read after the commit: a read that fails would make a stored run look like a failure.
    """
    with app.progress.stage(Stage.STORE, commit.size) as advance:
        commit = with_standing(app, commit)
        record = commit.ended
        issues = said_issues(record.ended, commit.issues, commit.changed_issues.since)
        said = _said(app, commit, issues)
        app.store.commit(replace(commit, notices=notices_of(app, commit)), advance)
    return document(record.run, record.ended, said)


def _said(app: App, commit: Commit, issues: list[SaidIssue]) -> list[SaidIssue]:
    """Returns what a run says: the issues of the earlier run that it refers to, and its own."""
    record = commit.ended
    if record.ended.issues_of is None:
        return issues
    return [*app.store.runs.said(record), *issues]
