"""`tenure report` and `tenure template`."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing

import click

from adapters.use_cases.app import App
from adapters.use_cases.past import employees_of
from cli import exit_codes
from cli.command import Command
from cli.context import check_known, customer_of, json_option, open_app, settings_of, state_option
from cli.names import COMPANY
from cli.past import checked, past_options
from cli.terminal import output, spreadsheet
from domain.company import Company
from domain.employee.aggregate import Employee
from domain.fields.table import MANDATORY
from projections.answers.past import Past
from projections.answers.report import cells, columns, custom_fields
from projections.answers.template import template


@click.command("report", cls=Command)
@click.argument("company", type=COMPANY)
@state_option
@past_options
@spreadsheet.bom_option
@json_option
@click.pass_context
def report_command(
    context: click.Context, company: str, state: str | None, past: Past, bom: bool, as_json: bool
) -> int:
    """Print all employees of COMPANY with every field, as a CSV that is safe in a spreadsheet.

    The CSV has one line for each employee, in every state, in the order of their registration.
    """
    spreadsheet.check_form(not as_json, as_json, bom)
    with open_app(context) as app:
        check_known(app, company)
        past = checked(past, app.now())
        customer = app.settings.customers.get(company)
        configured = customer.company if customer else None
        custom = custom_fields(configured, employees_of(app, company, past))
        header = columns(custom)
        # Closed at once, also if the reader of a pipe goes away: no read may be open when the
        # store closes.
        with closing(_people(app, company, past, custom)) as people:
            rows = (cells(each, custom) for each in people if state in (None, each.state.value))
            if as_json:
                output.print_json([dict(zip(header, row, strict=True)) for row in rows])
            else:
                spreadsheet.print_csv(header, rows, bom=bom)
    return exit_codes.DONE


@click.command("template", cls=Command)
@click.argument("company", type=COMPANY, required=False)
@json_option
@click.pass_context
def template_command(context: click.Context, company: str | None, as_json: bool) -> int:
    """Print the header of a delivery with every field, mandatory ones first.

    With COMPANY, fields have the names that the company uses, and its custom fields follow.
    """
    template_columns = template(_company(context, company))
    missing = set(MANDATORY).difference(column.field for column in template_columns)
    if missing:
        raise exit_codes.CliError(
            f"no column of {company} can mean {', '.join(sorted(missing))}",
            f"give it a name in `fields` of {company}",
        )
    if as_json:
        output.print_json(template_columns)
    else:
        # Not made safe for spreadsheets: a `'` in front would become part of the name, and the
        # column would be unknown in the next delivery.
        spreadsheet.print_text(spreadsheet.line(column.column for column in template_columns))
    return exit_codes.DONE


def _company(context: click.Context, company: str | None) -> Company | None:
    return customer_of(settings_of(context), company).company if company is not None else None


def _people(
    app: App, company: str, past: Past, custom: tuple[str, ...]
) -> Generator[Employee, None, None]:
    """Yields all employees. Raises `CliError` for a custom field that the header does not have."""
    known = frozenset(custom)
    for employee in employees_of(app, company, past):
        if not known.issuperset(employee.details.custom):
            raise exit_codes.CliError(
                f"a delivery added a new custom field to {company} while this report was printed",
                "delete the incomplete report, and run the command again",
                exit_codes.UNREACHABLE,
            )
        yield employee


COMMANDS = {"report": report_command, "template": template_command}
