"""Dates, moments and lengths of time on the command line."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import click
import msgspec

from domain.duration import Duration, duration_of

_YEARS = range(1900, 2200)
# A date like `2027-03-31`. `date.fromisoformat` alone would also take `20270331`.
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# A date, or a date and a time: 2027-03-31T23:00Z. `datetime.fromisoformat` takes other forms too.
_MOMENT = re.compile(rf"{_DATE.pattern}([T ][0-9].*)?")


class DateType(click.ParamType[date]):
    """A calendar date, like 2027-03-31 (W4)."""

    name = "date"

    def convert(
        self, value: str | date, param: click.Parameter | None, ctx: click.Context | None
    ) -> date:
        """Returns the date."""
        if isinstance(value, date):
            return value
        try:
            day = date.fromisoformat(value) if _DATE.fullmatch(value) else None
        except ValueError:
            day = None
        if day is None or day.year not in _YEARS:
            self.fail(f"{value!r} is not a date from 1900 to 2199 like 2027-03-31.", param, ctx)
        return day


class MomentType(click.ParamType[datetime]):
    """A moment in UTC, like 2027-03-31T23:00Z.

    A date alone means the end of its day. With `start`, it means the first moment of the day.
    """

    name = "moment"

    def __init__(self, *, start: bool = False) -> None:
        self._start = start

    def convert(
        self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Returns the moment. Without a time zone it is in UTC."""
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value if _MOMENT.fullmatch(value) else "")
            moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is not a moment like 2027-03-31T23:00Z.", param, ctx)
        if moment.year not in _YEARS:
            self.fail(f"{value!r} is not between the years 1900 and 2199.", param, ctx)
        whole_day = _DATE.fullmatch(value) and not self._start
        return _end_of(moment.date()) if whole_day else moment


class NumberType(click.IntRange):
    """A whole number of at least `min`, and at most `max` where that is given."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Returns the number."""
        try:
            return int(super().convert(value, param, ctx))
        except click.BadParameter:
            numbers = f"from {self.min} to {self.max}" if self.max else f"of at least {self.min}"
            self.fail(f"{str(value)!r} is not a whole number {numbers}.", param, ctx)


class DurationType(click.ParamType[timedelta]):
    """A length of time, like 3d or 36h."""

    name = "duration"

    def convert(
        self, value: str | timedelta, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """Returns the length of time."""
        if isinstance(value, timedelta):
            return value
        try:
            length = duration_of(msgspec.convert(value, Duration))
        except msgspec.ValidationError:
            length = None
        if length is None:
            self.fail(f"{value!r} is not a number of days or hours like 3d or 36h.", param, ctx)
        return length


def in_the_past(moment: datetime, now: datetime, advice: str) -> datetime:
    """Returns a moment that is over; for the date of today, `now`.

    Raises `click.UsageError` with `advice` for another moment in the future.
    """
    if moment <= now:
        return moment
    if moment == _end_of(now.date()):
        return now
    raise click.UsageError(advice)


def _end_of(day: date) -> datetime:
    return datetime.combine(day, time.max, UTC)
