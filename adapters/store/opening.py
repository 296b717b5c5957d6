"""Where the store is, and opening it: only what is used of it is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from domain.privacy import Redacted

if TYPE_CHECKING:
    from adapters.store.store import Store


class PostgresUrl(Redacted, frozen=True):
    """A PostgreSQL database, which may be named with a password."""

    url: str


Database: TypeAlias = Path | PostgresUrl
"""The file of the embedded store, or a PostgreSQL database."""


def open_store(database: Database) -> Store:
    """The store there. Raises `StoreUnavailable` where it cannot be used."""
    if isinstance(database, PostgresUrl):
        from adapters.store.postgres import open_postgres

        return open_postgres(database.url)
    from adapters.store.sqlite import open_sqlite

    return open_sqlite(database)
