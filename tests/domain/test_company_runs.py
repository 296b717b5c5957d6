"""The stream of a company's runs: what it took in whole, what waits, what ends that (D8, R4, B)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.company_runs.events import RunEnded, RunKind
from domain.company_runs.state import AppliedDelivery, CompanyState, HeldDelivery, evolve
from domain.ids import run_id
from domain.outcome import Counts, Outcome
from tests.given import NOW
from tests.strategies import examples

FIRST, SECOND, THIRD = (run_id(1_800_000_000_000 + number, 1) for number in range(3))
DELIVERY = "a" * 64
OTHER = "b" * 64
READ = Counts(rows=10, registered=3, changed=1, unchanged=4, skipped=2, absent=5, events=4)
AGAIN = Counts(rows=10, unchanged=8, skipped=2, absent=5)


def ended(
    delivery: str | None = DELIVERY,
    counts: Counts = READ,
    *,
    kind: RunKind = RunKind.IMPORT,
    outcome: Outcome = Outcome.APPLIED,
    **more: Any,
) -> RunEnded:
    return RunEnded(
        company="acme",
        run_kind=kind,
        outcome=outcome,
        started=NOW,
        finished=NOW,
        by="ops",
        counts=counts,
        delivery=delivery,
        **more,
    )


def company_after(*runs: tuple[UUID, RunEnded]) -> CompanyState:
    company = CompanyState()
    for run, record in runs:
        company = evolve(company, run, record)
    return company


def test_a_company_begins_with_no_run_and_nothing_settled() -> None:
    assert CompanyState() == CompanyState(version=0, applied=None)


def test_every_run_is_the_next_version() -> None:
    """R4: whatever the run did, so that of two built on one state one comes too late."""
    company = company_after(
        (FIRST, ended()),
        (SECOND, ended(None, Counts(), outcome=Outcome.FAILED)),
        (THIRD, ended(None, Counts(deactivated=1, events=1), kind=RunKind.CLOCK)),
    )

    assert company.version == 3


@pytest.mark.parametrize(("counts", "outcome"), [(READ, "applied"), (AGAIN, "unchanged")])
def test_a_delivery_that_was_read_to_its_end_is_settled(counts: Counts, outcome: str) -> None:
    """D8: whether it changed anyone or not."""
    company = company_after((FIRST, ended(counts=counts, outcome=Outcome(outcome))))

    assert company.applied == AppliedDelivery(DELIVERY, FIRST, rows=10, absent=5, skipped=2)


def test_the_delivery_that_came_last_is_the_one_that_is_settled() -> None:
    """D8: the one before it would undo what came since."""
    company = company_after((FIRST, ended()), (SECOND, ended(OTHER)))

    assert company.applied is not None
    assert (company.applied.delivery, company.applied.run) == (OTHER, SECOND)


def test_a_delivery_that_was_recognised_stays_settled_by_the_run_that_read_it() -> None:
    """D8: issues are told by reference to that run, however often it is met."""
    again = ended(counts=AGAIN, outcome=Outcome.UNCHANGED, issues_of=FIRST)

    company = company_after((FIRST, ended()), (SECOND, again), (THIRD, again))

    assert company.applied == AppliedDelivery(DELIVERY, FIRST, rows=10, absent=5, skipped=2)


def test_a_rejected_row_settles_nothing() -> None:
    """D8: a row rejected today may be right tomorrow, by another row or another day."""
    company = company_after((FIRST, ended(counts=Counts(rows=2, unchanged=1, rejected=1))))

    assert company.applied is None


def test_a_rejected_row_unsettles_what_was_settled_before() -> None:
    """D8: the delivery before it is not the last one any more."""
    rejecting = Counts(rows=2, changed=1, rejected=1, events=1)

    company = company_after((FIRST, ended()), (SECOND, ended(OTHER, rejecting)))

    assert company.applied is None


@pytest.mark.parametrize(
    "counts",
    [Counts(activated=1, events=1), Counts(deactivated=2, events=2)],
    ids=["activated", "deactivated"],
)
def test_what_the_clock_does_unsettles(counts: Counts) -> None:
    """D8: something of the company changed since."""
    company = company_after((FIRST, ended()), (SECOND, ended(None, counts, kind=RunKind.CLOCK)))

    assert company.applied is None


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.REFUSED, Outcome.NO_FILE])
def test_a_run_that_read_nothing_and_changed_nobody_leaves_it_settled(outcome: Outcome) -> None:
    """D8: nothing of the company changed since."""
    before = company_after((FIRST, ended()))

    company = evolve(before, SECOND, ended(None, Counts(), outcome=outcome))

    assert company.applied == before.applied


def test_a_clock_run_that_changed_nobody_leaves_it_settled() -> None:
    """D8: nothing of the company changed since."""
    company = company_after((FIRST, ended()), (SECOND, ended(None, Counts(), kind=RunKind.CLOCK)))

    assert company.applied is not None
    assert company.applied.run == FIRST


def test_after_the_clock_the_delivery_is_read_once_more_and_settled_anew() -> None:
    """D8: by the run that read it last."""
    company = company_after(
        (FIRST, ended()),
        (SECOND, ended(None, Counts(deactivated=1, events=1), kind=RunKind.CLOCK)),
        (THIRD, ended(counts=AGAIN, outcome=Outcome.UNCHANGED)),
    )

    assert company.applied == AppliedDelivery(DELIVERY, THIRD, rows=10, absent=5, skipped=2)


def test_a_stream_is_a_value() -> None:
    """R4: what a run was planned from is not changed by the run."""
    before = CompanyState()

    evolve(before, FIRST, ended())

    assert before == CompanyState()


# A delivery that waits to be approved or discarded (B2, B3)

FOURTH, FIFTH = (run_id(1_800_000_000_000 + number, 1) for number in (3, 4))
WOULD = Counts(rows=10, changed=8, rejected=2, events=8)
"""What a held delivery would do."""
DEACTIVATED = Counts(deactivated=1, events=1)
ANSWERED = Counts(events=1)


def holding(delivery: str = DELIVERY, **more: Any) -> RunEnded:
    return ended(delivery, WOULD, outcome=Outcome.HELD, **more)


def approving(delivery: str = DELIVERY, counts: Counts = WOULD, **more: Any) -> RunEnded:
    return ended(delivery, counts, kind=RunKind.APPROVE, **more)


def discarding(held: UUID) -> RunEnded:
    return ended(None, Counts(), kind=RunKind.DISCARD, outcome=Outcome.DISCARDED, ends=held)


def clock(counts: Counts = DEACTIVATED) -> RunEnded:
    return ended(None, counts, kind=RunKind.CLOCK)


def support(counts: Counts = ANSWERED) -> RunEnded:
    outcome = Outcome.APPLIED if counts.events else Outcome.UNCHANGED
    return ended(None, counts, kind=RunKind.SUPPORT, outcome=outcome)


def test_a_held_delivery_waits_and_nothing_else_is_changed() -> None:
    """B1: it counts what it would do, and did none of it."""
    before = company_after((FIRST, ended(OTHER)))

    company = evolve(before, SECOND, holding())

    assert company.held == HeldDelivery(SECOND, DELIVERY, version=2)
    assert (company.changed, company.applied, company.approved) == (1, before.applied, None)
    assert company == CompanyState(2, 1, before.applied, HeldDelivery(SECOND, DELIVERY, 2), None)


def test_only_the_delivery_that_waits_is_held() -> None:
    """B3: met again it stays held, any other is another."""
    company = company_after((FIRST, holding()))

    assert company.holds(DELIVERY)
    assert not company.holds(OTHER)
    assert not CompanyState().holds(DELIVERY)
    assert not company_after((FIRST, ended())).holds(DELIVERY)


@pytest.mark.parametrize(
    "between",
    [
        ended(None, Counts(), outcome=Outcome.FAILED),
        ended(None, Counts(), outcome=Outcome.REFUSED),
        ended(None, Counts(), outcome=Outcome.NO_FILE),
        clock(),
        support(),
        ended(None, Counts(), kind=RunKind.APPROVE, outcome=Outcome.FAILED),
        ended(None, Counts(), kind=RunKind.APPROVE, outcome=Outcome.REFUSED),
        discarding(FIFTH),
    ],
    ids=lambda record: f"{record.run_kind} {record.outcome}",
)
def test_a_held_delivery_waits_whatever_happens_beside_it(between: RunEnded) -> None:
    """B2, B3, C4: until it is approved or discarded by name."""
    before = company_after((FIRST, holding()))

    company = evolve(before, SECOND, between)

    assert company.held == before.held
    assert company.holds(DELIVERY)


def test_what_is_approved_waits_no_longer_and_is_taken_in() -> None:
    """B2"""
    counts = Counts(rows=10, changed=8, unchanged=2, events=8)

    company = company_after((FIRST, holding()), (SECOND, approving(counts=counts, ends=FIRST)))

    assert company.held is None
    assert (company.changed, company.approved) == (2, DELIVERY)
    assert company.applied == AppliedDelivery(DELIVERY, SECOND, rows=10, absent=0, skipped=0)


def test_what_is_discarded_waits_no_longer_and_is_not_taken_in() -> None:
    """B2: what was settled before stays so, and nobody answers for it."""
    before = company_after((FIRST, ended(OTHER)))

    company = evolve(evolve(before, SECOND, holding()), THIRD, discarding(SECOND))

    assert company == CompanyState(3, changed=1, applied=before.applied)


def test_what_was_discarded_and_comes_again_is_held_again() -> None:
    """B3: under the new run."""
    company = company_after((FIRST, holding()), (SECOND, discarding(FIRST)), (THIRD, holding()))

    assert company.held == HeldDelivery(THIRD, DELIVERY, version=3)


def test_a_newer_delivery_is_held_in_place_of_the_older_one() -> None:
    """B3: the older one is discarded by a run of its own."""
    company = company_after(
        (FIRST, holding()), (SECOND, discarding(FIRST)), (THIRD, holding(OTHER))
    )

    assert not company.holds(DELIVERY)
    assert company.held == HeldDelivery(THIRD, OTHER, version=3)


def test_an_approval_that_is_planned_again_may_be_held_again() -> None:
    """B2: by the new run, at the version it was planned at, and nobody answers for it yet."""
    again = approving(outcome=Outcome.HELD, ends=FIRST)

    company = company_after((FIRST, holding()), (SECOND, support()), (THIRD, again))

    assert company.held == HeldDelivery(THIRD, DELIVERY, version=3)
    assert (company.changed, company.applied, company.approved) == (2, None, None)


@pytest.mark.parametrize(
    ("record", "changed"),
    [
        (support(), True),
        (clock(), True),
        (ended(OTHER), True),
        (support(Counts()), False),
        (clock(Counts()), False),
        (ended(OTHER, AGAIN, outcome=Outcome.UNCHANGED), False),
        (ended(None, Counts(), outcome=Outcome.FAILED), False),
        (holding(OTHER), False),
    ],
    ids=lambda value: f"{value.run_kind} {value.outcome}" if isinstance(value, RunEnded) else "",
)
def test_the_company_changed_when_somebody_did(record: RunEnded, changed: bool) -> None:
    """B2: a run that changed nobody leaves a held delivery as it was planned."""
    before = company_after((FIRST, holding()))
    assert before.held is not None

    company = evolve(before, SECOND, record)

    assert (company.changed > before.held.version) is changed
    assert evolve(company, THIRD, support(Counts())).changed == company.changed


def test_what_support_does_unsettles() -> None:
    """D8: something of the company changed since, and by what changed nobody nothing did."""
    before = company_after((FIRST, ended()))

    assert evolve(before, SECOND, support()).applied is None
    assert evolve(before, SECOND, support(Counts())).applied == before.applied


def test_whoever_approved_a_delivery_answers_for_it_when_it_comes_again() -> None:
    """B2: the rows that were rejected then are rejected at every pick-up."""
    again = ended(counts=Counts(rows=10, unchanged=8, rejected=2), outcome=Outcome.UNCHANGED)

    company = company_after((FIRST, holding()), (SECOND, approving(ends=FIRST)), (THIRD, again))

    assert (company.approved, company.applied) == (DELIVERY, None)


@pytest.mark.parametrize(
    "between",
    [
        clock(),
        support(),
        ended(None, Counts(), outcome=Outcome.FAILED),
        ended(None, Counts(), outcome=Outcome.REFUSED),
        holding(OTHER),
    ],
    ids=lambda record: f"{record.run_kind} {record.outcome}",
)
def test_somebody_answers_for_a_delivery_until_another_is_taken_in(between: RunEnded) -> None:
    """B2: which a held one is not."""
    company = company_after((FIRST, holding()), (SECOND, approving(ends=FIRST)), (THIRD, between))

    assert company.approved == DELIVERY
    assert evolve(company, FOURTH, ended(OTHER)).approved is None


def test_an_approval_of_another_delivery_is_an_answer_for_that() -> None:
    """B2"""
    company = company_after(
        (FIRST, holding()),
        (SECOND, approving(ends=FIRST)),
        (THIRD, holding(OTHER)),
        (FOURTH, approving(OTHER, ends=THIRD)),
    )

    assert company.approved == OTHER


def test_an_import_approves_nothing() -> None:
    """B2: only who approves does."""
    assert company_after((FIRST, ended())).approved is None


# The slot that was served last (R3)

EVENING, NIGHT, NOON = (NOW + timedelta(hours=hours) for hours in (17, 24, 33))


def served(*slots: datetime | None, outcome: Outcome = Outcome.APPLIED) -> CompanyState:
    """A company after runs for these slots."""
    company = CompanyState()
    for number, slot in enumerate(slots):
        run = run_id(1_800_000_000_000 + number, 1)
        company = evolve(company, run, ended(None, Counts(), outcome=outcome, slot=slot))
    return company


def test_a_company_without_runs_was_served_in_no_slot() -> None:
    """R3"""
    assert CompanyState().slot is None
    assert not CompanyState().served(NOW)


@pytest.mark.parametrize("order", list(permutations([EVENING, NIGHT, NOON])))
def test_the_latest_slot_stands_whatever_the_order_of_runs(order: Sequence[datetime]) -> None:
    """R3"""
    company = served(*order)

    assert company.slot == NOON
    assert all(company.served(slot) for slot in order)
    assert not company.served(NOON + timedelta(microseconds=1))


def test_a_slot_counts_as_served_when_it_or_a_later_one_was() -> None:
    """R3, R5: missed ones are not made up for."""
    company = served(NIGHT)

    assert company.served(NIGHT)
    assert company.served(EVENING)
    assert not company.served(NOON)


@pytest.mark.parametrize("outcome", Outcome)
def test_a_slot_is_served_however_its_run_ended(outcome: Outcome) -> None:
    """R3: a failed one is not tried again before the next slot; nor is a held one."""
    assert served(NIGHT, outcome=outcome).slot == NIGHT


@pytest.mark.parametrize("kind", RunKind)
@pytest.mark.parametrize("outcome", Outcome)
def test_a_run_without_a_slot_leaves_the_slot_as_it_was(kind: RunKind, outcome: Outcome) -> None:
    """R3: what is done by hand, by the clock or by support serves none."""
    company = evolve(served(NIGHT), THIRD, ended(None, Counts(), kind=kind, outcome=outcome))

    assert company.slot == NIGHT
    assert served(None).slot is None


@given(st.lists(st.one_of(st.none(), st.timedeltas(timedelta(0), timedelta(days=9))), max_size=20))
@examples(100)
def test_the_slot_of_a_company_never_goes_back(offsets: list[timedelta | None]) -> None:
    """R3"""
    slots = [None if offset is None else NOW + offset for offset in offsets]
    seen = [served(*slots[:number]).slot for number in range(len(slots) + 1)]

    found = [slot for slot in seen if slot is not None]
    assert found == sorted(found)
    assert seen[-1] == max((slot for slot in slots if slot is not None), default=None)
