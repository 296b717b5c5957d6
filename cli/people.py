"""`tenure roster` and `tenure show`."""

from __future__ import annotations

from datetime import datetime

import click

from adapters.use_cases.people import find_one
from cli import exit_codes, output
from cli.context import check_known, json_option, open_app, state_option, who_argument
from cli.params import MomentType, in_the_past
from domain.fields.cells import clean
from projections.answers.person import EmployeeDocument, PersonDocument, document, person


@click.command("roster")
@click.argument("company")
@state_option
@click.option("--group", metavar="NAME", help="Only the members of this group.")
@click.option(
    "--as-of",
    type=MomentType(),
    metavar="MOMENT",
    help="The employees at this earlier moment (UTC), by when events took effect. A date means the "
    "end of its day.",
)
@json_option
@click.pass_context
def roster_command(
    context: click.Context,
    company: str,
    state: str | None,
    group: str | None,
    as_of: datetime | None,
    as_json: bool,
) -> int:
    """List the employees of COMPANY, as they are now or were at an earlier moment.

    They are listed in the order of their registration.
    """
    with open_app(context) as app:
        check_known(app, company)
        if as_of:
            advice = "--as-of is for the past. `tenure clock --dry-run --at` looks ahead."
            as_of = in_the_past(as_of, app.now(), advice)
        store = app.store
        group = clean(group) if group is not None else None
        people = [
            document(company, employee)
            for employee in (
                store.roster.as_of(company, as_of) if as_of else store.roster.employees(company)
            )
            if state in (None, employee.state.value)
            and group in (None, employee.details.group_name)
        ]
    if as_json:
        output.print_json(people)
    elif not people:
        click.echo("There are no such employees.")
    else:
        _print_roster(people)
    return exit_codes.DONE


@click.command("show")
@click.argument("company")
@who_argument
@json_option
@click.pass_context
def show_command(context: click.Context, company: str, who: str, as_json: bool) -> int:
    """Show one employee of COMPANY. WHO is an e-mail address, an external id or an id."""
    with open_app(context) as app:
        check_known(app, company)
        shown = person(company, find_one(app, company, who))
    if as_json:
        output.print_json(shown)
    else:
        _print_person(shown)
    return exit_codes.DONE


def _print_roster(people: list[EmployeeDocument]) -> None:
    output.print_table(
        (
            "STATE",
            "E-MAIL",
            "NAME",
            "EXTERNAL ID",
            "ONBOARDING",
            "OFFBOARDING",
            "GROUP",
        ),
        (
            (
                person.state.value,
                person.email,
                _name(person),
                person.external_id,
                person.onboarding_date,
                person.offboarding_date,
                person.group_name,
            )
            for person in people
        ),
    )


def _print_person(person: PersonDocument) -> None:
    import msgspec

    fields = msgspec.structs.asdict(person)
    custom, said = fields.pop("custom"), fields.pop("file")
    fields["released"] = "yes" if person.released else None
    for field, value in (fields | custom).items():
        if value is not None:
            click.echo(f"{click.style(output.text(field), bold=True)}: {output.text(value)}")
    for field, value in said.items():
        what = "is blank in the file" if value is None else f"is {output.text(value)} in the file"
        click.echo(f"  {output.text(field)} {what}")


def _name(person: EmployeeDocument) -> str:
    return " ".join(part for part in (person.first_name, person.prefix, person.last_name) if part)


COMMANDS = {"roster": roster_command, "show": show_command}
