"""A database that is missing, removed, replaced or dropped is told, and never made anew."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from queue import SimpleQueue
from shutil import copyfile

import psycopg
import pytest

from adapters.settings import Settings
from adapters.store.errors import StoreUnavailable
from adapters.store.opening import PostgresUrl, check_database, open_store
from adapters.store.schema import VERSION
from adapters.store.sqlite import open_sqlite
from adapters.store.sqlite_schema import migrate
from adapters.store.store import Store
from adapters.use_cases.observer import Observer
from adapters.use_cases.schedule import Job
from adapters.worker.configuration import Configuration
from adapters.worker.embedded import EmbeddedWorker
from domain.schedule import Schedule
from projections import roster
from projections.tables import Operation, Write
from tests.adapters import pgserver
from tests.adapters.steps import Watch, a_customer, a_run, said_nothing, stored
from tests.databases import created
from tests.given import NOW

TWO = """
    email,first_name,last_name
    anna@acme.example,Anna,Bakker
    bram@acme.example,Bram,Smit
"""
TIMEOUT_S = 20


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The place of a database that does not exist."""
    return tmp_path / "tenure.db"


@pytest.fixture
def opened(path: Path) -> Iterator[Store]:
    """An open store with one run, in a file."""
    with closing(open_sqlite(created(path))) as store:
        stored(store, TWO)
        yield store


def names(directory: Path) -> set[str]:
    """The names of all files, without the files that SQLite keeps beside a database."""
    return {file.name for file in directory.iterdir() if not file.name.endswith(("-wal", "-shm"))}


# Missing


def test_opening_a_missing_database_creates_none(path: Path) -> None:
    """R1: A missing file is told with the way to a new database, and is not created."""
    # when / then
    for attempt in (open_store, check_database):
        with pytest.raises(StoreUnavailable) as raised:
            attempt(path)

        assert raised.value.problem == f"there is no database {path}"
        assert "`tenure migrate`" in raised.value.hint
    assert list(path.parent.iterdir()) == []


def empty_file(path: Path) -> None:
    path.touch()


def empty_database(path: Path) -> None:
    """An interrupted migration leaves at most this."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")


@pytest.mark.parametrize("make", [empty_file, empty_database])
def test_an_empty_file_is_no_database_until_it_is_migrated(
    path: Path, make: Callable[[Path], None]
) -> None:
    """R1: An empty file is told to be empty, and stays so until a migration makes a database."""
    # given
    make(path)
    before = path.read_bytes()

    # when / then
    with pytest.raises(StoreUnavailable, match="is empty") as raised:
        open_sqlite(path)

    assert "`tenure migrate`" in raised.value.hint
    assert path.read_bytes() == before
    assert migrate(path) == 0
    open_sqlite(path).close()


def test_a_migration_creates_a_database_once(path: Path) -> None:
    """R1: Of several migrations at a time one creates the database, and the others find it."""
    # when
    with ThreadPoolExecutor() as pool:
        found = sorted(pool.map(migrate, [path] * 4))

    # then
    assert found == [0, VERSION, VERSION, VERSION]
    assert migrate(path) == VERSION


def test_a_link_leads_to_the_new_database(path: Path) -> None:
    """R1: A migration follows a link to a file that does not exist yet."""
    # given
    path.symlink_to("elsewhere.db")

    # when
    migrate(path)

    # then
    assert (path.parent / "elsewhere.db").stat().st_size > 0
    open_sqlite(path).close()


# Removed or replaced while it is open


def removed(path: Path) -> None:
    path.rename(path.with_name("moved.db"))


def replaced(path: Path) -> None:
    removed(path)
    copyfile(path.with_name("moved.db"), path)


@pytest.mark.parametrize("lose", [removed, replaced])
def test_a_file_that_is_not_the_one_that_was_opened_is_refused(
    opened: Store, path: Path, lose: Callable[[Path], None]
) -> None:
    """R1: When the file of an open store is removed or replaced, nothing is read or written any
    more, and no new file is made. The store works again when the file is back."""
    # given
    commit = said_nothing(opened, run=a_run(2))
    lose(path)
    before = names(path.parent)

    # when / then
    for attempt in (lambda: opened.commit(commit), lambda: opened.runs.find(a_run(1))):
        with pytest.raises(StoreUnavailable, match=f"{path} was {lose.__name__}") as raised:
            attempt()

        assert "put the file back" in raised.value.hint
    assert names(path.parent) == before
    path.with_name("moved.db").rename(path)
    opened.commit(commit)
    assert opened.runs.find(a_run(2)) is not None


@pytest.mark.parametrize("lose", [removed, replaced])
def test_a_file_that_disappears_during_a_transaction_stores_nothing(
    opened: Store, path: Path, lose: Callable[[Path], None]
) -> None:
    """R1: When the file is removed or replaced in the midst of a transaction, the transaction
    fails, and the file has nothing of it."""

    # given
    def make(_: object) -> Iterator[Write]:
        lose(path)
        yield Write(Operation.DELETE_ALL, roster.TABLE)

    # when / then
    with pytest.raises(StoreUnavailable, match=f"was {lose.__name__}"):
        opened.events.database.rewrite(make)
    path.with_name("moved.db").rename(path)
    assert len(list(opened.roster.employees("acme"))) == 2


def test_no_database_is_created_beside_the_log_of_another(opened: Store, path: Path) -> None:
    """R1: SQLite's log holds runs that are not in the file yet. While the log of a removed file is
    there, no new database is created, because SQLite would delete the log."""
    # given
    log = path.with_name("tenure.db-wal")
    before = log.read_bytes()
    removed(path)

    # when / then
    with pytest.raises(StoreUnavailable, match=f"{log} has the latest runs"):
        migrate(path)

    assert log.read_bytes() == before
    path.with_name("moved.db").rename(path)
    assert migrate(path) == VERSION


class Told(Observer):
    """An observer that passes on what went wrong."""

    def __init__(self) -> None:
        self.problems: SimpleQueue[str] = SimpleQueue()

    def failed(self, job: Job, error: Exception) -> None:
        self.unavailable(error)

    def unavailable(self, error: Exception) -> None:
        assert isinstance(error, StoreUnavailable)
        self.problems.put(error.problem)


def test_a_worker_tells_that_its_database_is_gone(opened: Store, path: Path) -> None:
    """R1, R3: When the file of the database is removed, `tenure serve` tells it at its next look,
    and makes no new database in which everybody would be registered again."""
    # given
    told = Told()
    settings = Settings(path, path, Schedule(), {"acme": a_customer(directory=path.parent)})
    configuration = Configuration(path, told, lambda _: settings)
    worker = EmbeddedWorker(configuration, opened, told, 1, Watch(NOW + timedelta(days=1)))
    path.unlink()

    # when
    worker.look()

    # then
    assert told.problems.get(timeout=TIMEOUT_S).endswith(
        f"{path} was removed while this process used it"
    )
    assert names(path.parent) == set()


# Dropped


def test_a_schema_that_was_dropped_is_told(postgres: pgserver.Server) -> None:
    """R1: When a PostgreSQL database is dropped and created again without a schema, an open store
    tells that a table is missing, and names the way to a new schema."""
    # given
    url = postgres.made("dropped")
    with closing(open_store(PostgresUrl(url))) as store:
        stored(store, TWO)

        # when
        postgres.execute("DROP DATABASE dropped WITH (FORCE)", "CREATE DATABASE dropped")

        # then
        with pytest.raises(StoreUnavailable, match="does not exist") as raised:
            store.commit(said_nothing(store, run=a_run(2)))
        assert "`tenure migrate`" in raised.value.hint
    with pytest.raises(StoreUnavailable, match="has no schema") as raised:
        open_store(PostgresUrl(url))
    assert "`tenure migrate`" in raised.value.hint
    postgres.execute("DROP DATABASE dropped WITH (FORCE)")


# A server that may lose it


def test_settings_with_which_a_crash_destroys_data_are_told(postgres: pgserver.Server) -> None:
    """R1: A warning names each setting of the server with which a crash may destroy the
    database."""
    # given
    url = postgres.url(pgserver.DATABASE, pgserver.RUNNER)
    with psycopg.connect(url) as connection:
        assert connection.execute("SHOW fsync").fetchone() == ("off",)

    # when
    warnings = check_database(PostgresUrl(url))

    # then
    assert [warning.partition(" has ")[2].partition(",")[0] for warning in warnings] == [
        "fsync = off",
        "full_page_writes = off",
    ]


def test_a_server_with_safe_settings_is_not_warned_of() -> None:
    """R1: A server that writes through to its disk causes no warning."""
    # given
    with pgserver.running() as server:
        url = PostgresUrl(server.url(pgserver.DATABASE, pgserver.RUNNER))

        # when / then
        assert check_database(url) == ()
