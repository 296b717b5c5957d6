"""What somebody has to be told of, until a notifier has told it (ADR 0030).

A notice of a run is written in the transaction of the run. No event holds it, so notices cannot be
rebuilt. The notice of the daily digest stays: it waits for the next day when it was told.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from domain.company_runs.news import News
from domain.ids import uuid_of
from projections.tables import Table, seconds

_RUN = "run"
_DIGEST = "digest"
"""The kinds of notices: about a run, and about all companies that need somebody."""

_encode_news = msgspec.json.Encoder().encode
_decode_news = msgspec.json.Decoder(News).decode


class NoticeRow(NamedTuple):
    """The row of a notice for one channel, `via`.

    `subject` is the id of what the notice is about. The moments are in seconds since 1970: `since`
    when the notice was written, and `taken_until` when another process may send it. That is 0
    until a process has taken the notice, and for a digest the moment when it is due. `news` says in
    JSON why somebody is told.
    """

    company: str
    kind: str
    subject: str
    via: str
    since: int
    taken_until: int
    news: str | None

    @property
    def is_digest(self) -> bool:
        """Whether the notice is about all companies that need somebody."""
        return self.kind == _DIGEST

    @property
    def run(self) -> UUID | None:
        """The id of the run that the notice is about."""
        return uuid_of(self.subject) if self.kind == _RUN else None


TABLE = Table("notices", NoticeRow, key=("company", "kind", "subject", "via"))


def run_row(company: str, run: UUID, via: str, since: datetime, news: News) -> NoticeRow:
    """Returns the row of a new notice about a run."""
    return NoticeRow(company, _RUN, run.hex, via, seconds(since), 0, _encode_news(news).decode())


def digest_row(via: str, since: datetime, due: datetime) -> NoticeRow:
    """Returns the row of the digest for a channel. Nobody sends the digest before it is `due`."""
    return NoticeRow("", _DIGEST, "", via, seconds(since), seconds(due), None)


def news_of(row: NoticeRow) -> News | None:
    """Returns why somebody is told, or `None` if an earlier release wrote the notice."""
    return _decode_news(row.news) if row.news is not None else None


def is_sound(row: NoticeRow) -> bool:
    """Returns whether a row can be read."""
    # An edit by hand may have left values of other types.
    texts: tuple[object, ...] = (row.company, row.via)
    moments: tuple[object, ...] = (row.since, row.taken_until)
    try:
        news_of(row)
    except (msgspec.MsgspecError, TypeError):
        return False
    return (
        (row.is_digest or row.run is not None)
        and all(isinstance(text, str) for text in texts)
        and all(isinstance(moment, int) for moment in moments)
    )
