"""`tenure serve` on several machines: who does what, and what becomes of it when something breaks.

    python test_distributed.py URL job
    python test_distributed.py URL look

is a process of its own that never comes to the end of its first job, or its first look.
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
from adapters.worker.job_queue import Pace
from adapters.worker.job_schema import SET_SEARCH_PATH, migrate_jobs, require_jobs, scripts
from domain.company_runs.events import RunKind
from domain.employee.events import State
from domain.outcome import Outcome
from domain.schedule import Schedule
from projections.runs import RunDocument
from tests.adapters import pgbouncer, pgserver
from tests.given import NOW, a_company

FAST = Pace(look=0.3, poll=0.2, beat=0.3, stalled=1.2, rest=0.3)
SECRET = "hush-9Zq"
PATIENCE = 20.0
"""Seconds after which a test gives up waiting."""
HEADER = "email,first_name,last_name,external_id,offboarding_date\n"

_names = count()


class Told(Observer):
    """An observer that remembers."""

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
        raise AssertionError("nothing is misconfigured here")


class Configured:
    """A configuration without files, which may change."""

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
    """What is due, and what was done of it, without any store."""

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
    """A database with both schemas, for the role that runs the product."""
    name = f"distributed_{next(_names)}"
    made = postgres.made(name)
    migrate_jobs(postgres.as_owner(made), pgserver.RUNNER)
    yield made
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def fresh(postgres: pgserver.Server) -> Iterator[str]:
    """A database with nothing in it, for its owner."""
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
    """In the place of what is due and of doing it."""
    board = Board()
    monkeypatch.setattr(job_runner, "due_jobs", board.due_jobs)
    monkeypatch.setattr(job_runner, "do_job", board.do_job)
    return board


def ask(url: str, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
    """What the database says, looked at through the schema of the jobs."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SET_SEARCH_PATH)
        found = connection.execute(statement.encode(), parameters)
        return found.fetchall() if found.description else []


def jobs(url: str) -> list[tuple[Any, ...]]:
    """The jobs that are there, by what tells them apart."""
    return ask(url, "SELECT queueing_lock, status FROM procrastinate_jobs ORDER BY id")


def until(holds: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
    """Waits for something."""
    end = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.02)


class Running:
    """A worker in a thread."""

    def __init__(self, worker: DistributedWorker, grace: float) -> None:
        self.stop = threading.Event()
        self.ended: bool | None = None
        self._thread = threading.Thread(target=self._run, args=(worker, grace), daemon=True)
        self._thread.start()

    def _run(self, worker: DistributedWorker, grace: float) -> None:
        self.ended = worker.run(self.stop, grace)

    def join(self) -> None:
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "the worker does not stop"

    def is_alive(self) -> bool:
        return self._thread.is_alive()


def a_worker(
    url: str,
    store: Store,
    told: Told,
    configured: Configured | None = None,
    now: Callable[[], datetime] = lambda: NOW,
    **options: Any,
) -> DistributedWorker:
    configuration = cast(Configuration, configured or Configured())
    options = {"workers": 4, "pace": FAST, **options}
    return DistributedWorker(configuration, store, url, told, now=now, **options)


@contextmanager
def working(*workers: DistributedWorker, grace: float = 10) -> Iterator[list[Running]]:
    """Workers that work, each in its thread, until the test is over."""
    running = [Running(worker, grace) for worker in workers]
    try:
        yield running
    finally:
        for each in running:
            each.stop.set()
        for each in running:
            each.join()


def refused(url: str) -> str:
    """Why no worker may begin, and what to do."""
    with pytest.raises(StoreUnavailable) as raised:
        require_jobs(url)
    assert "\n" not in raised.value.problem
    return f"{raised.value.problem}; {raised.value.hint}"


# The schema


def test_the_schema_is_made_once_and_apart_from_ours(fresh: str) -> None:
    assert "tenure migrate" in refused(fresh)

    migrate_jobs(fresh)
    before = ask(fresh, "SELECT oid, relname FROM pg_class ORDER BY 1")
    migrate_jobs(fresh)

    require_jobs(fresh)
    assert ask(fresh, "SELECT oid, relname FROM pg_class ORDER BY 1") == before
    where = "SELECT DISTINCT schemaname FROM pg_tables WHERE tablename LIKE 'procrastinate%%'"
    assert ask(fresh, where) == [(job_schema.SCHEMA,)]
    assert ask(fresh, "SELECT 1 FROM pg_tables WHERE schemaname = 'public'") == []


def test_it_is_made_once_by_however_many_at_once(fresh: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: migrate_jobs(fresh), range(4)))

    require_jobs(fresh)


def described(url: str) -> set[tuple[Any, ...]]:
    """All that is in the schema."""
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


def test_script_by_script_it_becomes_what_a_new_one_is(fresh: str, url: str) -> None:
    ask(fresh, "CREATE SCHEMA tenure_jobs")
    ask(fresh, "CREATE TABLE tenure_scripts (script TEXT PRIMARY KEY)")
    assert min(scripts()) in refused(fresh)

    migrate_jobs(fresh)

    require_jobs(fresh)
    assert described(fresh) == described(url)


def test_an_older_schema_is_refused_until_it_had_what_is_new(
    fresh: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate_jobs(fresh)
    later = {**scripts(), "99.01_a.sql": "CREATE TABLE a (n INT)", "99.02_b.sql": "DROP TABLE a"}
    monkeypatch.setattr(job_schema, "scripts", lambda: later)

    sentence = refused(fresh)
    assert "99.01_a.sql" in sentence
    assert "tenure migrate" in sentence
    migrate_jobs(fresh)

    require_jobs(fresh)
    migrate_jobs(fresh)


def test_a_script_that_fails_leaves_what_came_before_it(
    fresh: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate_jobs(fresh)
    broken = "CREATE TABLE b (n INT); SELECT 1/0"
    later = {**scripts(), "99.01_a.sql": "CREATE TABLE a (n INT)", "99.02_b.sql": broken}
    monkeypatch.setattr(job_schema, "scripts", lambda: later)

    with pytest.raises(StoreUnavailable):
        migrate_jobs(fresh)

    assert "99.02_b.sql" in refused(fresh)
    assert ask(fresh, "SELECT to_regclass('a')::text, to_regclass('b')::text") == [("a", None)]


def test_a_newer_schema_is_refused_and_left_alone(fresh: str) -> None:
    migrate_jobs(fresh)
    ask(fresh, "INSERT INTO tenure_scripts VALUES ('99.01_later.sql')")

    assert "99.01_later.sql" in refused(fresh)
    with pytest.raises(StoreUnavailable, match="newer"):
        migrate_jobs(fresh)


def test_no_worker_begins_without_the_schema(fresh: str, store: Store) -> None:
    with pytest.raises(StoreUnavailable, match="no schema"):
        a_worker(fresh, store, Told())


def test_who_may_make_no_schema_is_told_who_may(fresh: str, postgres: pgserver.Server) -> None:
    runner = fresh.replace(f"//{pgserver.OWNER}@", f"//{pgserver.RUNNER}@")
    with pytest.raises(StoreUnavailable) as raised:
        migrate_jobs(runner)
    assert "CREATE SCHEMA tenure_jobs AUTHORIZATION" in raised.value.hint

    ask(fresh, f"CREATE SCHEMA tenure_jobs AUTHORIZATION {pgserver.OWNER}")
    migrate_jobs(fresh)
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
def test_who_runs_a_worker_cannot(url: str, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(url, statement)


# The URL


@pytest.mark.parametrize(
    "url",
    [f"postgresql://me:{SECRET}%zz@/db", f"postgresql://me:{SECRET}@127.0.0.1:1/db"],
)
def test_no_password_is_told(url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")

    assert SECRET not in refused(url) + caplog.text


# What is due


def a_delivery(directory: Path, *stay: str, **leave: datetime) -> Path:
    """A file in a folder of its own, of people who stay, and who leave on a day."""
    directory.mkdir(exist_ok=True)
    days = {**dict.fromkeys(stay, ""), **{who: f"{day:%Y-%m-%d}" for who, day in leave.items()}}
    rows = "".join(f"{w}@acme.example,{w.title()},Smit,{w},{day}\n" for w, day in days.items())
    (directory / "alleo_employees_1.csv").write_text(HEADER + rows)
    return directory


def companies(number: int, directory: Path) -> list[Customer]:
    """So many companies, all of which deliver the same."""
    source = FolderSource(directory, "*.csv")
    return [Customer(replace(a_company(), key=f"c{each}"), source) for each in range(number)]


@pytest.mark.parametrize("listen", [True, False])
def test_every_slot_is_served_once_by_several_workers(
    url: str, store: Store, tmp_path: Path, listen: bool
) -> None:
    customers = companies(12, a_delivery(tmp_path / "in", "anna"))
    store.enrol([each.company.key for each in customers], NOW - timedelta(hours=1))
    told = [Told() for _ in range(3)]
    workers = [a_worker(url, store, each, Configured(*customers), listen=listen) for each in told]

    with working(*workers):
        until(lambda: sum(len(each.runs) for each in told) >= 12, "not everybody was served")
        until(lambda: not jobs(url), "jobs pile up")
        looks = [each.looks for each in told]
        until(lambda: all(t.looks > n for t, n in zip(told, looks, strict=True)), "who looks?")

    runs = [run for each in told for run in each.runs]
    assert Counter(run.company for run in runs) == {f"c{n}": 1 for n in range(12)}
    assert {(run.kind, run.slot, run.outcome) for run in runs} == {
        (RunKind.IMPORT, NOW, Outcome.APPLIED)
    }
    assert ask(url, "SELECT count(*) FROM procrastinate_events") == [(0,)]
    assert ask(url, "SELECT count(*) FROM procrastinate_workers") == [(0,)]
    assert not [each.failures or each.troubles for each in told if each.failures or each.troubles]


def test_whatever_the_time_does_each_slot_has_one_run_at_most(
    url: str, store: Store, tmp_path: Path
) -> None:
    """R3, R5, C1: all machines are down for a while, and their clocks are set back and forth."""
    schedule, hour, day = Schedule(), timedelta(hours=1), timedelta(days=1)
    source = FolderSource(a_delivery(tmp_path / "in", "anna", bram=NOW + 5 * day), "*.csv")
    configured = Configured(*(Customer(replace(a_company(), key=key), source) for key in "ab"))
    latest, expected, now = NOW - hour, list[datetime](), NOW
    store.enrol("ab", latest)

    for passed in (0 * hour, hour, 26 * hour, 8 * day, -3 * hour, 400 * day, 2 * day, -2 * day):
        now += passed
        slot = schedule.due_slot(latest, now)
        latest, expected = slot or latest, [*expected, *([slot] if slot else [])]
        told = [Told() for _ in range(2)]
        with working(*(a_worker(url, store, each, configured, lambda: now) for each in told)):  # noqa: B023
            until(lambda: all(imported(store, key) == expected for key in "ab"), "not served")  # noqa: B023
            until(lambda: not store.due_companies(schedule, now), "somebody is still due")  # noqa: B023
            until(lambda: sum(each.looks for each in told) > 2, "nobody looks")  # noqa: B023

        assert [imported(store, key) for key in "ab"] == [expected, expected]
        assert jobs(url) == []

    assert len(expected) == 5
    for key in "ab":
        states = {each.details.first_name: each.state for each in store.employees(key)}
        assert states == {"Anna": State.ACTIVE, "Bram": State.DEACTIVATED}


def imported(store: Store, company: str) -> list[datetime | None]:
    """The slots of a company's imports."""
    runs = (record.ended for record in store.every_run(company))
    return [run.slot for run in runs if run.run_kind is RunKind.IMPORT]


def test_a_job_holds_company_and_slot_and_nothing_else(
    url: str, store: Store, board: Board
) -> None:
    board.due = [Job("acme"), Job("acme", NOW)]
    board.takes = 1.0

    with working(a_worker(url, store, Told())):
        until(lambda: len(jobs(url)) == 2, "nothing is handed out")
        found = ask(url, "SELECT args, lock, queueing_lock FROM procrastinate_jobs ORDER BY id")
        until(lambda: len(board.done) == 2, "not everything was done")
    slot = "2027-03-01T02:45:00+00:00"
    assert found == [
        ({"company": "acme", "slot": None}, "acme", "acme clock"),
        ({"company": "acme", "slot": slot}, "acme", f"acme {slot}"),
    ]
    assert board.done == [Job("acme"), Job("acme", NOW)]


def test_one_job_of_a_company_runs_at_a_time(url: str, store: Store, board: Board) -> None:
    slots = [NOW - timedelta(hours=each) for each in range(4)]
    board.due = [Job(company, slot) for slot in slots for company in ("acme", "zenith")]
    board.takes = 0.1

    with working(*(a_worker(url, store, Told()) for _ in range(3))):
        until(lambda: len(board.done) == 8, "not everything was done")

    assert board.most == {"acme": 1, "zenith": 1}
    assert len(set(board.done)) == len(board.done) == 8


def test_the_clock_waits_for_no_server(url: str, store: Store, board: Board) -> None:
    """R6, C1: however many servers keep all hands waiting."""
    held = threading.Event()
    board.due = [Job(f"c{number}", NOW) for number in range(20)]
    board.fails = lambda job: job.slot is not None and not held.wait(PATIENCE)

    with working(a_worker(url, store, Told(), workers=2)):
        until(lambda: sum(board.busy.values()) == 8, "they do not begin")
        board.due.append(Job("acme"))
        until(lambda: board.done, "the clock is kept waiting")
        assert board.done == [Job("acme")]
        assert sum(board.busy.values()) == 8
        held.set()
        until(lambda: not board.due, "the others are never done")

    assert max(board.most.values()) == 1


def test_who_stands_aside_for_another_that_looks_is_well(
    url: str, store: Store, board: Board
) -> None:
    board.due = [Job("acme", NOW)]
    told = Told()

    with psycopg.connect(url) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('tenure jobs'))")
        with working(a_worker(url, store, told)):
            until(lambda: told.aside > 2, "it does not say so")
            assert (told.looks, told.troubles, board.done) == (0, [], [])
            connection.commit()
            until(lambda: board.done, "it looks no more")


def test_a_look_that_takes_long_is_not_ended(
    url: str, store: Store, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is at it shows life meanwhile."""
    monkeypatch.setattr(distributed, "_LOOK_LOST_S", 1)
    monkeypatch.setattr(distributed, "_LOOK_PING_S", 0.2)

    def slow(app: object) -> list[Job]:
        time.sleep(2.0)
        return board.due_jobs(app)

    monkeypatch.setattr(job_runner, "due_jobs", slow)
    board.due = [Job("acme", NOW)]
    told = Told()

    with working(a_worker(url, store, told)):
        until(lambda: board.done, "the look came to no end")

    assert told.troubles == []


def test_many_jobs_are_handed_out_at_once(url: str, store: Store, board: Board) -> None:
    board.due = [Job(f"c{each}", NOW) for each in range(2_000)]
    told = Told()
    began = time.monotonic()

    with working(a_worker(url, store, told)):
        until(lambda: told.looks > 1, "it does not look on")
        assert time.monotonic() - began < 10
        until(lambda: len(board.done) > 200, "they are done too slowly", patience=10)


def test_a_job_that_somebody_else_queued_keeps_no_other_out(
    url: str, store: Store, board: Board
) -> None:
    board.due = [Job("acme", NOW), Job("zenith", NOW)]
    statement = "INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock)"
    ask(url, f"{statement} VALUES ('theirs', 'theirs', %s)", job_queue.key_of(Job("acme", NOW)))

    with working(a_worker(url, store, Told())):
        until(lambda: board.done == [Job("zenith", NOW)], "the other was not done")


def test_a_company_that_left_the_configuration_ends_quietly(
    url: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_runner, "due_jobs", lambda app: left.pop() if left else [])
    left = [[Job("gone", NOW), Job("gone")]]
    told = Told()

    with working(a_worker(url, store, told)):
        until(lambda: not left and told.looks > 2 and not jobs(url), "its jobs stay")

    assert not told.runs + told.failures + told.troubles


# What fails


def test_what_fails_is_tried_again_and_tells_nothing_of_anybody(
    url: str, store: Store, board: Board, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    board.due = [Job("acme", NOW)]
    times: list[float] = []
    board.fails = lambda job: times.append(time.monotonic()) or len(times) < 4
    told = Told()

    with working(a_worker(url, store, told, pace=FAST._replace(poll=0.05, rest=0.2))):
        until(lambda: board.done, "it was not tried often enough")

    assert [job for job, _ in told.failures] == [Job("acme", NOW)] * 3
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert [pause >= rest for pause, rest in zip(pauses, (0.2, 0.4, 0.8), strict=True)] == [
        True
    ] * 3
    assert "Bakker" not in caplog.text


def test_who_rests_keeps_nothing_else_of_the_company_waiting(
    url: str, store: Store, board: Board
) -> None:
    board.due = [Job("acme"), Job("acme", NOW)]
    board.fails = lambda job: job.slot is None
    told = Told()

    with working(a_worker(url, store, told, pace=FAST._replace(rest=3600.0))):
        until(lambda: told.failures and board.done, "the company is blocked")
        board.due.append(Job("acme", NOW + timedelta(hours=1)))
        until(lambda: len(board.done) == 2, "the company is blocked")

    assert jobs(url) == [("acme clock", "todo")]


def test_a_rest_that_a_wrong_clock_has_written_down_is_ended(
    url: str, store: Store, board: Board
) -> None:
    """C1: two days ahead, and then set right."""
    board.due = [Job("acme")]
    board.fails = lambda job: not told.failures
    told = Told()
    statement = "UPDATE procrastinate_jobs SET scheduled_at = now() + interval '2 days'"

    with working(a_worker(url, store, told, pace=FAST._replace(rest=3000.0))):
        until(lambda: told.failures and jobs(url) == [("acme clock", "todo")], "it does not rest")
        assert board.done == []
        ask(url, statement)
        until(lambda: board.done, "it rests for two days")

    assert board.done == [Job("acme")]


def test_in_the_end_it_is_forgotten_and_begins_anew(
    url: str, store: Store, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_queue, "ATTEMPTS", 1)
    board.due = [Job("acme", NOW)]
    board.fails = lambda job: True
    told = Told()

    with working(a_worker(url, store, told, pace=FAST._replace(rest=0.05))):
        until(lambda: len(told.failures) > 4, "it was not deferred anew")

    assert len(jobs(url)) <= 1


def test_a_job_that_was_given_out_and_never_received_is_given_out_again(
    url: str, store: Store, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_queue, "_LOST_REPLY_CHECK_S", 0.2)
    with working(a_worker(url, store, Told())):
        until(lambda: ask(url, "SELECT id FROM procrastinate_workers"), "no worker")
        ((worker,),) = ask(url, "SELECT id FROM procrastinate_workers")
        ask(url, "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, worker_id)"
                 " VALUES ('tenure.clock', 'tenure.do', '{\"company\": \"acme\", \"slot\": null}',"
                 " 'doing', %s)", worker)  # fmt: skip
        until(lambda: board.done == [Job("acme")], "it is stuck")


def test_a_look_that_fails_is_told_and_done_again(
    url: str, store: Store, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    troubles = [StoreUnavailable("no table"), RuntimeError("odd")]

    def due(app: object) -> list[Job]:
        if troubles:
            raise troubles.pop()
        return board.due_jobs(app)

    monkeypatch.setattr(job_runner, "due_jobs", due)
    board.due = [Job("acme", NOW)]
    told = Told()

    with working(a_worker(url, store, told)):
        until(lambda: board.done, "it looks no more")

    assert [str(each) for each in told.troubles] == ["odd", "no table"]


# Stopping


def test_stopped_it_waits_for_what_runs(url: str, store: Store, board: Board) -> None:
    board.due = [Job("acme", NOW), *(Job("zenith", NOW - timedelta(days=n)) for n in range(9))]
    board.takes = 2.0  # longer than it may be without a sign of life

    with working(a_worker(url, store, Told()), a_worker(url, store, Told())) as running:
        until(lambda: board.busy["acme"], "nothing runs")
        running[0].stop.set()
        running[1].stop.set()
        for each in running:
            each.join()

    assert [each.ended for each in running] == [True, True]
    assert sorted(job.company for job in board.done) == ["acme", "zenith"]
    assert board.most == {"acme": 1, "zenith": 1}


def test_what_does_not_end_in_time_is_given_to_others_at_once(
    url: str, store: Store, board: Board
) -> None:
    held = threading.Event()
    board.due = [Job("acme", NOW)]
    board.fails = lambda job: not held.wait(PATIENCE)

    began = time.monotonic()
    with working(a_worker(url, store, Told()), grace=0.2) as (running,):
        until(lambda: board.busy["acme"], "nothing runs")
        running.stop.set()
        running.join()
    assert running.ended is False
    assert time.monotonic() - began < 8
    assert [status for _, status in jobs(url)] == ["todo"]

    board.fails = lambda job: False
    with working(a_worker(url, store, Told())):
        until(lambda: board.done, "nobody took it over")
    held.set()


def test_without_a_job_it_stops_at_once(url: str, store: Store) -> None:
    with working(a_worker(url, store, Told())) as (running,):
        time.sleep(0.5)
        began = time.monotonic()
        running.stop.set()
        running.join()

    assert running.ended is True
    assert time.monotonic() - began < 1.5


# Processes that die


class Endless:
    """A source that says when it was asked, and answers never."""

    pattern = "*.csv"

    def fetch(self, limit: int) -> list[DeliveredFile]:
        print("begun", flush=True)
        threading.Event().wait()
        return []


def endless_look(_: object) -> list[Job]:
    """A look that says when it begins, and comes to no end."""
    print("begun", flush=True)
    threading.Event().wait()
    return []


def endless_worker(url: str, what: str) -> None:
    """A process that never comes to the end of its first job, or its first look."""
    customer = Customer(a_company(), cast(Any, Endless()))
    store = open_postgres(url)
    if what == "look":
        distributed._LOOK_LOST_S, distributed._LOOK_PING_S = 1, 0.2
        job_runner.due_jobs = endless_look
    a_worker(url, store, Told(), Configured(customer)).run(threading.Event(), 0)


def test_a_look_that_was_given_up_is_waited_for_and_not_begun_anew(
    url: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R1: what still looks when it is stopped has not ended, so that the process ends it."""
    over, looks = threading.Event(), list[float]()

    def endless_due(_: object) -> list[Job]:
        looks.append(time.monotonic())
        over.wait(PATIENCE)
        return []

    monkeypatch.setattr(job_runner, "due_jobs", endless_due)
    monkeypatch.setattr(distributed, "_LOOK_TIMEOUT_S", 0.3)
    told = Told()

    with working(a_worker(url, store, told), grace=0.5) as (running,):
        until(lambda: len(told.troubles) > 2, "no look is given up")
        running.stop.set()
        running.join()

    assert running.ended is False
    assert len(looks) == 1
    over.set()


@contextmanager
def endless(url: str, what: str = "job") -> Iterator[subprocess.Popen[str]]:
    """Such a process, in the midst of it."""
    command = [sys.executable, __file__, url, what]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "begun\n"
            yield process
        finally:
            process.kill()


def test_what_a_killed_worker_did_is_done_by_another(
    url: str, store: Store, tmp_path: Path
) -> None:
    store.enrol(["acme"], NOW - timedelta(hours=1))
    told = Told()
    customer = Customer(a_company(), FolderSource(a_delivery(tmp_path / "in", "anna"), "*.csv"))
    worker = a_worker(url, store, told, Configured(customer))

    with endless(url) as process, working(worker):
        time.sleep(2 * FAST.stalled)
        assert not told.runs, "another took what was under way"
        process.kill()
        killed = time.monotonic()
        until(lambda: told.runs, "its company is blocked")
        took = time.monotonic() - killed

    (run,) = told.runs
    assert (run.company, run.slot, run.outcome) == ("acme", NOW, Outcome.APPLIED)
    assert took < 4 * FAST.stalled
    assert told.taken == [Job("acme", NOW)]
    assert jobs(url) == []


def test_a_job_of_which_two_workers_have_died_is_begun_by_a_third_at_once(
    url: str, store: Store, tmp_path: Path
) -> None:
    """R6: it is not the job's fault, and its company waits."""
    store.enrol(["acme"], NOW - timedelta(hours=1))
    for _ in range(2):
        with endless(url) as process:
            process.kill()
    told = Told()
    customer = Customer(a_company(), FolderSource(a_delivery(tmp_path / "in", "anna"), "*.csv"))

    with working(a_worker(url, store, told, Configured(customer), pace=FAST._replace(rest=3000))):
        until(lambda: told.runs, "it rests")

    assert told.taken == [Job("acme", NOW)]


def test_a_worker_that_is_frozen_while_it_looks_keeps_nobody_from_looking(
    url: str, store: Store, board: Board
) -> None:
    """R6: the database ends its look, and what that had locked is free."""
    board.due = [Job("acme", NOW)]

    with endless(url, "look") as process:
        os.kill(process.pid, signal.SIGSTOP)
        with working(a_worker(url, store, Told())):
            until(lambda: board.done, "nobody looks")


def test_workers_that_show_life_keep_their_jobs_whoever_begins(
    url: str, store: Store, board: Board
) -> None:
    """When the database was away, nobody has shown any life for a while."""
    board.due, board.takes = [Job("acme", NOW)], 3.0

    with working(a_worker(url, store, Told())):
        until(lambda: board.busy["acme"], "nothing runs")
        ask(url, "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'")
        with working(a_worker(url, store, Told())):
            until(lambda: board.done, "it does not end")

    assert board.most == {"acme": 1}


def test_a_worker_that_slept_too_long_begins_anew(url: str, store: Store, tmp_path: Path) -> None:
    store.enrol(["acme"], NOW - timedelta(hours=1))
    told = Told()
    customer = Customer(a_company(), FolderSource(a_delivery(tmp_path / "in", "anna"), "*.csv"))

    with endless(url) as process:
        os.kill(process.pid, signal.SIGSTOP)
        with working(a_worker(url, store, told, Configured(customer))):
            until(lambda: told.runs, "its company is blocked")
        with working(a_worker(url, store, told)):  # which forgets who shows no life
            until(lambda: len(ask(url, "SELECT id FROM procrastinate_workers")) == 1, "who is it?")
        os.kill(process.pid, signal.SIGCONT)
        ask(
            url,
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args)"
            """ VALUES ('tenure.clock', 'tenure.do', '{"company": "zenith", "slot": null}')""",
        )
        until(lambda: not jobs(url), "it works no more")
        assert len(ask(url, "SELECT id FROM procrastinate_workers")) == 1


def test_usual_paces_let_another_begin_within_a_minute() -> None:
    pace = Pace()

    assert pace.beat * 3 < pace.stalled
    assert pace.stalled + 1.2 * pace.look + pace.poll + pace.beat < 60


# A database that goes away


def test_it_outlives_a_restart_of_the_database(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distributed, "_CONNECT_TIMEOUT_S", 1.0)
    told = Told()
    with ExitStack() as stack:
        server = stack.enter_context(pgserver.running("fsync=off"))
        url = server.made("outlived")
        migrate_jobs(server.as_owner(url), pgserver.RUNNER)
        store = stack.enter_context(closing(open_postgres(url)))
        board.due, board.takes = [Job("acme", NOW)], 1.5
        (running,) = stack.enter_context(working(a_worker(url, store, told)))
        until(lambda: board.busy["acme"], "nothing runs")

        control(server, "stop", "-m", "fast")
        until(lambda: board.done, "the job did not end")
        until(lambda: told.troubles, "nobody was told")
        control(server, "start", "-l", str(server.directory / "log"))

        board.due.append(Job("zenith", NOW))
        until(lambda: Job("zenith", NOW) in board.done, "it does not come back")
        until(lambda: not jobs(url), "a job is stuck")
        assert running.is_alive()

    assert Counter(board.done) == {Job("acme", NOW): 1, Job("zenith", NOW): 1}
    assert all(isinstance(each, StoreUnavailable) for each in told.troubles)


def control(server: pgserver.Server, *command: str) -> None:
    """Has `pg_ctl` do something to the server."""
    user = pgserver._user(server.directory)
    flags = ["-o", f"-c listen_addresses= -c unix_socket_directories={server.directory}"]
    more = flags if command[0] == "start" else []
    pgserver._run(
        user, pgserver._programs() / "pg_ctl", "-D", server.directory / "data", "-w", "-s",
        *command, *more,
    )  # fmt: skip


def test_a_database_that_is_gone_without_a_word_is_noticed() -> None:
    """R6: within half a minute, by whatever waits for it; unless the URL says otherwise."""
    told = conninfo_to_dict(connecting.conninfo_of("postgresql://db.example/x?keepalives_idle=99"))

    assert told["keepalives_idle"] == "99"
    assert int(told["keepalives_interval"]) * int(told["keepalives_count"]) <= 15
    assert told["tcp_user_timeout"] == "30000"
    assert int(told["connect_timeout"]) == 10


def test_jobs_go_through_a_pooler_in_session_mode(
    url: str, store: Store, tmp_path: Path, postgres: pgserver.Server
) -> None:
    """R3: and so does the store."""
    store.enrol(["acme"], NOW - timedelta(hours=1))
    told = Told()
    customer = Customer(a_company(), FolderSource(a_delivery(tmp_path / "in", "anna"), "*.csv"))
    with (
        pgbouncer.running(postgres, url) as pooled,
        closing(open_postgres(pooled)) as through,
        working(a_worker(pooled, through, told, Configured(customer))),
    ):
        until(lambda: told.runs, "it was not done")

    (run,) = told.runs
    assert (run.company, run.slot, run.outcome) == ("acme", NOW, Outcome.APPLIED)
    assert told.troubles == []
    assert store.company_state("acme").served(NOW)


def test_connections_that_are_cut_are_made_anew(
    url: str, store: Store, board: Board, postgres: pgserver.Server
) -> None:
    with working(a_worker(url, store, Told())) as (running,):
        for number in range(3):
            board.due.append(Job("acme", NOW + timedelta(hours=number)))
            until(lambda wanted=number: len(board.done) > wanted, "it works no more")
            name = conninfo_to_dict(url)["dbname"]
            postgres.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                f"WHERE datname = '{name}' AND pid <> pg_backend_pid()"
            )
        assert running.is_alive()


if __name__ == "__main__":
    endless_worker(*sys.argv[1:])
