"""The history of an employee: each event with its author, reason, time, and changed values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from uuid import UUID

from domain.company_runs.events import RunEnded
from domain.employee.aggregate import Employee, evolve
from domain.employee.events import EmployeeRecord, Released
from domain.envelope import kind_of
from domain.fields.details import DETAIL_NAMES, Value, values_of
from domain.fields.table import FIELDS, Part
from domain.privacy import Redacted

_FIELDS = tuple(field.name for field in FIELDS if field.part is not Part.DETAILS)


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


def tell(
    events: Iterable[EmployeeRecord],
    runs: Mapping[UUID, RunEnded],
    employee: Employee | None = None,
) -> Iterator[HistoryEntry]:
    """Yields the entries of one employee for the events of `runs`, oldest first.

    Each entry needs the state before its event: `events` is the employee's whole stream, or the
    part of the stream that follows on the state `employee`.
    """
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
            changes=_released(before, employee)
            if isinstance(recorded.event, Released)
            else changes(before, employee),
        )


def changes(before: Employee | None, after: Employee) -> dict[str, FromTo]:
    """Returns every field that differs, with its values before and after.

    What the file last said of a field, such as `file_email`, is left out if the field itself
    changed.
    """
    known = _values(before) if before else {}
    values = _values(after)
    differing = {
        field: FromTo(known.get(field), values.get(field))
        for field in (*values, *(field for field in known if field not in values))
        if known.get(field) != values.get(field)
    }
    if before is None:
        return differing
    said_before, said = file_values(before), file_values(after)
    for field in {**said, **said_before}:
        was = said_before.get(field, known.get(field))
        now = said.get(field, values.get(field))
        if was != now and field not in differing:
            differing[f"file_{field}"] = FromTo(was, now)
    return differing


def _released(before: Employee | None, after: Employee) -> dict[str, FromTo]:
    """Returns the former values of somebody who is here, which mean the employee no more (I11)."""
    known = file_values(before) if before else {}
    said = file_values(after)
    return {
        f"former_{field}": FromTo(known[field], None)
        for field in ("email", "external_id")
        if field in known and known[field] != said[field]
    }


def _values(employee: Employee) -> dict[str, Value]:
    values: dict[str, Value] = {field: getattr(employee, field) for field in _FIELDS}
    values.update((field, getattr(employee.details, field)) for field in DETAIL_NAMES)
    values.update(employee.details.custom)
    if employee.merged_into is not None:
        values["merged_into"] = str(employee.merged_into)
    if employee.absorbed:
        values["absorbed"] = ", ".join(map(str, employee.absorbed))
    return values


def file_values(employee: Employee) -> dict[str, Value]:
    """Returns what the file last said, where that is known, by the field that it is about."""
    said: dict[str, Value] = {
        "email": employee.file_email,
        "external_id": employee.file_external_id or employee.external_id,
        "onboarding_date": employee.file_onboarding_date or employee.onboarding_date,
        "offboarding_date": employee.file_offboarding_date,
    }
    return said | values_of(employee.file_details)
