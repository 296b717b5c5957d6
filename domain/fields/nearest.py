"""Finds the known name that is most similar to an unknown name."""

from __future__ import annotations

from collections.abc import Iterable

COMPARED_CHARACTERS = 60
"""The maximum length of a name that is compared: a longer name is not a typing mistake."""
SIMILARITY = 60
"""The usual percentage of the characters of both names that must agree, in order."""
HINTS = 100
"""The maximum number of different names for which a `NearestNames` searches (W12).

A search takes time, and a file with more wrong names does not mean the known names.
"""


class NearestNames:
    """Finds the most similar known name for each unknown name.

    Each name is searched for once, and at most `HINTS` names are searched for.
    """

    def __init__(self, known: Iterable[str], similarity: int = SIMILARITY) -> None:
        self._by_key = {name.casefold(): name for name in known}
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
        if len(name) > COMPARED_CHARACTERS:
            return None
        from rapidfuzz import fuzz, process  # imported here, because few names are wrong

        found = process.extractOne(
            name.casefold(),
            self._by_key.keys(),
            scorer=fuzz.ratio,
            score_cutoff=self._similarity,
        )
        return self._by_key[found[0]] if found else None
