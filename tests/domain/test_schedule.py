"""When dates take effect (L9), and when deliveries are picked up (R3, R5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.schedule import Schedule
from tests.given import day, moment
from tests.strategies import examples

USUAL = Schedule()
OFFICE = Schedule(activation=time(7, 30), deactivation=time(18, 0))


def test_activation_is_at_midnight_utc() -> None:
    """L9: By default a pending employee is activated at 00:00 UTC on the onboarding date."""
    # when / then
    assert USUAL.activation_of(day("2027-04-01")) == datetime(2027, 4, 1, tzinfo=UTC)


def test_deactivation_is_at_eleven_in_the_evening_utc() -> None:
    """L9: By default a leaver is deactivated at 23:00 UTC on the offboarding date."""
    # when / then
    assert USUAL.deactivation_of(day("2027-04-01")) == datetime(2027, 4, 1, 23, tzinfo=UTC)


def test_the_operator_can_set_both_times() -> None:
    """L9: The operator can set other times for activation and deactivation."""
    # when / then
    assert OFFICE.activation_of(day("2027-04-01")) == moment("2027-04-01 07:30")
    assert OFFICE.deactivation_of(day("2027-04-01")) == moment("2027-04-01 18:00")


@pytest.mark.parametrize(
    ("schedule", "now", "last"),
    [
        (USUAL, "2027-04-01 00:00", "2027-04-01"),
        (USUAL, "2027-03-31 23:59", "2027-03-31"),
        (OFFICE, "2027-04-01 07:29", "2027-03-31"),
        (OFFICE, "2027-04-01 07:30", "2027-04-01"),
    ],
)
def test_the_last_onboarding_date_that_is_due(schedule: Schedule, now: str, last: str) -> None:
    """L9, C1: An onboarding date is due from the time of activation on that day, and not before."""
    assert schedule.last_activation(moment(now)) == day(last)


@pytest.mark.parametrize(
    ("schedule", "now", "last"),
    [
        (USUAL, "2027-04-01 22:59", "2027-03-31"),
        (USUAL, "2027-04-01 23:00", "2027-04-01"),
        (USUAL, "2027-01-01 00:00", "2026-12-31"),
        (OFFICE, "2027-04-01 17:59", "2027-03-31"),
        (OFFICE, "2027-04-01 18:00", "2027-04-01"),
    ],
)
def test_the_last_offboarding_date_that_is_due(schedule: Schedule, now: str, last: str) -> None:
    """L9, C1: An offboarding date is due from the time of deactivation on that day, and
    not before.
    """
    assert schedule.last_deactivation(moment(now)) == day(last)


@pytest.mark.parametrize("schedule", [USUAL, OFFICE])
@pytest.mark.parametrize("hours", range(0, 48, 3))
def test_the_last_date_due_is_due_and_the_next_one_is_not(schedule: Schedule, hours: int) -> None:
    """L9, C1: At any time of day, the last date that is due has reached its moment and the next
    date has not.
    """
    # given
    now = moment("2027-02-27 23:00") + timedelta(hours=hours)
    tomorrow = timedelta(days=1)

    # when
    starts, leaves = schedule.last_activation(now), schedule.last_deactivation(now)

    # then
    assert schedule.activation_of(starts) <= now < schedule.activation_of(starts + tomorrow)
    assert schedule.deactivation_of(leaves) <= now < schedule.deactivation_of(leaves + tomorrow)


# Slots, by examples

NEVER = Schedule(pickup=())
ONCE = Schedule(pickup=(time(6, 0),))
HOURLY = Schedule(pickup=tuple(time(hour) for hour in range(24)))
TOGETHER = Schedule(pickup=(time(0, 0), time(23, 0)))
"""Deliveries are picked up when dates take effect."""
DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("schedule", "now", "slot"),
    [
        (USUAL, "2027-03-01 02:44", "2027-02-28 20:00"),
        (USUAL, "2027-03-01 02:45", "2027-03-01 02:45"),
        (USUAL, "2027-03-01 19:59", "2027-03-01 02:45"),
        (USUAL, "2027-03-01 20:00", "2027-03-01 20:00"),
        (USUAL, "2027-03-01 23:59", "2027-03-01 20:00"),
        (USUAL, "2027-01-01 00:00", "2026-12-31 20:00"),
        (USUAL, "2028-03-01 00:00", "2028-02-29 20:00"),
        (USUAL, "2028-02-29 02:45", "2028-02-29 02:45"),
        (USUAL, "2027-03-01 00:00", "2027-02-28 20:00"),
        (ONCE, "2027-01-01 05:59", "2026-12-31 06:00"),
        (ONCE, "2027-01-01 06:00", "2027-01-01 06:00"),
        (HOURLY, "2027-01-01 00:59", "2027-01-01 00:00"),
        (HOURLY, "2026-12-31 23:59", "2026-12-31 23:00"),
        (TOGETHER, "2027-01-01 00:00", "2027-01-01 00:00"),
        (TOGETHER, "2026-12-31 23:00", "2026-12-31 23:00"),
        (TOGETHER, "2026-12-31 22:59", "2026-12-31 00:00"),
    ],
)
def test_the_last_slot(schedule: Schedule, now: str, slot: str) -> None:
    """R3: The last slot is the latest configured time that has come, also across the ends of days,
    months and years.
    """
    assert schedule.last_slot(moment(now)) == moment(slot)


def test_the_order_in_which_slots_are_configured_does_not_matter() -> None:
    """R3: The times of the slots can be configured in any order."""
    # given
    backwards = Schedule(pickup=USUAL.pickup[::-1])

    # when / then
    for hours in range(48):
        now = moment("2027-03-01 00:00") + timedelta(hours=hours)
        assert backwards.last_slot(now) == USUAL.last_slot(now)


def test_without_configured_slots_no_slot_is_ever_due() -> None:
    """R3: Without configured slots no slot is ever due, and the clock still has its moments."""
    # given
    now = moment("2027-03-01 20:00")

    # when / then
    assert NEVER.last_slot(now) is None
    assert NEVER.due_slot(now - 400 * DAY, now) is None
    assert NEVER.next_moment(now) == moment("2027-03-01 23:00")


@pytest.mark.parametrize("schedule", [USUAL, ONCE, HOURLY, TOGETHER, NEVER])
def test_a_new_company_has_no_slot_due(schedule: Schedule) -> None:
    """R5: A new company has no slot due and waits for the next one, even at the moment of
    a slot.
    """
    # when / then
    for hours in range(48):
        assert schedule.due_slot(None, moment("2027-03-01 00:00") + timedelta(hours=hours)) is None


@pytest.mark.parametrize(
    ("after", "now", "slot"),
    [
        # Seen between two slots: the next one.
        ("2027-03-01 10:00", "2027-03-01 19:59", None),
        ("2027-03-01 10:00", "2027-03-01 20:00", "2027-03-01 20:00"),
        # Seen at a slot, which therefore counts as behind.
        ("2027-03-01 20:00", "2027-03-01 20:00", None),
        ("2027-03-01 20:00", "2027-03-02 02:44", None),
        ("2027-03-01 20:00", "2027-03-02 02:45", "2027-03-02 02:45"),
        # Downtime of an hour, of a day and two hours, of a week and a day, of more than a year.
        ("2027-03-01 02:45", "2027-03-01 20:59", "2027-03-01 20:00"),
        ("2027-03-01 02:45", "2027-03-02 04:45", "2027-03-02 02:45"),
        ("2027-03-01 02:45", "2027-03-09 02:44", "2027-03-08 20:00"),
        ("2027-03-01 02:45", "2028-04-04 02:45", "2028-04-04 02:45"),
        # The clock of the machine was set back.
        ("2027-03-01 20:00", "2027-03-01 17:00", None),
        ("2027-03-01 20:00", "2026-03-01 20:00", None),
    ],
)
def test_only_the_latest_missed_slot_is_due(after: str, now: str, slot: str | None) -> None:
    """R3, R5: Only the latest slot that has come is due, if it is later than the slot of the
    company's last pick-up.
    """
    # when
    due = USUAL.due_slot(moment(after), moment(now))

    # then
    assert due == (moment(slot) if slot else None)


@pytest.mark.parametrize(
    ("schedule", "now", "next_one"),
    [
        (USUAL, "2027-03-01 00:00", "2027-03-01 02:45"),
        (USUAL, "2027-03-01 02:44", "2027-03-01 02:45"),
        (USUAL, "2027-03-01 02:45", "2027-03-01 20:00"),
        (USUAL, "2027-03-01 20:00", "2027-03-01 23:00"),
        (USUAL, "2026-12-31 23:00", "2027-01-01 00:00"),
        (USUAL, "2028-02-28 23:00", "2028-02-29 00:00"),
        (OFFICE, "2027-03-01 02:45", "2027-03-01 07:30"),
        (ONCE, "2027-03-01 23:30", "2027-03-02 00:00"),
        (TOGETHER, "2027-12-31 23:00", "2028-01-01 00:00"),
    ],
)
def test_the_next_moment_is_later_than_now(schedule: Schedule, now: str, next_one: str) -> None:
    """R3, C1: The next moment is the first slot, activation or deactivation that is later
    than now.
    """
    assert schedule.next_moment(moment(now)) == moment(next_one)


@pytest.mark.parametrize(
    ("schedule", "now", "slot"),
    [
        (USUAL, "2027-03-01 02:44", "2027-03-01 02:45"),
        (USUAL, "2027-03-01 02:45", "2027-03-01 20:00"),
        (USUAL, "2027-03-01 20:00", "2027-03-02 02:45"),
        (NEVER, "2027-03-01 20:00", None),
    ],
)
def test_the_next_slot_is_later_than_now(schedule: Schedule, now: str, slot: str | None) -> None:
    """R3: The next slot is the first one later than now, and there is none without pick-ups."""
    # when / then
    assert schedule.next_slot(moment(now)) == (moment(slot) if slot else None)


# Slots, by properties

MOMENTS = st.timedeltas(timedelta(0), 16 * 365 * DAY).map(
    lambda since: datetime(2020, 1, 1, tzinfo=UTC) + since
)
TIMES = st.times().map(lambda at: at.replace(second=0, microsecond=0, tzinfo=None))
SCHEDULES = st.builds(
    Schedule,
    pickup=st.lists(TIMES, max_size=6, unique=True).map(tuple),
    activation=TIMES,
    deactivation=TIMES,
)
SPANS = st.one_of(
    st.timedeltas(-3 * DAY, 3 * DAY),
    st.timedeltas(-400 * DAY, 400 * DAY),
    st.sampled_from([timedelta(0), INSTANT, -INSTANT, DAY, -DAY]),
)
JUMPS = st.lists(SPANS, max_size=40)
"""How far the time moves between two looks: on, back, or not at all."""


def slots_between(schedule: Schedule, after: datetime, now: datetime) -> list[datetime]:
    """Every slot after one moment and by another, day by day."""
    days = range((now.date() - after.date()).days + 1)
    every = (
        datetime.combine(after.date() + number * DAY, at, UTC)
        for number in days
        for at in schedule.pickup
    )
    return sorted(slot for slot in every if after < slot <= now)


@given(SCHEDULES, MOMENTS, SPANS)
@examples(300)
def test_the_due_slot_is_the_latest_of_all_missed_slots(
    schedule: Schedule, after: datetime, downtime: timedelta
) -> None:
    """R5: After any downtime the slot that is due is the latest of all missed slots. It is neither
    in the future nor already served.
    """
    # given
    now = after + downtime
    missed = slots_between(schedule, after, now)

    # when
    due = schedule.due_slot(after, now)

    # then
    assert due == (missed[-1] if missed else None)
    if due is not None:
        assert after < due <= now


@given(SCHEDULES, MOMENTS)
@examples(200)
def test_the_last_slot_is_at_most_a_day_old(schedule: Schedule, now: datetime) -> None:
    """R3: The last slot is less than a day old and at one of the configured times."""
    # when
    slot = schedule.last_slot(now)

    # then
    if slot is None:
        assert schedule.pickup == ()
    else:
        assert now - DAY < slot <= now
        assert slot.timetz().replace(tzinfo=None) in schedule.pickup
        assert schedule.last_slot(slot) == slot


def looked(schedule: Schedule, after: datetime, moments: Iterable[datetime]) -> list[datetime]:
    """The slots that a company is served in which is looked at in these moments."""
    served = []
    for now in moments:
        slot = schedule.due_slot(after, now)
        if slot is not None:
            assert after < slot <= now
            served.append(slot)
            after = slot
    return served


@given(SCHEDULES, MOMENTS, JUMPS)
@examples(300)
def test_no_slot_is_due_twice_when_the_time_is_set_back_and_forth(
    schedule: Schedule, start: datetime, jumps: list[timedelta]
) -> None:
    """R3: No slot is due twice, even if the time of the machine is set back and forth. In the end
    the latest slot is served.
    """
    # given
    moments = [start]
    for jump in jumps:
        moments.append(moments[-1] + jump)

    # when
    served = looked(schedule, start, moments)

    # then
    assert served == sorted(served)
    assert max(Counter(served).values(), default=1) == 1
    missed = slots_between(schedule, start, max(moments))
    assert served[-1:] == missed[-1:]


@given(SCHEDULES, MOMENTS, st.lists(st.timedeltas(timedelta(0), 2 * DAY), max_size=40))
@examples(200)
def test_each_look_finds_the_latest_slot_since_the_last_look(
    schedule: Schedule, start: datetime, steps: list[timedelta]
) -> None:
    """R5: Each look finds the latest of the slots that have come since the look before it."""
    # given
    moments, expected = [start], []
    for step in steps:
        before, now = moments[-1], moments[-1] + step
        moments.append(now)
        expected += slots_between(schedule, before, now)[-1:]

    # when / then
    assert looked(schedule, start, moments) == expected


@given(SCHEDULES, MOMENTS, st.integers(1, 10))
@examples(200)
def test_a_worker_that_looks_at_every_next_moment_misses_no_slot(
    schedule: Schedule, start: datetime, days: int
) -> None:
    """R3: A worker that looks at every next moment finds every slot."""
    # given
    moments = [start]
    while moments[-1] < start + days * DAY:
        moments.append(schedule.next_moment(moments[-1]))

    # when / then
    assert looked(schedule, start, moments) == slots_between(schedule, start, moments[-1])


@given(SCHEDULES, MOMENTS)
@examples(300)
def test_the_next_moment_is_ahead_and_within_a_day(schedule: Schedule, now: datetime) -> None:
    """R3, C1: The next moment is at most a day ahead and at a configured time, and no configured
    time comes before it.
    """
    # given
    times = {*schedule.pickup, schedule.activation, schedule.deactivation}

    # when
    following = schedule.next_moment(now)

    # then
    assert now < following <= now + DAY
    assert following.timetz().replace(tzinfo=None) in times
    every = (
        datetime.combine(now.date() + number * DAY, at, UTC) for number in (0, 1) for at in times
    )
    assert following == min(moment for moment in every if moment > now)
