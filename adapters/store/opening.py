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
    """Opens the store. Raises `StoreUnavailable` if there is none, or if it cannot be used."""
    if isinstance(database, PostgresUrl):
        from adapters.store.postgres import open_postgres

        return open_postgres(database.url)
    from adapters.store.sqlite import open_sqlite

    return open_sqlite(database)


def open_unchanged(database: Database) -> Store:
    """Opens the store as it is: an embedded database of an earlier release is not upgraded.

    Raises `StoreUnavailable` if there is no database, or if this release cannot read it.
    """
    if not isinstance(database, PostgresUrl):
        from adapters.store.errors import StoreUnavailable
        from adapters.store.schema_version import VERSION
        from adapters.store.sqlite_schema import require_database

        if require_database(database) < VERSION:
            raise StoreUnavailable("the database is of an earlier release")
    return open_store(database)


def migrate(database: Database, grant: str | None = None) -> int:
    """Creates or upgrades a database. Nothing else creates one (ADR 0032).

    Returns the version that its schema had before, 0 if there was no schema. `grant` names a role
    of PostgreSQL that gets the rights that the running product needs. Raises `StoreUnavailable`.
    """
    if isinstance(database, PostgresUrl):
        from adapters.store.postgres_schema import migrate as migrate_postgres

        return migrate_postgres(database.url, grant)
    from adapters.store.sqlite_schema import migrate as migrate_sqlite

    return migrate_sqlite(database)


def schema_version(database: Database) -> int:
    """Returns the version of a database's schema, 0 if `migrate` would create it.

    Changes nothing. Raises `StoreUnavailable` where `migrate` cannot begin.
    """
    if isinstance(database, PostgresUrl):
        from adapters.store.postgres_schema import schema_version as version_of_postgres

        return version_of_postgres(database.url)
    from adapters.store.sqlite_schema import schema_version as version_of_sqlite

    return version_of_sqlite(database)


def check_database(database: Database) -> tuple[str, ...]:
    """Returns warnings about a database that can be used. Changes nothing.

    Raises `StoreUnavailable` if there is none, or if it cannot be used.
    """
    if isinstance(database, PostgresUrl):
        from adapters.store.postgres_schema import check_postgres

        return check_postgres(database.url)
    from adapters.store.sqlite_schema import require_database

    require_database(database)
    return ()
