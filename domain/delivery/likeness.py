"""Whether two statements look like one person."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from domain.employee.statement import Statement

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
"""Words before a family name that are written, left out, or kept in a cell of their own."""
_WORD = re.compile(r"[^\s.,\-]+")  # `van`, `der`, `Berg` of `van der Berg`


@lru_cache(maxsize=65_536)
def name_key(name: str) -> str:
    """A name as it compares: lower case, without diacritics, particles and spaces."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    letters = "".join(character for character in plain if not unicodedata.combining(character))
    words = _WORD.findall(letters)
    return "".join([word for word in words if word not in _PARTICLES] or words)


def names_of(said: Statement) -> tuple[str, str]:
    """The first name and the last name of a statement, as names compare."""
    details = said.details
    first = details.first_name if isinstance(details.first_name, str) else ""
    last = details.last_name if isinstance(details.last_name, str) else ""
    return name_key(first), name_key(last)
