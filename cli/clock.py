"""`tenure clock`."""

from __future__ import annotations

from datetime import datetime

import click

from adapters.service.clock import pass_clock, preview_clock
from cli import exits, output
from cli.context import by_option, json_option, open_shell
from cli.moments import MomentType
from projections.runs import RunDocument


@click.command("clock")
@click.option("--at", type=MomentType(), metavar="MOMENT", help="As of this earlier moment (UTC).")
@click.option("--dry-run", is_flag=True, help="Only show what is due; MOMENT may be ahead.")
@by_option
@json_option
@click.pass_context
def clock_command(
    context: click.Context, at: datetime | None, dry_run: bool, by: str, as_json: bool
) -> int:
    """Activate and deactivate everyone who is due, in every company.

    What earlier nights missed is caught up.
    """
    with open_shell(context) as shell:
        if at and at > shell.now() and not dry_run:
            raise click.UsageError("--at may only be ahead together with --dry-run.")
        passing = preview_clock if dry_run else pass_clock
        runs: list[RunDocument] = []
        fault: Exception | None = None
        try:
            runs.extend(passing(shell, by, at))
        except Exception as error:
            fault = error
    _print(runs, as_json, quiet=fault is not None)
    if fault is not None:
        raise fault
    return max((exits.of_run(run) for run in runs), default=exits.DONE)


def _print(runs: list[RunDocument], as_json: bool, *, quiet: bool) -> None:
    if as_json:
        output.print_json(runs)
        return
    if not runs and not quiet:
        click.echo("Nothing is due.")
    for run in runs:
        output.print_run(run)


COMMANDS = {"clock": clock_command}
