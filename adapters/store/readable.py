"""Reads stored bytes that may be damaged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, TypeError)
"""What is raised when stored bytes are read that somebody edited. They may be no bytes any more."""

_Value = TypeVar("_Value")


def read_or_none(load: Callable[[bytes], _Value], stored: Any) -> _Value | None:
    """Returns the value that `load` reads from stored bytes, or `None` if they cannot be read."""
    try:
        return load(stored)
    except UNREADABLE:
        return None
