"""The time zones of companies, by their IANA names."""

from __future__ import annotations

from datetime import tzinfo
from functools import cache

from domain.fields.nearest import SIMILARITY, NearestNames

_NOT_IANA = ("posix", "right/", "localtime", "Factory")
"""Beginnings of names that a machine's data may have beside the IANA names. The clocks of `right/`
count leap seconds."""


@cache
def zone_of(name: str) -> tzinfo | None:
    """Returns the time zone of an IANA name, like `Europe/Amsterdam`, or `None` if there is none.

    The data are those of the machine, or else of the package `tzdata`.
    """
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    if not name.isascii() or name.startswith(_NOT_IANA):
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # no such name, no name, or a directory
        return None


def nearest_zone(name: str) -> str:
    """Returns a clause that suggests the most similar name of a time zone, or an empty text.

    The name of its city is enough: `New York` suggests `America/New_York`.
    """
    from zoneinfo import available_timezones

    known = sorted(each for each in available_timezones() if not each.startswith(_NOT_IANA))
    city = name.replace(" ", "_").casefold()
    of_city = [each for each in known if each.rpartition("/")[2].casefold() == city]
    return NearestNames(of_city or known, 0 if of_city else SIMILARITY).clause(name)
