"""Real servers that delete a file when it was read: no broken connection and no kill loses it (D4).

`make torture` kills more often.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from adapters.company_settings import Customer
from adapters.store.opening import Database, PostgresUrl, open_store
from adapters.store.store import Store
from adapters.use_cases.import_delivery import import_delivery
from domain.outcome import Outcome
from tests.adapters import importer, read_once
from tests.adapters.conftest import OpenStore
from tests.adapters.read_once import Server
from tests.adapters.steps import Watch, app_of
from tests.databases import created
from tests.given import NOW
from tests.torture import chance
from tests.torture.ground import TORTURE

KILLS = 200 if TORTURE else 4
STORES = ["sqlite", "postgresql"] if TORTURE else ["sqlite"]
ONE, TWO = "alleo_employees_1.csv", "alleo_employees_2.csv"
HEADER = "email,first_name,last_name\n"
ANNA = f"{HEADER}anna@acme.example,Anna,Bakker\n".encode()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    directory = tmp_path / "root"
    directory.mkdir()
    return directory


def people(store: Store) -> list[str]:
    """The first names of everyone at Acme."""
    return [each.details.first_name for each in store.roster.employees("acme")]


def kept(store: Store) -> list[str]:
    """The names of the kept files of Acme."""
    return [file.key.name for file in store.kept("acme").files()]


@pytest.fixture(params=read_once.KINDS)
def server(
    request: pytest.FixtureRequest, root: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Server]:
    """A server of each kind in turn, with two files, of which the second is large."""
    with read_once.serving(request.param, root, monkeypatch) as server:
        upload(server)
        yield server


LASTS_S = 0.3
"""How long a pick-up and its run last after the first look, and a little longer."""
NUMBER = 1_500
"""People in the second file, which is larger than one piece of SFTP."""


def upload(server: Server) -> None:
    """The customer uploads two files."""
    rows = (f"p{n}@acme.example,First{n},Last{n}\n" for n in range(NUMBER))
    server.upload(ONE, ANNA)
    server.upload(TWO, (HEADER + "".join(rows)).encode())
    for number, name in enumerate((ONE, TWO)):
        os.utime(server.root / name, (NOW.timestamp() + number,) * 2)


LOOKS = [("look", "1"), ("look", "2"), ("look", "3")]
FILES = [(stage, name) for name in (ONE, TWO) for stage in ("open", "close", "closed")]
STAGES = {
    "sftp: closed": [*LOOKS, *FILES, ("last byte", ONE), ("middle", TWO), ("last byte", TWO)],
    "sftp: last byte": [*LOOKS, *FILES],
    "ftp": LOOKS,
}
"""The stages at which nothing may be lost, by the kind of the server."""
CASES = [
    pytest.param(kind, *stage, id="-".join((kind, *stage)))
    for kind, stages in STAGES.items()
    for stage in stages
]


@pytest.mark.parametrize(
    ("server", "stage", "name"),
    [*CASES, pytest.param("ftp", "closed", ONE), pytest.param("ftp", "closed", TWO)],
    indirect=["server"],
)
def test_a_lost_connection_loses_no_file(
    server: Server, stage: str, name: str, open_store: OpenStore
) -> None:
    """D4: When the server breaks the connection off at any stage, the delivery is applied by this
    pick-up or the next one."""
    # given
    customer = Customer(importer.ACME, server.source)
    app = app_of(open_store(), Watch(tick=timedelta(milliseconds=1)), customer)
    ended = False

    def reached(*where: str) -> None:
        nonlocal ended
        if where == (stage, name) and not ended:
            ended = True
            server.end_session()

    server.reached = reached

    # when
    outcomes = [import_delivery(app, customer, "tester").outcome for _ in range(2)]

    # then
    assert ended
    assert outcomes in ([Outcome.FAILED, Outcome.APPLIED], [Outcome.APPLIED, Outcome.NO_FILE])
    assert len(people(app.store)) == NUMBER + 1
    assert (kept(app.store), [*server.root.iterdir()]) == ([], [])


def start(database: Database, server: Server) -> subprocess.Popen[str]:
    """A process that imports from the server."""
    place = database.url if isinstance(database, PostgresUrl) else str(database)
    source = msgspec.json.encode(server.source).decode()
    command = [sys.executable, importer.__file__, place, "--source", source]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def lost(database: Database, server: Server) -> bool:
    """Whether the next pick-up leaves somebody out."""
    server.reached = lambda stage, name: None
    with closing(open_store(database)) as store:
        customer = Customer(importer.ACME, server.source)
        app = app_of(store, Watch(tick=timedelta(milliseconds=1)), customer)
        outcome = import_delivery(app, customer, "again").outcome
        assert outcome in (Outcome.APPLIED, Outcome.NO_FILE)
        assert kept(store) == []
        assert store.verify(lambda _: None).problems == ()
        return len(people(store)) < NUMBER + 1


def is_of_each_stage(kind: object, stage: object, name: object) -> bool:
    """Whether a case is the one of its stage that the default run has."""
    return kind != "sftp: last byte" and name == ("1" if stage == "look" else TWO)


@pytest.mark.torture
@pytest.mark.stores(*STORES)
@pytest.mark.parametrize(
    ("server", "stage", "name"),
    [case for case in CASES if TORTURE or is_of_each_stage(*case.values)],
    indirect=["server"],
)
def test_a_process_that_is_killed_at_the_server_loses_no_file(
    server: Server, stage: str, name: str, database: Database
) -> None:
    """D4, R1: When a process is killed at any stage of a pick-up, the next pick-up applies the
    delivery."""

    # given
    def reached(*where: str) -> None:
        if where == (stage, name):
            process.kill()
            process.wait()

    server.reached = reached

    # when
    with start(database, server) as process:
        process.wait()

    # then
    assert process.returncode == -signal.SIGKILL
    assert not lost(database, server)


@pytest.mark.torture
@pytest.mark.stores("sqlite", "postgresql")
@pytest.mark.parametrize("server", ["sftp: closed"], indirect=True)
@pytest.mark.parametrize("moment", ["planned", "stored"])
def test_a_process_that_is_killed_at_its_commit_loses_no_file(
    server: Server, moment: str, database: Database
) -> None:
    """D4, R1: When a process is killed before or after its commit, the delivery is applied, or the
    next pick-up applies it."""
    # given
    # when
    with start(database, server) as process:
        assert process.stdout is not None
        assert any(line.startswith(moment) for line in process.stdout)
        process.kill()

    # then
    assert not lost(database, server)


@pytest.mark.torture
@pytest.mark.parametrize("server", ["sftp: closed"], indirect=True)
@pytest.mark.parametrize("number", range(KILLS))
def test_a_process_that_is_killed_at_any_moment_loses_no_file(
    server: Server, number: int, tmp_path: Path
) -> None:
    """D4, R1: When a process is killed at a random moment of a pick-up and its run, the next
    pick-up applies the delivery, if the server deletes a file when it is closed."""
    # given
    database = created(tmp_path / "tenure.db")
    looked, luck = threading.Event(), chance.draw()
    server.reached = lambda stage, name: looked.set()

    # when
    with start(database, server) as process:
        assert looked.wait(60)
        time.sleep((number + luck.random()) / KILLS * LASTS_S)
        process.kill()

    # then
    assert not lost(database, server)
