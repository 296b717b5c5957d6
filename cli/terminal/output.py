"""The form of answers: one JSON document, or aligned tables that are coloured on a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from textwrap import indent
from typing import TYPE_CHECKING, Any

import click
import msgspec

from adapters.escape import escape_control
from cli.terminal.prose import say
from cli.terminal.screen import error_screen, screen

if TYPE_CHECKING:
    from projections.answers.history import FromTo

CLEAR_LINE = "\r\x1b[K"
"""What a terminal obeys to clear the line in which the cursor stands."""
_SINGULARS = {
    "rows": "row",
    "events": "event",
    "runs": "run",
    "employees": "employee",
    "companies": "company",
    "deliveries": "delivery",
    "errors": "error",
    "warnings": "warning",
    "people": "person",
    "issues": "issue",
    "times": "time",
}


def print_json(answer: Any) -> None:
    """Prints one JSON document."""
    click.echo(msgspec.json.format(msgspec.json.encode(answer), indent=2))


def print_nothing(sentence: str) -> None:
    """Prints that there is nothing to answer, but only on a terminal: cron mails every output."""
    if screen().is_terminal:
        say(sentence)


def print_warning(sentence: str) -> None:
    """Prints a warning on standard error. `sentence` has no full stop."""
    say(f"{click.style('Warning:', fg='yellow')} {text(sentence)}.", err=True)


def print_json_list(answers: Iterable[Any]) -> None:
    """Prints a list as one JSON document, one item at a time: the list may not fit into memory."""
    separator = "[\n"
    for answer in answers:
        written = msgspec.json.format(msgspec.json.encode(answer), indent=2).decode()
        click.echo(separator + indent(written, "  "), nl=False)
        separator = ",\n"
    click.echo("[]" if separator == "[\n" else "\n]")


def text(value: Any) -> str:
    """Returns a value for people. Control characters are escaped, so they cannot do anything."""
    if value is None:
        return ""
    if isinstance(value, Styled):
        return value
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    return escape_control(str(value))


def print_beside(sentence: str) -> None:
    """Prints a sentence on standard error, in the place of a line of progress."""
    if error_screen().is_terminal:
        click.echo(CLEAR_LINE, nl=False, err=True)
    say(sentence, err=True)


class Styled(str):
    """Text of our own with colours, which `text` does not escape."""


def spreadsheet_safe(cell: Any) -> str:
    """Returns a cell that no spreadsheet takes for a formula: `'` in front makes it text."""
    content = str(cell)
    return f"'{content}" if _may_be_formula(content) else content


def _may_be_formula(cell: str) -> bool:
    """Returns whether a spreadsheet may take a cell for a formula, like `=1+1`.

    Some spreadsheets ignore white space and invisible characters in front. Some take the wide or
    small form of a character for the character itself. NFKC does the same.
    """
    if cell[:1].isalnum():
        return False
    if cell.startswith(("\t", "\r", "\n")):
        return True
    for character in cell:
        if not character.isspace() and unicodedata.category(character) not in ("Cc", "Cf"):
            return unicodedata.normalize("NFKC", character).startswith(("=", "+", "-", "@"))
    return False


def changes(changed: dict[str, FromTo]) -> str:
    """Returns changes on one line: `field: from → to`, or `field: to` for a new value."""
    return ", ".join(
        f"{text(field)}: {_change(change, '(cleared)')}" for field, change in changed.items()
    )


def changes_in_words(changed: dict[str, FromTo]) -> str:
    """Returns changes on one line, as `changes` does, but for readers who know no field `file_…`.

    Such a field has what the file says, where that differs from what is known of the person (L8).
    """
    return ", ".join(
        f"{text(field.removeprefix('file_'))} in the file: {_change(change, 'blank')}"
        if field.startswith("file_")
        else f"{text(field)}: {_change(change, '(cleared)')}"
        for field, change in changed.items()
    )


def _change(change: FromTo, blank: str) -> str:
    after = blank if change.after is None else text(change.after)
    return after if change.before is None else f"{text(change.before)} → {after}"


def counted(count: int, what: str) -> str:
    """Returns a count with its noun, like `1 row`, `2 rows` or `3 changed`."""
    return f"{count} {noun(count, what)}"


def noun(count: int, what: str) -> str:
    """Returns the noun for a count: `what` is the plural."""
    return _SINGULARS.get(what, what) if count == 1 else what


def severities(counts: Mapping[str, int]) -> Iterator[str]:
    """Yields how many issues have each severity, like `1 error` and `3 warnings`."""
    for severity, count in counts.items():
        if count:
            yield counted(count, severity if severity == "info" else f"{severity}s")
