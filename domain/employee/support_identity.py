"""The decisions of support about addresses, external ids and accounts (S1, S6, S9-S11)."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from domain.addresses import address_of
from domain.context import DecisionContext
from domain.employee.aggregate import Employee
from domain.employee.events import (
    EmailChanged,
    EmployeeEvent,
    ExternalIdChanged,
    ExternalIdLinked,
    Merged,
    Released,
    State,
)
from domain.employee.rejection import CommandRejected
from domain.employee.roster import Entry, Roster
from domain.fields.cells import clean, problem_of


def change_email(
    employee: Employee, email: str, roster: Roster, context: DecisionContext
) -> Iterator[EmployeeEvent]:
    """Yields the event that gives the employee another e-mail address (S1)."""
    require_keys(employee)
    free = free_email(employee, email, roster, context)
    if address_of(free) != address_of(employee.email):
        yield EmailChanged(free)


def link(
    employee: Employee, external_id: str, roster: Roster, context: DecisionContext
) -> Iterator[EmployeeEvent]:
    """Yields the event that gives an external id to an employee who has none (S6)."""
    require_keys(employee)
    free = free_external_id(employee, external_id, roster, context)
    if employee.external_id is None:
        yield ExternalIdLinked(free)
    elif employee.external_id != free:
        raise CommandRejected("other-external-id")


def relink(
    employee: Employee, external_id: str | None, roster: Roster, context: DecisionContext
) -> Iterator[EmployeeEvent]:
    """Yields the event that gives the employee another external id, or takes it away (S10)."""
    require_keys(employee)
    free = external_id
    if external_id is not None:
        free = free_external_id(employee, external_id, roster, context)
    if free != employee.external_id:
        yield ExternalIdChanged(free)


def release(employee: Employee) -> Iterator[EmployeeEvent]:
    """Yields the event that makes keys of the employee mean nobody any more (S9, I11)."""
    if employee.state is State.DEACTIVATED:
        if not employee.released:
            yield Released()
        return
    former = employee.file_external_id
    if len(employee.addresses) == 1 and former in (None, employee.external_id):
        raise CommandRejected("nothing-to-release", state=employee.state)
    yield Released()


def merge(kept: Employee, ended: Employee) -> Iterator[EmployeeEvent]:
    """Yields the event that ends one of two accounts of one person (S11).

    The event is for both employees.
    """
    if ended.merged_into == kept.id:
        return
    for employee in (kept, ended):
        if employee.merged_into is not None:
            raise CommandRejected("is-merged", kept=employee.merged_into)
    if kept.id == ended.id:
        raise CommandRejected("same-employee")
    if kept.released:
        raise CommandRejected("is-released")
    if kept.state is State.DEACTIVATED is not ended.state:
        raise CommandRejected("keeps-the-closed-one", state=ended.state)
    takes_over = kept.external_id is None and not ended.released
    yield Merged(kept.id, ended.id, ended.external_id if takes_over else None)


def require_keys(employee: Employee) -> None:
    """Raises `CommandRejected` if no address and no external id means the employee (I11)."""
    if employee.released:
        raise CommandRejected("is-released")


def free_email(employee: Employee, email: str, roster: Roster, context: DecisionContext) -> str:
    """Returns a clean e-mail address that the employee can have.

    Raises `CommandRejected` if it is not an address, or another employee has it (S1).
    """
    email = clean(email)
    if not email or problem_of("email", email, context.company):
        raise CommandRejected("bad-email")
    other = _other(employee, roster.at_address(address_of(email)))
    if other is not None:
        raise CommandRejected("email-taken", other=other)
    return email


def free_external_id(
    employee: Employee, external_id: str, roster: Roster, context: DecisionContext
) -> str:
    """Returns a clean external id that the employee can have.

    Raises `CommandRejected` if it is not an external id (I10), or another employee has it.
    """
    external_id = clean(external_id)
    if not external_id or problem_of("external_id", external_id, context.company):
        raise CommandRejected("bad-external-id")
    other = _other(employee, roster.with_external_id(external_id))
    if other is not None:
        raise CommandRejected("external-id-taken", other=other)
    return external_id


def _other(employee: Employee, entry: Entry | None) -> UUID | None:
    """Returns the id of the employee of `entry`, or `None` if that is `employee` or missing."""
    if entry is None or entry.employee == employee.id.hex:
        return None
    return UUID(entry.employee)
