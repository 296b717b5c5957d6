"""The clock changes the employees who are due, and nobody else (C1-C3, L9)."""

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
    """C1, L9: A pending employee becomes active at 00:00 on the onboarding date. A later pass still
    records that moment as the effective one.
    """
    # given
    starts = moment("2027-04-01 00:00")

    # when
    found = clock([employee("2027-04-01")], starts + late)

    # then
    assert told(found) == [("activated", starts)]
    assert one(found).state is State.ACTIVE


def test_activation_is_not_due_a_second_before() -> None:
    """C1, L9: The clock does not activate an employee even one second before the onboarding date
    begins.
    """
    # when
    found = clock([employee("2027-04-01")], moment("2027-04-01 00:00") - SECOND)

    # then
    assert found.changes == ()


@pytest.mark.parametrize("late", [timedelta(0), SECOND, timedelta(days=40)])
def test_deactivation_is_due_at_eleven_in_the_evening_of_the_last_day(late: timedelta) -> None:
    """C1, L9: An employee is deactivated at 23:00 on the offboarding date. A later pass still
    records that moment as the effective one.
    """
    # given
    leaves = moment("2027-04-30 23:00")

    # when
    found = clock([employee(offboarding="2027-04-30")], leaves + late)

    # then
    assert told(found) == [("deactivated", leaves)]
    assert one(found).state is State.DEACTIVATED
    assert one(found).offboarding_date == day("2027-04-30")


def test_deactivation_is_not_due_a_second_before() -> None:
    """C1, L9: The clock does not deactivate an employee even one second before 23:00 on the last
    day.
    """
    # when
    found = clock([employee(offboarding="2027-04-30")], moment("2027-04-30 23:00") - SECOND)

    # then
    assert found.changes == ()


def test_the_clock_makes_every_transition_that_is_due_and_nothing_else() -> None:
    """C1: A clock pass changes the employees who are due and leaves the employees of every other
    state alone.
    """
    # given
    gone = then(employee(offboarding="2027-03-10", number=6), Deactivated())
    people = [
        employee(number=1),
        employee("2027-04-01", number=2),
        employee("2027-04-02", number=3),
        employee(offboarding="2027-04-01", number=4),
        employee(offboarding="2027-04-02", number=5),
        gone,
    ]

    # when
    found = clock(people, moment("2027-04-01 23:00"))

    # then
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
    """C1, L2: Activation moves a pending employee with a last day ahead to `offboarding-scheduled`,
    with one event.
    """
    # when
    found = clock([employee("2027-04-01", "2027-06-30")], moment("2027-04-01 00:00"))

    # then
    assert told(found) == [("activated", moment("2027-04-01 00:00"))]
    assert one(found).state is State.OFFBOARDING_SCHEDULED


def test_missed_nights_are_caught_up_by_the_next_run() -> None:
    """C1: After missed nights, the next pass makes every transition that was due. Each takes effect
    at the moment at which it was due.
    """
    # given
    people = [
        employee("2027-04-01", number=1),
        employee("2027-04-03", number=2),
        employee(offboarding="2027-04-02", number=3),
        employee(offboarding="2027-04-04", number=4),
    ]

    # when
    found = clock(people, moment("2027-04-06 00:00"))

    # then
    assert told(found) == [
        ("activated", moment("2027-04-01 00:00")),
        ("activated", moment("2027-04-03 00:00")),
        ("deactivated", moment("2027-04-02 23:00")),
        ("deactivated", moment("2027-04-04 23:00")),
    ]


def test_an_employee_who_came_and_left_while_the_clock_stood_still_did_both() -> None:
    """C1: One pass activates and deactivates an employee whose first day and last day have both
    gone by.
    """
    # when
    found = clock([employee("2027-04-01", "2027-04-02")], moment("2027-05-01 00:00"))

    # then
    assert told(found) == [
        ("activated", moment("2027-04-01 00:00")),
        ("deactivated", moment("2027-04-02 23:00")),
    ]
    assert one(found).state is State.DEACTIVATED


def test_an_employee_who_comes_and_leaves_on_one_day_does_both() -> None:
    """C1, L9: An employee whose first day is also the last day is activated at 00:00 and
    deactivated at 23:00.
    """
    # when
    found = clock([employee("2027-04-01", "2027-04-01")], moment("2027-04-01 23:00"))

    # then
    assert [kind for kind, _ in told(found)] == ["activated", "deactivated"]


def test_an_employee_who_leaves_before_the_first_day_is_never_activated() -> None:
    """C1, L2, L9: When the last day of a pending employee comes before the first day, the clock
    deactivates the employee and never activates them.
    """
    # given
    ann = then(employee("2027-05-01"), OffboardingScheduled(day("2027-04-10")))

    # when
    early = clock([ann], moment("2027-04-10 23:00"))
    late = clock([ann], moment("2027-06-01 00:00"))

    # then
    assert told(early) == [("deactivated", moment("2027-04-10 23:00"))]
    assert told(late) == told(early)
    assert clock([one(early)], moment("2027-06-01 00:00")).changes == ()


def test_an_offboarding_that_was_cancelled_is_not_due() -> None:
    """C1: The clock does not deactivate an employee whose offboarding was cancelled."""
    # given
    ann = then(employee(offboarding="2027-04-30"), OffboardingCancelled())

    # when / then
    assert clock([ann], moment("2027-05-01 00:00")).changes == ()


def test_an_offboarding_that_was_moved_is_due_on_its_new_day() -> None:
    """C1: The clock deactivates an employee on the new last day and not on the last day that it
    replaced.
    """
    # given
    ann = then(employee(offboarding="2027-04-30"), OffboardingMoved(day("2027-05-31")))

    # when / then
    assert clock([ann], moment("2027-05-01 00:00")).changes == ()
    assert told(clock([ann], moment("2027-06-01 00:00"))) == [
        ("deactivated", moment("2027-05-31 23:00"))
    ]


def test_an_employee_who_came_back_as_pending_is_activated() -> None:
    """C1, S2: The clock activates an employee who was reactivated as pending, like any other
    pending employee.
    """
    # given
    gone = then(employee("2027-04-01"), Deactivated())
    back = then(gone, Reactivated(active=False, offboarding_date=None))

    # when / then
    assert told(clock([back], moment("2027-04-01 00:00"))) == [
        ("activated", moment("2027-04-01 00:00"))
    ]


# C1: when an event took effect and when it was recorded


def test_each_event_carries_when_it_took_effect_and_when_it_was_recorded() -> None:
    """C1: Each event of the clock stores when it was due, when it was recorded and the run, and
    names no file.
    """
    # given
    now = moment("2027-04-03 08:15")

    # when
    found = clock([employee("2027-04-01", "2027-04-02")], now)

    # then
    events = [each for change in found.changes for each in change.events]
    assert [each.effective for each in events] == [
        moment("2027-04-01 00:00"),
        moment("2027-04-02 23:00"),
    ]
    assert [each.recorded for each in events] == [now, now]
    assert [(each.file, each.line, each.run) for each in events] == [(None, None, RUN)] * 2


def test_a_pass_for_an_earlier_moment_records_the_time_at_which_it_runs() -> None:
    """C1: A pass does what was due up to its moment. Its events are recorded at the time at which
    the pass runs.
    """
    # given
    until, now = moment("2027-04-01 00:00"), moment("2027-04-09 12:00")
    people = [employee("2027-04-01", number=1), employee("2027-04-02", number=2)]

    # when
    found = clock(people, until, now=now)

    # then
    assert told(found) == [("activated", until)]
    assert [each.recorded for change in found.changes for each in change.events] == [now]


def test_effective_is_no_earlier_than_the_event_before() -> None:
    """C1: A transition that was due before the employee's previous event takes effect with that
    event.
    """
    # given
    before = employee(now=moment("2027-01-04 02:45"))
    ann = then(before, OffboardingScheduled(day("2027-02-15")), at=NOW, line=2)

    # when
    found = clock([ann], moment("2027-03-01 23:00"))

    # then
    assert told(found) == [("deactivated", NOW)]


def test_effective_is_the_moment_due_where_that_is_later() -> None:
    """C1: A transition that is due later than the employee's previous event takes effect when it is
    due.
    """
    # given
    ann = then(employee(), OffboardingScheduled(day("2027-03-31")), at=NOW, line=2)

    # when / then
    assert told(clock([ann], moment("2027-04-05 00:00"))) == [
        ("deactivated", moment("2027-03-31 23:00"))
    ]


def test_late_transitions_take_effect_no_earlier_than_a_change_recorded_before() -> None:
    """C1: When a pass is late and a change was recorded meanwhile, the transitions take effect no
    earlier than that change.
    """
    # given
    starts, changed = moment("2027-04-01 00:00"), moment("2027-04-02 02:45")
    ann = then(employee("2027-04-01"), OffboardingScheduled(day("2027-04-01")), at=changed, line=2)
    assert starts < changed

    # when
    found = clock([ann], moment("2027-04-03 00:00"))

    # then
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
    """C1, L9: When the operator sets another activation time, employees become active at that other
    time.
    """
    # given
    schedule = Schedule(activation=time(6, 0), deactivation=time(18, 30))

    # when
    found = clock([employee("2027-04-01")], moment(until), schedule=schedule)

    # then
    assert told(found) == ([(kind, moment("2027-04-01 06:00"))] if kind else [])


@pytest.mark.parametrize(
    ("until", "kind"),
    [
        ("2027-04-30 18:29", None),
        ("2027-04-30 18:30", "deactivated"),
    ],
)
def test_deactivation_follows_the_schedule(until: str, kind: str | None) -> None:
    """C1, L9: When the operator sets another deactivation time, employees are deactivated at that
    time.
    """
    # given
    schedule = Schedule(activation=time(6, 0), deactivation=time(18, 30))

    # when
    found = clock([employee(offboarding="2027-04-30")], moment(until), schedule=schedule)

    # then
    assert told(found) == ([(kind, moment("2027-04-30 18:30"))] if kind else [])


def test_an_employee_whose_deactivation_is_due_before_activation_on_one_day_never_starts() -> None:
    """L9: When the schedule puts deactivation before activation on the same day, the employee is
    deactivated and never activated.
    """
    # given
    schedule = Schedule(activation=time(18, 0), deactivation=time(6, 0))
    ann = employee("2027-04-01", "2027-04-01")

    # when
    found = clock([ann], moment("2027-04-02 00:00"), schedule=schedule)

    # then
    assert told(found) == [("deactivated", moment("2027-04-01 06:00"))]


# C2: a second pass


def test_a_second_pass_changes_nothing() -> None:
    """C2: A second pass at the same moment changes nothing, and neither does a later pass while
    nothing new is due.
    """
    # given
    people = [
        employee("2027-04-01", number=1),
        employee("2027-04-01", "2027-04-02", number=2),
        employee(offboarding="2027-04-02", number=3),
        employee("2027-04-01", "2027-12-31", number=4),
    ]
    until = moment("2027-04-02 23:00")
    first = clock(people, until)

    # when
    people = [change.after for change in first.changes]

    # then
    assert len(people) == 4
    assert clock(people, until).changes == ()
    assert clock(people, until + timedelta(days=90)).changes == ()


def test_nightly_passes_and_one_late_pass_make_the_same_events() -> None:
    """C1, C2: Passes every night and one pass after all the nights make the same events with the
    same effective moments.
    """
    # given
    ann = employee("2027-04-01", "2027-04-05")

    # when
    at_once = clock([ann], moment("2027-04-10 00:00"))
    nightly: list[tuple[str, datetime]] = []
    for number in range(20):
        found = clock([ann], moment("2027-03-31 12:00") + number * timedelta(hours=12))
        nightly += told(found)
        ann = found.changes[0].after if found.changes else ann

    # then
    assert nightly == told(at_once)
    assert ann.state is one(at_once).state


def test_a_pass_without_anybody_due_changes_nothing() -> None:
    """C1: A pass in which no employee is due makes no change and no event."""
    # when
    found = clock([employee(), employee("2027-05-01", number=2)], moment("2027-04-01 00:00"))

    # then
    assert found.changes == ()
    assert found.counts.events == 0


def test_a_pass_counts_its_activations_and_deactivations() -> None:
    """C1: The counts of a pass say how many employees it activated and deactivated and how many
    events it made.
    """
    # given
    people = [
        employee("2027-04-01", number=1),
        employee("2027-04-01", "2027-04-02", number=2),
        employee(offboarding="2027-04-02", number=3),
        employee(number=4),
    ]

    # when
    counts = clock(people, moment("2027-04-02 23:00")).counts

    # then
    assert (counts.activated, counts.deactivated, counts.events) == (2, 2, 4)
    assert counts.rows == 0


def test_a_row_is_still_recognised_after_the_clock_changed_its_employee() -> None:
    """C1, L10: After the clock changed an employee, the row that the company last read about the
    employee still causes no event.
    """
    # given
    starting = f"{HEADER}\n{row('2027-04-01', '2027-04-02')}\n"
    roster = roster_after(plan(starting))
    (entry,) = roster.entries
    until = moment("2027-04-02 23:00")

    # when
    found = plan_clock(
        [(roster.employee(entry), entry.digest)], Schedule(), Moment(RUN, until), until
    )

    # then
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
def test_an_import_leaves_due_transitions_to_the_clock(known: Employee, rename: bool) -> None:
    """C3: An import neither activates nor deactivates a known employee whose transition is due,
    whether the row changes the employee or not.
    """
    # given
    said = row(
        known.onboarding_date.isoformat(),
        known.offboarding_date.isoformat() if known.offboarding_date else "",
    )
    said = said.replace("Kim", "Tim") if rename else said

    # when
    found = plan(f"{HEADER}\n{said}\n", known=[known], now=moment("2027-06-01 02:45"))

    # then
    assert kinds(found) == (["details-changed"] if rename else [])
    assert [each.state for each in after(found, [known])] == [known.state]


def test_an_import_schedules_a_last_day_that_is_over_and_the_clock_deactivates() -> None:
    """C3, L4: An import accepts a last day that is over but does not deactivate the employee. The
    next clock pass does.
    """
    # given
    ann = employee(now=moment("2027-01-04 02:45"))

    # when
    found = plan(f"{HEADER}\n{row(offboarding='2027-02-15')}\n", known=[ann])

    # then
    assert kinds(found) == ["offboarding-scheduled"]
    (scheduled,) = after(found)
    assert scheduled.state is State.OFFBOARDING_SCHEDULED
    assert [kind for kind, _ in told(clock([scheduled], NOW))] == ["deactivated"]


def test_an_import_activates_an_employee_when_it_registers_them() -> None:
    """C3, L1: An import registers an employee whose first day has come as active, effective at the
    time of the import.
    """
    # when
    found = plan(f"{HEADER}\n{row('2027-02-15')}\n", run=run_id(1, 1))

    # then
    (change,) = found.changes
    assert change.after.state is State.ACTIVE
    assert [each.effective for each in change.events] == [NOW]


def test_an_employee_whose_transitions_are_due_at_one_moment_does_both() -> None:
    """C1, L9: When activation and deactivation are due at the same moment, the employee is
    activated and then deactivated.
    """
    # given
    midnight = Schedule(activation=time(0), deactivation=time(0))
    ann = employee(onboarding="2027-03-10", offboarding="2027-03-10")

    # when
    found = clock([ann], moment("2027-03-10 00:00"), schedule=midnight)

    # then
    assert [kind for kind, _ in told(found)] == ["activated", "deactivated"]
