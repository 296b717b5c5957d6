"""`tenure audit`: events across employees."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from datetime import datetime

import click

from adapters.use_cases.audit import audit
from cli import exit_codes
from cli.command import Command
from cli.commands.history import print_entry
from cli.context import check_known, json_option, one_run, open_app
from cli.names import COMPANY, RUN, OneOf
from cli.params import MomentType
from cli.terminal import output
from domain.employee.events import EMPLOYEE_KINDS
from projections.answers.audit import Question
from projections.answers.history import HistoryEntry


@click.command("audit", cls=Command, epilog=f"Kinds: {', '.join(EMPLOYEE_KINDS)}.")
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
    """List every event of all employees of COMPANY, oldest first.

    Each event has its author, its reason, and the line of the file that caused it. The order, and
    --since and --until, go by when events were recorded.
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
        with closing(audit(app, company, question)) as entries:
            if as_json:
                output.print_json_list(entries)
            else:
                _print(entries)
    return exit_codes.DONE


def _print(entries: Iterable[HistoryEntry]) -> None:
    empty = True
    for entry in entries:
        print_entry(entry, with_employee=True)
        empty = False
    if empty:
        click.echo("There are no such events.")


COMMANDS = {"audit": audit_command}
