"""The table of events: the table of eventsourcing, and a checksum of ours in it."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import NamedTuple, cast
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from projections.tables import Operation, Table, Write


class EventRow(NamedTuple):
    """The row of one event."""

    originator_id: str
    originator_version: int
    topic: str
    state: bytes
    checksum: int


TABLE = Table("stored_events", EventRow, key=("originator_id", "originator_version"))


def write_of(stored_events: Iterable[StoredEvent]) -> Write:
    """Returns the write of events that eventsourcing has encoded."""
    return Write(Operation.INSERT, TABLE, map(_row_of, stored_events))


def checksum(state: bytes) -> int:
    """Returns the CRC-32 by which `verify` checks the bytes of an event.

    It finds accidents. It does not find an intruder, who can compute it again.
    """
    return zlib.crc32(state)


def _row_of(stored: StoredEvent) -> tuple[str, int, str, bytes, int]:
    """Returns the values of an `EventRow`: a plain tuple, which is faster to make."""
    stream, state = cast(UUID, stored.originator_id).hex, stored.state
    return stream, stored.originator_version, stored.topic, state, checksum(state)
