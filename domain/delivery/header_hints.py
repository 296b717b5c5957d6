"""Hints about unknown columns: the field that a column may mean, and the setting for it (F5)."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from domain.characters import unseen
from domain.fields.column_names import FIELD_BY_KEY, NOTE_BY_KEY, key_of, without_brackets
from domain.fields.nearest import COMPARED_CHARACTERS, NearestNames
from domain.fields.table import written

SIMILARITY = 85
"""The percentage of letters that must agree: many names of columns differ in a few letters only."""
MIN_CHARACTERS = 4
"""Two shorter names that differ in a letter are two names and no typing mistake."""


class HeaderHints:
    """Suggests a field for each unknown column of one file.

    `present` are the fields that the file has columns for. A hint for such a field would lead to
    two columns for one field, so there is none.
    """

    def __init__(self, present: Collection[str]) -> None:
        self._present = present
        self._nearest = NearestNames((*FIELD_BY_KEY, *NOTE_BY_KEY), SIMILARITY)

    def hint(self, name: str) -> str:
        """Returns a clause about the unknown column `name`, or an empty text."""
        if len(name) > COMPARED_CHARACTERS:
            return ""
        if next(unseen(name), None):
            return "; take the invisible character out"
        key = self._known_key(name)
        note, field = NOTE_BY_KEY.get(key, ("", FIELD_BY_KEY.get(key)))
        if field is None:
            return note and f"; {note}"
        if field in self._present:
            return ""
        # A basic string of TOML is written as a string of JSON is.
        line = f'{msgspec.json.encode(name).decode()} = "{field}"'
        column = written(field)
        note = note or f"if it is the {column.lower()}, call it {column}, or"
        return f"; {note} have {line} added to the company's fields"

    def _known_key(self, name: str) -> str:
        """Returns the key of the known name that is the same or most similar, or an empty text."""
        keys = key_of(name), key_of(without_brackets(name))
        for key in keys:
            if key in FIELD_BY_KEY or key in NOTE_BY_KEY:
                return key
        return (len(keys[-1]) >= MIN_CHARACTERS and self._nearest.nearest(keys[-1])) or ""
