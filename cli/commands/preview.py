"""`tenure preview`: what a delivery would do, row by row."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress

import click
import msgspec
from msgspec.structs import replace

from adapters.use_cases.decide_held import preview_held
from adapters.use_cases.import_delivery import preview_delivery
from cli import exit_codes
from cli.command import Answer
from cli.commands.imports import (
    explaining_source,
    files_argument,
    partial_option,
    read_files,
    require_files,
)
from cli.context import customer_of, json_option, login_name, one_run, open_app
from cli.names import COMPANY, HELD_RUN
from cli.terminal import output, run_text, spreadsheet
from cli.terminal.colours import ATTENTION, BAD, GOOD, QUIET
from cli.terminal.pager import ReaderLeft
from cli.terminal.prose import say
from cli.terminal.table import Column, Counted, print_table
from cli.terminal.view import View, view_options
from projections.answers.preview import PreviewDocument, PreviewRow

_ROWS: tuple[Column[PreviewRow], ...] = (
    Column("action", "ACTION", lambda row: row.action, colour=lambda row: _COLOURS[row.action]),
    Column(
        "where",
        "WHERE",
        lambda row: f"{row.file}:{row.line}",
        2,
        10,
        key=lambda row: (row.file, row.line),
        keeps_end=True,
    ),
    Column("email", "E-MAIL", lambda row: row.email, 0, 16),
    Column("matched_by", "MATCHED BY", lambda row: row.matched_by, 3),
    Column(
        "changes",
        "CHANGES",
        lambda row: output.changes_in_words(row.changes),
        1,
        26,
        wraps=True,
        key=lambda row: len(row.changes),
    ),
)
_COLOURS: dict[str, str | None] = {
    "onboard": GOOD,
    "update": None,
    "offboard": ATTENTION,
    "none": QUIET,
    "skip": QUIET,
    "reject": BAD,
}
_CSV = ("action", "file", "line", "employee", "email", "changes", "issues", "matched_by")


@click.command("preview", cls=Answer)
@click.argument("company", type=COMPANY, required=False)
@files_argument
@click.option(
    "--run", type=HELD_RUN, metavar="RUN", help="Show what the delivery would do that RUN holds."
)
@partial_option
@click.option(
    "--all-rows",
    is_flag=True,
    help="Also list the rows that change nothing and have no issue. --csv and --json always do.",
)
@click.option("--csv", "as_csv", is_flag=True, help="Print the rows as CSV.")
@view_options(_ROWS, rows="rows", csv=_CSV)
@json_option
@click.pass_context
def preview_command(
    context: click.Context,
    company: str | None,
    files: tuple[str, ...],
    run: str | None,
    partial: bool,
    all_rows: bool,
    as_csv: bool,
    view: View,
    as_json: bool,
) -> int:
    """Show what a delivery would do to COMPANY, one line a row. Applies nothing.

    The delivery comes from the company's source, or consists of the FILEs, or is the one that a
    run holds.
    """
    spreadsheet.check_form(as_csv, as_json)
    if (run is None) == (company is None):
        raise click.UsageError("Give one COMPANY, or --run RUN.")
    require_files(partial, files)
    with open_app(context) as app:
        if run is not None:
            record = one_run(app, run)
            customer = customer_of(app.settings, record.ended.company)
            preview = preview_held(app, customer, record, login_name())
        else:
            customer = customer_of(app.settings, company or "")
            with explaining_source(customer.company.key):
                named = read_files(files, customer)
                preview = preview_delivery(app, customer, login_name(), named, partial=partial)
    with suppress(ReaderLeft):  # a reader who leaves the pager still gets the exit code
        if as_json:
            output.print_json(replace(preview, rows=tuple(view.rows_of(_ROWS, preview.rows))))
        elif as_csv:
            _print_csv(preview, view)
        else:
            _print(preview, view, all_rows=all_rows)
    return exit_codes.of_run(preview)


def print_preview(preview: PreviewDocument) -> None:
    """Prints a preview for people: all of its rows, and then its run."""
    _print(preview, View(), all_rows=True)


def _print(preview: PreviewDocument, view: View, *, all_rows: bool) -> None:
    """Prints the rows that are asked for, and then the run."""
    listed = preview.rows if all_rows else _that_matter(preview)
    if listed:
        shown = view.rows_of(_ROWS, listed)
        print_table(view.columns_of(_ROWS), shown, Counted(len(listed), "rows"))
    hidden = len(preview.rows) - len(listed)
    if hidden:
        change = "row changes" if hidden == 1 else "rows change"
        say(f"{hidden:,} {change} nothing: --all-rows lists them")
    if preview.rows:
        click.echo()
    run_text.print_run(preview)


def _that_matter(preview: PreviewDocument) -> list[PreviewRow]:
    """Returns the rows that change something, or of which an issue tells."""
    with_issue = {(issue.file, issue.line) for issue in preview.issues}
    return [
        row
        for row in preview.rows
        if row.action not in ("none", "skip") or (row.file, row.line) in with_issue
    ]


def _print_csv(preview: PreviewDocument, view: View) -> None:
    """Prints the rows, each with its issues. Issues of no row go to standard error."""
    messages: defaultdict[tuple[str | None, int | None], list[str]] = defaultdict(list)
    rows = {(row.file, row.line) for row in preview.rows}
    for issue in preview.issues:
        if (issue.file, issue.line) in rows:
            messages[issue.file, issue.line].append(f"{issue.code}: {issue.message}")
        else:
            run_text.print_issue(issue, err=True)

    def cells_of(row: PreviewRow) -> dict[str, object]:
        issues = " ".join(messages[row.file, row.line])
        changes = output.changes(row.changes)
        return msgspec.structs.asdict(row) | {"changes": changes, "issues": issues}

    names = view.names_of(_CSV)
    cells = map(cells_of, view.rows_of(_ROWS, preview.rows))
    spreadsheet.print_csv(names, ([row[name] for name in names] for row in cells))


COMMANDS = {"preview": preview_command}
