"""The shell around the pure core, one function a use case: gather, plan, commit, report."""

from __future__ import annotations

import gc
import hashlib
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import NamedTuple, overload
from uuid import UUID

from adapters.settings import Customer, Settings
from adapters.sources.source import DeliveredFile, SourceUnreachable, StillUploading
from adapters.store.store import Commit, Conflict, Due, RunRecord, Store, StoreUnavailable
from domain.clock import plan_clock
from domain.delivery import Terms, plan_delivery
from domain.ids import run_id
from domain.issues import Issue, finding
from domain.plan import Moment, Plan
from domain.roster import Roster
from domain.run import Counts, FileInfo, Outcome, RunEnded, RunKind, Settled
from domain.sheet import Refused, Sheet, read_sheet
from projections.preview import PreviewDocument, preview, preview_rows
from projections.runs import RunDocument, document

_ATTEMPTS = 100


def utc_now() -> datetime:
    """The moment it is."""
    return datetime.now(UTC)


class Shell(NamedTuple):
    """What a use case works with: settings, store, and what tells the time."""

    settings: Settings
    store: Store
    now: Callable[[], datetime] = utc_now


class Begun(NamedTuple):
    """A run from its first moment on: everything its record needs that is known by then."""

    run: UUID
    kind: RunKind
    company: str
    started: datetime
    by: str

    def ended(
        self,
        outcome: Outcome,
        finished: datetime,
        *,
        files: Sequence[FileInfo] = (),
        counts: Counts | None = None,
        delivery: str | None = None,
        issues_of: UUID | None = None,
    ) -> RunEnded:
        """The record of how it ended."""
        return RunEnded(
            company=self.company,
            run_kind=self.kind,
            outcome=outcome,
            started=self.started,
            finished=finished,
            by=self.by,
            files=tuple(files),
            counts=counts or Counts(),
            delivery=delivery,
            issues_of=issues_of,
        )


class Fetched(NamedTuple):
    """A delivery in hand: its files, how each is recorded, and what recognises it (D8)."""

    files: Sequence[DeliveredFile]
    infos: tuple[FileInfo, ...]
    delivery: str


# Imports


def import_delivery(
    shell: Shell, customer: Customer, by: str, files: Sequence[DeliveredFile] | None = None
) -> RunDocument:
    """Applies a delivery: that of the company's source, or the `files` given.

    Whatever becomes of the delivery, a record of the run is stored (R2). Raises
    `StoreUnavailable` when there is nowhere to store it.
    """
    begun = _begin(shell, RunKind.IMPORT, customer.company.key, by)
    try:
        fetched = _fetch(customer, files)
    except (SourceUnreachable, StillUploading) as error:
        return _fail(shell, begun, _issue_of(error))
    return _run(shell, begun, lambda: _apply(shell, customer, begun, fetched))


def preview_delivery(
    shell: Shell, customer: Customer, by: str, files: Sequence[DeliveredFile] | None = None
) -> PreviewDocument:
    """What `import_delivery` would do, row by row. Stores nothing.

    Raises `SourceUnreachable` or `StillUploading` where the delivery cannot be fetched.
    """
    begun = _begin(shell, RunKind.IMPORT, customer.company.key, by)
    fetched = _fetch(customer, files)
    snapshot = shell.store.snapshot(customer.company.key)
    try:
        # A plan has no place for rows that are recognised, and a preview shows every row.
        plan = _plan(shell, customer, begun, fetched, snapshot.roster.without_digests())
        ended, rows = _ended(shell, begun, fetched, plan), preview_rows(plan)
        issues = plan.issues
    except NothingToPlan as nothing:
        ended, rows = nothing.ended(shell, begun, fetched), ()
        issues = nothing.issues
    return preview(document(None, ended, issues), rows)


class NothingToPlan(Exception):
    """A delivery that leads to no plan, and how its run ends."""

    def __init__(self, outcome: Outcome, *issues: Issue) -> None:
        super().__init__(outcome)
        self.outcome = outcome
        self.issues = issues

    def ended(self, shell: Shell, begun: Begun, fetched: Fetched) -> RunEnded:
        """The record of the run."""
        return begun.ended(self.outcome, shell.now(), files=fetched.infos)


def _fetch(customer: Customer, given: Sequence[DeliveredFile] | None) -> Fetched:
    if given is None:
        if customer.source is None:
            raise SourceUnreachable("no source is configured for this company")
        given = customer.source.fetch(customer.company.limits.file)
    infos = tuple(
        FileInfo(file.name, file.size, file.modified, hashlib.sha256(file.data).hexdigest())
        for file in given
    )
    settings = customer.company.fingerprint().hex()
    content = "\n".join((settings, *(info.sha256 for info in infos)))
    return Fetched(given, infos, hashlib.sha256(content.encode()).hexdigest())


def _apply(shell: Shell, customer: Customer, begun: Begun, fetched: Fetched) -> Commit:
    """The run as it would be stored, planned from where the company stands now."""
    stream = shell.store.stream(begun.company)
    settled = stream.settled
    if settled is not None and settled.delivery == fetched.delivery:
        return Commit(begun.run, _recognised(shell, begun, fetched, settled), stream)
    snapshot = shell.store.snapshot(begun.company)
    try:
        plan = _plan(shell, customer, begun, fetched, snapshot.roster)
    except NothingToPlan as nothing:
        ended = nothing.ended(shell, begun, fetched)
        return Commit(begun.run, ended, snapshot.stream, issues=nothing.issues)
    return Commit(
        run=begun.run,
        ended=_ended(shell, begun, fetched, plan),
        stream=snapshot.stream,
        changes=tuple(plan.changes),
        remembered=plan.remembered,
        issues=plan.issues,
    )


def _plan(shell: Shell, customer: Customer, begun: Begun, fetched: Fetched, roster: Roster) -> Plan:
    """Raises `NothingToPlan` when there is no file (D6), or one that refuses the delivery (F1)."""
    company = customer.company
    if not fetched.files:
        pattern = customer.source.pattern if customer.source else ""
        raise NothingToPlan(Outcome.NO_FILE, finding("no-file", pattern=pattern).at())
    sheets: list[Sheet] = []
    refusals: list[Issue] = []
    for file in fetched.files:
        try:
            sheets.append(read_sheet(file.name, file.data, company))
        except Refused as refused:
            refusals += refused.issues
    if refusals:
        raise NothingToPlan(Outcome.REFUSED, *refusals)
    moment = Moment(begun.run, shell.now())
    return plan_delivery(sheets, roster, Terms(company, shell.settings.schedule, moment))


def _ended(shell: Shell, begun: Begun, fetched: Fetched, plan: Plan) -> RunEnded:
    return begun.ended(
        plan.outcome,
        shell.now(),
        files=fetched.infos,
        counts=plan.counts,
        delivery=fetched.delivery,
    )


def _recognised(shell: Shell, begun: Begun, fetched: Fetched, settled: Settled) -> RunEnded:
    """A delivery that changed nothing before it was even read (D8)."""
    return begun.ended(
        Outcome.UNCHANGED,
        shell.now(),
        files=fetched.infos,
        counts=Counts(
            rows=settled.rows,
            unchanged=settled.rows - settled.skipped,
            skipped=settled.skipped,
            absent=settled.absent,
        ),
        delivery=fetched.delivery,
        issues_of=settled.run,
    )


def _issue_of(error: SourceUnreachable | StillUploading) -> Issue:
    if isinstance(error, StillUploading):
        return finding("still-uploading").at(error.name)
    return finding("unreachable", problem=error.problem).at()


# The clock


def pass_clock(shell: Shell, by: str, at: datetime | None = None) -> Iterator[RunDocument]:
    """Makes every transition due by `at`, now if it is not given: one run for each company (C1)."""
    until = at or shell.now()
    schedule = shell.settings.schedule
    for company, due in shell.store.due(schedule, until).items():
        begun = _begin(shell, RunKind.CLOCK, company, by)
        waiting = [due]

        def pass_time(begun: Begun = begun, waiting: list[Due] = waiting) -> Commit | None:
            due = waiting.pop() if waiting else shell.store.due(schedule, until).get(begun.company)
            return _pass(shell, begun, due, until) if due else None

        run = _run(shell, begun, pass_time)
        if run is not None:
            yield run


def preview_clock(shell: Shell, by: str, at: datetime | None = None) -> Iterator[RunDocument]:
    """What `pass_clock` would do by `at`, which may be ahead. Stores nothing."""
    until = at or shell.now()
    for company, due in shell.store.due(shell.settings.schedule, until).items():
        commit = _pass(shell, _begin(shell, RunKind.CLOCK, company, by), due, until)
        if commit is not None:
            yield document(None, commit.ended, ())


def _pass(shell: Shell, begun: Begun, due: Due, until: datetime) -> Commit | None:
    now = shell.now()
    plan = plan_clock(due.employees, shell.settings.schedule, Moment(begun.run, now), until)
    if not plan.changes:
        return None
    ended = begun.ended(Outcome.APPLIED, now, counts=plan.counts)
    return Commit(begun.run, ended, due.stream, changes=plan.changes)


# Every run


def _begin(shell: Shell, kind: RunKind, company: str, by: str) -> Begun:
    now = shell.now()
    run = run_id(int(now.timestamp() * 1000), secrets.randbits(42))
    return Begun(run, kind, company, now, by)


@overload
def _run(shell: Shell, begun: Begun, prepare: Callable[[], Commit]) -> RunDocument: ...
@overload
def _run(
    shell: Shell, begun: Begun, prepare: Callable[[], Commit | None]
) -> RunDocument | None: ...
def _run(shell: Shell, begun: Begun, prepare: Callable[[], Commit | None]) -> RunDocument | None:
    """Stores what `prepare` plans, and has it plan anew as often as another run was first (R4).

    A fault leaves a record too, before it goes on its way.
    """
    try:
        for _ in range(_ATTEMPTS):
            with _without_collections():
                commit = prepare()
                if commit is None:
                    return None
                try:
                    shell.store.commit(commit)
                except Conflict:
                    continue
            record = RunRecord(begun.run, commit.ended)
            return document(begun.run, commit.ended, shell.store.issues(record))
        raise StoreUnavailable(f"other runs of {begun.company} were first {_ATTEMPTS} times")
    except StoreUnavailable:
        raise
    except Exception as error:
        _fail(shell, begun, finding("fault", problem=type(error).__name__).at())
        raise


@contextmanager
def _without_collections() -> Iterator[None]:
    """Spares the cyclic garbage collector a plan's values.

    They are immutable and form no cycles, but there are millions of them, and going through them
    again and again as they pile up takes longer than making them.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _fail(shell: Shell, begun: Begun, issue: Issue) -> RunDocument:
    """Records a run that could not do what it should have."""

    def prepare() -> Commit:
        ended = begun.ended(Outcome.FAILED, shell.now())
        return Commit(begun.run, ended, shell.store.stream(begun.company), issues=(issue,))

    return _run(shell, begun, prepare)
