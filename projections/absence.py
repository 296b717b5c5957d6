"""Who is here, but absent from the last full delivery: the few, and not everybody (Q4).

The rows follow from the runs of the company alone: the event of each run tells who became absent,
and who is not absent any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from domain.company_runs.events import RunEnded
from domain.company_runs.state import CompanyState
from projections.tables import Operation, Table, Write


class AbsentRow(NamedTuple):
    """The row of an employee who is here, and absent from the last full delivery.

    `since` is the moment of the first delivery without the employee, in ISO 8601, and `delivery` is
    its number among the company's full deliveries.
    """

    company: str
    employee: str
    since: str
    delivery: int


TABLE = Table("absent", AbsentRow, key=("company", "employee"))


def new_rows(after: CompanyState, ended: RunEnded) -> Iterator[AbsentRow]:
    """Yields the rows of those who became absent by a run. `after` is the state after it."""
    since = ended.finished.isoformat()
    for employee in ended.absence.gone if ended.absence else ():
        yield AbsentRow(ended.company, employee.hex, since, after.deliveries)


def after_run(
    absent: Mapping[str, AbsentRow], after: CompanyState, ended: RunEnded
) -> Mapping[str, AbsentRow]:
    """Returns the rows of a company after one more run, by the ids of the employees."""
    if ended.absence is None:
        return absent
    back = {employee.hex for employee in ended.absence.back}
    kept = {key: row for key, row in absent.items() if key not in back}
    return kept | {row.employee: row for row in new_rows(after, ended)}


def writes(after: CompanyState, ended: RunEnded) -> Iterator[Write]:
    """Yields the writes of a run. Nothing is written for those who stay where they are."""
    if ended.absence is not None:
        back = ((ended.company, employee.hex) for employee in ended.absence.back)
        yield Write(Operation.DELETE, TABLE, back, TABLE.key)
        yield Write(Operation.INSERT, TABLE, new_rows(after, ended))
