"""The runs of a company: its applied, held and approved deliveries, and its slot (D8, R3, B)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import permutations
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.company_runs.events import RunEnded, RunKind
from domain.company_runs.state import AppliedDelivery, CompanyState, evolve
from domain.ids import run_id
from domain.outcome import Counts, Outcome
from tests.given import NOW, cases
from tests.strategies import examples

COUNTS = {
    "applied": Counts(rows=10, registered=3, changed=1, unchanged=4, skipped=2, absent=5, events=4),
    "again": Counts(rows=10, unchanged=8, skipped=2, absent=5),
    "rejecting": Counts(rows=10, changed=8, rejected=2, events=8),
    "rejecting-again": Counts(rows=10, unchanged=8, rejected=2),
    "held": Counts(rows=10, changed=8, rejected=2, events=8),
    "approved": Counts(rows=10, changed=8, unchanged=2, events=8),
    "approved-rejecting": Counts(rows=10, changed=8, rejected=2, events=8),
    "clock": Counts(deactivated=1, events=1),
    "clock-activates": Counts(activated=1, events=1),
    "support": Counts(events=1),
}
"""What a run of each word did. Another word is an outcome, and did nothing."""
KINDS = {
    "clock": RunKind.CLOCK,
    "support": RunKind.SUPPORT,
    "approved": RunKind.APPROVE,
    "approval": RunKind.APPROVE,
    "discarded": RunKind.DISCARD,
}


def run_of(number: int) -> UUID:
    return run_id(1_800_000_000_000 + number, 1)


def delivery(name: str) -> str:
    return name * 64


def record(text: str) -> RunEnded:
    """The record of a run: `applied a`, `again a of 1`, `clock`, `approval-held a ends 1`."""
    what, *words = text.split()
    named = dict(zip(words[1::2], words[2::2], strict=False)) if words else {}
    first = what.partition("-")[0]
    counts = COUNTS["held"] if what == "approval-held" else COUNTS.get(what, Counts())
    outcomes = {"approval-held": "held", "approval-failed": "failed", "approval-refused": "refused"}
    outcome = outcomes.get(what, what if what in set(Outcome) else "")
    return RunEnded(
        company="acme",
        run_kind=KINDS.get(first, RunKind.IMPORT),
        outcome=Outcome(outcome or ("applied" if counts.events else "unchanged")),
        started=NOW,
        finished=NOW,
        by="ops",
        counts=counts,
        delivery=delivery(words[0]) if words and words[0] != "-" else None,
        issues_of=run_of(int(named["of"])) if "of" in named else None,
        ends=run_of(int(named["ends"])) if "ends" in named else None,
    )


def company_after(runs: str) -> CompanyState:
    company = CompanyState()
    for number, text in enumerate(filter(None, runs.split(", ")), 1):
        company = evolve(company, run_of(number), record(text))
    return company


RUNS = """
    R4, D8: without runs there is nothing
        nothing | nothing
    D8: an applied delivery is recognised by its run
        applied a | a by 1 | nothing | nothing | 1
    D8: so is one that changed nobody
        again a | a by 1 | nothing | nothing | 0
    D8: only the latest is
        applied a, applied b | b by 2 | nothing | nothing | 2
    D8: one that is recognised again and again refers to the run that read it
        applied a, again a of 1, again a of 1 | a by 1 | nothing | nothing | 1
    D8: one with a rejected row is not recognised, because the row can become correct later
        rejecting a | nothing | nothing | nothing | 1
    D8: nor is the one before it
        applied a, rejecting b | nothing | nothing | nothing | 2
    D8: nor any after the clock deactivated somebody
        applied a, clock | nothing | nothing | nothing | 2
    D8: or activated somebody
        applied a, clock-activates | nothing | nothing | nothing | 2
    D8: it is after a pass that changed nobody
        applied a, clock-idle | a by 1 | nothing | nothing | 1
    D8: and by the run that read it after the clock
        applied a, clock, again a | a by 3 | nothing | nothing | 2
    D8: it is not after support changed somebody
        applied a, support | nothing | nothing | nothing | 2
    D8: but after a command that changed nobody
        applied a, support-idle | a by 1 | nothing | nothing | 1
    D8: a run that failed changes nothing
        applied a, failed | a by 1 | nothing | nothing | 1
    D8: nor does one that was refused
        applied a, refused | a by 1 | nothing | nothing | 1
    D8: nor one without a file
        applied a, no-file | a by 1 | nothing | nothing | 1
    B1: a held delivery is no change, not applied and not approved
        applied b, held a | b by 1 | a by 2 at 2 | nothing | 1
    B2, B3, C4: it waits through failed runs
        held a, failed | nothing | a by 1 at 1
    B3: through refused ones
        held a, refused | nothing | a by 1 at 1
    B3: through ones without a file
        held a, no-file | nothing | a by 1 at 1
    C4: through the clock
        held a, clock | nothing | a by 1 at 1 | nothing | 2
    B2: through support
        held a, support | nothing | a by 1 at 1 | nothing | 2
    B2: through an approval that failed
        held a, approval-failed | nothing | a by 1 at 1
    B2: through one that was refused
        held a, approval-refused | nothing | a by 1 at 1
    B3: through a discard of another
        held a, discarded - ends 7 | nothing | a by 1 at 1
    B2: an approval applies it and ends its wait
        held a, approved a ends 1 | a by 2 | nothing | a | 2
    B2: a discard ends its wait, and what was applied before stays recognised
        applied b, held a, discarded - ends 2 | b by 1 | nothing | nothing | 1
    B2, B3: a discarded delivery that comes again is held by the new run
        held a, discarded - ends 1, held a | nothing | a by 3 at 3
    B3: a newer delivery is held in its place
        held a, discarded - ends 1, held b | nothing | b by 3 at 3
    B2: an approval that is planned again may be held again
        held a, support, approval-held a ends 1 | nothing | a by 3 at 3 | nothing | 2
    B2: only a run that changed an employee is a change
        held a, support-idle, clock-idle, again b, failed, held b | b by 4 | b by 6 at 6
    B2: another delivery that is applied is one
        held a, applied b | b by 2 | a by 1 at 1 | nothing | 2
    B2: an approved delivery with rejected rows stays approved when it comes again
        held a, approved-rejecting a ends 1, rejecting-again a | nothing | nothing | a | 2
    B2: an approval outlives the clock, support, failed runs and another held delivery
        held a, approved a ends 1, clock, support, failed, refused, held b |
          nothing | b by 7 at 7 | a | 4
    B2: it ends when another delivery is applied
        held a, approved a ends 1, clock, applied b | b by 4 | nothing | nothing | 4
    B2: another approval takes its place
        held a, approved a ends 1, held b, approved b ends 3 | b by 4 | nothing | b | 4
"""
"""The runs of a company | the delivery that is recognised, and its run | the delivery that is held,
its run and version | the delivery that is approved | the version at which an employee changed."""


@pytest.mark.parametrize(("runs", "applied", "held", "approved", "changed"), cases(RUNS, 5))
def test_a_company_knows_what_it_applied_holds_and_approved(
    runs: str, applied: str, held: str, approved: str, changed: str
) -> None:
    """R4, D8, B1-B3, C4: What a company recognises, holds and approved follows from its runs. Each
    run raises the version by one.
    """
    # when
    company = company_after(runs)

    # then
    names = {delivery(name): name for name in "ab"} | {None: ""}
    numbers = {run_of(number): number for number in range(1, 8)}
    shown = ["", "", names[company.approved]]
    if company.applied:
        shown[0] = f"{names[company.applied.delivery]} by {numbers[company.applied.run]}"
    if company.held:
        shown[1] = f"{names[company.held.delivery]} by {numbers[company.held.run]}"
        shown[1] += f" at {company.held.version}"
    assert shown == [applied, held, approved]
    assert company.changed == int(changed or 0)
    assert company.version == len(runs.split(", ")) if runs else company == CompanyState()
    assert [company.holds(delivery(name)) for name in "ab"] == [held.startswith(n) for n in "ab"]


def test_an_applied_delivery_is_remembered_with_its_figures() -> None:
    """D8: A recognised delivery says its rows, and who was absent or passed over, again."""
    # when
    company = company_after("applied a, again a of 1")

    # then
    assert company.applied == AppliedDelivery(
        delivery("a"), run_of(1), rows=10, absent=5, skipped=2
    )


def test_a_discard_leaves_a_company_as_it_was_before_it_held_a_delivery() -> None:
    """B2, Q3: After a discard, only the version and the feed tell that a delivery was held."""
    # given
    before, holding = company_after("applied b"), company_after("applied b, held a")

    # when
    company = company_after("applied b, held a, discarded - ends 2")

    # then
    assert holding.feed.state == "held"
    assert company == replace(before, version=3, feed=company.feed)


# The slot that was served last (R3)

EVENING, NIGHT, NOON = (NOW + timedelta(hours=hours) for hours in (17, 24, 33))


def served(*slots: datetime | None, outcome: Outcome = Outcome.APPLIED) -> CompanyState:
    """A company after runs for these slots."""
    company = CompanyState()
    for number, slot in enumerate(slots):
        ended = replace(record("failed"), outcome=outcome, slot=slot)
        company = evolve(company, run_of(number), ended)
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
    run = replace(record("failed"), run_kind=kind, outcome=outcome)
    company = evolve(served(NIGHT), run_of(2), run)

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
