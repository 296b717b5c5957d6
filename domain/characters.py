"""Characters that nobody can see in a cell, and their names for a message (W1, W11)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_CONTROL = frozenset({"Cc", "Cs", "Zl", "Zp"})
_UNSEEN = _CONTROL | {"Cf", "Zs"}
# Characters without a shape of their own in categories that are visible otherwise, such as the
# Hangul filler U+3164, a variation selector U+FE0F and the blank Braille pattern U+2800.
_SHAPELESS = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)
_BREAKS = {"\t": "a tab"} | dict.fromkeys("\n\r\x0b\x0c\x85\u2028\u2029", "a line break")
_DIRECTION = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def is_plain(text: str) -> bool:
    """Returns whether everybody can see every character of a text, apart from plain spaces."""
    return text.isprintable() and (text.isascii() or not _SHAPELESS.search(text))


def unseen(text: str) -> Iterator[str]:
    """Yields the characters of a text that nobody can see, in order, apart from plain spaces."""
    if not is_plain(text):
        yield from (each for each in text if each != " " and _is_hidden(each))


def is_unseen(text: str) -> bool:
    """Returns whether a text has characters, and nobody can see any of them."""
    return bool(text) and all(map(_is_hidden, text))


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in _UNSEEN or bool(_SHAPELESS.match(character))


def is_break(character: str) -> bool:
    """Returns whether a character is a tab or breaks a line."""
    return character in _BREAKS


def is_control(character: str) -> bool:
    """Returns whether no text on one line has this character."""
    return unicodedata.category(character) in _CONTROL


def is_space(character: str) -> bool:
    """Returns whether a character is a space of any width."""
    return unicodedata.category(character) == "Zs"


def turns_text(character: str) -> bool:
    """Returns whether a character changes the direction of the text around it."""
    return character in _DIRECTION


def in_words(character: str) -> str:
    """Returns the name of an unseen character, such as `the invisible character U+200B`."""
    return _BREAKS.get(character, f"the invisible character U+{ord(character):04X}")


def spoilt_by(text: str | None) -> str:
    """Returns a clause that names the first unseen character of a text, or an empty text (W11)."""
    first = next(unseen(text), None) if text else None
    return f" (it holds {in_words(first)})" if first else ""
