"""What is known of a type of issue: its severity, its sentence, and how long it lasts."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Severity(StrEnum):
    """The severity of an issue. An error rejects the row or the file; the others only inform."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class IssueType(msgspec.Struct, frozen=True):
    """One type of issue: its severity, its sentence, and whether it is lasting (L10).

    A lasting issue is about the content of a file or a row, and every run that reads this content
    reports the issue. The other issues are about a change, and only the run that makes the change
    reports the issue. `strict` is the sentence that replaces `sentence` if the company's policy
    turns the warning into an error.
    """

    severity: Severity
    sentence: str
    lasting: bool = True
    strict: str = ""
