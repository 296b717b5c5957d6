"""When dates take effect (L9)."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from domain.schedule import Schedule
from tests.given import day, moment

USUAL = Schedule()
OFFICE = Schedule(activation=time(7, 30), deactivation=time(18, 0))


def test_activation_is_at_midnight_utc() -> None:
    """L9: 00:00 on the onboarding date."""
    assert USUAL.activation_of(day("2027-04-01")) == datetime(2027, 4, 1, tzinfo=UTC)


def test_deactivation_is_at_eleven_in_the_evening_utc() -> None:
    """L9: 23:00 on the offboarding date."""
    assert USUAL.deactivation_of(day("2027-04-01")) == datetime(2027, 4, 1, 23, tzinfo=UTC)


def test_both_times_can_be_agreed() -> None:
    """L9: another schedule."""
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
    """L9, C1: at its moment and not before."""
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
    """L9, C1: at its moment and not before."""
    assert schedule.last_deactivation(moment(now)) == day(last)


@pytest.mark.parametrize("schedule", [USUAL, OFFICE])
@pytest.mark.parametrize("hours", range(0, 48, 3))
def test_the_last_date_due_is_due_and_the_next_one_is_not(schedule: Schedule, hours: int) -> None:
    """L9, C1: both questions about dates agree, at any time of day."""
    now = moment("2027-02-27 23:00") + timedelta(hours=hours)
    tomorrow = timedelta(days=1)

    starts, leaves = schedule.last_activation(now), schedule.last_deactivation(now)

    assert schedule.activation_of(starts) <= now < schedule.activation_of(starts + tomorrow)
    assert schedule.deactivation_of(leaves) <= now < schedule.deactivation_of(leaves + tomorrow)
