"""`tenure approve` and `tenure discard`: decisions about a held delivery (B2)."""

from __future__ import annotations

import click

from adapters.use_cases.decide_held import approve, discard
from cli import exit_codes, output
from cli.context import (
    asked_by_option,
    customer_of,
    json_option,
    one_run,
    open_app,
    reason_option,
)


@click.command("approve")
@click.argument("run")
@asked_by_option
@reason_option
@json_option
@click.pass_context
def approve_command(context: click.Context, run: str, by: str, reason: str, as_json: bool) -> int:
    """Apply the delivery that RUN holds.

    If an employee or a setting has changed since, the delivery is planned again. If the safeguard
    still has a concern, the delivery is held again.
    """
    with open_app(context) as app:
        record = one_run(app, run)
        customer = customer_of(app.settings, record.ended.company)
        done = approve(app, customer, record, by, reason)
    output.answer_run(done, as_json)
    return exit_codes.of_run(done)


@click.command("discard")
@click.argument("run")
@asked_by_option
@reason_option
@json_option
@click.pass_context
def discard_command(context: click.Context, run: str, by: str, reason: str, as_json: bool) -> int:
    """End the held run RUN, and apply nothing of its delivery."""
    with open_app(context) as app:
        done = discard(app, one_run(app, run), by, reason)
    output.answer_run(done, as_json)
    return exit_codes.of_run(done)


COMMANDS = {"approve": approve_command, "discard": discard_command}
