"""`tenure issues`: what is still to be mended, since when, and about whom (Q1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from textwrap import fill

import click

from adapters.use_cases.standing import every_open_issue
from cli import exit_codes
from cli.command import Answer
from cli.context import check_known, json_option, open_app
from cli.names import COMPANY, OneOf
from cli.params import MomentType
from cli.terminal import output, run_text, spreadsheet
from cli.terminal.colours import OF_SEVERITY
from cli.terminal.prose import say
from cli.terminal.screen import screen
from cli.terminal.table import Column, print_table
from cli.terminal.view import View, view_options
from domain.ids import short_run_id
from domain.issues.catalogue import CATALOGUE
from domain.issues.issue_type import Severity
from projections.answers.issues import IssueFilter, OpenIssueDocument

_SHOWN = 50
_WIDTH = 80
_INDENT = "    "
_SEVERITIES = tuple(Severity)
_ISSUES: tuple[Column[OpenIssueDocument], ...] = (
    Column(
        "severity",
        "SEVERITY",
        lambda each: each.severity.value,
        1,
        5,
        colour=lambda each: OF_SEVERITY[each.severity],
        key=lambda each: _SEVERITIES.index(each.severity),
    ),
    Column("code", "CODE", lambda each: each.code, 0, 12),
    Column("company", "COMPANY", lambda each: each.company, 2, 8),
    Column("email", "E-MAIL", lambda each: each.email, 0, 20),
    Column("field", "FIELD", lambda each: each.field, 4),
    Column("value", "VALUE", lambda each: each.value, 5, 8),
    Column("since", "SINCE", lambda each: each.since, 0, 10),
    Column("last", "LAST SAID", lambda each: each.last, 6, 10),
    Column("run", "RUN", lambda each: each.run and short_run_id(each.run), 7),
    Column("file", "FILE", lambda each: each.file, 8, 10, keeps_end=True),
    Column("line", "LINE", lambda each: each.line, 9, is_number=True),
    Column("message", "MESSAGE", lambda each: each.message, 3, 24, wraps=True),
)


@click.command("issues", cls=Answer)
@click.argument("company", type=COMPANY, required=False)
@click.option("--code", type=OneOf("code", CATALOGUE), metavar="CODE", help="Only this code.")
@click.option(
    "--severity",
    type=OneOf("severity", Severity),
    help="Only issues of this severity.",
)
@click.option(
    "--since",
    type=MomentType(start=True),
    metavar="MOMENT",
    help="Only issues that were first said at this moment (UTC) or later.",
)
@click.option(
    "--until",
    type=MomentType(),
    metavar="MOMENT",
    help="Only issues that were first said before this moment. A date means the end of its day.",
)
@click.option("--csv", "as_csv", is_flag=True, help="Print the issues as CSV.")
@spreadsheet.bom_option
@view_options(_ISSUES, rows="issues", csv=OpenIssueDocument.__struct_fields__)
@json_option
@click.pass_context
def issues_command(
    context: click.Context,
    company: str | None,
    code: str | None,
    severity: str | None,
    since: datetime | None,
    until: datetime | None,
    as_csv: bool,
    bom: bool,
    view: View,
    as_json: bool,
) -> int:
    """List the open issues of COMPANY, or of all companies.

    An issue is open until an applied delivery no longer says it. Errors come first, and the latest
    issues of each severity first. Each has some lines, or one line of a table with --columns. The
    first 50 are listed, or --limit. --csv and --json have all of them.
    """
    spreadsheet.check_form(as_csv, as_json, bom)
    asked = IssueFilter(company, code, Severity(severity) if severity else None, since, until)
    with open_app(context) as app:
        if company is not None:
            check_known(app, company)
        found = list(every_open_issue(app, asked))
    if as_json:
        output.print_json(view.rows_of(_ISSUES, found))
    elif as_csv:
        names = view.names_of(OpenIssueDocument.__struct_fields__)
        spreadsheet.print_documents(names, view.rows_of(_ISSUES, found), bom=bom)
    else:
        _print(found, view._replace(limit=view.limit or _SHOWN))
    return exit_codes.DONE


def _print(found: Sequence[OpenIssueDocument], view: View) -> None:
    shown = view.rows_of(_ISSUES, found)
    if not found:
        say("There are no such open issues.")
        return
    if view.columns:
        print_table(view.columns_of(_ISSUES), shown)
    else:
        for issue in shown:
            for line in _lines(issue):
                _print_line(line)
    counts = Counter(each.severity for each in found)
    total = ", ".join(output.severities({kind.value: counts[kind] for kind in Severity}))
    more = len(found) - len(shown)
    rest = f"; {more} more are not shown, see --limit" if more else ""
    say(f"{len(found)} open: {total}{rest}")


def _lines(issue: OpenIssueDocument) -> Iterator[str]:
    """Yields the lines about an issue: what and since when, about what, and what to do."""
    severity = run_text.severity_of(issue.severity)
    run = f", run {short_run_id(issue.run)}" if issue.run else ""
    since = f"since {output.text(issue.since)}, last said {output.text(issue.last)}{run}"
    yield f"{click.style(issue.company, bold=True)}  {severity}  {issue.code}"
    yield _INDENT + since
    about = run_text.issue_place(issue)
    if about:
        yield _INDENT + about
    yield _INDENT + output.text(issue.message)


def _print_line(line: str) -> None:
    """Prints a line, indented if it begins with spaces. A pipe gets lines of 80 characters."""
    content = line.lstrip(" ")
    indent = len(line) - len(content)
    if screen().is_terminal:
        say(content, indent=indent, hanging=0)
    else:
        spaces = " " * indent
        click.echo(
            fill(
                content,
                _WIDTH,
                initial_indent=spaces,
                subsequent_indent=spaces,
                break_on_hyphens=False,
            )
        )


COMMANDS = {"issues": issues_command}
