"""All events that a store keeps, as a closed set."""

from __future__ import annotations

from typing import TypeAlias

from domain.company_runs.events import RunEnded
from domain.employee.events import EMPLOYEE_KINDS, EmployeeEvent
from domain.envelope import RecordedEvent, kind_of

Event: TypeAlias = EmployeeEvent | RunEnded
AnyRecord: TypeAlias = RecordedEvent[Event]
"""An event in any stream."""

RUN_KIND = kind_of(RunEnded)
KINDS = frozenset((*EMPLOYEE_KINDS, RUN_KIND))
"""The wire tags of all events."""
