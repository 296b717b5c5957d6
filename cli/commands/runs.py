"""`tenure runs` and `tenure run`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import click

from adapters.store.run_queries import RunFilter
from adapters.use_cases.app import App
from adapters.use_cases.execute import load_run
from cli import exit_codes
from cli.command import Answer
from cli.context import check_known, json_option, one_run, open_app
from cli.names import COMPANY, RUN, OneOf
from cli.params import MomentType
from cli.terminal import output, run_text, spreadsheet
from cli.terminal.colours import of_outcome
from cli.terminal.prose import say
from cli.terminal.table import Column, Counted, print_table
from cli.terminal.view import View, view_options
from domain.company_runs.events import RunKind, RunRecord
from domain.ids import short_run_id
from domain.outcome import Outcome
from projections.runs import IssueDocument, RunDocument, document

_DEFAULT_LIMIT = 20
_RUNS: tuple[Column[RunDocument], ...] = (
    Column("started", "STARTED", lambda run: run.started, 0),
    Column("company", "COMPANY", lambda run: run.company, 1, 8),
    Column("kind", "KIND", lambda run: run.kind.value, 4),
    Column("outcome", "OUTCOME", lambda run: _outcome(run), 0, colour=lambda run: _colour(run)),
    Column("rows", "ROWS", lambda run: run.counts.rows, 5, is_number=True),
    Column(
        "events", "EVENTS", lambda run: _events(run), 3, is_number=True, key=lambda run: _made(run)
    ),
    Column("rejected", "REJECTED", lambda run: run.counts.rejected, 2, is_number=True),
    Column("by", "BY", lambda run: run.by, 6, 4),
    Column("run", "RUN", lambda run: run.run and short_run_id(run.run), 0),
)


@click.command("runs", cls=Answer)
@click.argument("company", type=COMPANY, required=False)
@click.option(
    "--outcome",
    "outcomes",
    multiple=True,
    type=OneOf("outcome", Outcome),
    help="Only runs that ended so. May be given again.",
)
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=OneOf("kind", RunKind),
    help="Only runs of this kind. May be given again.",
)
@click.option(
    "--since",
    type=MomentType(start=True),
    metavar="MOMENT",
    help="Only runs that started at this moment (UTC) or later.",
)
@click.option(
    "--until",
    type=MomentType(),
    metavar="MOMENT",
    help="Only runs that started before this moment. A date means the end of its day.",
)
@click.option("--held", is_flag=True, help="Only runs that wait for a decision.")
@view_options(_RUNS, rows="runs", default_limit=_DEFAULT_LIMIT)
@json_option
@click.pass_context
def runs_command(
    context: click.Context,
    company: str | None,
    outcomes: tuple[str, ...],
    kinds: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    held: bool,
    view: View,
    as_json: bool,
) -> int:
    """List the latest runs, of COMPANY or of all companies, newest first.

    Held runs that wait for a decision come before all others, unless an option narrows the list.
    """
    wanted = RunFilter(outcomes, kinds, since, until)
    narrowed = wanted != RunFilter()
    limit = view.limit or _DEFAULT_LIMIT
    read = (
        min(limit + 1, sys.maxsize) if view.sort is None else sys.maxsize
    )  # one more tells whether there are more
    if held and narrowed:
        raise click.UsageError("--held lists every run that waits: give no other filter with it.")
    with open_app(context) as app:
        if company is not None:
            check_known(app, company)
        waiting = [] if narrowed else app.store.runs.waiting(company)
        waits = {record.run for record in waiting}
        asked = wanted if narrowed else None
        latest = [] if held else app.store.runs.latest(company, read, asked)
        records = [*waiting, *(record for record in latest if record.run not in waits)]
        known: dict[UUID | None, RunRecord] = {record.run: record for record in records}
        found = [document(each.run, each.ended, (), each.ended_by) for each in records]
        shown = view._replace(limit=max(limit, len(waiting))).rows_of(_RUNS, found)
        if as_json:
            output.print_json([_with_issues(app, run, known) for run in shown])
            return exit_codes.DONE
    if not found:
        none = "There are no such runs." if narrowed else "There are no runs yet."
        say("No run waits for a decision." if held else none)
    else:
        is_more = len(found) > len(shown) and view.sort is None
        print_table(view.columns_of(_RUNS), shown, Counted(len(found), "runs", is_more))
    return exit_codes.DONE


def _with_issues(app: App, run: RunDocument, known: Mapping[UUID | None, RunRecord]) -> RunDocument:
    """Returns the document of a run with its issues, which no table shows."""
    record = known[run.run]
    return document(record.run, record.ended, app.store.runs.said(record), record.ended_by)


@click.command("run", cls=Answer)
@click.argument("run", type=RUN)
@click.option("--csv", "as_csv", is_flag=True, help="Print the issues as CSV.")
@spreadsheet.bom_option
@json_option
@click.pass_context
def run_command(context: click.Context, run: str, as_csv: bool, bom: bool, as_json: bool) -> int:
    """Show one run.

    RUN is its id, the beginning or the end of its id as `tenure runs` shows it, `last`, or
    COMPANY@last.
    """
    spreadsheet.check_form(as_csv, as_json, bom)
    with open_app(context) as app:
        run_document = load_run(app, one_run(app, run).run)
    if as_json:
        output.print_json(run_document)
    elif as_csv:
        _print_issues(run_document, bom=bom)
    else:
        run_text.print_run(run_document)
    return exit_codes.DONE


def _print_issues(run: RunDocument, *, bom: bool) -> None:
    """Prints the issues as a file to send back to HR."""
    spreadsheet.print_documents(IssueDocument.__struct_fields__, run.issues, bom=bom)


def _outcome(run: RunDocument) -> str:
    """Returns the outcome. A held run with a decision is marked."""
    return f"{run.outcome.value}, decided" if run.ended_by else run.outcome.value


def _colour(run: RunDocument) -> str | None:
    """Returns the colour of the outcome. A held run with a decision needs nobody."""
    return None if run.ended_by else of_outcome(run.outcome, run.counts.rejected)


def _events(run: RunDocument) -> int | str:
    made = _made(run)
    return "-" if made is None else made


def _made(run: RunDocument) -> int | None:
    """Returns the number of events; `None` for a held run, whose events did not happen."""
    return None if run.outcome is Outcome.HELD else run.counts.events


COMMANDS = {"runs": runs_command, "run": run_command}
