"""The store for many workers: everything that is specific to PostgreSQL (ADR 0015).

The recorder of eventsourcing inserts inside a pipeline, locks the whole table and retries blindly.
Ours copies in binary. It locks only the company's stream, because it inserts the run's own event
first. It does not retry: `Store.commit` finds out whether a commit was stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from itertools import chain, count, islice
from typing import Any, cast
from uuid import UUID

from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import (
    ConnectionPool,
    PostgresApplicationRecorder,
    PostgresDatastore,
    PostgresFactory,
)
from eventsourcing.utils import Environment
from psycopg import Connection, Cursor, sql

from adapters.store import events
from adapters.store.connecting import (
    SET_KEEPALIVES,
    connected,
    conninfo_of,
    pool_timeout_s,
    translate_errors,
)
from adapters.store.errors import StoreUnavailable
from adapters.store.event_store import NAME, EventStore
from adapters.store.query import Query
from adapters.store.schema import TABLES, VERSION, added_since
from adapters.store.sql import ddl, on_conflict, statement_of
from adapters.store.store import Store
from projections.tables import Kind, Operation, Table, Write

_MAX_CONNECTIONS = 132
"""Connections of the pool, opened when they are needed: one for each delivery that is planned (64
at most, see `--workers`), one for each company whose clock runs (64 at most), and four for other
questions. A run that waits too long for a connection fails as if the server were away."""
_SET_IDLE_TIMEOUT = "SET idle_in_transaction_session_timeout = '60s'"
"""Ends the transaction of a machine that freezes while it stores a run. So the company is unlocked.
"""
_BATCH_ROWS = 5_000
"""Rows that are fetched at a time."""
_MIN_COPY_ROWS = 100
"""From this number on, rows are copied. Fewer are sent one by one."""

# Text compares byte by byte, as on every other store. By default, the locale would decide.
_TYPES = {Kind.TEXT: 'TEXT COLLATE "C"', Kind.INTEGER: "BIGINT", Kind.BYTES: "BYTEA"}
_COPIED = {Kind.TEXT: "text", Kind.INTEGER: "int8", Kind.BYTES: "bytea"}


def open_postgres(url: str) -> Store:
    """Opens the store in the database at `url`. Every libpq parameter of the URL counts.

    Raises `StoreUnavailable` if the database cannot be reached, or has another release's schema.
    """
    with translate_errors(), connected(url) as connection:
        version = _version(connection)
    if version != VERSION:
        raise _mismatch(version)
    return Store(EventStore(_Factory(url)))


def migrate(url: str, grant: str | None = None) -> int:
    """Creates or upgrades the schema for this release.

    Returns the version that the schema had before, 0 if there was no schema. The caller must own
    the schema. `grant` names a role that gets the rights that the running product needs, and no
    more. Raises `StoreUnavailable`.
    """
    with translate_errors(), connected(url) as connection, connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('tenure schema'))")
        version = _version(connection)
        if version > VERSION:
            raise _mismatch(version)
        for statement in _steps_from(version):
            connection.execute(statement.encode())
        connection.execute("UPDATE tenure_schema SET version = %s", (VERSION,))
        if grant is not None:
            _grant(connection, grant)
    return version


def _steps_from(version: int) -> Iterator[str]:
    """Yields the statements that upgrade a schema of this `version`; 0 means no schema."""
    if version == 0:
        yield "CREATE TABLE tenure_schema (version BIGINT NOT NULL)"
        yield "INSERT INTO tenure_schema (version) VALUES (0)"
        yield from chain.from_iterable(ddl(table, _TYPES) for table in TABLES)
    else:
        yield from chain.from_iterable(ddl(table, _TYPES) for table in added_since(version))


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
            "the database has no schema yet, or it is not in the search path",
            "run `tenure migrate` as the owner: it creates it",
        )
    problem = f"the database has schema version {version} and this release needs {VERSION}"
    if version < VERSION:
        return StoreUnavailable(problem, "run `tenure migrate` as the owner: it upgrades it")
    return StoreUnavailable(problem, "use the newer release that upgraded the schema")


class _Datastore(PostgresDatastore):
    """A pool that takes every parameter of the URL. The one of eventsourcing takes only five."""

    def __init__(self, url: str) -> None:
        self.pool_open_timeout = None
        self.schema = ""
        self.originator_id_type = "text"
        self.lock_timeout = 0
        self.enable_db_functions = False
        self.single_row_tracking = True
        self.db_type_names = set()
        self.psycopg_type_adapters = {}
        self.psycopg_python_types = {}
        self.pool = ConnectionPool(
            conninfo_of(url),
            connection_class=Connection,
            kwargs={"autocommit": True},
            configure=_configure,
            min_size=1,
            max_size=_MAX_CONNECTIONS,
            open=False,
            timeout=pool_timeout_s(url),
            check=ConnectionPool.check_connection,  # the server may have been restarted
            num_workers=1,
        )

    def register_type_adapters(self) -> None:
        """Does nothing: no event is inserted as a composite type."""


def _configure(connection: Connection[Any]) -> None:
    connection.execute(f"{SET_KEEPALIVES}; {_SET_IDLE_TIMEOUT}")


class _Recorder(PostgresApplicationRecorder):
    """Stores events in one table, and the projections of a run in the same transaction."""

    @contextmanager
    def reading(self) -> Iterator[Query]:
        """Yields a query, which puts several questions to one state of the database."""
        with (
            translate_errors(),
            self.datastore.get_connection() as connection,
            connection.transaction(),
        ):
            # Between two questions a large delivery may be planned. That takes longer than some
            # servers let a transaction wait.
            connection.execute(
                "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;"
                "SET LOCAL idle_in_transaction_session_timeout = 0"
            )
            yield _Query(connection)

    @contextmanager
    def _writing(self) -> Iterator[tuple[Connection[Any], Cursor[Any]]]:
        """Yields one transaction. It is committed unless the `with` raises."""
        with (
            translate_errors(),
            self.datastore.get_connection() as connection,
            connection.transaction(),
            connection.cursor() as cursor,
        ):
            yield connection, cursor

    def insert_events(  # type: ignore[override]
        self, stored_events: Iterable[StoredEvent], *, writes: Iterable[Write] = ()
    ) -> None:
        """Stores events, and the `writes` that go with them, in one transaction.

        The first event is the run's own. While another run inserts the same version, this
        transaction waits here, before it sends anything else.
        """
        rows = map(events.row_of, stored_events)
        with self._writing() as (_, cursor):
            first = Write(Operation.INSERT, events.TABLE, islice(rows, 1))
            for write in (first, Write(Operation.INSERT, events.TABLE, rows), *writes):
                _write(cursor, write)

    def rewrite(self, make: Callable[[Query], Iterable[Write]]) -> None:
        """Writes what `make` returns for the state of the database, in one transaction.

        It locks the table of companies. Every run writes there, so no run is stored meanwhile.
        """
        with self._writing() as (connection, cursor):
            connection.execute(
                "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;"
                "SET LOCAL idle_in_transaction_session_timeout = 0"
            )
            connection.execute("LOCK TABLE companies IN SHARE ROW EXCLUSIVE MODE")
            for write in make(_Query(connection)):
                _write(cursor, write)

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """Returns the events of one stream, oldest first. No caller needs a part of a stream."""
        if gt is not None or lte is not None or desc or limit is not None:
            raise NotImplementedError("only whole streams are read, oldest event first")
        stream = cast(UUID, originator_id)
        with self.reading() as query:
            return [
                StoredEvent(stream, version, topic, state)
                for _, version, topic, state in query(events.OF_STREAM, (stream.hex,))
            ]


class _Query:
    """Asks the state of the database that one transaction sees."""

    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection
        self._numbers = count()

    def __call__(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._connection.cursor(binary=True) as cursor:
            return cursor.execute(_with_psycopg_marks(statement), parameters).fetchall()

    @contextmanager
    def each(
        self, statement: str, parameters: Sequence[Any] = ()
    ) -> Iterator[Iterator[tuple[Any, ...]]]:
        name = f"each_{next(self._numbers)}"
        with self._connection.cursor(name, binary=True) as cursor:
            cursor.itersize = _BATCH_ROWS
            yield iter(cursor.execute(_with_psycopg_marks(statement), parameters))


def _write(cursor: Cursor[Any], write: Write) -> None:
    """Executes a write: row by row if the rows are few, or else by COPY.

    COPY cannot update or replace a row. Such rows are copied into a temporary table first.
    """
    rows = iter(write.rows)
    first = list(islice(rows, _MIN_COPY_ROWS))
    few = len(first) < _MIN_COPY_ROWS
    if few or write.operation in (Operation.DELETE, Operation.DELETE_ALL):
        for row in chain(first, rows):
            cursor.execute(_with_psycopg_marks(statement_of(write)), row)
        return
    names = write.columns or write.table.names
    every = chain(first, rows)
    if write.operation is Operation.INSERT:
        _copy(cursor, write.table.name, write.table, names, every)
        return
    staged, listed = f"staged_{write.table.name}_{write.operation.value}", ", ".join(names)
    cursor.execute(
        f"CREATE TEMPORARY TABLE {staged} ON COMMIT DROP AS "
        f"SELECT {listed} FROM {write.table.name} WITH NO DATA".encode()
    )
    _copy(cursor, staged, write.table, names, every)
    cursor.execute(f"ANALYZE {staged}".encode())
    cursor.execute(_from_staged(write, staged, names).encode())


def _from_staged(write: Write, staged: str, names: Sequence[str]) -> str:
    table, listed = write.table, ", ".join(names)
    if write.operation is Operation.UPSERT:
        return (
            f"INSERT INTO {table.name} ({listed}) SELECT {listed} FROM {staged} "
            f"{on_conflict(table)}"
        )
    sets = ", ".join(f"{name} = s.{name}" for name in names if name not in table.key)
    same = " AND ".join(f"t.{name} = s.{name}" for name in table.key)
    return f"UPDATE {table.name} t SET {sets} FROM {staged} s WHERE {same}"


def _copy(
    cursor: Cursor[Any],
    into: str,
    table: Table,
    names: Sequence[str],
    rows: Iterable[tuple[Any, ...]],
) -> None:
    kinds = {column.name: _COPIED[column.kind] for column in table.columns}
    statement = f"COPY {into} ({', '.join(names)}) FROM STDIN (FORMAT BINARY)"
    with cursor.copy(statement.encode()) as copy:
        copy.set_types([kinds[name] for name in names])
        write_row = copy.write_row
        for row in rows:
            write_row(row)


@lru_cache
def _with_psycopg_marks(statement: str) -> bytes:
    """Returns a statement with `%s`, psycopg's mark for a parameter, instead of `?`."""
    return statement.replace("?", "%s").encode()


class _Factory(PostgresFactory):
    application_recorder_class = _Recorder

    def __init__(self, url: str) -> None:
        super().__init__(
            Environment(
                NAME,
                {
                    self.POSTGRES_DBNAME: "",
                    self.POSTGRES_HOST: "",
                    self.POSTGRES_PORT: "",
                    self.POSTGRES_USER: "",
                    self.POSTGRES_PASSWORD: "",
                    self.CREATE_TABLE: "no",
                },
            )
        )
        with suppress(Exception):
            self.datastore.close()
        self.datastore = _Datastore(url)
