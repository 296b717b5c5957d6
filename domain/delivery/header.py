"""Reads the header of a file: which column holds which field (F4, F5)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from domain.characters import spoilt_by
from domain.delivery.header_hints import HeaderHints
from domain.fields.cells import clean
from domain.fields.nearest import HINTS
from domain.fields.table import (
    CUSTOM_NAME_CHARACTERS,
    CUSTOM_PREFIX,
    FIELD_OF,
    MANDATORY,
    is_custom,
    written,
)
from domain.issues.issue import Issue, listed, make_issue, shown

_ALIKE = re.compile(r"[\s_-]+")  # the ` ` of `First name`, the `__` of `FIRST__NAME`


class Columns(msgspec.Struct, frozen=True):
    """The columns of one file.

    `width` is the number of cells of a row. `fields` holds the position and the field of each
    column that is known; the first position is 0. `padded` means that rows may have more cells,
    which are blank in every row (F9).
    """

    width: int
    fields: tuple[tuple[int, str], ...]
    padded: bool = False


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
    issues = (
        *_missing(positions, mapping),
        *_duplicates(positions, cells),
        *_unknown(unknown, cells, HeaderHints(positions.keys())),
    )
    return columns, issues


def named_width(cells: Sequence[str]) -> int:
    """Returns the number of columns up to the last one with a name."""
    return max((number for number, cell in enumerate(cells, 1) if cell.strip()), default=0)


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
        columns = ", ".join(theirs.get(field, written(field)) for field in missing)
        yield make_issue("missing-column", field=missing[0], columns=columns)


def _duplicates(positions: Mapping[str, list[int]], cells: Sequence[str]) -> Iterable[Issue]:
    for field, found in positions.items():
        if len(found) > 1:
            columns = listed((shown(cells[position].strip()) for position in found), len(found))
            yield make_issue("duplicate-column", field=field, columns=columns)


def _unknown(positions: Sequence[int], cells: Sequence[str], hints: HeaderHints) -> Iterable[Issue]:
    """Yields the issues about unknown columns: one about all columns without a name.

    A header may have a million columns, so at most `HINTS` columns with a name are reported (W12).
    """
    named = [position for position in positions if cells[position].strip()]
    for position in named[:HINTS]:
        name = " ".join(cells[position].split())
        column = f"The column {shown(name)}{spoilt_by(shown(name))} is not known and was"
        yield make_issue(
            "unknown-column", value=cells[position].strip(), columns=column, hint=_hint(name, hints)
        )
    nameless = [position + 1 for position in positions if not cells[position].strip()]
    if nameless:
        several = len(nameless) > 1
        words = "s {} have no name and were" if several else " {} has no name and was"
        column = f"Column{words.format(listed(nameless, len(nameless)))}"
        yield make_issue("unknown-column", columns=column, hint="")


def _hint(name: str, hints: HeaderHints) -> str:
    plain = _plain(name)
    if plain.startswith(CUSTOM_PREFIX) and len(plain) > CUSTOM_NAME_CHARACTERS:
        return f" (the name of a custom field has at most {CUSTOM_NAME_CHARACTERS} characters)"
    return hints.hint(name)
