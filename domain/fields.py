"""The header of a file: which column is which field (F4, F5)."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from domain.issues import Finding, finding, shown

MANDATORY = ("email", "first_name", "last_name")
OPTIONAL = (
    "prefix",
    "onboarding_date",
    "offboarding_date",
    "probation_period_end_date",
    "birthday",
    "work_anniversary",
    "marriage_date",
    "language",
    "group_name",
    "external_id",
)
FIELDS = MANDATORY + OPTIONAL
CUSTOM_PREFIX = "custom_"

_UNKNOWN_TOLD = 100
"""A header of a million cells is told of so many, and no more."""
_COMPARED = 60
"""Characters of a name that is worth comparing with the known ones, which takes a while."""
_ALIKE = re.compile(r"[\s_-]+")


class Columns(msgspec.Struct, frozen=True):
    """The columns of one file that mean something: position and field, and how many there are."""

    width: int
    fields: tuple[tuple[int, str], ...]


def field_of(name: str) -> str | None:
    """The field that a column of this name means, or `None` (F4)."""
    field = _plain(name)
    return field if field in FIELDS or is_custom(field) else None


def same_name(one: str, other: str) -> bool:
    """Whether two column names are one (F4)."""
    return _plain(one) == _plain(other)


def is_custom(field: str) -> bool:
    """Whether `field` is a custom one (W7)."""
    return field.startswith(CUSTOM_PREFIX) and field != CUSTOM_PREFIX


def read_header(
    cells: Sequence[str], mapping: Mapping[str, str]
) -> tuple[Columns, tuple[Finding, ...]]:
    """The columns of a file and what is to be said about them.

    `mapping` is the company's own: their column name to our field, applied first (F4). Findings
    that reject refuse the file (F5).
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
    findings = (
        *_missing(positions),
        *_duplicates(positions, cells),
        *(_unknown(position, cells[position]) for position in unknown[:_UNKNOWN_TOLD]),
    )
    return columns, findings


def recognised(cells: Iterable[str], mapping: Mapping[str, str]) -> int:
    """How many of `cells` name a field: tells a wrong delimiter from a wrong header (F2)."""
    theirs = {_plain(name) for name in mapping}
    return sum(1 for cell in cells if _plain(cell) in theirs or field_of(cell) is not None)


def nearest(name: str, known: Iterable[str]) -> str:
    """A clause that suggests the known name closest to `name`, or nothing."""
    if len(name) > _COMPARED:
        return ""
    import difflib  # takes a while, and few names are wrong

    by_key = {candidate.casefold(): candidate for candidate in known}
    found = difflib.get_close_matches(name.casefold(), by_key, n=1)
    return f" (did you mean {by_key[found[0]]}?)" if found else ""


def _plain(name: str) -> str:
    return _ALIKE.sub("_", unicodedata.normalize("NFC", name.strip()).casefold())


def _missing(positions: Mapping[str, list[int]]) -> Iterable[Finding]:
    missing = [field for field in MANDATORY if field not in positions]
    if missing:
        yield finding("missing-column", field=missing[0], columns=", ".join(missing))


def _duplicates(positions: Mapping[str, list[int]], cells: Sequence[str]) -> Iterable[Finding]:
    for field, found in positions.items():
        if len(found) > 1:
            columns = ", ".join(shown(cells[position].strip()) for position in found)
            yield finding("duplicate-column", field=field, columns=columns)


def _unknown(position: int, cell: str) -> Finding:
    name = cell.strip()
    if not name:
        return finding("unknown-column", column=f"Column {position + 1} has no name", nearest="")
    return finding(
        "unknown-column",
        value=name,
        column=f"The column {shown(name)} is not known",
        nearest=nearest(_plain(name), FIELDS),
    )
