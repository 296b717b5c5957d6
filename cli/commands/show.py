"""`tenure show`."""

from __future__ import annotations

import click
import msgspec

from adapters.use_cases.past import look_up_in
from cli import exit_codes
from cli.command import Answer
from cli.context import check_known, json_option, open_app, who_argument
from cli.past import checked, past_options, print_how_found
from cli.terminal import output
from projections.answers.find import Matched
from projections.answers.past import Past
from projections.answers.person import PersonDocument, person


@click.command("show", cls=Answer)
@click.argument("company")
@who_argument
@past_options
@json_option
@click.pass_context
def show_command(context: click.Context, company: str, who: str, past: Past, as_json: bool) -> int:
    """Show one employee of COMPANY. WHO is an e-mail address, an external id or an id.

    A former address is found too, if nobody has it now.
    """
    with open_app(context) as app:
        check_known(app, company)
        known = look_up_in(app, company, who, checked(past, app.now()))
        matched = Matched.FORMER_EMAIL if known.by_former else None
        shown = person(company, known.employee, matched)
    if as_json:
        output.print_json(shown)
    else:
        print_how_found(known, who)
        _print_person(shown)
    return exit_codes.DONE


def _print_person(person: PersonDocument) -> None:
    fields = msgspec.structs.asdict(person)
    custom, said = fields.pop("custom"), fields.pop("file")
    fields["released"] = "yes" if person.released else None
    del fields["matched"]
    for field, value in (fields | custom).items():
        if value is not None:
            click.echo(f"{click.style(output.text(field), bold=True)}: {output.text(value)}")
    for field, value in said.items():
        what = "is blank in the file" if value is None else f"is {output.text(value)} in the file"
        click.echo(f"  {output.text(field)} {what}")


COMMANDS = {"show": show_command}
