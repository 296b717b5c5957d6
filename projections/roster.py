"""Current state: one row an employee, made from the folded events and nothing else."""

from __future__ import annotations

from datetime import date
from typing import TypeAlias
from uuid import UUID

import msgspec

from domain.employee import Employee
from domain.events import State
from domain.private import Private
from domain.roster import entry_of

TABLE = (
    """
    CREATE TABLE roster (
        company TEXT NOT NULL,
        employee TEXT NOT NULL,
        deactivated INTEGER NOT NULL,
        address TEXT NOT NULL,
        file_address TEXT,
        external_id TEXT,
        namesake TEXT,
        starts TEXT,
        leaves TEXT,
        digest {bytes},
        state {bytes} NOT NULL,
        PRIMARY KEY (company, employee)
    ) {clustered}
    """,
    "CREATE INDEX roster_address ON roster (company, address)",
    "CREATE INDEX roster_file_address ON roster (company, file_address)"
    " WHERE file_address IS NOT NULL",
    "CREATE INDEX roster_external_id ON roster (company, external_id)"
    " WHERE external_id IS NOT NULL",
    "CREATE INDEX roster_starts ON roster (starts, company) WHERE starts IS NOT NULL",
    "CREATE INDEX roster_leaves ON roster (leaves, company) WHERE leaves IS NOT NULL",
)

ENTRIES = """
    SELECT employee, starts IS NOT NULL, deactivated, address, coalesce(file_address, address),
        external_id, namesake, digest, state
    FROM roster WHERE company = ?
"""
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
PUT = """
    INSERT INTO roster (
        company, employee, deactivated, address, file_address, external_id, namesake,
        starts, leaves, digest, state
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (company, employee) DO UPDATE SET
        deactivated = excluded.deactivated, address = excluded.address,
        file_address = excluded.file_address, external_id = excluded.external_id,
        namesake = excluded.namesake, starts = excluded.starts, leaves = excluded.leaves,
        digest = excluded.digest, state = excluded.state
"""
AROUND = f"""
    {ENTRIES} AND (employee = ? OR address = ? OR file_address = ? OR external_id = ?)
"""
EVERY = """
    SELECT company, employee, deactivated, address, file_address, external_id, namesake,
        starts, leaves, digest, state
    FROM roster ORDER BY employee, company
"""
CLEAR = "DELETE FROM roster"
REMEMBER = "UPDATE roster SET digest = ? WHERE company = ? AND employee = ?"

RosterRow: TypeAlias = tuple[
    str,
    str,
    bool,
    str,
    str | None,
    str | None,
    str | None,
    str | None,
    str | None,
    bytes | None,
    bytes,
]
"""The values of `PUT`, in its order."""

_encode = msgspec.json.Encoder().encode
load = msgspec.json.Decoder(Employee).decode
"""The employee whose state a row holds."""


def step(company: str, employee: Employee, digest: bytes | None) -> RosterRow:
    """The row of an employee after a change.

    `file_address` is empty where it is the address, as it is for nearly everyone. `starts` and
    `leaves` are the dates that the clock waits for, and empty where it has nothing
    to wait for, so that who is due is found by index (C2).
    """
    entry = entry_of(employee, digest, _encode(employee))
    leaves = None if entry.deactivated else employee.offboarding_date
    starts = employee.onboarding_date if employee.state is State.PENDING else None
    return (
        company,
        entry.employee,
        entry.deactivated,
        entry.address,
        None if entry.file_address == entry.address else entry.file_address,
        entry.external_id,
        entry.namesake,
        starts.isoformat() if starts else None,
        leaves.isoformat() if leaves else None,
        digest,
        entry.state,
    )


class EmployeeDocument(Private, frozen=True):
    """One employee as `roster` and `show` answer."""

    id: UUID
    company: str
    state: State
    email: str
    external_id: str | None
    first_name: str
    prefix: str | None
    last_name: str
    onboarding_date: date
    offboarding_date: date | None
    probation_period_end_date: date | None
    birthday: date | None
    work_anniversary: date | None
    marriage_date: date | None
    language: str
    group_name: str | None
    custom: dict[str, str]
    version: int


def document(company: str, employee: Employee) -> EmployeeDocument:
    """What is told of an employee."""
    details = employee.details
    return EmployeeDocument(
        id=employee.id,
        company=company,
        state=employee.state,
        email=employee.email,
        external_id=employee.external_id,
        first_name=details.first_name,
        prefix=details.prefix,
        last_name=details.last_name,
        onboarding_date=employee.onboarding_date,
        offboarding_date=employee.offboarding_date,
        probation_period_end_date=details.probation_period_end_date,
        birthday=details.birthday,
        work_anniversary=details.work_anniversary,
        marriage_date=details.marriage_date,
        language=details.language,
        group_name=details.group_name,
        custom=dict(details.custom),
        version=employee.version,
    )
