"""What the clock makes of those who are due, and of nobody else (C1-C3, L9)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta

import pytest

from domain.context import Moment
from domain.employee.aggregate import Employee
from domain.employee.clock import ClockPlan, plan_clock
from domain.employee.events import (
    Deactivated,
    OffboardingCancelled,
    OffboardingMoved,
    OffboardingScheduled,
    Reactivated,
    State,
)
from domain.ids import run_id
from domain.schedule import Schedule
from tests.given import (
    NOW,
    RUN,
    after,
    codes,
    day,
    kinds,
    moment,
    plan,
    registered,
    roster_after,
    then,
)

HEADER = "external_id,email,first_name,last_name,onboarding_date,offboarding_date"
SECOND = timedelta(seconds=1)


def row(onboarding: str = "", offboarding: str = "", number: int = 1) -> str:
    return f"{number},p{number}@acme.example,Kim,Bakker,{onboarding},{offboarding}"


def employee(
    onboarding: str = "", offboarding: str = "", *, number: int = 1, now: datetime = NOW
) -> Employee:
    return registered(row(onboarding, offboarding, number), HEADER, position=number, now=now)


def clock(
    people: Iterable[Employee],
    until: datetime,
    *,
    schedule: Schedule | None = None,
    now: datetime | None = None,
) -> ClockPlan:
    """What the clock does by `until`, in a run at `now` (the same moment, if not told)."""
    due = [(each, None) for each in people]
    return plan_clock(due, schedule or Schedule(), Moment(RUN, now or until), until)


def told(found: ClockPlan) -> list[tuple[str, datetime]]:
    """Every event's kind and when it took effect."""
    return [
        (str(each.event.__struct_config__.tag), each.effective)
        for change in found.changes
        for each in change.events
    ]


def one(found: ClockPlan) -> Employee:
    (change,) = found.changes
    return change.after


def states(found: ClockPlan, people: Iterable[Employee]) -> dict[str, str]:
    result = {each.email[:2]: each.state.value for each in people}
    result.update((each.after.email[:2], each.after.state.value) for each in found.changes)
    return result


# C1, L9: what is due


@pytest.mark.parametrize("late", [timedelta(0), SECOND, timedelta(days=40)])
def test_activation_is_due_at_midnight_of_the_onboarding_date(late: timedelta) -> None:
    """C1, L9: at 00:00, and at every moment after it."""
    starts = moment("2027-04-01 00:00")

    found = clock([employee("2027-04-01")], starts + late)

    assert told(found) == [("activated", starts)]
    assert one(found).state is State.ACTIVE


def test_activation_is_not_due_a_second_before() -> None:
    """C1, L9: nothing early."""
    found = clock([employee("2027-04-01")], moment("2027-04-01 00:00") - SECOND)

    assert found.changes == ()


@pytest.mark.parametrize("late", [timedelta(0), SECOND, timedelta(days=40)])
def test_deactivation_is_due_at_eleven_in_the_evening_of_the_last_day(late: timedelta) -> None:
    """C1, L9: at 23:00, and at every moment after it."""
    leaves = moment("2027-04-30 23:00")

    found = clock([employee(offboarding="2027-04-30")], leaves + late)

    assert told(found) == [("deactivated", leaves)]
    assert one(found).state is State.DEACTIVATED
    assert one(found).offboarding_date == day("2027-04-30")


def test_deactivation_is_not_due_a_second_before() -> None:
    """C1, L9: nothing early."""
    found = clock([employee(offboarding="2027-04-30")], moment("2027-04-30 23:00") - SECOND)

    assert found.changes == ()


def test_the_clock_makes_every_transition_that_is_due_and_nothing_else() -> None:
    """C1: among people in every state."""
    gone = then(employee(offboarding="2027-03-10", number=6), Deactivated())
    people = [
        employee(number=1),
        employee("2027-04-01", number=2),
        employee("2027-04-02", number=3),
        employee(offboarding="2027-04-01", number=4),
        employee(offboarding="2027-04-02", number=5),
        gone,
    ]

    found = clock(people, moment("2027-04-01 23:00"))

    assert states(found, people) == {
        "p1": "active",
        "p2": "active",
        "p3": "pending",
        "p4": "deactivated",
        "p5": "offboarding-scheduled",
        "p6": "deactivated",
    }
    assert len(found.changes) == 2


def test_a_pending_employee_with_a_last_day_ahead_becomes_scheduled() -> None:
    """C1, L2: by activation alone."""
    found = clock([employee("2027-04-01", "2027-06-30")], moment("2027-04-01 00:00"))

    assert told(found) == [("activated", moment("2027-04-01 00:00"))]
    assert one(found).state is State.OFFBOARDING_SCHEDULED


def test_missed_nights_are_caught_up_by_the_next_run() -> None:
    """C1: everyone of every night, each at their own moment."""
    people = [
        employee("2027-04-01", number=1),
        employee("2027-04-03", number=2),
        employee(offboarding="2027-04-02", number=3),
        employee(offboarding="2027-04-04", number=4),
    ]

    found = clock(people, moment("2027-04-06 00:00"))

    assert told(found) == [
        ("activated", moment("2027-04-01 00:00")),
        ("activated", moment("2027-04-03 00:00")),
        ("deactivated", moment("2027-04-02 23:00")),
        ("deactivated", moment("2027-04-04 23:00")),
    ]


def test_who_came_and_left_while_the_clock_stood_still_did_both() -> None:
    """C1: activated, then deactivated, in one run."""
    found = clock([employee("2027-04-01", "2027-04-02")], moment("2027-05-01 00:00"))

    assert told(found) == [
        ("activated", moment("2027-04-01 00:00")),
        ("deactivated", moment("2027-04-02 23:00")),
    ]
    assert one(found).state is State.DEACTIVATED


def test_who_comes_and_leaves_on_one_day_did_both() -> None:
    """C1, L9: 00:00 is before 23:00."""
    found = clock([employee("2027-04-01", "2027-04-01")], moment("2027-04-01 23:00"))

    assert [kind for kind, _ in told(found)] == ["activated", "deactivated"]


def test_who_leaves_before_they_start_never_can_log_in() -> None:
    """C1, L2: deactivated at their last day, and not activated later."""
    ann = then(employee("2027-05-01"), OffboardingScheduled(day("2027-04-10")))

    early = clock([ann], moment("2027-04-10 23:00"))
    late = clock([ann], moment("2027-06-01 00:00"))

    assert told(early) == [("deactivated", moment("2027-04-10 23:00"))]
    assert told(late) == told(early)
    assert clock([one(early)], moment("2027-06-01 00:00")).changes == ()


def test_an_offboarding_that_was_cancelled_is_not_due() -> None:
    """C1: what holds now is what is due."""
    ann = then(employee(offboarding="2027-04-30"), OffboardingCancelled())

    assert clock([ann], moment("2027-05-01 00:00")).changes == ()


def test_an_offboarding_that_was_moved_is_due_on_its_new_day() -> None:
    """C1: and no longer on the old one."""
    ann = then(employee(offboarding="2027-04-30"), OffboardingMoved(day("2027-05-31")))

    assert clock([ann], moment("2027-05-01 00:00")).changes == ()
    assert told(clock([ann], moment("2027-06-01 00:00"))) == [
        ("deactivated", moment("2027-05-31 23:00"))
    ]


def test_who_was_brought_back_as_pending_is_activated() -> None:
    """C1: like anybody who is pending."""
    gone = then(employee("2027-04-01"), Deactivated())
    back = then(gone, Reactivated(active=False, offboarding_date=None))

    assert told(clock([back], moment("2027-04-01 00:00"))) == [
        ("activated", moment("2027-04-01 00:00"))
    ]


# C1: effective and recorded


def test_each_event_carries_when_it_took_effect_and_when_it_was_recorded() -> None:
    """C1: the night it was due, and the night it was done."""
    now = moment("2027-04-03 08:15")

    found = clock([employee("2027-04-01", "2027-04-02")], now)

    events = [each for change in found.changes for each in change.events]
    assert [each.effective for each in events] == [
        moment("2027-04-01 00:00"),
        moment("2027-04-02 23:00"),
    ]
    assert [each.recorded for each in events] == [now, now]
    assert [(each.file, each.line, each.run) for each in events] == [(None, None, RUN)] * 2


def test_the_moment_of_a_pass_is_not_when_it_was_recorded() -> None:
    """C1: a pass may be made for an earlier moment than it runs at."""
    until, now = moment("2027-04-01 00:00"), moment("2027-04-09 12:00")
    people = [employee("2027-04-01", number=1), employee("2027-04-02", number=2)]

    found = clock(people, until, now=now)

    assert told(found) == [("activated", until)]
    assert [each.recorded for change in found.changes for each in change.events] == [now]


def test_effective_is_no_earlier_than_the_event_before() -> None:
    """C1: a last day that was past when the file told it."""
    before = employee(now=moment("2027-01-04 02:45"))
    ann = then(before, OffboardingScheduled(day("2027-02-15")), at=NOW, line=2)

    found = clock([ann], moment("2027-03-01 23:00"))

    assert told(found) == [("deactivated", NOW)]


def test_effective_is_the_moment_due_where_that_is_later() -> None:
    """C1: the later of the two."""
    ann = then(employee(), OffboardingScheduled(day("2027-03-31")), at=NOW, line=2)

    assert told(clock([ann], moment("2027-04-05 00:00"))) == [
        ("deactivated", moment("2027-03-31 23:00"))
    ]


def test_effective_never_decreases_along_a_history_of_late_runs() -> None:
    """C1: an activation that was due before the change that was recorded first."""
    starts, changed = moment("2027-04-01 00:00"), moment("2027-04-02 02:45")
    ann = then(employee("2027-04-01"), OffboardingScheduled(day("2027-04-01")), at=changed, line=2)
    assert starts < changed

    found = clock([ann], moment("2027-04-03 00:00"))

    assert told(found) == [("activated", changed), ("deactivated", changed)]


# The schedule is the company's


@pytest.mark.parametrize(
    ("until", "kind"),
    [
        ("2027-04-01 05:59", None),
        ("2027-04-01 06:00", "activated"),
    ],
)
def test_activation_follows_the_schedule(until: str, kind: str | None) -> None:
    """C1, L9: another time of day."""
    schedule = Schedule(activation=time(6, 0), deactivation=time(18, 30))

    found = clock([employee("2027-04-01")], moment(until), schedule=schedule)

    assert told(found) == ([(kind, moment("2027-04-01 06:00"))] if kind else [])


@pytest.mark.parametrize(
    ("until", "kind"),
    [
        ("2027-04-30 18:29", None),
        ("2027-04-30 18:30", "deactivated"),
    ],
)
def test_deactivation_follows_the_schedule(until: str, kind: str | None) -> None:
    """C1, L9: another time of day."""
    schedule = Schedule(activation=time(6, 0), deactivation=time(18, 30))

    found = clock([employee(offboarding="2027-04-30")], moment(until), schedule=schedule)

    assert told(found) == ([(kind, moment("2027-04-30 18:30"))] if kind else [])


def test_who_would_leave_in_the_morning_and_start_in_the_evening_never_starts() -> None:
    """C1: a schedule by which the moment to leave comes first on the same day."""
    schedule = Schedule(activation=time(18, 0), deactivation=time(6, 0))
    ann = employee("2027-04-01", "2027-04-01")

    found = clock([ann], moment("2027-04-02 00:00"), schedule=schedule)

    assert told(found) == [("deactivated", moment("2027-04-01 06:00"))]


# C2: again


def test_running_again_changes_nothing() -> None:
    """C2: at the same moment, and later as long as nothing new is due."""
    people = [
        employee("2027-04-01", number=1),
        employee("2027-04-01", "2027-04-02", number=2),
        employee(offboarding="2027-04-02", number=3),
        employee("2027-04-01", "2027-12-31", number=4),
    ]
    until = moment("2027-04-02 23:00")
    first = clock(people, until)

    people = [change.after for change in first.changes]

    assert len(people) == 4
    assert clock(people, until).changes == ()
    assert clock(people, until + timedelta(days=90)).changes == ()


def test_night_by_night_and_all_at_once_come_to_the_same() -> None:
    """C1, C2: the same events, in effect at the same moments."""
    ann = employee("2027-04-01", "2027-04-05")

    at_once = clock([ann], moment("2027-04-10 00:00"))
    nightly: list[tuple[str, datetime]] = []
    for number in range(20):
        found = clock([ann], moment("2027-03-31 12:00") + number * timedelta(hours=12))
        nightly += told(found)
        ann = found.changes[0].after if found.changes else ann

    assert nightly == told(at_once)
    assert ann.state is one(at_once).state


def test_nobody_due_is_no_change_at_all() -> None:
    """C1: a pass with nothing to do has nothing to leave."""
    found = clock([employee(), employee("2027-05-01", number=2)], moment("2027-04-01 00:00"))

    assert found.changes == ()
    assert found.counts.events == 0


def test_counts_tell_who_came_and_who_left() -> None:
    """C1: what the run's record says."""
    people = [
        employee("2027-04-01", number=1),
        employee("2027-04-01", "2027-04-02", number=2),
        employee(offboarding="2027-04-02", number=3),
        employee(number=4),
    ]

    counts = clock(people, moment("2027-04-02 23:00")).counts

    assert (counts.activated, counts.deactivated, counts.events) == (2, 2, 4)
    assert counts.rows == 0


def test_what_recognises_a_row_outlives_the_clock() -> None:
    """C1, L10: what the clock does follows from the row, which still changes nothing."""
    starting = f"{HEADER}\n{row('2027-04-01', '2027-04-02')}\n"
    roster = roster_after(plan(starting))
    (entry,) = roster.entries
    until = moment("2027-04-02 23:00")

    found = plan_clock(
        [(roster.employee(entry), entry.digest)], Schedule(), Moment(RUN, until), until
    )

    assert entry.digest is not None
    assert [change.digest for change in found.changes] == [entry.digest]
    again = plan(starting, known=[one(found)], now=until + timedelta(hours=4))
    assert (kinds(again), codes(again)) == ([], [])


# C3: imports and the clock


@pytest.mark.parametrize(
    "known",
    [
        employee("2027-04-01"),
        employee(offboarding="2027-04-01"),
        employee("2027-04-01", "2027-04-02"),
    ],
    ids=["activation due", "deactivation due", "both due"],
)
@pytest.mark.parametrize("rename", [False, True])
def test_an_import_leaves_to_the_clock_what_is_due(known: Employee, rename: bool) -> None:
    """C3: an import neither deactivates nor activates whom it does not register."""
    said = row(
        known.onboarding_date.isoformat(),
        known.offboarding_date.isoformat() if known.offboarding_date else "",
    )
    said = said.replace("Kim", "Tim") if rename else said

    found = plan(f"{HEADER}\n{said}\n", known=[known], now=moment("2027-06-01 02:45"))

    assert kinds(found) == (["details-changed"] if rename else [])
    assert [each.state for each in after(found, [known])] == [known.state]


def test_an_import_does_not_deactivate_by_a_last_day_that_is_past() -> None:
    """C3, L4: the next clock run does."""
    ann = employee(now=moment("2027-01-04 02:45"))

    found = plan(f"{HEADER}\n{row(offboarding='2027-02-15')}\n", known=[ann])

    assert kinds(found) == ["offboarding-scheduled"]
    (scheduled,) = after(found)
    assert scheduled.state is State.OFFBOARDING_SCHEDULED
    assert [kind for kind, _ in told(clock([scheduled], NOW))] == ["deactivated"]


def test_an_import_activates_whom_it_registers() -> None:
    """C3, L1: by registering them as active, at the time of the import."""
    found = plan(f"{HEADER}\n{row('2027-02-15')}\n", run=run_id(1, 1))

    (change,) = found.changes
    assert change.after.state is State.ACTIVE
    assert [each.effective for each in change.events] == [NOW]


def test_who_starts_and_leaves_at_one_moment_did_both() -> None:
    """L9, C1: where activation and deactivation are due at one moment, the employee is activated
    and then deactivated."""
    # given
    midnight = Schedule(activation=time(0), deactivation=time(0))
    ann = employee(onboarding="2027-03-10", offboarding="2027-03-10")

    # when
    found = clock([ann], moment("2027-03-10 00:00"), schedule=midnight)

    # then
    assert [kind for kind, _ in told(found)] == ["activated", "deactivated"]
