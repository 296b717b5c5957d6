"""When things fall due (L9, R3, R5); all times are UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import msgspec


class Schedule(msgspec.Struct, frozen=True):
    """The times of day at which deliveries are picked up, and at which dates take effect.

    A slot is one moment at which every company's delivery is picked up. The clock has none: what
    it does is due by state, and a night that was missed is caught up by the next pass (C1).
    """

    pickup: tuple[time, ...] = (time(2, 45), time(20, 0))
    activation: time = time(0, 0)
    deactivation: time = time(23, 0)

    def activation_of(self, onboarding_date: date) -> datetime:
        """The moment someone who starts on this date may log in."""
        return datetime.combine(onboarding_date, self.activation, UTC)

    def deactivation_of(self, offboarding_date: date) -> datetime:
        """The moment someone whose last day is this date is locked out."""
        return datetime.combine(offboarding_date, self.deactivation, UTC)

    def last_activation(self, now: datetime) -> date:
        """The latest onboarding date that is due by `now`."""
        return _last(self.activation, now)

    def last_deactivation(self, now: datetime) -> date:
        """The latest offboarding date that is due by `now`."""
        return _last(self.deactivation, now)

    def due_slot(self, after: datetime | None, now: datetime) -> datetime | None:
        """The slot to serve now: the latest one, if it came after what is behind a company (R5).

        `after` is the later of the last slot that was served and the moment from which the
        company takes part; a company without one was never seen before, and starts with the next
        slot. So of several slots that were missed one is served, and none twice (R3), whichever
        way the time is set.
        """
        slot = self.last_slot(now)
        if slot is None or after is None or slot <= after:
            return None
        return slot

    def last_slot(self, now: datetime) -> datetime | None:
        """The latest slot by `now`; none where nothing is ever picked up."""
        return max((_last_moment(at, now) for at in self.pickup), default=None)

    def next_moment(self, now: datetime) -> datetime:
        """When something may fall due after `now`: a slot, or a date that takes effect."""
        times = (*self.pickup, self.activation, self.deactivation)
        return min(_last_moment(at, now) for at in times) + timedelta(days=1)

    def fingerprint(self) -> bytes:
        """Tells schedules apart under which a delivery means different things (D8)."""
        return f"{self.activation.isoformat()} {self.deactivation.isoformat()}".encode()


def _last(at: time, now: datetime) -> date:
    return now.date() if now.time() >= at else now.date() - timedelta(days=1)


def _last_moment(at: time, now: datetime) -> datetime:
    return datetime.combine(_last(at, now), at, UTC)
