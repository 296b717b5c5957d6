"""The embedded store: everything that is specific to SQLite (ADR 0009)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

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

from adapters.store import events, limits
from adapters.store.errors import DAMAGED, StoreUnavailable
from adapters.store.event_store import EventStore
from adapters.store.recorder import Query
from adapters.store.schema import VERSION
from adapters.store.sqlite_schema import (
    OF_FILES,
    is_locked,
    kept_locked,
    migrate,
    require_database,
    uri_of,
)
from adapters.store.sqlite_sql import SqliteQuery, execute, replace
from adapters.store.store import Store
from projections.tables import Row, Table, Write

_CACHE_KIB = 64 * 1024
"""With SQLite's default of 2 MiB, an import takes a third longer."""
_CHECKPOINT_PAGES = 10_000
"""A run that changes a thousand employees writes more pages than SQLite's default of a thousand.
SQLite would then copy each commit into the database at once, and so write everything twice."""
_PUT_BACK = "put the file back if it was removed by mistake; or else start the command again"


def open_sqlite(path: Path) -> Store:
    """Opens the store in the file at `path`. A database of an earlier release is upgraded.

    Raises `StoreUnavailable` if there is no database of Tenure, or a newer release made it.
    """
    if require_database(path) < VERSION:
        migrate(path)
    return Store(EventStore(_Recorder(_Datastore(path))))


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
        if is_locked(error):
            raise kept_locked() from error
        problem = f"the database cannot be used: {error}"
        if "malformed" in problem:  # a damaged page
            raise StoreUnavailable(problem, DAMAGED) from error
        raise StoreUnavailable(problem) from error


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
    """The connections to one file. They are of no use if another file takes its place."""

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()
        self._file = _identity(self._path)
        self.pool = _ConnectionPool(
            db_name=uri_of(path),
            lock_timeout=int(limits.LOCK_S),
            pool_timeout=limits.TURN_S,
        )
        self.single_row_tracking = True
        self.originator_id_type = "uuid"

    @contextmanager
    def transaction(self, *, commit: bool) -> Iterator[SQLiteCursor]:
        """Yields one transaction. Raises `StoreUnavailable` if the file is gone (ADR 0032)."""
        self._require_same_file()
        with super().transaction(commit=commit) as cursor:
            yield cursor
            if commit:
                self._require_same_file()

    def _require_same_file(self) -> None:
        """Raises `StoreUnavailable` if the path leads to no file, or to another one than before.

        The connections would go on in the file without a name, and all that they store be lost.
        """
        found = _identity(self._path)
        if found != self._file:
            what = "replaced by another file" if found else "removed"
            raise StoreUnavailable(
                f"the database {self._path} was {what} while this process used it", _PUT_BACK
            )


class _Recorder(SQLiteApplicationRecorder):
    """Stores events in one table, and the projections of a run in the same transaction."""

    def close(self) -> None:
        """Closes the connections to the file."""
        self.datastore.close()

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

    def insert_events(  # type: ignore[override]
        self, stored_events: Iterable[StoredEvent], *, writes: Iterable[Write] = ()
    ) -> None:
        """Stores events, and the `writes` that go with them, in one transaction."""
        with translate_errors(), self.datastore.transaction(commit=True) as cursor:
            execute(cursor.sqlite_cursor, [events.write_of(stored_events), *writes])

    def replace(self, table: Table[Row], row: Row, other: Row) -> bool:
        """Replaces exactly this row by another. Returns `False` if it is not there."""
        with translate_errors(), self.datastore.transaction(commit=True) as cursor:
            return replace(cursor.sqlite_cursor, table, row, other)

    def rewrite(self, make: Callable[[Query], Iterable[Write]]) -> None:
        """Writes what `make` returns for the state of the database, in one transaction."""
        with translate_errors(), self.datastore.transaction(commit=True) as cursor:
            query = SqliteQuery(cursor.sqlite_cursor.connection)
            execute(cursor.sqlite_cursor, make(query))
            for table in OF_FILES:  # the indexes of the other tables were just written
                cursor.execute(f"REINDEX {table.name}")


def _identity(path: Path) -> tuple[int, int] | None:
    """Returns what tells the file at `path` from every other file, or `None` if there is none."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino
