"""How the cell of each field is read, and what can be wrong with it (W1-W8, F7)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from functools import lru_cache, partial
from typing import Any, NamedTuple

from msgspec import UNSET, UnsetType

from domain.company import (
    EMAIL_LIMIT,
    EXTERNAL_ID_LIMIT,
    Company,
    CustomType,
    Language,
    Limits,
)
from domain.fields.nearest import NearestNames
from domain.fields.table import FIELD_OF, Field, Holds, Part, custom_field, is_custom
from domain.issues.issue import Issue, make_issue

_LANGUAGES = {language.value: language.value for language in Language}
# `2027-03-31`
_DATE = re.compile(r"(?:19|2[01])[0-9]{2}-[0-9]{2}-[0-9]{2}")
# `-12.50`
_DECIMAL = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
# `+42`
_INTEGER = re.compile(r"[+-]?[0-9]+")
# `anna.de-vries@mail.acme.example`: atoms before the @, labels of a host name after it.
_ATOM = r"[^\s@\"(),:;<>\[\]\\.]++"
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_EMAIL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*+@(?:{_LABEL}\.)+{_LABEL}")
_LOCAL_PART_CHARACTERS = 64

_CONTROL = frozenset({"Cc", "Cs", "Zl", "Zp"})
_INVISIBLE = _CONTROL | {"Cf"}
"""In what tells people apart, nothing may hide that makes two of one (I1)."""
_BREAKS = {"\t": "a tab"} | dict.fromkeys("\n\r\x0b\x0c\x85\u2028\u2029", "a line break")

_COMPOSED = 4
"""NFC makes one character of at most so many: three combining marks may follow a letter."""


class CellRule(NamedTuple):
    """How the cells of one field are read in one company."""

    field: str
    limit: int
    """The most characters of a cell (F7)."""
    breaks: bool
    """Whether line breaks and tabs may stay (W1)."""
    custom: bool
    identity: bool
    """Whether the field tells which employee a row means (I1)."""
    blank: Issue | UnsetType | None
    """What a blank cell says: nothing (unset), that the value is cleared (`None`), or an issue."""
    read: Callable[[str], Any] | None
    """From a cell to a value or an `Issue`; `None` where the cell is the value."""


def cell_rule(name: str, company: Company) -> CellRule:
    """How the cells of a field are read in a company."""
    custom = is_custom(name)
    kind = company.custom_fields.get(name, CustomType.TEXT)
    field = custom_field(name, kind) if custom else FIELD_OF[name]
    return CellRule(
        field=name,
        limit=min(_LIMITS.get(name, company.limits.cell), company.limits.cell),
        breaks=custom and field.holds is Holds.TEXT,
        custom=custom,
        identity=field.part is Part.IDENTITY,
        blank=_blank(field, company),
        read=_reader(field, company, custom=custom),
    )


_LIMITS = {"email": EMAIL_LIMIT, "external_id": EXTERNAL_ID_LIMIT}


def _blank(field: Field, company: Company) -> Issue | UnsetType | None:
    """What a blank cell says (W2, W8, L5)."""
    if field.mandatory:
        return make_issue("missing-value", field=field.name)
    clears = company.policy.blank_cells == "clear" and field.clearable
    return None if clears or field.name == "offboarding_date" else UNSET


def _reader(field: Field, company: Company, *, custom: bool) -> Callable[[str], Any] | None:
    match field.holds:
        case Holds.DATE:
            return partial(_custom_date if custom else _date, field.name)
        case Holds.LANGUAGE:
            return partial(_language, field.name)
        case Holds.GROUP:
            groups = {group: group for group in company.groups}
            strict = company.policy.unknown_group == "reject"
            return partial(_group, groups, NearestNames(groups), strict, field.name)
        case Holds.DECIMAL:
            return partial(_decimal, field.name)
        case Holds.INTEGER:
            return partial(_integer, field.name)
        case _:
            return None


def problem_of(name: str, cell: str, company: Company) -> Issue | None:
    """What a row would be told of this clean cell in this field; support is told the same."""
    rule = cell_rule(name, company)
    problem = text_problem(rule, cell)
    if problem is None and name == "email":
        problem = email_problem(cell)
    if problem is None and rule.read is not None:
        value = rule.read(cell)
        problem = value if isinstance(value, Issue) else None
    return problem


def clean(cell: str, limit: int = Limits().cell) -> str:
    """A cell without space around it, in NFC (W1); `limit` is the most characters of the cell.

    A cell that is too long however it is composed stays as it is: normalising takes a time that
    grows with the square of the combining marks in a row.
    """
    cell = cell.strip()
    if cell.isascii() or len(cell) > limit * _COMPOSED:
        return cell
    return unicodedata.normalize("NFC", cell)


def text_problem(rule: CellRule, cell: str) -> Issue | None:
    """What is wrong with a cell as text, whatever the cell should hold (W1, F7)."""
    if len(cell) > rule.limit:
        return make_issue("too-long", rule.field, cell, length=len(cell), limit=rule.limit)
    if cell.isprintable():
        return None
    barred = _INVISIBLE if rule.identity else _CONTROL
    for character in cell:
        if unicodedata.category(character) not in barred:
            continue
        if not (rule.breaks and character in _BREAKS):
            seen = _BREAKS.get(character, f"the invisible character U+{ord(character):04X}")
            return make_issue("bad-text", rule.field, cell, seen=seen)
    return None


def email_problem(cell: str) -> Issue | None:
    """What is wrong with a cell as an e-mail address (W3)."""
    well_formed = _EMAIL.fullmatch(cell) and cell.index("@") <= _LOCAL_PART_CHARACTERS
    return None if well_formed else make_issue("bad-email", "email", cell)


def _date(field: str, cell: str) -> date | Issue:
    return _calendar_date(cell) or make_issue("bad-date", field, cell)


@lru_cache(maxsize=65_536)
def _calendar_date(cell: str) -> date | None:
    """The date written `YYYY-MM-DD`, 1900 to 2199 (W4); cached, since dates repeat."""
    try:
        return date.fromisoformat(cell) if _DATE.fullmatch(cell) else None
    except ValueError:
        return None


def _language(field: str, cell: str) -> str | Issue:
    return _LANGUAGES.get(cell.lower()) or make_issue("unknown-language", field, cell)


def _group(
    groups: dict[str, str], names: NearestNames, strict: bool, field: str, cell: str
) -> str | Issue:
    known = groups.get(cell)  # one text in memory for all members of a group
    if known is not None:
        return known
    return make_issue("unknown-group", field, cell, strict=strict, nearest=names.clause(cell))


def _decimal(field: str, cell: str) -> str | Issue:
    return cell if _DECIMAL.fullmatch(cell) else make_issue("bad-decimal", field, cell)


def _integer(field: str, cell: str) -> str | Issue:
    return cell if _INTEGER.fullmatch(cell) else make_issue("bad-integer", field, cell)


def _custom_date(field: str, cell: str) -> str | Issue:
    return cell if _calendar_date(cell) else make_issue("bad-date", field, cell)
