"""One issue: what is said about a run, a file or a row, and what HR is to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import overload

from msgspec.structs import replace

from domain.issues.catalogue import CATALOGUE, Severity
from domain.privacy import Redacted

SHOWN_CHARACTERS = 200
"""The characters of a value that an issue shows; a cell may hold a whole file."""
LISTED_LINES = 10
"""The lines, columns or people that one sentence lists (W12)."""


class Issue(Redacted, frozen=True):
    """One thing that is said about a run, a file or a row.

    `line` counts as an editor does: the header is line 1. `file`, `line` and `email` are the
    location. The location is missing where an issue is about the whole run, and until it is known
    which row an issue is about.
    """

    severity: Severity
    code: str
    message: str
    file: str | None = None
    line: int | None = None
    email: str | None = None
    field: str | None = None
    value: str | None = None

    @property
    def rejects(self) -> bool:
        """Whether a row with this issue is rejected, or a file with it refused (W9)."""
        return self.severity is Severity.ERROR

    @property
    def lasting(self) -> bool:
        """Whether the issue is said again while the file says the same (L10)."""
        return CATALOGUE[self.code].lasting

    def at(self, file: str, line: int | None = None, email: str | None = None) -> Issue:
        """The same issue with a location."""
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
    """An issue of the type `code`, still without file and line.

    `facts` fill the blanks of the type's sentence. `strict` turns a warning into an error.
    """
    kind = CATALOGUE[code]
    sentence = kind.strict if strict and kind.strict else kind.sentence
    message = sentence.format(field=_in_words(field), value=shown(value), **facts)
    severity = Severity.ERROR if strict else kind.severity
    return Issue(severity, code, message, email=email, field=field, value=shown(value))


@overload
def shown(value: str) -> str: ...
@overload
def shown(value: str | None) -> str | None: ...
def shown(value: str | None) -> str | None:
    """A value, cut to a length that can be shown."""
    if value is None or len(value) <= SHOWN_CHARACTERS:
        return value
    return value[:SHOWN_CHARACTERS] + "…"


def listed(items: Iterable[object], count: int) -> str:
    """`count` items as a sentence lists them: the first ten, and how many more there are (W12).

    There is at least one item. `items` need not yield more than the ten that are listed.
    """
    texts = [str(item) for item, _ in zip(items, range(LISTED_LINES), strict=False)]
    if count > len(texts):
        return f"{', '.join(texts)} and {count - len(texts)} more"
    *others, last = texts
    return f"{', '.join(others)} and {last}" if others else last


def _in_words(field: str | None) -> str | None:
    """A field as a sentence calls it."""
    if field is None or field.startswith("custom_"):
        return field
    return {"email": "e-mail"}.get(field, field.replace("_", " "))
