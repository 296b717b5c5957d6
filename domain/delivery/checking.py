"""Checks the rows of each file before they are matched: which rows can be applied (W, I7)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from operator import attrgetter
from typing import NamedTuple

from domain.delivery.duplicates import find_duplicates
from domain.delivery.no_date import with_no_date_hints
from domain.delivery.parsing import ParsedDelivery
from domain.delivery.row import Row
from domain.issues.issue import Issue


class CheckedFile(NamedTuple):
    """The rows of a file: the rows that can be applied, and the rows that are decided already.

    `end` is the position of the last row. `rejected` holds rows that cannot be applied, each with
    its conflicts with other rows. `repeated` holds rows that repeat another row, each with the line
    of that row.
    """

    end: int
    accepted: Sequence[Row]
    rejected: Sequence[tuple[Row, Sequence[Issue]]]
    repeated: Sequence[tuple[Row, int]]


def checked_files(parsed: ParsedDelivery) -> list[CheckedFile]:
    """Returns the checked files of a delivery, oldest first."""
    return [_checked(parsed, number) for number in range(len(parsed.sheets))]


def _checked(parsed: ParsedDelivery, number: int) -> CheckedFile:
    """Returns the rows of file `number`, each checked alone (W) and against the others (I7)."""
    first = sum(len(sheet.texts) for sheet in parsed.sheets[:number])
    sheet = parsed.sheets[number]
    end = first + len(sheet.texts)
    position = attrgetter("position")
    begin, stop = (bisect_right(parsed.rows, each, key=position) for each in (first, end))
    rows = parsed.rows[begin:stop]
    duplicates = find_duplicates(rows, sheet.columns)
    accepted: list[Row] = []
    rejected: list[Row] = []
    conflicts: list[Sequence[Issue]] = []
    repeated: list[tuple[Row, int]] = []
    for row in rows:
        conflict = duplicates.conflicting.get(row.position, ())
        line = duplicates.repeating.get(row.position)
        if line is not None:
            repeated.append((row, line))
        elif conflict or (row.issues and any(issue.rejects for issue in row.issues)):
            rejected.append(row)
            conflicts.append(conflict)
        else:
            accepted.append(row)
    hinted = with_no_date_hints(rejected, len(sheet.texts))
    return CheckedFile(end, accepted, list(zip(hinted, conflicts, strict=True)), repeated)
