"""The table of events: its statements, in the subset that every store speaks.

It is the one that eventsourcing's recorders read, with a checksum beside each event.
"""

from __future__ import annotations

import zlib

TABLE = """
    CREATE TABLE stored_events (
        originator_id TEXT NOT NULL,
        originator_version INTEGER NOT NULL,
        topic TEXT NOT NULL,
        state {bytes} NOT NULL,
        checksum INTEGER NOT NULL,
        PRIMARY KEY (originator_id, originator_version)
    ) {clustered}
"""
"""Clustered by stream: nobody reads all streams in the order in which they were written."""

PUT = """
    INSERT INTO stored_events (originator_id, originator_version, topic, state, checksum)
    VALUES (?, ?, ?, ?, ?)
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


def checksum(state: bytes) -> int:
    """What `verify` knows an event's bytes by. It finds accidents, not those who recompute it."""
    return zlib.crc32(state)
