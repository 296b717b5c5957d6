"""The known name that is nearest to a name that is not known."""

from __future__ import annotations

from collections.abc import Iterable

COMPARED_CHARACTERS = 60
"""A longer name is compared with nothing: it is no typing mistake."""
SIMILARITY = 60
"""Percent of the characters of both names that must agree, in order."""
HINTS = 100
"""The different names for which a `NearestNames` looks: a search takes a while, and a file with
more wrong names than that does not mean these names."""


class NearestNames:
    """Suggests the nearest of some known names for names that are not known.

    Each name is sought once, and no more than `HINTS` names are.
    """

    def __init__(self, known: Iterable[str]) -> None:
        self._by_key = {name.casefold(): name for name in known}
        self._clauses: dict[str, str] = {}

    def clause(self, name: str) -> str:
        """A clause that suggests the known name nearest to `name`, or an empty text."""
        if name not in self._clauses:
            if len(self._clauses) >= HINTS:
                return ""
            self._clauses[name] = self._sought(name)
        return self._clauses[name]

    def _sought(self, name: str) -> str:
        if len(name) > COMPARED_CHARACTERS:
            return ""
        from rapidfuzz import fuzz, process  # imported here because few names are wrong

        found = process.extractOne(
            name.casefold(), self._by_key.keys(), scorer=fuzz.ratio, score_cutoff=SIMILARITY
        )
        return f" (did you mean {self._by_key[found[0]]}?)" if found else ""
