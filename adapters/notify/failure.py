"""How a notification fails."""

from __future__ import annotations


class NotDelivered(Exception):
    """Nobody could be told; `problem` says why, without a URL or anything that was answered.

    `transient` tells what may work in a minute.
    """

    def __init__(self, problem: str, *, transient: bool = False) -> None:
        super().__init__(problem)
        self.problem = problem
        self.transient = transient


def in_time(seconds: float) -> str:
    """`within 1 second`, `within 0.5 seconds`."""
    return f"within {seconds:g} second{'' if seconds == 1 else 's'}"
