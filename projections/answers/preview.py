"""What a delivery would do, row by row."""

from __future__ import annotations

from uuid import UUID

import msgspec

from domain.delivery.plan import Plan, RowOutcome, RowResult
from domain.employee.events import OffboardingMoved, OffboardingScheduled
from domain.privacy import Redacted
from projections.answers.history import FromTo, changes
from projections.runs import RunDocument


class PreviewRow(Redacted, frozen=True):
    """One row as `preview` answers; `employee` is `None` where there is no account yet."""

    file: str
    line: int
    action: str
    employee: UUID | None
    email: str | None
    changes: dict[str, FromTo]


class PreviewDocument(RunDocument, frozen=True):
    """A run that was not made, and what it would do to every row."""

    rows: tuple[PreviewRow, ...]


def preview_rows(plan: Plan) -> tuple[PreviewRow, ...]:
    """The rows of a plan, in the order of the delivery."""
    return tuple(_row(result) for result in plan.results)


def preview(run: RunDocument, rows: tuple[PreviewRow, ...]) -> PreviewDocument:
    """The run as it would be, with its rows."""
    return PreviewDocument(**msgspec.structs.asdict(run), rows=rows)


def action_of(result: RowResult) -> str:
    """A verdict in the words of `preview`: setting or moving a last day is one of its own."""
    if result.change and result.outcome is RowOutcome.CHANGED:
        leaves = (OffboardingScheduled, OffboardingMoved)
        if any(isinstance(recorded.event, leaves) for recorded in result.change.events):
            return "offboard"
    return _ACTIONS[result.outcome]


_ACTIONS = {
    RowOutcome.REGISTERED: "onboard",
    RowOutcome.CHANGED: "update",
    RowOutcome.UNCHANGED: "none",
    RowOutcome.REJECTED: "reject",
    RowOutcome.SKIPPED: "skip",
}


def _row(result: RowResult) -> PreviewRow:
    change = result.change
    return PreviewRow(
        file=result.file,
        line=result.line,
        action=action_of(result),
        employee=result.employee.id if result.employee else None,
        email=result.email or None,
        changes=changes(change.before, change.after) if change else {},
    )
