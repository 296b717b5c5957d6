"""One employee, as `roster` and `show` answer: every field of the table of fields, in order."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import msgspec

from domain.employee.aggregate import Employee, value_of
from domain.employee.events import State
from domain.fields.details import Value
from domain.fields.table import NAMES
from domain.privacy import Redacted
from domain.schedule import Schedule
from projections.answers.find import Matched
from projections.answers.history import file_values

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


class PersonDocument(EmployeeDocument, frozen=True, omit_defaults=True):
    """One employee, as `show` answers.

    `file` has what the file last said, where support has changed the value since (L8).
    `merged_into` is the id of the employee in whose favour the account ended (S11), and `released`
    is true if no address and no external id means the employee any more (I11). `matched` is
    there if a former address was asked for. All of them are left out where there is nothing to say.
    """

    file: dict[str, Value] = {}
    merged_into: UUID | None = None
    released: bool = False
    matched: Matched | None = None


class FoundDocument(EmployeeDocument, frozen=True):
    """One employee, as `find` answers. `matched` is what the search matched."""

    matched: Matched


class MoveDocument(EmployeeDocument, frozen=True):
    """One employee who starts or leaves at the moment `at`, as `starters` and `leavers` answer."""

    at: datetime


class Access(NamedTuple):
    """When an employee can log in (L9). A field is `None` where there is no such moment.

    `starts` is the moment from which a pending employee can log in, `ends` the moment at which an
    employee will be locked out, and `closed` the moment at which an account was closed.
    """

    starts: datetime | None = None
    ends: datetime | None = None
    closed: datetime | None = None


def access(employee: Employee, schedule: Schedule, closed: datetime | None) -> Access:
    """Returns when an employee can log in. `closed` is when a deactivated account was closed."""
    if employee.state is State.DEACTIVATED:
        return Access(closed=closed)
    is_pending, day = employee.state is State.PENDING, employee.offboarding_date
    return Access(
        starts=schedule.activation_of(employee.onboarding_date) if is_pending else None,
        ends=schedule.deactivation_of(day) if day is not None else None,
    )


def document(company: str, employee: Employee) -> EmployeeDocument:
    """Returns the document of an employee, as `roster` answers."""
    return EmployeeDocument(**_values(company, employee))


def found_document(company: str, employee: Employee, matched: Matched) -> FoundDocument:
    """Returns the document of an employee, as `find` answers."""
    return FoundDocument(**_values(company, employee), matched=matched)


def move_document(company: str, employee: Employee, at: datetime) -> MoveDocument:
    """Returns the document of an employee, as `starters` and `leavers` answer."""
    return MoveDocument(**_values(company, employee), at=at)


def person(company: str, employee: Employee, matched: Matched | None = None) -> PersonDocument:
    """Returns the document of an employee, as `show` answers."""
    present = {name: value_of(employee, name) for name in NAMES} | employee.details.custom
    return PersonDocument(
        **_values(company, employee),
        file={
            field: value
            for field, value in file_values(employee).items()
            if value != present.get(field)
        },
        merged_into=employee.merged_into,
        released=employee.released,
        matched=matched,
    )


def _values(company: str, employee: Employee) -> dict[str, Any]:
    return {
        "id": employee.id,
        "company": company,
        "state": employee.state,
        **{name: value_of(employee, name) for name in NAMES},
        "custom": dict(employee.details.custom),
        "version": employee.version,
    }
