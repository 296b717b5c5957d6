"""The event of a company: a run ended (R2)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from domain.delivery.facts import DeliveryFacts
from domain.outcome import Counts, Outcome
from domain.privacy import Redacted


class RunKind(StrEnum):
    """The kind of work that a run does (R2)."""

    IMPORT = "import"
    CLOCK = "clock"
    SUPPORT = "support"
    REKEY = "rekey"
    APPROVE = "approve"
    DISCARD = "discard"


class FileInfo(msgspec.Struct, frozen=True):
    """A delivered file as its source described it, and the SHA-256 of the received bytes.

    `sha256` is `None` for a file that is listed as too large, because such a file is not fetched.
    """

    name: str
    bytes: int
    modified: datetime
    sha256: str | None


def newest_of(files: Iterable[FileInfo]) -> datetime | None:
    """Returns when the newest of some files was modified, or `None` if there are none."""
    return max((file.modified for file in files), default=None)


class AbsenceChange(msgspec.Struct, frozen=True):
    """Who became absent by a run, and who is not absent any more (Q4): ids of employees."""

    gone: tuple[UUID, ...] = ()
    back: tuple[UUID, ...] = ()


class RunEnded(Redacted, frozen=True, tag="run-ended", tag_field="kind"):
    """The record of one run (R2), an event of its company's stream.

    The envelope holds the id of the run.

    `slot` is the pick-up slot that the run served. `delivery` identifies the bytes and settings
    that the run read (D8), and tells whether these are a map of external ids (S12). `issues_of`
    names the earlier run whose lasting issues hold for this run too. `ends` names the held run that
    this run approved or discarded (B2, B3). The counts of a held run are the counts that it would
    have if it were applied. `facts` are those of a delivery whose rows the run read. `closes` has
    the keys of the open issues that a partial delivery closed (Q1), and `absence` tells who became
    absent (Q4): neither follows from the other runs. `by` is the author that the caller named, and
    `login` the operating system's login that made the run. Runs of earlier releases have no login.
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
    facts: DeliveryFacts | None = None
    closes: tuple[str, ...] = ()
    absence: AbsenceChange | None = None
    login: str | None = None

    @property
    def is_applied(self) -> bool:
        """Returns whether the run applied what it was asked for, or had nothing to change."""
        return self.outcome in (Outcome.APPLIED, Outcome.UNCHANGED)

    @property
    def is_partial(self) -> bool:
        """Returns whether the delivery of the run does not have all employees (D12)."""
        return self.facts is not None and self.facts.partial

    @property
    def is_about_map(self) -> bool:
        """Returns whether the run read a map of external ids (S12)."""
        return self.delivery is not None and is_map(self.delivery)


class RunRecord(Redacted, frozen=True):
    """A run that ended, with its id. `ended_by` names the run that ended it if it was held."""

    run: UUID
    ended: RunEnded
    ended_by: UUID | None = None


class RunContext(Redacted, frozen=True):
    """A run that has started: the part of its record that is known at the start."""

    id: UUID
    kind: RunKind
    company: str
    started: datetime
    by: str
    reason: str | None = None
    slot: datetime | None = None
    login: str | None = None

    def ended(
        self,
        outcome: Outcome,
        finished: datetime,
        *,
        files: tuple[FileInfo, ...] = (),
        counts: Counts | None = None,
        delivery: str | None = None,
        issues_of: UUID | None = None,
        ends: UUID | None = None,
        facts: DeliveryFacts | None = None,
    ) -> RunRecord:
        """Returns the record of the run, which has ended."""
        ended = RunEnded(
            company=self.company,
            run_kind=self.kind,
            outcome=outcome,
            started=self.started,
            finished=finished,
            by=self.by,
            reason=self.reason,
            slot=self.slot,
            files=files,
            counts=counts or Counts(),
            delivery=delivery,
            issues_of=issues_of,
            ends=ends,
            facts=facts,
            login=self.login,
        )
        return RunRecord(self.id, ended)


_MAP = "map-"


def map_key(delivery: str) -> str:
    """Returns the key of a map of external ids, from the key that its bytes have as a delivery.

    No delivery has such a key, so that a map is never taken for a delivery (S12).
    """
    return _MAP + delivery


def is_map(key: str) -> bool:
    """Returns whether a key is that of a map of external ids."""
    return key.startswith(_MAP)


def content_key(files: Iterable[FileInfo]) -> str:
    """Returns a key of the bytes of files, 16 hex digits long, whatever their names (D10)."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(bytes.fromhex(file.sha256 or ""))
    return digest.hexdigest()[:16]


def delivery_key(agreed: Iterable[bytes], files: Iterable[FileInfo]) -> str:
    """Returns the key that recognises a delivery (D8), as hex digits.

    The key is a digest of `agreed`, which are the settings under which the delivery is read, and of
    the names and bytes of its files. Issues name the files, so the same bytes under another name
    are another delivery.
    """
    digest = hashlib.sha256()
    for part in (*agreed, *(f"{file.name}\n{file.sha256}".encode() for file in files)):
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()
