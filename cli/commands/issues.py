"""`tenure issues`: what is still to be mended, since when, and about whom (Q1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from textwrap import fill

import click
import msgspec

from adapters.use_cases.standing import every_open_issue
from cli import exit_codes
from cli.command import Command
from cli.context import check_known, json_option, open_app
from cli.names import COMPANY, OneOf
from cli.params import MomentType
from cli.terminal import output, run_text, spreadsheet
from domain.ids import short_run_id
from domain.issues.catalogue import CATALOGUE
from domain.issues.issue_type import Severity
from projections.answers.issues import IssueFilter, OpenIssueDocument

_SHOWN = 50
_WIDTH = 80


@click.command("issues", cls=Command)
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
    "--limit",
    type=click.IntRange(1),
    metavar="N",
    help=f"The number of issues to list. Default: {_SHOWN}, and all of them with --csv or --json.",
)
@click.option("--csv", "as_csv", is_flag=True, help="Print the issues as CSV.")
@spreadsheet.bom_option
@json_option
@click.pass_context
def issues_command(
    context: click.Context,
    company: str | None,
    code: str | None,
    severity: str | None,
    since: datetime | None,
    limit: int | None,
    as_csv: bool,
    bom: bool,
    as_json: bool,
) -> int:
    """List the open issues of COMPANY, or of all companies.

    An issue is open until an applied delivery no longer says it. Errors come first, and the latest
    issues of each severity first.
    """
    spreadsheet.check_form(as_csv, as_json, bom)
    asked = IssueFilter(company, code, Severity(severity) if severity else None, since)
    with open_app(context) as app:
        if company is not None:
            check_known(app, company)
        found = list(every_open_issue(app, asked))
    if as_json:
        output.print_json(found[:limit])
    elif as_csv:
        header = OpenIssueDocument.__struct_fields__
        rows = (msgspec.structs.astuple(each) for each in found[:limit])
        spreadsheet.print_csv(header, rows, bom=bom)
    else:
        _print(found, limit or _SHOWN)
    return exit_codes.DONE


def _print(found: Sequence[OpenIssueDocument], limit: int) -> None:
    for issue in found[:limit]:
        click.echo("\n".join(_lines(issue)))
    if not found:
        click.echo("There are no such open issues.")
        return
    counts = Counter(each.severity for each in found)
    total = ", ".join(output.severities({kind.value: counts[kind] for kind in Severity}))
    rest = f"; {len(found) - limit} more are not shown, see --limit" if len(found) > limit else ""
    click.echo(f"{len(found)} open: {total}{rest}")


def _lines(issue: OpenIssueDocument) -> Iterator[str]:
    """Yields the lines about an issue: what and since when, about what, and what to do."""
    severity = run_text.severity_of(issue.severity)
    run = f", run {short_run_id(issue.run)}" if issue.run else ""
    since = f"since {output.text(issue.since)}, last said {output.text(issue.last)}{run}"
    yield f"{click.style(issue.company, bold=True)}  {severity}  {issue.code}"
    yield _indented(since)
    about = run_text.issue_place(issue)
    if about:
        yield _indented(about)
    yield _indented(output.text(issue.message))


def _indented(line: str) -> str:
    return fill(
        line,
        _WIDTH,
        initial_indent="    ",
        subsequent_indent="    ",
        break_on_hyphens=False,
    )


COMMANDS = {"issues": issues_command}
