"""Connections that are lost at a COMMIT: what came of the run is found out, and told (R1)."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from msgspec.structs import replace

from adapters.notify_settings import Channel
from adapters.store import limits
from adapters.store.commit import Commit
from adapters.store.errors import StoreUnavailable
from adapters.store.opening import Database, PostgresUrl
from adapters.store.postgres import open_postgres
from adapters.store.store import Store
from adapters.use_cases.execute import load_run
from adapters.use_cases.import_delivery import import_delivery
from domain.company_runs.feed import FeedState
from domain.company_runs.news import News
from domain.outcome import Outcome
from projections.notices import run_row
from tests.adapters import pgbouncer, pgserver, relay
from tests.adapters.relay import Relay
from tests.adapters.steps import Watch, a_customer, a_run, app_of, commit_of, company_of, delivered
from tests.given import plan

TORTURE = bool(os.environ.get("TENURE_TORTURE"))
TWO = """
    email,first_name,last_name
    anna@acme.example,Anna,Bakker
    bram@acme.example,Bram,Smit
"""
WARNED = """
    email,first_name,last_name,shoe
    anna@acme.example,Anna,Bakker,38
"""
PATIENCE_S = 30.0
SLOW, FAILING = "PERFORM pg_sleep(0.7)", "RAISE 'the disk is full'"
"""What the database does while it commits a run."""

NEWS = News(("held",), FeedState.HELD, FeedState.FRESH)


@pytest.fixture
def database(postgres: pgserver.Server) -> Database:
    """Returns an empty PostgreSQL database."""
    return PostgresUrl(postgres.emptied())


@pytest.fixture
def way(postgres: pgserver.Server) -> Iterator[Relay]:
    """Yields a way to the server that loses connections."""
    with relay.relaying(postgres.directory / ".s.PGSQL.5432") as found:
        yield found


@pytest.fixture
def far(database: Database, way: Relay) -> Iterator[Store]:
    """Yields the store at the end of that way."""
    with closing(open_postgres(way.url(pgserver.RUNNER, pgserver.DATABASE))) as store:
        yield store


@pytest.fixture
def committing(postgres: pgserver.Server, request: pytest.FixtureRequest) -> Iterator[None]:
    """Lets the database do what the test names while it commits a run."""
    names = "the_commit() RETURNS trigger LANGUAGE plpgsql"
    postgres.execute(
        f"CREATE FUNCTION {names} AS $$ BEGIN {request.param}; RETURN NULL; END $$",
        "CREATE CONSTRAINT TRIGGER the_commit AFTER INSERT ON stored_events "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.topic = 'run-ended') "
        "EXECUTE FUNCTION the_commit()",
        database=pgserver.DATABASE,
    )
    yield
    postgres.execute("DROP FUNCTION the_commit CASCADE", database=pgserver.DATABASE)


def a_commit(store: Store, number: int = 1) -> Commit:
    """Returns the commit of a delivery as run `number`, planned from the present state."""
    state, known = company_of(store, "acme")
    file = TWO.replace("Smit", f"Smit-{number}")
    return commit_of(plan(file, known=known, run=a_run(number)), state, run=a_run(number))


def wait_for(store: Store, run: UUID) -> None:
    """Waits until the server has stored a run, whose client has left."""
    end = time.monotonic() + PATIENCE_S
    while store.runs.find(run) is None:
        assert time.monotonic() < end, "the run was never stored"
        time.sleep(0.01)


@pytest.mark.parametrize("committing", [SLOW], indirect=True)
@pytest.mark.usefixtures("committing")
def test_a_commit_that_is_still_under_way_is_waited_for(
    way: Relay, far: Store, store: Store
) -> None:
    """R1: A connection that is lost while the database still commits a run is no failure: the
    command waits for the end of the transaction, and goes on."""
    # given
    way.lose_reply_to, way.lost = b"COMMIT", way.drop

    # when
    far.commit(a_commit(store))

    # then
    assert way.lose_reply_to is None
    assert [record.run for record in store.runs.every("acme")] == [a_run(1)]


@pytest.mark.parametrize("committing", [f"{SLOW}; {FAILING}"], indirect=True)
@pytest.mark.usefixtures("committing")
def test_a_commit_that_fails_after_the_connection_was_lost_is_not_stored(
    way: Relay, far: Store, store: Store
) -> None:
    """R1: Where the database undoes the transaction after the connection was lost, the run is told
    as not stored, and nothing of it is."""
    # given
    way.lose_reply_to, way.lost = b"COMMIT", way.drop

    # when / then
    with pytest.raises(StoreUnavailable, match="the database cannot be used"):
        far.commit(a_commit(store))
    assert store.events.count() == 0


def test_a_commit_that_never_arrived_is_not_stored(way: Relay, far: Store, store: Store) -> None:
    """R1: A COMMIT that is lost on its way is told as not stored."""
    # given
    way.lose_reply_to, way.loses_request = b"COMMIT", True

    # when / then
    with pytest.raises(StoreUnavailable, match="the database cannot be used"):
        far.commit(a_commit(store))
    assert store.events.count() == 0


def test_a_commit_in_doubt_is_told_as_such(
    way: Relay, far: Store, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R1: If the database does not come back in time, the error says that it is not known whether
    the run is stored, and names the run, by which it is found later."""
    # given
    monkeypatch.setattr(limits, "SETTLE_S", 0.5)
    way.lose_reply_to, way.lost = b"COMMIT", way.cut

    # when
    with pytest.raises(StoreUnavailable) as raised:
        far.commit(a_commit(store))

    # then
    assert f"it is not known whether run {a_run(1)} of acme is stored" in raised.value.problem
    assert f"`tenure run {a_run(1)}`" in raised.value.hint
    wait_for(store, a_run(1))


def test_a_database_that_comes_back_is_asked(way: Relay, far: Store, store: Store) -> None:
    """R1: A database that cannot be reached for a moment after the connection was lost, as when it
    is restarted, is asked when it is back."""
    # given
    with ExitStack() as stack:

        def come_back() -> None:
            time.sleep(0.5)
            target = way.target
            stack.enter_context(relay.relaying(target, way.port))

        way.lose_reply_to, way.lost = b"COMMIT", way.cut
        returning = threading.Thread(target=come_back)
        returning.start()

        # when
        far.commit(a_commit(store))
        returning.join()

    # then
    assert store.runs.find(a_run(1)) is not None


@pytest.mark.parametrize("committing", [SLOW], indirect=True)
@pytest.mark.usefixtures("committing")
def test_a_pooler_that_loses_the_connection_is_asked_again(
    postgres: pgserver.Server, store: Store, database: PostgresUrl
) -> None:
    """R1: Through PgBouncer, a run whose connection was lost at its COMMIT is found as well."""
    # given
    with pgbouncer.running(postgres, database.url) as pooled:
        port = urlsplit(pooled).port
        assert port is not None
        with relay.relaying(port) as way:
            far = open_postgres(way.url(pgserver.RUNNER, pgserver.DATABASE))
            way.lose_reply_to, way.lost = b"COMMIT", way.drop

            # when
            with closing(far):
                far.commit(a_commit(store))

    # then
    assert store.runs.find(a_run(1)) is not None


def test_a_server_that_took_over_without_the_transaction_has_not_stored_it(
    way: Relay, far: Store, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R1: After a failover to a server that never heard of the transaction, the run is told as not
    stored."""
    # given: an id that the server has not given yet
    monkeypatch.setattr("adapters.store.postgres.transaction_id", lambda _: "4000000000")
    way.lose_reply_to, way.loses_request = b"COMMIT", True

    # when / then
    with pytest.raises(StoreUnavailable, match="the database cannot be used"):
        far.commit(a_commit(store))
    assert store.events.count() == 0


def test_a_run_is_answered_although_the_connection_is_lost_after_its_commit(
    way: Relay, far: Store, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R2: A database that is lost as soon as a run is stored is no failure of the run: its answer
    has its outcome and its issues, also those of the earlier run that it refers to."""
    # given
    app, acme = app_of(far, Watch()), a_customer()
    files = delivered(WARNED)
    first = import_delivery(app_of(store, Watch()), acme, "tester", files)
    committed = far.commit

    def commit(one: Commit, *_: object) -> None:
        committed(one)
        way.cut()

    monkeypatch.setattr(far, "commit", commit)

    # when
    run = import_delivery(app, acme, "tester", files)

    # then
    assert (run.outcome, len(run.issues)) == (Outcome.UNCHANGED, 1)
    assert run.issues == tuple(replace(issue, new=False) for issue in first.issues)
    assert load_run(app_of(store, Watch()), run.run) == run


def test_a_run_in_doubt_is_told_by_the_next_look(
    way: Relay, far: Store, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R2: A run that was stored, although its process never heard of it, is told by the next
    process that looks for notices."""
    # given
    monkeypatch.setattr(limits, "SETTLE_S", 0.0)
    commit = a_commit(store)
    now = commit.ended.ended.finished
    notice = run_row("acme", commit.ended.run, Channel.COMMAND, now, NEWS)
    way.lose_reply_to, way.lost = b"COMMIT", way.cut
    with pytest.raises(StoreUnavailable, match="not known"):
        far.commit(replace(commit, notices=[notice]))

    wait_for(store, commit.ended.run)

    # when
    taken = store.notices.take(Channel.COMMAND, now, now)

    # then
    assert taken is not None
    assert taken.run == commit.ended.run


@pytest.mark.torture
def test_of_connections_that_are_cut_around_their_commit_none_is_told_wrongly(
    way: Relay, far: Store, store: Store
) -> None:
    """R1: Wherever around its COMMIT the connection is cut, the command says that the run is stored
    exactly if it is."""
    # given
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    told, is_there = [], []

    # when
    for number in range(1, 100 if TORTURE else 12):
        commit = a_commit(store, number)
        way.loses_request, pause = number % 4 == 0, chance.random() * 0.004
        way.lost = lambda pause=pause: (time.sleep(pause), way.drop())  # type: ignore[misc]
        way.lose_reply_to = b"COMMIT"
        try:
            far.commit(commit)
        except StoreUnavailable as error:
            assert "not known" not in error.problem
            told.append(False)
        else:
            told.append(True)
        is_there.append(store.runs.find(a_run(number)) is not None)

    # then
    assert told == is_there
    assert set(told) == {True, False}
