"""What the safeguard measured of stored deliveries, and which of them limits would hold (B1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from uuid import UUID

from domain.company import Policy
from domain.company_runs.events import RunKind, RunRecord
from domain.delivery.facts import Figure
from domain.delivery.measures import MEASURES
from domain.delivery.safeguard import held_by
from domain.outcome import Outcome
from domain.privacy import Redacted

_BY_NAME = {measure.name: measure for measure in MEASURES}


class FigureDocument(Redacted, frozen=True):
    """What a measure counted, the number of which a share is taken, and the limit, if any."""

    count: int
    base: int
    limit: int | None


class MeasuredDelivery(Redacted, frozen=True):
    """A delivery as the safeguard measured it.

    `outcome` is that of its run. `would_hold` names the measures that hold the delivery under the
    limits that are asked for.
    """

    run: UUID
    started: datetime
    outcome: Outcome
    rows: int
    figures: dict[str, FigureDocument]
    would_hold: tuple[str, ...]


def measured_deliveries(records: Iterable[RunRecord], policy: Policy) -> Iterator[MeasuredDelivery]:
    """Yields the deliveries among runs. A delivery that was recognised has no figures (D8)."""
    for record in records:
        ended = record.ended
        if ended.run_kind is RunKind.IMPORT and ended.facts is not None:
            figures = ended.facts.figures
            yield MeasuredDelivery(
                record.run,
                ended.started,
                ended.outcome,
                ended.counts.rows,
                {name: _document(name, figure, policy) for name, figure in figures.items()},
                held_by(figures, policy),
            )


def _document(name: str, figure: Figure, policy: Policy) -> FigureDocument:
    measure = _BY_NAME.get(name)
    limit = measure.limit(policy, figure.base) if measure else None
    return FigureDocument(figure.count, figure.base, limit)
