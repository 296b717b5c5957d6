"""The place of a store, and how to open it. Only the driver that is used is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from domain.privacy import Redacted

if TYPE_CHECKING:
    from adapters.store.store import Store


class PostgresUrl(Redacted, frozen=True):
    """The URL of a PostgreSQL database. It may contain a password."""

    url: str


Database: TypeAlias = Path | PostgresUrl
"""The file of the embedded store, or the URL of a PostgreSQL database."""


def open_store(database: Database) -> Store:
    """Opens the store. Raises `StoreUnavailable` if it cannot be used."""
    if isinstance(database, PostgresUrl):
        from adapters.store.postgres import open_postgres

        return open_postgres(database.url)
    from adapters.store.sqlite import open_sqlite

    return open_sqlite(database)
