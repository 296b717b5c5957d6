"""One issue: a message about a run, a file or a row, and what HR should do."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import overload

from msgspec.structs import replace

from domain.characters import spoilt_by
from domain.issues.catalogue import CATALOGUE
from domain.issues.issue_type import Severity
from domain.privacy import Redacted

SHOWN_CHARACTERS = 200
"""The maximum number of characters of a value that an issue shows: a cell can hold a whole file."""
LISTED_LINES = 10
"""The maximum number of lines, columns or employees that one sentence lists (W12)."""


class Issue(Redacted, frozen=True, omit_defaults=True):
    """One message about a run, a file or a row.

    `file`, `line` and `email` are the location. Lines are counted as an editor counts them: the
    header is line 1. The location is missing if the issue is about the whole run, and as long as
    the row of the issue is not known. `starts` and `leaves` are the first day and the last day that
    a rejected row has: they tell how soon the rejection hurts. `external_id` tells whom a rejected
    row is about if its e-mail address cannot.
    """

    severity: Severity
    code: str
    message: str
    file: str | None = None
    line: int | None = None
    email: str | None = None
    field: str | None = None
    value: str | None = None
    starts: date | None = None
    leaves: date | None = None
    external_id: str | None = None

    @property
    def rejects(self) -> bool:
        """Returns whether the issue rejects its row, or refuses its file (W9)."""
        return self.severity is Severity.ERROR

    @property
    def lasting(self) -> bool:
        """Returns whether every run reports the issue as long as the file stays the same (L10)."""
        return CATALOGUE[self.code].lasting

    def at(self, file: str, line: int | None = None, email: str | None = None) -> Issue:
        """Returns the same issue with a location."""
        return replace(self, file=file, line=line, email=shown(email) or None)


def make_issue(
    code: str,
    field: str | None = None,
    value: str | None = None,
    *,
    email: str | None = None,
    strict: bool = False,
    **facts: object,
) -> Issue:
    """Returns an issue of the type `code`, without file and line.

    `facts` fill the placeholders of the type's sentence; a placeholder `{invisible}` is filled with
    the first invisible character of the value (W11). `strict` turns a warning into an error.
    """
    kind = CATALOGUE[code]
    sentence = kind.strict if strict and kind.strict else kind.sentence
    value = shown(value)
    message = sentence.format(
        field=_in_words(field), value=value, invisible=spoilt_by(value), **facts
    )
    severity = Severity.ERROR if strict else kind.severity
    return Issue(severity, code, message, email=email, field=field, value=value)


@overload
def shown(value: str) -> str: ...
@overload
def shown(value: str | None) -> str | None: ...
def shown(value: str | None) -> str | None:
    """Returns a value, cut to the length that an issue shows."""
    if value is None or len(value) <= SHOWN_CHARACTERS:
        return value
    return value[:SHOWN_CHARACTERS] + "…"


def listed(items: Iterable[object], count: int) -> str:
    """Returns `count` items for a sentence: the first ten, and the number of the others (W12).

    There must be at least one item. `items` may end after the ten items that are listed.
    """
    texts = [str(item) for item, _ in zip(items, range(LISTED_LINES), strict=False)]
    if count > len(texts):
        return f"{', '.join(texts)} and {count - len(texts)} more"
    *others, last = texts
    return f"{', '.join(others)} and {last}" if others else last


def _in_words(field: str | None) -> str | None:
    """Returns the name of a field for a sentence, such as `first name`."""
    if field is None or field.startswith("custom_"):
        return field
    return {"email": "e-mail"}.get(field, field.replace("_", " "))
