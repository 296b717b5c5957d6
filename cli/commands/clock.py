"""`tenure clock`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple

import click

from adapters.store.errors import StoreUnavailable
from adapters.use_cases.app import App
from adapters.use_cases.clock import Passed, pass_companies, preview_clock
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
    with open_app(context) as app:
        if at and not dry_run:
            advice = "--at may only be in the future together with --dry-run."
            at = in_the_past(at, app.now(), advice)
        passed, stopped = _as_far_as_it_goes(
            _preview(app, by, at) if dry_run else _pass(app, by, at)
        )
    shown = [each.run for each in passed if each.run is not None]
    faults = [(each.company, each.fault) for each in passed if each.fault is not None]
    _print(shown, as_json, quiet=bool(faults or stopped))
    codes = [exit_codes.of_run(each.run) for each in shown]
    codes += [exit_codes.explain(fault, company) for company, fault in faults]
    if stopped is not None:
        raise stopped
    return max(codes, default=exit_codes.DONE)


class _Shown(NamedTuple):
    """A run to print, what would happen in it if it is not made, and the zone of the company."""

    run: RunDocument
    happenings: tuple[Happening, ...] = ()
    zone: tzinfo = UTC


def _as_far_as_it_goes(
    passes: Iterator[Passed[_Shown]],
) -> tuple[list[Passed[_Shown]], BaseException | None]:
    """Returns the companies that had their turn, and what stopped the others.

    What was done is told, also where the store fails halfway, or after Ctrl-C.
    """
    passed = []
    try:
        for each in passes:
            passed.append(each)
    except (StoreUnavailable, KeyboardInterrupt) as error:
        return passed, error
    return passed, None


def _preview(app: App, by: str, at: datetime | None) -> Iterator[Passed[_Shown]]:
    """Yields what the clock would do to each company."""
    for company, planned, fault in preview_clock(app, by, at):
        zone = app.settings.zone_of(company)
        shown = _Shown(*planned, zone) if planned is not None else None
        yield Passed(company, shown, fault)


def _pass(app: App, by: str, at: datetime | None) -> Iterator[Passed[_Shown]]:
    """Passes the clock and yields each company, of which somebody is notified."""
    with notifying(app) as (told, notifier):
        for company, run, fault in pass_companies(told, by, at):
            if fault is not None:
                notifier.failed(Job(company), fault)
            elif run is not None:
                notifier.ran(run)
            yield Passed(company, _Shown(run) if run is not None else None, fault)


def _print(shown: list[_Shown], as_json: bool, *, quiet: bool) -> None:
    """Prints the runs, and what would happen in those that are not made."""
    if as_json:
        output.print_json([each.run for each in shown])
        return
    if not shown and not quiet:
        output.print_nothing("Nothing is due.")
    for run, happenings, zone in shown:
        run_text.print_run(run)
        print_planned(happenings, {}, zone)


COMMANDS = {"clock": clock_command}
