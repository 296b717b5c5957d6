"""The employees who are absent from the last full delivery, as `roster --absent` answers (Q4)."""

from __future__ import annotations

from datetime import datetime

import msgspec

from domain.employee.aggregate import Employee
from projections.absence import AbsentRow
from projections.answers.person import EmployeeDocument, document


class AbsenteeDocument(EmployeeDocument, frozen=True):
    """One absent employee.

    `absent_since` is the moment of the first full delivery that lacked the employee, and
    `absent_deliveries` is the number of full deliveries since then, this one included.
    """

    absent_since: datetime
    absent_deliveries: int


def absentee(employee: Employee, row: AbsentRow, deliveries: int) -> AbsenteeDocument:
    """Returns the document of an absent employee, after this number of full deliveries."""
    known = document(row.company, employee)
    return AbsenteeDocument(
        **msgspec.structs.asdict(known),
        absent_since=datetime.fromisoformat(row.since),
        absent_deliveries=deliveries - row.delivery + 1,
    )
