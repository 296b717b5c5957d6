"""`tenure rekey`: many external ids at once (S12)."""

from __future__ import annotations

import click
from click.core import ParameterSource

from adapters.company_settings import Customer
from adapters.use_cases.app import App
from adapters.use_cases.execute import load_run
from adapters.use_cases.plan_files import NothingToPlan
from adapters.use_cases.rekey import (
    IdMap,
    preview_rekey,
    read_rekey,
    rehearse_rekey,
    rekey,
    suggest_rekey,
)
from cli import exit_codes
from cli.command import Command
from cli.commands.imports import explaining_source, read_files
from cli.commands.preview import print_preview
from cli.context import (
    customer_of,
    dry_run_option,
    json_option,
    login_name,
    open_app,
    plain_line,
)
from cli.csv_file import explaining, read_csv_file
from cli.names import COMPANY, FILE
from cli.terminal import output, run_text, spreadsheet
from cli.terminal.question import agreed_run, ask_about, may_ask, yes_option
from domain.company_runs.rejection import AlreadyHeld
from domain.delivery.suggestions import Suggestion
from domain.outcome import Outcome
from projections.runs import RunDocument

_QUESTION = "Change the external id of {who}?"
_USAGE = "tenure rekey COMPANY FILE --by NAME --reason TEXT"
_COLUMNS = Suggestion.__struct_fields__


@click.command("rekey", cls=Command)
@click.argument("company", type=COMPANY)
@click.argument("files", nargs=-1, type=FILE, metavar="[FILE]...")
@click.option(
    "--suggest", is_flag=True, help="Print the map that follows from a delivery. Stores nothing."
)
@dry_run_option
@yes_option
@click.option(
    "--by",
    default=login_name,
    callback=plain_line,
    metavar="NAME",
    help="The author of the run. Needed with FILE, unless with --dry-run.",
)
@click.option(
    "--reason",
    callback=plain_line,
    metavar="TEXT",
    help="The reason. The history shows it. Needed as --by is.",
)
@json_option
@click.pass_context
def rekey_command(
    context: click.Context,
    company: str,
    files: tuple[str, ...],
    suggest: bool,
    dry_run: bool,
    yes: bool,
    by: str,
    reason: str | None,
    as_json: bool,
) -> int:
    """Give new external ids to many employees of COMPANY, as after a change of the HR system.

    FILE is a map: a CSV file with the columns `old` and `new`. It needs --by and --reason. With
    --suggest, the delivery comes from the company's source, or consists of the FILEs.
    """
    if suggest:
        if dry_run:
            raise click.UsageError("--suggest stores nothing, so it takes no --dry-run.")
        with open_app(context) as app:
            return _suggest(app, company, files, as_json)
    if len(files) != 1:
        raise click.UsageError("Give one FILE with the map, or --suggest.")
    named = context.get_parameter_source("by") is not ParameterSource.DEFAULT
    if not dry_run and not (named and reason):
        raise click.UsageError(f"Give --by and --reason. Write `{_USAGE}`.")
    (path,) = files
    with open_app(context) as app:
        customer = customer_of(app.settings, company)
        with explaining(path):
            ids = read_rekey(app, customer, read_csv_file(path))
        if not dry_run:
            run = _done(app, customer, ids, by, reason or "", yes=yes)
            run_text.answer_run(run, as_json)
            return exit_codes.of_run(run)
        preview = preview_rekey(app, customer, ids, by, reason)
    if as_json:
        output.print_json(preview)
    else:
        print_preview(preview)
    return exit_codes.of_run(preview)


def _done(
    app: App, customer: Customer, ids: IdMap, by: str, reason: str, *, yes: bool
) -> RunDocument:
    """Returns the run that is done, after a question on a terminal."""
    if not may_ask(yes):
        return rekey(app, customer, ids, by, reason)
    try:
        return agreed_run(
            lambda: rehearse_rekey(app, customer, ids, by, reason),
            lambda it: ask_about(it.run.company, it.foreseen, (), _QUESTION),
            lambda agreed: rekey(app, customer, ids, by, reason, agreed),
        )
    except AlreadyHeld as held:
        return load_run(app, held.run)


def _suggest(app: App, company: str, files: tuple[str, ...], as_json: bool) -> int:
    customer = customer_of(app.settings, company)
    try:
        with explaining_source(company):
            suggestions = suggest_rekey(app, customer, read_files(files, customer))
    except NothingToPlan as nothing:
        raise _explained(nothing, company) from None
    if as_json:
        output.print_json(suggestions)
        return exit_codes.DONE
    spreadsheet.print_csv(
        _COLUMNS,
        (
            (*(getattr(each, column) for column in _COLUMNS[:-1]), "yes" if each.sure else "no")
            for each in suggestions
        ),
    )
    return exit_codes.DONE


def _explained(nothing: NothingToPlan, company: str) -> exit_codes.CliError:
    """Returns the error about a delivery from which no map can be suggested."""
    refused = nothing.outcome is Outcome.REFUSED
    first, *others = (
        ": ".join(part for part in (issue.file, issue.message.removesuffix(".")) if part)
        for issue in nothing.issues
        if issue.rejects or not refused
    )
    code = exit_codes.REFUSED if refused else exit_codes.USAGE
    hint = f"`tenure preview {company}` tells more about the delivery"
    return exit_codes.CliError(first, hint, code, *others)


COMMANDS = {"rekey": rekey_command}
