"""How a use case fails, apart from its store and its source."""

from __future__ import annotations


class NoSource(Exception):
    """There is nowhere to fetch from: files of this company are named, never fetched."""

    def __init__(self, company: str) -> None:
        super().__init__(f"company {company} has no source")
        self.company = company
