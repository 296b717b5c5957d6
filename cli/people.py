"""`tenure roster`, `tenure show` and `tenure history`."""

from __future__ import annotations

import click

from adapters.service.run import Shell
from cli import exits, output
from cli.context import customer_of, json_option, open_shell
from domain.employee import Employee
from domain.events import State
from domain.row import clean
from projections.history import HistoryEntry, tell
from projections.roster import EmployeeDocument, document

who_argument = click.argument("who")


@click.command("roster")
@click.argument("company")
@click.option("--state", type=click.Choice([state.value for state in State]), help="Only these.")
@click.option("--group", metavar="NAME", help="Only the members of this group.")
@json_option
@click.pass_context
def roster_command(
    context: click.Context, company: str, state: str | None, group: str | None, as_json: bool
) -> int:
    """List the employees of COMPANY as they are now, in the order they were registered."""
    with open_shell(context) as shell:
        customer_of(shell.settings, company)
        group = clean(group) if group is not None else None
        people = [
            document(company, employee)
            for employee in shell.store.employees(company)
            if state in (None, employee.state.value)
            and group in (None, employee.details.group_name)
        ]
    if as_json:
        output.print_json(people)
    elif not people:
        click.echo("Nobody.")
    else:
        _print_roster(people)
    return exits.DONE


@click.command("show")
@click.argument("company")
@who_argument
@json_option
@click.pass_context
def show_command(context: click.Context, company: str, who: str, as_json: bool) -> int:
    """Show one employee of COMPANY. WHO is an e-mail address, an external id or an id."""
    with open_shell(context) as shell:
        person = document(company, _find(shell, company, who))
    if as_json:
        output.print_json(person)
    else:
        _print_person(person)
    return exits.DONE


@click.command("history")
@click.argument("company")
@who_argument
@json_option
@click.pass_context
def history_command(context: click.Context, company: str, who: str, as_json: bool) -> int:
    """Tell what happened to one employee of COMPANY: when, why, by whom, and what said so.

    WHO is an e-mail address, an external id or an id.
    """
    with open_shell(context) as shell:
        events = shell.store.events(_find(shell, company, who).id)
        entries = list(tell(events, shell.store.runs_of(events)))
    if as_json:
        output.print_json(entries)
    else:
        _print_history(entries)
    return exits.DONE


def _find(shell: Shell, company: str, who: str) -> Employee:
    customer_of(shell.settings, company)
    found = shell.store.find(company, who)
    if len(found) == 1:
        return found[0]
    if found:
        raise exits.Trouble(f"{len(found)} employees of {company} answer to that", "name one by id")
    raise exits.Trouble(
        f"nobody in {company} has that e-mail address, external id or id",
        f"`tenure roster {company}` lists everyone",
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
                _name(person),
                person.external_id,
                person.onboarding_date,
                person.offboarding_date,
                person.group_name,
            )
            for person in people
        ),
    )


def _print_person(person: EmployeeDocument) -> None:
    import msgspec

    fields = msgspec.structs.asdict(person)
    custom = fields.pop("custom")
    for field, value in (fields | custom).items():
        if value is not None:
            click.echo(f"{click.style(output.text(field), bold=True)}: {output.text(value)}")


def _print_history(entries: list[HistoryEntry]) -> None:
    for entry in entries:
        click.echo(f"{click.style(entry.kind, bold=True)} at {output.text(entry.effective)} UTC")
        if entry.recorded != entry.effective:
            click.echo(f"  recorded at {output.text(entry.recorded)} UTC")
        click.echo(f"  by {output.text(entry.by)} in run {entry.run}")
        if entry.reason:
            click.echo(f"  because {output.text(entry.reason)}")
        if entry.file:
            click.echo(f"  said by {output.text(entry.file)}, line {entry.line}")
        if entry.changes:
            click.echo(f"  {output.changes(entry.changes)}")


def _name(person: EmployeeDocument) -> str:
    return " ".join(part for part in (person.first_name, person.prefix, person.last_name) if part)


COMMANDS = {"roster": roster_command, "show": show_command, "history": history_command}
