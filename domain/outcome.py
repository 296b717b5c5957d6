"""The outcome and the counts of a run (R2)."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Outcome(StrEnum):
    """The outcome of a run (R2)."""

    APPLIED = "applied"
    UNCHANGED = "unchanged"
    NO_FILE = "no-file"
    HELD = "held"
    DISCARDED = "discarded"
    REFUSED = "refused"
    FAILED = "failed"


class Counts(msgspec.Struct, frozen=True):
    """The counts of a run. rows = registered + changed + unchanged + rejected + skipped.

    `absent` counts the employees that are not deactivated and that no row mentions (D7). `events`
    counts the events of employees.
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
