"""The decision to correct details of an employee (S7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from domain.company import Company
from domain.employee.aggregate import Employee
from domain.employee.events import DetailsCorrected, EmployeeEvent
from domain.employee.rejection import CommandRejected
from domain.fields.cells import cell_rule, clean, problem_of
from domain.fields.details import DETAIL_NAMES, Value, change_to, difference
from domain.fields.nearest import NearestNames
from domain.fields.table import FIELD_OF, is_custom

_ADVICE = {
    "too-long": "write a shorter value",
    "bad-text": "write plain text on one line, without invisible characters",
    "missing-value": "write a value that can be seen",
    "bad-date": "write a calendar date from 1900 to 2199, like 2027-03-31",
    "bad-decimal": "write a number with a dot, like 123456.71",
    "bad-integer": "write digits only",
    "unknown-language": "write en, nl or de",
    "unknown-group": "write the name exactly as the company's `groups` have it{nearest}",
}
"""What support has to do, by the code of the issue that the value would cause in a file.

The sentence of the issue is for HR: it is about rows, and quotes the value.
"""


def correct(
    employee: Employee, values: Iterable[tuple[str, str]], company: Company
) -> Iterator[EmployeeEvent]:
    """Yields the event that corrects details to `values`: pairs of a field and its text."""
    corrected = {field: _value(field, clean(text), company) for field, text in values}
    change = change_to(corrected)
    changing = None if change is None else difference(employee.details, change)
    if changing is not None:
        yield DetailsCorrected(changing)


def _value(field: str, text: str, company: Company) -> Value:
    """Returns the value of a field from its text, which is read as a cell of a file is (W)."""
    if field not in DETAIL_NAMES and not is_custom(field):
        raise CommandRejected("unknown-field", field=field, fields=", ".join(DETAIL_NAMES))
    words = field if is_custom(field) else field.replace("_", " ")
    if not text:
        if not is_custom(field) and FIELD_OF[field].always:
            raise CommandRejected("needs-value", field=words)
        return None
    problem = problem_of(field, text, company)
    if problem is not None:
        nearest = NearestNames(company.groups).clause(text)
        advice = _ADVICE[problem.code].format(nearest=nearest)
        raise CommandRejected("bad-value", field=words, advice=advice)
    read = cell_rule(field, company).read
    value: Value = text if read is None else read(text)
    return value
