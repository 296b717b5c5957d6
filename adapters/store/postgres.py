"""The store for many workers: everything that is specific to PostgreSQL (ADR 0015).

The recorder of eventsourcing inserts inside a pipeline, locks the whole table and retries blindly.
Ours copies in binary. It locks only the company's stream, because it inserts the run's own event
first. It does not retry: after a lost reply, it finds out whether the commit was stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import (
    ConnectionPool,
    PostgresApplicationRecorder,
    PostgresDatastore,
)
from psycopg import Connection, Cursor

from adapters.store import events, limits
from adapters.store.connecting import (
    SET_KEEPALIVES,
    connected,
    conninfo_of,
    pool_timeout_s,
    translate_errors,
)
from adapters.store.doubt import transaction_id, was_committed
from adapters.store.errors import StoreUnavailable
from adapters.store.event_store import EventStore, EventTranscoder
from adapters.store.postgres_schema import require_version
from adapters.store.postgres_sql import PostgresQuery, execute, with_psycopg_marks
from adapters.store.recorder import Query
from adapters.store.sql import replacement_of
from adapters.store.stopped import watching
from adapters.store.store import Store
from domain.company_runs.events import RunEnded
from projections.tables import Row, Table, Write

_MAX_CONNECTIONS = 132
"""Connections of the pool, opened when they are needed: one for each delivery that is planned (64
at most, see `--workers`), one for each company whose clock runs (64 at most), and four for other
questions. A run that waits too long for a connection fails as if the server were away."""


def open_postgres(url: str) -> Store:
    """Opens the store in the database at `url`. Every libpq parameter of the URL counts.

    Raises `StoreUnavailable` if the database cannot be reached, or has another release's schema.
    """
    with translate_errors(), connected(url) as connection:
        require_version(connection)
    return Store(EventStore(_Recorder(url)))


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


_SET_DURABLE = (
    "SELECT set_config('synchronous_commit', 'on', false)"
    " WHERE current_setting('synchronous_commit') = 'off'"
)
"""With this, a run that is reported as stored is stored, even if the server crashes then."""


def _configure(connection: Connection[Any]) -> None:
    set_idle = f"SET idle_in_transaction_session_timeout = {limits.IDLE_S * 1000:.0f}"  # ms
    connection.execute(f"{SET_KEEPALIVES}; {set_idle}; {_SET_DURABLE}".encode())


class _Recorder(PostgresApplicationRecorder):
    """Stores events in one table, and the projections of a run in the same transaction."""

    def __init__(self, url: str) -> None:
        super().__init__(_Datastore(url))
        self._url = url

    def close(self) -> None:
        """Closes the connections to the server."""
        self.datastore.close()

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
            yield PostgresQuery(connection)

    @contextmanager
    def _writing(
        self, what: Callable[[], str] = lambda: "a transaction"
    ) -> Iterator[tuple[Connection[Any], Cursor[Any]]]:
        """Yields one transaction. It is committed unless the `with` raises.

        `what` returns words for it, in case that it has to wait for another.
        """
        with (
            translate_errors(),
            self.datastore.get_connection() as connection,
            watching(self._url, connection, what),
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
        stored, transaction = iter(stored_events), ""
        first = list(islice(stored, 1))
        try:
            with self._writing(lambda: _words_for(first)) as (connection, cursor):
                execute(cursor, (events.write_of(first), events.write_of(stored), *writes))
                if first:  # without events, the caller can simply write the same again
                    transaction = transaction_id(connection)
        except StoreUnavailable:
            # If the id is known, everything has arrived, and only the reply to COMMIT is missing.
            if not (transaction and was_committed(self._url, transaction, first[0])):
                raise

    def replace(self, table: Table[Row], row: Row, other: Row) -> bool:
        """Replaces exactly this row by another. Returns `False` if it is not there."""
        with self._writing() as (_, cursor):
            statement, parameters = replacement_of(table, row, other)
            return cursor.execute(with_psycopg_marks(statement), parameters).rowcount > 0

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
            execute(cursor, make(PostgresQuery(connection)))


def _words_for(first: Sequence[StoredEvent]) -> str:
    """Returns words for what is stored, by the first of its events."""
    event = EventTranscoder().decode(first[0].state).event if first else None
    return f"a run of {event.company}" if isinstance(event, RunEnded) else "a transaction"
