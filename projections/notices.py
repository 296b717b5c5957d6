"""What somebody has to be told of, until a notifier has told it (ADR 0030).

A notice is written in the transaction of the run that it is about. No event holds it, so notices
cannot be rebuilt.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.ids import uuid_of
from projections.tables import Table, seconds

_RUN = "run"
"""The kind of a notice about a run. There is no other kind yet."""


class NoticeRow(NamedTuple):
    """The row of a notice for one channel, `via`.

    `subject` is the id of what the notice is about. The moments are in seconds since 1970: `since`
    when the notice was written, and `taken_until` when another process may send it. That is 0
    until a process has taken the notice.
    """

    company: str
    kind: str
    subject: str
    via: str
    since: int
    taken_until: int

    @property
    def run(self) -> UUID | None:
        """The id of the run that the notice is about."""
        return uuid_of(self.subject) if self.kind == _RUN else None


TABLE = Table("notices", NoticeRow, key=("company", "kind", "subject", "via"))


def run_row(company: str, run: UUID, via: str, since: datetime) -> NoticeRow:
    """Returns the row of a new notice about a run."""
    return NoticeRow(company, _RUN, run.hex, via, seconds(since), 0)


def is_sound(row: NoticeRow) -> bool:
    """Returns whether a row can be read."""
    # An edit by hand may have left values of other types.
    texts: tuple[object, ...] = (row.company, row.via)
    moments: tuple[object, ...] = (row.since, row.taken_until)
    return (
        row.run is not None
        and all(isinstance(text, str) for text in texts)
        and all(isinstance(moment, int) for moment in moments)
    )
