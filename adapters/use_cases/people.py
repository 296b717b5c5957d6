"""Looks up one employee by an identifier, and tells an employee's history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.use_cases.errors import NobodyFound

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from adapters.use_cases.app import App
    from domain.employee.aggregate import Employee
    from domain.employee.events import EmployeeRecord
    from projections.answers.history import HistoryEntry


def find_one(app: App, company: str, identifier: str) -> Employee:
    """Returns the employee with this id, external id or e-mail address.

    Raises `NobodyFound` if no employee has it, or several have it.
    """
    employees = app.store.roster.find(company, identifier)
    if len(employees) != 1:
        raise NobodyFound(company, len(employees))
    return employees[0]


def history_of(app: App, employee: Employee) -> list[HistoryEntry]:
    """Returns every event of an employee, oldest first.

    The events of the accounts that ended in favour of this one are among them (S11).
    """
    from projections.answers.history import tell

    entries = [
        entry
        for events in _streams(app, employee.id, employee.absorbed)
        for entry in tell(events, app.store.runs.of_events(events))
    ]
    return sorted(entries, key=lambda entry: entry.recorded)


def _streams(
    app: App, employee: UUID, absorbed: tuple[UUID, ...]
) -> Iterator[list[EmployeeRecord]]:
    """Yields the events of an employee, and those of each account that ended in favour of it."""
    from domain.employee.aggregate import fold

    yield app.store.events.of(employee)
    for ended in absorbed:
        found = fold(None, app.store.events.of(ended))
        if found is not None:
            yield from _streams(app, found.id, found.absorbed)
