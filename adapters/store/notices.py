"""The notices: what is still to be told, and which process is about to tell it (ADR 0030)."""

from __future__ import annotations

from datetime import datetime, timedelta

from adapters.store.recorder import Recorder
from adapters.store.sql import select
from projections import notices
from projections.notices import NoticeRow
from projections.tables import Operation, Write, seconds

_FREE = f"""
    {select(notices.TABLE)}
    WHERE via = ? AND (taken_until <= ? OR taken_until > ?) ORDER BY since, subject LIMIT 20
"""
_TOO_LONG = timedelta(days=1)
"""A process that took a notice for longer has a clock that is ahead."""
_DIGEST = "SELECT via FROM notices WHERE company = '' AND kind = 'digest' AND via = ?"
_BEFORE = "SELECT company, kind, subject, via FROM notices WHERE since < ?"


class Notices:
    """The notices of all companies. Each method is a transaction of its own.

    The methods raise `StoreUnavailable`.
    """

    def __init__(self, database: Recorder) -> None:
        self._database = database

    def take(self, via: str, now: datetime, until: datetime) -> NoticeRow | None:
        """Returns the oldest notice for a channel that nobody has taken, or `None`.

        No other process gets it before `until`.
        """
        with self._database.reading() as query:
            moments = seconds(now), seconds(now + _TOO_LONG)
            free = [NoticeRow(*row) for row in query(_FREE, (via, *moments))]
        for row in free:
            taken = row._replace(taken_until=seconds(until))
            if self._database.replace(notices.TABLE, row, taken):
                return taken
        return None

    def expect_digest(self, via: str, now: datetime, due: datetime) -> None:
        """Makes the notice of the daily digest for a channel, if there is none yet."""
        with self._database.reading() as query:
            found = query(_DIGEST, (via,))
        if not found:
            write = Write(Operation.UPSERT, notices.TABLE, [notices.digest_row(via, now, due)])
            self._database.insert_events((), writes=[write])

    def postpone(self, taken: NoticeRow, now: datetime, due: datetime) -> None:
        """Lets the notice of a digest, which was told, wait for the next one."""
        row = notices.digest_row(taken.via, now, due)
        self._database.replace(notices.TABLE, taken, row)

    def put_back(self, taken: NoticeRow) -> None:
        """Lets every process take a notice again."""
        self._database.replace(notices.TABLE, taken, taken._replace(taken_until=0))

    def delete(self, notice: NoticeRow) -> None:
        """Deletes a notice that was told, or cannot be told."""
        self._delete([notice[:4]])

    def forget(self, before: datetime) -> None:
        """Deletes the notices that were written before a moment."""
        with self._database.reading() as query:
            rows = query(_BEFORE, (seconds(before),))
        if rows:
            self._delete(rows)

    def _delete(self, keys: list[tuple[str, ...]]) -> None:
        write = Write(Operation.DELETE, notices.TABLE, keys, notices.TABLE.key)
        self._database.insert_events((), writes=[write])
