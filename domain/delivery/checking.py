"""Checks the rows of each file before they are matched: which rows can be applied (W, I7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from domain.delivery.duplicates import find_duplicates
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
    rows = [row for row in parsed.rows if first < row.position <= end]
    duplicates = find_duplicates(rows, sheet.columns)
    accepted: list[Row] = []
    rejected: list[tuple[Row, Sequence[Issue]]] = []
    repeated: list[tuple[Row, int]] = []
    for row in rows:
        conflicts = duplicates.conflicting.get(row.position, ())
        line = duplicates.repeating.get(row.position)
        if line is not None:
            repeated.append((row, line))
        elif conflicts or (row.issues and any(issue.rejects for issue in row.issues)):
            rejected.append((row, conflicts))
        else:
            accepted.append(row)
    return CheckedFile(end, accepted, rejected, repeated)
