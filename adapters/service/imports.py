"""Imports: from the files of a delivery to a stored run, or to a preview of one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from msgspec.structs import replace

from adapters.service.errors import NoSource
from adapters.service.run import Begun, Shell, begin, fault_of, recall, store_failure, store_run
from adapters.settings import Customer
from adapters.sources.source import DeliveredFile, SourceUnreachable, StillUploading
from adapters.store.commit import Commit, HeldFile, RunRecord
from domain.delivery import judge_delivery
from domain.issues import Issue, finding
from domain.plan import Moment, Plan
from domain.reading import read_delivery
from domain.roster import NO_DIGESTS
from domain.run import CompanyStream, FileInfo, Outcome, RunEnded, RunKind, Settled, delivery_key
from domain.sheet import Refused, read_sheets
from domain.terms import Terms
from projections.preview import PreviewDocument, preview, preview_rows
from projections.runs import RunDocument, document


class Fetched(NamedTuple):
    """A delivery in hand: its files, how each is recorded, and what recognises it (D8)."""

    files: Sequence[DeliveredFile]
    infos: tuple[FileInfo, ...]
    delivery: str


def import_delivery(
    shell: Shell,
    customer: Customer,
    by: str,
    files: Sequence[DeliveredFile] | None = None,
    slot: datetime | None = None,
) -> RunDocument:
    """Applies a delivery: that of the company's source, or the `files` given.

    `slot` is the pick-up slot that this serves; where another run has, `SlotServed` is raised.

    Whatever becomes of the delivery, a record of the run is stored (R2); only the delivery that
    is held already makes no run and is answered with the one that holds it (B3). Raises
    `StoreUnavailable` when there is nowhere to store it, and `NoSource`, without a run, when there
    is nothing to fetch from.
    """
    if files is None and customer.source is None:
        raise NoSource(customer.company.key)
    begun = begin(shell, RunKind.IMPORT, customer.company.key, by, slot=slot)
    try:
        fetched = _fetch(shell, customer, files)
    except (SourceUnreachable, StillUploading) as error:
        return store_failure(shell, begun, _issue_of(error))
    except Exception as error:
        store_failure(shell, begun, fault_of(error))
        raise
    holding: list[UUID] = []
    with shell.planning:
        stored = store_run(shell, begun, lambda: _apply(shell, customer, begun, fetched, holding))
    if stored is not None:
        return stored
    if slot is not None:  # which leaves no run to remember it by
        shell.store.take_part([begun.company], slot)
    return recall(shell, holding[-1])


def preview_delivery(
    shell: Shell, customer: Customer, by: str, files: Sequence[DeliveredFile] | None = None
) -> PreviewDocument:
    """What `import_delivery` would do, row by row. Stores nothing.

    Raises `SourceUnreachable` or `StillUploading` where the delivery cannot be fetched.
    """
    begun = begin(shell, RunKind.IMPORT, customer.company.key, by)
    fetched = _fetch(shell, customer, files)
    try:
        # A plan has no place for rows that are recognised, and a preview shows every row.
        stream = shell.store.stream(begun.company)
        plan = plan_fetched(shell, customer, begun, fetched, in_full=True)
        if stream.approved == fetched.delivery:
            plan = approved(plan)
        commit = commit_of(shell, begun, fetched, plan, stream)
        ended, issues, rows = commit.ended, tuple(commit.issues), preview_rows(plan)
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


def _fetch(shell: Shell, customer: Customer, given: Sequence[DeliveredFile] | None) -> Fetched:
    if given is None:
        if customer.source is None:
            raise NoSource(customer.company.key)
        given = customer.source.fetch(customer.company.limits.file)
    return recognise(shell, customer, given)


def recognise(shell: Shell, customer: Customer, files: Sequence[DeliveredFile]) -> Fetched:
    """A delivery with what it is known by under the settings as they are now (D8)."""
    infos = tuple(
        FileInfo(file.name, file.size, file.modified, _sha256(file.data)) for file in files
    )
    agreed = (customer.company.fingerprint(), shell.settings.schedule.fingerprint())
    return Fetched(files, infos, delivery_key(agreed, infos))


def _sha256(data: bytes | None) -> str | None:
    return None if data is None else hashlib.sha256(data).hexdigest()


def _apply(
    shell: Shell, customer: Customer, begun: Begun, fetched: Fetched, holding: list[UUID]
) -> Commit | None:
    """The run as it would be stored, planned from where the company stands now.

    `None` where the very delivery is held already: then `holding` is told by which run.
    """
    stream = shell.store.stream(begun.company)
    settled = stream.settled
    if stream.held is not None and stream.holds(fetched.delivery):
        holding.append(stream.held.run)
        return None
    if settled is not None and settled.delivery == fetched.delivery:
        ended = _recognised(shell, begun, fetched, settled)
        return Commit(begun.run, ended, stream, first=_superseded(shell, begun, stream))
    try:
        plan = plan_fetched(shell, customer, begun, fetched)
    except NothingToPlan as nothing:
        ended = nothing.ended(shell, begun, fetched)
        return Commit(begun.run, ended, stream, issues=nothing.issues)
    if stream.approved == fetched.delivery:
        plan = approved(plan)
    # Where another run was first since the stream was looked at, this fails to be stored (R4).
    commit = commit_of(shell, begun, fetched, plan, stream)
    return replace(commit, first=_superseded(shell, begun, stream))


def commit_of(
    shell: Shell,
    begun: Begun,
    fetched: Fetched,
    plan: Plan,
    stream: CompanyStream,
    ends: UUID | None = None,
) -> Commit:
    """A planned delivery as a run to be stored; where the plan is held, its files wait with it."""
    ended = begun.ended(
        plan.outcome,
        shell.now(),
        files=fetched.infos,
        counts=plan.counts,
        delivery=fetched.delivery,
        ends=ends,
    )
    if plan.concerns:
        held = tuple(map(HeldFile, fetched.infos, (file.data or b"" for file in fetched.files)))
        issues = (*plan.concerns, *plan.issues)
        return Commit(begun.run, ended, stream, issues=issues, held=held)
    return Commit(
        run=begun.run,
        ended=ended,
        stream=stream,
        changes=tuple(plan.changes),
        remembered=plan.remembered,
        issues=plan.issues,
    )


def approved(plan: Plan) -> Plan:
    """The same plan, for which somebody answers (B2)."""
    return replace(plan, concerns=())


def _superseded(shell: Shell, begun: Begun, stream: CompanyStream) -> RunRecord | None:
    """The run that ends a held delivery because a newer one has come (B3), if one is held."""
    if stream.held is None:
        return None
    reason = "another delivery took its place"
    before = begun.started - timedelta(milliseconds=1)  # runs are listed by when they began
    discard = begin(shell, RunKind.DISCARD, begun.company, begun.by, reason, at=before)
    ended = discard.ended(Outcome.DISCARDED, shell.now(), ends=stream.held.run)
    return RunRecord(discard.run, ended)


def plan_fetched(
    shell: Shell, customer: Customer, begun: Begun, fetched: Fetched, *, in_full: bool = False
) -> Plan:
    """What applying the delivery would do to the company as it is now.

    `in_full` reads every row, recognised or not. Raises `NothingToPlan` when there is no file (D6),
    or one that refuses the delivery (F1).
    """
    company = customer.company
    if not fetched.files:
        pattern = customer.source.pattern if customer.source else ""
        raise NothingToPlan(Outcome.NO_FILE, finding("no-file", pattern=pattern).at())
    try:
        sheets = read_sheets(((file.name, file.data) for file in fetched.files), company)
    except Refused as refused:
        raise NothingToPlan(Outcome.REFUSED, *refused.issues) from None
    with shell.store.view(begun.company) as view:
        digests = NO_DIGESTS if in_full else view.digests()
        delivered = read_delivery(sheets, digests, company)
        delivered, roster = view.gather(delivered)
    moment = Moment(begun.run, shell.now())
    return judge_delivery(delivered, roster, Terms(company, shell.settings.schedule, moment))


def _recognised(shell: Shell, begun: Begun, fetched: Fetched, settled: Settled) -> RunEnded:
    """A delivery that changed nothing before it was even read (D8)."""
    return begun.ended(
        Outcome.UNCHANGED,
        shell.now(),
        files=fetched.infos,
        counts=settled.counts,
        delivery=fetched.delivery,
        issues_of=settled.run,
    )


def _issue_of(error: SourceUnreachable | StillUploading) -> Issue:
    if isinstance(error, StillUploading):
        return finding("still-uploading").at(error.name)
    return finding("unreachable", problem=error.problem).at()
