"""Companies whose dates count by their own clock: every date has one moment, in every zone (L9)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.context import DecisionContext, Moment
from domain.delivery.digests import NO_DIGESTS
from domain.delivery.facts import NOTHING_TO_COMPARE
from domain.delivery.parsing import parse_delivery
from domain.delivery.planning import plan_delivery
from domain.delivery.records import read_sheet
from domain.delivery.selection import EVERYTHING
from domain.employee.aggregate import Employee
from domain.employee.clock import plan_clock
from domain.employee.commands import Command, Deactivate, MoveOnboarding, Reactivate
from domain.employee.events import State
from domain.employee.roster import Roster
from domain.employee.support import plan_support
from domain.schedule import Schedule, Schedules
from tests.given import NOW, RUN, a_company, context, day, moment, registered
from tests.strategies import examples

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
KIRITIMATI, PAGO_PAGO = ZoneInfo("Pacific/Kiritimati"), ZoneInfo("Pacific/Pago_Pago")
AMSTERDAM, APIA = ZoneInfo("Europe/Amsterdam"), ZoneInfo("Pacific/Apia")
ST_JOHNS = ZoneInfo("America/St_Johns")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")


def of(zone: tzinfo, at: str = "23:00") -> Schedule:
    """Returns a schedule that locks out at this time of day in `zone`."""
    return Schedule(deactivation=time.fromisoformat(at), zone=zone)


# By examples


@pytest.mark.parametrize(
    ("zone", "at", "last_day", "locked_out"),
    [
        pytest.param(AMSTERDAM, "23:00", "2027-01-31", "2027-01-31 22:00", id="winter"),
        pytest.param(AMSTERDAM, "23:00", "2027-07-31", "2027-07-31 21:00", id="summer"),
        pytest.param(KIRITIMATI, "23:00", "2026-12-31", "2026-12-31 09:00", id="+14"),
        pytest.param(KIRITIMATI, "06:00", "2026-12-31", "2026-12-30 16:00", id="the day before"),
        pytest.param(PAGO_PAGO, "23:00", "2026-12-31", "2027-01-01 10:00", id="-11"),
        pytest.param(AMSTERDAM, "02:30", "2027-03-28", "2027-03-28 01:00", id="does not come"),
        pytest.param(AMSTERDAM, "03:00", "2027-03-28", "2027-03-28 01:00", id="comes just after"),
        pytest.param(AMSTERDAM, "02:30", "2027-10-31", "2027-10-31 00:30", id="comes twice"),
        pytest.param(AMSTERDAM, "03:00", "2027-10-31", "2027-10-31 02:00", id="comes once"),
        pytest.param(LORD_HOWE, "02:15", "2026-10-04", "2026-10-03 15:30", id="half an hour"),
        pytest.param(APIA, "23:00", "2011-12-30", "2011-12-30 10:00", id="a day that is left out"),
        pytest.param(ST_JOHNS, "00:00", "2010-11-07", "2010-11-07 02:30", id="midnight twice"),
    ],
)
def test_a_date_has_one_moment_in_the_time_zone_of_the_company(
    zone: tzinfo, at: str, last_day: str, locked_out: str
) -> None:
    """L9: By a company's own clock, a date counts in its time zone. A time that does not come means
    the moment at which the clocks are set forward, and a time that comes twice means the first."""
    # when / then
    assert of(zone, at).deactivation_of(day(last_day)) == moment(locked_out)


def test_pickups_stay_in_utc() -> None:
    """R3: The slots are the same moments for a company with its own clock."""
    # when / then
    assert of(KIRITIMATI).last_slot(NOW) == Schedule().last_slot(NOW) == NOW


def test_another_time_zone_is_another_setting() -> None:
    """D8: A delivery that was read by another clock is not recognised. The usual clock has the
    fingerprint that it had in earlier releases."""
    # when / then
    assert len({of(zone).fingerprint() for zone in (UTC, AMSTERDAM, KIRITIMATI)}) == 3
    assert Schedule().fingerprint() == b"00:00:00 23:00:00"


# Of every zone, time and date

ZONES = st.sampled_from(
    [
        *(KIRITIMATI, PAGO_PAGO, AMSTERDAM, APIA, ST_JOHNS, LORD_HOWE),
        *map(ZoneInfo, ("UTC", "Africa/Casablanca", "America/Havana", "Asia/Kathmandu")),
        *(timezone(timedelta(hours=hours)) for hours in (-12, -3.5, 5.75, 14)),
    ]
)
TIMES = st.times().map(lambda at: at.replace(second=0, microsecond=0, fold=0))
DATES = st.dates(date(1970, 1, 2), date(2199, 12, 31))
# Nights in which clocks change somewhere, and the days that calendars left out.
SEAMS = st.sampled_from(["2027-03-14", "2027-03-28", "2026-10-04", "2027-10-31", "2011-12-30"])
ANY_DATE = DATES | SEAMS.map(day) | st.sampled_from(["1994-12-31", "2010-11-07"]).map(day)
SCHEDULES = st.builds(Schedule, activation=TIMES, deactivation=TIMES, zone=ZONES)


def clock(at: datetime, zone: tzinfo) -> datetime:
    """Returns what a clock in `zone` shows."""
    return at.astimezone(zone).replace(tzinfo=None, fold=0)


@examples(500)
@given(schedule=SCHEDULES, first_day=ANY_DATE)
def test_a_date_is_due_when_its_time_is_reached_and_never_before(
    schedule: Schedule, first_day: date
) -> None:
    """L9: A date is due at the first moment at which the clock shows its time or a later one."""
    # when
    at, wanted = schedule.activation_of(first_day), datetime.combine(first_day, schedule.activation)

    # then
    assert at.tzinfo is UTC
    assert clock(at, schedule.zone) >= wanted
    assert clock(at - SECOND, schedule.zone) < wanted
    if str(schedule.zone) == "UTC":
        assert at == Schedule(activation=schedule.activation).activation_of(first_day)


@examples(500)
@given(schedule=SCHEDULES, last_day=ANY_DATE, seconds=st.integers(-90_000, 90_000))
def test_dates_fall_due_in_their_order(schedule: Schedule, last_day: date, seconds: int) -> None:
    """L9, C1: A later date is never due before an earlier one: at every moment there is a latest
    date that is due, and none after it is due."""
    # given
    now = schedule.deactivation_of(last_day) + timedelta(seconds=seconds)

    # when
    latest = schedule.last_deactivation(now)

    # then
    assert schedule.deactivation_of(latest) <= now < schedule.deactivation_of(latest + DAY)
    assert latest <= schedule.last_deactivation(now + timedelta(hours=1))
    assert (latest >= last_day) == (schedule.deactivation_of(last_day) <= now)


@examples(200)
@given(schedules=st.lists(SCHEDULES, min_size=1, max_size=4), at=st.datetimes())
def test_nothing_falls_due_before_the_next_moment(schedules: list[Schedule], at: datetime) -> None:
    """R3, C1: No slot and no date of any company falls due before the next moment, which comes
    within 49 hours: a day may be left out."""
    # given
    now = at.replace(tzinfo=UTC, year=2000 + at.year % 100, day=min(at.day, 28))
    of_all = Schedules(schedules[0], {str(n): each for n, each in enumerate(schedules[1:])})

    # when
    following = of_all.next_moment(now)

    # then
    assert now < following <= now + timedelta(hours=49)
    before = following - timedelta(microseconds=1)
    for each in of_all.every():
        assert each.last_activation(before) == each.last_activation(now)
        assert each.last_deactivation(before) == each.last_deactivation(now)
        assert each.last_slot(before) == each.last_slot(now)


# Decisions

MORNING = moment("2027-03-01 11:00")
"""In Kiritimati it is 01:00 on 2 March, and in Pago Pago 00:00 on 1 March."""


def locally(zone: tzinfo, now: datetime = MORNING) -> DecisionContext:
    """Returns the context of a company whose dates count in `zone`."""
    return replace(context(now=now), schedule=of(zone))


def asked(command: Command, employee: Employee, agreed: DecisionContext) -> Employee:
    """Returns the employee after support's command."""
    (change,) = plan_support(command, employee, Roster.of([employee]), agreed).changes
    return change.after


def test_who_starts_on_the_date_of_the_company_can_log_in_at_once() -> None:
    """L1, L9: Whoever registers on the first day by the company's clock is active, and a first day
    that is blank is this day."""
    # given
    file = f"{HEADER},onboarding_date\nanna@acme.example,Anna,Bakker,2027-03-02\nb@b.example,B,B,\n"
    sheet = read_sheet("alleo_employees.csv", file.encode(), a_company())
    parsed = parse_delivery([sheet], NO_DIGESTS, a_company())

    # when / then
    for zone, anna, today in (
        (KIRITIMATI, State.ACTIVE, "2027-03-02"),
        (UTC, State.PENDING, "2027-03-01"),
        (PAGO_PAGO, State.PENDING, "2027-03-01"),
    ):
        made = plan_delivery(parsed, Roster.of([]), locally(zone), NOTHING_TO_COMPARE, EVERYTHING)
        ahead, blank = (change.after for change in made.changes)
        assert (ahead.state, blank.state, blank.onboarding_date) == (
            anna,
            State.ACTIVE,
            day(today),
        )


@pytest.mark.parametrize(
    ("zone", "state"), [(KIRITIMATI, State.ACTIVE), (UTC, State.PENDING), (PAGO_PAGO, "pending")]
)
def test_support_decides_by_the_date_of_the_company(zone: tzinfo, state: State) -> None:
    """S3, L9: Support moves a first day to today or later, by the company's clock."""
    # given
    anna = registered("anna@acme.example,Anna,Bakker,2027-04-01", f"{HEADER},onboarding_date")

    # when / then
    assert asked(MoveOnboarding(day("2027-03-02")), anna, locally(zone)).state == state


HEADER = "email,first_name,last_name"
LEAVER = registered("anna@acme.example,Anna,Bakker,2027-03-31", f"{HEADER},offboarding_date")


@pytest.mark.parametrize("at", ["06:00", "23:00"])
@pytest.mark.parametrize("zone", [KIRITIMATI, PAGO_PAGO])
def test_a_last_day_closes_the_account_by_the_file_in_every_zone(zone: tzinfo, at: str) -> None:
    """L6, L9: An account that a last day of the file closed is closed by the file, also where the
    date of that moment in UTC is the day before. One that support closes a day early is not."""
    # given
    schedule = of(zone, at)
    due = schedule.deactivation_of(day("2027-03-31"))

    # when
    (change,) = plan_clock([(LEAVER, None)], schedule, Moment(RUN, due), due).changes
    by_support = asked(Deactivate(), LEAVER, locally(zone, due - timedelta(days=2)))

    # then
    assert (change.after.effective, change.after.closed_by_file) == (due, True)
    assert plan_clock([(LEAVER, None)], schedule, Moment(RUN, due), due - SECOND).changes == ()
    assert not by_support.closed_by_file
    back = asked(Reactivate(None), change.after, replace(locally(zone, due), schedule=schedule))
    assert (back.state, back.offboarding_date) == (State.ACTIVE, None)


def test_the_usual_clock_stores_what_it_stored_before() -> None:
    """R1: A deactivation by the usual clock has no mark, whatever the times of the schedule."""
    # when
    at = moment("2027-03-31 23:00")
    (change,) = plan_clock([(LEAVER, None)], Schedule(), Moment(RUN, at), at).changes

    # then
    assert change.events[-1].event == type(change.events[-1].event)()
