"""Employees as they were, or as they were known, at an earlier moment (ADR 0042)."""

from __future__ import annotations

from collections.abc import Generator
from uuid import UUID

from adapters.use_cases.app import App
from adapters.use_cases.errors import NobodyFound
from adapters.use_cases.people import Known, look_up
from domain.addresses import address_of
from domain.employee.aggregate import Employee
from domain.employee.roster import Entry, Roster
from domain.fields.cells import clean
from domain.ids import uuid_of
from projections.answers.past import Past


def employees_of(app: App, company: str, past: Past) -> Generator[Employee, None, None]:
    """Yields all employees of a company as `past` sees them, in the order of registration."""
    if past.is_present:
        yield from app.store.roster.employees(company)
        return
    for stream in app.store.events.of_company(company):
        employee = past.state(stream)
        if employee is not None:
            yield employee


def look_up_in(app: App, company: str, identifier: str, past: Past) -> Known:
    """Returns the employee that `identifier` means, as `past` sees the employee.

    This is the employee who had the identifier then, or else the employee who has it now, or had it
    at any time. Raises `NobodyFound` if that is no employee who was known then.
    """
    if past.is_present:
        return look_up(app, company, identifier)
    then = Roster.of(employees_of(app, company, past))
    entry = _meant(then, clean(identifier))
    if entry is not None:
        return Known(then.employee(entry))
    try:
        known = look_up(app, company, identifier)
    except NobodyFound as error:
        if error.count:
            raise
        raise NobodyFound(company, past=past) from None
    entry = then.with_id(known.employee.id)
    if entry is None:
        raise NobodyFound(company, past=past)
    return Known(then.employee(entry), by_former=known.by_former, by_later=True)


def _meant(roster: Roster, identifier: str) -> Entry | None:
    """Returns who has an identifier: an id, an external id or an address, in this order."""
    employee: UUID | None = uuid_of(identifier)
    return (
        (roster.with_id(employee) if employee else None)
        or roster.with_external_id(identifier)
        or roster.at_address(address_of(identifier))
    )
