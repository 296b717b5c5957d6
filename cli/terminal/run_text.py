"""How a run and its issues are told to people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click
import msgspec

from cli.terminal.colours import OF_SEVERITY, coloured, of_outcome
from cli.terminal.output import Styled, counted, print_json, text
from cli.terminal.prose import say
from domain.ids import short_run_id
from domain.issues.issue import LISTED_LINES
from domain.issues.issue_type import Severity
from domain.outcome import Outcome

if TYPE_CHECKING:
    from projections.runs import IssueDocument, RunDocument


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
        say(f"{company}: would end as {outcome_of(run)}, nothing was stored")
    else:
        say(f"{company}: {outcome_of(run)} (run {run.run})")
    say(f"{run.kind.value} by {_who(run)}, {_span(run)} UTC", indent=2)
    if run.reason:
        say(f"because {text(run.reason)}", indent=2)
    for file in run.files:
        say(f"{text(file.name)}, {file.bytes} bytes, modified {text(file.modified)} UTC", indent=2)
    counts = [
        counted(count, what) for what, count in msgspec.structs.asdict(run.counts).items() if count
    ]
    if counts:
        would = "would be: " if run.outcome == "held" else ""
        say(f"{would}{', '.join(counts)}", indent=2)
    if run.ends:
        say(f"ends held run {run.ends}", indent=2)
    if run.ended_by:
        say(f"ended by run {run.ended_by}", indent=2)
    rest = f"`tenure run {short_run_id(run.run)} --csv`" if run.run else "`--json`"
    print_issues(run.issues, rest)
    if run.waits:
        say("Nothing was applied. See every row with:", indent=2)
        say(f"tenure preview --run {run.run}", indent=4)
        say("Decide with one of:", indent=2)
        for decision in ("approve", "discard"):
            say(f"tenure {decision} {run.run} --by NAME --reason TEXT", indent=4)


def print_failure(run: RunDocument) -> None:
    """Prints how a run ended and why, on one line of standard error, without personal data."""
    held = run.outcome == "held"  # its reasons are the issues that are about no file
    codes = dict.fromkeys(
        issue.code
        for issue in run.issues
        if (issue.file is None if held else issue.severity == "error")
    )
    ended = ", ".join((outcome_of(run), *codes))
    say(f"{run.company}: {ended}; see `tenure run {run.run}`", err=True)


def _who(run: RunDocument) -> str:
    """Returns the author of a run, with the login that made the run if that is another name."""
    differs = run.login is not None and run.login != run.by
    return f"{text(run.by)} (login {text(run.login)})" if differs else text(run.by)


def _span(run: RunDocument) -> str:
    """Returns when a run took place. The end has a date only if it is on another day."""
    same_day = run.started.date() == run.finished.date()
    end = run.finished.strftime("%H:%M:%S") if same_day else text(run.finished)
    return f"{text(run.started)} to {end}"


def print_issue(issue: IssueDocument, *, err: bool = False) -> None:
    """Prints one issue: code and place on one line, and the message on the next."""
    parts = "  ".join(part for part in (text(issue.code), issue_place(issue)) if part)
    say(f"{severity_of(issue.severity)}  {parts}{_known_since(issue)}", indent=2, err=err)
    say(text(issue.message), indent=6, hanging=0, err=err)


def print_issues(issues: Sequence[IssueDocument], rest: str) -> None:
    """Prints issues. Those of one code are grouped, and each sentence is printed once.

    What the whole delivery is told comes first, and then the errors of rows, the warnings and the
    rest. A group lists ten places at most (W12). `rest` is the command that lists the others.
    """
    groups: defaultdict[tuple[str, str], list[IssueDocument]] = defaultdict(list)
    for issue in sorted(issues, key=_first_to_read):
        groups[issue.severity, issue.code].append(issue)
    for group in groups.values():
        if len(group) == 1:
            print_issue(group[0])
        else:
            _print_group(group, rest)


def _first_to_read(issue: IssueDocument) -> tuple[bool, int]:
    """Returns what issues are sorted by: no error stands below a crowd of warnings."""
    return issue.file is not None, list(Severity).index(Severity(issue.severity))


def _print_group(group: Sequence[IssueDocument], rest: str) -> None:
    """Prints the issues of one code: each sentence once, and the places of which it is true.

    The file is named once if all of them are about the same file.
    """
    first = group[0]
    file = first.file if len({issue.file for issue in group}) == 1 else None
    of_file = f" in {text(file)}" if file else ""
    times = counted(len(group), "times")
    say(f"{severity_of(first.severity)}  {text(first.code)}  {times}{of_file}", indent=2)
    by_sentence: defaultdict[str, list[IssueDocument]] = defaultdict(list)
    for issue in group:
        by_sentence[issue.message].append(issue)
    # Each sentence gets its share: a common one must not hide a rare one.
    share = max(1, LISTED_LINES // len(by_sentence))
    listed = 0
    for sentence, issues in list(by_sentence.items())[:LISTED_LINES]:
        places = [_place(issue, of_file=not file) + _known_since(issue) for issue in issues[:share]]
        lines = [line for line in map(str.strip, places) if line]
        # What one row alone is told stands below its place; what many are told, above their places.
        first_line, *others = (
            [*lines, text(sentence)] if len(issues) == 1 else [text(sentence), *lines]
        )
        say(first_line, indent=6, hanging=0)
        for line in others:
            say(line, indent=8, hanging=0)
        listed += len(places)
    if listed < len(group):
        say(f"and {len(group) - listed:,} more; {rest} lists them", indent=6)


def issue_place(issue: IssueDocument) -> str:
    """Returns where an issue is: file and line, the person, and the cell, as far as it has them."""
    return _place(issue, of_file=True)


def _place(issue: IssueDocument, *, of_file: bool) -> str:
    if of_file:
        place = ":".join(str(part) for part in (issue.file, issue.line) if part is not None)
    else:
        place = f"line {issue.line}" if issue.line is not None else ""
    cell = " ".join(part for part in (issue.field, _quoted(issue.value)) if part)
    return "  ".join(text(part) for part in (place, issue.email, cell) if part)


def _known_since(issue: IssueDocument) -> str:
    """Returns since when an issue is open that was open before its run, or an empty text."""
    return "" if issue.new else f"  (since {issue.since:%Y-%m-%d})"


def outcome_of(run: RunDocument) -> Styled:
    """Returns the outcome of a run in its colour."""
    outcome = Outcome(run.outcome)
    return Styled(coloured(outcome.value, of_outcome(outcome, run.counts.rejected)))


def severity_of(severity: str) -> Styled:
    """Returns a severity in its colour."""
    return Styled(coloured(severity, OF_SEVERITY[Severity(severity)]))


def _quoted(value: str | None) -> str | None:
    return None if value is None else f'"{text(value)}"'
