"""How an employee is shown: the name, and the columns that tables of employees share."""

from __future__ import annotations

from typing import Any

from cli.terminal.colours import OF_STATE
from cli.terminal.table import Column
from projections.answers.person import EmployeeDocument


def name_of(person: EmployeeDocument) -> str:
    """Returns the whole name of a person."""
    return " ".join(part for part in (person.first_name, person.prefix, person.last_name) if part)


def _name_key(person: EmployeeDocument) -> str:
    """Returns what names are sorted by: the last name first."""
    return f"{person.last_name} {person.first_name}"


STATE: Column[Any] = Column(
    "state", "STATE", lambda each: each.state.value, 1, 12, colour=lambda each: OF_STATE[each.state]
)
EMAIL: Column[Any] = Column("email", "E-MAIL", lambda each: each.email, 0, 30)
NAME: Column[Any] = Column("name", "NAME", name_of, 0, 14, key=_name_key)
EXTERNAL_ID: Column[Any] = Column("external_id", "EXTERNAL ID", lambda each: each.external_id, 2)
ONBOARDING: Column[Any] = Column(
    "onboarding_date", "ONBOARDING", lambda each: each.onboarding_date, 5
)
OFFBOARDING: Column[Any] = Column(
    "offboarding_date", "OFFBOARDING", lambda each: each.offboarding_date, 3
)
GROUP: Column[Any] = Column("group_name", "GROUP", lambda each: each.group_name, 4, 8)
