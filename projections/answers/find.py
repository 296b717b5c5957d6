"""Finds people by what a caller may know of them: a name, an address, an external id or an id."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache
from uuid import UUID

from domain.addresses import address_of
from domain.delivery.likeness import letters_of, name_words
from domain.employee.aggregate import Employee
from domain.fields.cells import clean
from domain.ids import uuid_of
from domain.privacy import Redacted


class Matched(StrEnum):
    """What a search matched, the surest first."""

    ID = "id"
    EXTERNAL_ID = "external_id"
    EMAIL = "email"
    FORMER_EMAIL = "former-email"
    NAME = "name"


class Search(Redacted, frozen=True):
    """The words of a search, in the forms in which they are compared.

    `text` are all words as written. `names` are the words in the form in which names are compared.
    """

    text: str
    names: tuple[str, ...]
    id: UUID | None
    address: str | None

    def match(self, employee: Employee) -> Matched | None:
        """Returns by what the search finds an employee, or `None`.

        The addresses of a released employee are former ones, and so is an address that only the
        file still uses.
        """
        if self.id == employee.id:
            return Matched.ID
        if self.text in (employee.external_id, employee.file_external_id):
            return Matched.EXTERNAL_ID
        if self.address is not None:
            if address_of(employee.email) == self.address:
                return Matched.FORMER_EMAIL if employee.released else Matched.EMAIL
            if address_of(employee.file_email) == self.address:
                return Matched.FORMER_EMAIL
        return Matched.NAME if self.names and self._fits_names(employee) else None

    def may_fit(self, snapshot: bytes) -> bool:
        """Returns whether the names of an employee may fit, without decoding the snapshot.

        A snapshot is JSON. In plain ASCII, a word that fits a name stands in it as it is, apart
        from case and from the signs between words.
        """
        if not snapshot.isascii():
            return True
        letters = snapshot.translate(None, _BETWEEN_WORDS).lower()
        return all(not word.isalnum() or word.encode() in letters for word in self.names)

    def _fits_names(self, employee: Employee) -> bool:
        """Returns whether each word begins a name of the employee, or a word of a name."""
        names = _lines(employee.details.first_name) + _lines(employee.details.last_name)
        return all(f"\n{word}" in names for word in self.names)


def search_for(words: Sequence[str]) -> Search:
    """Returns the search for these words, all of which must fit."""
    text = clean(" ".join(words))
    address = address_of(text) if "@" in text else None
    names = () if address is not None else tuple(name_words(text))
    return Search(text, names, uuid_of(text), address)


_BETWEEN_WORDS = b" .,-"


@lru_cache(maxsize=65_536)
def _lines(name: str) -> str:
    """Returns the forms of a name for comparison, each after a line break.

    These are each of its words, and all its letters together: `annamarie`, `anna` and `marie`.
    """
    words = name_words(name)
    return "".join(f"\n{part}" for part in ("".join(letters_of(name)), *words))
