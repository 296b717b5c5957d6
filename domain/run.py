"""Runs, the only way in which anything changes, and the stream they form (R1, R2, R4)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

import msgspec

from domain.private import Private


class RunKind(StrEnum):
    """What a run does (R2)."""

    IMPORT = "import"
    CLOCK = "clock"
    SUPPORT = "support"
    APPROVE = "approve"
    DISCARD = "discard"


class Outcome(StrEnum):
    """How a run ended (R2)."""

    APPLIED = "applied"
    UNCHANGED = "unchanged"
    NO_FILE = "no-file"
    HELD = "held"
    DISCARDED = "discarded"
    REFUSED = "refused"
    FAILED = "failed"


class FileInfo(msgspec.Struct, frozen=True):
    """A delivered file as its source described it, and the SHA-256 of the bytes received.

    There is none of a file that is listed as too large, which is not fetched.
    """

    name: str
    bytes: int
    modified: datetime
    sha256: str | None


class Counts(msgspec.Struct, frozen=True):
    """What a run did. rows = registered + changed + unchanged + rejected + skipped.

    `absent` counts the employees who can still be changed by a file and that no row speaks of
    (D7); `events` counts employees' events.
    """

    rows: int = 0
    registered: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0
    skipped: int = 0
    absent: int = 0
    activated: int = 0
    deactivated: int = 0
    events: int = 0


class RunEnded(Private, frozen=True, tag="run-ended", tag_field="kind"):
    """The record of one run (R2), an event of its company's stream; its id is the envelope's.

    `slot` is the pick-up slot it served, `delivery` identifies the bytes and settings it read
    (D8), and `issues_of` names the earlier run whose lasting issues hold for this one too.
    `ends` names the held run that this one approved or discarded (B2, B3). A held run counts what
    it would do.
    """

    company: str
    run_kind: RunKind
    outcome: Outcome
    started: datetime
    finished: datetime
    by: str
    reason: str | None = None
    slot: datetime | None = None
    files: tuple[FileInfo, ...] = ()
    counts: Counts = Counts()
    delivery: str | None = None
    issues_of: UUID | None = None
    ends: UUID | None = None


def delivery_key(agreed: Iterable[bytes], files: Iterable[FileInfo]) -> str:
    """What recognises a delivery (D8): the settings it is read under, and its files' names and
    bytes. Issues tell files by name, so the same bytes under another name are another delivery."""
    digest = hashlib.sha256()
    for part in (*agreed, *(f"{file.name}\n{file.sha256}".encode() for file in files)):
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()


class Settled(msgspec.Struct, frozen=True):
    """A delivery that the company's state already reflects (D8), and the run that said so."""

    delivery: str
    run: UUID
    rows: int
    absent: int
    skipped: int

    @property
    def counts(self) -> Counts:
        """What a run counts that meets the delivery again."""
        return Counts(
            rows=self.rows,
            unchanged=self.rows - self.skipped,
            skipped=self.skipped,
            absent=self.absent,
        )


class Held(msgspec.Struct, frozen=True):
    """A delivery that waits to be approved or discarded (B2): the run that holds it, what
    recognises it, and the company's version since it is held."""

    run: UUID
    delivery: str
    version: int


class CompanyStream(msgspec.Struct, frozen=True):
    """A company as its stream tells.

    The version is the number of its runs, lock and guard in one: a run is stored as version + 1,
    so of two runs planned from the same state one fails to be stored (R4). `changed` is the
    version at which somebody last changed, `settled` the delivery last taken in whole (D8), `held`
    the one that waits, and `approved` recognises the delivery that somebody answers for, as long
    as no other one is taken in. `slot` is the latest pick-up slot that was served (R3).
    """

    version: int = 0
    changed: int = 0
    settled: Settled | None = None
    held: Held | None = None
    approved: str | None = None
    slot: datetime | None = None

    def after(self, run: UUID, ended: RunEnded) -> Self:
        """The stream with one more run."""
        version = self.version + 1
        stream = msgspec.structs.replace(self, version=version, slot=_latest(self.slot, ended.slot))
        if stream.held is not None and stream.held.run == ended.ends:
            stream = msgspec.structs.replace(stream, held=None)
        if ended.outcome is Outcome.HELD:
            held = Held(run, ended.delivery or "", version)
            return msgspec.structs.replace(stream, held=held)
        return msgspec.structs.replace(
            stream,
            changed=version if ended.counts.events else self.changed,
            settled=_settled(self.settled, run, ended),
            approved=_approved(self.approved, ended),
        )

    def served(self, slot: datetime) -> bool:
        """Whether the slot, or a later one, was served already (R3)."""
        return self.slot is not None and self.slot >= slot

    def holds(self, delivery: str) -> bool:
        """Whether this very delivery waits for a decision (B3)."""
        return self.held is not None and self.held.delivery == delivery


def _latest(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((each for each in (one, other) if each is not None), default=None)


def _settled(before: Settled | None, run: UUID, ended: RunEnded) -> Settled | None:
    """The delivery that would be recognised next time, after `ended`.

    A run that read no delivery to its end leaves things as they are, unless it changed someone.
    """
    counts = ended.counts
    if ended.delivery is None:
        return None if counts.events else before
    if counts.rejected:
        return None
    return Settled(
        ended.delivery, ended.issues_of or run, counts.rows, counts.absent, counts.skipped
    )


def _approved(before: str | None, ended: RunEnded) -> str | None:
    """The delivery that is not held again, after `ended`: rows that were rejected when it was
    approved will be rejected at every pick-up."""
    if ended.delivery is None:
        return before
    if ended.run_kind is RunKind.APPROVE:
        return ended.delivery
    return before if before == ended.delivery else None
