"""What `tenure --version` tells. It connects to nothing, and a broken configuration is no error."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

from adapters.errors import SettingsError
from adapters.places import find_settings, outline
from adapters.store.opening import PostgresUrl


def versions(config: str | None) -> list[str]:
    """Returns a line for each version. `config` is the option of that name."""
    from adapters.store.schema_version import VERSION

    return [
        f"tenure {_of_package('tenure')}",
        f"Python {platform.python_version()}",
        _store(config),
        f"schema {VERSION}",
    ]


def _store(config: str | None) -> str:
    """Returns the kind of the store that is configured, and the version of its library.

    Without a configuration it is the embedded store, as it is by default.
    """
    try:
        database = outline(find_settings(config)).database
    except SettingsError:
        database = None
    if isinstance(database, PostgresUrl):
        return f"PostgreSQL through psycopg {_of_package('psycopg')}"
    import sqlite3

    return f"SQLite {sqlite3.sqlite_version}"


def _of_package(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:  # run from a copy that is not installed
        return "unknown"
