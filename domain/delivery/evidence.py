"""The evidence that a row means an employee (I1, I9)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from domain.delivery.likeness import name_key
from domain.employee.aggregate import Employee
from domain.employee.statement import Statement
from domain.fields.details import Details, DetailsChange, changed
from domain.privacy import Redacted


class MatchedBy(StrEnum):
    """The value of a row that belongs to the employee."""

    EXTERNAL_ID = "external_id"
    FORMER_EXTERNAL_ID = "former external_id"
    EMAIL = "email"
    NAMES = "names"


class Evidence(Redacted, frozen=True):
    """Why a row means an employee: a value that belongs to the employee, and what else agrees.

    `agreeing` are the fields among first name, last name and birthday that are the same for both.
    """

    by: MatchedBy
    agreeing: tuple[str, ...]

    @property
    def looks_alike(self) -> bool:
        """Returns whether the row may be about the employee (I9)."""
        return bool(self.agreeing)

    @property
    def is_sure(self) -> bool:
        """Returns whether both names agree."""
        return "first_name" in self.agreeing and "last_name" in self.agreeing

    @property
    def words(self) -> str:
        """Returns the names of the fields that agree, the matched one first."""
        return ", ".join((self.by, *self.agreeing))


class Person(NamedTuple):
    """The values by which people recognise a person."""

    first_name: str
    last_name: str
    birthday: date | None

    @property
    def names(self) -> tuple[str, str]:
        """Returns the first name and the last name, in the form for comparison."""
        return name_key(self.first_name), name_key(self.last_name)


def person_of(details: Details | DetailsChange) -> Person:
    """Returns the person that details describe."""
    first, last = details.first_name, details.last_name
    return Person(
        first if isinstance(first, str) else "",
        last if isinstance(last, str) else "",
        details.birthday or None,
    )


def known_persons(employee: Employee | None, said: Statement | None) -> Sequence[Person]:
    """Returns what is known of an employee: what holds, and what the file last said (I9).

    `said` is what the earlier files of the same delivery say.
    """
    persons: list[Person] = []
    if employee is not None:
        persons.append(person_of(employee.details))
        if employee.file_details is not None:
            persons.append(person_of(changed(employee.details, employee.file_details)))
    if said is not None:
        persons.append(person_of(said.details))
    return persons


def agreeing(person: Person, known: Iterable[Person]) -> tuple[str, ...]:
    """Returns the fields in which a person is the same as one of the known persons (I9)."""
    found = {field for each in known for field in _agreeing(person, each)}
    return tuple(field for field in Person._fields if field in found)


def looks_like(said: Statement, employee: Employee) -> bool:
    """Returns whether a statement may be about an employee (I9)."""
    return bool(agreeing(person_of(said.details), known_persons(employee, None)))


def is_same_person(person: Person, known: Iterable[Person]) -> bool:
    """Returns whether both names are the same, and the birthdays are not different."""
    return any(
        {"first_name", "last_name"} <= set(_agreeing(person, each))
        and (person.birthday is None or each.birthday in (None, person.birthday))
        for each in known
    )


def _agreeing(one: Person, other: Person) -> list[str]:
    fields = []
    if one.first_name == other.first_name and one.last_name == other.last_name:
        fields += ["first_name", "last_name"]  # so do names without a letter
    else:
        if _same_name(one.first_name, other.first_name):
            fields.append("first_name")
        if _same_name(one.last_name, other.last_name):
            fields.append("last_name")
    if one.birthday is not None and one.birthday == other.birthday:
        fields.append("birthday")
    return fields


def _same_name(one: str, other: str) -> bool:
    """Returns whether two names are the same; a name without a letter is the same as no name."""
    key = name_key(one)
    return bool(key) and key == name_key(other)
