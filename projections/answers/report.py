"""The reporting export: one line for each employee, and one column for each custom field."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TypeAlias
from uuid import UUID

from domain.company import Company
from domain.employee.aggregate import Employee, value_of
from domain.fields.table import NAMES
from projections.answers.template import configured_custom_fields

Cell: TypeAlias = UUID | date | str | None

_COLUMNS = ("id", "state", *NAMES)
_CUSTOM_PREFIX = "alleo_"
"""The column of the field `custom_salary` is `alleo_custom_salary`."""


def custom_fields(company: Company | None, employees: Iterable[Employee]) -> tuple[str, ...]:
    """Returns the custom fields to report.

    The configured ones come first, in their order, then all others that an employee has.
    """
    configured = configured_custom_fields(company) if company else ()
    used: set[str] = set()
    for employee in employees:
        used.update(employee.details.custom)
    return (*configured, *sorted(used.difference(configured)))


def columns(custom: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the names of all columns. Those of the `custom` fields come last."""
    return (*_COLUMNS, *(f"{_CUSTOM_PREFIX}{field}" for field in custom))


def cells(employee: Employee, custom: tuple[str, ...]) -> tuple[Cell, ...]:
    """Returns the cells of an employee, in the order of `columns`."""
    named = (value_of(employee, name) for name in NAMES)
    return (employee.id, employee.state, *named, *map(employee.details.custom.get, custom))
