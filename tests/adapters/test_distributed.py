"""`tenure serve` on several machines: how workers share jobs, and how they survive failures.

    python test_distributed.py URL job
    python test_distributed.py URL look

starts a worker whose first job, or whose first look for due jobs, never ends.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime, timedelta
from itertools import count, pairwise
from pathlib import Path
from typing import Any, cast

import psycopg
import pytest
from msgspec.structs import replace
from psycopg.conninfo import conninfo_to_dict

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from adapters.errors import SettingsError
from adapters.settings import Customer, Settings
from adapters.sources.folder import FolderSource
from adapters.sources.source import DeliveredFile
from adapters.store import connecting
from adapters.store.errors import StoreUnavailable
from adapters.store.postgres import open_postgres
from adapters.store.store import Store
from adapters.use_cases.observer import Observer
from adapters.use_cases.schedule import Job
from adapters.worker import distributed, job_queue, job_runner, job_schema
from adapters.worker.configuration import Configuration
from adapters.worker.distributed import DistributedWorker
from adapters.worker.job_schema import SET_SEARCH_PATH, migrate_jobs, require_jobs, scripts
from adapters.worker.pace import Pace
from domain.company_runs.events import RunKind
from domain.employee.events import State
from domain.outcome import Outcome
from domain.schedule import Schedule
from projections.runs import RunDocument
from tests.adapters import pgbouncer, pgserver
from tests.given import NOW, a_company

FAST = Pace(look=0.3, poll=0.2, beat=0.3, stalled=1.2, rest=0.3)
SECRET = "hush-9Zq"
TIMEOUT_S = 20.0
"""A test that waits longer fails."""
HEADER = "email,first_name,last_name,external_id,offboarding_date\n"

_names = count()


class Spy(Observer):
    """An observer that records all calls."""

    def __init__(self) -> None:
        self.runs: list[RunDocument] = []
        self.failures: list[tuple[Job, Exception]] = []
        self.troubles: list[Exception] = []
        self.taken: list[Job] = []
        self.aside = 0
        self.looks = 0

    def polled(self, due: Sequence[Job], now: datetime) -> None:
        self.looks += 1

    def stood_aside(self) -> None:
        self.aside += 1

    def took_over(self, job: Job) -> None:
        self.taken.append(job)

    def ran(self, run: RunDocument) -> None:
        self.runs.append(run)

    def failed(self, job: Job, error: Exception) -> None:
        self.failures.append((job, error))

    def unavailable(self, error: Exception) -> None:
        self.troubles.append(error)

    def misconfigured(self, company: str | None, error: SettingsError) -> None:
        raise AssertionError("no company is misconfigured here")


class Configured:
    """A configuration without files. A test can change its settings."""

    def __init__(self, *customers: Customer) -> None:
        self.settings = Settings(
            Path("tenure.toml"),
            Path("tenure.db"),
            Schedule(),
            {each.company.key: each for each in customers},
        )

    def current(self) -> Settings:
        return self.settings


class Board:
    """The due jobs and the jobs that were done, without a store."""

    def __init__(self, *due: Job) -> None:
        self.due = list(due)
        self.done: list[Job] = []
        self.busy: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.takes = 0.0
        self.fails: Callable[[Job], bool] = lambda job: False
        self._lock = threading.Lock()

    def due_jobs(self, _: object) -> list[Job]:
        with self._lock:
            return list(self.due)

    def do_job(self, _: object, job: Job) -> None:
        with self._lock:
            self.busy[job.company] += 1
            self.most[job.company] = max(self.most[job.company], self.busy[job.company])
        try:
            time.sleep(self.takes)
            if self.fails(job):
                raise RuntimeError("Anna Bakker")
            with self._lock:
                self.done.append(job)
                if job in self.due:
                    self.due.remove(job)
        finally:
            with self._lock:
                self.busy[job.company] -= 1


@pytest.fixture
def url(postgres: pgserver.Server) -> Iterator[str]:
    """The URL of a database with both schemas, for the role that runs the product."""
    name = f"distributed_{next(_names)}"
    made = postgres.made(name)
    migrate_jobs(postgres.as_owner(made), pgserver.RUNNER)
    yield made
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def fresh(postgres: pgserver.Server) -> Iterator[str]:
    """The URL of an empty database, for its owner."""
    name = f"bare_{next(_names)}"
    postgres.execute(f"CREATE DATABASE {name} OWNER {pgserver.OWNER}")
    yield postgres.url(name, pgserver.OWNER)
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """The store that all workers of a test share."""
    with closing(open_postgres(url)) as opened:
        yield opened


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Board:
    """A board that replaces the search for due jobs and the work on them."""
    board = Board()
    monkeypatch.setattr(job_runner, "due_jobs", board.due_jobs)
    monkeypatch.setattr(job_runner, "do_job", board.do_job)
    return board


def ask(url: str, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
    """Returns the rows of a statement. Table names mean the schema for jobs."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SET_SEARCH_PATH)
        found = connection.execute(statement.encode(), parameters)
        return found.fetchall() if found.description else []


def jobs(url: str) -> list[tuple[Any, ...]]:
    """Returns the key and the status of each job in the queue."""
    return ask(url, "SELECT queueing_lock, status FROM procrastinate_jobs ORDER BY id")


def until(holds: Callable[[], object], what: str, timeout_s: float = TIMEOUT_S) -> None:
    """Waits until `holds()` is true. Fails with the message `what` after a timeout."""
    end = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.02)


class Running:
    """A worker that runs in a thread."""

    def __init__(self, worker: DistributedWorker, grace: float) -> None:
        self.stop = threading.Event()
        self.ended: bool | None = None
        self._thread = threading.Thread(target=self._run, args=(worker, grace), daemon=True)
        self._thread.start()

    def _run(self, worker: DistributedWorker, grace: float) -> None:
        self.ended = worker.run(self.stop, grace)

    def join(self) -> None:
        self._thread.join(TIMEOUT_S)
        assert not self._thread.is_alive(), "the worker does not stop"

    def is_alive(self) -> bool:
        return self._thread.is_alive()


def a_worker(
    url: str,
    store: Store,
    observer: Spy,
    configured: Configured | None = None,
    now: Callable[[], datetime] = lambda: NOW,
    **options: Any,
) -> DistributedWorker:
    configuration = cast(Configuration, configured or Configured())
    options = {"workers": 4, "pace": FAST, **options}
    return DistributedWorker(configuration, store, url, observer, now=now, **options)


@contextmanager
def working(*workers: DistributedWorker, grace: float = 10) -> Iterator[list[Running]]:
    """Runs each worker in a thread, and stops the workers at the end of the block."""
    running = [Running(worker, grace) for worker in workers]
    try:
        yield running
    finally:
        for each in running:
            each.stop.set()
        for each in running:
            each.join()


def refused(url: str) -> str:
    """Returns the error and the hint with which the schema for jobs is refused."""
    with pytest.raises(StoreUnavailable) as raised:
        require_jobs(url)
    assert "\n" not in raised.value.problem
    return f"{raised.value.problem}; {raised.value.hint}"


# The schema


def test_the_schema_for_jobs_is_made_once_and_apart_from_ours(fresh: str) -> None:
    """The tables for jobs stand in a schema of their own. A second migration changes nothing."""
    # given
    assert "tenure migrate" in refused(fresh)
    migrate_jobs(fresh)
    before = ask(fresh, "SELECT oid, relname FROM pg_class ORDER BY 1")

    # when
    migrate_jobs(fresh)

    # then
    require_jobs(fresh)
    assert ask(fresh, "SELECT oid, relname FROM pg_class ORDER BY 1") == before
    where = "SELECT DISTINCT schemaname FROM pg_tables WHERE tablename LIKE 'procrastinate%%'"
    assert ask(fresh, where) == [(job_schema.SCHEMA,)]
    assert ask(fresh, "SELECT 1 FROM pg_tables WHERE schemaname = 'public'") == []


def test_several_processes_can_make_the_schema_at_once(fresh: str) -> None:
    """When several processes make the schema at the same time, all of them succeed."""
    # when
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: migrate_jobs(fresh), range(4)))

    # then
    require_jobs(fresh)


def described(url: str) -> set[tuple[Any, ...]]:
    """Returns a description of everything in the schema for jobs."""
    return set(
        ask(
            url,
            """
            WITH ours AS (SELECT oid FROM pg_namespace WHERE nspname = 'tenure_jobs')
            SELECT 'column', attrelid::regclass || '.' || attname || ' ' || atttypid::regtype
                FROM pg_attribute JOIN pg_class c ON c.oid = attrelid, ours
                WHERE relnamespace = ours.oid AND attnum > 0 AND NOT attisdropped
            UNION SELECT 'function', p.oid::regprocedure || md5(prosrc)
                FROM pg_proc p, ours WHERE pronamespace = ours.oid
            UNION SELECT 'index', indexdef FROM pg_indexes WHERE schemaname = 'tenure_jobs'
            UNION SELECT 'constraint', conname || pg_get_constraintdef(c.oid)
                FROM pg_constraint c, ours WHERE connamespace = ours.oid
            UNION SELECT 'trigger', pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
            UNION SELECT 'value', enumtypid::regtype || enumlabel FROM pg_enum
            """,
        )
    )


def test_an_unfinished_schema_is_completed(fresh: str, url: str) -> None:
    """Migrating a schema without any script gives the same schema as making a new one."""
    # given
    ask(fresh, "CREATE SCHEMA tenure_jobs")
    ask(fresh, "CREATE TABLE tenure_scripts (script TEXT PRIMARY KEY)")
    assert min(scripts()) in refused(fresh)

    # when
    migrate_jobs(fresh)

    # then
    require_jobs(fresh)
    assert described(fresh) == described(url)


def test_an_older_schema_is_refused_until_it_is_migrated(
    fresh: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers refuse a schema that lacks a script, and accept the schema after a migration."""
    # given
    migrate_jobs(fresh)
    later = {**scripts(), "99.01_a.sql": "CREATE TABLE a (n INT)", "99.02_b.sql": "DROP TABLE a"}
    monkeypatch.setattr(job_schema, "scripts", lambda: later)

    # when
    sentence = refused(fresh)

    # then
    assert "99.01_a.sql" in sentence
    assert "tenure migrate" in sentence

    # when
    migrate_jobs(fresh)

    # then
    require_jobs(fresh)
    migrate_jobs(fresh)


def test_a_failed_script_leaves_the_earlier_scripts_applied(
    fresh: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script that fails leaves no trace, and the scripts before it stay applied."""
    # given
    migrate_jobs(fresh)
    broken = "CREATE TABLE b (n INT); SELECT 1/0"
    later = {**scripts(), "99.01_a.sql": "CREATE TABLE a (n INT)", "99.02_b.sql": broken}
    monkeypatch.setattr(job_schema, "scripts", lambda: later)

    # when
    with pytest.raises(StoreUnavailable):
        migrate_jobs(fresh)

    # then
    assert "99.02_b.sql" in refused(fresh)
    assert ask(fresh, "SELECT to_regclass('a')::text, to_regclass('b')::text") == [("a", None)]


def test_a_newer_schema_is_refused_and_not_migrated(fresh: str) -> None:
    """Workers refuse the schema of a newer release, and a migration does not touch it."""
    # given
    migrate_jobs(fresh)
    ask(fresh, "INSERT INTO tenure_scripts VALUES ('99.01_later.sql')")

    # when / then
    assert "99.01_later.sql" in refused(fresh)
    with pytest.raises(StoreUnavailable, match="newer"):
        migrate_jobs(fresh)


def test_no_worker_begins_without_the_schema(fresh: str, store: Store) -> None:
    """A worker does not start in a database without the schema for jobs."""
    # when / then
    with pytest.raises(StoreUnavailable, match="no schema"):
        a_worker(fresh, store, Spy())


def test_a_role_that_cannot_make_the_schema_gets_the_statement_for_it(
    fresh: str, postgres: pgserver.Server
) -> None:
    """A role without the right to make the schema gets the statement for a role with that right."""
    # given
    runner = fresh.replace(f"//{pgserver.OWNER}@", f"//{pgserver.RUNNER}@")

    # when
    with pytest.raises(StoreUnavailable) as raised:
        migrate_jobs(runner)

    # then
    assert "CREATE SCHEMA tenure_jobs AUTHORIZATION" in raised.value.hint

    # when
    ask(fresh, f"CREATE SCHEMA tenure_jobs AUTHORIZATION {pgserver.OWNER}")
    migrate_jobs(fresh)

    # then
    require_jobs(fresh)


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE procrastinate_jobs",
        "TRUNCATE procrastinate_jobs",
        "CREATE TABLE mine (a TEXT)",
        "INSERT INTO tenure_scripts VALUES ('x')",
        "DELETE FROM tenure_scripts",
        "CREATE OR REPLACE FUNCTION procrastinate_update_heartbeat_v1(worker_id bigint)"
        " RETURNS void LANGUAGE sql AS ''",
    ],
)
def test_the_role_of_a_worker_cannot_change_the_schema(url: str, statement: str) -> None:
    """The role that runs a worker cannot change tables, functions or the list of scripts."""
    # when / then
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(url, statement)


# The URL


@pytest.mark.parametrize(
    "url",
    [f"postgresql://me:{SECRET}%zz@/db", f"postgresql://me:{SECRET}@127.0.0.1:1/db"],
)
def test_no_message_and_no_log_line_has_the_password(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the error nor the log shows the password of the URL."""
    # given
    caplog.set_level("DEBUG")

    # when / then
    assert SECRET not in refused(url) + caplog.text


# Due jobs


def a_delivery(directory: Path, *stay: str, **leave: datetime) -> Path:
    """Writes a delivery of employees who stay, and of employees with their last days."""
    directory.mkdir(exist_ok=True)
    days = {**dict.fromkeys(stay, ""), **{who: f"{day:%Y-%m-%d}" for who, day in leave.items()}}
    rows = "".join(f"{w}@acme.example,{w.title()},Smit,{w},{day}\n" for w, day in days.items())
    (directory / "alleo_employees_1.csv").write_text(HEADER + rows)
    return directory


def companies(number: int, directory: Path) -> list[Customer]:
    """Returns a number of companies with the same source."""
    source = FolderSource(directory, "*.csv")
    return [Customer(replace(a_company(), key=f"c{each}"), source) for each in range(number)]


@pytest.mark.parametrize("listen", [True, False])
def test_every_slot_is_served_once_by_several_workers(
    url: str, store: Store, tmp_path: Path, listen: bool
) -> None:
    """R3: Several workers together serve each company once for a slot."""
    # given
    customers = companies(12, a_delivery(tmp_path / "in", "anna"))
    store.enrol([each.company.key for each in customers], NOW - timedelta(hours=1))
    observers = [Spy() for _ in range(3)]
    workers = [
        a_worker(url, store, each, Configured(*customers), listen=listen) for each in observers
    ]

    # when
    with working(*workers):
        until(lambda: sum(len(each.runs) for each in observers) >= 12, "too few runs")
        until(lambda: not jobs(url), "jobs are left in the queue")
        looks = [each.looks for each in observers]
        until(lambda: all(t.looks > n for t, n in zip(observers, looks, strict=True)), "no look")

    # then
    runs = [run for each in observers for run in each.runs]
    assert Counter(run.company for run in runs) == {f"c{n}": 1 for n in range(12)}
    assert {(run.kind, run.slot, run.outcome) for run in runs} == {
        (RunKind.IMPORT, NOW, Outcome.APPLIED)
    }
    assert ask(url, "SELECT count(*) FROM procrastinate_events") == [(0,)]
    assert ask(url, "SELECT count(*) FROM procrastinate_workers") == [(0,)]
    assert not [
        each.failures or each.troubles for each in observers if each.failures or each.troubles
    ]


def test_each_slot_has_one_run_at_most_when_clocks_jump(
    url: str, store: Store, tmp_path: Path
) -> None:
    """R3, R5, C1: Each slot has one run at most when machines were down or their clocks jump."""
    # given
    schedule, hour, day = Schedule(), timedelta(hours=1), timedelta(days=1)
    source = FolderSource(a_delivery(tmp_path / "in", "anna", bram=NOW + 5 * day), "*.csv")
    configured = Configured(*(Customer(replace(a_company(), key=key), source) for key in "ab"))
    latest, expected, now = NOW - hour, list[datetime](), NOW
    store.enrol("ab", latest)

    # when
    for passed in (0 * hour, hour, 26 * hour, 8 * day, -3 * hour, 400 * day, 2 * day, -2 * day):
        now += passed
        slot = schedule.due_slot(latest, now)
        latest, expected = slot or latest, [*expected, *([slot] if slot else [])]
        observers = [Spy() for _ in range(2)]
        with working(*(a_worker(url, store, each, configured, lambda: now) for each in observers)):  # noqa: B023
            until(lambda: all(imported(store, key) == expected for key in "ab"), "not served")  # noqa: B023
            until(lambda: not store.due_companies(schedule, now), "a clock job is still due")  # noqa: B023
            until(lambda: sum(each.looks for each in observers) > 2, "no worker looks")  # noqa: B023

        # then
        assert [imported(store, key) for key in "ab"] == [expected, expected]
        assert jobs(url) == []
    assert len(expected) == 5
    for key in "ab":
        states = {each.details.first_name: each.state for each in store.employees(key)}
        assert states == {"Anna": State.ACTIVE, "Bram": State.DEACTIVATED}


def imported(store: Store, company: str) -> list[datetime | None]:
    """Returns the slots of a company's imports."""
    runs = (record.ended for record in store.every_run(company))
    return [run.slot for run in runs if run.run_kind is RunKind.IMPORT]


def test_a_job_holds_company_and_slot_and_nothing_else(
    url: str, store: Store, board: Board
) -> None:
    """A queued job stores its company and its slot, and no other data."""
    # given
    board.due = [Job("acme"), Job("acme", NOW)]
    board.takes = 1.0

    # when
    with working(a_worker(url, store, Spy())):
        until(lambda: len(jobs(url)) == 2, "no job is queued")
        found = ask(url, "SELECT args, lock, queueing_lock FROM procrastinate_jobs ORDER BY id")
        until(lambda: len(board.done) == 2, "some jobs were not done")

    # then
    slot = "2027-03-01T02:45:00+00:00"
    assert found == [
        ({"company": "acme", "slot": None}, "acme", "acme clock"),
        ({"company": "acme", "slot": slot}, "acme", f"acme {slot}"),
    ]
    assert board.done == [Job("acme"), Job("acme", NOW)]


def test_one_job_of_a_company_runs_at_a_time(url: str, store: Store, board: Board) -> None:
    """Several workers never run two jobs of one company at the same time."""
    # given
    slots = [NOW - timedelta(hours=each) for each in range(4)]
    board.due = [Job(company, slot) for slot in slots for company in ("acme", "zenith")]
    board.takes = 0.1

    # when
    with working(*(a_worker(url, store, Spy()) for _ in range(3))):
        until(lambda: len(board.done) == 8, "some jobs were not done")

    # then
    assert board.most == {"acme": 1, "zenith": 1}
    assert len(set(board.done)) == len(board.done) == 8


def test_a_clock_job_does_not_wait_for_slow_servers(url: str, store: Store, board: Board) -> None:
    """R6, C1: A clock job runs even when slow servers use up the capacity for imports."""
    # given
    held = threading.Event()
    board.due = [Job(f"c{number}", NOW) for number in range(20)]
    board.fails = lambda job: job.slot is not None and not held.wait(TIMEOUT_S)

    # when
    with working(a_worker(url, store, Spy(), workers=2)):
        until(lambda: sum(board.busy.values()) == 8, "the imports do not begin")
        board.due.append(Job("acme"))
        until(lambda: board.done, "the clock job waits")

        # then
        assert board.done == [Job("acme")]
        assert sum(board.busy.values()) == 8

        # when
        held.set()
        until(lambda: not board.due, "the imports are not done")

    # then
    assert max(board.most.values()) == 1


def test_a_worker_stands_aside_while_another_looks(url: str, store: Store, board: Board) -> None:
    """A worker waits while another worker looks for due jobs, and reports no failure."""
    # given
    board.due = [Job("acme", NOW)]
    observer = Spy()
    with psycopg.connect(url) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('tenure jobs'))")

        # when
        with working(a_worker(url, store, observer)):
            until(lambda: observer.aside > 2, "nothing is reported")

            # then
            assert (observer.looks, observer.troubles, board.done) == (0, [], [])

            # when / then
            connection.commit()
            until(lambda: board.done, "the worker does not look again")


def test_a_long_look_is_not_ended(
    url: str, store: Store, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look for due jobs gives signs of life, so the database does not end a long look."""
    # given
    monkeypatch.setattr(distributed, "_LOOK_LOST_S", 1)
    monkeypatch.setattr(distributed, "_LOOK_PING_S", 0.2)

    def slow(app: object) -> list[Job]:
        time.sleep(2.0)
        return board.due_jobs(app)

    monkeypatch.setattr(job_runner, "due_jobs", slow)
    board.due = [Job("acme", NOW)]
    observer = Spy()

    # when
    with working(a_worker(url, store, observer)):
        until(lambda: board.done, "the look did not end")

    # then
    assert observer.troubles == []


def test_thousands_of_due_jobs_are_queued_in_seconds(url: str, store: Store, board: Board) -> None:
    """Two thousand due jobs are queued within ten seconds, and then done without delay."""
    # given
    board.due = [Job(f"c{each}", NOW) for each in range(2_000)]
    observer = Spy()
    began = time.monotonic()

    # when
    with working(a_worker(url, store, observer)):
        # then
        until(lambda: observer.looks > 1, "the worker does not look again")
        assert time.monotonic() - began < 10
        until(lambda: len(board.done) > 200, "the jobs take too long", timeout_s=10)


def test_a_foreign_job_blocks_no_other_job(url: str, store: Store, board: Board) -> None:
    """A job of another program with the key of ours keeps no other job out of the queue."""
    # given
    board.due = [Job("acme", NOW), Job("zenith", NOW)]
    statement = "INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock)"
    ask(url, f"{statement} VALUES ('theirs', 'theirs', %s)", job_queue.key_of(Job("acme", NOW)))

    # when / then
    with working(a_worker(url, store, Spy())):
        until(lambda: board.done == [Job("zenith", NOW)], "the other job was not done")


def test_the_jobs_of_a_removed_company_end_without_a_failure(
    url: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The jobs of a company that is no longer configured end without a run or a failure."""
    # given
    left = [[Job("gone", NOW), Job("gone")]]
    monkeypatch.setattr(job_runner, "due_jobs", lambda app: left.pop() if left else [])
    observer = Spy()

    # when
    with working(a_worker(url, store, observer)):
        until(lambda: not left and observer.looks > 2 and not jobs(url), "the jobs stay")

    # then
    assert not observer.runs + observer.failures + observer.troubles


# Failures


def test_a_failed_job_is_tried_again_and_its_error_is_not_logged(
    url: str, store: Store, board: Board, caplog: pytest.LogCaptureFixture
) -> None:
    """A failed job is tried again after growing pauses, and the log does not quote its error."""
    # given
    caplog.set_level("DEBUG")
    board.due = [Job("acme", NOW)]
    times: list[float] = []
    board.fails = lambda job: times.append(time.monotonic()) or len(times) < 4  # type: ignore[func-returns-value]
    observer = Spy()

    # when
    with working(a_worker(url, store, observer, pace=FAST._replace(poll=0.05, rest=0.2))):
        until(lambda: board.done, "the job was not tried often enough")

    # then
    assert [job for job, _ in observer.failures] == [Job("acme", NOW)] * 3
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert [pause >= rest for pause, rest in zip(pauses, (0.2, 0.4, 0.8), strict=True)] == [
        True
    ] * 3
    assert "Bakker" not in caplog.text


def test_a_resting_job_blocks_no_other_job_of_its_company(
    url: str, store: Store, board: Board
) -> None:
    """While a failed job rests, the other jobs of its company are done."""
    # given
    board.due = [Job("acme"), Job("acme", NOW)]
    board.fails = lambda job: job.slot is None
    observer = Spy()

    # when
    with working(a_worker(url, store, observer, pace=FAST._replace(rest=3600.0))):
        until(lambda: observer.failures and board.done, "the company is blocked")
        board.due.append(Job("acme", NOW + timedelta(hours=1)))
        until(lambda: len(board.done) == 2, "the company is blocked")

    # then
    assert jobs(url) == [("acme clock", "todo")]


def test_a_rest_that_a_wrong_clock_made_too_long_is_ended(
    url: str, store: Store, board: Board
) -> None:
    """C1: A clock job does not rest for two days when a machine's clock was two days ahead."""
    # given
    board.due = [Job("acme")]
    board.fails = lambda job: not observer.failures
    observer = Spy()
    statement = "UPDATE procrastinate_jobs SET scheduled_at = now() + interval '2 days'"
    with working(a_worker(url, store, observer, pace=FAST._replace(rest=3000.0))):
        until(lambda: observer.failures and jobs(url) == [("acme clock", "todo")], "no rest")
        assert board.done == []

        # when
        ask(url, statement)
        until(lambda: board.done, "the job rests for two days")

    # then
    assert board.done == [Job("acme")]


def test_a_job_without_attempts_left_is_deleted_and_added_again(
    url: str, store: Store, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job that failed too often is deleted, and the next look adds it again."""
    # given
    monkeypatch.setattr(job_queue, "ATTEMPTS", 1)
    board.due = [Job("acme", NOW)]
    board.fails = lambda job: True
    observer = Spy()

    # when
    with working(a_worker(url, store, observer, pace=FAST._replace(rest=0.05))):
        until(lambda: len(observer.failures) > 4, "the job was not added again")

    # then
    assert len(jobs(url)) <= 1


def test_a_job_whose_reply_was_lost_is_done(
    url: str, store: Store, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job that the database gave to a worker in a reply that was lost is put back and done."""
    # given
    monkeypatch.setattr(job_queue, "_LOST_REPLY_CHECK_S", 0.2)
    with working(a_worker(url, store, Spy())):
        until(lambda: ask(url, "SELECT id FROM procrastinate_workers"), "no worker is registered")
        ((worker,),) = ask(url, "SELECT id FROM procrastinate_workers")

        # when
        ask(url, "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, worker_id)"
                 " VALUES ('tenure.clock', 'tenure.do', '{\"company\": \"acme\", \"slot\": null}',"
                 " 'doing', %s)", worker)  # fmt: skip

        # then
        until(lambda: board.done == [Job("acme")], "the job is stuck")


def test_a_failed_look_is_reported_and_repeated(
    url: str, store: Store, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look for due jobs that fails is reported, and the worker looks again."""
    # given
    troubles = [StoreUnavailable("no table"), RuntimeError("odd")]

    def due(app: object) -> list[Job]:
        if troubles:
            raise troubles.pop()
        return board.due_jobs(app)

    monkeypatch.setattr(job_runner, "due_jobs", due)
    board.due = [Job("acme", NOW)]
    observer = Spy()

    # when
    with working(a_worker(url, store, observer)):
        until(lambda: board.done, "the worker does not look again")

    # then
    assert [str(each) for each in observer.troubles] == ["odd", "no table"]


# Stopping


def test_a_stopped_worker_waits_for_its_running_job(url: str, store: Store, board: Board) -> None:
    """A stopped worker finishes the running job. No other worker takes the job meanwhile."""
    # given
    board.due = [Job("acme", NOW), *(Job("zenith", NOW - timedelta(days=n)) for n in range(9))]
    board.takes = 2.0  # longer than `FAST.stalled`
    with working(a_worker(url, store, Spy()), a_worker(url, store, Spy())) as running:
        until(lambda: board.busy["acme"], "no job runs")

        # when
        running[0].stop.set()
        running[1].stop.set()
        for each in running:
            each.join()

    # then
    assert [each.ended for each in running] == [True, True]
    assert sorted(job.company for job in board.done) == ["acme", "zenith"]
    assert board.most == {"acme": 1, "zenith": 1}


def test_a_job_that_exceeds_the_grace_goes_to_another_worker(
    url: str, store: Store, board: Board
) -> None:
    """A job that does not end within the grace of a stopped worker is given to another at once."""
    # given
    held = threading.Event()
    board.due = [Job("acme", NOW)]
    board.fails = lambda job: not held.wait(TIMEOUT_S)

    # when
    began = time.monotonic()
    with working(a_worker(url, store, Spy()), grace=0.2) as (running,):
        until(lambda: board.busy["acme"], "no job runs")
        running.stop.set()
        running.join()

    # then
    assert running.ended is False
    assert time.monotonic() - began < 8
    assert [status for _, status in jobs(url)] == ["todo"]

    # when
    board.fails = lambda job: False
    with working(a_worker(url, store, Spy())):
        # then
        until(lambda: board.done, "no worker took the job over")
    held.set()


def test_a_worker_without_a_job_stops_at_once(url: str, store: Store) -> None:
    """A worker without a running job stops at once."""
    # given
    with working(a_worker(url, store, Spy())) as (running,):
        time.sleep(0.5)

        # when
        began = time.monotonic()
        running.stop.set()
        running.join()

    # then
    assert running.ended is True
    assert time.monotonic() - began < 1.5


# Dead processes


class Endless:
    """A source that prints a line when it is asked for files, and never answers."""

    pattern = "*.csv"

    def fetch(self, limit: int) -> list[DeliveredFile]:
        print("begun", flush=True)
        threading.Event().wait()
        return []


def endless_look(_: object) -> list[Job]:
    """A look for due jobs that prints a line when it begins, and never ends."""
    print("begun", flush=True)
    threading.Event().wait()
    return []


def endless_worker(url: str, what: str) -> None:
    """Runs a worker whose first job, or whose first look, never ends."""
    customer = Customer(a_company(), cast(Any, Endless()))
    store = open_postgres(url)
    if what == "look":
        distributed._LOOK_LOST_S, distributed._LOOK_PING_S = 1, 0.2
        job_runner.due_jobs = endless_look  # type: ignore[attr-defined, assignment]
    a_worker(url, store, Spy(), Configured(customer)).run(threading.Event(), 0)


def test_a_look_that_was_given_up_is_not_started_again(
    url: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R1: A look that was given up is not started again while it runs.

    A worker that is stopped meanwhile reports that not everything ended.
    """
    # given
    over, looks = threading.Event(), list[float]()

    def endless_due(_: object) -> list[Job]:
        looks.append(time.monotonic())
        over.wait(TIMEOUT_S)
        return []

    monkeypatch.setattr(job_runner, "due_jobs", endless_due)
    monkeypatch.setattr(distributed, "_LOOK_TIMEOUT_S", 0.3)
    observer = Spy()

    # when
    with working(a_worker(url, store, observer), grace=0.5) as (running,):
        until(lambda: len(observer.troubles) > 2, "no look is given up")
        running.stop.set()
        running.join()

    # then
    assert running.ended is False
    assert len(looks) == 1
    over.set()


@contextmanager
def endless(url: str, what: str = "job") -> Iterator[subprocess.Popen[str]]:
    """Starts `endless_worker` in a process, and yields it when its job or its look has begun."""
    command = [sys.executable, __file__, url, what]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "begun\n"
            yield process
        finally:
            process.kill()


def test_the_job_of_a_killed_worker_is_done_by_another(
    url: str, store: Store, tmp_path: Path
) -> None:
    """Another worker takes over the job of a killed worker, but not the job of a live one."""
    # given
    store.enrol(["acme"], NOW - timedelta(hours=1))
    observer = Spy()
    customer = Customer(a_company(), FolderSource(a_delivery(tmp_path / "in", "anna"), "*.csv"))
    worker = a_worker(url, store, observer, Configured(customer))
    with endless(url) as process, working(worker):
        time.sleep(2 * FAST.stalled)
        assert not observer.runs, "another worker took a running job"

        # when
        process.kill()
        killed = time.monotonic()
        until(lambda: observer.runs, "the company is blocked")
        took = time.monotonic() - killed

    # then
    (run,) = observer.runs
    assert (run.company, run.slot, run.outcome) == ("acme", NOW, Outcome.APPLIED)
    assert took < 4 * FAST.stalled
    assert observer.taken == [Job("acme", NOW)]
    assert jobs(url) == []


def test_a_job_does_not_rest_after_two_workers_died_during_it(
    url: str, store: Store, tmp_path: Path
) -> None:
    """R6: A third worker begins a job at once after two workers died during the job."""
    # given
    store.enrol(["acme"], NOW - timedelta(hours=1))
    for _ in range(2):
        with endless(url) as process:
            process.kill()
    observer = Spy()
    customer = Customer(a_company(), FolderSource(a_delivery(tmp_path / "in", "anna"), "*.csv"))

    # when
    with working(
        a_worker(url, store, observer, Configured(customer), pace=FAST._replace(rest=3000))
    ):
        until(lambda: observer.runs, "the job rests")

    # then
    assert observer.taken == [Job("acme", NOW)]


def test_a_worker_frozen_while_it_looks_does_not_block_other_workers(
    url: str, store: Store, board: Board
) -> None:
    """R6: The database ends the look of a frozen worker and releases its lock for other workers."""
    # given
    board.due = [Job("acme", NOW)]
    with endless(url, "look") as process:
        os.kill(process.pid, signal.SIGSTOP)

        # when / then
        with working(a_worker(url, store, Spy())):
            until(lambda: board.done, "no worker looks")


def test_a_new_worker_takes_no_job_from_a_live_worker(url: str, store: Store, board: Board) -> None:
    """A worker whose last sign of life is old keeps its job when another worker starts.

    After an outage of the database, the signs of life of all workers are old.
    """
    # given
    board.due, board.takes = [Job("acme", NOW)], 3.0
    with working(a_worker(url, store, Spy())):
        until(lambda: board.busy["acme"], "no job runs")
        ask(url, "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'")

        # when
        with working(a_worker(url, store, Spy())):
            until(lambda: board.done, "the job does not end")

    # then
    assert board.most == {"acme": 1}


def test_a_worker_that_was_frozen_and_deleted_registers_again(
    url: str, store: Store, tmp_path: Path
) -> None:
    """A worker that was frozen until others deleted it registers again and does jobs."""
    # given
    store.enrol(["acme"], NOW - timedelta(hours=1))
    observer = Spy()
    customer = Customer(a_company(), FolderSource(a_delivery(tmp_path / "in", "anna"), "*.csv"))
    with endless(url) as process:
        os.kill(process.pid, signal.SIGSTOP)
        with working(a_worker(url, store, observer, Configured(customer))):
            until(lambda: observer.runs, "the company is blocked")
        with working(a_worker(url, store, observer)):  # deletes silent workers
            until(
                lambda: len(ask(url, "SELECT id FROM procrastinate_workers")) == 1,
                "the frozen worker is still registered",
            )

        # when
        os.kill(process.pid, signal.SIGCONT)
        ask(
            url,
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args)"
            """ VALUES ('tenure.clock', 'tenure.do', '{"company": "zenith", "slot": null}')""",
        )

        # then
        until(lambda: not jobs(url), "the worker does no more jobs")
        assert len(ask(url, "SELECT id FROM procrastinate_workers")) == 1


def test_by_default_a_job_is_taken_over_within_a_minute() -> None:
    """With the default pace, another worker takes over a job within a minute."""
    # given
    pace = Pace()

    # when / then
    assert pace.beat * 3 < pace.stalled
    assert pace.stalled + 1.2 * pace.look + pace.poll + pace.beat < 60


# Loss of the database


def test_a_worker_survives_a_restart_of_the_database(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker reports the loss of the database, ends its job, and goes on after the restart."""
    # given
    monkeypatch.setattr(distributed, "_CONNECT_TIMEOUT_S", 1.0)
    observer = Spy()
    with ExitStack() as stack:
        server = stack.enter_context(pgserver.running("fsync=off"))
        url = server.made("outlived")
        migrate_jobs(server.as_owner(url), pgserver.RUNNER)
        store = stack.enter_context(closing(open_postgres(url)))
        board.due, board.takes = [Job("acme", NOW)], 1.5
        (running,) = stack.enter_context(working(a_worker(url, store, observer)))
        until(lambda: board.busy["acme"], "no job runs")

        # when
        control(server, "stop", "-m", "fast")
        until(lambda: board.done, "the job did not end")
        until(lambda: observer.troubles, "the loss was not reported")
        control(server, "start", "-l", str(server.directory / "log"))
        board.due.append(Job("zenith", NOW))

        # then
        until(lambda: Job("zenith", NOW) in board.done, "the worker does not come back")
        until(lambda: not jobs(url), "a job is stuck")
        assert running.is_alive()
    assert Counter(board.done) == {Job("acme", NOW): 1, Job("zenith", NOW): 1}
    assert all(isinstance(each, StoreUnavailable) for each in observer.troubles)


def control(server: pgserver.Server, *command: str) -> None:
    """Runs a command of `pg_ctl` on the server."""
    user = pgserver._user(server.directory)
    flags = ["-o", f"-c listen_addresses= -c unix_socket_directories={server.directory}"]
    more = flags if command[0] == "start" else []
    pgserver._run(
        user, pgserver._programs() / "pg_ctl", "-D", server.directory / "data", "-w", "-s",
        *command, *more,
    )  # fmt: skip


def test_a_connection_notices_within_half_a_minute_that_the_database_is_gone() -> None:
    """R6: A connection notices within half a minute that the database is gone.

    Parameters in the URL take precedence.
    """
    # when
    url = "postgresql://db.example/x?keepalives_idle=99"
    parameters = conninfo_to_dict(connecting.conninfo_of(url))

    # then
    assert parameters["keepalives_idle"] == "99"
    assert (
        int(str(parameters["keepalives_interval"])) * int(str(parameters["keepalives_count"])) <= 15
    )
    assert parameters["tcp_user_timeout"] == "30000"
    assert int(str(parameters["connect_timeout"])) == 10


def test_jobs_and_store_work_through_a_pooler_in_session_mode(
    url: str, store: Store, tmp_path: Path, postgres: pgserver.Server
) -> None:
    """R3: A worker serves a slot through a pooler in session mode, and so does the store."""
    # given
    store.enrol(["acme"], NOW - timedelta(hours=1))
    observer = Spy()
    customer = Customer(a_company(), FolderSource(a_delivery(tmp_path / "in", "anna"), "*.csv"))

    # when
    with (
        pgbouncer.running(postgres, url) as pooled,
        closing(open_postgres(pooled)) as through,
        working(a_worker(pooled, through, observer, Configured(customer))),
    ):
        until(lambda: observer.runs, "the job was not done")

    # then
    (run,) = observer.runs
    assert (run.company, run.slot, run.outcome) == ("acme", NOW, Outcome.APPLIED)
    assert observer.troubles == []
    assert store.company_state("acme").served(NOW)


def test_a_worker_opens_new_connections_when_they_are_cut(
    url: str, store: Store, board: Board, postgres: pgserver.Server
) -> None:
    """A worker opens new connections after the database has cut all of them."""
    # given
    with working(a_worker(url, store, Spy())) as (running,):
        # when
        for number in range(3):
            board.due.append(Job("acme", NOW + timedelta(hours=number)))
            until(lambda wanted=number: len(board.done) > wanted, "no more jobs")  # type: ignore[misc]
            name = conninfo_to_dict(url)["dbname"]
            postgres.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                f"WHERE datname = '{name}' AND pid <> pg_backend_pid()"
            )

        # then
        assert running.is_alive()


if __name__ == "__main__":
    endless_worker(*sys.argv[1:])
