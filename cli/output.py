"""What answers look like: one JSON document, or aligned tables that are coloured on a terminal."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from textwrap import indent
from typing import TYPE_CHECKING, Any, Protocol

import click
import msgspec

from adapters.escape import escape_control

if TYPE_CHECKING:
    from domain.issues.catalogue import Severity
    from domain.outcome import Outcome
    from projections.answers.history import FromTo
    from projections.runs import IssueDocument, RunDocument

_PLURALS = {"rows": "row", "events": "event", "runs": "run", "employees": "employee"} | {
    "companies": "company"
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
"""Severities and outcomes."""


def print_json(answer: Any) -> None:
    """One JSON document."""
    click.echo(msgspec.json.format(msgspec.json.encode(answer), indent=2))


def print_nothing(sentence: str) -> None:
    """That there is nothing to answer: to somebody at a terminal alone, for cron mails every word
    and takes silence for it."""
    if sys.stdout.isatty():
        click.echo(sentence)


def print_warning(sentence: str) -> None:
    """A sentence on standard error, without its full stop."""
    click.echo(f"{click.style('Warning:', fg='yellow')} {text(sentence)}.", err=True)


def print_json_list(answers: Iterable[Any]) -> None:
    """One JSON document, a list that is written as it comes: it may be longer than memory is
    large."""
    separator = "[\n"
    for answer in answers:
        written = msgspec.json.format(msgspec.json.encode(answer), indent=2).decode()
        click.echo(separator + indent(written, "  "), nl=False)
        separator = ",\n"
    click.echo("[]" if separator == "[\n" else "\n]")


class Bar(Protocol):
    """A progress bar."""

    def update(self, n_steps: int) -> None:
        """So many more steps are done."""


def print_table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Aligned columns under a header."""
    from tabulate import tabulate

    titles = [click.style(title, bold=True) for title in header]
    cells = [[text(cell) for cell in row] for row in rows]
    table = tabulate(cells, titles, tablefmt="plain", disable_numparse=True)
    click.echo("\n".join(line.rstrip() for line in table.splitlines()))


def text(value: Any) -> str:
    """A value as people read it; control characters are made visible, and cannot do anything."""
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
    """A progress bar over `length` steps on standard error, where that is a terminal."""
    hidden = not sys.stderr.isatty()
    return click.progressbar(length=length, label=label, file=sys.stderr, hidden=hidden)


def print_beside(sentence: str) -> None:
    """A sentence on standard error, on a line of its own even where a progress bar is shown."""
    click.echo(f"\n{sentence}" if sys.stderr.isatty() else sentence, err=True)


class Styled(str):
    """Text of our own that carries colours, and is printed as it is."""


def coloured(value: Severity | Outcome) -> Styled:
    """A severity or an outcome in its colour."""
    return Styled(click.style(value.value, fg=_COLOURS[value]))


def spreadsheet_safe(cell: Any) -> str:
    """A cell that no spreadsheet takes for a formula: a quote in front makes it text."""
    written = str(cell)
    return f"'{written}" if _like_a_formula(written) else written


def _like_a_formula(cell: str) -> bool:
    """Whether a spreadsheet may take a cell for a formula.

    Some trim first, so white space and invisible signs in front do not count. Some take wide and
    small forms of a sign for the sign itself, as Unicode's compatibility forms do.
    """
    if cell[:1].isalnum():
        return False
    if cell.startswith(("\t", "\r", "\n")):
        return True
    for sign in cell:
        if not sign.isspace() and unicodedata.category(sign) not in ("Cc", "Cf"):
            return unicodedata.normalize("NFKC", sign).startswith(("=", "+", "-", "@"))
    return False


def changes(changed: dict[str, FromTo]) -> str:
    """Changes on one line: `field: from → to`, or `field: to` where nothing was known."""
    return ", ".join(f"{text(field)}: {_change(change)}" for field, change in changed.items())


def _change(change: FromTo) -> str:
    after = "(cleared)" if change.after is None else text(change.after)
    return after if change.before is None else f"{text(change.before)} → {after}"


def answer_run(run: RunDocument, as_json: bool) -> None:
    """A run, in the form that is asked for."""
    if as_json:
        print_json(run)
    else:
        print_run(run)


def print_run(run: RunDocument) -> None:
    """A run as people read it: what it was, what it counted, what it said."""
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
    told = [
        counted(count, what) for what, count in msgspec.structs.asdict(run.counts).items() if count
    ]
    if told:
        would = "would be: " if run.outcome == "held" else ""
        click.echo(f"  {would}{', '.join(told)}")
    if run.ends:
        click.echo(f"  ends held run {run.ends}")
    if run.ended_by:
        click.echo(f"  ended by run {run.ended_by}")
    for issue in run.issues:
        print_issue(issue)
    if run.waits:
        click.echo("  Nothing was applied. To decide, one of:")
        for decision in ("approve", "discard"):
            click.echo(f"    tenure {decision} {run.run} --by NAME --reason TEXT")


def print_trouble(run: RunDocument) -> None:
    """How a run ended and why, on one line of standard error that holds no personal data."""
    held = run.outcome == "held"  # by what is said of no file
    codes = dict.fromkeys(
        issue.code
        for issue in run.issues
        if (issue.file is None if held else issue.severity == "error")
    )
    ended = ", ".join((coloured(run.outcome), *codes))
    click.echo(f"{run.company}: {ended}; see `tenure run {run.run}`", err=True)


def _span(run: RunDocument) -> str:
    """When a run took place; its end is told by the time of day alone if it is the same day."""
    same_day = run.started.date() == run.finished.date()
    end = run.finished.strftime("%H:%M:%S") if same_day else text(run.finished)
    return f"{text(run.started)} to {end}"


def print_issue(issue: IssueDocument, *, err: bool = False) -> None:
    """One issue: what and where on one line, what to do on the next."""
    place = ":".join(str(part) for part in (issue.file, issue.line) if part is not None)
    saw = " ".join(part for part in (issue.field, _quoted(issue.value)) if part)
    what = "  ".join(text(part) for part in (issue.code, place, issue.email, saw) if part)
    click.echo(f"  {coloured(issue.severity)}  {what}", err=err)
    click.echo(f"      {text(issue.message)}", err=err)


def counted(count: int, what: str) -> str:
    """`1 row`, `2 rows`, `3 changed`."""
    return f"{count} {_PLURALS.get(what, what) if count == 1 else what}"


def _quoted(value: str | None) -> str | None:
    return None if value is None else f'"{text(value)}"'
