"""Lengths of time in the settings of a company, such as `7d`."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, TypeAlias

import msgspec

# The pattern matches `7d` and `36h`, and `0`.
Duration: TypeAlias = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^(0|[1-9][0-9]{0,3}[dh])\Z",
        extra={"expected": 'a text like "7d" or "36h", or "0" for off'},
    ),
]
"""A number of days or hours, or "0" for no limit."""


def duration_of(text: str) -> timedelta | None:
    """Returns the length of time that a `Duration` means, or `None` for no limit."""
    if text == "0":
        return None
    number = int(text[:-1])
    return timedelta(days=number) if text.endswith("d") else timedelta(hours=number)
