"""`tenure show`."""

from __future__ import annotations

import click
import msgspec

from adapters.use_cases.people import look_up
from cli import exit_codes
from cli.command import Answer
from cli.context import check_known, json_option, open_app, who_argument
from cli.terminal import output
from cli.terminal.colours import OF_STATE, coloured
from cli.terminal.prose import say
from projections.answers.find import Matched
from projections.answers.person import PersonDocument, person


@click.command("show", cls=Answer)
@click.argument("company")
@who_argument
@json_option
@click.pass_context
def show_command(context: click.Context, company: str, who: str, as_json: bool) -> int:
    """Show one employee of COMPANY. WHO is an e-mail address, an external id or an id.

    A former address is found too, if nobody has it now.
    """
    with open_app(context) as app:
        check_known(app, company)
        known = look_up(app, company, who)
        matched = Matched.FORMER_EMAIL if known.by_former else None
        shown = person(company, known.employee, matched)
    if as_json:
        output.print_json(shown)
    else:
        if shown.matched is not None:
            say(f"{output.text(who)} is a former address of {output.text(shown.email)}")
        _print_person(shown)
    return exit_codes.DONE


def _print_person(person: PersonDocument) -> None:
    fields = msgspec.structs.asdict(person)
    custom, said = fields.pop("custom"), fields.pop("file")
    fields["released"] = "yes" if person.released else None
    del fields["matched"]
    for field, value in (fields | custom).items():
        if value is not None:
            colour = OF_STATE[person.state] if field == "state" else None
            label = click.style(output.text(field), bold=True)
            say(f"{label}: {coloured(output.text(value), colour)}")
    for field, value in said.items():
        what = "is blank in the file" if value is None else f"is {output.text(value)} in the file"
        say(f"{output.text(field)} {what}", indent=2)


COMMANDS = {"show": show_command}
