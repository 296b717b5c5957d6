"""The preview of a delivery: what it would do, row by row."""

from __future__ import annotations

from uuid import UUID

import msgspec

from domain.delivery.plan import Plan, RowOutcome, RowResult
from domain.delivery.selection import action_of as action_of_change
from domain.privacy import Redacted
from projections.answers.history import FromTo, changes
from projections.runs import RunDocument


class PreviewRow(Redacted, frozen=True):
    """One row, as `preview` answers. `employee` is `None` if the plan has no employee for it.

    `matched_by` names the values by which the row means a known employee: the external id or the
    e-mail address, and the names and the birthday that agree (I9).
    """

    file: str
    line: int
    action: str
    employee: UUID | None
    email: str | None
    changes: dict[str, FromTo]
    matched_by: str | None


class PreviewDocument(RunDocument, frozen=True):
    """The run that an import would make, and what it would do for each row."""

    rows: tuple[PreviewRow, ...]


def preview_rows(plan: Plan) -> tuple[PreviewRow, ...]:
    """Returns the rows of a plan, in the order of the delivery."""
    return tuple(_row(result) for result in plan.results)


def preview(run: RunDocument, rows: tuple[PreviewRow, ...]) -> PreviewDocument:
    """Returns the document of a preview: the run that would be made, with its rows."""
    return PreviewDocument(**msgspec.structs.asdict(run), rows=rows)


def action_of(result: RowResult) -> str:
    """Returns the action that `preview` shows for a row."""
    if result.change and result.outcome in (RowOutcome.REGISTERED, RowOutcome.CHANGED):
        return action_of_change(result.change)
    return _UNCHANGING[result.outcome]


_UNCHANGING = {
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
        matched_by=result.evidence.words if result.evidence else None,
    )
