"""`tenure find`: people by what is known of them."""

from __future__ import annotations

import re
from typing import Any

import click

from adapters.use_cases.people import search
from cli import exit_codes
from cli.command import Answer
from cli.context import check_known, json_option, open_app
from cli.names import COMPANY
from cli.terminal import output
from cli.terminal.people import EMAIL, EXTERNAL_ID, NAME, STATE
from cli.terminal.prose import say
from cli.terminal.table import Column, Counted, among_companies, print_table
from cli.terminal.view import View, view_options

_COMPANY: Column[Any] = Column("company", "COMPANY", lambda each: each.company, 3, 8)
_MATCHED: Column[Any] = Column(
    "matched", "MATCHED", lambda each: re.sub("[_-]", " ", each.matched.value), 4
)
_FOUND = (_COMPANY, STATE, NAME, EMAIL, EXTERNAL_ID, _MATCHED)


@click.command("find", cls=Answer)
@click.argument("words", nargs=-1, required=True)
@click.option("--company", type=COMPANY, metavar="COMPANY", help="Only people of this company.")
@view_options(_FOUND, rows="people")
@json_option
@click.pass_context
def find_command(
    context: click.Context,
    words: tuple[str, ...],
    company: str | None,
    view: View,
    as_json: bool,
) -> int:
    """Find people by name, present or former address, external id or id, in all companies.

    Names are compared without case, accents and words like `van der`. All WORDS must fit, and the
    beginning of a name is enough.
    """
    with open_app(context) as app:
        if company is not None:
            check_known(app, company)
        found = search(app, words, company)
    shown = view.rows_of(_FOUND, found)
    if as_json:
        output.print_json(shown)
    elif not found:
        say("Nobody is found.")
    else:
        print_table(
            among_companies(view.columns_of(_FOUND), company), shown, Counted(len(found), "people")
        )
    return exit_codes.DONE


COMMANDS = {"find": find_command}
