"""Text that may come from anybody, fit to be seen."""

from __future__ import annotations


def escape_control(text: str) -> str:
    """The text with control characters written out, so that they do nothing to a terminal."""
    if text.isprintable():
        return text
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text
    )
