"""What is the embedded store's own: its file, its schema, and what it does not listen to."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from adapters.store.errors import StoreUnavailable
from adapters.store.schema import VERSION
from adapters.store.sqlite import open_sqlite
from adapters.store.store import Store
from domain.schedule import Schedule
from projections.roster import DUE
from tests.adapters.steps import a_run, company_of, replayed, said_nothing, stored
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


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database will be."""
    return tmp_path / "tenure.db"


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
def test_only_its_owner_reads_the_database_and_the_files_beside_it(path: Path) -> None:
    with closing(open_sqlite(path)) as store:
        stored(store, TWO)

        modes = {file.name: mode(file) for file in path.parent.iterdir()}

    assert modes == {"tenure.db": 0o600, "tenure.db-wal": 0o600, "tenure.db-shm": 0o600}


def test_a_closed_database_is_one_file(path: Path) -> None:
    with closing(open_sqlite(path)) as store:
        stored(store, TWO)

    assert [file.name for file in path.parent.iterdir()] == ["tenure.db"]
    assert ask(path, "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.parametrize("name", ["a?mode=memory", "a#b", "100%41", "sp ace", "Zoë.db", "a&b=c"])
def test_the_database_may_have_any_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name

    with closing(open_sqlite(path)) as store:
        stored(store, TWO)

    assert [file.name for file in tmp_path.iterdir()] == [name]
    assert len(ask(path, "SELECT 1 FROM roster")) == 2


def test_a_relative_path_is_taken_from_here(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)

    open_sqlite(Path("tenure.db")).close()

    assert path.exists()


# What is refused


def test_a_schema_of_another_version_is_refused_and_left_alone(path: Path) -> None:
    open_sqlite(path).close()
    ask(path, f"PRAGMA user_version = {VERSION + 1}")
    before = path.read_bytes()

    with pytest.raises(StoreUnavailable) as raised:
        open_sqlite(path)

    sentence = raised.value.problem
    assert f"version {VERSION + 1}" in sentence
    assert f"needs {VERSION}" in sentence
    assert "\n" not in sentence
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"email,first_name\nanna@acme.example,Anna\n" * 50, b"x" * 99])
def test_a_file_that_is_no_database_is_refused_and_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)

    with pytest.raises(StoreUnavailable) as raised:
        open_sqlite(path)

    assert str(path) in raised.value.problem
    assert "anna" not in raised.value.problem
    assert path.read_bytes() == content


def test_a_database_of_something_else_is_refused_and_left_alone(path: Path) -> None:
    ask(path, "CREATE TABLE photographs (taken TEXT)")
    before = ask(path, "SELECT name FROM sqlite_master")

    with pytest.raises(StoreUnavailable) as raised:
        open_sqlite(path)

    assert str(path) in raised.value.problem
    assert ask(path, "SELECT name FROM sqlite_master") == before


def test_a_damaged_database_is_refused(path: Path) -> None:
    with closing(open_sqlite(path)) as store:
        stored(store, TWO)
    path.write_bytes(b"\0" * 100 + path.read_bytes()[100:])

    with pytest.raises(StoreUnavailable, match=r"tenure\.db"):
        open_sqlite(path)


def test_a_missing_directory_is_named_and_not_made(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "tenure.db"

    with pytest.raises(StoreUnavailable) as raised:
        open_sqlite(path)

    assert str(path) in raised.value.problem
    assert "No such file or directory" in raised.value.problem
    assert list(tmp_path.iterdir()) == []


def test_a_directory_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="Is a directory"):
        open_sqlite(tmp_path)


def test_a_file_that_may_not_be_written_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is forbidden to root, who may be running this, so the refusal is played."""

    def forbidden(*_: object) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(os, "open", forbidden)

    with pytest.raises(StoreUnavailable, match="Permission denied"):
        open_sqlite(path)


# What it does not listen to


def keep(store: Store) -> None:
    """Two runs, the second with a changed name."""
    stored(store, TWO, number=1)
    stored(store, TWO.replace("Anna", "Anne"), number=2)


@pytest.mark.parametrize("prefix", ["", "TENURE_", "EVENTSTORE_", "Tenure_", "EventStore_"])
def test_the_process_environment_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prefix: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with closing(open_sqlite(tmp_path / "quiet.db")) as store:
        keep(store)
    for name, value in MEDDLING.items():
        monkeypatch.setenv(prefix + name, value)

    with closing(open_sqlite(tmp_path / "tenure.db")) as store:
        keep(store)
        anna, _ = store.employees("acme")
        assert replayed(store, anna.id) == anna

    assert events(tmp_path / "tenure.db") == events(tmp_path / "quiet.db")
    assert {file.name for file in tmp_path.iterdir()} == {"quiet.db", "tenure.db"}


def test_what_was_stored_is_plain_json(path: Path) -> None:
    """Whoever must look into the database can read it."""
    with closing(open_sqlite(path)) as store:
        keep(store)

    found = ask(path, "SELECT json_extract(state, '$.event.kind'), topic FROM stored_events")

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
    """C2"""
    open_sqlite(path).close()
    statement = DUE.replace("?", "'2027-04-01'")

    steps = [str(row[3]) for row in ask(path, f"EXPLAIN QUERY PLAN {statement}")]

    assert any("INDEX roster_starts_company (starts<?)" in step for step in steps)
    assert any("INDEX roster_leaves_company (leaves<?)" in step for step in steps)
    assert not any(step.startswith("SCAN") for step in steps)


def test_the_index_of_the_due_holds_only_those_who_wait_for_the_clock(path: Path) -> None:
    """C2"""
    with closing(open_sqlite(path)) as store:
        stored(store, TWO + "    chris@acme.example,Chris,Jansen,,\n")

    waiting = ask(path, "SELECT starts, leaves FROM roster ORDER BY employee")

    assert waiting == [(None, "2027-03-20"), ("2027-04-01", None), (None, None)]


def test_nobody_waits_for_a_commit_to_be_told_what_was_before(path: Path) -> None:
    with closing(open_sqlite(path)) as store, closing(sqlite3.connect(path)) as writing:
        stored(store, TWO)
        writing.execute("BEGIN IMMEDIATE")
        writing.execute("DELETE FROM roster")

        assert len(company_of(store, "acme")[1].entries) == 2
        assert list(store.due(Schedule(), moment("2027-04-02 00:00"))) == ["acme"]
        writing.rollback()
        store.commit(said_nothing(store, run=a_run(2)))
