"""`tenure support`: what support staff may do for one employee (S1-S6)."""

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
    """Do what a file cannot, for one employee of COMPANY.

    WHO is an e-mail address, an external id or an id. A file that repeats itself undoes none of
    this. Each action is a run, and the history tells by whom and why.
    """


def _tell(app: App, run: RunDocument, who: str) -> None:
    """What the action did, to whom, and where they stand now."""
    for entry in audit(app, run.company, Question(run=run.run)):
        print_entry(entry, with_employee=True)
    if run.outcome is Outcome.UNCHANGED:
        employee = find_one(app, run.company, who)
        click.echo(f"  it holds already: employee {employee.id} is {employee.state.value}")


def _action(name: str, *parameters: Callable[[Any], Any]) -> Callable[[Any], click.Command]:
    """Makes a command of a function that says, from `parameters`, what is asked for."""

    def make(ask: Callable[..., Command]) -> click.Command:
        def run(
            context: click.Context,
            company: str,
            who: str,
            by: str,
            reason: str,
            as_json: bool,
            **told: Any,
        ) -> int:
            with open_app(context) as app:
                customer = customer_of(app.settings, company)
                done = support(app, customer, who, ask(**told), by, reason)
                output.answer_run(done, as_json)
                if not as_json:
                    _tell(app, done, who)
            return exit_codes.of_run(done)

        run.__doc__ = ask.__doc__
        company = click.argument("company")
        options = (asked_by_option, reason_option, json_option, click.pass_context)
        shape = (support_group.command(name), company, who_argument, *parameters, *options)
        command = reduce(lambda made, decorate: decorate(made), reversed(shape), run)
        assert isinstance(command, click.Command)  # noqa: S101
        return command

    return make


_day_argument = click.argument("day", metavar="DATE", type=DateType())


@_action("change-email", click.argument("new"))
def _change_email(new: str) -> Command:
    """Reach WHO at the e-mail address NEW."""
    return ChangeEmail(new)


@_action(
    "reactivate",
    click.option(
        "--offboarding-date",
        type=DateType(),
        metavar="DATE",
        help="Their last day if they leave again; without it, a future one is kept.",
    ),
)
def _reactivate(offboarding_date: date | None) -> Command:
    """Bring WHO back, who was deactivated."""
    return Reactivate(offboarding_date)


@_action("move-onboarding", _day_argument)
def _move_onboarding(day: date) -> Command:
    """Let WHO, who is pending, start on DATE. Today or earlier means at once."""
    return MoveOnboarding(day)


@_action("offboard", _day_argument)
def _offboard(day: date) -> Command:
    """Schedule or move the last day of WHO to DATE."""
    return Offboard(day)


@_action("cancel-offboarding")
def _cancel_offboarding() -> Command:
    """Take back the last day of WHO, who stays."""
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
