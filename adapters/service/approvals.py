"""What becomes of a delivery that the safeguard holds: approved, or discarded (B2)."""

from __future__ import annotations

from adapters.service.errors import HeldFilesDamaged, NotWaiting
from adapters.service.imports import (
    NothingToPlan,
    approved,
    commit_of,
    plan_fetched,
    recognise,
)
from adapters.service.run import Shell, begin, store_run
from adapters.settings import Customer
from adapters.sources.source import DeliveredFile
from adapters.store.commit import Commit, RunRecord
from domain.run import CompanyStream, Held, Outcome, RunKind
from projections.runs import RunDocument


def approve(
    shell: Shell, customer: Customer, record: RunRecord, by: str, reason: str
) -> RunDocument:
    """Applies the delivery that a run holds.

    Somebody answers for the delivery as it was held. Where the company or its settings changed
    since, it is planned again and, if the safeguard still has something against it, held again
    with the new figures. Raises `NotWaiting`, and `HeldFilesDamaged`.
    """
    begun = begin(shell, RunKind.APPROVE, customer.company.key, by, reason)

    def prepare() -> Commit:
        stream = shell.store.stream(begun.company)
        held = _held(shell, stream, record)
        files = [
            DeliveredFile(file.info.name, file.info.modified, file.data, file.info.bytes)
            for file in shell.store.held(held.run)
        ]
        fetched = recognise(shell, customer, files)
        if fetched.infos != record.ended.files:
            # Somebody else may have decided meanwhile.
            _held(shell, shell.store.stream(begun.company), record)
            raise HeldFilesDamaged(held.run)
        try:
            plan = plan_fetched(shell, customer, begun, fetched)
        except NothingToPlan as nothing:
            ended = nothing.ended(shell, begun, fetched)
            return Commit(begun.run, ended, stream, issues=nothing.issues)
        if fetched.delivery == held.delivery and stream.changed <= held.version:
            plan = approved(plan)
        return commit_of(shell, begun, fetched, plan, stream, ends=held.run)

    return store_run(shell, begun, prepare)


def discard(shell: Shell, record: RunRecord, by: str, reason: str) -> RunDocument:
    """Ends a held run, and applies nothing of it. Raises `NotWaiting`."""
    begun = begin(shell, RunKind.DISCARD, record.ended.company, by, reason)

    def prepare() -> Commit:
        stream = shell.store.stream(begun.company)
        held = _held(shell, stream, record)
        ended = begun.ended(Outcome.DISCARDED, shell.now(), ends=held.run)
        return Commit(begun.run, ended, stream)

    return store_run(shell, begun, prepare)


def _held(shell: Shell, stream: CompanyStream, record: RunRecord) -> Held:
    """What a run holds. Raises `NotWaiting`."""
    if stream.held is None or stream.held.run != record.run:
        latest = shell.store.find_run(record.run) or record
        raise NotWaiting(record.run, latest.ended_by)
    return stream.held
