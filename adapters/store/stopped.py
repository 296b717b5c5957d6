"""Tells of a process that is stopped while others wait for it, and ends its session (ADR 0031).

No time limit of PostgreSQL ends a session that waits for the rest of a COPY. So a
process that waits for such a session looks after it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

import psycopg
from psycopg import Connection

from adapters.store import limits
from adapters.store.connecting import connected

_log = logging.getLogger(__name__)

_BLOCKERS = """
    SELECT pid, (xact_start AT TIME ZONE 'UTC')::text, state_change::text,
        CASE WHEN state = 'active' AND wait_event = 'ClientRead' THEN {copied} END
    FROM pg_stat_activity blocker WHERE pid = ANY(pg_blocking_pids(%s))
"""
_COPIED = "(SELECT bytes_processed FROM pg_stat_progress_copy c WHERE c.pid = blocker.pid)"
_COPY_IS_SHOWN_SINCE = 140_000
"""The version of PostgreSQL that first shows the progress of COPY."""
_LAST_WORDS_S = 1.0  # for a look that is under way, to log what it did
_END = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE pid = %s AND (xact_start AT TIME ZONE 'UTC')::text = %s
        AND state = 'active' AND wait_event = 'ClientRead'
"""


class _Blocker(NamedTuple):
    """A session for which another session waits.

    `copied` is the number of bytes that it has copied, while it waits for more from its client.
    """

    pid: int
    since: str | None
    changed: str | None
    copied: int | None


@contextmanager
def watching(url: str, connection: Connection[Any], what: Callable[[], str]) -> Iterator[None]:
    """Looks every `LOOK_S` seconds which session the connection waits for, if the block lasts.

    Logs a warning about it. Ends it if it has copied nothing between two looks. `what` returns the
    words for what has to wait.
    """
    row = connection.execute("SELECT pg_backend_pid()").fetchone()
    done = threading.Event()
    arguments = (url, row[0] if row else 0, what, done)
    watcher = threading.Thread(target=_watch, args=arguments, name="watching", daemon=True)
    with suppress(RuntimeError):  # the system gives no more threads: then nobody looks
        watcher.start()
    try:
        yield
    finally:
        done.set()
        if watcher.is_alive():
            watcher.join(_LAST_WORDS_S)


def _watch(url: str, pid: int, what: Callable[[], str], done: threading.Event) -> None:
    before: set[_Blocker] = set()
    while not done.wait(limits.LOOK_S):
        with suppress(psycopg.Error), connected(url) as connection:
            blockers = _blockers(connection, pid)
            told = {blocker.pid for blocker in before}
            for blocker in blockers:
                if blocker.pid not in told:
                    _tell(blocker, what())
            for blocker in blockers & before:
                if blocker.copied is not None:
                    _end(connection, blocker)
            before = blockers


def _blockers(connection: Connection[Any], pid: int) -> set[_Blocker]:
    is_shown = connection.info.server_version >= _COPY_IS_SHOWN_SINCE
    statement = _BLOCKERS.format(copied=_COPIED if is_shown else "NULL::bigint")
    return {_Blocker(*row) for row in connection.execute(statement.encode(), (pid,)).fetchall()}


def _tell(blocker: _Blocker, what: str) -> None:
    since = f" since {blocker.since[:19]} UTC" if blocker.since else ""
    _log.warning(
        "%s waits for another process, which has held a transaction open%s; it may be stopped "
        "(session %d of the database)",
        what,
        since,
        blocker.pid,
    )


def _end(connection: Connection[Any], blocker: _Blocker) -> None:
    if connection.execute(_END, (blocker.pid, blocker.since)).rowcount:
        _log.warning(
            "session %d has sent nothing for %g seconds and is ended: its process is stopped, or "
            "its machine is; what it was storing is not stored",
            blocker.pid,
            limits.LOOK_S,
        )
