"""The history of an employee: each event with its author, reason, time, and changed values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from uuid import UUID

from domain.company_runs.events import RunEnded, RunKind
from domain.employee.aggregate import Employee, evolve
from domain.employee.events import (
    Activated,
    Deactivated,
    EmployeeEvent,
    EmployeeRecord,
    Released,
)
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


class Author(Redacted, frozen=True):
    """What stored an event: the run, its kind, who asked for it and why, and the row, if any.

    With `several_files`, a value may be of an older file than the row (D3).
    """

    run: UUID
    run_kind: RunKind
    by: str
    reason: str | None
    file: str | None
    line: int | None
    several_files: bool = False


class Cause(Redacted, frozen=True):
    """The event that set the first or the last day for which a transition was made.

    `author` is `None` if its run is not known.
    """

    recorded: datetime
    author: Author | None


class Happening(Redacted, frozen=True):
    """One event with everything that a sentence about it needs.

    `before` and `after` are the states of the employee. `cause` is the event that set the first day
    of an activation, or the last day of a deactivation.
    """

    entry: HistoryEntry
    event: EmployeeEvent
    author: Author
    before: Employee | None
    after: Employee
    cause: Cause | None


def happenings(
    events: Iterable[EmployeeRecord],
    runs: Mapping[UUID, RunEnded],
    employee: Employee | None = None,
    *,
    run: UUID | None = None,
) -> Iterator[Happening]:
    """Yields what happened to one employee in `runs`, or only in `run`, oldest first.

    Each happening needs the state before its event: `events` is the employee's whole stream, or the
    part of the stream that follows on the state `employee`.
    """
    first_day = last_day = None
    for recorded in events:
        before, employee = employee, evolve(employee, recorded)
        author = _author(recorded, runs)
        if before is None or before.onboarding_date != employee.onboarding_date:
            first_day = Cause(recorded.recorded, author)
        if before is not None and before.offboarding_date != employee.offboarding_date:
            last_day = Cause(recorded.recorded, author)
        if author is None or run not in (None, recorded.run):
            continue
        cause = {Activated: first_day, Deactivated: last_day}.get(type(recorded.event))
        compare = _released if isinstance(recorded.event, Released) else changes
        entry = _entry(recorded, author, compare(before, employee))
        yield Happening(entry, recorded.event, author, before, employee, cause)


def tell(
    events: Iterable[EmployeeRecord],
    runs: Mapping[UUID, RunEnded],
    employee: Employee | None = None,
) -> Iterator[HistoryEntry]:
    """Yields the entries of what `happenings` yields."""
    return (happening.entry for happening in happenings(events, runs, employee))


def _author(recorded: EmployeeRecord, runs: Mapping[UUID, RunEnded]) -> Author | None:
    run = runs.get(recorded.run)
    if run is None:
        return None
    return Author(
        recorded.run,
        run.run_kind,
        run.by,
        run.reason,
        recorded.file,
        recorded.line,
        several_files=len(run.files) > 1,
    )


def _entry(recorded: EmployeeRecord, author: Author, changed: dict[str, FromTo]) -> HistoryEntry:
    return HistoryEntry(
        employee=recorded.originator_id,
        version=recorded.originator_version,
        kind=kind_of(type(recorded.event)),
        effective=recorded.effective,
        recorded=recorded.recorded,
        run=recorded.run,
        by=author.by,
        reason=author.reason,
        file=recorded.file,
        line=recorded.line,
        changes=changed,
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
