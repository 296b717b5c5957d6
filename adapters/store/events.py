"""The table of events and its statements, in the SQL subset that every store supports.

The recorders of eventsourcing read this table. The column `checksum` is an addition of ours.
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
"""Every event of each employee that a run registered or changed.

The ids of the employees that a run registered lie in one range.
"""

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
    """Returns the row of an event."""
    stream = cast(UUID, stored.originator_id).hex
    state = stored.state
    return stream, stored.originator_version, stored.topic, state, checksum(state)


def checksum(state: bytes) -> int:
    """Returns the CRC-32 by which `verify` checks the bytes of an event.

    It finds accidents. It does not find an intruder, who can compute it again.
    """
    return zlib.crc32(state)
