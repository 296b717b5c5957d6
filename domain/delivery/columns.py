"""Finds the fields with a value in any row of a delivery, and those that lost all values (B1)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from domain.company import Company
from domain.delivery.facts import LastDelivery
from domain.delivery.parsing import ParsedDelivery
from domain.delivery.records import Sheet, split
from domain.employee.aggregate import Employee, value_of
from domain.employee.roster import Roster
from domain.fields.cells import cell_rule, clean
from domain.fields.table import is_custom


def columns_of(parsed: ParsedDelivery, last: LastDelivery | None) -> tuple[str, ...]:
    """Returns the fields with a value in any row.

    `last` is the delivery that was applied last. Its fields are looked for in all rows, until one
    row has a value. Another field can have a value only in a row that is not recognised.
    """
    expected = frozenset(last.columns if last is not None else ())
    found: set[str] = set()
    for sheet in parsed.sheets:
        fields = {field for _, field in sheet.columns.fields}
        known = expected or fields
        found.update(_with_values(sheet, sheet.texts, fields & known, parsed.company))
        if news := fields - known - found:
            read = (row.text for row in parsed.rows if row.file == sheet.name)
            found.update(_with_values(sheet, read, news, parsed.company))
    return tuple(sorted(found))


def lost_columns(columns: Collection[str], last: LastDelivery | None) -> frozenset[str]:
    """Returns the fields with a value in the delivery that was applied last, and in no row now."""
    return frozenset(last.columns if last is not None else ()).difference(columns)


def _with_values(
    sheet: Sheet, texts: Iterable[str], fields: Collection[str], company: Company
) -> Iterator[str]:
    """Yields the fields among `fields` that have a value in any of the records `texts`."""
    wanted = {index: field for index, field in sheet.columns.fields if field in fields}
    dates = {index for index, field in wanted.items() if cell_rule(field, company).date}
    no_date = frozenset(map(clean, company.policy.no_date))
    width = sheet.columns.width
    for text in texts if wanted else ():
        cells = split(text)
        if len(cells) < width:
            continue  # it is not known which cell belongs to which column (F8)
        for index in [index for index in wanted if cells[index]]:
            cell = clean(cells[index])
            if cell and not (index in dates and cell in no_date):
                yield wanted.pop(index)
        if not wanted:
            return


def holders(roster: Roster, fields: Iterable[str]) -> dict[str, int]:
    """Returns how many employees who are not deactivated have a value in each field."""
    here = [roster.employee(entry) for entry in roster.entries if not entry.deactivated]
    return {field: sum(1 for each in here if _has_value(each, field)) for field in sorted(fields)}


def _has_value(employee: Employee, field: str) -> bool:
    value = employee.details.custom.get(field) if is_custom(field) else value_of(employee, field)
    return value is not None
