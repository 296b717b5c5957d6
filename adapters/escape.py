"""Makes text from outside safe to print."""

from __future__ import annotations


def escape_control(text: str) -> str:
    """Returns the text with its control characters escaped: a terminal must not obey them."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )
