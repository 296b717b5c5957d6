"""What a database holds, and which version of that this release speaks."""

from __future__ import annotations

from adapters.store import events
from projections import audit, roster, runs

VERSION = 1

TABLES = (
    events.TABLE,
    runs.COMPANIES,
    runs.RUNS,
    runs.ISSUES,
    runs.HELD,
    roster.TABLE,
    audit.TABLE,
)
