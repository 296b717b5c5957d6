"""Finds known employees with the names of a new one: perhaps their address changed (I5)."""

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
    """A known employee: the id, which is the sort key, and the address for the sentence."""

    employee: str
    email: str


class Namesakes:
    """Finds the known employees without an external id who have the names of a new employee.

    An employee whose id is in `recognised`, or who has one of `addresses`, is in the delivery too
    and is no namesake. The employees of one name are looked up once, even if many rows have it.
    """

    def __init__(
        self, roster: Roster, recognised: Collection[str], addresses: Collection[str]
    ) -> None:
        self._roster = roster
        self._recognised = recognised
        self._addresses = addresses
        self._by_birthday: dict[str, dict[object, Sequence[_Known]]] = {}

    def issues_of(self, row: Row) -> list[Issue]:
        """Returns the issues of a row that registers an employee: one issue at most (W12)."""
        if row.external_id is not None:
            return []
        key = namesake_key(row)
        if key not in self._by_birthday:
            self._by_birthday[key] = self._absent(key)
        by_birthday = self._by_birthday[key]
        birthday = row.details.birthday or None
        # If one of the two birthdays is not known, the two may be the same employee.
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
        """Returns the employees with a namesake key that no row mentions, by birthday."""
        found: defaultdict[object, list[_Known]] = defaultdict(list)
        for entry in self._roster.namesakes(key):
            present = any(address in self._addresses for address in entry.addresses)
            if entry.employee in self._recognised or present:
                continue
            employee = self._roster.employee(entry)
            found[employee.details.birthday].append(_Known(entry.employee, employee.email))
        return dict(found)
