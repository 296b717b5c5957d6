"""Current state: one row for each employee, made only from the employee's folded events."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TypeAlias

from domain.employee.aggregate import EARLIER_LAYOUTS, Employee
from domain.employee.events import State
from domain.employee.roster import entry_of
from domain.schedule import Schedule
from domain.snapshots import Snapshots
from projections.tables import Index, Operation, Table, Write, data, integer, text

TABLE = Table(
    "roster",
    columns=(
        text("company"),
        text("employee"),
        integer("deactivated"),
        text("address"),
        text("file_address", optional=True),
        text("external_id", optional=True),
        text("namesake", optional=True),
        text("starts", optional=True),
        text("leaves", optional=True),
        data("digest", optional=True),
        data("state"),
    ),
    key=("company", "employee"),
    indexes=(
        Index(("company", "address")),
        Index(("company", "file_address"), filled="file_address"),
        Index(("company", "external_id"), filled="external_id"),
        Index(("starts", "company"), filled="starts"),
        Index(("leaves", "company"), filled="leaves"),
    ),
)

ENTRIES = """
    SELECT employee, starts IS NOT NULL, deactivated, address, coalesce(file_address, address),
        external_id, namesake, digest, state
    FROM roster WHERE company = ?
"""
DIGESTS = "SELECT digest, employee, deactivated FROM roster WHERE company = ?"
PENDING = "SELECT count(*) FROM roster WHERE company = ? AND starts IS NOT NULL"
STATES = "SELECT state FROM roster WHERE company = ? ORDER BY employee"
BY_ID = "SELECT state FROM roster WHERE company = ? AND employee = ?"
BY_EXTERNAL_ID = "SELECT state FROM roster WHERE company = ? AND external_id = ?"
BY_ADDRESS = "SELECT state FROM roster WHERE company = ? AND address = ?"
BY_FILE_ADDRESS = "SELECT state FROM roster WHERE company = ? AND file_address = ?"
DUE = """
    SELECT company, state, digest FROM roster WHERE starts <= ?
    UNION
    SELECT company, state, digest FROM roster WHERE leaves <= ?
"""
DUE_COMPANIES = """
    SELECT company FROM roster WHERE starts <= ?
    UNION
    SELECT company FROM roster WHERE leaves <= ?
    ORDER BY company
"""
DUE_OF_COMPANY = """
    SELECT company, state, digest FROM roster WHERE starts <= ? AND company = ?
    UNION
    SELECT company, state, digest FROM roster WHERE leaves <= ? AND company = ?
"""
WITH = {column: f"{ENTRIES} AND {column}" for column in ("external_id", "address", "file_address")}
"""The entries with certain values in a column, by column. A caller appends `IN (?, …)`."""
WITH_NAMESAKE = f"{ENTRIES} AND namesake"
AROUND = f"""
    {ENTRIES} AND (employee = ? OR address = ? OR file_address = ? OR external_id = ?)
"""
EVERY = """
    SELECT company, employee, deactivated, address, file_address, external_id, namesake,
        starts, leaves, digest, state
    FROM roster ORDER BY employee, company
"""

RosterRow: TypeAlias = tuple[
    str,
    str,
    int,
    str,
    str | None,
    str | None,
    str | None,
    str | None,
    str | None,
    bytes | None,
    bytes,
]
"""The values of a row, in the order of its columns."""

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
    """Returns the row of an employee after a change.

    `file_address` is empty if it equals the address, as it does for nearly all employees. `starts`
    and `leaves` are the dates for which the clock waits. They are empty if it waits for nothing, so
    that an index finds the employees that are due (C2).
    """
    entry = entry_of(employee, digest, _SNAPSHOTS.dump(employee))
    leaves = None if entry.deactivated else employee.offboarding_date
    starts = employee.onboarding_date if employee.state is State.PENDING else None
    return (
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
    )


def digests_write(company: str, new_digests: Iterable[tuple[str, bytes]]) -> Write:
    """Returns the write of new digests for employees that did not change otherwise."""
    rows = ((digest, company, employee) for employee, digest in new_digests)
    return Write(Operation.UPDATE, TABLE, rows, ("digest", *TABLE.key))
