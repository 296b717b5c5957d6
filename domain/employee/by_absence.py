"""Last days whose only reason is that the last deliveries lack the employee (Q4)."""

from __future__ import annotations

from enum import StrEnum

from domain.employee.events import (
    EmployeeRecord,
    OffboardingCancelled,
    OffboardingMoved,
    OffboardingScheduled,
    Reactivated,
    Rehired,
)


class ByAbsence(StrEnum):
    """What became of a last day whose only reason was that deliveries lack the employee (Q4)."""

    LEAVES = "leaves"
    OVERRULED = "overruled"
    """Support decided otherwise."""


def after_event(before: ByAbsence | None, recorded: EmployeeRecord) -> ByAbsence | None:
    """Returns what an event makes of a last day whose only reason was absence.

    A row of a file ends it. Support overrules it by another last day, or by none.
    """
    event = recorded.event
    if isinstance(event, OffboardingScheduled) and event.by_absence:
        return ByAbsence.LEAVES
    if before is None or recorded.line is not None:
        return None
    moved = (OffboardingScheduled, OffboardingMoved, OffboardingCancelled, Reactivated, Rehired)
    return ByAbsence.OVERRULED if isinstance(event, moved) else before
