"""`tenure history`, and the form of an event for people."""

from __future__ import annotations

import click

from adapters.use_cases.people import history_of, look_up
from cli import exit_codes
from cli.command import Command
from cli.context import check_known, json_option, open_app, who_argument
from cli.names import COMPANY
from cli.terminal import output
from projections.answers.history import HistoryEntry


@click.command("history", cls=Command)
@click.argument("company", type=COMPANY)
@who_argument
@json_option
@click.pass_context
def history_command(context: click.Context, company: str, who: str, as_json: bool) -> int:
    """List every event of one employee of COMPANY: when, why, by whom, and the line of the file.

    WHO is an e-mail address, an external id or an id. The events of accounts that were merged into
    this one are listed too. A former address is found too, if nobody has it now.
    """
    with open_app(context) as app:
        check_known(app, company)
        known = look_up(app, company, who)
        entries = history_of(app, known.employee)
    if as_json:
        output.print_json(entries)
    else:
        if known.by_former:
            email = output.text(known.employee.email)
            click.echo(f"{output.text(who)} is a former address of {email}")
        merged = len({entry.employee for entry in entries}) > 1
        for entry in entries:
            print_entry(entry, with_employee=merged)
    return exit_codes.DONE


def print_entry(entry: HistoryEntry, *, with_employee: bool = False) -> None:
    """Prints one event: its kind, its times, its author, its reason, its line, and its changes."""
    whose = f" of {entry.employee}" if with_employee else ""
    kind = click.style(entry.kind, bold=True)
    click.echo(f"{kind}{whose} at {output.text(entry.effective)} UTC")
    click.echo(f"  recorded at {output.text(entry.recorded)} UTC")
    click.echo(f"  by {output.text(entry.by)} in run {entry.run}")
    if entry.reason:
        click.echo(f"  because {output.text(entry.reason)}")
    if entry.file:
        click.echo(f"  said by {output.text(entry.file)}, line {entry.line}")
    if entry.changes:
        click.echo(f"  {output.changes(entry.changes)}")


COMMANDS = {"history": history_command}
