"""The same address or external id twice in one file (I7)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from domain.fields import Columns
from domain.issues import Finding, finding
from domain.private import Private
from domain.row import Row


class Duplicates(Private, frozen=True):
    """By position: rows that contradict each other, with why, and rows that only repeat another,
    with the line of the one that stands."""

    conflicting: dict[int, list[Finding]]
    repeating: dict[int, int]


def find_duplicates(rows: Iterable[Row], columns: Columns) -> Duplicates:
    """The duplicates among the rows of one file, those with problems of their own included."""
    conflicting: defaultdict[int, list[Finding]] = defaultdict(list)
    repeating: dict[int, int] = {}
    for code, field, group in _groups(list(rows)):
        first = group[0]
        if all(_identical(first, row, columns) for row in group):
            repeating.update((row.position, first.line) for row in group[1:])
            continue
        lines = sentence_of_lines(group)
        for row in group:
            value = row.email if field == "email" else row.external_id
            conflicting[row.position].append(finding(code, field, value, lines=lines))
    for position in conflicting:
        repeating.pop(position, None)
    return Duplicates(conflicting, repeating)


def sentence_of_lines(rows: Iterable[Row]) -> str:
    """The lines of two rows or more, as a sentence lists them."""
    *others, last = sorted(row.line for row in rows)
    return f"{', '.join(map(str, others))} and {last}"


def _groups(rows: list[Row]) -> Iterator[tuple[str, str, list[Row]]]:
    by_address = _together((row.address, row) for row in rows)
    by_external_id = _together((row.external_id or "", row) for row in rows)
    for group in by_address:
        yield "duplicate-email", "email", group
    for group in by_external_id:
        yield "duplicate-external-id", "external_id", group


def _together(keyed: Iterable[tuple[str, Row]]) -> list[list[Row]]:
    """The rows that share a key with another; blank keys share nothing."""
    seen: dict[str, Row] = {}
    groups: dict[str, list[Row]] = {}
    for key, row in keyed:
        first = seen.setdefault(key, row)
        if first is not row and key:
            groups.setdefault(key, [first]).append(row)
    return list(groups.values())


def _identical(first: Row, second: Row, columns: Columns) -> bool:
    """Whether two rows say the same in every column that is read."""
    if first.text == second.text:
        return True
    if first.address != second.address:
        return False
    ours, theirs = first.cells, second.cells
    return all(field == "email" or ours[index] == theirs[index] for index, field in columns.fields)
