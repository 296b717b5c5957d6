"""`tenure audit`: events across employees."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from datetime import datetime

import click

from adapters.use_cases.audit import audit
from cli import exit_codes, output
from cli.context import check_known, json_option, one_run, open_app
from cli.history import print_entry
from cli.params import MomentType
from domain.employee.events import EMPLOYEE_KINDS
from projections.answers.audit import Question
from projections.answers.history import HistoryEntry


@click.command("audit", epilog=f"Kinds: {', '.join(EMPLOYEE_KINDS)}.")
@click.argument("company")
@click.option(
    "--since", type=MomentType(), metavar="MOMENT", help="Recorded at or after this moment (UTC)."
)
@click.option(
    "--until",
    type=MomentType(end=True),
    metavar="MOMENT",
    help="Recorded before this moment; a date includes that day.",
)
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice(EMPLOYEE_KINDS),
    metavar="KIND",
    help="Only such events; may be given again.",
)
@click.option("--run", metavar="RUN", help="Only those of this run.")
@click.option("--by", metavar="NAME", help="Only those of runs by NAME.")
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
    as_json: bool,
) -> int:
    """Tell what happened to all employees of COMPANY, oldest first, with who, why and what said so.

    It goes by when events were recorded.
    """
    with open_app(context) as app:
        check_known(app, company)
        one = one_run(app, run) if run is not None else None
        if one is not None and one.ended.company != company:
            raise exit_codes.CliError(
                f"run {one.run} is none of {company}", f"`tenure runs {company}`"
            )
        of_run = one.run if one is not None else None
        question = Question(since, until, frozenset(kinds), of_run, by)
        # Closed at once where a reader goes away: nothing may be under way when the store closes.
        with closing(audit(app, company, question)) as entries:
            if as_json:
                output.print_json_list(entries)
            else:
                _print(entries)
    return exit_codes.DONE


def _print(entries: Iterable[HistoryEntry]) -> None:
    nothing = True
    for entry in entries:
        print_entry(entry, with_employee=True)
        nothing = False
    if nothing:
        click.echo("No event fits.")


COMMANDS = {"audit": audit_command}
