"""The past by two times: what held at a moment, and what was known at a moment (ADR 0042)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import takewhile
from typing import NamedTuple

from domain.employee.aggregate import Employee, fold
from domain.employee.events import EmployeeRecord


class Past(NamedTuple):
    """A point of view: events that took effect by `as_of` and were recorded by `known_at`.

    `None` sets no limit. Without both limits it is the present.
    """

    as_of: datetime | None = None
    known_at: datetime | None = None

    @property
    def is_present(self) -> bool:
        """Returns whether all events count."""
        return self.as_of is None and self.known_at is None

    @property
    def in_words(self) -> str:
        """Returns the point of view in words, such as `as of 2027-03-01 23:59:59 UTC`."""
        as_of = f"as of {self.as_of:%Y-%m-%d %H:%M:%S} UTC" if self.as_of else ""
        if self.known_at is None:
            return as_of
        known = f"at {self.known_at:%Y-%m-%d %H:%M:%S} UTC"
        return f"{as_of}, by what was known {known}" if as_of else known

    def events(self, stream: Iterable[EmployeeRecord]) -> Iterator[EmployeeRecord]:
        """Yields the events of one employee that count: the beginning of the stream.

        An event may have an earlier time than the one before it if the clocks of two machines
        differ. No event counts without the events before it.
        """
        return takewhile(self._counts, stream)

    def state(self, stream: Iterable[EmployeeRecord]) -> Employee | None:
        """Returns the employee as the events that count left them, or `None` before the first."""
        return fold(None, self.events(stream))

    def _counts(self, recorded: EmployeeRecord) -> bool:
        return (self.as_of is None or recorded.effective <= self.as_of) and (
            self.known_at is None or recorded.recorded <= self.known_at
        )


PRESENT = Past()
"""The point of view of all events."""
