"""`tenure approve` and `tenure discard`: decisions about a held delivery (B2)."""

from __future__ import annotations

import click

from adapters.use_cases.decide_held import approve, discard, rehearse_approval, rehearse_discard
from adapters.use_cases.execute import Rehearsal
from cli import exit_codes
from cli.command import Command
from cli.context import (
    asked_by_option,
    customer_of,
    dry_run_option,
    json_option,
    one_run,
    open_app,
    reason_option,
)
from cli.names import HELD_RUN, OneOf
from cli.terminal import output, run_text
from cli.terminal.foreseen import print_foreseen
from cli.terminal.prose import say
from cli.terminal.question import (
    LISTED_PEOPLE,
    agreed_run,
    ask,
    ask_about,
    may_ask,
    yes_option,
)
from domain.company_runs.events import RunRecord
from domain.delivery.selection import ACTIONS, KINDS, Selection
from domain.ids import short_run_id

_QUESTION = "Apply the held delivery to {who}?"


@click.command("approve", cls=Command)
@click.argument("run", type=HELD_RUN)
@click.option(
    "--only",
    multiple=True,
    type=OneOf("kind", (*ACTIONS, *KINDS)),
    metavar="KIND",
    help="Apply only the rows with this action in `preview`, or whose changes are all of this "
    f"kind. Repeat it for several: {', '.join((*ACTIONS, *KINDS))}.",
)
@click.option(
    "--without",
    multiple=True,
    metavar="WHO",
    help="Leave out the row of this person: an e-mail address, an external id or an id. Repeat it.",
)
@dry_run_option
@yes_option
@asked_by_option
@reason_option
@json_option
@click.pass_context
def approve_command(
    context: click.Context,
    run: str,
    only: tuple[str, ...],
    without: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    by: str,
    reason: str,
    as_json: bool,
) -> int:
    """Apply the delivery that RUN holds, or a part of it.

    If an employee or a setting has changed since, the delivery is planned again. If the safeguard
    still has a concern, the delivery is held again. What is left out of a delivery is left out of
    later ones too, as long as they say the same.
    """
    selection = Selection(frozenset(only), without)
    with open_app(context) as app:
        record = one_run(app, run)
        customer = customer_of(app.settings, record.ended.company)
        if dry_run:
            rehearsal = rehearse_approval(app, customer, record, by, reason, selection)
            return _answer_rehearsal(rehearsal, as_json)
        if may_ask(yes):
            done = agreed_run(
                lambda: rehearse_approval(app, customer, record, by, reason, selection),
                lambda it: ask_about(it.run.company, it.foreseen, (), _QUESTION),
                lambda agreed: approve(app, customer, record, by, reason, selection, agreed),
            )
        else:
            done = approve(app, customer, record, by, reason, selection)
    run_text.answer_run(done, as_json)
    return exit_codes.of_run(done)


@click.command("discard", cls=Command)
@click.argument("run", type=HELD_RUN)
@dry_run_option
@yes_option
@asked_by_option
@reason_option
@json_option
@click.pass_context
def discard_command(
    context: click.Context,
    run: str,
    dry_run: bool,
    yes: bool,
    by: str,
    reason: str,
    as_json: bool,
) -> int:
    """End the held run RUN, and apply nothing of its delivery."""
    with open_app(context) as app:
        record = one_run(app, run)
        rehearsal = rehearse_discard(app, record, by, reason)
        if dry_run:
            return _answer_rehearsal(rehearsal, as_json)
        if may_ask(yes):
            _ask_about_files(record)
        done = discard(app, record, by, reason)
    run_text.answer_run(done, as_json)
    return exit_codes.of_run(done)


def _answer_rehearsal(rehearsal: Rehearsal, as_json: bool) -> int:
    """Prints what a decision would do. Returns the exit code that the decision would have."""
    run_text.answer_run(rehearsal.run, as_json)
    if not as_json:
        print_foreseen(rehearsal.foreseen, LISTED_PEOPLE)
    return exit_codes.of_run(rehearsal.run)


def _ask_about_files(record: RunRecord) -> None:
    """Shows what a run holds, and asks whether to drop it. The bytes may be the only copy."""
    ended = record.ended
    say(f"{ended.company}: run {record.run} holds", err=True)
    for file in ended.files:
        say(f"{output.text(file.name)}, {file.bytes} bytes", indent=2, err=True)
    changed = ended.counts.registered + ended.counts.changed
    rows = output.counted(ended.counts.rows, "rows")
    say(f"{rows}, which would change {output.counted(changed, 'employees')}", indent=2, err=True)
    ask(f"Discard the delivery of run {short_run_id(record.run)}, and apply nothing of it?")


COMMANDS = {"approve": approve_command, "discard": discard_command}
