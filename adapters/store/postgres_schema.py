"""Creates and upgrades the schema of a PostgreSQL database, and grants rights on it (ADR 0015)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

from psycopg import Connection, sql

from adapters.store import events
from adapters.store.connecting import MISSING, connected, translate_errors
from adapters.store.errors import StoreUnavailable
from adapters.store.event_store import decode_event
from adapters.store.postgres_sql import PostgresQuery, execute
from adapters.store.schema import REBUILT, TABLES, VERSION, added_since, columns_since
from adapters.store.sql import added_columns, ddl

# Text compares byte by byte, as on every other store. By default, the locale would decide.
_TYPES = {str: 'TEXT COLLATE "C"', int: "BIGINT", bytes: "BYTEA"}

_UNSAFE_SETTINGS = """
    SELECT name FROM pg_settings
    WHERE name IN ('fsync', 'full_page_writes') AND setting = 'off' ORDER BY name
"""


def migrate(url: str, grant: str | None = None) -> int:
    """Creates or upgrades the schema for this release.

    Returns the version that the schema had before, 0 if there was no schema. The caller must own
    the schema. `grant` names a role that gets the rights that the running product needs, and no
    more. Raises `StoreUnavailable`.
    """
    with translate_errors(), connected(url) as connection, connection.transaction():
        _require_utf8(connection)
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('tenure schema'))")
        version = _version(connection)
        if version > VERSION:
            raise _mismatch(version)
        for statement in _steps_from(version):
            connection.execute(statement.encode())
        if 0 < version < REBUILT:
            _rebuild(connection)
        connection.execute("UPDATE tenure_schema SET version = %s", (VERSION,))
        if grant is not None:
            _grant(connection, grant)
    return version


def schema_version(url: str) -> int:
    """Returns the version of the schema, 0 if there is no schema yet. Changes nothing.

    Raises `StoreUnavailable` where `migrate` cannot begin. The rights of the caller are not tried.
    """
    with translate_errors(), connected(url) as connection:
        _require_utf8(connection)
        version = _version(connection)
    if version > VERSION:
        raise _mismatch(version)
    return version


def require_version(connection: Connection[Any]) -> None:
    """Raises `StoreUnavailable` if the schema is not the schema of this release."""
    version = _version(connection)
    if version != VERSION:
        raise _mismatch(version)


def check_postgres(url: str) -> tuple[str, ...]:
    """Returns a warning for each setting of the server with which a crash may destroy data.

    Raises `StoreUnavailable` if the schema is missing, or is not the schema of this release.
    """
    with translate_errors(), connected(url) as connection:
        require_version(connection)
        rows = connection.execute(_UNSAFE_SETTINGS).fetchall()
    return tuple(
        f"the server of the database has {name} = off, so a crash of its machine may destroy the "
        f"database; set {name} = on there"
        for (name,) in rows
    )


def _steps_from(version: int) -> Iterator[str]:
    """Yields the statements that upgrade a schema of this `version`; 0 means no schema."""
    if version == 0:
        yield "CREATE TABLE tenure_schema (version BIGINT NOT NULL)"
        yield "INSERT INTO tenure_schema (version) VALUES (0)"
        yield from chain.from_iterable(ddl(table, _TYPES) for table in TABLES)
    else:
        yield from chain.from_iterable(ddl(table, _TYPES) for table in added_since(version))
        for table, names in columns_since(version):
            yield from added_columns(table, names, _TYPES)


def _rebuild(connection: Connection[Any]) -> None:
    """Makes the projections again from the events, in the transaction of `connection`."""
    from adapters.store.integrity.rebuild import writes_of_upgrade

    connection.execute("LOCK TABLE companies IN SHARE ROW EXCLUSIVE MODE")
    with connection.cursor() as cursor:
        execute(cursor, writes_of_upgrade(PostgresQuery(connection), decode_event))


def _require_utf8(connection: Connection[Any]) -> None:
    """Raises `StoreUnavailable` if the database cannot hold every name."""
    row = connection.execute("SHOW server_encoding").fetchone()
    encoding = row[0] if row else ""
    if encoding != "UTF8":
        raise StoreUnavailable(
            f"the database has the encoding {encoding}, in which not every name can be written",
            "create a database with ENCODING 'UTF8' TEMPLATE template0, and name that one",
        )


def _grant(connection: Connection[Any], role: str) -> None:
    to = sql.Identifier(role)
    connection.execute(sql.SQL("GRANT SELECT ON tenure_schema TO {}").format(to))
    # Every role has the next two rights by default. If they were revoked, and we may not grant
    # them, their owner has to.
    row = connection.execute(
        "SELECT current_database(), current_schema(),"
        " has_database_privilege(current_database(), 'TEMPORARY WITH GRANT OPTION'),"
        " has_schema_privilege(current_schema(), 'USAGE WITH GRANT OPTION')"
    ).fetchone()
    database, schema, may_grant_temporary, may_grant_usage = row or ("", "", False, False)
    if may_grant_temporary:
        grant = sql.SQL("GRANT TEMPORARY ON DATABASE {} TO {}")
        connection.execute(grant.format(sql.Identifier(database), to))
    if may_grant_usage:
        grant = sql.SQL("GRANT USAGE ON SCHEMA {} TO {}")
        connection.execute(grant.format(sql.Identifier(schema), to))
    for table in TABLES:
        rights = "SELECT, INSERT" if table is events.TABLE else "SELECT, INSERT, UPDATE, DELETE"
        grant = sql.SQL("GRANT {} ON {} TO {}")
        connection.execute(grant.format(sql.SQL(rights), sql.Identifier(table.name), to))


def _version(connection: Connection[Any]) -> int:
    """Returns the version of the schema, 0 if the database has no schema."""
    exists = connection.execute("SELECT to_regclass('tenure_schema') IS NOT NULL").fetchone()
    if not exists or not exists[0]:
        return 0
    row = connection.execute("SELECT version FROM tenure_schema").fetchone()
    return int(row[0]) if row else 0


def _mismatch(version: int) -> StoreUnavailable:
    if version == 0:
        return StoreUnavailable(
            "the database has no schema yet, or it is not in the search path", MISSING
        )
    problem = f"the database has schema version {version} and this release needs {VERSION}"
    if version < VERSION:
        return StoreUnavailable(problem, "run `tenure migrate` as the owner: it upgrades it")
    return StoreUnavailable(problem, "use the newer release that upgraded the schema")
