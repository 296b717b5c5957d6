"""Suggests a map of external ids from a delivery, after a customer changed its numbers (S12)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from domain.delivery.evidence import Evidence, MatchedBy, is_same_person, known_persons, person_of
from domain.delivery.match import Match, known_match
from domain.delivery.row import Row
from domain.employee.roster import Roster
from domain.privacy import Redacted


class Suggestion(Redacted, frozen=True):
    """One line of a suggested map, with the employee and the fields in which the row agrees."""

    old: str
    new: str
    email: str
    first_name: str
    last_name: str
    matched_by: str
    sure: bool


class _Found(NamedTuple):
    """A row with a new external id, and the known employee whom it may be about."""

    row: Row
    match: Match
    evidence: Evidence
    sure: bool


def suggest_map(rows: Iterable[Row], roster: Roster) -> list[Suggestion]:
    """Returns the external ids of `rows` that known employees should get instead of theirs.

    `roster` holds all employees. An employee without an external id is left out, because a file
    links this employee by itself (I3).
    """
    suggesting = _Suggesting(list(filter(_is_identified, rows)), roster)
    found = {
        (each.match.key, each.row.external_id): each  # the newest file counts
        for row in suggesting.rows
        for each in suggesting.found(row)
        if each.match.external_id is not None
    }
    employees = Counter(employee for employee, _ in found)
    numbers = Counter(number for _, number in found)
    return [
        _suggestion(each, alone=employees[employee] == numbers[number] == 1)
        for (employee, number), each in found.items()
    ]


class _Suggesting:
    """The rows and the employees that are compared, with the employees by their names."""

    def __init__(self, rows: Sequence[Row], roster: Roster) -> None:
        self.rows = rows
        self._roster = roster
        self._namesakes = _by_names(roster)
        names = {(person_of(row.details).names, row.external_id) for row in rows}
        self._rows_with_names = Counter(each for each, _ in names)

    def found(self, row: Row) -> list[_Found]:
        """Returns the employees whom a row may be about, unless the row's number means them."""
        found = self._at_address(row) or self._with_names(row)
        number = row.external_id
        known = (
            self._roster.with_external_id(number),
            self._roster.with_former_external_id(number),
        )
        closest = max(
            (known_match(each, self._roster).closeness(row) for each in known if each), default=-1
        )
        return [each for each in found if each.match.closeness(row) > closest]

    def _at_address(self, row: Row) -> list[_Found]:
        entry = self._roster.at_address(row.address)
        if entry is None:
            return []
        match = known_match(entry, self._roster)
        evidence = Evidence(MatchedBy.EMAIL, match.evidence(row).agreeing)
        if not evidence.looks_alike:
            return []
        sure = not {"first_name", "last_name"}.isdisjoint(evidence.agreeing)
        return [_Found(row, match, evidence, sure)]

    def _with_names(self, row: Row) -> list[_Found]:
        """Returns the employees with both names and the birthday of a row.

        If there are none, returns the only employee with both names, if no other row has them.
        """
        names = person_of(row.details).names
        matches = self._namesakes.get(names, ()) if all(names) else ()
        found = [
            _Found(row, match, Evidence(MatchedBy.NAMES, match.evidence(row).agreeing), sure=True)
            for match in matches
        ]
        born = [each for each in found if "birthday" in each.evidence.agreeing]
        if born or len(found) != 1 or self._rows_with_names[names] > 1:
            return born
        (only,) = found
        known = known_persons(only.match.employee, None)
        return [only._replace(sure=False)] if is_same_person(person_of(row.details), known) else []


def _is_identified(row: Row) -> bool:
    """Returns whether a row has an external id and nothing is wrong with it."""
    wrong = any(issue.rejects and issue.field == "external_id" for issue in row.issues)
    return row.external_id is not None and not wrong


def _by_names(roster: Roster) -> Mapping[tuple[str, str], Sequence[Match]]:
    """Returns the employees by their names, and by the names that the file had."""
    found: defaultdict[tuple[str, str], list[Match]] = defaultdict(list)
    for entry in roster.entries:
        if entry.address and entry.merged_into is None:  # has keys that a row may have
            match = known_match(entry, roster)
            for names in _names_of(match):
                found[names].append(match)
    return found


def _names_of(match: Match) -> set[tuple[str, str]]:
    known = known_persons(match.employee, None)
    return {each.names for each in known}


def _suggestion(found: _Found, *, alone: bool) -> Suggestion:
    row, match, evidence, sure = found
    employee = match.employee
    assert employee is not None  # noqa: S101
    return Suggestion(
        match.external_id or "",
        row.external_id or "",
        employee.email,
        employee.details.first_name,
        employee.details.last_name,
        evidence.words,
        sure and alone,
    )
