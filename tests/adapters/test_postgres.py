"""What is PostgreSQL's own: its schema, roles, URL and failures, and who waits for whom."""

from __future__ import annotations

import logging
import os
import random
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from itertools import chain, count
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from msgspec.structs import replace

from adapters.settings import Settings
from adapters.store.commit import Commit
from adapters.store.errors import Conflict, StoreUnavailable
from adapters.store.opening import Database, PostgresUrl
from adapters.store.postgres import open_postgres
from adapters.store.postgres_schema import migrate
from adapters.store.schema import TABLES, VERSION, added_since
from adapters.store.store import Store
from adapters.use_cases.clock import pass_clock
from adapters.use_cases.import_delivery import import_delivery
from domain.company import Company, Policy
from domain.company_runs.state import CompanyState
from domain.ids import company_stream_id
from domain.outcome import Outcome
from domain.schedule import Schedule
from projections import runs
from projections.tables import Operation, Write
from tests.adapters import importer, pgserver, relay
from tests.adapters.conftest import OpenStore
from tests.adapters.relay import Relay
from tests.adapters.steps import (
    Watch,
    a_customer,
    a_run,
    app_of,
    commit_of,
    delivered,
    other_company,
    said_nothing,
    stored,
)
from tests.databases import undone_since
from tests.given import a_company, moment, plan

TORTURE = bool(os.environ.get("TENURE_TORTURE"))
TWO = """
    email,first_name,last_name,external_id,offboarding_date
    anna@acme.example,Anna,Bakker,1,2027-04-20
    bram@acme.example,Bram,Smit,2,
"""
SECRET = "hush-9Zq"
PATIENCE = 30
"""Seconds after which a test gives up waiting."""

_names = count()


def free(key: str = "acme") -> Company:
    """A company without a safeguard."""
    return replace(
        a_company(),
        key=key,
        policy=Policy(
            max_offboardings=0, max_registrations=0, max_email_changes=0, max_rejected_rows=0
        ),
    )


def many(number: int, group: Callable[[int], str] = lambda _: "Sales") -> bytes:
    """A file of so many people."""
    rows = (
        f"p{each}@acme.example,First{each},Last{each},x{each},{group(each)}\n"
        for each in range(number)
    )
    return ("email,first_name,last_name,external_id,group_name\n" + "".join(rows)).encode()


@pytest.fixture
def database(postgres: pgserver.Server) -> Database:
    """Only here, always PostgreSQL."""
    return PostgresUrl(postgres.emptied())


@pytest.fixture
def url(database: PostgresUrl) -> str:
    """The same, as the role that runs the product."""
    return database.url


@pytest.fixture
def fresh(postgres: pgserver.Server) -> Iterator[str]:
    """A database without a schema, as its owner."""
    name = f"fresh_{next(_names)}"
    postgres.execute(f"CREATE DATABASE {name} OWNER {pgserver.OWNER}")
    yield postgres.url(name, pgserver.OWNER)
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def way(postgres: pgserver.Server) -> Iterator[Relay]:
    """The server by TCP, on a way that may go dead."""
    with relay.relaying(postgres.directory / ".s.PGSQL.5432") as found:
        yield found


def ask(url: str, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
    """What the database says, without the store."""
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute(statement.encode(), parameters)
        return found.fetchall() if found.description else []


def as_superuser(url: str) -> str:
    """The same database, for who may do anything."""
    for role in (pgserver.RUNNER, pgserver.OWNER):
        url = url.replace(f"//{role}@", "//postgres@")
    return url


def problem_of(error: BaseException) -> str:
    """The sentence of a `StoreUnavailable`."""
    assert isinstance(error, StoreUnavailable)
    assert "\n" not in error.problem
    return error.problem


def refused(url: str) -> str:
    """Why the store at this URL cannot be opened, and what to do."""
    with pytest.raises(StoreUnavailable) as raised:
        open_postgres(url)
    return f"{problem_of(raised.value)}; {raised.value.hint}"


# The schema


def test_the_schema_is_made_once(fresh: str) -> None:
    """`tenure migrate` creates all tables in an empty database, and a second migration changes
    nothing."""
    # when
    assert migrate(fresh) == 0
    before = ask(fresh, "SELECT oid, relname FROM pg_class ORDER BY 1")
    assert migrate(fresh) == VERSION

    # then
    tables = {name for (name,) in ask(fresh, "SELECT tablename FROM pg_tables "
                                             "WHERE schemaname = 'public'")}  # fmt: skip
    assert tables == {"tenure_schema", *(table.name for table in TABLES)}
    assert ask(fresh, "SELECT version FROM tenure_schema") == [(VERSION,)]
    assert ask(fresh, "SELECT oid, relname FROM pg_class ORDER BY 1") == before
    with closing(open_postgres(fresh)) as store:
        stored(store, TWO)


def test_the_schema_is_made_once_by_several_migrations_at_once(fresh: str) -> None:
    """When four migrations run at once, one of them creates the schema and the others find it."""
    # when
    with ThreadPoolExecutor(4) as pool:
        found = sorted(pool.map(lambda _: migrate(fresh), range(4)))

    # then
    assert found == [0, VERSION, VERSION, VERSION]
    assert ask(fresh, "SELECT version FROM tenure_schema") == [(VERSION,)]


def test_employees_survive_a_second_migration(store: Store, url: str) -> None:
    """A migration of an up-to-date database leaves the stored employees as they were."""
    # given
    stored(store, TWO)
    before = list(store.roster.employees("acme"))

    # when
    migrate(url.replace(f"//{pgserver.RUNNER}@", f"//{pgserver.OWNER}@"), pgserver.RUNNER)

    # then
    assert list(store.roster.employees("acme")) == before


def test_a_newer_schema_is_refused_and_left_alone(fresh: str) -> None:
    """A schema of a newer release is refused by migration and by the store, with both version
    numbers, and stays as it was."""
    # given
    migrate(fresh)
    ask(fresh, "UPDATE tenure_schema SET version = %s", VERSION + 1)

    # when / then
    with pytest.raises(StoreUnavailable) as raised:
        migrate(fresh)

    for sentence in (problem_of(raised.value), refused(fresh)):
        assert f"version {VERSION + 1}" in sentence
        assert f"needs {VERSION}" in sentence
    assert ask(fresh, "SELECT version FROM tenure_schema") == [(VERSION + 1,)]


@pytest.mark.parametrize("version", range(1, VERSION))
def test_an_older_schema_is_refused_until_it_is_upgraded(fresh: str, version: int) -> None:
    """The store refuses a schema of an earlier version, which had fewer tables, and says to run
    `tenure migrate`; after the migration the store opens."""
    # given
    migrate(fresh)
    for statement in undone_since(version):
        ask(fresh, statement)
    ask(fresh, "UPDATE tenure_schema SET version = %s", version)

    # when / then
    sentence = refused(fresh)
    assert f"version {version} " in sentence
    assert f"needs {VERSION}" in sentence
    assert "tenure migrate" in sentence
    assert migrate(fresh) == version
    open_postgres(fresh).close()
    assert ask(fresh, "SELECT version FROM tenure_schema") == [(VERSION,)]
    for table in added_since(version):
        assert ask(fresh, f"SELECT count(*) FROM {table.name}") == [(0,)]


def test_a_database_without_a_schema_is_refused_and_left_alone(fresh: str) -> None:
    """The store refuses a database without a schema, says to run `tenure migrate`, and creates no
    table."""
    # when / then
    assert "tenure migrate" in refused(fresh)
    assert ask(fresh, "SELECT 1 FROM pg_tables WHERE schemaname = 'public'") == []


def test_a_migration_that_fails_leaves_nothing(fresh: str) -> None:
    """A migration that fails is explained with its cause and leaves no table behind."""
    # when
    with pytest.raises(StoreUnavailable) as raised:
        migrate(fresh, "no such role")

    # then
    assert "no such role" in problem_of(raised.value)
    assert ask(fresh, "SELECT 1 FROM pg_tables WHERE schemaname = 'public'") == []


def test_a_role_that_must_not_create_tables_is_told_so(
    fresh: str, postgres: pgserver.Server
) -> None:
    """A migration by a role without the right to create tables fails with the message of the
    database."""
    # given
    postgres.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC", database=fresh_name(fresh))

    # when / then
    with pytest.raises(StoreUnavailable) as raised:
        migrate(fresh.replace(f"//{pgserver.OWNER}@", f"//{pgserver.RUNNER}@"))

    assert "permission denied" in problem_of(raised.value)


def fresh_name(url: str) -> str:
    """The name of the database in a URL."""
    return url.rpartition("/")[0].partition("@/")[2].partition("?")[0]


@pytest.mark.parametrize("role", ['o"dd', "drop table runs; --", "Zoë"])
def test_a_role_of_any_name_may_be_granted_what_it_needs(
    fresh: str, postgres: pgserver.Server, role: str
) -> None:
    """A migration grants rights to a role with quotes, semicolons or accents in its name."""
    # given
    quoted = '"' + role.replace('"', '""') + '"'
    postgres.execute(f"CREATE ROLE {quoted} LOGIN")

    # when / then
    try:
        migrate(fresh, role)

        query = "SELECT has_table_privilege(%s, 'runs', 'UPDATE')"
        assert ask(fresh, query, role) == [(True,)]
    finally:
        postgres.execute(f"DROP OWNED BY {quoted}", database=fresh_name(fresh))
        postgres.execute(f"DROP ROLE {quoted}")


# The role that runs the product


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE stored_events SET state = state",
        "DELETE FROM stored_events",
        "TRUNCATE stored_events",
        "DROP TABLE stored_events",
        "ALTER TABLE stored_events ADD more TEXT",
        "UPDATE tenure_schema SET version = 7",
        "DELETE FROM tenure_schema",
        "CREATE TABLE mine (a TEXT)",
        "CREATE SCHEMA mine",
    ],
)
def test_the_running_role_must_not(store: Store, url: str, statement: str) -> None:
    """R1: The role that runs the product cannot change or remove events, change the version of the
    schema, or create anything."""
    # given
    stored(store, TWO)

    # when / then
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(url, statement)


def test_the_running_role_has_the_rights_it_needs_and_no_more(url: str) -> None:
    """R1: The role that runs the product can only read and add events, only read the version of the
    schema, and read and write the projections."""
    # when
    every = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
    may = {
        table: {
            right
            for right in every
            if ask(url, "SELECT has_table_privilege(%s, %s)", table, right) == [(True,)]
        }
        for table in ("tenure_schema", *(table.name for table in TABLES))
    }

    # then
    assert may.pop("tenure_schema") == {"SELECT"}
    assert may.pop("stored_events") == {"SELECT", "INSERT"}
    assert set(map(frozenset, may.values())) == {
        frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})
    }


# The URL


def current(store: Store, setting: str) -> str:
    """A setting of the store's own session."""
    with store.events.database.reading() as query:
        ((value,),) = query("SELECT current_setting(?)", (setting,))
        return str(value)


def test_every_parameter_of_the_url_counts(url: str) -> None:
    """Every parameter of the database URL takes effect in the sessions of the store."""
    # given
    more = "application_name=night%20shift&options=-c%20work_mem%3D7MB%20-c%20lock_timeout%3D9s"

    # when
    with closing(open_postgres(f"{url}&{more}")) as store:
        found = {each: current(store, each) for each in ("application_name", "work_mem")}
        assert current(store, "lock_timeout") == "9s"
        stored(store, TWO)

    # then
    assert found == {"application_name": "night shift", "work_mem": "7MB"}


def test_parameters_come_from_the_environment_too(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connection parameters in environment variables such as `PGAPPNAME` take effect in the
    sessions of the store."""
    # given
    monkeypatch.setenv("PGAPPNAME", "by environment")

    # when / then
    with closing(open_postgres(url)) as store:
        assert current(store, "application_name") == "by environment"


def test_the_other_spelling_of_the_scheme_will_do(url: str) -> None:
    """A database URL that begins with `postgres://` opens the same store as `postgresql://`."""
    # when
    with closing(open_postgres(url.replace("postgresql://", "postgres://"))) as store:
        stored(store, TWO)

        # then
        assert store.runs.company_state("acme").version == 1


def test_the_schema_may_lie_where_the_search_path_leads(fresh: str) -> None:
    """With a search path in the database URL, the tables are created and used in the schema that
    the search path names."""
    # given
    ask(fresh, "CREATE SCHEMA elsewhere")
    there = f"{fresh}&options=-c%20search_path%3Delsewhere"

    # when
    migrate(there)

    # then
    assert "no schema" in refused(fresh)
    with closing(open_postgres(there)) as store:
        stored(store, TWO)
        assert len(list(store.roster.employees("acme"))) == 2
    assert ask(fresh, "SELECT count(*) FROM elsewhere.roster") == [(2,)]


def test_a_connection_that_requires_tls_never_goes_without(way: Relay) -> None:
    """With `sslmode=require`, a server without TLS is refused, although the same server works
    without this parameter."""
    # given
    with closing(open_postgres(way.url(pgserver.RUNNER, pgserver.DATABASE))):
        pass

    # when
    sentence = refused(way.url(pgserver.RUNNER, pgserver.DATABASE, sslmode="require"))

    # then
    assert "SSL" in sentence


# What fails


@pytest.mark.parametrize(
    "broken",
    [
        f"postgresql://tenure:{SECRET}@127.0.0.1:1/tenure",
        f"postgresql://tenure:{SECRET}@/tenure?host=/no/such/directory",
        f"postgresql://tenure:{SECRET}@host.invalid/tenure?connect_timeout=2",
        f"postgresql://tenure:{SECRET}%zz@127.0.0.1/tenure",
        f"postgresql://tenure:{SECRET} x@127.0.0.1/tenure",
        f"postgresql://tenure:?{SECRET}=@127.0.0.1/tenure",
        f"postgresql://tenure@127.0.0.1/tenure?password={SECRET}&nonsense=1",
        "at/no_such_database",
        "as/nobody",
    ],
)
def test_a_database_that_cannot_be_reached_is_explained_in_one_sentence(
    broken: str, postgres: pgserver.Server, caplog: pytest.LogCaptureFixture
) -> None:
    """A database that cannot be reached, or a wrong URL, is explained in one sentence, soon, and
    without the password."""
    # given
    if broken.startswith("at/"):
        broken = postgres.url(broken[3:], f"{pgserver.RUNNER}:{SECRET}")
    elif broken.startswith("as/"):
        broken = postgres.url(pgserver.DATABASE, f"{broken[3:]}:{SECRET}")
    caplog.set_level(logging.DEBUG)
    began = time.monotonic()

    # when / then
    for attempt in (open_postgres, migrate):
        with pytest.raises(StoreUnavailable) as raised:
            attempt(broken)
        told = "".join(traceback.format_exception(raised.value, chain=True))
        assert problem_of(raised.value)
        assert SECRET not in told + repr(raised.value) + caplog.text

    assert time.monotonic() - began < PATIENCE


def test_a_password_shows_nowhere(caplog: pytest.LogCaptureFixture, url: str) -> None:
    """The password of the database URL appears neither in a representation of the settings or the
    store, nor in the log."""
    # given
    caplog.set_level(logging.DEBUG)
    database = PostgresUrl(url.replace("@", f":{SECRET}@", 1))
    settings = Settings(Path("tenure.toml"), database, Schedule(), {})

    # when
    with closing(open_postgres(database.url)) as store:
        shown = (repr(database), str(database), repr(settings), repr(store), repr(vars(store)))
        pool = repr(store.events.database.datastore.pool)  # type: ignore[attr-defined]

    # then
    assert SECRET not in "".join((*shown, pool, caplog.text))


def test_a_server_that_goes_away_is_explained_and_one_that_returns_is_used(
    postgres: pgserver.Server,
    way: Relay,
    url: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The store reconnects after the server ended its sessions, and explains a server that does not
    answer in one sentence without the password."""
    # given
    monkeypatch.setattr("adapters.store.connecting._CONNECT_TIMEOUT_S", 2)
    with closing(open_postgres(way.url(f"{pgserver.RUNNER}:{SECRET}", pgserver.DATABASE))) as store:
        stored(store, TWO)

        # when
        assert terminate(url) > 0  # as when the server was restarted

        # then
        assert store.runs.company_state("acme").version == 1

        # when
        way.cut()

        # then
        with pytest.raises(StoreUnavailable) as raised:
            store.runs.company_state("acme")
        assert problem_of(raised.value)
        shown = "".join(traceback.format_exception(raised.value))
        assert SECRET not in shown + caplog.text


def terminate(url: str, *, state: str = "%") -> int:
    """Ends the sessions of a database that are in this state; tells how many."""
    return len(
        ask(
            as_superuser(url),
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() AND state LIKE %s",
            state,
        )
    )


# A commit


def test_fifty_thousand_events_are_stored_in_seconds(store: Store) -> None:
    """A commit of fifty thousand events ends in seconds; the recorder of the eventsourcing library
    hangs with so many and keeps its lock."""
    # given
    company = free()
    made = plan(many(50_000), company=company, run=a_run(1))
    commit = commit_of(made, run=a_run(1))
    thread = threading.Thread(target=store.commit, args=(commit,), daemon=True)

    # when
    thread.start()
    thread.join(PATIENCE)

    # then
    assert not thread.is_alive()
    assert store.events.count() == 50_001
    assert store.runs.company_state("acme").version == 1


class Held:
    """A commit that stops in its middle, until it is told to go on."""

    def __init__(self, store: Store, *, before_its_rows: bool = False) -> None:
        self.reached = threading.Event()
        self.go = threading.Event()
        insert_events = store.events.database.insert_events

        def stopping(events: Iterable[Any], *, writes: Iterable[Write] = ()) -> Any:
            stop = [Write(Operation.INSERT, runs.ISSUES, self._stop())]
            parts = (stop, writes) if before_its_rows else (writes, stop)
            return insert_events(events, writes=chain(*parts))

        store.events.database.insert_events = stopping  # type: ignore[method-assign]

    def _stop(self) -> Iterator[tuple[Any, ...]]:
        self.reached.set()
        assert self.go.wait(PATIENCE)
        yield from ()


@contextmanager
def in_a_thread(task: Callable[[], Any], held: Held | None = None) -> Iterator[Future[Any]]:
    """A task that goes on beside the test; where a commit of it is held, up to there."""
    with ThreadPoolExecutor(1) as pool:
        try:
            future = pool.submit(task)
            if held:
                assert held.reached.wait(PATIENCE)
            yield future
        finally:
            if held:
                held.go.set()


def wait_until_locked(url: str) -> None:
    """Until some session waits for another."""
    waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = %s"
    until = time.monotonic() + PATIENCE
    while not ask(as_superuser(url), waiting, pgserver.DATABASE):
        assert time.monotonic() < until, "nobody waits"
        time.sleep(0.01)


def test_two_companies_never_wait_for_each_other(open_store: OpenStore, watch: Watch) -> None:
    """R6: While a commit of one company is under way, imports and clock runs of other companies are
    stored without waiting."""
    # given
    ours, theirs = open_store(), open_store()
    zenith, quiet = other_company(), other_company("quiet")
    stored(ours, TWO, number=1, company=zenith)
    held = Held(ours)

    # when
    with in_a_thread(lambda: stored(ours, TWO, number=2), held) as future:
        began = time.monotonic()
        app = app_of(theirs, watch, a_customer(zenith), a_customer(quiet))
        changed = TWO.replace("Anna", "Anne")
        outcomes = [
            import_delivery(app, a_customer(company), "tester", delivered(changed)).outcome
            for company in (zenith, quiet)
        ]
        watch.moment = moment("2027-04-20 23:00")
        clocked = list(pass_clock(app, "night"))

        # then
        assert not future.done()
        assert outcomes == [Outcome.APPLIED] * 2
        assert {run.company for run in clocked} == {"zenith", "quiet"}
        assert time.monotonic() - began < PATIENCE / 2
        assert theirs.runs.company_state("acme").version == 0
        held.go.set()
        future.result(PATIENCE)

    assert theirs.runs.company_state("acme").version == 1
    assert theirs.verify(lambda _: None).problems == ()


def test_of_two_runs_of_one_company_the_second_waits_and_plans_again(
    open_store: OpenStore, watch: Watch, url: str
) -> None:
    """R4: While a run of a company is being stored, a second run of the same company waits, and
    then plans again from the new state."""
    # given
    first, second = open_store(), open_store()
    acme = a_customer()
    third = f"{TWO}    chris@acme.example,Chris,Jansen,3,\n"
    held = Held(first)

    def later() -> Any:
        return import_delivery(app_of(second, watch), acme, "second", delivered(third))

    # when
    with in_a_thread(lambda: stored(first, TWO), held) as ahead, in_a_thread(later) as behind:
        wait_until_locked(url)
        assert not behind.done()
        held.go.set()
        ahead.result(PATIENCE)
        run = behind.result(PATIENCE)

    # then
    assert run.counts.registered == 1
    assert run.counts.unchanged == 2
    assert second.runs.company_state("acme").version == 2
    assert second.verify(lambda _: None).problems == ()


def test_a_plan_from_an_older_version_is_a_conflict(open_store: OpenStore) -> None:
    """R4: A commit that was planned from an older version of the company is a conflict, and nothing
    of it is stored."""
    # given
    first, second = open_store(), open_store()
    made = plan(TWO, run=a_run(2))
    stored(first, TWO, number=1)

    # when / then
    with pytest.raises(Conflict):
        second.commit(commit_of(made, CompanyState(), run=a_run(2)))

    assert second.runs.company_state("acme").version == 1
    assert second.runs.find(a_run(2)) is None


def test_readers_do_not_wait_for_a_commit_and_see_the_state_before_it(
    open_store: OpenStore,
) -> None:
    """R1: While a commit is under way, a reader answers at once with the state before the
    commit."""
    # given
    ours, theirs = open_store(), open_store()
    stored(ours, TWO, number=1)
    before = list(theirs.roster.employees("acme"))
    held = Held(ours)

    # when / then
    with in_a_thread(lambda: stored(ours, TWO.replace("Anna", "Anne"), number=2), held):
        assert list(theirs.roster.employees("acme")) == before
        assert theirs.runs.company_state("acme").version == 1
        assert theirs.verify(lambda _: None).problems == ()

    assert theirs.runs.company_state("acme").version == 2


@pytest.mark.parametrize("before_its_rows", [True, False])
def test_a_rebuild_and_a_run_lose_nothing_of_each_other(
    open_store: OpenStore, url: str, before_its_rows: bool
) -> None:
    """R1: A rebuild and a run at the same time both complete, and the projections agree with the
    events afterwards."""
    # given
    ours, theirs = open_store(), open_store()
    stored(ours, TWO, number=1)
    changed = TWO.replace("Anna", "Anne") + "    chris@acme.example,Chris,Jansen,3,\n"
    held = Held(ours, before_its_rows=before_its_rows)

    # when
    with (
        in_a_thread(lambda: stored(ours, changed, number=2), held) as run,
        in_a_thread(lambda: theirs.rebuild(lambda _: None)) as rebuilding,
    ):
        if before_its_rows:
            rebuilding.result(PATIENCE)
        else:
            wait_until_locked(url)
        held.go.set()
        run.result(PATIENCE)
        rebuilding.result(PATIENCE)

    # then
    assert theirs.runs.company_state("acme").version == 2
    assert len(list(theirs.roster.employees("acme"))) == 3
    assert theirs.verify(lambda _: None).problems == ()


def test_a_run_waits_for_a_rebuild_and_loses_nothing(open_store: OpenStore, url: str) -> None:
    """R1: A run that begins during a rebuild waits for the rebuild, and the projections agree with
    the events afterwards."""
    # given
    ours, theirs = open_store(), open_store()
    stored(ours, TWO, number=1)
    reached, go = threading.Event(), threading.Event()

    def tick(_: int) -> None:
        reached.set()
        assert go.wait(PATIENCE)

    # when
    with in_a_thread(lambda: theirs.rebuild(tick)) as rebuilding:
        assert reached.wait(PATIENCE)
        with in_a_thread(lambda: stored(ours, TWO.replace("Anna", "Anne"), number=2)) as run:
            wait_until_locked(url)
            go.set()
            rebuilding.result(PATIENCE)
            run.result(PATIENCE)

    # then
    assert theirs.verify(lambda _: None).problems == ()
    assert theirs.runs.company_state("acme").version == 2


# Broken off


def test_a_session_that_is_ended_in_the_middle_of_a_commit_leaves_nothing(
    open_store: OpenStore, url: str
) -> None:
    """R1: When the server ends a session in the middle of a commit, nothing of the commit is
    stored, and the same commit succeeds later."""
    # given
    ours, theirs = open_store(), open_store()
    commit = commit_of(plan(many(500), company=free(), run=a_run(1)), run=a_run(1))
    held = Held(ours)

    # when
    with in_a_thread(lambda: ours.commit(commit), held) as future:
        assert terminate(url, state="idle in transaction") == 1
        held.go.set()
        with pytest.raises(StoreUnavailable) as raised:
            future.result(PATIENCE)

    # then
    assert problem_of(raised.value)
    assert theirs.events.count() == 0
    assert [ask(url, f"SELECT 1 FROM {table.name}") for table in TABLES] == [[]] * len(TABLES)
    ours.commit(commit)
    assert theirs.events.count() == 501


def test_a_run_whose_reply_was_lost_is_not_stored_again(way: Relay, open_store: OpenStore) -> None:
    """R1: A commit whose reply was lost is not stored a second time when it is repeated."""
    # given
    theirs = open_store()
    with closing(open_postgres(way.url(pgserver.RUNNER, pgserver.DATABASE))) as store:
        commit = commit_of(plan(TWO, run=a_run(1)), run=a_run(1))
        way.lose_reply_to = b"COMMIT"
        with suppress(StoreUnavailable):
            store.commit(commit)
        assert way.lose_reply_to is None
        assert theirs.runs.company_state("acme").version == 1

        # when
        store.commit(commit)

    # then
    assert theirs.runs.company_state("acme").version == 1
    assert theirs.events.count() == 4


def test_a_run_whose_commit_never_arrived_is_not_stored(way: Relay, open_store: OpenStore) -> None:
    """R1: When the connection breaks before a commit arrives, the commit fails, nothing is stored,
    and the same commit succeeds later."""
    # given
    theirs = open_store()
    with closing(open_postgres(way.url(pgserver.RUNNER, pgserver.DATABASE))) as store:
        commit = commit_of(plan(TWO, run=a_run(1)), run=a_run(1))
        way.lose_reply_to = b"BEGIN"

        # when / then
        with pytest.raises(StoreUnavailable):
            store.commit(commit)

        assert theirs.events.count() == 0

        # when
        store.commit(commit)

    # then
    assert theirs.events.count() == 4


@pytest.mark.torture
@pytest.mark.parametrize("number", range(20 if TORTURE else 3))
def test_an_importing_process_that_is_killed_leaves_all_or_nothing(
    store: Store, url: str, tmp_path: Path, number: int, watch: Watch
) -> None:
    """R1: When an importing process is killed as by `kill -9`, the database holds all of the run or
    nothing, and a repeated import completes the delivery."""
    # given
    delivery = tmp_path / "alleo_employees_1.csv"
    delivery.write_bytes(many(2_000))
    command = [
        sys.executable,
        importer.__file__,
        url,
        *(["--wait"] if not number else []),
        delivery,
    ]

    # when
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("planned")
            time.sleep(random.random() * 0.3 if number else 0)
        finally:
            process.kill()

    # then
    terminate(url, state="idle in transaction%")
    wait_until_alone(url)
    made = store.runs.company_state("acme").version
    assert len(list(store.roster.employees("acme"))) == (2_000 if made else 0)
    assert store.verify(lambda _: None).problems == ()
    data = delivery.read_bytes()
    again = import_delivery(
        app_of(store, watch), a_customer(importer.ACME), "again", delivered(data)
    )
    assert len(list(store.roster.employees("acme"))) == 2_000
    assert again.counts.registered == (0 if made else 2_000)
    assert store.runs.company_state("acme").version == made + 1


def wait_until_alone(url: str) -> None:
    """Until no session does anything any more."""
    busy = (
        "SELECT 1 FROM pg_stat_activity "
        "WHERE datname = %s AND state <> 'idle' AND pid <> pg_backend_pid()"
    )
    until = time.monotonic() + PATIENCE
    while ask(as_superuser(url), busy, pgserver.DATABASE):
        assert time.monotonic() < until, "somebody is still at it"
        time.sleep(0.01)


# How rows are written


@pytest.mark.parametrize("number", [1, 99, 100, 101, 250])
def test_however_many_rows_there_are_all_of_them_are_written(store: Store, number: int) -> None:
    """R1: One commit inserts, changes, replaces and deletes all of its rows, whether it has one row
    or hundreds."""
    # given
    ids = [UUID(int=each) for each in range(number)]
    said = [(run.hex, 1, b"first", None) for run in ids]
    write = store.events.database.insert_events

    # when / then
    write((), writes=[Write(Operation.INSERT, runs.ISSUES, said)])
    assert issues(store) == said
    changed = [(run.hex, 1, b"\\x00 second\n\t", "2027") for run in ids]
    write((), writes=[Write(Operation.UPSERT, runs.ISSUES, changed)])
    assert issues(store) == changed
    more = [(run.hex, 2, b"", None) for run in ids]
    third = [(b"third", run.hex, 1) for run in ids]
    columns = ("issue", *runs.ISSUES.key)
    write(
        (),
        writes=[
            Write(Operation.UPSERT, runs.ISSUES, more),
            Write(Operation.UPDATE, runs.ISSUES, third, columns),
        ],
    )
    assert issues(store) == sorted([*more, *((run.hex, 1, b"third", "2027") for run in ids)])
    write((), writes=[Write(Operation.DELETE, runs.ISSUES, [(run.hex,) for run in ids], ("run",))])
    assert issues(store) == []


def issues(store: Store) -> list[tuple[Any, ...]]:
    """Every issue, as it is kept."""
    with store.events.database.reading() as query:
        return query("SELECT run, number, issue, since FROM issues ORDER BY run, number")


def test_text_compares_byte_by_byte_whatever_the_locale(
    postgres: pgserver.Server, fresh: str
) -> None:
    """The store compares text byte by byte, also in a database whose locale sorts `a` before
    `B`."""
    # given
    name = f"locale_{next(_names)}"
    options = "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en' LOCALE 'C.UTF-8'"
    postgres.execute(f"CREATE DATABASE {name} OWNER {pgserver.OWNER} {options}")
    there = postgres.url(name, pgserver.OWNER)

    # when / then
    try:
        assert ask(there, "SELECT 'a' < 'B'") == [(True,)]
        migrate(there)
        with closing(open_postgres(there)) as store, store.events.database.reading() as query:
            values = ["B", "a", "Z", "é", "_", "-", "a-b", "ab", "10", "9", "\U0001f600", "\uffee"]
            marks = " UNION ALL ".join(
                f"SELECT CAST(? AS TEXT) COLLATE {collation}" for collation in ['"C"'] * len(values)
            )
            found = [each for (each,) in query(f"SELECT * FROM ({marks}) v ORDER BY 1", values)]
            assert found == sorted(values, key=str.encode)
        kinds = ask(
            there,
            "SELECT DISTINCT collation_name FROM information_schema.columns "
            "WHERE table_schema = 'public' AND data_type = 'text'",
        )
        assert kinds == [("C",)]
        with closing(open_postgres(there)) as store:
            for company in ("a-b", "ab", "a_b", "a1"):
                stored(store, TWO, company=other_company(company), number=ord(company[-1]))
            assert store.verify(lambda _: None).problems == ()
            store.rebuild(lambda _: None)
            assert store.verify(lambda _: None).problems == ()
    finally:
        postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


# Letting go


def test_a_store_that_is_closed_leaves_no_session(url: str) -> None:
    """A closed store leaves no session on the server, also when a reader stopped halfway."""
    # given
    with closing(open_postgres(f"{url}&application_name=closing")) as store:
        stored(store, TWO)
        half = store.roster.employees("acme")
        next(half)
        sessions = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'closing'"
        assert ask(as_superuser(url), sessions) != []
    half.close()  # type: ignore[attr-defined]

    # when / then
    until = time.monotonic() + PATIENCE
    while ask(as_superuser(url), sessions):
        assert time.monotonic() < until
        time.sleep(0.01)


def test_readers_that_stop_halfway_do_not_block_a_commit(store: Store) -> None:
    """A commit is stored while five readers have stopped halfway through the employees."""
    # given
    stored(store, TWO)
    with ExitStack() as stack:
        for _ in range(5):
            half = store.roster.employees("acme")
            stack.callback(half.close)  # type: ignore[attr-defined]
            next(half)

        # when
        store.commit(said_nothing(store, run=a_run(2)))

        # then
        assert store.runs.company_state("acme").version == 2


def test_a_fault_in_the_middle_of_a_commit_leaves_nothing(store: Store) -> None:
    """R1: When a fault occurs in the middle of a commit, nothing of the commit is stored, and a
    later commit succeeds."""
    # given
    made = plan(TWO, run=a_run(1))

    def breaking() -> Iterator[Any]:
        yield from list(made.changes)[:1]
        raise RuntimeError("no further")

    class Changes(list[Any]):
        def __iter__(self) -> Iterator[Any]:
            return breaking()

    commit: Commit = replace(commit_of(made, run=a_run(1)), changes=Changes())

    # when / then
    with pytest.raises(RuntimeError, match="no further"):
        store.commit(commit)

    assert store.events.count() == 0
    assert store.events.of(company_stream_id("acme")) == []
    store.commit(commit_of(made, run=a_run(1)))
    assert store.events.count() == 4


def test_a_stored_run_is_on_the_disk_of_the_server(postgres: pgserver.Server, url: str) -> None:
    """R1: A run that is reported as stored survives a crash of the server, even where the role's
    settings say that a commit need not wait for the disk. Stronger settings are kept."""
    # given
    told = {}

    # when
    for setting in ("off", "remote_apply"):
        postgres.execute(f"ALTER ROLE {pgserver.RUNNER} SET synchronous_commit = {setting}")
        with closing(open_postgres(url)) as store:
            told[setting] = current(store, "synchronous_commit")
    postgres.execute(f"ALTER ROLE {pgserver.RUNNER} RESET synchronous_commit")

    # then
    assert told == {"off": "on", "remote_apply": "remote_apply"}
