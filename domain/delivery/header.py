"""Reads the header of a file: which column holds which field (F4, F5)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from domain.fields.cells import clean
from domain.fields.nearest import HINTS, NearestNames
from domain.fields.table import (
    CUSTOM_NAME_CHARACTERS,
    CUSTOM_PREFIX,
    FIELD_OF,
    MANDATORY,
    NAMES,
    is_custom,
)
from domain.issues.issue import Issue, listed, make_issue, shown

_ALIKE = re.compile(r"[\s_-]+")  # the ` ` of `First name`, the `__` of `FIRST__NAME`


class Columns(msgspec.Struct, frozen=True):
    """The columns of one file.

    `width` is the number of all columns. `fields` holds the position and the field of each column
    that is known; the first position is 0.
    """

    width: int
    fields: tuple[tuple[int, str], ...]


def field_of(name: str) -> str | None:
    """Returns the field that a column name means, or `None` if no field has that name (F4)."""
    field = _plain(name)
    return field if field in FIELD_OF or is_custom(field) else None


def same_name(one: str, other: str) -> bool:
    """Returns whether two column names mean the same column (F4)."""
    return _plain(one) == _plain(other)


def read_header(
    cells: Sequence[str], mapping: Mapping[str, str]
) -> tuple[Columns, tuple[Issue, ...]]:
    """Returns the columns of a file and the issues about them.

    `mapping` is the company's own mapping from its column names to our fields; it is applied first
    (F4). If an issue rejects, the file has to be refused (F5).
    """
    ours = {_plain(theirs): field for theirs, field in mapping.items()}
    meant = [ours.get(_plain(cell)) or field_of(cell) for cell in cells]
    positions: defaultdict[str, list[int]] = defaultdict(list)
    for position, field in enumerate(meant):
        if field is not None:
            positions[field].append(position)
    columns = Columns(
        width=len(cells), fields=tuple((found[0], field) for field, found in positions.items())
    )
    unknown = [position for position, field in enumerate(meant) if field is None]
    names = NearestNames(map(_written, NAMES))
    issues = (
        *_missing(positions, mapping),
        *_duplicates(positions, cells),
        # A header may have a million columns: at most `HINTS` unknown columns are reported.
        *(_unknown(position, cells[position], names) for position in unknown[:HINTS]),
    )
    return columns, issues


def known_columns(cells: Iterable[str], mapping: Mapping[str, str]) -> int:
    """Returns how many of `cells` name a field.

    The number distinguishes a wrong delimiter from a wrong header (F2).
    """
    theirs = {_plain(name) for name in mapping}
    return sum(1 for cell in cells if _plain(cell) in theirs or field_of(cell) is not None)


def _plain(name: str) -> str:
    plain = _ALIKE.sub("_", clean(name).casefold())
    return "email" if plain == "e_mail" else plain


def _missing(positions: Mapping[str, list[int]], mapping: Mapping[str, str]) -> Iterable[Issue]:
    missing = [field for field in MANDATORY if field not in positions]
    if missing:
        theirs = {field: column for column, field in reversed([*mapping.items()])}
        columns = ", ".join(theirs.get(field, _written(field)) for field in missing)
        yield make_issue("missing-column", field=missing[0], columns=columns)


def _written(field: str) -> str:
    """Returns the name of a column as people write it: `First name`."""
    return field.replace("_", " ").capitalize()


def _duplicates(positions: Mapping[str, list[int]], cells: Sequence[str]) -> Iterable[Issue]:
    for field, found in positions.items():
        if len(found) > 1:
            columns = listed((shown(cells[position].strip()) for position in found), len(found))
            yield make_issue("duplicate-column", field=field, columns=columns)


def _unknown(position: int, cell: str, names: NearestNames) -> Issue:
    name = cell.strip()
    if not name:
        return make_issue("unknown-column", column=f"Column {position + 1} has no name", nearest="")
    return make_issue(
        "unknown-column",
        value=name,
        column=f"The column {shown(name)} is not known",
        nearest=_hint(_plain(name), names),
    )


def _hint(name: str, names: NearestNames) -> str:
    if name.startswith(CUSTOM_PREFIX) and len(name) > CUSTOM_NAME_CHARACTERS:
        return f" (the name of a custom field has at most {CUSTOM_NAME_CHARACTERS} characters)"
    return names.clause(name.replace("_", " "))
