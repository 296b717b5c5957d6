"""The company: the state, and how the runs of the company's stream change it (R4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec.structs import replace

from domain.company_runs.events import FileInfo, RunEnded, RunKind, content_key, newest_of
from domain.company_runs.feed import Feed, next_feed
from domain.delivery.facts import LastDelivery
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
    last applied whole (S12). `last` is the full delivery that was applied last, `deliveries` is the
    number of the full deliveries that were applied, without those that still lay there, and
    `earlier` has the keys of the bytes of the last deliveries that were applied, the latest last
    (D10). `approved_at` is the moment of the last approval (B1). `feed` is the health of the feed
    (Q3).
    """

    version: int = 0
    changed: int = 0
    applied: AppliedDelivery | None = msgspec.field(default=None, name="settled")
    held: HeldDelivery | None = None
    approved: str | None = None
    slot: datetime | None = None
    rekeyed: str | None = None
    last: LastDelivery | None = None
    deliveries: int = 0
    earlier: tuple[str, ...] = ()
    approved_at: datetime | None = None
    feed: Feed = Feed()

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
        slot, feed = _latest(state.slot, ended.slot), next_feed(state.feed, ended)
        return replace(state, version=version, slot=slot, held=held, feed=feed)
    compared = _is_compared(ended)
    approves = ended.run_kind is RunKind.APPROVE and _is_delivery(ended)
    return CompanyState(
        version=version,
        changed=version if ended.counts.events else state.changed,
        applied=_applied(state.applied, run, ended),
        held=held,
        approved=_approved(state.approved, ended),
        slot=_latest(state.slot, ended.slot),
        rekeyed=_rekeyed(state.rekeyed, ended),
        last=_last(state.last, run, ended) if compared else state.last,
        deliveries=deliveries_after(state, ended.files) if compared else state.deliveries,
        earlier=_earlier(state.earlier, ended),
        approved_at=ended.finished if approves else state.approved_at,
        feed=next_feed(state.feed, ended),
    )


_MAX_EARLIER = 100
"""The number of earlier deliveries that are recognised when they come again (D10)."""


def _is_delivery(ended: RunEnded) -> bool:
    """Returns whether a run applied a delivery, or found that it changes nothing."""
    reads = bool(ended.files) and ended.delivery is not None and not ended.is_about_map
    return reads and ended.is_applied


def deliveries_after(state: CompanyState, files: Sequence[FileInfo]) -> int:
    """Returns the number of full deliveries after one more full delivery of `files` (Q4).

    Files that still lie there, as the last delivery left them, are no further delivery.
    """
    newest = newest_of(files)
    lies_there = state.last is not None and state.last.newest == newest
    lies_there = lies_there and state.earlier[-1:] == (content_key(files),)
    return state.deliveries + (0 if lies_there else 1)


def _is_compared(ended: RunEnded) -> bool:
    """Returns whether later deliveries are compared with the delivery of a run (D12)."""
    return _is_delivery(ended) and not ended.is_partial


def _last(before: LastDelivery | None, run: UUID, ended: RunEnded) -> LastDelivery:
    """Returns the delivery of a run. One that is recognised has the columns of the last one (D8).

    Runs of earlier releases have no facts: whether their last line had a line end is not known.
    """
    newest, facts = max(file.modified for file in ended.files), ended.facts
    complete = facts is not None and facts.complete
    columns = facts.columns if facts is not None else ()
    if ended.issues_of is not None and before is not None:
        columns = before.columns
    return LastDelivery(ended.counts.rows, newest, columns, complete, run, ended.finished)


def _earlier(before: tuple[str, ...], ended: RunEnded) -> tuple[str, ...]:
    if not _is_delivery(ended):
        return before
    key = content_key(ended.files)
    return (*(each for each in before if each != key), key)[-_MAX_EARLIER:]


def _latest(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((each for each in (one, other) if each is not None), default=None)


def _applied(before: AppliedDelivery | None, run: UUID, ended: RunEnded) -> AppliedDelivery | None:
    """Returns the delivery that the next run would recognise, after `ended`.

    A run that did not read a delivery to its end leaves `before` as it is, unless the run changed
    an employee.
    """
    counts = ended.counts
    if ended.delivery is None or ended.is_about_map:
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
    if ended.delivery is None or ended.is_about_map:
        return before
    if ended.run_kind is RunKind.APPROVE:
        return ended.delivery
    return before if before == ended.delivery else None


def _rekeyed(before: str | None, ended: RunEnded) -> str | None:
    """Returns the SHA-256 of the map that was last applied whole, after `ended`."""
    if not ended.is_about_map or ended.counts.rejected:
        return before
    return ended.files[0].sha256
