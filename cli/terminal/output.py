"""The form of answers: one JSON document, or aligned tables that are coloured on a terminal."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from textwrap import indent
from typing import TYPE_CHECKING, Any, Protocol

import click
import msgspec

from adapters.escape import escape_control

if TYPE_CHECKING:
    from domain.issues.issue_type import Severity
    from domain.outcome import Outcome
    from projections.answers.history import FromTo
    from projections.runs import IssueDocument, RunDocument

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
_COLOURS = {
    "error": "red",
    "warning": "yellow",
    "info": "blue",
    "applied": "green",
    "unchanged": "green",
    "no-file": "yellow",
    "held": "yellow",
    "discarded": "yellow",
    "refused": "red",
    "failed": "red",
}
"""The colour of each severity and each outcome."""


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


class Bar(Protocol):
    """A progress bar."""

    def update(self, n_steps: int) -> None:
        """Adds steps that are done."""


def print_table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Prints aligned columns under a header."""
    from tabulate import tabulate

    titles = [click.style(title, bold=True) for title in header]
    cells = [[text(cell) for cell in row] for row in rows]
    table = tabulate(cells, titles, tablefmt="plain", disable_numparse=True)
    click.echo("\n".join(line.rstrip() for line in table.splitlines()))


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


def progress_bar(label: str, length: int) -> AbstractContextManager[Bar]:
    """Returns a progress bar over `length` steps on standard error, if that is a terminal."""
    hidden = not sys.stderr.isatty()
    return click.progressbar(length=length, label=label, file=sys.stderr, hidden=hidden)


def print_beside(sentence: str) -> None:
    """Prints a sentence on standard error, on a new line even during a progress bar."""
    click.echo(f"\n{sentence}" if sys.stderr.isatty() else sentence, err=True)


class Styled(str):
    """Text of our own with colours, which `text` does not escape."""


def coloured(value: Severity | Outcome) -> Styled:
    """Returns a severity or an outcome in its colour."""
    return Styled(click.style(value.value, fg=_COLOURS[value]))


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


def answer_run(run: RunDocument, as_json: bool) -> None:
    """Prints a run, in the form that is asked for."""
    if as_json:
        print_json(run)
    else:
        print_run(run)


def print_run(run: RunDocument) -> None:
    """Prints a run for people: its outcome, its files, its counts and its issues."""
    company = click.style(run.company, bold=True)
    if run.run is None:
        click.echo(f"{company}: would end as {coloured(run.outcome)}, nothing was stored")
    else:
        click.echo(f"{company}: {coloured(run.outcome)} (run {run.run})")
    click.echo(f"  {run.kind.value} by {text(run.by)}, {_span(run)} UTC")
    if run.reason:
        click.echo(f"  because {text(run.reason)}")
    for file in run.files:
        click.echo(f"  {text(file.name)}, {file.bytes} bytes, modified {text(file.modified)} UTC")
    counts = [
        counted(count, what) for what, count in msgspec.structs.asdict(run.counts).items() if count
    ]
    if counts:
        would = "would be: " if run.outcome == "held" else ""
        click.echo(f"  {would}{', '.join(counts)}")
    if run.ends:
        click.echo(f"  ends held run {run.ends}")
    if run.ended_by:
        click.echo(f"  ended by run {run.ended_by}")
    for issue in run.issues:
        print_issue(issue)
    if run.waits:
        click.echo("  Nothing was applied. See every row with:")
        click.echo(f"    tenure preview --run {run.run}")
        click.echo("  Decide with one of:")
        for decision in ("approve", "discard"):
            click.echo(f"    tenure {decision} {run.run} --by NAME --reason TEXT")


def print_failure(run: RunDocument) -> None:
    """Prints how a run ended and why, on one line of standard error, without personal data."""
    held = run.outcome == "held"  # its reasons are the issues that are about no file
    codes = dict.fromkeys(
        issue.code
        for issue in run.issues
        if (issue.file is None if held else issue.severity == "error")
    )
    ended = ", ".join((coloured(run.outcome), *codes))
    click.echo(f"{run.company}: {ended}; see `tenure run {run.run}`", err=True)


def _span(run: RunDocument) -> str:
    """Returns when a run took place. The end has a date only if it is on another day."""
    same_day = run.started.date() == run.finished.date()
    end = run.finished.strftime("%H:%M:%S") if same_day else text(run.finished)
    return f"{text(run.started)} to {end}"


def print_issue(issue: IssueDocument, *, err: bool = False) -> None:
    """Prints one issue: code and place on one line, and the message on the next."""
    parts = "  ".join(part for part in (text(issue.code), issue_place(issue)) if part)
    click.echo(f"  {coloured(issue.severity)}  {parts}{_known_since(issue)}", err=err)
    click.echo(f"      {text(issue.message)}", err=err)


def issue_place(issue: IssueDocument) -> str:
    """Returns where an issue is: file and line, the person, and the cell, as far as it has them."""
    place = ":".join(str(part) for part in (issue.file, issue.line) if part is not None)
    cell = " ".join(part for part in (issue.field, _quoted(issue.value)) if part)
    return "  ".join(text(part) for part in (place, issue.email, cell) if part)


def _known_since(issue: IssueDocument) -> str:
    """Returns since when an issue is open that was open before its run, or an empty text."""
    return "" if issue.new else f"  (since {issue.since:%Y-%m-%d})"


def counted(count: int, what: str) -> str:
    """Returns a count with its noun, like `1 row`, `2 rows` or `3 changed`."""
    return f"{count} {_SINGULARS.get(what, what) if count == 1 else what}"


def severities(counts: Mapping[str, int]) -> Iterator[str]:
    """Yields how many issues have each severity, like `1 error` and `3 warnings`."""
    for severity, count in counts.items():
        if count:
            yield counted(count, severity if severity == "info" else f"{severity}s")


def _quoted(value: str | None) -> str | None:
    return None if value is None else f'"{text(value)}"'
