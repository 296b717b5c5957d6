"""Questions across employees: the events that an auditor asks for."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from domain.company_runs.events import RunEnded
from domain.outcome import Outcome
from domain.privacy import Redacted
from projections.answers.history import HistoryEntry


class Question(Redacted, frozen=True):
    """The events that an auditor asks for. Each field that is set narrows the question.

    `since` and `until` go by when events were recorded: from `since` on, and before `until`. `by`
    is the author of the run, or the login that made it: who acts in another name is found as well.
    """

    since: datetime | None = None
    until: datetime | None = None
    kinds: frozenset[str] = frozenset()
    run: UUID | None = None
    by: str | None = None

    def may_include(self, run: UUID, ended: RunEnded) -> bool:
        """Returns whether the question may ask for events of this run."""
        return (
            ended.counts.events > 0
            and ended.outcome is not Outcome.HELD
            and self.run in (None, run)
            and self.by in (None, ended.by, ended.login)
            and (self.since is None or self.since <= ended.finished)
            and (self.until is None or ended.started < self.until)
        )

    def asks_for(self, entry: HistoryEntry) -> bool:
        """Returns whether the question asks for this event. Its run passed `may_include`."""
        return (
            (not self.kinds or entry.kind in self.kinds)
            and (self.since is None or self.since <= entry.recorded)
            and (self.until is None or entry.recorded < self.until)
        )
