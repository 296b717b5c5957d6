"""The tables of Procrastinate, which hold the jobs of many machines, in a schema of their own.

Jobs need no upgrade: the next look for due jobs adds them again. So the tables of another release
of Procrastinate are dropped and created again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from procrastinate.schema import SchemaManager
from psycopg import Connection, sql
from psycopg.errors import InsufficientPrivilege

from adapters.store.connecting import connected, translate_errors
from adapters.store.errors import StoreUnavailable

SCHEMA = "tenure_jobs"
SET_SEARCH_PATH = f"SET search_path TO {SCHEMA}"
"""Lets a connection find the jobs. It is a statement, because a pooler may refuse the same as a
parameter of the connection."""
_RIGHTS = (
    "USAGE ON SCHEMA",
    "USAGE ON ALL SEQUENCES IN SCHEMA",
    "SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA",
)


def migrate_jobs(url: str, grant: str | None = None) -> None:
    """Creates the tables of the installed Procrastinate, instead of those of another release.

    The caller must own the schema. `grant` names a role that gets the rights that a running worker
    needs, and no more. Raises `StoreUnavailable`.
    """
    with translate_errors(), connected(url) as connection, connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('tenure jobs schema'))")
        version = _version(connection)
        if version != _installed_version():
            _create_schema(connection, replaced=version is not None)
            connection.execute(f"{SET_SEARCH_PATH}; {SchemaManager.get_schema()}".encode())
            comment = sql.SQL(f"COMMENT ON SCHEMA {SCHEMA} IS {{}}")
            connection.execute(comment.format(_installed_version()))
        if grant is not None:
            for rights in _RIGHTS:
                statement = sql.SQL(f"GRANT {rights} {SCHEMA} TO {{}}")
                connection.execute(statement.format(sql.Identifier(grant)))


def require_jobs(url: str) -> None:
    """Raises `StoreUnavailable` if the tables do not fit the installed Procrastinate."""
    with translate_errors(), connected(url) as connection:
        version = _version(connection)
    if version is None:
        raise StoreUnavailable(
            "the database has no schema for the jobs of several workers yet",
            "run `tenure migrate` as the owner of the database: it creates it",
        )
    if version != _installed_version():
        raise StoreUnavailable(
            f"the schema {SCHEMA} was created by another release",
            "stop all workers, and run `tenure migrate` as the owner: it creates it again",
        )


def _installed_version() -> str:
    """Returns the version of the tables: the name of Procrastinate's latest migration script."""
    return max(each.name for each in Path(SchemaManager.get_migrations_path()).glob("*.sql"))


def _version(connection: Connection[Any]) -> str | None:
    """Returns the version of the tables, `None` if there are none, or `""` if it is unknown."""
    row = connection.execute(
        f"SELECT obj_description(to_regnamespace('{SCHEMA}'), 'pg_namespace')"
        f" WHERE to_regclass('{SCHEMA}.procrastinate_jobs') IS NOT NULL"
    ).fetchone()
    return row and (row[0] or "")


def _create_schema(connection: Connection[Any], replaced: bool) -> None:
    """Creates the empty schema, unless an administrator has created it for its owner."""
    exists = connection.execute("SELECT FROM pg_namespace WHERE nspname = %s", (SCHEMA,)).rowcount
    if exists and not replaced:
        return
    drop = f"DROP SCHEMA {SCHEMA} CASCADE; " if replaced else ""
    try:
        connection.execute(f"{drop}CREATE SCHEMA {SCHEMA}".encode())
    except InsufficientPrivilege as error:
        raise StoreUnavailable(
            f"the schema {SCHEMA} cannot be created: {error.diag.message_primary}",
            f"let an administrator run {drop}CREATE SCHEMA {SCHEMA} AUTHORIZATION with your role",
        ) from None
