"""`tenure clock`."""

from __future__ import annotations

from datetime import datetime

import click

from adapters.service.clock import pass_clock, preview_clock
from adapters.service.run import Shell
from adapters.service.schedule import Job
from adapters.store.errors import StoreUnavailable
from cli import exits, output
from cli.context import by_option, json_option, open_shell
from cli.moments import MomentType
from cli.notify import notifying
from domain.run import Outcome, RunKind
from projections.runs import RunDocument

_LATEST = 1_000
"""So many runs are looked through for those that have just failed."""


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
        runs: list[RunDocument] = []
        fault: BaseException | None = None
        try:
            if dry_run:
                runs.extend(preview_clock(shell, by, at))
            else:
                _pass(shell, by, at, runs)
        except (Exception, KeyboardInterrupt) as error:
            fault = error
    _print(runs, as_json, quiet=fault is not None)
    if fault is not None:
        raise fault
    return max((exits.of_run(run) for run in runs), default=exits.DONE)


def _pass(shell: Shell, by: str, at: datetime | None, runs: list[RunDocument]) -> None:
    """Adds every run to `runs`, and tells whoever wants to know of it."""
    began = shell.now()
    with notifying(shell) as notifier:
        try:
            for run in pass_clock(shell, by, at):
                runs.append(run)
                notifier.ran(run)
        except StoreUnavailable:
            raise
        except Exception as error:
            # Of several companies' faults, one is raised; each has left a run.
            for company in _failed_since(shell, began):
                notifier.failed(Job(company), error)
            raise


def _failed_since(shell: Shell, began: datetime) -> set[str]:
    """The companies whose clock has failed since a moment."""
    return {
        record.ended.company
        for record in shell.store.runs(None, _LATEST)
        if record.ended.started >= began
        and (record.ended.run_kind, record.ended.outcome) == (RunKind.CLOCK, Outcome.FAILED)
    }


def _print(runs: list[RunDocument], as_json: bool, *, quiet: bool) -> None:
    if as_json:
        output.print_json(runs)
        return
    if not runs and not quiet:
        output.print_nothing("Nothing is due.")
    for run in runs:
        output.print_run(run)


COMMANDS = {"clock": clock_command}
