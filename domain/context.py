"""The context of every decision of a run, in addition to the employees and the rows."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from domain.company import Company
from domain.privacy import Redacted
from domain.schedule import Schedule


class Moment(Redacted, frozen=True):
    """The moment of a decision, and the run that makes the decision."""

    run: UUID
    now: datetime


class DecisionContext(Redacted, frozen=True):
    """The company with its settings, the schedule, and the moment of the decision."""

    company: Company
    schedule: Schedule
    moment: Moment

    @property
    def today(self) -> date:
        """Returns the date of the decision, by the clock that counts for the company (L9)."""
        return self.schedule.day_of(self.moment.now)
