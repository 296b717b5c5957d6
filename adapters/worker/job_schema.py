"""The tables of Procrastinate, which hold the jobs of many machines, in a separate schema.

Procrastinate does not record which of its migration scripts a database has had. So we do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from typing import Any

from psycopg import Connection, sql
from psycopg.errors import InsufficientPrivilege

from adapters.store.connecting import connected, translate_errors
from adapters.store.errors import StoreUnavailable

SCHEMA = "tenure_jobs"
SET_SEARCH_PATH = f"SET search_path TO {SCHEMA}"
"""Lets a connection find the jobs. It is a statement, because a pooler may refuse the same as a
parameter of the connection."""
_APPLIED = "tenure_scripts"
"""Our table of the scripts that the schema has had."""
_CREATE_LOCK_INDEX = (
    "CREATE INDEX IF NOT EXISTS tenure_jobs_lock ON procrastinate_jobs (lock)"
    " WHERE status IN ('todo', 'doing')"
)
"""With this index, to fetch one of 2,000 jobs takes 5 ms instead of 100: a job is compared with the
other jobs of its company. With Procrastinate's own index, it is compared with all jobs."""


def migrate_jobs(url: str, grant: str | None = None) -> None:
    """Creates or upgrades the schema for the installed Procrastinate.

    The caller must own the schema. `grant` names a role that gets the rights that a running worker
    needs, and no more. Raises `StoreUnavailable`.
    """
    with translate_errors(), _jobs_connection(url) as connection:
        # A lock of the session, because each script runs in a transaction of its own.
        connection.execute("SELECT pg_advisory_lock(hashtext('tenure jobs schema'))")
        applied = _applied(connection)
        if applied is None:
            _create_tables(connection)
        else:
            _refuse_newer(applied)
            _upgrade(connection, applied)
        connection.execute(_CREATE_LOCK_INDEX)
        if grant is not None:
            with connection.transaction():
                _grant(connection, grant)


def require_jobs(url: str) -> None:
    """Raises `StoreUnavailable` if the schema does not fit the installed Procrastinate."""
    with translate_errors(), _jobs_connection(url) as connection:
        applied = _applied(connection)
    if applied is None:
        raise StoreUnavailable(
            "the database has no schema for the jobs of several workers yet",
            "run `tenure migrate` as the owner of the database: it creates it",
        )
    _refuse_newer(applied)
    if missing := scripts().keys() - applied:
        raise StoreUnavailable(
            f"the schema {SCHEMA} is older than this release: it lacks {min(missing)}",
            "run `tenure migrate` as the owner: it upgrades it",
        )


@contextmanager
def _jobs_connection(url: str) -> Iterator[Connection[Any]]:
    with connected(url) as connection:
        connection.execute(SET_SEARCH_PATH)
        yield connection


def scripts() -> dict[str, str]:
    """Returns the migration scripts of the installed Procrastinate, by name and in order."""
    folder = resources.files("procrastinate.sql") / "migrations"
    named = {each.name: each for each in folder.iterdir() if each.name.endswith(".sql")}
    return {name: named[name].read_text("utf-8") for name in sorted(named)}


def _applied(connection: Connection[Any]) -> set[str] | None:
    """Returns the scripts that the schema has had, or `None` if there is no schema of ours."""
    row = connection.execute("SELECT to_regclass(%s)", (f"{SCHEMA}.{_APPLIED}",)).fetchone()
    if not row or row[0] is None:
        return None
    return {name for (name,) in connection.execute("SELECT script FROM tenure_scripts")}


def _refuse_newer(applied: set[str]) -> None:
    if unknown := applied - scripts().keys():
        problem = f"the schema {SCHEMA} is newer than this release: it has {max(unknown)}"
        raise StoreUnavailable(problem, "use the newer release that upgraded it")


def _create_tables(connection: Connection[Any]) -> None:
    """Creates the present tables in one step, and records all scripts: the tables include them."""
    whole = (resources.files("procrastinate.sql") / "schema.sql").read_text("utf-8")
    with connection.transaction():
        # An administrator may have created it for an owner who has no right to create schemas.
        row = connection.execute("SELECT to_regnamespace(%s)", (SCHEMA,)).fetchone()
        if not row or row[0] is None:
            _create_schema(connection)
        connection.execute(f"CREATE TABLE {_APPLIED} (script TEXT PRIMARY KEY)")
        connection.execute(whole.encode())
        for name in scripts():
            _record(connection, name)


def _create_schema(connection: Connection[Any]) -> None:
    try:
        connection.execute(f"CREATE SCHEMA {SCHEMA}")
    except InsufficientPrivilege as error:
        raise StoreUnavailable(
            f"the schema {SCHEMA} cannot be created: {error.diag.message_primary}",
            f"ask an administrator to run CREATE SCHEMA {SCHEMA} AUTHORIZATION with your role",
        ) from None


def _upgrade(connection: Connection[Any], applied: set[str]) -> None:
    """Runs each missing script in a transaction of its own.

    A new value of an enumeration cannot be used in the transaction that adds it.
    """
    for name, script in scripts().items():
        if name not in applied:
            with connection.transaction():
                connection.execute(script.encode())
                _record(connection, name)


def _record(connection: Connection[Any], script: str) -> None:
    connection.execute("INSERT INTO tenure_scripts (script) VALUES (%s)", (script,))


def _grant(connection: Connection[Any], role: str) -> None:
    schema, to = sql.Identifier(SCHEMA), sql.Identifier(role)
    for rights in (
        "USAGE ON SCHEMA {0}",
        "USAGE ON ALL SEQUENCES IN SCHEMA {0}",
        "EXECUTE ON ALL FUNCTIONS IN SCHEMA {0}",
    ):
        connection.execute(sql.SQL(f"GRANT {rights} TO {{1}}").format(schema, to))
    for table in _tables(connection):
        may = "SELECT" if table == _APPLIED else "SELECT, INSERT, UPDATE, DELETE"
        grant = sql.SQL(f"GRANT {may} ON {{}} TO {{}}")
        connection.execute(grant.format(sql.Identifier(SCHEMA, table), to))


def _tables(connection: Connection[Any]) -> Iterator[str]:
    named = "SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY tablename"
    for (table,) in connection.execute(named, (SCHEMA,)).fetchall():
        yield table
