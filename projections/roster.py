"""Current state: one row for each employee, made only from the employee's folded events."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from domain.employee.aggregate import Employee
from domain.employee.events import State
from domain.employee.layouts import EARLIER_LAYOUTS
from domain.employee.roster import entry_of
from domain.schedule import Schedule, Schedules
from domain.snapshots import Snapshots
from projections.tables import Index, Operation, Table, Write


class RosterRow(NamedTuple):
    """The row of one employee.

    `file_address` is empty if it equals the address, as it does for nearly all employees, and
    `file_external_id` if it equals the external id. A released employee has an empty address and no
    other key (I11). `merged_into` is the employee that the keys of an ended account mean (S11).
    `starts` and `leaves` are the dates for which the clock waits. They are empty if it waits for
    nothing, so that an index finds the employees that are due (C2).
    """

    company: str
    employee: str
    deactivated: int
    address: str
    file_address: str | None
    external_id: str | None
    namesake: str | None
    starts: str | None
    leaves: str | None
    digest: bytes | None
    state: bytes
    file_external_id: str | None
    merged_into: str | None


TABLE = Table(
    "roster",
    RosterRow,
    key=("company", "employee"),
    indexes=(
        Index(("company", "address")),
        Index(("company", "file_address"), filled="file_address"),
        Index(("company", "external_id"), filled="external_id"),
        Index(("company", "file_external_id"), filled="file_external_id"),
        Index(("starts", "company"), filled="starts"),
        Index(("leaves", "company"), filled="leaves"),
    ),
)

_SNAPSHOTS = Snapshots(Employee, EARLIER_LAYOUTS)
load = _SNAPSHOTS.load
"""Returns the employee whose state a row holds."""


class DueDates(NamedTuple):
    """The latest first day and the latest last day that are due, as rows hold dates."""

    starts: str
    leaves: str

    def include(self, starts: str | None, leaves: str | None) -> bool:
        """Returns whether one of the dates for which the clock waits is due."""
        is_first = starts is not None and starts <= self.starts
        return is_first or (leaves is not None and leaves <= self.leaves)


def due_dates(schedule: Schedule, until: datetime) -> DueDates:
    """Returns the latest dates that are due at or before `until`."""
    return DueDates(
        schedule.last_activation(until).isoformat(),
        schedule.last_deactivation(until).isoformat(),
    )


class Deadlines:
    """The latest dates that are due at or before a moment, in each company and in any company.

    The database is asked about the latest dates of any company, which one index can answer. Then
    `include` tells whether a date is due in its own company.
    """

    def __init__(self, schedules: Schedules, until: datetime) -> None:
        self._schedules = schedules
        self._dates = {each: due_dates(each, until) for each in schedules.every()}

    @property
    def latest(self) -> DueDates:
        """Returns the latest dates that may be due in some company."""
        dates = self._dates.values()
        return DueDates(max(each.starts for each in dates), max(each.leaves for each in dates))

    def include(self, company: str, starts: str | None, leaves: str | None) -> bool:
        """Returns whether one of two dates is due in a company."""
        return self._dates[self._schedules.of(company)].include(starts, leaves)


def row(company: str, employee: Employee, digest: bytes | None) -> RosterRow:
    """Returns the row of an employee after a change."""
    entry = entry_of(employee, digest, _SNAPSHOTS.dump(employee))
    leaves = None if entry.deactivated else employee.offboarding_date
    starts = employee.onboarding_date if employee.state is State.PENDING else None
    return RosterRow(
        company,
        entry.employee,
        int(entry.deactivated),
        entry.address,
        None if entry.file_address == entry.address else entry.file_address,
        entry.external_id,
        entry.namesake,
        starts.isoformat() if starts else None,
        leaves.isoformat() if leaves else None,
        digest,
        entry.state,
        entry.file_external_id,
        entry.merged_into,
    )


def digests_write(company: str, new_digests: Iterable[tuple[str, bytes]]) -> Write:
    """Returns the write of new digests for employees that did not change otherwise."""
    rows = ((digest, company, employee) for employee, digest in new_digests)
    return Write(Operation.UPDATE, TABLE, rows, ("digest", *TABLE.key))
