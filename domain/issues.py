"""What can be said about a file or a row, and the sentence that tells HR what to do about it.

Every code is declared once in `CATALOGUE`, with its severity and its wording, so that wording,
severity and documentation cannot drift apart.
"""

from __future__ import annotations

from enum import StrEnum
from typing import overload

import msgspec

from domain.private import Private


class Severity(StrEnum):
    """How bad it is: an error stops the row or the file, the others only inform."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Code(msgspec.Struct, frozen=True):
    """One kind of issue: its severity, its sentence, and whether it lasts (L10).

    A lasting issue is about what a file or row says, and is said every time it says so; the
    others are about a change, and are said when the change is made. `strict` is the sentence of
    a warning that the company's policy turned into an error.
    """

    severity: Severity
    sentence: str
    lasting: bool = True
    strict: str = ""


class Issue(Private, frozen=True):
    """One thing said about a run, a file or a row. `line` counts as an editor does, header 1."""

    severity: Severity
    code: str
    message: str
    file: str | None = None
    line: int | None = None
    email: str | None = None
    field: str | None = None
    value: str | None = None

    @property
    def lasting(self) -> bool:
        """Whether it is said again while the file says the same (L10)."""
        return CATALOGUE[self.code].lasting


class Finding(Private, frozen=True):
    """An issue before anyone knows which row it is about: a code, a field, a value and facts."""

    code: str
    field: str | None = None
    value: str | None = None
    facts: dict[str, object] = {}
    rejects: bool = False
    """Whether a row with it is rejected (W9)."""

    @property
    def lasting(self) -> bool:
        """Whether it is said again while the row says the same (L10)."""
        return CATALOGUE[self.code].lasting

    def at(
        self, file: str | None = None, line: int | None = None, email: str | None = None
    ) -> Issue:
        """The issue it is, said of one place."""
        code = CATALOGUE[self.code]
        sentence = code.strict if self.rejects and code.strict else code.sentence
        return Issue(
            severity=Severity.ERROR if self.rejects else code.severity,
            code=self.code,
            message=sentence.format(
                field=_words(self.field), value=shown(self.value), **self.facts
            ),
            file=file,
            line=line,
            email=shown(email) or None,
            field=self.field,
            value=shown(self.value),
        )


def finding(
    code: str,
    field: str | None = None,
    value: str | None = None,
    *,
    strict: bool = False,
    **facts: object,
) -> Finding:
    """A finding of `code`; `facts` fill the blanks of its sentence, `strict` makes it reject."""
    rejects = strict or CATALOGUE[code].severity is Severity.ERROR
    return Finding(code, field, value, facts, rejects)


_SHOWN = 200


@overload
def shown(value: str) -> str: ...
@overload
def shown(value: str | None) -> str | None: ...
def shown(value: str | None) -> str | None:
    """A value short enough to be shown: a cell may hold a whole file."""
    return value if value is None or len(value) <= _SHOWN else value[:_SHOWN] + "…"


def _words(field: str | None) -> str | None:
    """A field as a sentence calls it."""
    if field is None or field.startswith("custom_"):
        return field
    return {"email": "e-mail"}.get(field, field.replace("_", " "))


_ERROR, _WARNING, _INFO = Severity.ERROR, Severity.WARNING, Severity.INFO

CATALOGUE: dict[str, Code] = {
    # The run: nothing was read.
    "no-file": Code(
        _WARNING,
        "No file matches {pattern}; check that the export ran, and is named and placed as agreed.",
    ),
    "several-files": Code(
        _WARNING,
        "The delivery holds {count} files, all of which were read; send one file only, "
        "and take older ones away.",
    ),
    "unreachable": Code(_ERROR, "The files could not be fetched: {problem}."),
    "still-uploading": Code(
        _ERROR,
        "The file changed while it was read; it will be read at the next pick-up, "
        "once its upload has finished.",
    ),
    # The run: it was read, and is held by the safeguard until somebody decides.
    "many-offboardings": Code(
        _WARNING,
        "{count} of {base} employees who can log in would get a last day, or an earlier one, "
        "more than {limit}; check the export before the run is approved.",
        lasting=False,
    ),
    "many-email-changes": Code(
        _WARNING,
        "{count} of {base} employees who can log in would get another e-mail address, "
        "more than {limit}; check the export before the run is approved.",
        lasting=False,
    ),
    "many-registrations": Code(
        _WARNING,
        "{count} employees would be new, more than {limit}, beside {base} that are known; "
        "check the export before the run is approved.",
        lasting=False,
    ),
    "many-rejected-rows": Code(
        _WARNING,
        "{count} of {base} rows were rejected, more than {limit}; "
        "correct the export, or have the run approved to apply the other rows.",
        lasting=False,
    ),
    "fault": Code(
        _ERROR, "The run stopped on an unexpected fault ({problem}) and changed nothing."
    ),
    # The file: it is refused whole.
    "not-utf8": Code(_ERROR, "The file is not UTF-8 text; export it as CSV with encoding UTF-8."),
    "nul-byte": Code(
        _ERROR, "The file holds a NUL byte, which no text has; export it as CSV in UTF-8 again."
    ),
    "wrong-delimiter": Code(
        _ERROR, "The columns are separated by {seen}; export the file separated by commas."
    ),
    "unclosed-quote": Code(
        _ERROR,
        "A quoted cell that begins on this line is not closed properly; end it with one "
        "quote, followed by a comma or the end of the line, and write quotes inside it twice.",
    ),
    "missing-column": Code(
        _ERROR, "The file lacks {columns}; every row needs a value there, so add what is missing."
    ),
    "duplicate-column": Code(_ERROR, "The columns {columns} all mean {field}; keep one of them."),
    "no-rows": Code(
        _ERROR,
        "The file holds no employees; check the export, since nobody leaves by an empty file.",
    ),
    "too-large": Code(
        _ERROR,
        "The file has more than {limit} bytes; export it in parts or ask for a higher limit.",
    ),
    "too-many-rows": Code(
        _ERROR, "The file has more than {limit} rows; export it in parts or ask for a higher limit."
    ),
    "unknown-column": Code(_WARNING, "{column} and was ignored{nearest}."),
    # The row: what it says.
    "wrong-width": Code(
        _ERROR,
        "The row has {cells} cells and the header {columns}; "
        "give it one cell for each column, and put values that hold a comma in quotes.",
    ),
    "too-long": Code(_ERROR, "The {field} has {length} characters; shorten it to at most {limit}."),
    "bad-text": Code(
        _ERROR, "The {field} holds {seen}; take it out, the value must be plain text on one line."
    ),
    "missing-value": Code(
        _ERROR, "The {field} is empty; fill it in, every row needs it, changes included."
    ),
    "bad-email": Code(_ERROR, "This is not an e-mail address; write it like name@company.example."),
    "bad-date": Code(
        _ERROR,
        "The {field} is not a date; write a calendar date from 1900 to 2199 as YYYY-MM-DD, "
        "like 2027-03-31.",
    ),
    "bad-decimal": Code(
        _ERROR, "The {field} is not a decimal number; write it with a dot, like 123456.71."
    ),
    "bad-integer": Code(_ERROR, "The {field} is not a whole number; write it with digits only."),
    "unknown-language": Code(
        _WARNING,
        "The language {value} is not known, so a new employee gets the company's and a known one "
        "keeps theirs; write en, nl or de.",
    ),
    "unknown-group": Code(
        _WARNING,
        "There is no group {value}, so a new employee gets none and a known one keeps theirs"
        "{nearest}; write the name exactly as the group is called.",
        strict="There is no group {value}{nearest}; write the name exactly as the group is called.",
    ),
    "offboarding-before-onboarding": Code(
        _ERROR,
        "The offboarding date is before the onboarding date {onboarding_date}; "
        "correct one of them.",
    ),
    # The row beside the others: whom it means.
    "superseded-row": Code(
        _INFO, "A later row stands for the same employee ({later}); send one file only."
    ),
    "duplicate-row": Code(
        _WARNING, "This row repeats line {first} exactly and was read once; remove the repetition."
    ),
    "duplicate-email": Code(
        _ERROR,
        "Lines {lines} all mean one e-mail address and none of them was applied; "
        "keep the row that is right.",
    ),
    "duplicate-external-id": Code(
        _ERROR,
        "Lines {lines} all have this external id and none of them was applied; "
        "keep the row that is right.",
    ),
    "email-taken": Code(
        _ERROR,
        "This address belongs to another employee, {other}; check which of the two it is, and "
        "correct the other one's row as well if their address changed.",
    ),
    "external-id-conflict": Code(
        _ERROR,
        "This address belongs to {other}, not to external id {value}; correct the external id or "
        "the e-mail address of this row.",
    ),
    "possible-email-change": Code(
        _WARNING,
        "A new account was made, but {other} has the same name and is not in this delivery; if it "
        "is one person, send the external id of everyone, and ask support to close one account.",
        lasting=False,
    ),
    # The row and the life of whom it means.
    "already-left": Code(
        _INFO,
        "This person left on {value} and has no account; none was made, nothing needs to be done.",
    ),
    "short-notice": Code(
        _WARNING,
        "The last day is {ahead}; send offboarding dates at least {notice} days in advance.",
        lasting=False,
        strict="The last day is {ahead} and at least {notice} are agreed; choose a later "
        "date, or ask support to end the account sooner.",
    ),
    "offboarding-overdue": Code(
        _WARNING,
        "The last day has already passed; the account is closed in the coming night, please send "
        "offboarding dates in advance.",
        lasting=False,
    ),
    "reactivation-needs-support": Code(
        _ERROR,
        "This account was closed and a file cannot open it again; ask support to reactivate it, or "
        "restore the offboarding date that closed it.",
    ),
    "onboarding-date-fixed": Code(
        _WARNING,
        "The onboarding date is fixed at {known} and this one was ignored; "
        "ask support if it is wrong.",
    ),
}
