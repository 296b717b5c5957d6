"""`tenure roster` and `tenure show`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import click
import msgspec

from adapters.use_cases.people import look_up
from adapters.use_cases.standing import absentees
from cli import exit_codes
from cli.context import check_known, json_option, open_app, state_option, who_argument
from cli.params import MomentType, in_the_past
from cli.terminal import output
from domain.fields.cells import clean
from projections.answers.find import Matched
from projections.answers.person import EmployeeDocument, PersonDocument, document, person

_SORTED = (
    "name",
    "email",
    "external_id",
    "state",
    "onboarding_date",
    "offboarding_date",
    "group_name",
)
"""What a roster can be sorted by: the name, or a field."""


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
@click.option(
    "--absent",
    is_flag=True,
    help="Only those who are here, and absent from the last full delivery.",
)
@click.option(
    "--sort",
    type=click.Choice(_SORTED),
    metavar="FIELD",
    help=f"Sort by {', '.join(_SORTED)}. Blanks come last. Default: the order of registration.",
)
@click.option("--limit", type=click.IntRange(min=1), help="The number of employees to list.")
@json_option
@click.pass_context
def roster_command(
    context: click.Context,
    company: str,
    state: str | None,
    group: str | None,
    as_of: datetime | None,
    absent: bool,
    sort: str | None,
    limit: int | None,
    as_json: bool,
) -> int:
    """List the employees of COMPANY, as they are now or were at an earlier moment.

    They are listed in the order of their registration, unless --sort gives another one.
    """
    if absent and as_of:
        raise click.UsageError("--absent is about the last delivery, so it has no --as-of.")
    with open_app(context) as app:
        check_known(app, company)
        if as_of:
            advice = "--as-of is for the past. `tenure clock --dry-run --at` looks ahead."
            as_of = in_the_past(as_of, app.now(), advice)
        store = app.store
        group = clean(group) if group is not None else None
        found: Iterable[EmployeeDocument]
        if absent:
            found = absentees(app, company)
        else:
            employees = store.roster.as_of(company, as_of) if as_of else None
            found = (
                document(company, employee)
                for employee in employees or store.roster.employees(company)
            )
        people = [
            each
            for each in found
            if state in (None, each.state.value) and group in (None, each.group_name)
        ]
    if sort is not None:
        people.sort(key=lambda each: _sort_key(each, sort))
    people = people[:limit]
    if as_json:
        output.print_json(people)
    elif not people:
        click.echo("There are no such employees.")
    elif absent:
        _print_absent(people)
    else:
        _print_roster(people)
    return exit_codes.DONE


@click.command("show")
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
            click.echo(f"{output.text(who)} is a former address of {output.text(shown.email)}")
        _print_person(shown)
    return exit_codes.DONE


def _sort_key(person: EmployeeDocument, sort: str) -> tuple[bool, str]:
    """Returns the key by which a person is sorted: blanks come last."""
    if sort == "name":
        return (False, f"{person.last_name} {person.first_name}".casefold())
    value = getattr(person, sort)
    return (value is None, str(value).casefold())


def _print_absent(people: list[EmployeeDocument]) -> None:
    output.print_table(
        ("ABSENT SINCE", "DELIVERIES", "STATE", "E-MAIL", "NAME", "EXTERNAL ID", "OFFBOARDING"),
        (
            (
                each.absent_since.date(),
                each.absent_deliveries,
                each.state.value,
                each.email,
                name_of(each),
                each.external_id,
                each.offboarding_date,
            )
            for each in people
        ),
    )


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
                name_of(person),
                person.external_id,
                person.onboarding_date,
                person.offboarding_date,
                person.group_name,
            )
            for person in people
        ),
    )


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


def name_of(person: EmployeeDocument) -> str:
    """Returns the whole name of a person."""
    return " ".join(part for part in (person.first_name, person.prefix, person.last_name) if part)


COMMANDS = {"roster": roster_command, "show": show_command}
