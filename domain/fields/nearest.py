"""Finds the known names that are most similar to an unknown name."""

from __future__ import annotations

from collections.abc import Iterable

COMPARED_CHARACTERS = 60
"""The maximum length of a name that is compared: a longer name is not a typing mistake."""
SIMILARITY = 60
"""The usual percentage of the characters of both names that must agree, in order."""
SHOWN = 3
"""The maximum number of names that a hint suggests."""
_BEHIND_BEST = 10
"""A name is not suggested if it is so many percent less similar than the most similar name."""
HINTS = 100
"""The maximum number of different names for which a `NearestNames` searches (W12).

A search takes time, and a file with more wrong names does not mean the known names.
"""


def nearest_of(
    name: str, known: Iterable[str], *, similarity: float = SIMILARITY, limit: int = SHOWN
) -> list[str]:
    """Returns the known names that are most similar to `name`, the most similar one first.

    Case does not count. Returns at most `limit` names, and none that is less similar than
    `similarity` percent.
    """
    if not name or len(name) > COMPARED_CHARACTERS:
        return []
    from rapidfuzz import fuzz, process  # imported here, because few names are wrong

    by_key = {each.casefold(): each for each in known}
    found = process.extract(
        name.casefold(), by_key.keys(), scorer=fuzz.ratio, score_cutoff=similarity, limit=limit
    )
    return [by_key[key] for key, score, _ in found if score + _BEHIND_BEST > found[0][1]]


class NearestNames:
    """Finds the most similar known name for each unknown name.

    Each name is searched for once, and at most `HINTS` names are searched for.
    """

    def __init__(self, known: Iterable[str], similarity: int = SIMILARITY) -> None:
        self._known = tuple(known)
        self._similarity = similarity
        self._found: dict[str, str | None] = {}

    def nearest(self, name: str) -> str | None:
        """Returns the most similar known name, or `None`."""
        if name not in self._found:
            if len(self._found) >= HINTS:
                return None
            self._found[name] = self._sought(name)
        return self._found[name]

    def clause(self, name: str) -> str:
        """Returns a clause that suggests the most similar known name, or an empty text."""
        found = self.nearest(name)
        return f" (did you mean {found}?)" if found else ""

    def _sought(self, name: str) -> str | None:
        found = nearest_of(name, self._known, similarity=self._similarity, limit=1)
        return found[0] if found else None
