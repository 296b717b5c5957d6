"""`tenure support`: the commands of support staff for one employee (S1-S6)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import reduce
from typing import Any

import click

from adapters.use_cases.app import App
from adapters.use_cases.audit import audit
from adapters.use_cases.people import find_one
from adapters.use_cases.support import support
from cli import exit_codes, output
from cli.context import (
    asked_by_option,
    customer_of,
    json_option,
    open_app,
    reason_option,
    who_argument,
)
from cli.history import print_entry
from cli.params import DateType
from domain.employee.commands import (
    CancelOffboarding,
    ChangeEmail,
    Command,
    Deactivate,
    Link,
    MoveOnboarding,
    Offboard,
    Reactivate,
)
from domain.outcome import Outcome
from projections.answers.audit import Question
from projections.runs import RunDocument


@click.group("support")
def support_group() -> None:
    """Do for one employee of COMPANY what a file cannot do.

    WHO is an e-mail address, an external id or an id. A file that repeats its old values does not
    undo the action. Each action is a run, and the history shows its author and its reason.
    """


def _print_result(app: App, run: RunDocument, who: str) -> None:
    """Prints the events of the run, or the employee's state if it changed nothing."""
    for entry in audit(app, run.company, Question(run=run.run)):
        print_entry(entry, with_employee=True)
    if run.outcome is Outcome.UNCHANGED:
        employee = find_one(app, run.company, who)
        click.echo(f"  nothing to do: employee {employee.id} is {employee.state.value}")


def _action(name: str, *parameters: Callable[[Any], Any]) -> Callable[[Any], click.Command]:
    """Makes a CLI command of a function that returns the support command for its `parameters`."""

    def make(command_of: Callable[..., Command]) -> click.Command:
        def run(
            context: click.Context,
            company: str,
            who: str,
            by: str,
            reason: str,
            as_json: bool,
            **values: Any,
        ) -> int:
            with open_app(context) as app:
                customer = customer_of(app.settings, company)
                done = support(app, customer, who, command_of(**values), by, reason)
                output.answer_run(done, as_json)
                if not as_json:
                    _print_result(app, done, who)
            return exit_codes.of_run(done)

        run.__doc__ = command_of.__doc__
        company = click.argument("company")
        options = (asked_by_option, reason_option, json_option, click.pass_context)
        decorators = (support_group.command(name), company, who_argument, *parameters, *options)
        command = reduce(lambda made, decorate: decorate(made), reversed(decorators), run)
        assert isinstance(command, click.Command)  # noqa: S101
        return command

    return make


_day_argument = click.argument("day", metavar="DATE", type=DateType())


@_action("change-email", click.argument("new"))
def _change_email(new: str) -> Command:
    """Change the e-mail address of WHO to NEW."""
    return ChangeEmail(new)


@_action(
    "reactivate",
    click.option(
        "--offboarding-date",
        type=DateType(),
        metavar="DATE",
        help="The new last day. Without it, a last day in the future is kept.",
    ),
)
def _reactivate(offboarding_date: date | None) -> Command:
    """Reactivate WHO, who is deactivated."""
    return Reactivate(offboarding_date)


@_action("move-onboarding", _day_argument)
def _move_onboarding(day: date) -> Command:
    """Move the first day of WHO, who is pending, to DATE. Today or earlier activates at once."""
    return MoveOnboarding(day)


@_action("offboard", _day_argument)
def _offboard(day: date) -> Command:
    """Set or move the last day of WHO to DATE."""
    return Offboard(day)


@_action("cancel-offboarding")
def _cancel_offboarding() -> Command:
    """Remove the last day of WHO, who stays."""
    return CancelOffboarding()


@_action("deactivate")
def _deactivate() -> Command:
    """Close the account of WHO now."""
    return Deactivate()


@_action("link", click.argument("external_id"))
def _link(external_id: str) -> Command:
    """Link WHO, who has no external id, to EXTERNAL_ID."""
    return Link(external_id)


COMMANDS = {"support": support_group}
