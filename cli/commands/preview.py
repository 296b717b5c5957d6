"""`tenure preview`: what a delivery would do, row by row."""

from __future__ import annotations

from collections import defaultdict

import click

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
from cli.terminal.table import Column, print_table
from projections.answers.preview import PreviewDocument, PreviewRow

_ROWS: tuple[Column[PreviewRow], ...] = (
    Column("action", "ACTION", lambda row: row.action),
    Column("where", "WHERE", lambda row: f"{row.file}:{row.line}", 2, 12),
    Column("email", "E-MAIL", lambda row: row.email, 0, 16),
    Column("matched_by", "MATCHED BY", lambda row: row.matched_by, 3),
    Column("changes", "CHANGES", lambda row: output.changes(row.changes), 1, 24, wraps=True),
)


@click.command("preview", cls=Answer)
@click.argument("company", type=COMPANY, required=False)
@files_argument
@click.option(
    "--run", type=HELD_RUN, metavar="RUN", help="Show what the delivery would do that RUN holds."
)
@partial_option
@click.option("--csv", "as_csv", is_flag=True, help="Print the rows as CSV.")
@json_option
@click.pass_context
def preview_command(
    context: click.Context,
    company: str | None,
    files: tuple[str, ...],
    run: str | None,
    partial: bool,
    as_csv: bool,
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
    if as_json:
        output.print_json(preview)
    elif as_csv:
        _print_csv(preview)
    else:
        print_preview(preview)
    return exit_codes.of_run(preview)


def print_preview(preview: PreviewDocument) -> None:
    """Prints a preview for people: its rows, and then its run."""
    if preview.rows:
        print_table(_ROWS, preview.rows)
        click.echo()
    run_text.print_run(preview)


def _print_csv(preview: PreviewDocument) -> None:
    """Prints the rows, each with its issues. Issues of no row go to standard error."""
    messages: defaultdict[tuple[str | None, int | None], list[str]] = defaultdict(list)
    rows = {(row.file, row.line) for row in preview.rows}
    for issue in preview.issues:
        if (issue.file, issue.line) in rows:
            messages[issue.file, issue.line].append(f"{issue.code}: {issue.message}")
        else:
            run_text.print_issue(issue, err=True)
    spreadsheet.print_csv(
        ("action", "file", "line", "employee", "email", "changes", "issues", "matched_by"),
        (
            (
                row.action,
                row.file,
                row.line,
                row.employee,
                row.email,
                output.changes(row.changes),
                " ".join(messages[row.file, row.line]),
                row.matched_by,
            )
            for row in preview.rows
        ),
    )


COMMANDS = {"preview": preview_command}
