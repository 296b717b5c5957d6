"""Makes text from outside safe to print and to store."""

from __future__ import annotations


def escape_control(text: str) -> str:
    """Returns the text with its control characters escaped: a terminal must not obey them."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def is_encodable(text: str) -> bool:
    """Returns whether UTF-8 can encode the text. An argument on the command line may be any bytes.

    Python turns bytes that are not UTF-8 into surrogates, which no database accepts.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
