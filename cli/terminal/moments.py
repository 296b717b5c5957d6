"""Moments for people: in UTC, with the local time of a company beside it."""

from __future__ import annotations

from datetime import datetime, tzinfo


def with_local(moment: datetime, zone: tzinfo | None) -> str:
    """Returns a moment in UTC, and in brackets the local time in `zone` if there is one.

    For example `2026-12-31 23:00 UTC (2027-01-01 00:00 Europe/Amsterdam)`.
    """
    beside = local_time(moment, zone)
    return f"{moment:%Y-%m-%d %H:%M} UTC{f' ({beside})' if beside else ''}"


def local_time(moment: datetime, zone: tzinfo | None) -> str | None:
    """Returns the local time and the name of its zone; `None` without a zone, or if that is UTC."""
    if zone is None or str(zone) == "UTC":
        return None
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M} {zone}"
