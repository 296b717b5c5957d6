"""`tenure clock`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import click

from adapters.store.errors import StoreUnavailable
from adapters.use_cases.app import App
from adapters.use_cases.clock import pass_clock, preview_clock
from adapters.use_cases.planned_run import PlannedRun
from adapters.use_cases.schedule import Job
from cli import exit_codes
from cli.command import Command
from cli.context import by_option, json_option, open_app
from cli.notify import notifying
from cli.params import MomentType, in_the_past
from cli.terminal import output, run_text
from cli.terminal.story import print_planned
from projections.answers.history import Happening
from projections.runs import RunDocument


@click.command("clock", cls=Command)
@click.option(
    "--at",
    type=MomentType(),
    metavar="MOMENT",
    help="Go by this earlier moment (UTC). A date means the end of its day.",
)
@click.option("--dry-run", is_flag=True, help="Only show what is due. MOMENT may be in the future.")
@by_option
@json_option
@click.pass_context
def clock_command(
    context: click.Context, at: datetime | None, dry_run: bool, by: str, as_json: bool
) -> int:
    """Activate and deactivate every employee who is due, in every company.

    This includes what was due earlier, if the clock did not run then.
    """
    runs: list[RunDocument] = []
    planned: list[PlannedRun] = []
    faults: list[tuple[str, Exception]] = []
    stopped: BaseException | None = None
    with open_app(context) as app:
        if at and not dry_run:
            advice = "--at may only be in the future together with --dry-run."
            at = in_the_past(at, app.now(), advice)
        try:
            if dry_run:
                planned.extend(preview_clock(app, by, at, lambda *fault: faults.append(fault)))
                runs.extend(each.document for each in planned)
            else:
                _pass(app, by, at, runs, faults)
        except (StoreUnavailable, KeyboardInterrupt) as error:
            stopped = error
    happenings = {each.document.company: each.happenings for each in planned}
    _print(runs, happenings, as_json, quiet=bool(faults or stopped))
    codes = [exit_codes.of_run(run) for run in runs]
    codes += [exit_codes.explain(fault, company) for company, fault in faults]
    if stopped is not None:
        raise stopped
    return max(codes, default=exit_codes.DONE)


def _pass(
    app: App,
    by: str,
    at: datetime | None,
    runs: list[RunDocument],
    faults: list[tuple[str, Exception]],
) -> None:
    """Passes the clock. Adds each run and each fault to the lists, and notifies of it."""
    with notifying(app) as (told, notifier):

        def failed(company: str, fault: Exception) -> None:
            faults.append((company, fault))
            notifier.failed(Job(company), fault)

        for run in pass_clock(told, by, at, failed):
            runs.append(run)
            notifier.ran(run)


def _print(
    runs: list[RunDocument],
    happenings: Mapping[str, tuple[Happening, ...]],
    as_json: bool,
    *,
    quiet: bool,
) -> None:
    """Prints the runs, and what would happen in those that are only planned, by company."""
    if as_json:
        output.print_json(runs)
        return
    if not runs and not quiet:
        output.print_nothing("Nothing is due.")
    for run in runs:
        run_text.print_run(run)
        print_planned(happenings.get(run.company, ()), {})


COMMANDS = {"clock": clock_command}
