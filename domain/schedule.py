"""The moments at which slots and dates are due (L9, R3, R5).

All moments are in UTC. Only a company whose dates count by its own clock has its own time zone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo

import msgspec

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
OVERDUE_AFTER = timedelta(minutes=15)
"""What is due and not done after this time is overdue."""


class Schedule(msgspec.Struct, frozen=True):
    """The times of day at which deliveries are picked up, and at which dates take effect.

    A slot is a moment at which the deliveries of all companies are picked up. The clock has no
    slots: the state of an employee shows what is due, and the next clock pass also does the work of
    a night that was missed (C1).

    The times of pick-up are in UTC. `activation` and `deactivation` are times of day in `zone`.
    """

    pickup: tuple[time, ...] = (time(2, 45), time(20, 0))
    activation: time = time(0, 0)
    deactivation: time = time(23, 0)
    zone: tzinfo = UTC

    def day_of(self, moment: datetime) -> date:
        """Returns the date in `zone` at a moment."""
        return moment.date() if self.zone is UTC else moment.astimezone(self.zone).date()

    def activation_of(self, onboarding_date: date) -> datetime:
        """Returns the moment from which an employee with this onboarding date can log in."""
        return _moment_of(onboarding_date, self.activation, self.zone)

    def deactivation_of(self, offboarding_date: date) -> datetime:
        """Returns the moment at which an employee with this offboarding date is locked out."""
        return _moment_of(offboarding_date, self.deactivation, self.zone)

    def last_activation(self, now: datetime) -> date:
        """Returns the latest onboarding date that is due at or before `now`."""
        return _last_day(self.activation, self.zone, now)

    def last_deactivation(self, now: datetime) -> date:
        """Returns the latest offboarding date that is due at or before `now`."""
        return _last_day(self.deactivation, self.zone, now)

    def due_slot(self, after: datetime | None, now: datetime) -> datetime | None:
        """Returns the slot to serve now: the latest slot, if it is later than `after` (R5).

        `after` is the later of two moments: the last slot that was served for the company, and the
        moment from which the company takes part. `after` is `None` for a new company, which starts
        with the next slot. So only the latest of several missed slots is served, and no slot is
        served twice (R3), also when the system time is set forward or back.
        """
        slot = self.last_slot(now)
        if slot is None or after is None or slot <= after:
            return None
        return slot

    def last_slot(self, now: datetime) -> datetime | None:
        """Returns the latest slot at or before `now`, or `None` if the schedule has no slots."""
        return max((_last_moment(at, now) for at in self.pickup), default=None)

    def next_slot(self, now: datetime) -> datetime | None:
        """Returns the first slot after `now`, or `None` if the schedule has no slots."""
        times = (_last_moment(at, now) for at in self.pickup)
        return min((at + _DAY for at in times), default=None)

    def next_moment(self, now: datetime) -> datetime:
        """Returns the next moment after `now` at which a slot is due or a date takes effect."""
        slot = self.next_slot(now)
        starts = self.activation_of(self.last_activation(now) + _DAY)
        leaves = self.deactivation_of(self.last_deactivation(now) + _DAY)
        return min(starts, leaves) if slot is None else min(slot, starts, leaves)

    def fingerprint(self) -> bytes:
        """Returns the times that can change the meaning of a delivery, as bytes (D8)."""
        zone = "" if self.zone is UTC else f" {self.zone}"
        return f"{self.activation.isoformat()} {self.deactivation.isoformat()}{zone}".encode()


class Schedules(msgspec.Struct, frozen=True):
    """The schedule of every company: the usual one, or the one of a company with its own clock.

    All of them have the same times of pick-up.
    """

    usual: Schedule
    own: Mapping[str, Schedule] = {}

    def of(self, company: str) -> Schedule:
        """Returns the schedule of a company."""
        return self.own.get(company, self.usual)

    def every(self) -> frozenset[Schedule]:
        """Returns each schedule that some company may have, once."""
        return frozenset((self.usual, *self.own.values()))

    def next_moment(self, now: datetime) -> datetime:
        """Returns the next moment after `now` at which something may be due in some company."""
        return min(schedule.next_moment(now) for schedule in self.every())


def _moment_of(day: date, at: time, zone: tzinfo) -> datetime:
    """Returns the first moment at which clocks in `zone` show this date and time, or a later one.

    Where clocks are set back, a time comes twice: the first one counts. Where clocks are set
    forward, a time does not come: the moment at which they are set forward counts.
    """
    wanted = datetime.combine(day, at)
    if zone is UTC:
        return wanted.replace(tzinfo=UTC)
    moment = wanted.replace(tzinfo=zone).astimezone(UTC)
    if _clock(moment, zone) == wanted:
        return moment
    before = wanted.replace(tzinfo=zone, fold=1).astimezone(UTC)
    while moment - before > _SECOND:  # all zones change at a whole second
        middle = before + (moment - before) // _SECOND // 2 * _SECOND
        before, moment = (middle, moment) if _clock(middle, zone) < wanted else (before, middle)
    return moment


def _clock(moment: datetime, zone: tzinfo) -> datetime:
    """Returns what clocks in `zone` show."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def _last_day(at: time, zone: tzinfo, now: datetime) -> date:
    """Returns the latest date whose time `at` is over in `zone`."""
    day = _clock(now, zone).date() + _DAY  # clocks that were set back may show an earlier date
    while _moment_of(day, at, zone) > now:
        day -= _DAY
    return day


def _last_moment(at: time, now: datetime) -> datetime:
    return _moment_of(_last_day(at, UTC, now), at, UTC)
