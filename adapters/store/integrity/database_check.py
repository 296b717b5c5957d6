"""What a database finds when it checks itself."""

from __future__ import annotations

from typing import NamedTuple

from projections.answers.integrity import Problem


class DatabaseCheck(NamedTuple):
    """The `problems` that a database finds in itself, and `notes` on what it could not check."""

    problems: tuple[Problem, ...]
    notes: tuple[str, ...] = ()
