"""Current state: one row an employee, made from the folded events and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TypeAlias
from uuid import UUID

import msgspec

from domain.employee import Employee
from domain.events import State
from domain.private import Private
from domain.roster import entry_of
from projections.tables import Index, Table, Way, Write, data, integer, text

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
"""Entries by one of the columns that people are looked up by; what it must be is to follow."""
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


def remember(company: str, remembered: Iterable[tuple[str, bytes]]) -> Write:
    """Other digests for some employees, whom their rows changed in nothing."""
    rows = ((digest, company, employee) for employee, digest in remembered)
    return Write(Way.UPDATE, TABLE, rows, ("digest", *TABLE.key))


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
