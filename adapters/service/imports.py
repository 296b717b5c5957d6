"""Imports: from the files of a delivery to a stored run, or to a preview of one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

from adapters.service.errors import NoSource
from adapters.service.run import Begun, Shell, begin, fault_of, store_failure, store_run
from adapters.settings import Customer
from adapters.sources.source import DeliveredFile, SourceUnreachable, StillUploading
from adapters.store.store import Commit
from domain.delivery import plan_delivery
from domain.issues import Issue, finding
from domain.plan import Moment, Plan
from domain.roster import Roster
from domain.run import FileInfo, Outcome, RunEnded, RunKind, Settled, delivery_key
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
    shell: Shell, customer: Customer, by: str, files: Sequence[DeliveredFile] | None = None
) -> RunDocument:
    """Applies a delivery: that of the company's source, or the `files` given.

    Whatever becomes of the delivery, a record of the run is stored (R2). Raises
    `StoreUnavailable` when there is nowhere to store it, and `NoSource`, without a run, when there
    is nothing to fetch from.
    """
    if files is None and customer.source is None:
        raise NoSource(customer.company.key)
    begun = begin(shell, RunKind.IMPORT, customer.company.key, by)
    try:
        fetched = _fetch(shell, customer, files)
    except (SourceUnreachable, StillUploading) as error:
        return store_failure(shell, begun, _issue_of(error))
    except Exception as error:
        store_failure(shell, begun, fault_of(error))
        raise
    return store_run(shell, begun, lambda: _apply(shell, customer, begun, fetched))


def preview_delivery(
    shell: Shell, customer: Customer, by: str, files: Sequence[DeliveredFile] | None = None
) -> PreviewDocument:
    """What `import_delivery` would do, row by row. Stores nothing.

    Raises `SourceUnreachable` or `StillUploading` where the delivery cannot be fetched.
    """
    begun = begin(shell, RunKind.IMPORT, customer.company.key, by)
    fetched = _fetch(shell, customer, files)
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


def _fetch(shell: Shell, customer: Customer, given: Sequence[DeliveredFile] | None) -> Fetched:
    if given is None:
        if customer.source is None:
            raise NoSource(customer.company.key)
        given = customer.source.fetch(customer.company.limits.file)
    infos = tuple(
        FileInfo(file.name, file.size, file.modified, hashlib.sha256(file.data).hexdigest())
        for file in given
    )
    agreed = (customer.company.fingerprint(), shell.settings.schedule.fingerprint())
    return Fetched(given, infos, delivery_key(agreed, infos))


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
    try:
        sheets = read_sheets(((file.name, file.data) for file in fetched.files), company)
    except Refused as refused:
        raise NothingToPlan(Outcome.REFUSED, *refused.issues) from None
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
        counts=settled.counts,
        delivery=fetched.delivery,
        issues_of=settled.run,
    )


def _issue_of(error: SourceUnreachable | StillUploading) -> Issue:
    if isinstance(error, StillUploading):
        return finding("still-uploading").at(error.name)
    return finding("unreachable", problem=error.problem).at()
