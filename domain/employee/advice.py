"""The commands of support that messages name, complete with their values."""

from __future__ import annotations

import shlex

from domain.context import DecisionContext
from domain.employee.aggregate import Employee
from domain.employee.statement import Statement


def support_command(action: str, employee: Employee, context: DecisionContext, *values: str) -> str:
    """Returns the command that support uses for an employee, in backticks, ready to be copied."""
    return command_for(action, context.company.key, employee.email, *values)


def command_for(action: str, company: str, *words: str) -> str:
    """Returns a command of support for a company, in backticks, ready to be copied.

    `--by` and `--reason` are left out: support knows them.
    """
    return f"`{shlex.join(('tenure', 'support', action, company, *words))}`"


def reference_to(employee: Employee, said: Statement) -> str:
    """Returns what support names the employee by, also after the statement has been applied.

    Only a row with the external id of the employee changes the address.
    """
    if employee.external_id is None or said.address in employee.addresses:
        return employee.email
    return employee.external_id


def rehire_command(
    employee: Employee, said: Statement, context: DecisionContext, *options: str
) -> str:
    """Returns the command that lets a deactivated employee start again (S8).

    The first day is the one of the statement, or today if the statement has no new one.
    """
    first_day = said.onboarding_date
    if first_day in (None, employee.onboarding_date, employee.file_onboarding_date):
        first_day = context.today
    return support_command("rehire", employee, context, str(first_day), *options)
