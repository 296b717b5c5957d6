"""How the cells of each field are read, and which issues a cell can have (W1-W8, W11, I10, F7)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from functools import lru_cache, partial
from typing import Any, NamedTuple

from msgspec import UNSET, UnsetType

from domain.characters import (
    in_words,
    is_break,
    is_control,
    is_plain,
    is_space,
    is_unseen,
    turns_text,
    unseen,
)
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
# A date, such as `2027-03-31`; whether the day exists is checked later.
_DATE = re.compile(r"(?:19|2[01])[0-9]{2}-[0-9]{2}-[0-9]{2}")
# A decimal number, such as `-12.50`.
_DECIMAL = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
# A whole number, such as `+42`.
_INTEGER = re.compile(r"[+-]?[0-9]+")
# One part before the @ of an e-mail address, such as `de-vries`.
_ATOM = r"[^\s@\"(),:;<>\[\]\\.]++"
# One label of a host name, at most 63 characters, such as `acme`.
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
# Atoms and then labels, separated by dots, such as `anna.de-vries@mail.acme.example`.
_EMAIL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*+@(?:{_LABEL}\.)+{_LABEL}")
_LOCAL_PART_CHARACTERS = 64

PLACEHOLDER_IDS = (
    *("-", "?", ".", "0", "x", "n/a", "na", "#n/a", "#nv", "#n/b", "tbd", "tba"),
    *("none", "null", "nil", "nan", "unknown", "onbekend", "unbekannt"),
)
"""External ids that stand for nothing (I10). `#nv` and `#n/b` are `#n/a` of a German and of a Dutch
spreadsheet."""
_SPOILT_IDS = (
    # A number as a spreadsheet shows a long one, such as `1.23E+05`.
    (re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?E[+-][0-9]+", re.I), "a number with an exponent"),
    # A formula, such as `="0042"`.
    (re.compile(r"=.*", re.S), "a formula"),
    # The mark of a text in a spreadsheet, such as `'0042`.
    (re.compile(r"['\u2019].*", re.S), "text with an apostrophe in front"),
    # A value that could not be computed, such as `#REF!`, or that was too wide, such as `####`.
    (re.compile(r"#[^\W\d_/0]+(?:/0)?[!?]|##+"), "a mark for a value that it cannot show"),
)
_NAMES = frozenset({"first_name", "prefix", "last_name"})

_COMPOSED = 4
"""The most characters that NFC composes into one: a letter and three combining marks."""


class CellRule(NamedTuple):
    """How the cells of one field are read for one company."""

    field: str
    limit: int
    """The maximum number of characters of a cell (F7)."""
    breaks: bool
    """Whether a cell may contain line breaks and tabs (W1)."""
    custom: bool
    identity: bool
    """Whether the field identifies the employee that a row means (I1)."""
    name: bool
    """Whether the field is a part of the employee's name (W11)."""
    date: bool
    blank: Issue | UnsetType | None
    """The value of a blank cell: unset (keep the value), `None` (clear the value), or an issue."""
    read: Callable[[str], Any] | None
    """Returns the value of a cell, or an `Issue`. `None` if the text of the cell is the value."""


def cell_rule(name: str, company: Company) -> CellRule:
    """Returns how the cells of the field `name` are read for a company."""
    custom = is_custom(name)
    kind = company.custom_fields.get(name, CustomType.TEXT)
    field = custom_field(name, kind) if custom else FIELD_OF[name]
    return CellRule(
        field=name,
        limit=min(_LIMITS.get(name, company.limits.cell), company.limits.cell),
        breaks=custom and field.holds is Holds.TEXT,
        custom=custom,
        identity=field.part is Part.IDENTITY,
        name=name in _NAMES,
        date=field.holds is Holds.DATE,
        blank=_blank(field, company),
        read=_reader(field, company, custom=custom),
    )


_LIMITS = {"email": EMAIL_LIMIT, "external_id": EXTERNAL_ID_LIMIT}


def _blank(field: Field, company: Company) -> Issue | UnsetType | None:
    """Returns the value of a blank cell, as in `CellRule.blank` (W2, W8, L5)."""
    if field.mandatory:
        return make_issue("missing-value", field=field.name)
    clears = company.policy.blank_cells == "clear" and field.clearable
    return None if clears or field.name == "offboarding_date" else UNSET


def _reader(field: Field, company: Company, *, custom: bool) -> Callable[[str], Any] | None:
    match field.holds:
        case Holds.EMAIL:
            return partial(_email, field.name)
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
        case _ if field.name == "external_id":
            more = (clean(each).lower() for each in company.policy.placeholder_ids)
            return partial(_external_id, frozenset((*PLACEHOLDER_IDS, *more)), field.name)
        case _:
            return None


def problem_of(name: str, cell: str, company: Company) -> Issue | None:
    """Returns the issue that a row would get for this clean cell, or `None`.

    `name` is the name of the field. Support commands check their values with this function too.
    """
    rule = cell_rule(name, company)
    problem = text_problem(rule, cell)
    if problem is None and rule.read is not None:
        value = rule.read(cell)
        problem = value if isinstance(value, Issue) else None
    return problem


def clean(cell: str, limit: int = Limits().cell) -> str:
    """Returns a cell without white space around it, in NFC (W1).

    `limit` is the maximum number of characters of the cell. A cell that would exceed the limit even
    in its shortest composition is not normalised, because the time for normalising grows with the
    square of the number of consecutive combining marks.
    """
    cell = cell.strip()
    if cell.isascii() or len(cell) > limit * _COMPOSED:
        return cell
    return unicodedata.normalize("NFC", cell)


def text_problem(rule: CellRule, cell: str) -> Issue | None:
    """Returns the issue about a cell of any field as text, or `None` (W1, W11, F7)."""
    if len(cell) > rule.limit:
        return make_issue("too-long", rule.field, cell, length=len(cell), limit=rule.limit)
    if cell.isprintable() and (cell.isascii() or is_plain(cell)):
        return None
    if isinstance(rule.blank, Issue) and rule.name and is_unseen(cell):
        return make_issue(rule.blank.code, rule.field, cell)
    for character in unseen(cell):
        if _is_barred(rule, character):
            return make_issue("bad-text", rule.field, cell, seen=in_words(character))
    return None


def _is_barred(rule: CellRule, character: str) -> bool:
    """Returns whether a field must not have this invisible character (W1, W11).

    An identity field rejects every one but spaces. Otherwise an invisible character could make two
    employees of one employee (I1). Some scripts need invisible characters in names.
    """
    if is_control(character):
        return not (rule.breaks and is_break(character))
    if rule.identity:
        return not is_space(character)
    return rule.name and turns_text(character)


def _email(field: str, cell: str) -> str | Issue:
    well_formed = _EMAIL.fullmatch(cell) and cell.index("@") <= _LOCAL_PART_CHARACTERS
    return cell if well_formed else make_issue("bad-email", field, cell)


def _external_id(placeholders: frozenset[str], field: str, cell: str) -> str | Issue:
    if cell.lower() in placeholders:
        return make_issue("placeholder-id", field, cell)
    if not cell.isalnum():  # what a spreadsheet spoils has a sign in it
        for pattern, seen in _SPOILT_IDS:
            if pattern.fullmatch(cell):
                return make_issue("spoilt-id", field, cell, seen=seen)
    return cell


def _date(field: str, cell: str) -> date | Issue:
    return _calendar_date(cell) or _bad_date(field, cell)


@lru_cache(maxsize=65_536)
def _calendar_date(cell: str) -> date | None:
    """Returns the date that is written `YYYY-MM-DD`, from 1900 to 2199, or `None` (W4).

    The dates are cached, because the same dates occur in many rows.
    """
    try:
        return date.fromisoformat(cell) if _DATE.fullmatch(cell) else None
    except ValueError:
        return None


def _language(field: str, cell: str) -> str | Issue:
    return _LANGUAGES.get(cell.lower()) or make_issue("unknown-language", field, cell)


def _group(
    groups: dict[str, str], names: NearestNames, strict: bool, field: str, cell: str
) -> str | Issue:
    known = groups.get(cell)  # all members of a group share one text in memory
    if known is not None:
        return known
    return make_issue("unknown-group", field, cell, strict=strict, nearest=names.clause(cell))


def _decimal(field: str, cell: str) -> str | Issue:
    return cell if _DECIMAL.fullmatch(cell) else make_issue("bad-decimal", field, cell)


def _integer(field: str, cell: str) -> str | Issue:
    return cell if _INTEGER.fullmatch(cell) else make_issue("bad-integer", field, cell)


def _custom_date(field: str, cell: str) -> str | Issue:
    return cell if _calendar_date(cell) else _bad_date(field, cell)


def _bad_date(field: str, cell: str) -> Issue:
    return make_issue("bad-date", field, cell, no_date="")
