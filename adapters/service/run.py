"""Every run: how it begins, how its record is stored, and what becomes of a fault (R1, R2, R4)."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import NamedTuple, overload
from uuid import UUID

from adapters.collections import without_collections
from adapters.service.errors import NoRun, SlotServed
from adapters.settings import Settings
from adapters.store.commit import Commit, RunRecord
from adapters.store.errors import Conflict, StoreUnavailable
from adapters.store.store import Store
from domain.declined import Declined
from domain.ids import run_id
from domain.issues import Issue, finding
from domain.private import Private
from domain.run import Counts, FileInfo, Outcome, RunEnded, RunKind
from projections.runs import RunDocument, document

_ATTEMPTS = 100


def utc_now() -> datetime:
    """The moment it is."""
    return datetime.now(UTC)


class Shell(NamedTuple):
    """What a use case works with: settings, store, and what tells the time.

    `planning` is entered while an import is planned and stored, once its delivery is here: a
    process that does many at a time bounds that.
    """

    settings: Settings
    store: Store
    now: Callable[[], datetime] = utc_now
    planning: AbstractContextManager[object] = nullcontext()


class Begun(Private, frozen=True):
    """A run from its first moment on: everything its record needs that is known by then."""

    run: UUID
    kind: RunKind
    company: str
    started: datetime
    by: str
    reason: str | None = None
    slot: datetime | None = None

    def ended(
        self,
        outcome: Outcome,
        finished: datetime,
        *,
        files: Sequence[FileInfo] = (),
        counts: Counts | None = None,
        delivery: str | None = None,
        issues_of: UUID | None = None,
        ends: UUID | None = None,
    ) -> RunEnded:
        """The record of how it ended."""
        return RunEnded(
            company=self.company,
            run_kind=self.kind,
            outcome=outcome,
            started=self.started,
            finished=finished,
            by=self.by,
            reason=self.reason,
            slot=self.slot,
            files=tuple(files),
            counts=counts or Counts(),
            delivery=delivery,
            issues_of=issues_of,
            ends=ends,
        )


def begin(
    shell: Shell,
    kind: RunKind,
    company: str,
    by: str,
    reason: str | None = None,
    *,
    at: datetime | None = None,
    slot: datetime | None = None,
) -> Begun:
    """A run of its own id, which sorts by the moment it began: now, or `at`. It may serve a
    `slot`, which then no other run does (R3)."""
    began = at or shell.now()
    run = run_id(int(began.timestamp() * 1000), secrets.randbits(42))
    return Begun(run, kind, company, began, by, reason, slot)


@overload
def store_run(shell: Shell, begun: Begun, prepare: Callable[[], Commit]) -> RunDocument: ...
@overload
def store_run(
    shell: Shell, begun: Begun, prepare: Callable[[], Commit | None]
) -> RunDocument | None: ...
def store_run(
    shell: Shell, begun: Begun, prepare: Callable[[], Commit | None]
) -> RunDocument | None:
    """Stores what `prepare` plans; nothing where it plans nothing.

    A fault while planning or storing leaves a record of the run too, before it goes on its way.
    Raises `StoreUnavailable` when there is nowhere to leave one, and lets pass what declines to
    make a run at all.
    """
    try:
        ended = _commit(shell, begun, prepare)
    except (StoreUnavailable, Declined, NoRun):
        raise
    except Exception as error:
        store_failure(shell, begun, fault_of(error))
        raise
    if ended is None:
        return None
    return document(begun.run, ended, shell.store.issues(RunRecord(begun.run, ended)))


def recall(shell: Shell, run: UUID) -> RunDocument:
    """A run that was stored before, as it is answered."""
    record = shell.store.find_run(run)
    if record is None:
        raise LookupError(f"run {run} is not stored")
    return document_of(shell.store, record)


def document_of(store: Store, record: RunRecord) -> RunDocument:
    """A run that is stored, as it is answered."""
    return document(record.run, record.ended, store.issues(record), record.ended_by)


def fault_of(error: Exception) -> Issue:
    """A fault as a run says it: the kind of error, not its text, which may quote a cell."""
    return finding("fault", problem=type(error).__name__).at()


def store_failure(shell: Shell, begun: Begun, issue: Issue) -> RunDocument:
    """Records a run that could not do what it should have."""

    def prepare() -> Commit:
        ended = begun.ended(Outcome.FAILED, shell.now())
        return Commit(begun.run, ended, shell.store.stream(begun.company), issues=(issue,))

    return document(begun.run, _commit(shell, begun, prepare), (issue,))


@overload
def _commit(shell: Shell, begun: Begun, prepare: Callable[[], Commit]) -> RunEnded: ...
@overload
def _commit(
    shell: Shell, begun: Begun, prepare: Callable[[], Commit | None]
) -> RunEnded | None: ...
def _commit(shell: Shell, begun: Begun, prepare: Callable[[], Commit | None]) -> RunEnded | None:
    """Commits what `prepare` plans, and has it plan anew as often as another run was first (R4).

    Raises `SlotServed` where that run served the slot that this one is for.
    """
    for _ in range(_ATTEMPTS):
        with without_collections():
            commit = prepare()
            if commit is None:
                return None
            if begun.slot is not None and commit.stream.served(begun.slot):
                raise SlotServed(begun.company, begun.slot)
            try:
                shell.store.commit(commit)
                return commit.ended
            except Conflict:
                continue
            finally:
                del commit  # before collections begin again, which would go through all of it
    problem = f"other runs of {begun.company} were first {_ATTEMPTS} times"
    raise StoreUnavailable(problem, "look for a worker that runs in a circle, and try again")
