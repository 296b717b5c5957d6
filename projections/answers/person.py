"""One employee, as `roster` and `show` answer: every field of the table of fields, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from domain.employee.aggregate import Employee, value_of
from domain.employee.events import State
from domain.fields.table import NAMES
from domain.privacy import Redacted

if TYPE_CHECKING:

    class EmployeeDocument(Redacted, frozen=True):
        """The types that a checker knows. The table of fields adds the others when this is run."""

        id: UUID
        company: str
        state: State
        custom: dict[str, str]
        version: int

        def __init__(self, **_: object) -> None: ...
        def __getattr__(self, name: str) -> Any: ...

else:
    EmployeeDocument = msgspec.defstruct(
        "EmployeeDocument",
        [
            ("id", UUID),
            ("company", str),
            ("state", State),
            *((name, Any) for name in NAMES),
            ("custom", dict[str, str]),
            ("version", int),
        ],
        bases=(Redacted,),
        namespace={"__doc__": "One employee, as `roster` and `show` answer."},
        module=__name__,
        frozen=True,
    )


def document(company: str, employee: Employee) -> EmployeeDocument:
    """Returns the document of an employee."""
    return EmployeeDocument(
        id=employee.id,
        company=company,
        state=employee.state,
        **{name: value_of(employee, name) for name in NAMES},
        custom=dict(employee.details.custom),
        version=employee.version,
    )
