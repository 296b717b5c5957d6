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
    cases,
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

DUE = """
    C1, L9: activation is due at 00:00 of the first day
        from 2027-04-01 | 2027-04-01 00:00 | activated 2027-04-01 00:00 | active
    C1, L9: not a second before
        from 2027-04-01 | 2027-03-31 23:59:59 | nothing | pending
    C1: a later pass records the same moment
        from 2027-04-01 | 2027-05-11 00:00 | activated 2027-04-01 00:00 | active
    C1, L9: deactivation is due at 23:00 of the last day
        until 2027-04-30 | 2027-04-30 23:00 | deactivated 2027-04-30 23:00 | deactivated
    C1, L9: not a second before
        until 2027-04-30 | 2027-04-30 22:59:59 | nothing | offboarding-scheduled
    C1: a later pass records the same moment of the last day
        until 2027-04-30 | 2027-06-09 23:00 | deactivated 2027-04-30 23:00 | deactivated
    C1, L2: activation of somebody with a last day makes them scheduled
        from 2027-04-01 until 2027-06-30 | 2027-04-01 00:00 | activated 2027-04-01 00:00 |
          offboarding-scheduled
    C1: one pass makes up for both days
        from 2027-04-01 until 2027-04-02 | 2027-05-01 00:00 |
          activated 2027-04-01 00:00, deactivated 2027-04-02 23:00 | deactivated
    C1, L9: who comes and leaves on one day does both
        from 2027-04-01 until 2027-04-01 | 2027-04-01 23:00 |
          activated 2027-04-01 00:00, deactivated 2027-04-01 23:00 | deactivated
    C1, L2: who leaves before the first day is never activated
        from 2027-05-01; leaves 2027-04-10 | 2027-04-10 23:00 | deactivated 2027-04-10 23:00 |
          deactivated
    C1, L2: not by a late pass either
        from 2027-05-01; leaves 2027-04-10 | 2027-06-01 00:00 | deactivated 2027-04-10 23:00 |
          deactivated
    C1: nor after that
        from 2027-05-01; leaves 2027-04-10; closed | 2027-06-01 00:00 | nothing | deactivated
    C1: a cancelled last day is not due
        until 2027-04-30; stays | 2027-05-01 00:00 | nothing | active
    C1: a day that was moved is not due
        until 2027-04-30; moved 2027-05-31 | 2027-05-01 00:00 | nothing | offboarding-scheduled
    C1: the new day is
        until 2027-04-30; moved 2027-05-31 | 2027-06-01 00:00 | deactivated 2027-05-31 23:00 |
          deactivated
    C1, S2: who came back as pending is activated
        from 2027-04-01; closed; back | 2027-04-01 00:00 | activated 2027-04-01 00:00 | active
    C1: nobody is due who stays
        hired | 2027-04-01 00:00 | nothing | active
    C1: it takes effect no earlier than the event before
        hired; leaves 2027-02-15 | 2027-03-01 23:00 | deactivated 2027-03-01 02:45 | deactivated
    C1: but when it is due, where that is later
        hired; leaves 2027-03-31 | 2027-04-05 00:00 | deactivated 2027-03-31 23:00 | deactivated
"""
"""Somebody's history | the moment of the pass | what it does, and when that took effect | what they
are then."""


def history(text: str) -> Employee:
    """Somebody after what happened to them: `from 2027-04-01 until 2027-04-30; stays`."""
    hired, *steps = text.split("; ")
    words = hired.split()
    days = dict(zip(words[::2], words[1::2], strict=False))
    found = employee(days.get("from", ""), days.get("until", ""), now=moment("2027-01-04 02:45"))
    for what, _, said in (step.partition(" ") for step in steps):
        match what:
            case "leaves":
                found = then(found, OffboardingScheduled(day(said)), at=NOW, line=2)
            case "moved":
                found = then(found, OffboardingMoved(day(said)))
            case "stays":
                found = then(found, OffboardingCancelled())
            case "back":
                found = then(found, Reactivated(active=False, offboarding_date=None))
            case _:
                found = then(found, Deactivated())
    return found


def shown(found: ClockPlan) -> str:
    return ", ".join(f"{kind} {at:%Y-%m-%d %H:%M}" for kind, at in told(found))


@pytest.mark.parametrize(("before", "until", "events", "becomes"), cases(DUE, 4))
def test_the_clock_makes_what_is_due(before: str, until: str, events: str, becomes: str) -> None:
    """C1, L2, L9, S2: The clock activates at 00:00 of the first day and deactivates at 23:00 of the
    last day. A late pass records when that was due.
    """
    # given
    known = history(before)

    # when
    found = clock([known], moment(until))

    # then
    assert shown(found) == events
    assert states(found, [known]) == {"p1": becomes}


@pytest.mark.parametrize(
    ("times", "days", "until", "events"),
    [
        ((6, 18), ("2027-04-01", ""), "2027-04-01 05:59", ""),
        ((6, 18), ("2027-04-01", ""), "2027-04-01 06:00", "activated 2027-04-01 06:00"),
        ((6, 18), ("", "2027-04-30"), "2027-04-30 17:59", ""),
        ((6, 18), ("", "2027-04-30"), "2027-04-30 18:00", "deactivated 2027-04-30 18:00"),
        # Deactivation comes before activation on that day, so that nobody starts.
        ((18, 6), ("2027-04-01",) * 2, "2027-04-02 00:00", "deactivated 2027-04-01 06:00"),
        # Both are due at one moment.
        (
            (0, 0),
            ("2027-04-01",) * 2,
            "2027-04-01 00:00",
            "activated 2027-04-01 00:00, deactivated 2027-04-01 00:00",
        ),
    ],
)
def test_the_schedule_says_at_what_time_transitions_are_due(
    times: tuple[int, int], days: tuple[str, str], until: str, events: str
) -> None:
    """C1, L9: When the operator sets other times of activation and deactivation, these count."""
    # given
    schedule = Schedule(activation=time(times[0]), deactivation=time(times[1]))

    # when / then
    assert shown(clock([employee(*days)], moment(until), schedule=schedule)) == events


def test_missed_nights_are_caught_up_by_the_next_run() -> None:
    """C1: After missed nights, the next pass makes every transition that was due, of everybody, no
    earlier than what was recorded before.
    """
    # given
    changed = moment("2027-04-02 02:45")
    people = [
        employee("2027-04-03", number=1),
        employee(offboarding="2027-04-04", number=2),
        then(employee("2027-04-01", number=3), OffboardingScheduled(day("2027-04-01")), at=changed),
    ]

    # when
    found = clock(people, moment("2027-04-06 00:00"))

    # then
    assert told(found) == [
        ("activated", moment("2027-04-03 00:00")),
        ("deactivated", moment("2027-04-04 23:00")),
        ("activated", changed),
        ("deactivated", changed),
    ]


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
