"""Who is absent from the deliveries of a company, since when, and what follows from it (Q4)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.store.memory import MemoryDatabase, open_memory
from adapters.store.store import Store
from domain.company_runs.events import FileInfo
from domain.employee.commands import CancelOffboarding, Deactivate, Reactivate
from domain.employee.events import State
from domain.outcome import Outcome
from projections.runs import RunDocument
from tests.adapters.days import ANNA, BAD_ANNA, BRAM, DORA, LEAVER, ROWS, Days
from tests.adapters.steps import person
from tests.strategies import examples

STEPS = ("full", "again", "partial", "hold", "approve", "discard", "refused", "fail", "miss")


@pytest.fixture
def days(store: Store) -> Days:
    """Acme, whose deliveries come day by day."""
    return Days(store)


def absent(days: Days) -> dict[str, int]:
    """The addresses of the absent employees, with the number of deliveries that lack them."""
    number = days.store.runs.company_state("acme").deliveries
    rows = days.store.standing.absent("acme")
    people = {each.id.hex: each.email for each in days.store.roster.employees("acme")}
    return {people[key]: number - row.delivery + 1 for key, row in rows.items()}


def test_absence_is_counted_in_full_deliveries(days: Days) -> None:
    """Q4: Whoever is here and not in an applied full delivery is absent, and the deliveries that
    lack them are counted. Whoever is back is not absent any more.
    """
    # given
    days.take(ANNA, BRAM, DORA)

    # when
    seen = []
    for rows in ((ANNA, BRAM), (ANNA,), (ANNA, DORA), (ANNA, BRAM, DORA)):
        days.take(*rows)
        seen.append(absent(days))

    # then
    bram, dora = "bram@acme.example", "dora@acme.example"
    assert seen == [{dora: 1}, {dora: 2, bram: 1}, {bram: 2}, {}]


def test_a_file_that_still_lies_there_is_no_further_delivery(days: Days) -> None:
    """Q4, D8: A file that nobody took away is picked up again, and is no further delivery. The same
    rows in a newer file are one.
    """
    # given
    days.take(ANNA, BRAM)
    days.take(ANNA)

    # when
    days.again()
    lying = absent(days)
    days.take(ANNA)

    # then
    assert lying == {"bram@acme.example": 1}
    assert absent(days) == {"bram@acme.example": 2}


def test_deliveries_that_do_not_count_leave_absence_as_it_is(days: Days) -> None:
    """Q4, D12: Partial, held, refused and failed deliveries say nothing about who is absent, and
    neither does a pick-up without a file.
    """
    # given
    days.take(ANNA, BRAM, DORA)
    days.take(ANNA, BRAM)

    # when
    days.take(DORA, partial=True)
    days.hold(DORA)
    days.take()
    days.fail()
    days.miss()

    # then
    assert absent(days) == {"dora@acme.example": 1}


def test_whoever_is_deactivated_is_not_here_and_so_not_absent(days: Days) -> None:
    """Q4: A deactivated employee is not absent. After support reactivates the account, the count
    begins anew.
    """
    # given
    days.take(ANNA, BRAM)
    days.take(ANNA)

    # when
    days.ask(Deactivate(), "bram@acme.example")
    gone = absent(days)
    days.ask(Reactivate(), "bram@acme.example")
    days.take(ANNA, DORA)

    # then
    assert gone == {}
    assert absent(days) == {"bram@acme.example": 1}


class Model:
    """Who is absent, told again in a few words from the runs and from who is here."""

    def __init__(self) -> None:
        self.absent: dict[str, int] = {}
        self._last: FileInfo | None = None

    def see(self, step: str, run: RunDocument | None, days: Days, here: frozenset[str]) -> None:
        """Takes one more run into account. `here` were here before it."""
        applied = run is not None and run.outcome in (Outcome.APPLIED, Outcome.UNCHANGED)
        if run is not None and applied and run.files and step != "partial":
            (file,) = run.files
            further = int(file != self._last)
            lacking = here - days.addresses(file)
            self.absent = {who: self.absent.get(who, 1 - further) + further for who in lacking}
            self._last = file
        self.absent = {who: count for who, count in self.absent.items() if who in days.here()}


@given(
    st.lists(
        st.tuples(
            st.sampled_from((*STEPS, "deactivate", "pass_clock")),
            st.lists(st.sampled_from(ROWS), min_size=1, max_size=4, unique_by=lambda row: row[:4]),
        ),
        min_size=1,
        max_size=8,
    ),
    st.sampled_from(["ignore", "report", "offboard"]),
)
@examples(40)
def test_absence_is_right_after_any_deliveries(
    steps: list[tuple[str, list[str]]], policy: str
) -> None:
    """Q4: After any sequence of full, partial, held, refused and repeated deliveries, exactly those
    are absent who are here and whom the last applied full delivery lacks. `verify` finds nothing
    wrong, and a rebuild makes the same rows again.
    """
    # given
    days, model = Days(open_memory(MemoryDatabase()), absent=policy, absent_after=2), Model()

    # when
    for step, rows in steps:
        here = days.here()
        model.see(step, days.play(step, rows), days, here)

    # then
    assert absent(days) == model.absent
    assert days.store.verify(lambda _: None).problems == ()
    days.store.rebuild(lambda _: None)
    assert absent(days) == model.absent


def test_the_policy_can_report_who_is_absent(store: Store) -> None:
    """Q4, L10: With `absent = "report"`, whoever is absent from `absent_after` deliveries is told,
    and told again by a delivery that is recognised. Whoever leaves anyway is not.
    """
    # given
    days = Days(store, absent="report", absent_after=3)
    days.take(ANNA, BRAM, LEAVER)

    # when
    runs = [days.take(ANNA), days.take(ANNA), days.take(ANNA), days.again()]

    # then
    told = [
        [(issue.code, issue.email, issue.new) for issue in run.issues if issue.email]
        for run in runs
    ]
    bram = ("absent-employee", "bram@acme.example")
    assert told == [[], [], [(*bram, True)], [(*bram, False)]]
    assert person(store, "bram@acme.example").state is State.ACTIVE


def test_the_policy_can_let_the_absent_leave(store: Store) -> None:
    """Q4: With `absent = "offboard"`, whoever is absent from `absent_after` deliveries gets a last
    day on the day of that delivery. Whoever reappears before it is over does not leave any more.
    """
    # given
    days = Days(store, absent="offboard", absent_after=2)
    days.take(ANNA, BRAM)
    days.take(ANNA)

    # when
    run = days.take(ANNA)
    leaving = person(store, "bram@acme.example")
    days.take(ANNA, BRAM)

    # then
    assert [issue.code for issue in run.issues] == ["absent-offboarded"]
    assert leaving.offboarding_date == run.finished.date()
    assert person(store, "bram@acme.example").offboarding_date is None


def test_whoever_comes_back_after_an_absence_closed_the_account_is_told(store: Store) -> None:
    """Q4, L6: A row of somebody whose account was closed because of absence asks for them back: it
    is rejected, also if it is the same row as before.
    """
    # given
    days = Days(store, absent="offboard", absent_after=1)
    days.take(ANNA, BRAM)
    days.take(ANNA)
    days.watch.moment += timedelta(days=1)
    days.pass_clock()

    # when
    run = days.take(ANNA, BRAM, DORA)

    # then
    assert [issue.code for issue in run.issues] == ["reactivation-needs-support"]


@pytest.mark.parametrize(
    ("rows", "ending", "limits"),
    [
        ((BAD_ANNA,), "\n", {}),
        ((ANNA,), "", {}),
        ((ANNA,), "\n", {"max_shrinkage": 1}),
    ],
    ids=["partly rejected", "cut off", "shrunken"],
)
def test_nobody_leaves_by_a_delivery_that_is_not_whole(
    store: Store, rows: tuple[str, ...], ending: str, limits: Mapping[str, int]
) -> None:
    """Q4: A delivery that is shrunken, cut off or partly rejected lets nobody leave, also when
    somebody approves it.
    """
    # given
    days = Days(store, absent="offboard", absent_after=1, **limits)
    days.take(ANNA, BRAM, DORA)

    # when
    days.take(*rows, ending=ending)
    days.approve()

    # then
    assert set(absent(days)) == {"bram@acme.example", "dora@acme.example"}
    assert [person(store, who).offboarding_date for who in absent(days)] == [None, None]


def test_those_who_leave_by_absence_count_for_the_safeguard(store: Store) -> None:
    """Q4, B1: Whoever would leave because of absence counts with the other offboardings. What the
    approval leaves out is left out by later deliveries, too (B5).
    """
    # given
    days = Days(store, absent="offboard", absent_after=2, max_offboardings=1)
    days.take(ANNA, BRAM, DORA)
    days.take(ANNA)

    # when
    held = days.take(ANNA)
    days.approve(without=("bram@acme.example",))
    days.take(ANNA)

    # then
    assert held.issues[0].code == "many-offboardings"
    assert person(store, "bram@acme.example").offboarding_date is None
    assert person(store, "dora@acme.example").offboarding_date is not None


def test_what_support_decides_about_an_absence_stands(store: Store) -> None:
    """Q4, L8: After support cancelled a last day that followed from absence, later absence is told,
    and does not let the employee leave. It may again once the file has had the employee.
    """
    # given
    days = Days(store, absent="offboard", absent_after=1)
    days.take(ANNA, BRAM)
    days.take(ANNA)

    # when
    days.ask(CancelOffboarding(), "bram@acme.example")
    run = days.take(ANNA)

    # then
    assert [issue.code for issue in run.issues] == ["absent-employee"]
    assert person(store, "bram@acme.example").offboarding_date is None
