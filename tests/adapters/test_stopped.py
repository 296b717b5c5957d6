"""Processes that are stopped while they store a run: others are told, and go on where they can."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from adapters.store import limits
from adapters.store.commit import Commit
from adapters.store.errors import Conflict, StoreUnavailable
from adapters.store.opening import Database, PostgresUrl
from domain.company_runs.open_issues import change_open_issues
from domain.company_runs.state import CompanyState
from domain.issues.issue import Issue, make_issue
from tests.adapters import pgbouncer, pgserver, stopper
from tests.adapters.conftest import OpenStore
from tests.adapters.steps import a_run, said_nothing

TORTURE = bool(os.environ.get("TENURE_TORTURE"))
PATIENCE_S, SHORT_S = 30.0, 0.5
IN_COPY, BETWEEN_STATEMENTS = 500, 5
"""Rows after which the process stops."""


class Slow(tuple[Issue, ...]):
    """Issues that are stored in two seconds."""

    begun = threading.Event()

    def __iter__(self) -> Iterator[Issue]:
        for number, issue in enumerate(super().__iter__()):
            if number % 500 == 499:
                self.begun.set()
                time.sleep(0.05)
            yield issue


@contextmanager
def stopped(
    database: Database | str, rows: int, idle_s: float = limits.IDLE_S
) -> Iterator[subprocess.Popen[str]]:
    """Yields a process that has stopped itself after so many rows, and kills it afterwards."""
    where = database.url if isinstance(database, PostgresUrl) else str(database)
    command = [sys.executable, stopper.__file__, where, str(rows), str(idle_s)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            end = time.monotonic() + PATIENCE_S
            status = Path(f"/proc/{process.pid}/status")
            while "State:\tT" not in status.read_text():
                assert time.monotonic() < end, "it never stopped"
                time.sleep(0.02)
            yield process
        finally:
            process.kill()


def continued(process: subprocess.Popen[str]) -> str:
    """Lets the process go on, and returns what it prints at its end."""
    os.kill(process.pid, signal.SIGCONT)
    out, _ = process.communicate(timeout=PATIENCE_S)
    return out.strip()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the limits of this process short."""
    monkeypatch.setattr(limits, "LOOK_S", SHORT_S)
    monkeypatch.setattr(limits, "LOCK_S", 1.0)


@pytest.mark.torture
@pytest.mark.stores("postgresql")
@pytest.mark.parametrize("look_s", [SHORT_S, *([limits.LOOK_S] if TORTURE else [])])
def test_a_process_that_stopped_inside_a_copy_is_told_of_and_ended(
    open_store: OpenStore,
    database: Database,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    look_s: float,
) -> None:
    """R6: A run that waits for a process that is stopped inside a COPY tells so within a minute,
    and ends the session of that process within two. Nothing of the stopped run is stored."""
    # given
    monkeypatch.setattr(limits, "LOOK_S", look_s)
    store, began = open_store(), time.time()
    with caplog.at_level(logging.WARNING, "adapters"), stopped(database, IN_COPY) as process:
        # when
        store.commit(said_nothing(store, run=a_run(2)))

        # then
        told, ended = caplog.messages
        assert caplog.records[0].created - began < 60
        assert time.time() - began < 120
        assert told.startswith("a run of acme waits for another process, which has held a ")
        assert ended.endswith("what it was storing is not stored")
        assert "the database cannot be used" in continued(process)
    assert [record.run for record in store.runs.every("acme")] == [a_run(2)]


@pytest.mark.stores("postgresql")
@pytest.mark.usefixtures("impatient")
def test_a_process_that_stopped_is_ended_through_a_pooler_as_well(
    open_store: OpenStore, database: PostgresUrl, postgres: pgserver.Server
) -> None:
    """R6: A process that is stopped inside a COPY, behind PgBouncer, is ended as well."""
    # given
    store = open_store()
    with pgbouncer.running(postgres, database.url) as pooled, stopped(pooled, IN_COPY):
        # when
        store.commit(said_nothing(store, run=a_run(2)))

    # then
    assert [record.run for record in store.runs.every("acme")] == [a_run(2)]


@pytest.mark.stores("postgresql")
@pytest.mark.usefixtures("impatient")
def test_a_process_that_goes_on_with_its_copy_is_not_ended(
    open_store: OpenStore, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """R4: A run that waits for a slow process, which goes on, waits until that process has stored
    its run."""
    # given
    slow, store = open_store(), open_store()
    issues = Slow([make_issue("no-file", pattern="*.csv")] * 20_000)
    one = said_nothing(slow, run=a_run(1))
    unopened = change_open_issues({}, one.ended, ())
    commit = Commit(one.runs, CompanyState(), issues=issues, open_issues=unopened)
    other = said_nothing(store, run=a_run(2))

    # when
    with ThreadPoolExecutor(1) as pool:
        storing = pool.submit(slow.commit, commit)
        assert issues.begun.wait(PATIENCE_S)
        with pytest.raises(Conflict):
            store.commit(other)
        storing.result(PATIENCE_S)

    # then
    assert [message.split(",")[0] for message in caplog.messages] == [
        "a run of acme waits for another process"
    ]
    assert [record.run for record in store.runs.every("acme")] == [a_run(1)]


@pytest.mark.torture
@pytest.mark.stores("postgresql")
@pytest.mark.parametrize("idle_s", [SHORT_S, *([limits.IDLE_S] if TORTURE else [])])
def test_a_process_that_stopped_between_two_statements_is_ended_by_the_database(
    open_store: OpenStore, database: Database, idle_s: float
) -> None:
    """R6: PostgreSQL itself ends the session of a process that is stopped between two
    statements."""
    # given
    store = open_store()
    with stopped(database, BETWEEN_STATEMENTS, idle_s) as process:
        # when
        store.commit(said_nothing(store, run=a_run(2)))

        # then
        assert "idle-in-transaction timeout" in continued(process)


@pytest.mark.stores("sqlite")
@pytest.mark.usefixtures("impatient")
def test_a_process_that_waits_for_a_stopped_one_is_told_so(
    database: Database, open_store: OpenStore
) -> None:
    """R6: On SQLite nobody can end a process that is stopped while it stores a run. A command that
    waits for it ends with an error that says so. The stopped run is stored when it goes on."""
    # given
    store = open_store()
    with stopped(database, IN_COPY) as process:
        # when / then
        with pytest.raises(StoreUnavailable) as raised:
            store.commit(said_nothing(store, run=a_run(2)))
        assert raised.value.problem == (
            "another process has kept the database locked for 1 seconds, and may be stopped"
        )
        assert continued(process) == "stored"
    assert [record.run for record in store.runs.every("acme")] == [a_run(1)]
