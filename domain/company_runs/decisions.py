"""What a run may do to a company, from the company's state alone (D8, R3, B2, B3).

A decision takes the state and what is asked. It returns the events of the runs that end, oldest
first, or raises a `RunRejected`.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from domain.company_runs.events import FileInfo, RunContext, RunRecord
from domain.company_runs.rejection import AlreadyHeld, NotHeld, SlotServed
from domain.company_runs.state import CompanyState, HeldDelivery
from domain.delivery.plan import Plan
from domain.outcome import Outcome
from domain.privacy import Redacted


class Delivered(Redacted, frozen=True):
    """The files of a delivery as they are recorded, and what recognises the delivery (D8)."""

    files: tuple[FileInfo, ...]
    key: str


class Decision(Redacted, frozen=True):
    """The runs that end, oldest first, and the plan that is applied or held with the last one."""

    runs: tuple[RunRecord, ...]
    plan: Plan | None = None

    @property
    def ended(self) -> RunRecord:
        """The run that was asked for."""
        return self.runs[-1]


def require_slot(state: CompanyState, run: RunContext) -> None:
    """Raises `SlotServed` where another run has served the slot that `run` is for (R3)."""
    if run.slot is not None and state.served(run.slot):
        raise SlotServed(run.company, run.slot)


def require_held(state: CompanyState, run: UUID) -> HeldDelivery:
    """What a run holds. Raises `NotHeld` where the run does not wait for a decision (B2)."""
    if state.held is None or state.held.run != run:
        raise NotHeld(run)
    return state.held


def decide_unread(
    state: CompanyState,
    run: RunContext,
    delivered: Delivered,
    discarding: RunContext,
    now: datetime,
) -> Decision | None:
    """What follows from a delivery before any of its bytes is read; `None` if it must be read.

    A delivery that was applied last, and met by nothing else since, is recognised (D8). Raises
    `AlreadyHeld` for the delivery that is held: no second run piles up (B3).
    """
    if state.held is not None and state.holds(delivered.key):
        raise AlreadyHeld(state.held.run)
    applied = state.applied
    if applied is None or applied.delivery != delivered.key:
        return None
    ended = run.ended(
        Outcome.UNCHANGED,
        now,
        files=delivered.files,
        counts=applied.counts,
        delivery=delivered.key,
        issues_of=applied.run,
    )
    return Decision((*_superseded(state, discarding, now), ended))


def decide_import(
    state: CompanyState,
    run: RunContext,
    delivered: Delivered,
    plan: Plan,
    discarding: RunContext,
    now: datetime,
) -> Decision:
    """The delivery is applied, unless the safeguard has something against it: then it is held (B1).

    Nothing is held for which somebody answers already (B2). Any other delivery that is held gives
    way to this one, by the run `discarding` (B3).
    """
    if state.approved == delivered.key:
        plan = _approved(plan)
    ended = _ended(run, delivered, plan, now)
    return Decision((*_superseded(state, discarding, now), ended), plan)


def decide_approval(
    state: CompanyState,
    run: RunContext,
    held: HeldDelivery,
    delivered: Delivered,
    plan: Plan,
    now: datetime,
) -> Decision:
    """The held delivery is applied; held again where company or settings changed since, and the
    safeguard still has something against it (B2)."""
    if delivered.key == held.delivery and state.changed <= held.version:
        plan = _approved(plan)
    return Decision((_ended(run, delivered, plan, now, ends=held.run),), plan)


def decide_discard(state: CompanyState, run: RunContext, held: UUID, now: datetime) -> Decision:
    """The held run ends, and nothing of it is applied (B2). Raises `NotHeld`."""
    ends = require_held(state, held).run
    return Decision((run.ended(Outcome.DISCARDED, now, ends=ends),))


def _superseded(
    state: CompanyState, discarding: RunContext, now: datetime
) -> tuple[RunRecord, ...]:
    """The run that ends a held delivery because a newer one has come (B3), if one is held."""
    if state.held is None:
        return ()
    return (discarding.ended(Outcome.DISCARDED, now, ends=state.held.run),)


def _approved(plan: Plan) -> Plan:
    """The same plan, for which somebody answers."""
    return replace(plan, concerns=())


def _ended(
    run: RunContext, delivered: Delivered, plan: Plan, now: datetime, ends: UUID | None = None
) -> RunRecord:
    return run.ended(
        plan.outcome,
        now,
        files=delivered.files,
        counts=plan.counts,
        delivery=delivered.key,
        ends=ends,
    )
