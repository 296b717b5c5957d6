"""The reporting export: one line an employee, with custom fields in columns of their own."""

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
"""`custom_salary` is reported as `alleo_custom_salary`."""


def custom_fields(company: Company | None, employees: Iterable[Employee]) -> tuple[str, ...]:
    """The custom fields to report: configured ones in their order, then whatever anybody has."""
    configured = configured_custom_fields(company) if company else ()
    held: set[str] = set()
    for employee in employees:
        held.update(employee.details.custom)
    return (*configured, *sorted(held.difference(configured)))


def columns(custom: tuple[str, ...]) -> tuple[str, ...]:
    """The names of all columns, those of the `custom` fields last."""
    return (*_COLUMNS, *(f"{_CUSTOM_PREFIX}{field}" for field in custom))


def cells(employee: Employee, custom: tuple[str, ...]) -> tuple[Cell, ...]:
    """What is reported of an employee, in the order of `columns`."""
    named = (value_of(employee, name) for name in NAMES)
    return (employee.id, employee.state, *named, *map(employee.details.custom.get, custom))
