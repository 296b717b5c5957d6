"""`tenure history`: what happened to one employee."""

from __future__ import annotations

import click

from adapters.use_cases.history import history_of, other_accounts
from adapters.use_cases.past import look_up_in
from cli import exit_codes
from cli.command import Answer
from cli.context import check_known, json_option, open_app, who_argument
from cli.names import COMPANY
from cli.past import checked, past_options, print_how_found
from cli.terminal import output
from cli.terminal.story import details_option, print_entry, print_happening
from projections.answers.past import Past


@click.command("history", cls=Answer)
@click.argument("company", type=COMPANY)
@who_argument
@details_option
@past_options
@json_option
@click.pass_context
def history_command(
    context: click.Context, company: str, who: str, details: bool, past: Past, as_json: bool
) -> int:
    """Tell everything that happened to one employee of COMPANY, one line for each event.

    WHO is an e-mail address, an external id or an id. The events of accounts that were merged into
    this one are told too. A former address is found too, if nobody has it now.
    """
    with open_app(context) as app:
        check_known(app, company)
        past = checked(past, app.now())
        known = look_up_in(app, company, who, past)
        happenings = history_of(app, known.employee, past)
        people = other_accounts(app, company, happenings)
        zone = app.settings.zone_of(company)
    if as_json:
        output.print_json([happening.entry for happening in happenings])
        return exit_codes.DONE
    print_how_found(known, who)
    merged = len({happening.entry.employee for happening in happenings}) > 1
    for happening in happenings:
        if details:
            print_entry(happening.entry, with_employee=merged)
        else:
            print_happening(happening, people, zone=zone, with_person=merged)
    return exit_codes.DONE


COMMANDS = {"history": history_command}
