"""From the cells of one record to what it says, and what is wrong with it (W1-W9, L3)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from datetime import date
from functools import lru_cache, partial
from typing import Any, NamedTuple, TypeAlias

from msgspec import UNSET, UnsetType

from domain.company import EMAIL_LIMIT, EXTERNAL_ID_LIMIT, Company, CustomType, Language
from domain.fields import MANDATORY, is_custom, nearest
from domain.issues import Finding, finding
from domain.person import DetailsChange
from domain.private import Private
from domain.sheet import Sheet, split


class Row(Private, frozen=True):
    """What one record says (W), with the place that says so.

    `position` is the record's number in the whole delivery, first is 1; `text` is the record as
    written. `offboarding_date` is unset where the column is absent and `None` where the cell is
    blank, since a blank can be news (L5, L6). A row with findings that reject holds what could
    be read of it.
    """

    file: str
    line: int
    position: int
    digest: bytes
    """Recognises the same record when it comes again."""
    text: str
    email: str
    address: str
    """The e-mail address as it compares (I1)."""
    external_id: str | None
    onboarding_date: date | None
    offboarding_date: date | UnsetType | None
    details: DetailsChange

    @property
    def cells(self) -> list[str]:
        """Its cells, trimmed and normalised; cut anew, since few are looked at again."""
        return [clean(cell) for cell in split(self.text)]


Reading: TypeAlias = tuple[Row, list[Finding]]
"""A row and what is wrong with it."""

_IDENTITY = ("email", "external_id")
"""Fields that tell whom a row means, and count for duplicates even where they are wrong (I7)."""
_CLEARABLE = frozenset(
    {
        "prefix",
        "probation_period_end_date",
        "birthday",
        "work_anniversary",
        "marriage_date",
        "group_name",
    }
)
_DATES = frozenset(
    {
        "onboarding_date",
        "offboarding_date",
        "probation_period_end_date",
        "birthday",
        "work_anniversary",
        "marriage_date",
    }
)
_LANGUAGES = {language.value: language.value for language in Language}
_DATE = re.compile(r"(?:19|2[01])[0-9]{2}-[0-9]{2}-[0-9]{2}")
_DECIMAL = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_ATOM = r"[^\s@\"(),:;<>\[\]\\.]++"
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_EMAIL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*+@(?:{_LABEL}\.)+{_LABEL}")
_LOCAL_LIMIT = 64
_CONTROL = frozenset({"Cc", "Cs", "Zl", "Zp"})
_INVISIBLE = _CONTROL | {"Cf"}
"""In what tells people apart, nothing may hide that would make two of one (I1)."""
_NAMES = {"\t": "a tab"} | dict.fromkeys("\n\r\x0b\x0c\x85\u2028\u2029", "a line break")


def address_of(email: str) -> str:
    """An e-mail address as it compares (I1); addresses are trimmed when they are read."""
    folded = email.casefold()
    return email if folded == email else folded  # one text in memory, not two


class RowReader:
    """Reads the records of one sheet, in a company that may map, type and limit its cells.

    Columns are sorted once by what there is to do with them: `texts` are their own value, `typed`
    are read, and in `minded` a blank cell says something too.
    """

    def __init__(self, sheet: Sheet, company: Company) -> None:
        columns = [(index, _column(field, company)) for index, field in sheet.columns.fields]
        self._file = sheet.name
        self._width = sheet.columns.width
        self._columns = columns
        self._shortest = min(column.limit for _, column in columns)
        self._email = next(index for index, column in columns if column.field == "email")
        self._external_id = next(
            (index for index, column in columns if column.field == "external_id"), None
        )
        # What tells whom the row means is kept apart, and as it is.
        said = [(index, column) for index, column in columns if column.field not in _IDENTITY]
        texts = [(index, column) for index, column in said if column.read is None]
        self._texts = [(i, each.field) for i, each in texts if not each.custom]
        self._custom_texts = [(i, each.field) for i, each in texts if each.custom]
        self._typed = [(i, c.field, c.custom, c.read) for i, c in said if c.read is not None]
        self._minded = [(i, c.field, c.custom, c.blank) for i, c in columns if c.blank is not UNSET]

    def read(self, line: int, text: str, position: int, digest: bytes) -> Reading:
        """What the record says, and everything that is wrong with it (W9)."""
        cells = split(text)
        if len(cells) != self._width:
            # Nobody can tell which cell is which: the row says nothing, not even whom it means.
            width = finding("wrong-width", cells=len(cells), columns=self._width)
            nothing = DetailsChange()
            return (
                Row(self._file, line, position, digest, text, "", "", None, None, UNSET, nothing),
                [width],
            )
        found: dict[int, Finding] = {}
        sound = cells
        if len(text) > self._shortest or not _is_plain(text):
            cells = [clean(cell) for cell in cells]
            found = self._spoilt(cells)
            sound = ["" if index in found else cell for index, cell in enumerate(cells)]
        said: dict[str, Any] = {f: cell for i, f in self._texts if (cell := sound[i])}
        custom: dict[str, Any] = {f: cell for i, f in self._custom_texts if (cell := sound[i])}
        if sound[self._email] and (problem := _email_problem(sound[self._email])):
            found[self._email] = problem
        for index, field, is_custom_field, read in self._typed:
            cell = sound[index]
            if cell:
                value = read(field, cell)
                if value.__class__ is Finding:
                    found[index] = value
                else:
                    (custom if is_custom_field else said)[field] = value
        for index, field, is_custom_field, blank in self._minded:
            if not cells[index]:
                if blank is None:
                    (custom if is_custom_field else said)[field] = None
                else:
                    found[index] = blank
        row = self._row(said, custom, line, position, digest, text, cells)
        findings = [found[index] for index in sorted(found)] if found else []
        if row.onboarding_date and row.offboarding_date:
            findings.extend(_dates_out_of_order(row.onboarding_date, row.offboarding_date))
        return row, findings

    def _spoilt(self, cells: list[str]) -> dict[int, Finding]:
        """What is wrong with cells as text, by index."""
        problems = ((index, _text_problem(each, cells[index])) for index, each in self._columns)
        return {index: problem for index, problem in problems if problem is not None}

    def _row(
        self,
        said: dict[str, Any],
        custom: dict[str, Any],
        line: int,
        position: int,
        digest: bytes,
        text: str,
        cells: list[str],
    ) -> Row:
        """The row; what tells whom it means is kept even where it is wrong (I7)."""
        email = cells[self._email]
        external_id = None if self._external_id is None else cells[self._external_id] or None
        return Row(
            self._file,
            line,
            position,
            digest,
            text,
            email,
            address_of(email),
            external_id,
            said.pop("onboarding_date", None),
            said.pop("offboarding_date", UNSET),
            DetailsChange(**said, custom=custom or UNSET),
        )


class _Column(NamedTuple):
    field: str
    limit: int
    breaks: bool
    """Whether line breaks and tabs may stay (W1)."""
    custom: bool
    blank: Finding | UnsetType | None
    """What a blank cell says: nothing (unset), that the value is none, or a `Finding`."""
    read: Callable[[str, str], Any] | None
    """From field and cell to a value, or a `Finding`; `None` where the cell is the value."""


_LIMITS = {"email": EMAIL_LIMIT, "external_id": EXTERNAL_ID_LIMIT}


def _column(field: str, company: Company) -> _Column:
    limit = min(_LIMITS.get(field, company.limits.cell), company.limits.cell)
    blank = _blank(field, company)
    if is_custom(field):
        kind = company.custom_fields.get(field, CustomType.TEXT)
        return _Column(field, limit, kind is CustomType.TEXT, True, blank, _CUSTOM[kind])
    readers: dict[str, Callable[[str, str], Any]] = {
        "language": _language,
        "group_name": partial(
            _group,
            {group: group for group in company.groups},
            company.policy.unknown_group == "reject",
        ),
    }
    default = _date if field in _DATES else None
    return _Column(field, limit, False, False, blank, readers.get(field, default))


def _blank(field: str, company: Company) -> Finding | UnsetType | None:
    """What a blank cell says (W2, W8, L5)."""
    if field in MANDATORY:
        return finding("missing-value", field=field)
    clears = company.policy.blank_cells == "clear" and (field in _CLEARABLE or is_custom(field))
    return None if clears or field == "offboarding_date" else UNSET


def problem_of(field: str, cell: str, company: Company) -> Finding | None:
    """What a row would be told of this cell, trimmed, in this field: support goes by it too."""
    column = _column(field, company)
    problem = _text_problem(column, cell)
    if problem is None and field == "email":
        problem = _email_problem(cell)
    if problem is None and column.read is not None:
        value = column.read(field, cell)
        problem = value if isinstance(value, Finding) else None
    return problem


def _is_plain(text: str) -> bool:
    """Whether cleaning would leave every cell of a record as it is: true of nearly all."""
    return (
        text.isascii()
        and text.isprintable()
        and '"' not in text
        and ", " not in text
        and " ," not in text
        and text[0] != " "
        and text[-1] != " "
    )


def clean(cell: str) -> str:
    """A text without space around it, in NFC (W1)."""
    cell = cell.strip()
    return cell if cell.isascii() else unicodedata.normalize("NFC", cell)


def _text_problem(column: _Column, cell: str) -> Finding | None:
    """What is wrong with a cell as text, whatever it should hold (W1, F7)."""
    field = column.field
    if len(cell) > column.limit:
        return finding("too-long", field, cell, length=len(cell), limit=column.limit)
    if cell.isprintable():
        return None
    barred = _INVISIBLE if field in _IDENTITY else _CONTROL
    for character in cell:
        if unicodedata.category(character) not in barred:
            continue
        if not (column.breaks and character in _NAMES):
            seen = _NAMES.get(character, f"the invisible character U+{ord(character):04X}")
            return finding("bad-text", field, cell, seen=seen)
    return None


def _email_problem(cell: str) -> Finding | None:
    well_formed = _EMAIL.fullmatch(cell) and cell.index("@") <= _LOCAL_LIMIT
    return None if well_formed else finding("bad-email", "email", cell)


def _date(field: str, cell: str) -> date | Finding:
    return _calendar_date(cell) or finding("bad-date", field, cell)


@lru_cache(maxsize=65_536)
def _calendar_date(cell: str) -> date | None:
    """The date written `YYYY-MM-DD`, 1900 to 2199 (W4); cached, since dates repeat."""
    try:
        return date.fromisoformat(cell) if _DATE.fullmatch(cell) else None
    except ValueError:
        return None


def _language(field: str, cell: str) -> str | Finding:
    return _LANGUAGES.get(cell.lower()) or finding("unknown-language", field, cell)


def _group(groups: dict[str, str], strict: bool, field: str, cell: str) -> str | Finding:
    known = groups.get(cell)  # one text in memory for all of its members
    if known is not None:
        return known
    return finding("unknown-group", field, cell, strict=strict, nearest=nearest(cell, groups))


def _decimal(field: str, cell: str) -> str | Finding:
    return cell if _DECIMAL.fullmatch(cell) else finding("bad-decimal", field, cell)


def _integer(field: str, cell: str) -> str | Finding:
    return cell if _INTEGER.fullmatch(cell) else finding("bad-integer", field, cell)


def _custom_date(field: str, cell: str) -> str | Finding:
    return cell if _calendar_date(cell) else finding("bad-date", field, cell)


def _dates_out_of_order(onboarding: date, offboarding: date) -> Iterable[Finding]:
    """L3: leaving before starting."""
    if offboarding < onboarding:
        yield finding(
            "offboarding-before-onboarding",
            "offboarding_date",
            offboarding.isoformat(),
            onboarding_date=onboarding,
        )


_CUSTOM: dict[CustomType, Callable[[str, str], Any] | None] = {
    CustomType.TEXT: None,
    CustomType.DECIMAL: _decimal,
    CustomType.INTEGER: _integer,
    CustomType.DATE: _custom_date,
}
