"""The rhythm of a worker."""

from __future__ import annotations

from typing import NamedTuple

from adapters.worker.backoff import FIRST_S


class Pace(NamedTuple):
    """How often a worker does things. All values are seconds."""

    look: float = 15.0
    """Between two looks for due jobs."""
    poll: float = 5.0
    """Between two questions for a job. With `listen`, the worker hears of a new job sooner."""
    beat: float = 5.0
    """Between two signs of life of a worker."""
    stalled: float = 20.0
    """Without a sign of life for this time, a worker's jobs are given to others."""
    rest: float = FIRST_S
    """Before the second attempt of a job. Before each further attempt it doubles."""
