"""Finds out whether a transaction is stored after the reply to its COMMIT was lost (ADR 0030)."""

from __future__ import annotations

from contextlib import suppress
from time import monotonic, sleep
from typing import Any, cast
from uuid import UUID

import psycopg
from eventsourcing.persistence import StoredEvent
from psycopg import Connection

from adapters.store import limits
from adapters.store.connecting import connected
from adapters.store.errors import CommitInDoubt

_PAUSE_S = 0.2  # between two attempts to ask

_STATUS = """
    SELECT CASE WHEN pg_is_in_recovery() THEN 'in progress' ELSE pg_xact_status(%s::xid8) END
"""
"""A replica may not have heard yet how the transaction ended, so its word does not count."""
_HOLDS = """
    SELECT FROM stored_events
    WHERE originator_id = %s AND originator_version = %s AND topic = %s AND state = %s
"""


def transaction_id(connection: Connection[Any]) -> str:
    """Returns the id of the present transaction."""
    row = connection.execute("SELECT pg_current_xact_id()::text").fetchone()
    return str(row[0]) if row else ""


def was_committed(url: str, transaction: str, event: StoredEvent) -> bool:
    """Returns whether the transaction that stored this event was committed.

    Connects again until the transaction has ended, and then looks for the event. The status of the
    transaction alone is not enough: after a failover, another transaction may have its id. Raises
    `CommitInDoubt` if the end is not known within `SETTLE_S`.
    """
    end = monotonic() + limits.SETTLE_S
    while True:
        with suppress(psycopg.Error), connected(url) as connection:
            if _has_ended(connection, transaction):
                return _holds(connection, event)
        if monotonic() > end:
            raise CommitInDoubt
        sleep(_PAUSE_S)


def _has_ended(connection: Connection[Any], transaction: str) -> bool:
    try:
        row = connection.execute(_STATUS, (transaction,)).fetchone()
    except psycopg.errors.InvalidParameterValue:
        return True  # a server that took over does not know the id yet: it has lost the transaction
    return row != ("in progress",)


def _holds(connection: Connection[Any], event: StoredEvent) -> bool:
    key = cast(UUID, event.originator_id).hex, event.originator_version
    return connection.execute(_HOLDS, (*key, event.topic, event.state)).rowcount > 0
