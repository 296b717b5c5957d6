"""`tenure support`: what support staff can do for employees (S1-S11, S13)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any
from uuid import UUID

import click

from adapters.use_cases.app import App
from adapters.use_cases.audit import audit
from adapters.use_cases.errors import NobodyFound
from adapters.use_cases.history import other_accounts
from adapters.use_cases.people import find_one
from adapters.use_cases.planned_run import PlannedRun
from adapters.use_cases.support import rehearse_support, support
from cli import exit_codes
from cli.command import ArgumentUnless, Group
from cli.commands.people_file import Line, read_people
from cli.commands.support_actions import ACTIONS, Action
from cli.context import (
    asked_by_option,
    customer_of,
    dry_run_option,
    json_option,
    open_app,
    reason_option,
)
from cli.names import COMPANY, WHO
from cli.terminal import output, run_text
from cli.terminal.prose import say
from cli.terminal.question import agreed_run, ask_about, may_ask, yes_option
from cli.terminal.story import print_happening, print_planned
from domain.employee.rejection import CommandRejected, RequestsRejected
from domain.employee.support import Request
from domain.issues.issue import LISTED_LINES
from domain.outcome import Outcome
from projections.answers.audit import Question
from projections.answers.story import called
from projections.runs import RunDocument


@click.group("support", cls=Group)
def support_group() -> None:
    """Do for employees of COMPANY what a file cannot do.

    WHO is an e-mail address, an external id or an id. A file that repeats its old values does not
    undo the action. Each action is a run, and the history shows its author and its reason. With
    --from, one run does it for all employees of a file, or for none of them.
    """


_from_option = click.option(
    "--from",
    "people",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False),
    help="A CSV file with the column `who`, and one for each argument, instead of WHO.",
)


def _command(action: Action) -> click.Command:
    """Returns the CLI command of an action."""

    def run(
        context: click.Context,
        company: str,
        who: str | None,
        people: str | None,
        dry_run: bool,
        yes: bool,
        by: str,
        reason: str,
        as_json: bool,
        **values: Any,
    ) -> int:
        lines = _asked(context, action, who, values, people)
        with open_app(context) as app:
            customer = customer_of(app.settings, company)
            requests = _requests(app, company, action, lines)
            try:
                if dry_run:
                    planned = rehearse_support(app, customer, requests, by, reason).planned
                    _answer_planned(app, planned, as_json)
                    return exit_codes.of_run(planned.document)
                if may_ask(yes):
                    done = agreed_run(
                        lambda: rehearse_support(app, customer, requests, by, reason),
                        lambda it: ask_about(
                            company, it.foreseen, it.planned.document.issues, action.question
                        ),
                        lambda agreed: support(app, customer, requests, by, reason, agreed),
                    )
                else:
                    done = support(app, customer, requests, by, reason)
            except RequestsRejected as rejected:
                raise _explained(rejected, lines) from None
            run_text.answer_run(done, as_json)
            if not as_json:
                _print_result(app, done, lines)
        return exit_codes.of_run(done)

    run.__doc__ = action.help
    decorators = (
        support_group.command(action.name),
        click.argument("company", type=COMPANY),
        click.argument("who", cls=ArgumentUnless, unless="people", type=WHO, metavar=action.who),
        *(argument.decorator for argument in action.arguments),
        _from_option,
        dry_run_option,
        yes_option,
        asked_by_option,
        reason_option,
        json_option,
        click.pass_context,
    )
    command = reduce(lambda made, decorate: decorate(made), reversed(decorators), run)
    assert isinstance(command, click.Command)  # noqa: S101
    return command


def _asked(
    context: click.Context,
    action: Action,
    who: str | None,
    values: Mapping[str, Any],
    people: str | None,
) -> list[Line]:
    """Returns the employees that the command is for, with their values: one, or those of a file."""
    given = {name: value for name, value in values.items() if value not in (None, (), False)}
    if people is not None:
        if who is not None or given:
            raise click.UsageError("Give either WHO and its arguments, or --from.")
        return read_people(people, action, context)
    assert who is not None  # noqa: S101
    action.check(given)
    return [Line(None, who, given)]


def _requests(app: App, company: str, action: Action, lines: list[Line]) -> list[Request]:
    """Returns the requests of `lines`. Raises `CliError` that names lines with nobody in them."""

    def find(identifier: str) -> UUID:
        return find_one(app, company, identifier).id

    requests, problems = [], {}
    for number, line in enumerate(lines):
        try:
            request = Request(find(line.who), action.command_of(find, line.values))
            requests.append(request)
        except NobodyFound as error:
            if line.number is None:
                raise
            problems[number] = str(error)
    if problems:
        raise _listed(
            problems, lines, f"correct the file; `tenure roster {company}` lists everyone"
        )
    return requests


def _explained(rejected: RequestsRejected, lines: list[Line]) -> Exception:
    """Returns the error about requests that cannot be carried out."""
    first: CommandRejected = next(iter(rejected.rejected.values()))
    if lines[0].number is None:
        return first
    problems = {number: str(each) for number, each in rejected.rejected.items()}
    return _listed(problems, lines, first.hint)


def _listed(problems: Mapping[int, str], lines: list[Line], hint: str) -> exit_codes.CliError:
    """Returns the error that lists what is wrong in which lines of a file, ten at most (W12)."""
    listed = [f"line {lines[number].number}: {what}" for number, what in problems.items()]
    more = len(listed) - LISTED_LINES
    listed = listed[:LISTED_LINES] + ([f"and {more} more lines"] if more > 0 else [])
    return exit_codes.CliError(f"nothing was changed; {'; '.join(listed)}", hint)


def _print_result(app: App, run: RunDocument, lines: list[Line]) -> None:
    """Prints the events of the run, or the employee's state if it changed nothing."""
    happenings = list(audit(app, run.company, Question(run=run.run)))
    people = other_accounts(app, run.company, happenings)
    zone = app.settings.zone_of(run.company)
    for happening in happenings:
        print_happening(happening, people, zone=zone, with_person=True)
    if run.outcome is Outcome.UNCHANGED:
        for line in lines:
            employee = find_one(app, run.company, line.who)
            who = output.text(called(employee))
            say(f"nothing to do: {who} is {employee.state.value}", indent=2)


def _answer_planned(app: App, planned: PlannedRun, as_json: bool) -> None:
    run_text.answer_run(planned.document, as_json)
    if not as_json:
        people = other_accounts(app, planned.document.company, planned.happenings)
        zone = app.settings.zone_of(planned.document.company)
        print_planned(planned.happenings, people, zone)


for _action in ACTIONS:
    _command(_action)

COMMANDS = {"support": support_group}
