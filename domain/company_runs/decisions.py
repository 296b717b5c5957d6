"""The decisions about the runs of a company, from the company's state alone (D8, R3, B2, B3).

A decision takes the state and a request. It returns the events of the runs that end, the oldest
first, or raises a `RunRejected`.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from domain.company_runs.events import FileInfo, RunContext, RunRecord, is_map
from domain.company_runs.rejection import AlreadyHeld, NotHeld, SlotServed
from domain.company_runs.state import CompanyState, HeldDelivery
from domain.delivery.facts import DeliveryFacts
from domain.delivery.plan import Plan
from domain.ids import short_run_id
from domain.issues.issue import make_issue
from domain.outcome import Outcome
from domain.privacy import Redacted


class Delivered(Redacted, frozen=True):
    """The files of a delivery as they are recorded, and the key of the delivery (D8).

    `facts` are known before the files are parsed.
    """

    files: tuple[FileInfo, ...]
    key: str
    facts: DeliveryFacts = DeliveryFacts()


class Decision(Redacted, frozen=True):
    """The runs that end, the oldest first, and the plan that the last run applies or holds."""

    runs: tuple[RunRecord, ...]
    plan: Plan | None = None

    @property
    def ended(self) -> RunRecord:
        """Returns the run that was requested."""
        return self.runs[-1]


def require_slot(state: CompanyState, run: RunContext) -> None:
    """Raises `SlotServed` if another run has served the slot of `run` already (R3)."""
    if run.slot is not None and state.served(run.slot):
        raise SlotServed(run.company, run.slot)


def require_held(state: CompanyState, run: UUID) -> HeldDelivery:
    """Returns the delivery that a run holds.

    Raises `NotHeld` if the run does not wait for a decision (B2).
    """
    if state.held is None or state.held.run != run:
        raise NotHeld(run)
    return state.held


def require_not_held(state: CompanyState, delivered: Delivered) -> None:
    """Raises `AlreadyHeld` if this delivery is held, so that it has no second run (B3)."""
    if state.held is not None and state.holds(delivered.key):
        raise AlreadyHeld(state.held.run)


def decide_unread(
    state: CompanyState,
    run: RunContext,
    delivered: Delivered,
    discarding: RunContext,
    now: datetime,
) -> Decision | None:
    """Returns the decision about a delivery before its files are parsed, or `None`.

    `None` means that the files must be parsed. A delivery is recognised if it was applied last, and
    nothing in the company has changed since (D8). Then the run `discarding` ends any held delivery
    (B3). Raises `AlreadyHeld` if this delivery is held already (B3).
    """
    require_not_held(state, delivered)
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
        facts=delivered.facts,
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
    """Returns the decision to apply a delivery, or to hold it if the plan has a concern (B1).

    A delivery that was approved already is not held again (B2). If another delivery is held, the
    run `discarding` ends it, because it is superseded by this delivery (B3).
    """
    if state.approved == delivered.key:
        plan = _approved(plan)
    ended = _ended(run, delivered, plan, now)
    return Decision((*_superseded(state, discarding, now), ended), plan)


def decide_rekey(
    state: CompanyState,
    run: RunContext,
    delivered: Delivered,
    plan: Plan,
    discarding: RunContext,
    now: datetime,
) -> Decision:
    """Returns the decision to apply a map of external ids, or to hold it (S12, B1).

    A held delivery goes on waiting if the map is applied. If the map is held, the run `discarding`
    ends the held delivery, because a company holds one at a time (B3).
    """
    before = _superseded(state, discarding, now) if plan.concerns else ()
    return Decision((*before, _ended(run, delivered, plan, now)), plan)


def decide_approval(
    state: CompanyState,
    run: RunContext,
    held: HeldDelivery,
    delivered: Delivered,
    plan: Plan,
    now: datetime,
    part: Plan | None = None,
) -> Decision:
    """Returns the decision to apply a held delivery that is approved, or a part of it (B2, B5).

    The delivery is held again, as a whole, if the company or a setting changed since, and what is
    approved still has a concern. Then the first issue tells which of the two changed (B4).
    """
    chosen = part or plan
    employees, settings = state.changed > held.version, delivered.key != held.delivery
    if not employees and not settings:
        chosen = _approved(chosen)
    elif chosen.concerns:
        whats = [what for what, has in (("employees", employees), ("settings", settings)) if has]
        changed = " and ".join(whats)
        again = make_issue("held-again", changed=changed, run=short_run_id(held.run))
        chosen = replace(plan, concerns=(again, *(plan.concerns or chosen.concerns)))
    return Decision((_ended(run, delivered, chosen, now, ends=held.run),), chosen)


def decide_discard(state: CompanyState, run: RunContext, held: UUID, now: datetime) -> Decision:
    """Returns the decision to end a held run without applying its delivery (B2).

    Raises `NotHeld` if the run does not wait for a decision.
    """
    ends = require_held(state, held).run
    return Decision((run.ended(Outcome.DISCARDED, now, ends=ends),))


def _superseded(
    state: CompanyState, discarding: RunContext, now: datetime
) -> tuple[RunRecord, ...]:
    """Returns the run that ends a held delivery because it is superseded (B3).

    Returns no run if no delivery is held.
    """
    if state.held is None:
        return ()
    return (discarding.ended(Outcome.DISCARDED, now, ends=state.held.run),)


def _approved(plan: Plan) -> Plan:
    """Returns the plan without its concerns, because the delivery is approved."""
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
        facts=None if is_map(delivered.key) else plan.facts,
    )
