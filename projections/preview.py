"""What a delivery would do, row by row."""

from __future__ import annotations

from uuid import UUID

import msgspec

from domain.events import OffboardingMoved, OffboardingScheduled
from domain.plan import Judgement, Plan, Verdict
from domain.private import Private
from projections.history import FromTo, changes
from projections.runs import RunDocument


class PreviewRow(Private, frozen=True):
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
    return tuple(_row(judgement) for judgement in plan.judgements)


def preview(run: RunDocument, rows: tuple[PreviewRow, ...]) -> PreviewDocument:
    """The run as it would be, with its rows."""
    return PreviewDocument(**msgspec.structs.asdict(run), rows=rows)


def action_of(judgement: Judgement) -> str:
    """A verdict in the words of `preview`: setting or moving a last day is one of its own."""
    if judgement.change and judgement.verdict is Verdict.CHANGED:
        leaves = (OffboardingScheduled, OffboardingMoved)
        if any(isinstance(recorded.event, leaves) for recorded in judgement.change.events):
            return "offboard"
    return _ACTIONS[judgement.verdict]


_ACTIONS = {
    Verdict.REGISTERED: "onboard",
    Verdict.CHANGED: "update",
    Verdict.UNCHANGED: "none",
    Verdict.REJECTED: "reject",
    Verdict.SKIPPED: "skip",
}


def _row(judgement: Judgement) -> PreviewRow:
    change = judgement.change
    return PreviewRow(
        file=judgement.file,
        line=judgement.line,
        action=action_of(judgement),
        employee=judgement.employee.id if judgement.employee else None,
        email=judgement.email or None,
        changes=changes(change.before, change.after) if change else {},
    )
