"""The company: the state, and how the runs of the company's stream change it (R4)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
from msgspec.structs import replace

from domain.company_runs.events import RunEnded, RunKind, is_map
from domain.outcome import Counts, Outcome


class AppliedDelivery(msgspec.Struct, frozen=True):
    """A delivery that the company's state already reflects (D8).

    `run` is the run whose issues hold for the delivery.
    """

    delivery: str
    run: UUID
    rows: int
    absent: int
    skipped: int

    @property
    def counts(self) -> Counts:
        """Returns the counts of a run that recognises the delivery."""
        return Counts(
            rows=self.rows,
            unchanged=self.rows - self.skipped,
            skipped=self.skipped,
            absent=self.absent,
        )


class HeldDelivery(msgspec.Struct, frozen=True):
    """A delivery that waits to be approved or discarded (B2).

    `run` is the run that holds the delivery, `delivery` is the key of the delivery, and `version`
    is the version of the company's stream from which on the delivery is held.
    """

    run: UUID
    delivery: str
    version: int


class CompanyState(msgspec.Struct, frozen=True):
    """A company as the runs of its stream describe it.

    `version` is the number of the runs, and is lock and guard in one: a run is stored as
    version + 1, so that only one of two runs planned from the same state can be stored (R4).
    `changed` is the version at which an employee last changed. `applied` is the delivery that was
    last applied whole (D8), and `held` is the delivery that waits for a decision. `approved` is the
    key of the approved delivery, as long as no other delivery is applied. `slot` is the latest
    pick-up slot that was served (R3). `rekeyed` is the SHA-256 of the map of external ids that was
    last applied whole (S12).
    """

    version: int = 0
    changed: int = 0
    applied: AppliedDelivery | None = msgspec.field(default=None, name="settled")
    held: HeldDelivery | None = None
    approved: str | None = None
    slot: datetime | None = None
    rekeyed: str | None = None

    def served(self, slot: datetime) -> bool:
        """Returns whether the slot, or a later slot, was served already (R3)."""
        return self.slot is not None and self.slot >= slot

    def holds(self, delivery: str) -> bool:
        """Returns whether the delivery with this key waits for a decision (B3)."""
        return self.held is not None and self.held.delivery == delivery


def evolve(state: CompanyState, run: UUID, ended: RunEnded) -> CompanyState:
    """Returns the company after one more run."""
    version = state.version + 1
    held = state.held
    if held is not None and held.run == ended.ends:
        held = None
    if ended.outcome is Outcome.HELD:
        held = HeldDelivery(run, ended.delivery or "", version)
        return replace(state, version=version, slot=_latest(state.slot, ended.slot), held=held)
    return CompanyState(
        version=version,
        changed=version if ended.counts.events else state.changed,
        applied=_applied(state.applied, run, ended),
        held=held,
        approved=_approved(state.approved, ended),
        slot=_latest(state.slot, ended.slot),
        rekeyed=_rekeyed(state.rekeyed, ended),
    )


def _latest(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((each for each in (one, other) if each is not None), default=None)


def _applied(before: AppliedDelivery | None, run: UUID, ended: RunEnded) -> AppliedDelivery | None:
    """Returns the delivery that the next run would recognise, after `ended`.

    A run that did not read a delivery to its end leaves `before` as it is, unless the run changed
    an employee.
    """
    counts = ended.counts
    if ended.delivery is None or is_map(ended.delivery):
        return None if counts.events else before
    if counts.rejected:
        return None
    return AppliedDelivery(
        ended.delivery, ended.issues_of or run, counts.rows, counts.absent, counts.skipped
    )


def _approved(before: str | None, ended: RunEnded) -> str | None:
    """Returns the key of the delivery that is not held again, after `ended`.

    The key is kept because rows that were rejected when the delivery was approved are rejected at
    every pick-up.
    """
    if ended.delivery is None or is_map(ended.delivery):
        return before
    if ended.run_kind is RunKind.APPROVE:
        return ended.delivery
    return before if before == ended.delivery else None


def _rekeyed(before: str | None, ended: RunEnded) -> str | None:
    """Returns the SHA-256 of the map that was last applied whole, after `ended`."""
    if ended.delivery is None or not is_map(ended.delivery) or ended.counts.rejected:
        return before
    return ended.files[0].sha256
