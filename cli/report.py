"""`tenure report` and `tenure template`."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing

import click

from adapters.use_cases.app import App
from cli import exit_codes, output, spreadsheet
from cli.context import check_known, customer_of, json_option, open_app, settings_of, state_option
from domain.company import Company
from domain.employee.aggregate import Employee
from domain.fields.table import MANDATORY
from projections.answers.report import cells, columns, custom_fields
from projections.answers.template import template


@click.command("report")
@click.argument("company")
@state_option
@spreadsheet.bom_option
@json_option
@click.pass_context
def report_command(
    context: click.Context, company: str, state: str | None, bom: bool, as_json: bool
) -> int:
    """Write everyone of COMPANY with every field, as a CSV that is safe to open in a spreadsheet.

    One line a person, in the order they were registered, whatever their state.
    """
    spreadsheet.check_form(not as_json, as_json, bom)
    with open_app(context) as app:
        check_known(app, company)
        customer = app.settings.customers.get(company)
        configured = customer.company if customer else None
        custom = custom_fields(configured, app.store.employees(company))
        header = columns(custom)
        # Closed at once where a reader goes away: nothing may be under way when the store closes.
        with closing(_people(app, company, custom)) as people:
            rows = (cells(each, custom) for each in people if state in (None, each.state.value))
            if as_json:
                output.print_json([dict(zip(header, row, strict=True)) for row in rows])
            else:
                spreadsheet.print_csv(header, rows, bom=bom)
    return exit_codes.DONE


@click.command("template")
@click.argument("company", required=False)
@json_option
@click.pass_context
def template_command(context: click.Context, company: str | None, as_json: bool) -> int:
    """Print the header of a delivery with every field, mandatory ones first.

    With COMPANY: under the names that it has for them, and with its custom fields.
    """
    found = template(_company(context, company))
    missing = set(MANDATORY).difference(column.field for column in found)
    if missing:
        raise exit_codes.CliError(
            f"no column of {company} can mean {', '.join(sorted(missing))}",
            f"give it a name in `fields` of {company}",
        )
    if as_json:
        output.print_json(found)
    else:
        # Not made safe for spreadsheets: a quote in front would be part of the name, and the
        # column would not be known when it comes back.
        spreadsheet.print_text(spreadsheet.line(column.column for column in found))
    return exit_codes.DONE


def _company(context: click.Context, company: str | None) -> Company | None:
    return customer_of(settings_of(context), company).company if company is not None else None


def _people(app: App, company: str, custom: tuple[str, ...]) -> Generator[Employee, None, None]:
    """Everyone; stops rather than leave out a custom field that came up since the header."""
    known = frozenset(custom)
    for employee in app.store.employees(company):
        if not known.issuperset(employee.details.custom):
            raise exit_codes.CliError(
                f"a delivery brought {company} a new custom field while this was written",
                "throw this away and ask again",
                exit_codes.UNREACHABLE,
            )
        yield employee


COMMANDS = {"report": report_command, "template": template_command}
