"""Finds rows of newer files about known employees, by names and birthday (D3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from domain.company import Policy
from domain.delivery.evidence import looks_like, person_of
from domain.delivery.row import Row
from domain.employee.aggregate import Employee
from domain.employee.roster import Roster
from domain.privacy import Redacted

_Key = tuple[str, str, date | None]


class NewerRows(Redacted, frozen=True):
    """Rows that mean a known employee, by names and birthday.

    A key maps to the newest two rows that differ in address or external id, newest first. Each row
    comes with the number of its file. Two rows are enough, because at least one of them differs
    from any third row.
    """

    by_key: dict[_Key, tuple[tuple[int, Row], ...]]

    def same_person(self, row: Row, file: int) -> Row | None:
        """Returns a row of a newer file about the employee of `row`, or `None`.

        The newer row has another address or external id. If only the newer row has an external id,
        it is enough that the first name, the last name or the birthday is the same, because an
        employee with an external id may have got another name. Otherwise both names must be the
        same. Two rows with two different birthdays are about two employees.
        """
        if not self.by_key:
            return None
        for key in _asked(row):
            for number, newer in self.by_key.get(key, ()):
                if number > file and _has_another_identity(newer, row):
                    return newer
        return None


def _has_another_identity(newer: Row, row: Row) -> bool:
    """Returns whether matching by external id and address cannot tell that the rows are one person.

    Two rows with the same external id need no help of names: they mean the same employee (I1).
    """
    if row.external_id is not None and newer.external_id is not None:
        return newer.external_id != row.external_id
    return newer.address != row.address or newer.external_id != row.external_id


def newer_rows(files: Sequence[Sequence[Row]], roster: Roster, policy: Policy) -> NewerRows:
    """Returns the index of all rows of `files` that mean an employee in `roster`.

    `files` come oldest file first.
    """
    anybody = policy.other_person == "warn"
    by_key: dict[_Key, tuple[tuple[int, Row], ...]] = {}
    for number in range(len(files) - 1, 0, -1):  # no row of the oldest file is newer than another
        for row in files[number]:
            employee = _known(row, roster)
            if employee is None or not (anybody or looks_like(row, employee)):
                continue
            for key in _answered(row):
                found = by_key.get(key, ())
                identity = (row.address, row.external_id)
                if len(found) < 2 and all(
                    (each.address, each.external_id) != identity for _, each in found
                ):
                    by_key[key] = (*found, (number, row))
    return NewerRows(by_key)


def _known(row: Row, roster: Roster) -> Employee | None:
    """Returns the known employee that a row means, unless addresses change in the delivery.

    A row with an unknown external id means the employee at its address only if that employee has no
    external id yet (I3).
    """
    entry = roster.with_external_id(row.external_id)
    if entry is None:
        entry = roster.at_address(row.address)
        if entry is not None and row.external_id is not None and entry.external_id is not None:
            return None
    return None if entry is None else roster.employee(entry)


def _answered(row: Row) -> Iterator[_Key]:
    """Yields the keys under which a newer row is stored."""
    birthday = _birthday(row)
    for name in _names(row, alone=row.external_id is not None):
        yield "name", name, birthday
        yield "name of any birthday", name, None
    if row.external_id is not None and birthday is not None:
        yield "birthday", "", birthday


def _asked(row: Row) -> Iterator[_Key]:
    """Yields the keys under which a newer row about the employee of an older row is looked up."""
    birthday = _birthday(row)
    for name in _names(row, alone=row.external_id is None):
        if birthday is None:
            yield "name of any birthday", name, None
        else:
            yield "name", name, birthday
            yield "name", name, None
    if row.external_id is None and birthday is not None:
        yield "birthday", "", birthday


def _names(row: Row, *, alone: bool) -> Iterator[str]:
    """Yields both names together, and also each name by itself if `alone` is true."""
    first, last = person_of(row.details).names
    yield f"{first} {last}"
    if alone:
        yield f"{first} …"
        yield f"… {last}"


def _birthday(row: Row) -> date | None:
    return row.details.birthday or None
