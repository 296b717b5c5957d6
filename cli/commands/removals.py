"""`tenure removals`: every removal of access, for an auditor."""

from __future__ import annotations

from datetime import date, timedelta

import click

from adapters.use_cases.moves import today
from adapters.use_cases.removals import removals
from cli import exit_codes
from cli.command import Answer
from cli.context import check_known, json_option, open_app
from cli.names import COMPANY
from cli.params import DateType
from cli.terminal import output, spreadsheet
from cli.terminal.people import EMAIL, NAME
from cli.terminal.prose import say
from cli.terminal.table import Column, Counted, among_companies, print_table
from cli.terminal.view import View, view_options
from projections.answers.removals import Cause, Period, RemovalDocument

_DEFAULT_DAYS = 30
_CAUSES = {
    Cause.FILE: "last day from the file",
    Cause.SUPPORT: "last day from support",
    Cause.ABSENCE: "absent from deliveries",
    Cause.CLOSED: "closed by support",
    Cause.MERGED: "merged into another account",
    Cause.POSTPONED: "first day moved",
}
_COLUMNS: tuple[Column[RemovalDocument], ...] = (
    Column("due", "DUE", lambda each: each.due),
    Column(
        "done",
        "DONE",
        lambda each: f"{each.done:%Y-%m-%d %H:%M}" if each.done else "not done",
        colour=lambda each: None if each.done else "red",
        key=lambda each: each.done,
    ),
    Column("days_late", "LATE", lambda each: each.days_late, 1, is_number=True),
    Column("company", "COMPANY", lambda each: each.company, 4, 8),
    NAME._replace(least=10),
    EMAIL._replace(goes=5),
    Column("cause", "CAUSE", lambda each: _CAUSES[each.cause], 3, 12, wraps=True),
    Column("said", "SAID BY", lambda each: _said_by(each), 2, 14, wraps=True),
)
_CSV = RemovalDocument.__struct_fields__


@click.command("removals", cls=Answer)
@click.argument("company", type=COMPANY, required=False)
@click.option(
    "--from",
    "first",
    type=DateType(),
    help=f"The first day. Default: {_DEFAULT_DAYS} days before the last one.",
)
@click.option("--until", "last", type=DateType(), help="The last day. Default: today.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV that is safe in a spreadsheet.")
@spreadsheet.bom_option
@view_options(_COLUMNS, rows="removals", csv=_CSV)
@json_option
@click.pass_context
def removals_command(
    context: click.Context,
    company: str | None,
    first: date | None,
    last: date | None,
    as_csv: bool,
    bom: bool,
    view: View,
    as_json: bool,
) -> int:
    """List every removal of access, in COMPANY or in all companies, for an auditor.

    A removal is listed if it was due or done on one of the days. What was due by the last day and
    is not done yet is listed too. LATE counts the whole days from the due moment. Each removal has
    its cause: the row of a file, or the person and the reason.
    """
    spreadsheet.check_form(as_csv, as_json, bom)
    with open_app(context) as app:
        if company is not None:
            check_known(app, company)
        last = last or today(app, company).latest
        first = first or last - timedelta(days=_DEFAULT_DAYS)
        if last < first:
            raise click.UsageError("--until is before --from.")
        found = removals(app, Period(first, last), company)
    shown = view.rows_of(_COLUMNS, found)
    if as_json:
        output.print_json(shown)
    elif as_csv:
        spreadsheet.print_documents(view.names_of(_CSV), shown, bom=bom)
    elif not found:
        say(f"From {first} to {last}, no access was removed, and none was due.")
    else:
        print_table(
            among_companies(view.columns_of(_COLUMNS), company),
            shown,
            Counted(len(found), "removals"),
        )
    return exit_codes.DONE


def _said_by(removal: RemovalDocument) -> str:
    """Returns who said that access ends: a row of a file, or a person with a reason."""
    if removal.file is not None:
        place = f":{removal.line}" if removal.line is not None else ""
        return f"{removal.file}{place}"
    return ": ".join(part for part in (removal.by, removal.reason) if part)


COMMANDS = {"removals": removals_command}
