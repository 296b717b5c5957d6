"""How a run ends, and what it counts (R2)."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Outcome(StrEnum):
    """How a run ended (R2)."""

    APPLIED = "applied"
    UNCHANGED = "unchanged"
    NO_FILE = "no-file"
    HELD = "held"
    DISCARDED = "discarded"
    REFUSED = "refused"
    FAILED = "failed"


class Counts(msgspec.Struct, frozen=True):
    """What a run did. rows = registered + changed + unchanged + rejected + skipped.

    `absent` counts the employees who can still be changed by a file and of whom no row speaks
    (D7). `events` counts the events of employees.
    """

    rows: int = 0
    registered: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0
    skipped: int = 0
    absent: int = 0
    activated: int = 0
    deactivated: int = 0
    events: int = 0
