"""What happened to an employee: every event with who, why, when, and from what to what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import TypeAlias
from uuid import UUID

from domain.employee import Employee, evolve
from domain.events import Recorded, kind_of
from domain.person import PLAIN_FIELDS
from domain.private import Private
from domain.run import RunEnded

Value: TypeAlias = str | date | None

_FIELDS = (
    "email",
    "external_id",
    "onboarding_date",
    "offboarding_date",
    "file_email",
    "file_offboarding_date",
)
_SHADOWS = {"file_email": "email", "file_offboarding_date": "offboarding_date"}


class FromTo(Private, frozen=True, rename={"before": "from", "after": "to"}):
    """One field, before and after."""

    before: Value
    after: Value


class HistoryEntry(Private, frozen=True):
    """One event as `history` tells it."""

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


def tell(events: Iterable[Recorded], runs: Mapping[UUID, RunEnded]) -> Iterator[HistoryEntry]:
    """What happened to one employee in `runs`, oldest first, from their whole stream."""
    employee: Employee | None = None
    for recorded in events:
        before, employee = employee, evolve(employee, recorded)
        run = runs.get(recorded.run)
        if run is None:
            continue
        yield HistoryEntry(
            employee=recorded.originator_id,
            version=recorded.originator_version,
            kind=kind_of(recorded),
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
    """Every field that differs.

    What the file says (`file_email`, `file_offboarding_date`) is told only where it changed alone:
    otherwise it is the field itself that changed.
    """
    known = _values(before) if before else {}
    told = {
        field: FromTo(known.get(field), value)
        for field, value in _values(after).items()
        if known.get(field) != value
    } | {
        field: FromTo(value, None) for field, value in known.items() if field not in _values(after)
    }
    for shadow, field in _SHADOWS.items():
        if before is None or field in told:
            told.pop(shadow, None)
    return told


def _values(employee: Employee) -> dict[str, Value]:
    values: dict[str, Value] = {field: getattr(employee, field) for field in _FIELDS}
    values.update((field, getattr(employee.details, field)) for field in PLAIN_FIELDS)
    values.update(employee.details.custom)
    return values
