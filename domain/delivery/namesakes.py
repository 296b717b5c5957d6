"""Known people with the names of a new one: perhaps their address changed (I5)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from heapq import merge
from itertools import islice
from typing import NamedTuple

from domain.delivery.row import Row
from domain.employee.roster import Roster, namesake_key
from domain.issues.issue import LISTED_LINES, Issue, listed, make_issue


class _Known(NamedTuple):
    """A known employee: a sort key, and the address by which a sentence calls them."""

    employee: str
    email: str


class Namesakes:
    """Finds the known people without an external id who share their names with a new one.

    `recognised` and `addresses` tell who is in the delivery as well: they are no namesakes. The
    people of one name are looked at once, however many rows have that name.
    """

    def __init__(
        self, roster: Roster, recognised: Collection[str], addresses: Collection[str]
    ) -> None:
        self._roster = roster
        self._recognised = recognised
        self._addresses = addresses
        self._by_birthday: dict[str, dict[object, Sequence[_Known]]] = {}

    def issues_of(self, row: Row) -> list[Issue]:
        """What is to be said of a row that registers somebody: one issue at most (W12)."""
        if row.external_id is not None:
            return []
        key = namesake_key(row)
        if key not in self._by_birthday:
            self._by_birthday[key] = self._absent(key)
        by_birthday = self._by_birthday[key]
        birthday = row.details.birthday or None
        # Where one of two birthdays is not known, it may be the same person.
        groups = (
            by_birthday.values()
            if birthday is None
            else [by_birthday.get(birthday, ()), by_birthday.get(None, ())]
        )
        count = sum(map(len, groups))
        if not count:
            return []
        others = [known.email for known in islice(merge(*groups), LISTED_LINES)]
        other = listed(others, count)
        return [make_issue("possible-email-change", "email", row.email, other=other)]

    def _absent(self, key: str) -> dict[object, Sequence[_Known]]:
        """The people under a namesake key of whom no row speaks, by birthday."""
        found: defaultdict[object, list[_Known]] = defaultdict(list)
        for entry in self._roster.namesakes(key):
            present = any(address in self._addresses for address in entry.addresses)
            if entry.employee in self._recognised or present:
                continue
            employee = self._roster.employee(entry)
            found[employee.details.birthday].append(_Known(entry.employee, employee.email))
        return dict(found)
