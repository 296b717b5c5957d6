"""The moments at which slots and dates are due (L9, R3, R5). All times are UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import msgspec

OVERDUE_AFTER = timedelta(minutes=15)
"""What is due and not done after this time is overdue."""


class Schedule(msgspec.Struct, frozen=True):
    """The times of day at which deliveries are picked up, and at which dates take effect.

    A slot is a moment at which the deliveries of all companies are picked up. The clock has no
    slots: the state of an employee shows what is due, and the next clock pass also does the work of
    a night that was missed (C1).
    """

    pickup: tuple[time, ...] = (time(2, 45), time(20, 0))
    activation: time = time(0, 0)
    deactivation: time = time(23, 0)

    def activation_of(self, onboarding_date: date) -> datetime:
        """Returns the moment from which an employee with this onboarding date can log in."""
        return datetime.combine(onboarding_date, self.activation, UTC)

    def deactivation_of(self, offboarding_date: date) -> datetime:
        """Returns the moment at which an employee with this offboarding date is locked out."""
        return datetime.combine(offboarding_date, self.deactivation, UTC)

    def last_activation(self, now: datetime) -> date:
        """Returns the latest onboarding date that is due at or before `now`."""
        return _last(self.activation, now)

    def last_deactivation(self, now: datetime) -> date:
        """Returns the latest offboarding date that is due at or before `now`."""
        return _last(self.deactivation, now)

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
        return min((at + timedelta(days=1) for at in times), default=None)

    def next_moment(self, now: datetime) -> datetime:
        """Returns the next moment after `now` at which a slot is due or a date takes effect."""
        times = (*self.pickup, self.activation, self.deactivation)
        return min(_last_moment(at, now) for at in times) + timedelta(days=1)

    def fingerprint(self) -> bytes:
        """Returns the times that can change the meaning of a delivery, as bytes (D8)."""
        return f"{self.activation.isoformat()} {self.deactivation.isoformat()}".encode()


def _last(at: time, now: datetime) -> date:
    return now.date() if now.time() >= at else now.date() - timedelta(days=1)


def _last_moment(at: time, now: datetime) -> datetime:
    return datetime.combine(_last(at, now), at, UTC)
