"""`tenure why`: from a present value back to the cell, or to the person and the reason."""

from __future__ import annotations

from collections.abc import Sequence

import click

from adapters.use_cases.why import UnknownField, why
from cli import exit_codes
from cli.command import Answer
from cli.context import check_known, json_option, open_app, who_argument
from cli.names import COMPANY
from cli.past import former_address
from cli.terminal import output, run_text
from cli.terminal.colours import OF_STATE, coloured
from cli.terminal.people import name_of
from cli.terminal.prose import say
from cli.terminal.story import print_line
from domain.fields.table import NAMES
from domain.ids import short_run_id
from projections.answers.issues import OpenIssueDocument
from projections.answers.why import WhyDocument
from projections.answers.why_delivery import DeliveryDocument
from projections.answers.why_values import ValueDocument
from projections.answers.words import in_words, quoted

_DATES_OF_ACCESS = ("onboarding_date", "offboarding_date")
_LISTED = 3
"""Earlier values and issues that are listed: the answer has to fit on one screen."""


@click.command("why", cls=Answer)
@click.argument("company", type=COMPANY)
@who_argument
@click.argument("field", required=False)
@json_option
@click.pass_context
def why_command(
    context: click.Context, company: str, who: str, field: str | None, as_json: bool
) -> int:
    """Tell why a person of COMPANY can log in or cannot, or where the value of FIELD comes from.

    The answer goes back to the event, the run, and the line and column of the file, or to the
    person who decided it. It says what the last delivery did about the person, too. WHO is an
    e-mail address, also a former one, an external id or an id. FIELD is a field, such as last_name,
    or the company's name for its column.
    """
    with open_app(context) as app:
        check_known(app, company)
        try:
            answer = why(app, company, who, field)
        except UnknownField as unknown:
            hint = f"name one of {', '.join(NAMES)}, or a custom field"
            raise exit_codes.CliError(str(unknown), hint) from None
    if as_json:
        output.print_json(answer)
    else:
        _print(answer, who)
    return exit_codes.DONE


def _print(answer: WhyDocument, who: str) -> None:
    person = answer.employee
    if person is None:
        say(f"Nobody in {answer.company} has an account with {output.text(who)}")
    else:
        email = output.text(person.email)
        if answer.merged_from is not None:
            say(f"{output.text(who)} is an account that ended in favour of {email}")
        elif answer.matched is not None:
            say(former_address(who, person.email))
        name = click.style(output.text(name_of(person)), bold=True)
        number = f", external id {output.text(person.external_id)}" if person.external_id else ""
        state = coloured(person.state.value, OF_STATE[person.state])
        say(f"{name} <{email}>{number}: {state}")
    if answer.access is not None and answer.field in (None, *_DATES_OF_ACCESS):
        say(answer.access.message)
        if answer.access.origin is not None and answer.field is None:
            print_line(answer.access.origin.line_of_story, indent=2)
    for value in answer.values:
        _print_value(value, in_full=answer.field is not None)
    _print_delivery(answer.delivery)


def _print_value(value: ValueDocument, *, in_full: bool) -> None:
    """Prints a value and the event that set it. With `in_full`, the earlier values too."""
    known = "blank" if value.value is None else quoted(value.field, value.value)
    before = "" if value.before is None else f" (before: {quoted(value.field, value.before)})"
    name = click.style(in_words(value.field).capitalize(), bold=True)
    say(f"{name}: {output.text(known + before)}")
    if value.origin is None:
        say("Nobody has set it so far.", indent=2)
    else:
        print_line(value.origin.line_of_story, indent=2)
    if not in_full:
        return
    for earlier in value.earlier[:_LISTED]:
        print_line(earlier.origin.line_of_story, indent=2)
    if len(value.earlier) > _LISTED:
        say(f"and {len(value.earlier) - _LISTED} earlier ones: `tenure history` has them", indent=2)
    listed = [each.origin for each in value.earlier]
    file = value.file.origin if value.file is not None else None
    if file is not None and file not in listed:
        say("What the file says instead:")
        print_line(file.line_of_story, indent=2)


def _print_delivery(delivery: DeliveryDocument) -> None:
    say(f"{click.style('Last delivery', bold=True)}: {_last_delivery(delivery)}")
    for message in delivery.messages:
        say(output.text(message), indent=2)
    for ignored in delivery.ignored:
        say(output.text(ignored.message), indent=2)
    _print_issues(delivery.issues)


def _last_delivery(delivery: DeliveryDocument) -> str:
    if delivery.run is None or delivery.outcome is None:
        return "none"
    newest = max(delivery.files, key=lambda file: file.modified, default=None)
    file = f"{newest.name} of {newest.modified:%Y-%m-%d %H:%M} UTC, " if newest else ""
    return output.text(f"{file}{delivery.outcome.value}, `tenure run {short_run_id(delivery.run)}`")


def _print_issues(issues: Sequence[OpenIssueDocument]) -> None:
    for issue in issues[:_LISTED]:
        run_text.print_issue(issue)
    if len(issues) > _LISTED:
        say(f"and {len(issues) - _LISTED} more: `tenure issues` lists them", indent=2)


COMMANDS = {"why": why_command}
