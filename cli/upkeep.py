"""`tenure verify` and `tenure rebuild`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click
import msgspec

from adapters.service.run import Shell
from adapters.store.through import Tick
from adapters.store.verify import Findings
from cli import exits, output
from cli.context import json_option, open_shell


@click.command("verify")
@json_option
@click.pass_context
def verify_command(context: click.Context, as_json: bool) -> int:
    """Check that every event is there as it was stored, and that projections equal the events.

    Ends with exit code 1 if anything does not fit.
    """
    with open_shell(context) as shell:
        found = _verify(shell)
    return _answer(found, as_json)


@click.command("rebuild")
@json_option
@click.pass_context
def rebuild_command(context: click.Context, as_json: bool) -> int:
    """Make all projections anew from the events, and verify them.

    What stands beside damaged events is left as it is. Ends with exit code 1 if anything does not
    fit afterwards.
    """
    with open_shell(context) as shell:
        with _progress("Rebuilding", shell.store.count_events()) as tick:
            shell.store.rebuild(tick)
        found = _verify(shell)
    return _answer(found, as_json)


def _verify(shell: Shell) -> Findings:
    with _progress("Verifying", shell.store.count_events()) as tick:
        return shell.store.verify(tick)


@contextmanager
def _progress(label: str, events: int) -> Iterator[Tick]:
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
    return exits.FAULT if found.problems else exits.DONE


def _verdict(found: Findings) -> str:
    if not found.problems:
        return click.style("everything fits.", fg="green")
    if all(each.restorable for each in found.problems):
        return "`tenure rebuild` restores what does not fit."
    return "`tenure rebuild` cannot restore all of it; a backup from before may."


COMMANDS = {"verify": verify_command, "rebuild": rebuild_command}
