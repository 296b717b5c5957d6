"""The runs of a company: its applied, held and approved deliveries, and its slot (D8, R3, B)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

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


def test_a_company_without_runs_has_version_zero_and_no_applied_delivery() -> None:
    """R4, D8: A company without runs is at version 0 and has no applied delivery."""
    # when / then
    assert CompanyState() == CompanyState(version=0, applied=None)


def test_every_run_raises_the_version_of_the_company() -> None:
    """R4: Every run raises the company's version by one, whatever the run did. Two runs planned
    from one version therefore collide.
    """
    # when
    company = company_after(
        (FIRST, ended()),
        (SECOND, ended(None, Counts(), outcome=Outcome.FAILED)),
        (THIRD, ended(None, Counts(deactivated=1, events=1), kind=RunKind.CLOCK)),
    )

    # then
    assert company.version == 3


@pytest.mark.parametrize(("counts", "outcome"), [(READ, "applied"), (AGAIN, "unchanged")])
def test_a_delivery_without_rejected_rows_becomes_the_applied_delivery(
    counts: Counts, outcome: str
) -> None:
    """D8: A delivery without rejected rows becomes the last applied delivery, whether it changed
    employees or not.
    """
    # when
    company = company_after((FIRST, ended(counts=counts, outcome=Outcome(outcome))))

    # then
    assert company.applied == AppliedDelivery(DELIVERY, FIRST, rows=10, absent=5, skipped=2)


def test_a_later_delivery_replaces_the_applied_delivery() -> None:
    """D8: Only the latest applied delivery is recognised; an earlier one no longer is."""
    # when
    company = company_after((FIRST, ended()), (SECOND, ended(OTHER)))

    # then
    assert company.applied is not None
    assert (company.applied.delivery, company.applied.run) == (OTHER, SECOND)


def test_a_recognised_delivery_keeps_referring_to_the_run_that_read_it() -> None:
    """D8: A delivery that is recognised again and again keeps referring to the run that
    read its rows.
    """
    # given
    again = ended(counts=AGAIN, outcome=Outcome.UNCHANGED, issues_of=FIRST)

    # when
    company = company_after((FIRST, ended()), (SECOND, again), (THIRD, again))

    # then
    assert company.applied == AppliedDelivery(DELIVERY, FIRST, rows=10, absent=5, skipped=2)


def test_a_delivery_with_a_rejected_row_is_not_recognised() -> None:
    """D8: A delivery with a rejected row does not become the applied delivery, because the row can
    become correct later.
    """
    # when
    company = company_after((FIRST, ended(counts=Counts(rows=2, unchanged=1, rejected=1))))

    # then
    assert company.applied is None


def test_a_delivery_with_a_rejected_row_ends_the_recognition_of_the_one_before() -> None:
    """D8: After a delivery with a rejected row, the delivery before it is no longer recognised."""
    # given
    rejecting = Counts(rows=2, changed=1, rejected=1, events=1)

    # when
    company = company_after((FIRST, ended()), (SECOND, ended(OTHER, rejecting)))

    # then
    assert company.applied is None


@pytest.mark.parametrize(
    "counts",
    [Counts(activated=1, events=1), Counts(deactivated=2, events=2)],
    ids=["activated", "deactivated"],
)
def test_a_clock_run_that_changes_an_employee_ends_the_recognition(counts: Counts) -> None:
    """D8: A delivery is no longer recognised after the clock activated or deactivated an
    employee.
    """
    # when
    company = company_after((FIRST, ended()), (SECOND, ended(None, counts, kind=RunKind.CLOCK)))

    # then
    assert company.applied is None


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.REFUSED, Outcome.NO_FILE])
def test_a_run_without_applied_rows_keeps_the_applied_delivery(outcome: Outcome) -> None:
    """D8: A run that failed, was refused or found no file leaves the applied delivery
    recognised.
    """
    # given
    before = company_after((FIRST, ended()))

    # when
    company = evolve(before, SECOND, ended(None, Counts(), outcome=outcome))

    # then
    assert company.applied == before.applied


def test_a_clock_run_that_changes_no_employee_keeps_the_applied_delivery() -> None:
    """D8: A clock run that changed no employee leaves the applied delivery recognised."""
    # when
    company = company_after((FIRST, ended()), (SECOND, ended(None, Counts(), kind=RunKind.CLOCK)))

    # then
    assert company.applied is not None
    assert company.applied.run == FIRST


def test_a_delivery_read_again_after_the_clock_is_recognised_by_its_newest_run() -> None:
    """D8: A delivery that was read again after a clock run is recognised by the run that
    read it last.
    """
    # when
    company = company_after(
        (FIRST, ended()),
        (SECOND, ended(None, Counts(deactivated=1, events=1), kind=RunKind.CLOCK)),
        (THIRD, ended(counts=AGAIN, outcome=Outcome.UNCHANGED)),
    )

    # then
    assert company.applied == AppliedDelivery(DELIVERY, THIRD, rows=10, absent=5, skipped=2)


def test_evolving_a_company_leaves_the_earlier_state_as_it_was() -> None:
    """R4: The state from which a run was planned does not change when the run is stored."""
    # given
    before = CompanyState()

    # when
    evolve(before, FIRST, ended())

    # then
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


def test_a_held_delivery_changes_nothing_else_of_the_company() -> None:
    """B1: A held delivery is remembered with its run and version. It does not count as a change, as
    applied or as approved.
    """
    # given
    before = company_after((FIRST, ended(OTHER)))

    # when
    company = evolve(before, SECOND, holding())

    # then
    assert company.held == HeldDelivery(SECOND, DELIVERY, version=2)
    assert (company.changed, company.applied, company.approved) == (1, before.applied, None)
    held = HeldDelivery(SECOND, DELIVERY, 2)
    assert company == replace(before, version=2, held=held, feed=company.feed)
    assert company.feed.state == "held"


def test_a_company_holds_only_the_delivery_that_waits() -> None:
    """B3: The company holds the delivery that waits, and no other delivery."""
    # when
    company = company_after((FIRST, holding()))

    # then
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
def test_a_held_delivery_keeps_waiting_through_other_runs(between: RunEnded) -> None:
    """B2, B3, C4: A held delivery keeps waiting through failed runs, the clock, support and
    decisions about other deliveries.
    """
    # given
    before = company_after((FIRST, holding()))

    # when
    company = evolve(before, SECOND, between)

    # then
    assert company.held == before.held
    assert company.holds(DELIVERY)


def test_an_approved_delivery_is_applied_and_waits_no_longer() -> None:
    """B2: Approving a held delivery ends its wait and makes it the applied delivery."""
    # given
    counts = Counts(rows=10, changed=8, unchanged=2, events=8)

    # when
    company = company_after((FIRST, holding()), (SECOND, approving(counts=counts, ends=FIRST)))

    # then
    assert company.held is None
    assert (company.changed, company.approved) == (2, DELIVERY)
    assert company.applied == AppliedDelivery(DELIVERY, SECOND, rows=10, absent=0, skipped=0)


def test_a_discarded_delivery_is_not_applied_and_waits_no_longer() -> None:
    """B2: Discarding a held delivery ends its wait. The delivery applied before it stays
    recognised, and nothing is approved.
    """
    # given
    before = company_after((FIRST, ended(OTHER)))

    # when
    company = evolve(evolve(before, SECOND, holding()), THIRD, discarding(SECOND))

    # then
    assert company == replace(before, version=3, feed=company.feed)


def test_a_discarded_delivery_that_comes_again_is_held_again() -> None:
    """B2, B3: A discarded delivery that is met again is held again, by the new run."""
    # when
    company = company_after((FIRST, holding()), (SECOND, discarding(FIRST)), (THIRD, holding()))

    # then
    assert company.held == HeldDelivery(THIRD, DELIVERY, version=3)


def test_a_newer_delivery_is_held_in_place_of_the_older_one() -> None:
    """B3: When a run of kind `discard` ended a held delivery, the newer delivery is held
    instead.
    """
    # when
    company = company_after(
        (FIRST, holding()), (SECOND, discarding(FIRST)), (THIRD, holding(OTHER))
    )

    # then
    assert not company.holds(DELIVERY)
    assert company.held == HeldDelivery(THIRD, OTHER, version=3)


def test_an_approval_that_is_planned_again_may_be_held_again() -> None:
    """B2: When an approval is planned again and held again, the delivery waits under the new run
    and is not approved.
    """
    # given
    again = approving(outcome=Outcome.HELD, ends=FIRST)

    # when
    company = company_after((FIRST, holding()), (SECOND, support()), (THIRD, again))

    # then
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
def test_a_company_changes_only_when_an_employee_changes(record: RunEnded, changed: bool) -> None:
    """B2: The company counts as changed since the hold only after a run that changed an
    employee.
    """
    # given
    before = company_after((FIRST, holding()))
    assert before.held is not None

    # when
    company = evolve(before, SECOND, record)

    # then
    assert (company.changed > before.held.version) is changed
    assert evolve(company, THIRD, support(Counts())).changed == company.changed


def test_a_support_run_ends_the_recognition_only_if_it_changes_an_employee() -> None:
    """D8: A support command that changed an employee ends the recognition of the applied delivery.
    A command that changed nothing does not.
    """
    # given
    before = company_after((FIRST, ended()))

    # when / then
    assert evolve(before, SECOND, support()).applied is None
    assert evolve(before, SECOND, support(Counts())).applied == before.applied


def test_an_approved_delivery_stays_approved_when_it_comes_again() -> None:
    """B2: An approved delivery with rejected rows stays approved when it is picked up again,
    although it is read again.
    """
    # given
    again = ended(counts=Counts(rows=10, unchanged=8, rejected=2), outcome=Outcome.UNCHANGED)

    # when
    company = company_after((FIRST, holding()), (SECOND, approving(ends=FIRST)), (THIRD, again))

    # then
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
def test_an_approval_lasts_until_another_delivery_is_applied(between: RunEnded) -> None:
    """B2: An approval outlives the clock, support, failed runs and another held delivery. It ends
    when another delivery is applied.
    """
    # when
    company = company_after((FIRST, holding()), (SECOND, approving(ends=FIRST)), (THIRD, between))

    # then
    assert company.approved == DELIVERY
    assert evolve(company, FOURTH, ended(OTHER)).approved is None


def test_approving_another_delivery_replaces_the_approval() -> None:
    """B2: Approving another delivery replaces the earlier approval."""
    # when
    company = company_after(
        (FIRST, holding()),
        (SECOND, approving(ends=FIRST)),
        (THIRD, holding(OTHER)),
        (FOURTH, approving(OTHER, ends=THIRD)),
    )

    # then
    assert company.approved == OTHER


def test_an_import_approves_nothing() -> None:
    """B2: An import that applies a delivery does not approve it."""
    # when / then
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
    """R3: A company without runs was not picked up in any slot."""
    # when / then
    assert CompanyState().slot is None
    assert not CompanyState().served(NOW)


@pytest.mark.parametrize("order", list(permutations([EVENING, NIGHT, NOON])))
def test_a_company_remembers_its_latest_slot_in_any_order_of_runs(
    order: Sequence[datetime],
) -> None:
    """R3: A company remembers the latest of its slots, in whatever order the runs were stored."""
    # when
    company = served(*order)

    # then
    assert company.slot == NOON
    assert all(company.served(slot) for slot in order)
    assert not company.served(NOON + timedelta(microseconds=1))


def test_a_slot_counts_as_served_when_it_or_a_later_one_was() -> None:
    """R3, R5: A slot counts as served once a run for that slot or for a later slot was stored, so
    missed slots are not made up for.
    """
    # when
    company = served(NIGHT)

    # then
    assert company.served(NIGHT)
    assert company.served(EVENING)
    assert not company.served(NOON)


@pytest.mark.parametrize("outcome", Outcome)
def test_a_slot_is_served_however_its_run_ended(outcome: Outcome) -> None:
    """R3: A slot is served once its run ended with any outcome. A failed run is not tried again."""
    # when / then
    assert served(NIGHT, outcome=outcome).slot == NIGHT


@pytest.mark.parametrize("kind", RunKind)
@pytest.mark.parametrize("outcome", Outcome)
def test_a_run_without_a_slot_leaves_the_slot_as_it_was(kind: RunKind, outcome: Outcome) -> None:
    """R3: A run that was not started for a slot leaves the company's latest slot as it was."""
    # when
    company = evolve(served(NIGHT), THIRD, ended(None, Counts(), kind=kind, outcome=outcome))

    # then
    assert company.slot == NIGHT
    assert served(None).slot is None


@given(st.lists(st.one_of(st.none(), st.timedeltas(timedelta(0), timedelta(days=9))), max_size=20))
@examples(100)
def test_the_slot_of_a_company_never_goes_back(offsets: list[timedelta | None]) -> None:
    """R3: Whatever slots the runs have, the latest slot of a company never moves back."""
    # given
    slots = [None if offset is None else NOW + offset for offset in offsets]

    # when
    seen = [served(*slots[:number]).slot for number in range(len(slots) + 1)]

    # then
    found = [slot for slot in seen if slot is not None]
    assert found == sorted(found)
    assert seen[-1] == max((slot for slot in slots if slot is not None), default=None)
