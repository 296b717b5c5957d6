"""The stream of a company's runs: what it took in whole, and what unsettles that (D8, R4)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from domain.ids import run_id
from domain.run import CompanyStream, Counts, Outcome, RunEnded, RunKind, Settled
from tests.given import NOW

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


def stream(*runs: tuple[UUID, RunEnded]) -> CompanyStream:
    company = CompanyStream()
    for run, record in runs:
        company = company.after(run, record)
    return company


def test_a_company_begins_with_no_run_and_nothing_settled() -> None:
    assert CompanyStream() == CompanyStream(version=0, settled=None)


def test_every_run_is_the_next_version() -> None:
    """R4: whatever the run did, so that of two built on one state one comes too late."""
    company = stream(
        (FIRST, ended()),
        (SECOND, ended(None, Counts(), outcome=Outcome.FAILED)),
        (THIRD, ended(None, Counts(deactivated=1, events=1), kind=RunKind.CLOCK)),
    )

    assert company.version == 3


@pytest.mark.parametrize(("counts", "outcome"), [(READ, "applied"), (AGAIN, "unchanged")])
def test_a_delivery_that_was_read_to_its_end_is_settled(counts: Counts, outcome: str) -> None:
    """D8: whether it changed anyone or not."""
    company = stream((FIRST, ended(counts=counts, outcome=Outcome(outcome))))

    assert company.settled == Settled(DELIVERY, FIRST, rows=10, absent=5, skipped=2)


def test_the_delivery_that_came_last_is_the_one_that_is_settled() -> None:
    """D8: the one before it would undo what came since."""
    company = stream((FIRST, ended()), (SECOND, ended(OTHER)))

    assert company.settled is not None
    assert (company.settled.delivery, company.settled.run) == (OTHER, SECOND)


def test_a_delivery_that_was_recognised_stays_settled_by_the_run_that_read_it() -> None:
    """D8: issues are told by reference to that run, however often it is met."""
    again = ended(counts=AGAIN, outcome=Outcome.UNCHANGED, issues_of=FIRST)

    company = stream((FIRST, ended()), (SECOND, again), (THIRD, again))

    assert company.settled == Settled(DELIVERY, FIRST, rows=10, absent=5, skipped=2)


def test_a_rejected_row_settles_nothing() -> None:
    """D8: a row rejected today may be right tomorrow, by another row or another day."""
    company = stream((FIRST, ended(counts=Counts(rows=2, unchanged=1, rejected=1))))

    assert company.settled is None


def test_a_rejected_row_unsettles_what_was_settled_before() -> None:
    """D8: the delivery before it is not the last one any more."""
    rejecting = Counts(rows=2, changed=1, rejected=1, events=1)

    company = stream((FIRST, ended()), (SECOND, ended(OTHER, rejecting)))

    assert company.settled is None


@pytest.mark.parametrize(
    "counts",
    [Counts(activated=1, events=1), Counts(deactivated=2, events=2)],
    ids=["activated", "deactivated"],
)
def test_what_the_clock_does_unsettles(counts: Counts) -> None:
    """D8: something of the company changed since."""
    company = stream((FIRST, ended()), (SECOND, ended(None, counts, kind=RunKind.CLOCK)))

    assert company.settled is None


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.REFUSED, Outcome.NO_FILE])
def test_a_run_that_read_nothing_and_changed_nobody_leaves_it_settled(outcome: Outcome) -> None:
    """D8: nothing of the company changed since."""
    before = stream((FIRST, ended()))

    company = before.after(SECOND, ended(None, Counts(), outcome=outcome))

    assert company.settled == before.settled


def test_a_clock_run_that_changed_nobody_leaves_it_settled() -> None:
    """D8: nothing of the company changed since."""
    company = stream((FIRST, ended()), (SECOND, ended(None, Counts(), kind=RunKind.CLOCK)))

    assert company.settled is not None
    assert company.settled.run == FIRST


def test_after_the_clock_the_delivery_is_read_once_more_and_settled_anew() -> None:
    """D8: by the run that read it last."""
    company = stream(
        (FIRST, ended()),
        (SECOND, ended(None, Counts(deactivated=1, events=1), kind=RunKind.CLOCK)),
        (THIRD, ended(counts=AGAIN, outcome=Outcome.UNCHANGED)),
    )

    assert company.settled == Settled(DELIVERY, THIRD, rows=10, absent=5, skipped=2)


def test_a_stream_is_a_value() -> None:
    """R4: what a run was planned from is not changed by the run."""
    before = CompanyStream()

    before.after(FIRST, ended())

    assert before == CompanyStream()
