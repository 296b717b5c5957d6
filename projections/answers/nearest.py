"""Finds the people that a mistyped address, name or external id may mean."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from domain.employee.aggregate import Employee
from domain.fields.cells import clean
from domain.fields.nearest import SHOWN, nearest_of

_SIMILARITY = 70
"""Percent. Names and addresses of many people are short, and few letters make them similar."""


def nearest_people(identifier: str, people: Iterable[Employee]) -> list[Employee]:
    """Returns the people whose address, name or external id is most similar to `identifier`.

    Of addresses, the part before the `@` is compared: all people of a company may have the same
    domain. Accounts that ended, and released employees, are not among them.
    """
    by_key: defaultdict[str, list[Employee]] = defaultdict(list)
    wanted = clean(identifier)
    is_address = "@" in wanted
    for employee in people:
        if employee.merged_into is None and not employee.released:
            for key in {each.casefold() for each in _keys(employee, is_address)}:
                by_key[key].append(employee)
    keys = nearest_of(
        wanted.partition("@")[0] if is_address else wanted, by_key, similarity=_SIMILARITY
    )
    found = {employee.id: employee for key in keys for employee in by_key[key]}
    return list(found.values())[:SHOWN]


def _keys(employee: Employee, is_address: bool) -> Iterator[str]:
    """Yields what `identifier` is compared with."""
    yield employee.email.partition("@")[0]
    yield employee.file_email.partition("@")[0]
    if not is_address:
        first, last = employee.details.first_name, employee.details.last_name
        yield from (first, last, f"{first} {last}", f"{last} {first}")
        if employee.external_id is not None:
            yield employee.external_id
