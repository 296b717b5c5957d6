"""Finds known employees with the names of a new one: perhaps their address changed (I5)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from heapq import merge
from itertools import islice
from typing import NamedTuple

from domain.delivery.row import Row
from domain.employee.advice import command_for
from domain.employee.roster import Roster, namesake_key
from domain.issues.issue import LISTED_LINES, Issue, listed, make_issue


class _Known(NamedTuple):
    """A known employee: the id, which is the sort key, the address for the sentence, and whether
    the employee is deactivated."""

    employee: str
    email: str
    deactivated: bool


class Namesakes:
    """Finds the known employees without an external id who have the names of a new employee.

    An employee whose id is in `recognised`, or who has one of `addresses`, is in the delivery too
    and is no namesake. The employees of one name are looked up once, even if many rows have it.
    """

    def __init__(
        self,
        roster: Roster,
        company: str,
        recognised: Collection[str],
        addresses: Collection[str],
    ) -> None:
        self._roster = roster
        self._company = company
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
        others = list(islice(merge(*groups), LISTED_LINES))
        other = listed([known.email for known in others], count)
        kept, ended = others[0].email, row.email
        if others[0].deactivated:  # a closed account cannot be kept in favour of an open one
            kept, ended = ended, kept
        command = command_for("merge", self._company, kept, ended)
        return [
            make_issue("possible-email-change", "email", row.email, other=other, command=command)
        ]

    def _absent(self, key: str) -> dict[object, Sequence[_Known]]:
        """Returns the employees with a namesake key that no row mentions, by birthday."""
        found: defaultdict[object, list[_Known]] = defaultdict(list)
        for entry in self._roster.namesakes(key):
            present = any(address in self._addresses for address in entry.addresses)
            if entry.employee in self._recognised or present:
                continue
            employee = self._roster.employee(entry)
            known = _Known(entry.employee, employee.email, entry.deactivated)
            found[employee.details.birthday].append(known)
        return dict(found)
