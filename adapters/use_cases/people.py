"""Looks up employees by what a caller knows of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple, TypeAlias
from uuid import UUID

from adapters.use_cases.app import App
from adapters.use_cases.errors import NobodyFound
from domain.employee.aggregate import Employee
from projections.answers.find import Matched, Search, search_for
from projections.answers.nearest import nearest_people
from projections.answers.person import FoundDocument, found_document

Found: TypeAlias = tuple[str, Employee, Matched]
"""The key of a company, one of its employees, and what a search matched."""
_LOOKED_AT = 50_000
"""At most so many employees are compared with a mistyped name. That takes about a second."""
_SURENESS = {matched: number for number, matched in enumerate(Matched)}


class Known(NamedTuple):
    """An employee who was looked up, and whether this was by a former address.

    `by_later` tells of a look-up in the past that the identifier did not mean the employee then.
    """

    employee: Employee
    by_former: bool = False
    by_later: bool = False


def find_one(app: App, company: str, identifier: str) -> Employee:
    """Returns the employee with this id, external id or e-mail address.

    Raises `NobodyFound` if no employee has it, or several have it.
    """
    return _only(company, identifier, app.store.roster.find(company, identifier))


def look_up(app: App, company: str, identifier: str) -> Known:
    """Returns the employee with this id, external id or address, or else with this former address.

    Raises `NobodyFound` if that is no employee, or several.
    """
    found = app.store.roster.find(company, identifier)
    if found or "@" not in identifier:
        return Known(_only(company, identifier, found))
    former = app.store.roster.find_former(company, identifier)
    return Known(_only(company, identifier, former), by_former=True)


def _only(company: str, identifier: str, found: Sequence[Employee]) -> Employee:
    if len(found) != 1:
        raise NobodyFound(company, len(found), identifier)
    return found[0]


def nearest(app: App, company: str, identifier: str) -> list[Employee]:
    """Returns the employees that a mistyped address, name or external id may mean, nearest first.

    In a very large company only the first employees are looked at: the answer has to be quick.
    """
    return nearest_people(identifier, islice(app.store.roster.employees(company), _LOOKED_AT))


def search(app: App, words: Sequence[str], company: str | None = None) -> list[FoundDocument]:
    """Returns the people of one company, or of all, that all words fit. The surest come first.

    The events are read only if nobody has the address that is looked for, or has it in the file.
    """
    wanted, roster = search_for(words), app.store.roster
    found = list(_matching(wanted, roster.with_key(wanted.text, company)))
    if wanted.names:
        found += _matching(wanted, roster.everybody(company, wanted.may_fit))
    elif not found and wanted.address is not None:
        found = [
            (key, employee, Matched.FORMER_EMAIL)
            for owner in roster.former_owners(wanted.address)
            for key, employee in roster.with_key(str(owner), company)
            if employee.id == owner
        ]
    people = _accounts_kept(app, found)
    people.sort(key=lambda each: (_SURENESS[each[2]], each[0], each[1].details.last_name))
    return [found_document(*each) for each in people]


def _accounts_kept(app: App, found: Sequence[Found]) -> list[Found]:
    """Returns each person once. An account that ended means the account that was kept (S11)."""
    people: dict[UUID, Found] = {}
    for company, employee, matched in sorted(found, key=lambda each: _SURENESS[each[2]]):
        while employee.merged_into is not None:
            (employee,) = app.store.roster.find(company, str(employee.merged_into))
            matched = Matched.FORMER_EMAIL if matched is Matched.EMAIL else matched
        people.setdefault(employee.id, (company, employee, matched))
    return list(people.values())


def _matching(wanted: Search, people: Iterable[tuple[str, Employee]]) -> Iterator[Found]:
    for key, employee in people:
        matched = wanted.match(employee)
        if matched is not None:
            yield key, employee, matched
