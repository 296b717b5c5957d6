"""Finds rows of one file that have the same address or the same external id (I7)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from domain.delivery.header import Columns
from domain.delivery.row import Row
from domain.issues.issue import LISTED_LINES, Issue, listed, make_issue
from domain.privacy import Redacted


class Duplicates(Redacted, frozen=True):
    """The duplicates of one file, by the position of the row.

    `conflicting` maps rows that contradict each other to the issues about that. `repeating` maps
    rows that only repeat another row to the line of that row.
    """

    conflicting: dict[int, list[Issue]]
    repeating: dict[int, int]


def find_duplicates(rows: Sequence[Row], columns: Columns) -> Duplicates:
    """Returns the duplicates among the rows of one file, including rows with other issues."""
    conflicting: defaultdict[int, list[Issue]] = defaultdict(list)
    repeating: dict[int, int] = {}
    for code, field, group in _groups(rows):
        first = group[0]
        if all(_identical(first, row, columns) for row in group):
            repeating.update((row.position, first.line) for row in group[1:])
            continue
        if any(issue.rejects and issue.field == field for issue in first.issues):
            continue  # every row of the group says already what is wrong with this value
        lines = lines_of(group)
        for row in group:
            value = row.email if field == "email" else row.external_id
            conflicting[row.position].append(make_issue(code, field, value, lines=lines))
    for position in conflicting:
        repeating.pop(position, None)
    return Duplicates(conflicting, repeating)


def lines_of(rows: Sequence[Row]) -> str:
    """Returns the lines of two or more rows as a list for a sentence, ten lines at most (W12)."""
    return listed(sorted(row.line for row in rows)[:LISTED_LINES], len(rows))


def _groups(rows: Sequence[Row]) -> Iterator[tuple[str, str, list[Row]]]:
    for group in _together((row.address, row) for row in rows):
        yield "duplicate-email", "email", group
    for group in _together((row.external_id or "", row) for row in rows):
        yield "duplicate-external-id", "external_id", group


def _together(keyed: Iterable[tuple[str, Row]]) -> list[list[Row]]:
    """Returns groups of rows with the same key, without single rows and rows with a blank key."""
    seen: dict[str, Row] = {}
    groups: dict[str, list[Row]] = {}
    for key, row in keyed:
        first = seen.setdefault(key, row)
        if first is not row and key:
            groups.setdefault(key, [first]).append(row)
    return list(groups.values())


def _identical(first: Row, second: Row, columns: Columns) -> bool:
    """Returns whether two rows are equal in every column that is read."""
    if first.text == second.text:
        return True
    if first.address != second.address:
        return False
    ours, theirs = first.cells, second.cells
    return all(field == "email" or ours[index] == theirs[index] for index, field in columns.fields)
