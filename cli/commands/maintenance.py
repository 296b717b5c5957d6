"""`tenure verify` and `tenure rebuild`."""

from __future__ import annotations

import click
import msgspec

from adapters.progress import Stage
from adapters.store.integrity.verify import Findings
from adapters.use_cases.app import App
from cli import exit_codes
from cli.command import Command
from cli.context import dry_run_option, json_option, open_app
from cli.terminal import output
from cli.terminal.prose import say
from projections.answers.integrity import OF_DATABASE


@click.command("verify", cls=Command)
@json_option
@click.pass_context
def verify_command(context: click.Context, as_json: bool) -> int:
    """Check that no stored event is missing or altered, and that projections equal the events.

    The database checks its own indexes first. The exit code is 1 if anything does not fit.
    """
    with open_app(context) as app:
        findings = _verify(app)
    return _answer(findings, as_json)


@click.command("rebuild", cls=Command)
@dry_run_option
@json_option
@click.pass_context
def rebuild_command(context: click.Context, dry_run: bool, as_json: bool) -> int:
    """Make all projections again from the events, and verify them.

    Rows that were made from damaged events are left as they are. The exit code is 1 if anything
    does not fit afterwards. With --dry-run, the answer is what does not fit now, and the exit code
    is 1 if a rebuild cannot restore all of it.
    """
    with open_app(context) as app:
        if not dry_run:
            with app.progress.stage(Stage.REBUILD, app.store.events.count()) as advance:
                app.store.rebuild(advance)
        findings = _verify(app)
    code = _answer(findings, as_json)
    restored = dry_run and all(each.restorable for each in findings.problems)
    return exit_codes.DONE if restored else code


def _verify(app: App) -> Findings:
    with app.progress.stage(Stage.VERIFY, app.store.events.count()) as advance:
        return app.store.verify(advance)


def _answer(findings: Findings, as_json: bool) -> int:
    if as_json:
        output.print_json(findings)
    else:
        for each in findings.problems:
            say(f"{click.style(each.problem, fg='red')}  {output.text(each.message)}")
        for note in findings.notes:
            say(f"{click.style('note', fg='yellow')}  {note}")
        say(_summary(findings))
    return exit_codes.FAULT if findings.problems else exit_codes.DONE


def _summary(findings: Findings) -> str:
    if any(each.problem in OF_DATABASE for each in findings.problems):
        return "the database itself is damaged: repair it first, then verify again."
    counts = msgspec.structs.asdict(findings)
    del counts["problems"], counts["notes"]
    checked = ", ".join(output.counted(count, what) for what, count in counts.items())
    return f"{checked}: {_verdict(findings)}"


def _verdict(findings: Findings) -> str:
    if not findings.problems:
        if findings.companies == 0:
            return "there is nothing to check."
        return click.style("everything fits.", fg="green")
    lasting = {each.problem for each in findings.problems if not each.restorable}
    if not lasting:
        return "`tenure rebuild` restores what does not fit."
    if lasting == {"twins"}:
        return "`tenure rebuild` cannot change what the events say; `tenure support` can."
    return "`tenure rebuild` cannot restore all of it; an earlier backup may."


COMMANDS = {"verify": verify_command, "rebuild": rebuild_command}
