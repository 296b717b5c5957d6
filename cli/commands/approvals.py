"""`tenure approve` and `tenure discard`: decisions about a held delivery (B2)."""

from __future__ import annotations

import click

from adapters.use_cases.decide_held import approve, discard
from cli import exit_codes
from cli.command import Command
from cli.context import (
    asked_by_option,
    customer_of,
    json_option,
    one_run,
    open_app,
    reason_option,
)
from cli.names import HELD_RUN, OneOf
from cli.terminal import run_text
from domain.delivery.selection import KINDS, Selection


@click.command("approve", cls=Command)
@click.argument("run", type=HELD_RUN)
@click.option(
    "--only",
    multiple=True,
    type=OneOf("kind", KINDS),
    metavar="KIND",
    help="Apply only the rows whose changes are all of this kind. Repeat it for several kinds: "
    f"{', '.join(KINDS)}.",
)
@click.option(
    "--without",
    multiple=True,
    metavar="WHO",
    help="Leave out the row of this person: an e-mail address, an external id or an id. Repeat it.",
)
@asked_by_option
@reason_option
@json_option
@click.pass_context
def approve_command(
    context: click.Context,
    run: str,
    only: tuple[str, ...],
    without: tuple[str, ...],
    by: str,
    reason: str,
    as_json: bool,
) -> int:
    """Apply the delivery that RUN holds, or a part of it.

    If an employee or a setting has changed since, the delivery is planned again. If the safeguard
    still has a concern, the delivery is held again. What is left out of a delivery is left out of
    later ones too, as long as they say the same.
    """
    with open_app(context) as app:
        record = one_run(app, run)
        customer = customer_of(app.settings, record.ended.company)
        done = approve(app, customer, record, by, reason, Selection(frozenset(only), without))
    run_text.answer_run(done, as_json)
    return exit_codes.of_run(done)


@click.command("discard", cls=Command)
@click.argument("run", type=HELD_RUN)
@asked_by_option
@reason_option
@json_option
@click.pass_context
def discard_command(context: click.Context, run: str, by: str, reason: str, as_json: bool) -> int:
    """End the held run RUN, and apply nothing of its delivery."""
    with open_app(context) as app:
        done = discard(app, one_run(app, run), by, reason)
    run_text.answer_run(done, as_json)
    return exit_codes.of_run(done)


COMMANDS = {"approve": approve_command, "discard": discard_command}
