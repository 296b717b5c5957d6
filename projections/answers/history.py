"""The history of an employee: each event with its author, reason, time, and changed values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from uuid import UUID

from domain.company_runs.events import RunEnded
from domain.employee.aggregate import Employee, evolve
from domain.employee.events import EmployeeRecord
from domain.envelope import kind_of
from domain.fields.details import DETAIL_NAMES, Value
from domain.fields.table import FIELDS, Part
from domain.privacy import Redacted

_FILE_FIELDS = {"file_email": "email", "file_offboarding_date": "offboarding_date"}
"""The fields for the file's last values (L8), each with the field that it is about."""
_FIELDS = (*(field.name for field in FIELDS if field.part is not Part.DETAILS), *_FILE_FIELDS)


class FromTo(Redacted, frozen=True, rename={"before": "from", "after": "to"}):
    """The value of one field, before and after an event."""

    before: Value
    after: Value


class HistoryEntry(Redacted, frozen=True):
    """One event, as `history` and `audit` answer with it."""

    employee: UUID
    version: int
    kind: str
    effective: datetime
    recorded: datetime
    run: UUID
    by: str
    reason: str | None
    file: str | None
    line: int | None
    changes: dict[str, FromTo]


def tell(events: Iterable[EmployeeRecord], runs: Mapping[UUID, RunEnded]) -> Iterator[HistoryEntry]:
    """Yields the entries of one employee for the events of `runs`, oldest first.

    `events` is the employee's whole stream: each entry needs the state before its event.
    """
    employee: Employee | None = None
    for recorded in events:
        before, employee = employee, evolve(employee, recorded)
        run = runs.get(recorded.run)
        if run is None:
            continue
        yield HistoryEntry(
            employee=recorded.originator_id,
            version=recorded.originator_version,
            kind=kind_of(type(recorded.event)),
            effective=recorded.effective,
            recorded=recorded.recorded,
            run=recorded.run,
            by=run.by,
            reason=run.reason,
            file=recorded.file,
            line=recorded.line,
            changes=changes(before, employee),
        )


def changes(before: Employee | None, after: Employee) -> dict[str, FromTo]:
    """Returns every field that differs, with its values before and after.

    The file's last value of a field (`file_email`, `file_offboarding_date`) is left out if the
    field itself changed.
    """
    known = _values(before) if before else {}
    differing = {
        field: FromTo(known.get(field), value)
        for field, value in _values(after).items()
        if known.get(field) != value
    } | {
        field: FromTo(value, None) for field, value in known.items() if field not in _values(after)
    }
    for file_field, field in _FILE_FIELDS.items():
        if before is None or field in differing:
            differing.pop(file_field, None)
    return differing


def _values(employee: Employee) -> dict[str, Value]:
    values: dict[str, Value] = {field: getattr(employee, field) for field in _FIELDS}
    values.update((field, getattr(employee.details, field)) for field in DETAIL_NAMES)
    values.update(employee.details.custom)
    return values
