"""Values, fields and moments in words, as sentences for people have them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo

from domain.fields.details import Value
from domain.fields.table import FIELD_OF, Holds, is_custom

SHOWN_CHARACTERS = 60
"""The maximum number of characters of a value that a sentence shows."""
_IN_WORDS = {
    "email": "e-mail address",
    "group_name": "group",
    "onboarding_date": "first day",
    "offboarding_date": "last day",
    "probation_period_end_date": "end of the probation period",
}


def in_words(field: str) -> str:
    """Returns the name of a field in a sentence, such as `first name`."""
    return field if is_custom(field) else _IN_WORDS.get(field, field.replace("_", " "))


def quoted(field: str, value: Value) -> str:
    """Returns a value in a sentence: in quotes if it is free text, and cut if it is long."""
    text = str(value)
    if len(text) > SHOWN_CHARACTERS:
        text = f"{text[:SHOWN_CHARACTERS]}…"
    known = FIELD_OF.get(field)
    free = is_custom(field) or (known is not None and known.holds in (Holds.TEXT, Holds.GROUP))
    return f'"{text}"' if free and field != "external_id" else text


def moment_in_words(moment: datetime, zone: tzinfo = UTC) -> str:
    """Returns a moment in UTC, with the time in `zone` beside it if that is another zone.

    For example `2026-12-31 23:00 UTC (2027-01-01 00:00 Europe/Amsterdam)`.
    """
    beside = local_time(moment, zone)
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC{f' ({beside})' if beside else ''}"


def local_time(moment: datetime, zone: tzinfo) -> str | None:
    """Returns the time in `zone` and the name of the zone, or `None` if the zone is UTC."""
    if str(zone) == "UTC":
        return None
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M} {zone}"


def and_more(items: Sequence[str], most: int) -> str:
    """Returns items with commas, `most` of them, and the number of the others."""
    listed = ", ".join(items[:most])
    return listed if len(items) <= most else f"{listed} and {len(items) - most} more"
