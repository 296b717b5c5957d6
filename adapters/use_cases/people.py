"""Looks up one employee by an identifier."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.use_cases.errors import NobodyFound

if TYPE_CHECKING:
    from adapters.use_cases.app import App
    from domain.employee.aggregate import Employee


def find_one(app: App, company: str, identifier: str) -> Employee:
    """Returns the employee with this id, external id or e-mail address.

    Raises `NobodyFound` if no employee has it, or several have it.
    """
    employees = app.store.roster.find(company, identifier)
    if len(employees) != 1:
        raise NobodyFound(company, len(employees))
    return employees[0]
