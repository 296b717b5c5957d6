"""`tenure starters` and `tenure leavers`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

import click

from adapters.use_cases.moves import Move, moves, today
from cli import exit_codes
from cli.command import Answer
from cli.context import check_known, json_option, open_app
from cli.names import COMPANY
from cli.params import DateType
from cli.terminal import output, spreadsheet
from cli.terminal.people import EMAIL, EXTERNAL_ID, NAME, STATE
from cli.terminal.prose import say
from cli.terminal.table import Column, Counted, among_companies, print_table
from cli.terminal.view import View, view_options

_DEFAULT_DAYS = 30
_CSV = (
    "at",
    "company",
    "state",
    "email",
    "external_id",
    "first_name",
    "prefix",
    "last_name",
    "onboarding_date",
    "offboarding_date",
    "group_name",
)
_AT: Column[Any] = Column("at", "AT", lambda each: f"{each.at:%Y-%m-%d %H:%M}")
_OTHERS: tuple[Column[Any], ...] = (
    Column("company", "COMPANY", lambda each: each.company, 3, 8),
    STATE,
    NAME,
    EMAIL,
    EXTERNAL_ID,
)


def _columns(zones: Mapping[str, tzinfo]) -> tuple[Column[Any], ...]:
    """Returns all columns. `zones` has the time zone of each company that is listed."""
    local: Column[Any] = Column(
        "local",
        "LOCAL",
        lambda each: _local_time(each.at, zones[each.company]),
        key=lambda each: each.at,
    )
    return (_AT, local, *_OTHERS)


def _local_time(moment: datetime, zone: tzinfo) -> str | None:
    """Returns the time in `zone`, like `2027-03-31 23:00 CET`, or `None` if the zone is UTC."""
    return None if zone is UTC else f"{moment.astimezone(zone):%Y-%m-%d %H:%M %Z}"


def _command(name: str, what: Move, about: str) -> click.Command:
    """Returns the command that lists who starts or who leaves."""

    @click.command(name, help=about, cls=Answer)
    @click.argument("company", type=COMPANY, required=False)
    @click.option("--from", "first", type=DateType(), help="The first day. Default: today.")
    @click.option(
        "--until",
        "last",
        type=DateType(),
        help=f"The last day. Default: {_DEFAULT_DAYS} days after the first one.",
    )
    @click.option("--csv", "as_csv", is_flag=True, help="Print CSV that is safe in a spreadsheet.")
    @spreadsheet.bom_option
    @view_options(_columns({}), rows="employees", csv=_CSV)
    @json_option
    @click.pass_context
    def command(
        context: click.Context,
        company: str | None,
        first: date | None,
        last: date | None,
        as_csv: bool,
        bom: bool,
        view: View,
        as_json: bool,
    ) -> int:
        spreadsheet.check_form(as_csv, as_json, bom)
        with open_app(context) as app:
            if company is not None:
                check_known(app, company)
            first = first or today(app, company).earliest
            last = last or first + timedelta(days=_DEFAULT_DAYS)
            if last < first:
                raise click.UsageError("--until is before --from.")
            found = moves(app, what, first, last, company)
            zones = {key: app.settings.zone_of(key) for key in {each.company for each in found}}
        columns = _columns(zones)
        shown = view.rows_of(columns, found)
        if as_json:
            output.print_json(shown)
        elif as_csv:
            spreadsheet.print_documents(view.names_of(_CSV), shown, bom=bom)
        elif not found:
            say(f"Nobody {what} from {first} to {last}.")
        else:
            usual = columns if any(zone is not UTC for zone in zones.values()) else (_AT, *_OTHERS)
            chosen = view.columns_of(columns if view.columns else usual)
            print_table(among_companies(chosen, company), shown, Counted(len(found), "employees"))
        return exit_codes.DONE

    return command


_WHERE = (
    "in COMPANY or in all companies, with the moment in UTC, and in the company's time zone if the "
    "settings have one. Days that are over can be asked for."
)
COMMANDS = {
    "starters": _command("starters", "starts", f"List who starts soon, {_WHERE}"),
    "leavers": _command("leavers", "leaves", f"List who leaves soon, {_WHERE}"),
}
