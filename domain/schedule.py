"""When things fall due (L9, R3); all times are UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import msgspec


class Schedule(msgspec.Struct, frozen=True):
    """The times of day at which dates take effect."""

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

    def fingerprint(self) -> bytes:
        """Tells one schedule from another (D8)."""
        return f"{self.activation.isoformat()} {self.deactivation.isoformat()}".encode()


def _last(at: time, now: datetime) -> date:
    return now.date() if now.time() >= at else now.date() - timedelta(days=1)
