"""How a notification fails."""

from __future__ import annotations


class NotDelivered(Exception):
    """Nobody could be told; `problem` says why, without a URL or anything that was answered.

    `passing` tells what may work in a minute.
    """

    def __init__(self, problem: str, *, passing: bool = False) -> None:
        super().__init__(problem)
        self.problem = problem
        self.passing = passing
