"""The error of a failed notification."""

from __future__ import annotations


class NotDelivered(Exception):
    """A notification could not be delivered.

    `problem` says why. It contains no URL and nothing from the answer of a server. `transient` is
    true if another attempt may succeed in a minute.
    """

    def __init__(self, problem: str, *, transient: bool = False) -> None:
        super().__init__(problem)
        self.problem = problem
        self.transient = transient


def in_time(seconds: float) -> str:
    """Returns words for a time limit: `within 1 second`, `within 0.5 seconds`."""
    return f"within {seconds:g} second{'' if seconds == 1 else 's'}"
