"""Where the jobs of many machines stand: Procrastinate's tables, in a schema of their own.

Procrastinate keeps no account of which of its scripts a database has had, so we do.
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
SEARCHING = f"SET search_path TO {SCHEMA}"
"""Lets a connection see the jobs. Set once it is there: on the way to it a pooler may refuse it."""
_APPLIED = "tenure_scripts"
"""The table of Procrastinate's scripts that the schema has had."""
_FETCHED_BY = (
    "CREATE INDEX IF NOT EXISTS tenure_jobs_lock ON procrastinate_jobs (lock)"
    " WHERE status IN ('todo', 'doing')"
)
"""With it a job among 2,000 is fetched in 5 ms, and not in 100: it is compared with the jobs of its
company, and by Procrastinate's own index with all of them."""


def migrate_jobs(url: str, grant: str | None = None) -> None:
    """Makes the schema as the installed Procrastinate needs it.

    To be called as its owner. `grant` names a role that gets what a running worker needs, and no
    more. Raises `StoreUnavailable`.
    """
    with translate_errors(), _searching(url) as connection:
        # For the session, since each script has a transaction of its own.
        connection.execute("SELECT pg_advisory_lock(hashtext('tenure jobs schema'))")
        applied = _applied(connection)
        if applied is None:
            _make(connection)
        else:
            _refuse_newer(applied)
            _upgrade(connection, applied)
        connection.execute(_FETCHED_BY)
        if grant is not None:
            with connection.transaction():
                _grant(connection, grant)


def require_jobs(url: str) -> None:
    """Raises `StoreUnavailable` unless the schema is as the installed Procrastinate needs it."""
    with translate_errors(), _searching(url) as connection:
        applied = _applied(connection)
    if applied is None:
        raise StoreUnavailable(
            "the database has no schema for the jobs of several workers yet",
            "`tenure migrate` makes it, as the owner of the database",
        )
    _refuse_newer(applied)
    if missing := scripts().keys() - applied:
        raise StoreUnavailable(
            f"the schema {SCHEMA} is older than this release: it has not had {min(missing)}",
            "`tenure migrate` upgrades it, as its owner",
        )


@contextmanager
def _searching(url: str) -> Iterator[Connection[Any]]:
    with connected(url) as connection:
        connection.execute(SEARCHING)
        yield connection


def scripts() -> dict[str, str]:
    """What the installed Procrastinate changed in its schema since its first, by name, in order."""
    found = resources.files("procrastinate.sql") / "migrations"
    named = {each.name: each for each in found.iterdir() if each.name.endswith(".sql")}
    return {name: named[name].read_text("utf-8") for name in sorted(named)}


def _applied(connection: Connection[Any]) -> set[str] | None:
    """The scripts that the schema has had; none where there is no schema of ours."""
    row = connection.execute("SELECT to_regclass(%s)", (f"{SCHEMA}.{_APPLIED}",)).fetchone()
    if not row or row[0] is None:
        return None
    return {name for (name,) in connection.execute("SELECT script FROM tenure_scripts")}


def _refuse_newer(applied: set[str]) -> None:
    if unknown := applied - scripts().keys():
        problem = f"the schema {SCHEMA} is newer than this release: it has had {max(unknown)}"
        raise StoreUnavailable(problem, "use the release that fits")


def _make(connection: Connection[Any]) -> None:
    """The schema as it is now, at once: all its scripts have gone into it."""
    whole = (resources.files("procrastinate.sql") / "schema.sql").read_text("utf-8")
    with connection.transaction():
        # An administrator may have made it for an owner who may make none.
        row = connection.execute("SELECT to_regnamespace(%s)", (SCHEMA,)).fetchone()
        if not row or row[0] is None:
            _create(connection)
        connection.execute(f"CREATE TABLE {_APPLIED} (script TEXT PRIMARY KEY)")
        connection.execute(whole.encode())
        for name in scripts():
            _record(connection, name)


def _create(connection: Connection[Any]) -> None:
    try:
        connection.execute(f"CREATE SCHEMA {SCHEMA}")
    except InsufficientPrivilege as error:
        raise StoreUnavailable(
            f"the schema {SCHEMA} cannot be made: {error.diag.message_primary}",
            f"let an administrator run CREATE SCHEMA {SCHEMA} AUTHORIZATION with your role",
        ) from None


def _upgrade(connection: Connection[Any], applied: set[str]) -> None:
    """Each script in one transaction: a new value of an enumeration serves only the next one."""
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
