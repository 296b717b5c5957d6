"""Current state: one row for each employee, made only from the employee's folded events."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from domain.employee.aggregate import Employee
from domain.employee.events import State
from domain.employee.layouts import EARLIER_LAYOUTS
from domain.employee.roster import entry_of
from domain.schedule import Schedule
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


def last_dates(schedule: Schedule, until: datetime) -> tuple[str, str]:
    """Returns the latest onboarding date and the latest offboarding date that are due."""
    return (
        schedule.last_activation(until).isoformat(),
        schedule.last_deactivation(until).isoformat(),
    )


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
