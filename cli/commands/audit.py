"""`tenure audit`: events across employees."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import datetime
from itertools import islice

import click

from adapters.use_cases.app import App
from adapters.use_cases.audit import audit
from adapters.use_cases.history import other_accounts
from cli import exit_codes
from cli.command import Answer
from cli.context import check_known, json_option, one_run, open_app
from cli.names import COMPANY, RUN, OneOf
from cli.params import MomentType, NumberType
from cli.terminal import output
from cli.terminal.story import details_option, print_entry, print_happening
from domain.employee.events import EMPLOYEE_KINDS
from projections.answers.audit import Question
from projections.answers.history import Happening


@click.command("audit", cls=Answer, epilog=f"Kinds: {', '.join(EMPLOYEE_KINDS)}.")
@click.argument("company", type=COMPANY)
@click.option(
    "--since",
    type=MomentType(start=True),
    metavar="MOMENT",
    help="Only events recorded at this moment (UTC) or later.",
)
@click.option(
    "--until",
    type=MomentType(),
    metavar="MOMENT",
    help="Only events recorded before this moment. A date means the end of its day.",
)
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=OneOf("kind", EMPLOYEE_KINDS),
    metavar="KIND",
    help="Only events of this kind. May be given again.",
)
@click.option("--run", type=RUN, metavar="RUN", help="Only events of this run.")
@click.option("--by", metavar="NAME", help="Only events of runs by NAME, as author or as login.")
@click.option(
    "--limit",
    type=NumberType(min=1),
    metavar="N",
    help="Only the latest N of these events. The oldest of them still comes first.",
)
@details_option
@json_option
@click.pass_context
def audit_command(
    context: click.Context,
    company: str,
    since: datetime | None,
    until: datetime | None,
    kinds: tuple[str, ...],
    run: str | None,
    by: str | None,
    limit: int | None,
    details: bool,
    as_json: bool,
) -> int:
    """Tell everything that happened to all employees of COMPANY, oldest first.

    Each event is one line, with the employee, and the file and line or the person that caused it.
    The order, and --since and --until, go by when events were recorded.
    """
    with open_app(context) as app:
        check_known(app, company)
        record = one_run(app, run) if run is not None else None
        if record is not None and record.ended.company != company:
            raise exit_codes.CliError(
                f"run {record.run} is not a run of {company}",
                f"`tenure runs {company}` lists its runs",
            )
        run_id = record.run if record is not None else None
        question = Question(since, until, frozenset(kinds), run_id, by)
        # Closed at once, also if the reader of a pipe goes away: no read may be open when the
        # store closes.
        with closing(audit(app, company, question, limit)) as happenings:
            if as_json:
                output.print_json_list(happening.entry for happening in happenings)
            elif details:
                _print_details(happenings)
            else:
                _print(app, company, happenings)
    return exit_codes.DONE


_BATCH_EVENTS = 200
"""Events that are printed together: the accounts that they name are looked up together."""


def _print(app: App, company: str, happenings: Iterator[Happening]) -> None:
    empty, zone = True, app.settings.zone_of(company)
    while batch := list(islice(happenings, _BATCH_EVENTS)):
        people = other_accounts(app, company, batch)
        for happening in batch:
            print_happening(happening, people, zone=zone, with_person=True)
        empty = False
    if empty:
        click.echo(_NOTHING)


def _print_details(happenings: Iterable[Happening]) -> None:
    empty = True
    for happening in happenings:
        print_entry(happening.entry, with_employee=True)
        empty = False
    if empty:
        click.echo(_NOTHING)


_NOTHING = "There are no such events."

COMMANDS = {"audit": audit_command}
