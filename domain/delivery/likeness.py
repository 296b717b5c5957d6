"""Makes names comparable, to find statements that may be about the same employee."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_PARTICLES = frozenset(
    [
        "af",
        "al",
        "ap",
        "auf",
        "aus",
        "bin",
        "da",
        "dal",
        "de",
        "degli",
        "dei",
        "del",
        "dela",
        "della",
        "den",
        "der",
        "des",
        "di",
        "do",
        "dos",
        "du",
        "e",
        "el",
        "het",
        "i",
        "in",
        "la",
        "las",
        "le",
        "les",
        "lo",
        "los",
        "'s",
        "'t",
        "te",
        "ten",
        "ter",
        "the",
        "und",
        "uit",
        "uyt",
        "van",
        "vom",
        "von",
        "vor",
        "voor",
        "y",
        "zu",
        "zum",
        "zur",
    ]
)
"""Words before a family name.

Some files write them with the name, some leave them out, and some have a separate column for them.
"""
_WORD = re.compile(r"[^\s.,\-]+")  # finds `van`, `der` and `Berg` in `van der Berg`


@lru_cache(maxsize=65_536)
def name_key(name: str) -> str:
    """Returns a name in the form for comparison: `berg` for `van der Bérg`.

    The form is in lower case and has no diacritics, particles, spaces, dots, commas or hyphens. A
    name that consists of particles only keeps them.
    """
    return "".join(name_words(name))


def name_words(name: str) -> list[str]:
    """Returns the words of a name, each in the form for comparison."""
    words = letters_of(name)
    return [word for word in words if word not in _PARTICLES] or words


def letters_of(name: str) -> list[str]:
    """Returns the words of a name, particles too, in lower case and without diacritics."""
    plain = name.casefold()
    if not plain.isascii():
        plain = unicodedata.normalize("NFKD", plain)
        plain = "".join(character for character in plain if not unicodedata.combining(character))
    return _WORD.findall(plain)
