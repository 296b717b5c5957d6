"""`tenure roster`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from adapters.use_cases.past import employees_of
from adapters.use_cases.standing import absentees
from cli import exit_codes
from cli.command import Answer
from cli.context import check_group, check_known, json_option, open_app, state_option
from cli.names import COMPANY, GROUP_NAME
from cli.past import checked, past_options
from cli.terminal import output
from cli.terminal.people import EMAIL, EXTERNAL_ID, GROUP, NAME, OFFBOARDING, ONBOARDING, STATE
from cli.terminal.prose import say
from cli.terminal.table import Column, Counted, print_table
from cli.terminal.view import View, view_options
from domain.fields.cells import clean
from projections.answers.past import Past
from projections.answers.person import EmployeeDocument, document

_ROSTER = (STATE, EMAIL, NAME, EXTERNAL_ID, ONBOARDING, OFFBOARDING, GROUP)
_ABSENCE: tuple[Column[Any], ...] = (
    Column("absent_since", "ABSENT SINCE", lambda each: each.absent_since.date(), 1),
    Column(
        "absent_deliveries", "DELIVERIES", lambda each: each.absent_deliveries, 2, is_number=True
    ),
)
_ABSENT = (*_ABSENCE, STATE, EMAIL, NAME, EXTERNAL_ID, OFFBOARDING)


@click.command("roster", cls=Answer)
@click.argument("company", type=COMPANY)
@state_option
@click.option("--group", type=GROUP_NAME, metavar="NAME", help="Only the members of this group.")
@past_options
@click.option(
    "--absent",
    is_flag=True,
    help="Only those who are here, and absent from the last full delivery.",
)
@view_options((*_ROSTER, *_ABSENCE), rows="employees")
@json_option
@click.pass_context
def roster_command(
    context: click.Context,
    company: str,
    state: str | None,
    group: str | None,
    past: Past,
    absent: bool,
    view: View,
    as_json: bool,
) -> int:
    """List the employees of COMPANY, as they are now or were at an earlier moment.

    They are listed in the order of their registration, unless --sort gives another one.
    """
    if absent and not past.is_present:
        advice = "--absent is about the last delivery, so it has no --as-of and no --known-at."
        raise click.UsageError(advice)
    with open_app(context) as app:
        check_known(app, company)
        past = checked(past, app.now())
        group = clean(group) if group is not None else None
        found: Iterable[EmployeeDocument]
        if absent:
            found = absentees(app, company)
        else:
            found = (document(company, each) for each in employees_of(app, company, past))
        everybody = list(found)
        if group is not None:
            check_group(app, company, group, {each.group_name for each in everybody})
    people = [
        each
        for each in everybody
        if state in (None, each.state.value) and group in (None, each.group_name)
    ]
    columns = _ABSENT if absent else _ROSTER
    shown = view.rows_of(columns, people)
    if as_json:
        output.print_json(shown)
    elif not people:
        say("There are no such employees.")
    else:
        print_table(view.columns_of(columns), shown, Counted(len(everybody), "employees"))
    return exit_codes.DONE


COMMANDS = {"roster": roster_command}
