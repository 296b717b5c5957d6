"""`tenure find`: people by what is known of them."""

from __future__ import annotations

import click

from adapters.use_cases.people import search
from cli import exit_codes
from cli.commands.people import name_of
from cli.context import check_known, json_option, open_app
from cli.terminal import output


@click.command("find")
@click.argument("words", nargs=-1, required=True)
@click.option("--company", metavar="COMPANY", help="Only people of this company.")
@json_option
@click.pass_context
def find_command(
    context: click.Context, words: tuple[str, ...], company: str | None, as_json: bool
) -> int:
    """Find people by name, present or former address, external id or id, in all companies.

    Names are compared without case, accents and words like `van der`. All WORDS must fit, and the
    beginning of a name is enough.
    """
    with open_app(context) as app:
        if company is not None:
            check_known(app, company)
        found = search(app, words, company)
    if as_json:
        output.print_json(found)
    elif not found:
        click.echo("Nobody is found.")
    else:
        output.print_table(
            ("COMPANY", "STATE", "NAME", "E-MAIL", "EXTERNAL ID", "MATCHED"),
            (
                (
                    each.company,
                    each.state.value,
                    name_of(each),
                    each.email,
                    each.external_id,
                    each.matched.value.replace("_", " "),
                )
                for each in found
            ),
        )
    return exit_codes.DONE


COMMANDS = {"find": find_command}
