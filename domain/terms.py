"""What every decision of a run may look at, beside rows and roster."""

from __future__ import annotations

from domain.company import Company
from domain.employee import Employee, has_left, objections
from domain.issues import Finding
from domain.plan import Moment
from domain.private import Private
from domain.row import Row
from domain.schedule import Schedule


class Terms(Private, frozen=True):
    """The agreement with the company, and the moment."""

    company: Company
    schedule: Schedule
    moment: Moment

    def objections(self, employee: Employee | None, row: Row) -> list[Finding]:
        """What is to be said of a row once it is known whom it means."""
        return objections(employee, row, self.company, self.schedule, self.moment.now)

    def has_left(self, row: Row) -> bool:
        """Whether the row is about someone whose last day is over (L2)."""
        return has_left(row, self.schedule, self.moment.now)
