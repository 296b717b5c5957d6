"""The embedded store: everything that is specific to SQLite (ADR 0009)."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from eventsourcing.persistence import (
    ConnectionPoolClosedError,
    IntegrityError,
    PersistenceError,
    StoredEvent,
)
from eventsourcing.sqlite import (
    SQLiteApplicationRecorder,
    SQLiteConnection,
    SQLiteConnectionPool,
    SQLiteCursor,
    SQLiteDatastore,
    SQLiteTransaction,
)

from adapters.store import events
from adapters.store.errors import StoreUnavailable
from adapters.store.event_store import EventStore
from adapters.store.recorder import Query
from adapters.store.schema import TABLES, VERSION, added_since
from adapters.store.sql import ddl, statement_of
from adapters.store.store import Store
from projections import kept, runs
from projections.tables import Table, Write

_TIMEOUT_S = 600
"""How long a run waits for the commit of another run: on this store all companies take turns."""
_CACHE_KIB = 64 * 1024
"""With SQLite's default of 2 MiB, an import takes a third longer."""
_CHECKPOINT_PAGES = 10_000
"""A run that changes a thousand employees writes more pages than SQLite's default of a thousand.
SQLite would then copy each commit into the database at once, and so write everything twice."""
_TYPES = {str: "TEXT", int: "INTEGER", bytes: "BLOB"}
_CLUSTERED = " WITHOUT ROWID"
"""Stores rows in the order of their key: the table is one tree instead of two."""
_OF_FILES = (runs.HELD, kept.TABLE)
"""Files are large. A table with large values is better not clustered."""

_STATISTICS = (
    ("roster", "roster", "1000000 10000 1"),
    ("roster", "roster_company_address", "1000000 10000 1"),
    ("roster", "roster_company_file_address", "10000 100 1"),
    ("roster", "roster_company_external_id", "1000000 10000 1"),
    ("roster", "roster_starts_company", "10000 100 10"),
    ("roster", "roster_leaves_company", "10000 100 10"),
)
"""Rows of `sqlite_stat1`: the table, the index, and numbers of rows. The first number counts all
rows, the second the rows with one value of the first column, and so on. SQLite cannot measure
empty tables. Without these numbers, it searches a whole company for one address."""


def open_sqlite(path: Path) -> Store:
    """Opens the store in the file at `path`. A new file is readable by its owner only.

    Raises `StoreUnavailable` if the directory does not exist, or the file is another program's.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        _inspect(path)
        recorder = _Recorder(_Datastore(path))
        recorder.create_schema()
    except OSError as error:
        raise StoreUnavailable(f"cannot open {path}: {error.strerror}") from error
    except (sqlite3.Error, PersistenceError) as error:
        raise StoreUnavailable(f"{path} cannot be used as a database: {error}") from error
    return Store(EventStore(recorder))


def _inspect(path: Path) -> None:
    """Raises `StoreUnavailable` for a file of another program or version. Changes no file."""
    with closing(sqlite3.connect(path, timeout=_TIMEOUT_S)) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if version == 0 and tables:
        raise StoreUnavailable(f"{path} belongs to another program; name a new file")
    if not 0 <= version <= VERSION:
        raise StoreUnavailable(
            f"{path} has schema version {version} and this release needs {VERSION}; "
            "use the release that made it"
        )


@contextmanager
def translate_errors() -> Iterator[None]:
    """Raises `StoreUnavailable`, which an operator can act on, for every error of SQLite.

    Raises `IntegrityError` for a key that is there already.
    """
    try:
        yield
    except IntegrityError:
        raise
    except sqlite3.IntegrityError as error:
        raise IntegrityError(error) from error
    except (sqlite3.Error, PersistenceError) as error:
        raise StoreUnavailable(f"the database cannot be used: {error}") from error


class _Transaction(SQLiteTransaction):
    """Takes the write lock at once. Under WAL, a transaction that reads first may fail to write."""

    def __enter__(self) -> SQLiteCursor:
        cursor = self.connection.cursor()
        cursor.execute("BEGIN IMMEDIATE" if self.commit else "BEGIN")
        return cursor


class _Connection(SQLiteConnection):
    @contextmanager
    def transaction(self, *, commit: bool) -> Iterator[SQLiteCursor]:
        with _Transaction(self, commit=commit) as cursor, cursor:
            yield cursor


class _ConnectionPool(SQLiteConnectionPool):
    def _create_connection(self) -> SQLiteConnection:
        connection = super()._create_connection()._sqlite_conn  # noqa: SLF001
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        connection.execute("PRAGMA secure_delete = ON")  # deliveries are personal data
        return _Connection(connection, self.max_age)


class _Datastore(SQLiteDatastore):
    def __init__(self, path: Path) -> None:
        self.pool = _ConnectionPool(
            db_name=f"file:{quote(str(path.absolute()))}?mode=rw",
            lock_timeout=_TIMEOUT_S,
            pool_timeout=_TIMEOUT_S,
        )
        self.single_row_tracking = True
        self.originator_id_type = "uuid"


class _Recorder(SQLiteApplicationRecorder):
    """Stores events in one table, and the projections of a run in the same transaction."""

    def close(self) -> None:
        """Closes the connections to the file."""
        self.datastore.close()

    def create_schema(self) -> None:
        """Creates the tables that do not exist yet."""
        with self.datastore.transaction(commit=False) as cursor:
            if _version(cursor) == VERSION:
                return
        with self.datastore.transaction(commit=True) as cursor:
            version = _version(cursor)  # another process may have been first
            create_tables(cursor.sqlite_cursor, added_since(version) if version else TABLES)
            if not version:
                cursor.execute("ANALYZE")  # creates the table of statistics
                cursor.executemany("INSERT INTO sqlite_stat1 VALUES (?, ?, ?)", _STATISTICS)
                cursor.execute("ANALYZE sqlite_schema")  # makes SQLite read it
            cursor.execute(f"PRAGMA user_version = {VERSION}")

    @contextmanager
    def reading(self) -> Iterator[Query]:
        """Yields a query, which puts several questions to one state of the database."""
        # A caller that stops reading halfway may release the cursor after the store was closed.
        with (
            suppress(ConnectionPoolClosedError),
            translate_errors(),
            self.datastore.transaction(commit=False) as cursor,
        ):
            yield SqliteQuery(cursor.sqlite_cursor.connection)

    def insert_events(self, stored_events: Iterable[StoredEvent], **kwargs: Any) -> None:
        """Stores events, and the `writes` that go with them, in one transaction."""
        with translate_errors(), self.datastore.transaction(commit=True) as cursor:
            self._insert_events(cursor, stored_events, **kwargs)

    def _insert_events(
        self,
        c: SQLiteCursor,
        stored_events: Iterable[StoredEvent],
        writes: Iterable[Write] = (),
        **_: Any,
    ) -> None:
        execute(c.sqlite_cursor, [events.write_of(stored_events), *writes])

    def rewrite(self, make: Callable[[Query], Iterable[Write]]) -> None:
        """Writes what `make` returns for the state of the database, in one transaction."""
        with translate_errors(), self.datastore.transaction(commit=True) as cursor:
            query = SqliteQuery(cursor.sqlite_cursor.connection)
            execute(cursor.sqlite_cursor, make(query))


def create_tables(cursor: sqlite3.Cursor, tables: Iterable[Table[Any]]) -> None:
    """Creates tables with their indexes."""
    for table in tables:
        for statement in ddl(table, _TYPES, "" if table in _OF_FILES else _CLUSTERED):
            cursor.execute(statement)


def execute(cursor: sqlite3.Cursor, writes: Iterable[Write]) -> None:
    """Executes writes, one after the other."""
    for write in writes:
        # The module sqlite3 reads a plain tuple faster than a named one.
        cursor.executemany(statement_of(write), map(tuple, write.rows))


class SqliteQuery:
    """Asks the state of the database that one transaction sees."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __call__(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Returns the rows that a statement selects."""
        with self.each(statement, parameters) as rows:
            return list(rows)

    @contextmanager
    def each(
        self, statement: str, parameters: Sequence[Any] = ()
    ) -> Iterator[Iterator[tuple[Any, ...]]]:
        """Yields the rows one by one."""
        with closing(self._connection.cursor()) as cursor:
            cursor.row_factory = None
            yield cursor.execute(statement, parameters)


def _version(cursor: SQLiteCursor) -> int:
    cursor.execute("PRAGMA user_version")
    return int(cursor.fetchone()[0])
