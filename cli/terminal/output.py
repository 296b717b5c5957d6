"""The form of answers: one JSON document, or aligned tables that are coloured on a terminal."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from textwrap import indent
from typing import TYPE_CHECKING, Any

import click
import msgspec

from adapters.escape import escape_control

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
}


def print_json(answer: Any) -> None:
    """Prints one JSON document."""
    click.echo(msgspec.json.format(msgspec.json.encode(answer), indent=2))


def print_nothing(sentence: str) -> None:
    """Prints that there is nothing to answer, but only on a terminal: cron mails every output."""
    if sys.stdout.isatty():
        click.echo(sentence)


def print_warning(sentence: str) -> None:
    """Prints a warning on standard error. `sentence` has no full stop."""
    click.echo(f"{click.style('Warning:', fg='yellow')} {text(sentence)}.", err=True)


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
    click.echo(f"{CLEAR_LINE if sys.stderr.isatty() else ''}{sentence}", err=True)


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
    return ", ".join(f"{text(field)}: {_change(change)}" for field, change in changed.items())


def _change(change: FromTo) -> str:
    after = "(cleared)" if change.after is None else text(change.after)
    return after if change.before is None else f"{text(change.before)} → {after}"


def counted(count: int, what: str) -> str:
    """Returns a count with its noun, like `1 row`, `2 rows` or `3 changed`."""
    return f"{count} {_SINGULARS.get(what, what) if count == 1 else what}"


def severities(counts: Mapping[str, int]) -> Iterator[str]:
    """Yields how many issues have each severity, like `1 error` and `3 warnings`."""
    for severity, count in counts.items():
        if count:
            yield counted(count, severity if severity == "info" else f"{severity}s")
