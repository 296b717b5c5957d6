"""The store in memory: gone with its process. Use cases are tested on it (ADR 0029)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from functools import cache
from threading import Lock

from eventsourcing.persistence import StoredEvent
from eventsourcing.popo import POPOApplicationRecorder

from adapters.store import events
from adapters.store.event_store import EventStore
from adapters.store.recorder import Query
from adapters.store.schema import TABLES
from adapters.store.sqlite import translate_errors
from adapters.store.sqlite_schema import create_tables
from adapters.store.sqlite_sql import SqliteQuery, execute, replace
from adapters.store.store import Store
from projections.tables import Row, Table, Write


class MemoryDatabase:
    """A database whose whole content is one immutable value: the image of an SQLite database.

    A transaction that reads has the image of its beginning for itself, so nothing that is written
    meanwhile changes its answers. A transaction that writes puts another image in the place of the
    former one, at its end. Writers take turns.
    """

    def __init__(self) -> None:
        self._image = _empty_image()
        self._turn = Lock()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Yields a connection to the present image. Nothing that is written through it stays."""
        with translate_errors(), closing(_connected()) as connection:
            connection.deserialize(self._image)
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Yields a connection whose content is the next image, unless the `with` raises."""
        with self._turn, self.reading() as connection:
            connection.execute("BEGIN")
            yield connection
            connection.execute("COMMIT")
            self._image = connection.serialize()


def open_memory(database: MemoryDatabase) -> Store:
    """Opens the store in a database in memory."""
    return Store(EventStore(_Recorder(database)))


class _Recorder(POPOApplicationRecorder):
    """Stores events, and the projections of a run in the same transaction."""

    def __init__(self, database: MemoryDatabase) -> None:
        super().__init__()
        self._database = database

    def close(self) -> None:
        """Does nothing: the database stays, for others that have it open."""

    @contextmanager
    def reading(self) -> Iterator[Query]:
        """Yields a query, which puts several questions to one state of the database."""
        with self._database.reading() as connection:
            yield SqliteQuery(connection)

    def insert_events(  # type: ignore[override]
        self, stored_events: Iterable[StoredEvent], *, writes: Iterable[Write] = ()
    ) -> None:
        """Stores events, and the `writes` that go with them, in one transaction."""
        self.rewrite(lambda _: [events.write_of(stored_events), *writes])

    def replace(self, table: Table[Row], row: Row, other: Row) -> bool:
        """Replaces exactly this row by another. Returns `False` if it is not there."""
        with self._database.writing() as connection:
            return replace(connection.cursor(), table, row, other)

    def rewrite(self, make: Callable[[Query], Iterable[Write]]) -> None:
        """Writes what `make` returns for the state of the database, in one transaction."""
        with self._database.writing() as connection:
            execute(connection.cursor(), make(SqliteQuery(connection)))


@cache
def _empty_image() -> bytes:
    with closing(_connected()) as connection:
        create_tables(connection.cursor(), TABLES)
        return connection.serialize()


def _connected() -> sqlite3.Connection:
    """Returns a connection to an empty database. Each statement is committed at once."""
    return sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
