"""The types of the settings that several sources have. Times are in seconds."""

from __future__ import annotations

import ipaddress
from typing import Annotated, TypeAlias

from msgspec import Meta

from adapters.decoding import expected

Text: TypeAlias = Annotated[str, Meta(min_length=1)]
Pattern: TypeAlias = Annotated[
    str, expected("a pattern of file names, without /", pattern=r"^[^/]+\Z")
]
Port: TypeAlias = Annotated[int, Meta(ge=1, le=65_535)]
Seconds: TypeAlias = Annotated[float, Meta(ge=0, le=86_400)]
PATTERN = "alleo_employees_*.csv"
"""The pattern of the names that count, unless the company has another one (D2)."""


def is_address(text: str) -> bool:
    """Whether a text is an IP address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
