"""What every decision of a run may look at, beside the people and the rows."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from domain.company import Company
from domain.privacy import Redacted
from domain.schedule import Schedule


class Moment(Redacted, frozen=True):
    """When, and in which run, something is decided."""

    run: UUID
    now: datetime


class DecisionContext(Redacted, frozen=True):
    """The agreement with the company, the schedule, and the moment."""

    company: Company
    schedule: Schedule
    moment: Moment
