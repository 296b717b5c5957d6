"""`tenure verify` and `tenure rebuild`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click
import msgspec

from adapters.store.replay import Progress
from adapters.store.verify import Findings
from adapters.use_cases.app import App
from cli import exit_codes, output
from cli.context import json_option, open_app


@click.command("verify")
@json_option
@click.pass_context
def verify_command(context: click.Context, as_json: bool) -> int:
    """Check that every event is there as it was stored, and that projections equal the events.

    Ends with exit code 1 if anything does not fit.
    """
    with open_app(context) as app:
        found = _verify(app)
    return _answer(found, as_json)


@click.command("rebuild")
@json_option
@click.pass_context
def rebuild_command(context: click.Context, as_json: bool) -> int:
    """Make all projections anew from the events, and verify them.

    What stands beside damaged events is left as it is. Ends with exit code 1 if anything does not
    fit afterwards.
    """
    with open_app(context) as app:
        with _progress("Rebuilding", app.store.count_events()) as tick:
            app.store.rebuild(tick)
        found = _verify(app)
    return _answer(found, as_json)


def _verify(app: App) -> Findings:
    with _progress("Verifying", app.store.count_events()) as tick:
        return app.store.verify(tick)


@contextmanager
def _progress(label: str, events: int) -> Iterator[Progress]:
    """A progress bar over so many events, where standard error is a terminal."""
    with output.progress_bar(label, events) as bar:
        yield bar.update


def _answer(found: Findings, as_json: bool) -> int:
    if as_json:
        output.print_json(found)
    else:
        for each in found.problems:
            click.echo(f"{click.style(each.problem, fg='red')}  {output.text(each.message)}")
        counts = msgspec.structs.asdict(found)
        counts.pop("problems")
        told = ", ".join(output.counted(count, what) for what, count in counts.items())
        click.echo(f"{told}: {_verdict(found)}")
    return exit_codes.FAULT if found.problems else exit_codes.DONE


def _verdict(found: Findings) -> str:
    if not found.problems:
        return click.style("everything fits.", fg="green")
    if all(each.restorable for each in found.problems):
        return "`tenure rebuild` restores what does not fit."
    return "`tenure rebuild` cannot restore all of it; a backup from before may."


COMMANDS = {"verify": verify_command, "rebuild": rebuild_command}
