"""Reads the file of `tenure support … --from`: many employees, one a line (S13)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import click

from cli.commands.support_actions import Action, Argument
from cli.csv_file import explaining, read_csv_file
from cli.exit_codes import CliError
from domain.delivery.csv_table import TableLine, read_table

_WHO = "who"


class Line(NamedTuple):
    """An employee that an action is for, and the values of the action.

    `number` is the line of the file, or `None` for an employee of the command line.
    """

    number: int | None
    who: str
    values: dict[str, Any]


def read_people(path: str, action: Action, context: click.Context) -> list[Line]:
    """Returns the lines of a file of people. Raises `CliError` or `click.UsageError`."""
    with explaining(path):
        table = read_table(read_csv_file(path).data or b"")
    names = {name: _name_of(name, action) for name in table.header}
    _check_header(list(names.values()), action, path)
    if not table.lines:
        raise CliError(f"{path} names nobody", "write one employee a line, below the header")
    renamed = (
        TableLine(line.number, {names[name]: cell for name, cell in line.cells.items()})
        for line in table.lines
    )
    return [_line(line, action, context, path) for line in renamed]


def _name_of(column: str, action: Action) -> str:
    """Returns the name of the argument that a column is for, or else the name of the column."""
    written = column.lower()
    for argument in _columns(action):
        if written == argument.name or written in argument.aliases:
            return argument.name
    return _WHO if written in (_WHO, action.who.lower()) else column


def _check_header(header: Sequence[str], action: Action, path: str) -> None:
    """Raises `CliError` if the columns are not those of the action."""
    columns = [
        each for each in action.arguments if (each.required or each.column) and not each.many
    ]
    needed = [_WHO, *(each.name for each in columns)]
    known = {_WHO, *(each.name for each in _columns(action))}
    free = any(each.many for each in action.arguments)
    listed = ", ".join([_WHO, *(each.name for each in _columns(action))])
    hint = f"the columns are {listed}" + (", and one for each field" if free else "")
    missing = [name for name in needed if name not in header]
    if missing:
        raise CliError(f"{path} lacks the column {missing[0]}", hint)
    unknown = [] if free else [name for name in header if name not in known]
    if len(set(header)) < len(header):
        raise CliError(f"{path} has two columns for one value", hint)
    if unknown:
        raise CliError(f"{path} has a column {unknown[0]!r}, which means nothing here", hint)


def _columns(action: Action) -> list[Argument]:
    return [each for each in action.arguments if not each.many and not each.is_flag]


def _line(line: TableLine, action: Action, context: click.Context, path: str) -> Line:
    number, cells = line.number, dict(line.cells)
    who = cells.pop(_WHO).strip()
    if not who:
        raise CliError(f"{path}, line {number}: `who` is blank", "name an employee")
    many = next((each for each in action.arguments if each.many), None)
    if many is not None:
        # A blank leaves the value as it is: a list for many people may be about few values of each.
        pairs = tuple(f"{field}={text}" for field, text in cells.items() if text.strip())
        return Line(number, who, {many.name: pairs})
    values = {}
    for argument in _columns(action):
        text = cells.get(argument.name, "").strip()
        if text:
            try:
                values[argument.name] = argument.type.convert(text, None, context)
            except click.BadParameter as error:
                problem = f"{path}, line {number}: {error.message.rstrip('.')}"
                raise CliError(problem, "correct this line; nothing was changed") from error
        elif argument.required:
            raise CliError(f"{path}, line {number}: {argument.name} is blank", "fill it in")
    return Line(number, who, values)
