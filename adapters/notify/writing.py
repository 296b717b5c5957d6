"""Writes notifications: what is told of a run, or of all companies that need somebody."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from adapters.store.store import Store
from adapters.use_cases.execute import document_of
from projections.answers.notification import Digest, RunNotification, digest, run_notification
from projections.answers.status import StatusDocument
from projections.notices import NoticeRow, news_of


class NotificationWriter(NamedTuple):
    """Writes what a notice is about. `statuses` returns the present health of all companies."""

    store: Store
    statuses: Callable[[], Sequence[StatusDocument]]

    def write(self, notice: NoticeRow, now: datetime) -> RunNotification | Digest | None:
        """Returns what is told, or `None` if the run does not exist or nobody is needed."""
        if notice.is_digest:
            return digest(now, self.statuses(), self.store.standing.open_errors())
        record = self.store.runs.find(notice.run) if notice.run is not None else None
        if record is None:
            return None
        return run_notification(document_of(self.store, record), news_of(notice))
