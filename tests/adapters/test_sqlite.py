"""What is the embedded store's own: its file, its schema, and what it does not listen to."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from adapters.store.errors import StoreUnavailable
from adapters.store.roster_queries import DUE
from adapters.store.schema import VERSION, added_since
from adapters.store.sqlite import open_sqlite
from adapters.store.sqlite_schema import migrate
from adapters.store.store import Store
from domain.schedule import Schedule, Schedules
from tests.adapters.steps import a_run, company_of, replayed, said_nothing, stored
from tests.databases import created, undone_since
from tests.given import moment

TWO = """
    email,first_name,last_name,onboarding_date,offboarding_date
    anna@acme.example,Anna,Bakker,,2027-03-20
    bram@acme.example,Bram,Smit,2027-04-01,
"""
MEDDLING = {
    "PERSISTENCE_MODULE": "eventsourcing.popo",
    "COMPRESSOR_TOPIC": "zlib",
    "CIPHER_TOPIC": "eventsourcing.cipher:AESCipher",
    "CIPHER_KEY": "c2VjcmV0",
    "TRANSCODER_TOPIC": "no.such:Transcoder",
    "MAPPER_TOPIC": "no.such:Mapper",
    "APPLICATION_RECORDER_TOPIC": "no.such:Recorder",
    "IS_SNAPSHOTTING_ENABLED": "y",
    "AGGREGATE_CACHE_MAXSIZE": "5",
    "SQLITE_DBNAME": "elsewhere.db",
    "SQLITE_LOCK_TIMEOUT": "0",
    "CREATE_TABLE": "n",
    "ORIGINATOR_ID_TYPE": "text",
}

NOBODY = 65534
"""The number of a user without rights."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An empty database."""
    return created(tmp_path / "tenure.db")


@pytest.fixture
def generous_umask() -> Iterator[None]:
    """A process that lets everyone read the files it makes."""
    before = os.umask(0)
    yield
    os.umask(before)


def ask(path: Path, statement: str) -> list[tuple[object, ...]]:
    """What the database says, without the store."""
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute(statement).fetchall()
        connection.commit()
        return found


def events(path: Path) -> list[tuple[object, ...]]:
    """Everything that is stored of events."""
    return ask(
        path,
        "SELECT originator_id, originator_version, topic, state FROM stored_events ORDER BY 1, 2",
    )


def mode(path: Path) -> int:
    """Who may do what with a file."""
    return stat.S_IMODE(path.stat().st_mode)


# The file


@pytest.mark.usefixtures("generous_umask")
def test_only_its_owner_reads_the_database_and_the_files_beside_it(tmp_path: Path) -> None:
    """Only the owner can read and write the database and the files beside it, whatever the process
    allows for new files."""
    path = created(tmp_path / "tenure.db")
    with closing(open_sqlite(path)) as store:
        # given
        stored(store, TWO)

        # when
        modes = {file.name: mode(file) for file in path.parent.iterdir()}

    # then
    assert modes == {"tenure.db": 0o600, "tenure.db-wal": 0o600, "tenure.db-shm": 0o600}


def test_a_closed_database_is_one_file(path: Path) -> None:
    """A closed database is a single file that passes SQLite's integrity check."""
    # when
    with closing(open_sqlite(path)) as store:
        stored(store, TWO)

    # then
    assert [file.name for file in path.parent.iterdir()] == ["tenure.db"]
    assert ask(path, "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.parametrize("name", ["a?mode=memory", "a#b", "100%41", "sp ace", "Zoë.db", "a&b=c"])
def test_the_database_may_have_any_name(tmp_path: Path, name: str) -> None:
    """A database can have a name with characters that mean something in a URL."""
    # given
    path = created(tmp_path / name)

    # when
    with closing(open_sqlite(path)) as store:
        stored(store, TWO)

    # then
    assert [file.name for file in tmp_path.iterdir()] == [name]
    assert len(ask(path, "SELECT 1 FROM roster")) == 2


def test_a_relative_path_is_taken_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative path of a database is taken from the current directory."""
    # given
    monkeypatch.chdir(tmp_path)

    # when
    with closing(open_sqlite(created(Path("tenure.db")))) as store:
        monkeypatch.chdir("/")
        stored(store, TWO)

    # then
    assert len(ask(tmp_path / "tenure.db", "SELECT 1 FROM roster")) == 2


@pytest.mark.parametrize("version", range(1, VERSION))
def test_a_schema_of_an_earlier_version_is_upgraded(path: Path, version: int) -> None:
    """A database of an earlier version, which had fewer tables and columns, is upgraded when it is
    opened. It keeps what it holds, and what follows from events is made again."""
    # given
    lacking = [table.name for table in added_since(version)]
    with closing(open_sqlite(path)) as store:
        stored(store, TWO)
        people = list(store.roster.employees("acme"))
    rows = [ask(path, f"SELECT count(*) FROM {table}") for table in lacking]
    for statement in undone_since(version):
        ask(path, statement)
    ask(path, "UPDATE roster SET address = 'of an earlier release'")
    ask(path, f"PRAGMA user_version = {version}")

    # when
    with closing(open_sqlite(path)) as store:
        # then
        assert list(store.roster.employees("acme")) == people
        assert ask(path, "SELECT 1 FROM roster WHERE address = 'of an earlier release'") == []
        assert [ask(path, f"SELECT count(*) FROM {table}") for table in lacking] == rows
    assert ask(path, "PRAGMA user_version") == [(VERSION,)]


# What is refused


def test_a_schema_of_another_version_is_refused_and_left_alone(path: Path) -> None:
    """A database with the schema of a newer release is refused in one sentence with both version
    numbers, and its file stays as it was."""
    # given
    ask(path, f"PRAGMA user_version = {VERSION + 1}")
    before = path.read_bytes()

    # when / then
    with pytest.raises(StoreUnavailable) as raised:
        open_sqlite(path)

    sentence = raised.value.problem
    assert f"version {VERSION + 1}" in sentence
    assert f"needs {VERSION}" in sentence
    assert "\n" not in sentence
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"email,first_name\nanna@acme.example,Anna\n" * 50, b"x" * 99])
def test_a_file_that_is_no_database_is_refused_and_left_alone(path: Path, content: bytes) -> None:
    """A file that is not a database is refused with its path and without its content, and stays as
    it was."""
    # given
    path.write_bytes(content)

    # when / then
    with pytest.raises(StoreUnavailable) as raised:
        open_sqlite(path)

    assert str(path) in raised.value.problem
    assert "anna" not in raised.value.problem
    assert path.read_bytes() == content


@pytest.mark.parametrize("version", [0, 2])
@pytest.mark.parametrize("attempt", [open_sqlite, migrate])
def test_a_database_of_something_else_is_refused_and_left_alone(
    tmp_path: Path, version: int, attempt: Callable[[Path], object]
) -> None:
    """A database of another program is refused and stays as it was, also if it has a version."""
    # given
    path = tmp_path / "other.db"
    ask(path, "CREATE TABLE photographs (taken TEXT)")
    ask(path, f"PRAGMA user_version = {version}")
    before = path.read_bytes()

    # when / then
    with pytest.raises(StoreUnavailable) as raised:
        attempt(path)

    assert raised.value.problem == f"{path} is the database of another program"
    assert path.read_bytes() == before


def test_a_damaged_database_is_refused(path: Path) -> None:
    """A database whose first bytes are damaged is refused with its name."""
    # given
    with closing(open_sqlite(path)) as store:
        stored(store, TWO)
    path.write_bytes(b"\0" * 100 + path.read_bytes()[100:])

    # when / then
    with pytest.raises(StoreUnavailable, match=r"tenure\.db"):
        open_sqlite(path)


def test_a_missing_directory_is_named_and_not_made(tmp_path: Path) -> None:
    """A migration into a directory that is missing names the directory, and does not create it."""
    # given
    directory = tmp_path / "nowhere"

    # when / then
    with pytest.raises(StoreUnavailable, match=f"there is no directory {directory} "):
        migrate(directory / "tenure.db")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("attempt", [open_sqlite, migrate])
def test_a_directory_is_no_database(tmp_path: Path, attempt: Callable[[Path], object]) -> None:
    """A directory in place of a database is refused."""
    # when / then
    with pytest.raises(StoreUnavailable, match="is not a file"):
        attempt(tmp_path)


@pytest.mark.parametrize("attempt", [open_sqlite, migrate])
def test_a_file_that_may_not_be_written_is_refused(
    attempt: Callable[[Path], object],
) -> None:
    """A database that the user must not write is refused."""
    with TemporaryDirectory() as place, as_nobody(Path(place)):
        # given
        path = created(Path(place) / "tenure.db")
        path.chmod(0o400)

        # when / then
        with pytest.raises(StoreUnavailable, match="may not read and write"):
            attempt(path)


@contextmanager
def as_nobody(place: Path) -> Iterator[None]:
    """Lets a user without rights act, who owns a directory. Root may write every file."""
    before = os.geteuid()
    if before == 0:
        os.chown(place, NOBODY, -1)
        os.seteuid(NOBODY)
    yield
    os.seteuid(before)


# What it does not listen to


def keep(store: Store) -> None:
    """Two runs, the second with a changed name."""
    stored(store, TWO, number=1)
    stored(store, TWO.replace("Anna", "Anne"), number=2)


@pytest.mark.parametrize("prefix", ["", "TENURE_", "EVENTSTORE_", "Tenure_", "EventStore_"])
def test_the_process_environment_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prefix: str
) -> None:
    """The environment variables that the eventsourcing library reads change nothing of what is
    stored or where."""
    # given
    monkeypatch.chdir(tmp_path)
    with closing(open_sqlite(created(tmp_path / "quiet.db"))) as store:
        keep(store)
    for name, value in MEDDLING.items():
        monkeypatch.setenv(prefix + name, value)

    # when
    with closing(open_sqlite(created(tmp_path / "tenure.db"))) as store:
        keep(store)
        anna, _ = store.roster.employees("acme")
        assert replayed(store, anna.id) == anna

    # then
    assert events(tmp_path / "tenure.db") == events(tmp_path / "quiet.db")
    assert {file.name for file in tmp_path.iterdir()} == {"quiet.db", "tenure.db"}


def test_stored_events_are_plain_json(path: Path) -> None:
    """Stored events are plain JSON, so an operator can read them with SQL."""
    # given
    with closing(open_sqlite(path)) as store:
        keep(store)

    # when
    found = ask(path, "SELECT json_extract(state, '$.event.kind'), topic FROM stored_events")

    # then
    assert sorted(found) == [
        ("details-changed", "details-changed"),
        ("offboarding-scheduled", "offboarding-scheduled"),
        ("registered", "registered"),
        ("registered", "registered"),
        ("run-ended", "run-ended"),
        ("run-ended", "run-ended"),
    ]


# How it works


def test_who_is_due_is_found_by_index(path: Path) -> None:
    """C2: The database finds the due employees by an index and does not scan the roster."""
    # given
    statement = DUE.replace("?", "'2027-04-01'")

    # when
    steps = [str(row[3]) for row in ask(path, f"EXPLAIN QUERY PLAN {statement}")]

    # then
    assert any("INDEX roster_starts_company (starts<?)" in step for step in steps)
    assert any("INDEX roster_leaves_company (leaves<?)" in step for step in steps)
    assert not any(step.startswith("SCAN") for step in steps)


def test_the_index_of_due_employees_holds_only_employees_with_clock_work(path: Path) -> None:
    """C2: The index of due employees holds only employees with a date for the clock."""
    # given
    with closing(open_sqlite(path)) as store:
        stored(store, TWO + "    chris@acme.example,Chris,Jansen,,\n")

    # when
    waiting = ask(path, "SELECT starts, leaves FROM roster ORDER BY employee")

    # then
    assert waiting == [(None, "2027-03-20"), ("2027-04-01", None), (None, None)]


def test_readers_do_not_wait_for_a_commit_and_see_the_state_before_it(path: Path) -> None:
    """R1: While another process writes, readers answer at once with the state before the write."""
    with closing(open_sqlite(path)) as store, closing(sqlite3.connect(path)) as writing:
        # given
        stored(store, TWO)
        writing.execute("BEGIN IMMEDIATE")
        writing.execute("DELETE FROM roster")

        # when / then
        assert len(company_of(store, "acme")[1].entries) == 2
        assert list(store.roster.due(Schedules(Schedule()), moment("2027-04-02 00:00"))) == ["acme"]
        writing.rollback()
        store.commit(said_nothing(store, run=a_run(2)))
