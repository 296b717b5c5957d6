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

from adapters.company_settings import Customer
from adapters.errors import SettingsError
from adapters.progress import UNWATCHED, Progress
from adapters.settings import Settings
from adapters.sources.folder import FolderSource
from adapters.sources.source import Keeper, PickUp
from adapters.store import connecting
from adapters.store.errors import StoreUnavailable
from adapters.store.postgres import open_postgres
from adapters.store.store import Store
from adapters.use_cases.observer import Observer
from adapters.use_cases.schedule import Job
from adapters.worker import distributed, job_runner
from adapters.worker.configuration import Configuration
from adapters.worker.distributed import DistributedWorker
from adapters.worker.job_schema import SCHEMA, SET_SEARCH_PATH, migrate_jobs, require_jobs
from adapters.worker.resting import Pace
from domain.company_runs.events import RunKind
from domain.employee.events import State
from domain.outcome import Outcome
from domain.schedule import Schedule, Schedules
from projections.runs import RunDocument
from tests.adapters import pgbouncer, pgserver
from tests.given import NOW, a_company
from tests.strategies import TORTURE

FAST = Pace(look=1, poll=0.2, stalled=1.5, rest=1)
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
        self.look: Callable[[], object] = lambda: None
        self._lock = threading.Lock()

    def due_jobs(self, _: object) -> list[Job]:
        self.look()
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
    """Returns the arguments and the status of each job in the queues, apart from looks."""
    found = "SELECT args, status FROM procrastinate_jobs WHERE task_name = 'tenure.do' ORDER BY id"
    return ask(url, found)


def add(
    url: str, company: str, slot: datetime | None, status: str = "todo", tried: int = 0
) -> None:
    """Adds a job to a queue; no worker does it if its status is `doing`."""
    slot_text = f'"{slot.isoformat()}"' if slot else "null"
    ask(url, "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, attempts)"
             " VALUES ('tenure.imports', 'tenure.do', %s, %s, %s)",
        f'{{"company": "{company}", "slot": {slot_text}}}', status, tried)  # fmt: skip


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

    # when
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: migrate_jobs(fresh), range(4)))

    # then
    require_jobs(fresh)
    before = ask(fresh, "SELECT oid, relname FROM pg_class ORDER BY 1")
    migrate_jobs(fresh)
    assert ask(fresh, "SELECT oid, relname FROM pg_class ORDER BY 1") == before
    where = "SELECT DISTINCT schemaname FROM pg_tables WHERE tablename LIKE 'procrastinate%%'"
    assert ask(fresh, where) == [(SCHEMA,)]
    assert ask(fresh, "SELECT 1 FROM pg_tables WHERE schemaname = 'public'") == []


@pytest.mark.parametrize("comment", ["'99.01_a.sql'", "NULL"])
def test_the_schema_of_another_release_is_refused_until_it_is_made_anew(
    url: str, store: Store, postgres: pgserver.Server, comment: str
) -> None:
    """Workers refuse tables of another release. A migration makes them anew, with the rights."""
    # given
    owner = postgres.as_owner(url)
    ask(owner, f"COMMENT ON SCHEMA {SCHEMA} IS {comment}")
    ask(owner, "ALTER TABLE procrastinate_jobs DROP COLUMN attempts")
    assert "another release" in refused(url)
    with pytest.raises(StoreUnavailable, match="another release"):
        a_worker(url, store, Spy())

    # when
    migrate_jobs(owner, pgserver.RUNNER)

    # then
    require_jobs(url)
    add(url, "acme", NOW)
    assert [status for _, status in jobs(url)] == ["todo"]


def test_a_role_that_cannot_make_the_schema_gets_the_statement_for_it(
    fresh: str, postgres: pgserver.Server
) -> None:
    """A role without the right to make the schema gets the statement for a role with that right."""
    # given
    runner = fresh.replace(f"//{pgserver.OWNER}@", f"//{pgserver.RUNNER}@")
    made_by_administrator = f"CREATE SCHEMA tenure_jobs AUTHORIZATION {pgserver.RUNNER}"
    with pytest.raises(StoreUnavailable) as raised:
        migrate_jobs(runner)
    assert "run CREATE SCHEMA tenure_jobs AUTHORIZATION" in raised.value.hint

    # when
    postgres.execute(made_by_administrator, database=str(conninfo_to_dict(fresh)["dbname"]))
    migrate_jobs(runner)

    # then
    require_jobs(runner)

    # when
    ask(runner, "COMMENT ON SCHEMA tenure_jobs IS 'another release'")
    with pytest.raises(StoreUnavailable) as raised:
        migrate_jobs(runner)

    # then
    assert "run DROP SCHEMA tenure_jobs CASCADE; CREATE SCHEMA" in raised.value.hint
    assert jobs(runner) == []


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE procrastinate_jobs",
        "TRUNCATE procrastinate_jobs",
        "CREATE TABLE mine (a TEXT)",
        "COMMENT ON SCHEMA tenure_jobs IS 'mine'",
        "CREATE OR REPLACE FUNCTION procrastinate_update_heartbeat_v1(worker_id bigint)"
        " RETURNS void LANGUAGE sql AS ''",
    ],
)
def test_the_role_of_a_worker_cannot_change_the_schema(url: str, statement: str) -> None:
    """The role that runs a worker cannot change tables, functions or the version."""
    # when / then
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(url, statement)


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


def due(store: Store, directory: Path, *keys: str, **leave: datetime) -> Configured:
    """Returns a configuration of companies with one source, for which the slot at `NOW` is due."""
    source = FolderSource(a_delivery(directory / "in", "anna", **leave), "*.csv")
    store.schedule.enrol(keys, NOW - timedelta(hours=1))
    return Configured(*(Customer(replace(a_company(), key=key), source) for key in keys))


@pytest.mark.torture
@pytest.mark.parametrize("listen", [True, False] if TORTURE else [True])
def test_every_slot_is_served_once_by_several_workers(
    url: str, store: Store, tmp_path: Path, listen: bool
) -> None:
    """R3: Several workers together serve each company once for a slot, though jobs come twice."""
    # given
    configured = due(store, tmp_path, *(f"c{number}" for number in range(12)))
    for number in range(6):
        add(url, f"c{number}", NOW)
        add(url, f"c{number}", NOW)
    observers = [Spy() for _ in range(3)]

    # when
    with working(*(a_worker(url, store, each, configured, listen=listen) for each in observers)):
        until(lambda: sum(len(each.runs) for each in observers) >= 12, "too few runs")
        until(lambda: not jobs(url), "jobs are left in the queue")
        looks = sum(each.looks for each in observers)
        until(lambda: sum(each.looks for each in observers) > looks + 1, "no look")

    # then
    runs = [run for each in observers for run in each.runs]
    assert Counter(run.company for run in runs) == {f"c{n}": 1 for n in range(12)}
    assert {(run.kind, run.slot, run.outcome) for run in runs} == {
        (RunKind.IMPORT, NOW, Outcome.APPLIED)
    }
    assert ask(url, "SELECT count(*) FROM procrastinate_workers") == [(0,)]
    assert not [each for spy in observers for each in (*spy.failures, *spy.troubles, *spy.taken)]


@pytest.mark.torture
def test_each_slot_has_one_run_at_most_when_clocks_jump(
    url: str, store: Store, tmp_path: Path
) -> None:
    """R3, R5, C1: Each slot has one run at most when machines were down or their clocks jump."""
    # given
    schedule, hour, day = Schedule(), timedelta(hours=1), timedelta(days=1)
    every = Schedules(schedule)
    configured = due(store, tmp_path, "a", "b", bram=NOW + 5 * day)
    latest, expected, now = NOW - hour, list[datetime](), NOW

    # when
    more = (hour, 26 * hour, 400 * day, 2 * day, -2 * day) if TORTURE else ()
    for passed in (0 * hour, 8 * day, -3 * hour, *more):
        now += passed
        slot = schedule.due_slot(latest, now)
        latest, expected = slot or latest, [*expected, *([slot] if slot else [])]
        observers = [Spy() for _ in range(2)]
        with working(*(a_worker(url, store, each, configured, lambda: now) for each in observers)):  # noqa: B023
            until(lambda: all(imported(store, key) == expected for key in "ab"), "not served")  # noqa: B023
            until(lambda: not store.roster.due_companies(every, now), "a clock job is still due")  # noqa: B023
            until(lambda: sum(each.looks for each in observers) > 1, "no worker looks")  # noqa: B023

        # then
        assert [imported(store, key) for key in "ab"] == [expected, expected]
        assert jobs(url) == []
    for key in "ab":
        states = {each.details.first_name: each.state for each in store.roster.employees(key)}
        assert states == {"Anna": State.ACTIVE, "Bram": State.DEACTIVATED}


def imported(store: Store, company: str) -> list[datetime | None]:
    """Returns the slots of a company's imports."""
    runs = (record.ended for record in store.runs.every(company))
    return [run.slot for run in runs if run.run_kind is RunKind.IMPORT]


def test_a_job_holds_company_and_slot_and_nothing_else(
    url: str, store: Store, board: Board
) -> None:
    """A queued job stores its company and its slot, and no other data. It is queued once."""
    # given
    board.due = [Job("acme"), Job("acme", NOW)]
    board.takes = 2.5
    observer = Spy()

    # when
    with working(a_worker(url, store, observer)):
        until(lambda: observer.looks > 1 and len(jobs(url)) == 2, "no job is queued")
        found = jobs(url)
        until(lambda: len(board.done) == 2, "some jobs were not done")

    # then
    assert found == [
        ({"company": "acme", "slot": None}, "doing"),
        ({"company": "acme", "slot": "2027-03-01T02:45:00Z"}, "doing"),
    ]
    assert len(board.done) == len(set(board.done)) == 2


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


def test_one_worker_looks_at_a_time(url: str, store: Store, board: Board) -> None:
    """While a worker looks for due jobs, no other looks. The others say that they stand aside."""
    # given
    looking, held = threading.Semaphore(1), threading.Event()
    board.due, together = [Job("acme", NOW)], list[bool]()

    def look() -> None:
        together.append(not looking.acquire(blocking=False))
        held.wait(TIMEOUT_S)
        looking.release()

    board.look = look
    observers = [Spy() for _ in range(3)]

    # when
    with working(*(a_worker(url, store, each) for each in observers)):
        until(lambda: sum(each.aside > 2 for each in observers) == 2, "nobody stands aside")

        # then
        assert together == [False]
        assert board.done == []

        # when
        held.set()
        until(lambda: board.done and len(together) > 5, "no worker looks again")

    # then
    assert not any(together)
    assert not [each for spy in observers for each in spy.troubles]


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


def test_the_jobs_of_a_removed_company_end_without_a_failure(url: str, store: Store) -> None:
    """The jobs of a company that is no longer configured end without a run or a failure."""
    # given
    add(url, "gone", NOW)
    add(url, "gone", None)
    observer = Spy()

    # when
    with working(a_worker(url, store, observer)):
        until(lambda: observer.looks > 2 and not jobs(url), "the jobs stay")

    # then
    assert not observer.runs + observer.failures + observer.troubles


# Failures


def test_a_failed_job_is_tried_again_and_its_error_is_not_logged(
    url: str, store: Store, board: Board, caplog: pytest.LogCaptureFixture
) -> None:
    """R6: A failed job is tried again after growing rests. The log does not quote its error, and
    other jobs of the company do not wait."""
    # given
    caplog.set_level("DEBUG")
    board.due = [Job("acme", NOW), Job("acme")]
    times: list[float] = []
    board.fails = lambda job: job.slot == NOW and (times.append(time.monotonic()) or len(times) < 3)  # type: ignore[func-returns-value]
    observer = Spy()

    # when
    with working(a_worker(url, store, observer)):
        until(lambda: len(board.done) == 2, "the job was not tried often enough")

    # then
    assert board.done == [Job("acme"), Job("acme", NOW)]
    assert [job for job, _ in observer.failures] == [Job("acme", NOW)] * 2
    first, second = (later - earlier for earlier, later in pairwise(times))
    assert (first >= 1, second >= 2) == (True, True)
    assert "Bakker" not in caplog.text


@pytest.mark.torture
@pytest.mark.parametrize("status", ["todo", "doing"] if TORTURE else ["doing"])
def test_a_job_that_fails_for_days_rests_for_an_hour(
    url: str, store: Store, board: Board, status: str
) -> None:
    """R6: After many failures, or many deaths of workers, a job rests for an hour. No look deletes
    it, though the clock that set the end of its rest may be ahead."""
    # given
    resting = (
        "SELECT attempts, scheduled_at - now() FROM procrastinate_jobs"
        " WHERE task_name = 'tenure.do' AND status = 'todo' AND scheduled_at > now()"
    )
    add(url, "acme", NOW, status, tried=100)
    board.due, board.fails = [Job("acme", NOW)], lambda job: True
    observer = Spy()

    # when
    with working(a_worker(url, store, observer, pace=FAST._replace(rest=60))):
        until(lambda: ask(url, resting), "the job does not rest")
        ((_, rest),) = ask(url, resting)
        ask(url, "UPDATE procrastinate_jobs SET scheduled_at = scheduled_at + interval '5 minutes'"
                 " WHERE task_name = 'tenure.do'")  # fmt: skip
        looks = observer.looks
        until(lambda: observer.looks > looks + 2, "no look")

    # then
    assert timedelta(minutes=59) < rest <= timedelta(hours=1)
    assert [attempts for attempts, _ in ask(url, resting)] == [101]


ENDS = [("tenure.do", True), ("tenure.do", False), ("tenure.look", False)]


@pytest.mark.torture
@pytest.mark.parametrize(("task", "fails"), ENDS if TORTURE else ENDS[:1])
def test_a_job_whose_end_could_not_be_stored_blocks_nothing(
    url: str, store: Store, board: Board, postgres: pgserver.Server, task: str, fails: bool
) -> None:
    """R6: When the database refuses once to store how a job or a look ended, the worker forgets it
    after two looks, and does the job again when it is due again."""
    # given
    ask(postgres.as_owner(url), f"""
        CREATE SEQUENCE refusals;
        CREATE FUNCTION refuse_once() RETURNS trigger SECURITY DEFINER LANGUAGE plpgsql AS $$ BEGIN
            IF nextval('{SCHEMA}.refusals') = 1 THEN RAISE 'refused'; END IF;
            RETURN coalesce(NEW, OLD);
        END $$;
        CREATE TRIGGER refusing BEFORE UPDATE OR DELETE ON procrastinate_jobs FOR EACH ROW
            WHEN (OLD.status = 'doing' AND OLD.task_name = '{task}') EXECUTE FUNCTION refuse_once();
    """)  # fmt: skip
    board.due = [Job("acme", NOW)]
    board.fails = lambda job: fails and not observer.failures
    observer = Spy()

    # when
    with working(a_worker(url, store, observer)):
        until(lambda: board.done, "the job is not done")
        board.due.append(Job("acme", NOW))
        until(lambda: len(board.done) == 2, "the company is blocked")
        until(lambda: not jobs(url), "a job is stuck")

    # then
    assert ask(postgres.as_owner(url), "SELECT last_value > 1 FROM refusals") == [(True,)]
    assert board.most == {"acme": 1}
    assert observer.taken == []


def test_a_rest_that_a_wrong_clock_made_too_long_is_ended(
    url: str, store: Store, board: Board
) -> None:
    """C1: A clock job does not rest for two days when a machine's clock was two days ahead."""
    # given
    board.due = [Job("acme")]
    board.fails = lambda job: not observer.failures
    observer = Spy()
    with working(a_worker(url, store, observer, pace=FAST._replace(rest=3000))):
        until(lambda: observer.failures and jobs(url)[0][1] == "todo", "no rest")
        assert board.done == []

        # when
        ask(url, "UPDATE procrastinate_jobs SET scheduled_at = now() + interval '2 days'"
                 " WHERE task_name = 'tenure.do'")  # fmt: skip
        until(lambda: board.done, "the job rests for two days")

    # then
    assert board.done == [Job("acme")]


def test_a_failed_look_is_reported_and_repeated(url: str, store: Store, board: Board) -> None:
    """A look for due jobs that fails is reported, and the worker looks again."""
    # given
    troubles = [StoreUnavailable("no table"), RuntimeError("odd")]

    def fail() -> None:
        if troubles:
            raise troubles.pop()

    board.look, board.due = fail, [Job("acme", NOW)]
    observer = Spy()

    # when
    with working(a_worker(url, store, observer)):
        until(lambda: board.done, "the worker does not look again")

    # then
    assert [str(each) for each in observer.troubles] == ["odd", "no table"]


def test_a_look_that_was_given_up_is_not_started_again(
    url: str, store: Store, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R1: A look that was given up is not started again while it runs. A worker that is stopped
    meanwhile reports that not everything ended."""
    # given
    over, looks = threading.Event(), list[float]()
    board.look = lambda: (looks.append(time.monotonic()), over.wait(TIMEOUT_S))
    monkeypatch.setattr(distributed, "LOOK_TIMEOUT_S", 0.3)
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


# Stopping


def test_a_stopped_worker_waits_for_its_running_job(url: str, store: Store, board: Board) -> None:
    """A stopped worker finishes the running job. No other worker takes the job meanwhile."""
    # given
    board.due, board.takes = [Job("acme", NOW)], 2.0
    pace, observer = FAST._replace(stalled=10), Spy()
    with working(a_worker(url, store, Spy(), pace=pace)) as (running,):
        until(lambda: board.busy["acme"], "no job runs")

        # when
        with working(a_worker(url, store, observer, pace=pace)):
            running.stop.set()
            running.join()

    # then
    assert running.ended is True
    assert board.done == [Job("acme", NOW)]
    assert observer.taken == []


def test_a_job_that_exceeds_the_grace_goes_to_another_worker(
    url: str, store: Store, board: Board
) -> None:
    """A job that does not end within the grace of a stopped worker is done by another worker."""
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
    assert jobs(url) == []

    # when
    board.fails = lambda job: False
    with working(a_worker(url, store, Spy())):
        # then
        until(lambda: board.done, "no worker took the job over")
    held.set()


def test_a_worker_without_a_job_stops_at_once(url: str, store: Store) -> None:
    """A worker without a running job stops at once."""
    # given
    observer = Spy()
    with working(a_worker(url, store, observer)) as (running,):
        until(lambda: observer.looks, "no look")

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
    place = "nowhere"

    def fetch(self, limit: int, keeper: Keeper, progress: Progress = UNWATCHED) -> PickUp:
        print("begun", flush=True)
        threading.Event().wait()
        return PickUp([])


def endless_worker(url: str, what: str) -> None:
    """Runs a worker whose first job, or whose first look, never ends."""
    customer = Customer(a_company(), cast(Any, Endless()))
    store = open_postgres(url)
    if what == "look":
        job_runner.due_jobs = lambda _: Endless().fetch(0, cast(Any, None))  # type: ignore
    a_worker(url, store, Spy(), Configured(customer)).run(threading.Event(), 0)


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
    """R1, R6: Another worker takes over the job of a killed worker, but not the job of a live one.
    The job does not rest, though two workers died during it."""
    # given
    configured = due(store, tmp_path, "acme")
    with endless(url) as process:
        process.kill()
    observer = Spy()
    pace = FAST._replace(rest=3000)
    with endless(url) as process, working(a_worker(url, store, observer, configured, pace=pace)):
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


def test_a_job_that_workers_die_of_rests(url: str, store: Store, board: Board) -> None:
    """R6: A job rests after the fourth worker has died during it, and other jobs do not wait. A job
    without a worker, for example after a lost reply, counts as a dead worker's."""
    # given
    add(url, "poison", NOW, "doing", tried=3)
    add(url, "acme", NOW, "doing", tried=2)
    observer = Spy()

    # when
    with working(a_worker(url, store, observer, pace=FAST._replace(rest=3000))):
        until(lambda: len(observer.taken) == 2, "the jobs are not taken over")
        until(lambda: board.done and observer.looks > 3, "the other company waits")

    # then
    assert board.done == [Job("acme", NOW)]
    assert [status for _, status in jobs(url)] == ["todo"]


def test_a_worker_frozen_while_it_looks_does_not_block_other_workers(
    url: str, store: Store, board: Board
) -> None:
    """R6: When the worker that looks is frozen, another worker looks instead."""
    # given
    board.due = [Job("acme", NOW)]
    with endless(url, "look") as process:
        os.kill(process.pid, signal.SIGSTOP)

        # when / then
        with working(a_worker(url, store, Spy())):
            until(lambda: board.done, "no worker looks")


def test_a_worker_that_was_frozen_and_forgotten_works_again(
    url: str, store: Store, tmp_path: Path
) -> None:
    """A worker that was frozen until the others forgot it does jobs again when it wakes up."""
    # given
    configured = due(store, tmp_path, "acme")
    observer = Spy()
    with endless(url) as process:
        os.kill(process.pid, signal.SIGSTOP)
        with working(a_worker(url, store, observer, configured)):
            until(lambda: observer.runs, "the company is blocked")
        with working(a_worker(url, store, observer)):  # forgets silent workers
            until(lambda: ask(url, "SELECT id FROM procrastinate_workers"), "no worker")

        # when
        os.kill(process.pid, signal.SIGCONT)
        add(url, "zenith", None)

        # then
        until(lambda: not jobs(url), "the worker does no more jobs")


def test_by_default_a_job_is_taken_over_within_a_minute() -> None:
    """With the default pace, another worker takes over a job within a minute. A worker that stops
    with the default grace of 25 seconds keeps its jobs."""
    # given
    pace = Pace()

    # when / then
    assert pace.stalled + pace.look + pace.poll < 60
    assert pace.stalled >= 25 + pace.stalled / 6


# Loss of the database


@contextmanager
def own_server() -> Iterator[tuple[pgserver.Server, str, Store]]:
    """Yields a server that a test may disturb, a database on it with jobs, and its store."""
    with pgserver.running("fsync=off") as server:
        url = server.made("disturbed")
        migrate_jobs(server.as_owner(url), pgserver.RUNNER)
        with closing(open_postgres(url)) as store:
            yield server, url, store


@contextmanager
def stopped(server: pgserver.Server) -> Iterator[None]:
    """Stops the database for the time of the `with`."""
    flags = f"-c listen_addresses= -c unix_socket_directories={server.directory}"
    control(server, "stop", "-m", "fast")
    yield
    control(server, "start", "-l", str(server.directory / "log"), "-o", flags)


def control(server: pgserver.Server, *command: str) -> None:
    """Runs a command of `pg_ctl` on the server."""
    program, data = pgserver.find_programs() / "pg_ctl", server.directory / "data"
    pgserver.run_as(pgserver.user_for(server.directory), program, "-D", data, "-w", "-s", *command)


@contextmanager
def frozen(server: pgserver.Server) -> Iterator[None]:
    """Lets all processes of the database stand still for the time of the `with`."""
    first = (server.directory / "data" / "postmaster.pid").read_text().split()[0]
    others = Path(f"/proc/{first}/task/{first}/children").read_text().split()
    for process in (first, *others):
        os.kill(int(process), signal.SIGSTOP)
    try:
        yield
    finally:
        for process in (first, *others):
            os.kill(int(process), signal.SIGCONT)


@pytest.mark.torture
@pytest.mark.slow
@pytest.mark.parametrize(
    ("loss", "reports"), [(stopped, 1), (frozen, 3)] if TORTURE else [(stopped, 1)]
)
def test_a_worker_survives_the_loss_of_the_database(
    board: Board, monkeypatch: pytest.MonkeyPatch, loss: Callable[..., Any], reports: int
) -> None:
    """A worker reports the loss of the database again and again, ends its job, and goes on when
    the database is back."""
    # given
    monkeypatch.setattr(distributed, "CONNECT_TIMEOUT_S", 1.0)
    monkeypatch.setattr(distributed, "LOOK_TIMEOUT_S", 1.0)
    observer = Spy()
    with ExitStack() as stack:
        server, url, store = stack.enter_context(own_server())
        board.due, board.takes = [Job("acme", NOW)], 1.5
        # The worker does not ask for jobs so soon: its signs of life show the loss.
        worker = a_worker(url, store, observer, pace=FAST._replace(poll=2))
        (running,) = stack.enter_context(working(worker))
        until(lambda: board.busy["acme"], "no job runs")

        # when
        with loss(server):
            until(lambda: board.done, "the job did not end")
            until(lambda: len(observer.troubles) >= reports, "the loss is not reported")
        board.due.append(Job("zenith", NOW))

        # then
        until(lambda: Job("zenith", NOW) in board.done, "the worker does not come back")
        until(lambda: not jobs(url), "a job is stuck")
        assert running.is_alive()
    assert board.most == {"acme": 1, "zenith": 1}
    assert {type(each) for each in observer.troubles} <= {StoreUnavailable, TimeoutError}


@pytest.mark.slow
def test_a_worker_stops_in_time_while_the_database_stands_still(board: Board) -> None:
    """A worker stops within the grace and a few seconds though the database does not answer. It
    reports that not everything ended."""
    # given
    with ExitStack() as stack:
        server, url, store = stack.enter_context(own_server())
        board.due, board.takes = [Job("acme", NOW)], 0.5
        (running,) = stack.enter_context(working(a_worker(url, store, Spy()), grace=1))
        until(lambda: board.busy["acme"], "no job runs")

        # when
        with frozen(server):
            began = time.monotonic()
            running.stop.set()
            running.join()
            took = time.monotonic() - began

    # then
    assert running.ended is False
    assert took < 1 + 5 + 1


def test_a_connection_notices_within_half_a_minute_that_the_database_is_gone() -> None:
    """R6: A connection notices within half a minute that the database is gone. Parameters in the
    URL take precedence."""
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
    configured = due(store, tmp_path, "acme")
    observer = Spy()

    # when
    with (
        pgbouncer.running(postgres, url) as pooled,
        closing(open_postgres(pooled)) as through,
        working(a_worker(pooled, through, observer, configured, listen=False)),
    ):
        until(lambda: observer.runs, "the job was not done")

    # then
    (run,) = observer.runs
    assert (run.company, run.slot, run.outcome) == ("acme", NOW, Outcome.APPLIED)
    assert observer.troubles == []
    assert store.runs.company_state("acme").served(NOW)


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
