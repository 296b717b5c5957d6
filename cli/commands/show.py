"""`tenure show`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, tzinfo

import click
import msgspec

from adapters.use_cases.moves import access_of
from adapters.use_cases.past import look_up_in
from cli import exit_codes
from cli.command import Answer
from cli.context import check_known, json_option, open_app, who_argument
from cli.names import COMPANY
from cli.past import checked, past_options, print_how_found
from cli.terminal import output
from cli.terminal.colours import OF_STATE, coloured
from cli.terminal.prose import say
from projections.answers.find import Matched
from projections.answers.past import Past
from projections.answers.person import Access, PersonDocument, person
from projections.answers.words import moment_in_words


@click.command("show", cls=Answer)
@click.argument("company", type=COMPANY)
@who_argument
@past_options
@json_option
@click.pass_context
def show_command(context: click.Context, company: str, who: str, past: Past, as_json: bool) -> int:
    """Show one employee of COMPANY. WHO is an e-mail address, an external id or an id.

    A former address is found too, if nobody has it now. The last line tells when the employee can
    log in, in UTC and in the time zone of COMPANY.
    """
    with open_app(context) as app:
        check_known(app, company)
        known = look_up_in(app, company, who, checked(past, app.now()))
        matched = Matched.FORMER_EMAIL if known.by_former else None
        shown = person(company, known.employee, matched)
        access = (
            Access() if as_json or not past.is_present else access_of(app, company, known.employee)
        )
        now, zone = app.now(), app.settings.zone_of(company)
    if as_json:
        output.print_json(shown)
    else:
        print_how_found(known, who)
        _print_person(shown)
        for line in _about(access, now, zone):
            say(line)
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


def _about(access: Access, now: datetime, zone: tzinfo) -> Iterator[str]:
    """Yields when an employee can log in, one sentence a line. The clock may be behind."""
    if access.closed is not None:
        yield f"Locked out since {moment_in_words(access.closed, zone)}."
    if access.starts is not None and (access.ends is None or access.starts <= access.ends):
        late = ", and is not activated yet" if access.starts <= now else ""
        yield f"Can log in from {moment_in_words(access.starts, zone)}{late}."
    if access.ends is not None:
        late = ", and is not locked out yet" if access.ends <= now else ""
        yield f"Can log in until {moment_in_words(access.ends, zone)}{late}."


COMMANDS = {"show": show_command}
