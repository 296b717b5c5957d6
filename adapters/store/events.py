"""The table of events: its statements, in the subset that every store speaks.

It is the one that eventsourcing's recorders read, with a checksum beside each event.
"""

from __future__ import annotations

import zlib
from typing import TypeAlias, cast
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from projections.tables import Table, data, integer, text

TABLE = Table(
    "stored_events",
    columns=(
        text("originator_id"),
        integer("originator_version"),
        text("topic"),
        data("state"),
        integer("checksum"),
    ),
    key=("originator_id", "originator_version"),
)

OF_STREAM = """
    SELECT originator_id, originator_version, topic, state FROM stored_events
    WHERE originator_id = ? ORDER BY originator_version
"""
OF_RUN = """
    SELECT originator_id, originator_version, topic, state FROM (
        SELECT * FROM stored_events WHERE originator_id >= ? AND originator_id <= ?
        UNION ALL
        SELECT * FROM stored_events
        WHERE originator_id IN (SELECT employee FROM touched WHERE run = ?)
    ) found ORDER BY originator_id, originator_version
"""
"""Every event of everyone whom a run registered (their ids lie in a range) or changed."""

EVERY = """
    SELECT originator_id, originator_version, topic, state, checksum FROM stored_events
    ORDER BY originator_id, originator_version
"""
ODD_STREAMS = """
    SELECT DISTINCT originator_id FROM stored_events WHERE length(originator_id) <> 32
"""
COUNT = "SELECT count(*) FROM stored_events"
OF_TOPIC = """
    SELECT originator_id, originator_version, topic, state, checksum FROM stored_events
    WHERE topic = ? ORDER BY originator_id, originator_version
"""


Row: TypeAlias = tuple[str, int, str, bytes, int]


def row_of(stored: StoredEvent) -> Row:
    """The row of an event."""
    stream = cast(UUID, stored.originator_id).hex
    state = stored.state
    return stream, stored.originator_version, stored.topic, state, checksum(state)


def checksum(state: bytes) -> int:
    """What `verify` knows an event's bytes by. It finds accidents, not those who recompute it."""
    return zlib.crc32(state)
