"""No index alone decides that somebody is new, and `verify` finds indexes that are damaged."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from adapters.store import opening, read_transaction
from adapters.store.errors import DAMAGED, StoreDamaged, StoreUnavailable
from adapters.store.integrity.verify import Findings
from adapters.store.opening import Database
from adapters.store.store import Store
from adapters.use_cases.import_delivery import import_delivery
from domain.employee.commands import ChangeEmail
from domain.outcome import Outcome
from tests.adapters import damaging, pgserver
from tests.adapters.damaging import Damaged, flip
from tests.adapters.steps import (
    Watch,
    a_customer,
    a_run,
    app_of,
    commit_of,
    company_of,
    delivered,
    stored,
    support,
)
from tests.given import file_of, plan

pytestmark = pytest.mark.stores("sqlite", "postgresql")

HEADER = "email,first_name,last_name,external_id"
OTHERS = [
    f"p{number}@acme.example,First{number},Last{number},ext-{number}" for number in range(400)
]
"""So many that PostgreSQL uses its indexes."""
PEOPLE = file_of(
    HEADER,
    "anna@acme.example,Anna,Bakker,ext-anna",
    "bram@acme.example,Bram,Smit,ext-bram",
    "dora@acme.example,Dora,Dam,",
    *OTHERS,
)
NEWS = file_of(
    HEADER,
    "anna@acme.example,Anna,Bakker,ext-anna",
    "b.smit@acme.example,Bram,Smit,ext-bram",
    "dora@acme.example,Doortje,Dam,",
    "gus@acme.example,Gus,Gerrits,",
    *OTHERS,
)
DORAS_ADDRESS = rb"acme.?(d)ora@acme\.example"
BRAMS_ID = rb"acme.?(e)xt-bram"
# The key begins with the company. The id follows, with the number of the row at its end.
DORAS_KEY = rb"acm(e).?[0-9a-f]{24}00000003"

Damage = Callable[[str, Callable[[Path], None]], Damaged]
OpenDamaged = Callable[[str, bytes], tuple[Store, Damaged]]


@pytest.fixture
def damage(database: Database, request: pytest.FixtureRequest) -> Iterator[Damage]:
    """Yields a function that imports PEOPLE and damages the file of an index in a copy.

    The embedded database has one file for everything.
    """
    with ExitStack() as stack:

        def damaged(index: str, change: Callable[[Path], None]) -> Damaged:
            with closing(opening.open_store(database)) as store:
                stored(store, PEOPLE)
            if isinstance(database, Path):
                return stack.enter_context(damaging.sqlite_copy(database, change))
            server = request.getfixturevalue("postgres")
            server.analysed(database.url)
            return stack.enter_context(damaging.postgres_copy(server, index, change))

        yield damaged


@pytest.fixture
def opened(damage: Damage) -> Iterator[OpenDamaged]:
    """Yields a function that flips a bit of an index, and opens the database."""
    with ExitStack() as stack:

        def open_damaged(index: str, pattern: bytes) -> tuple[Store, Damaged]:
            copy = damage(index, lambda file: flip(file, pattern))
            return stack.enter_context(closing(opening.open_store(copy.database))), copy

        yield open_damaged


def verified(store: Store) -> Findings:
    """What is found."""
    return store.verify(lambda _: None)


def kinds(store: Store) -> set[str]:
    """The kinds of problems that are found."""
    return {each.problem for each in verified(store).problems}


@pytest.mark.parametrize(
    ("index", "pattern", "share"),
    [
        pytest.param("roster_company_address", DORAS_ADDRESS, 100, id="an address"),
        pytest.param("roster_company_external_id", BRAMS_ID, 100, id="an external id"),
        pytest.param("roster_pkey", DORAS_KEY, 0, id="a key"),
    ],
)
def test_nobody_is_registered_again_where_an_index_is_damaged(
    opened: OpenDamaged,
    watch: Watch,
    monkeypatch: pytest.MonkeyPatch,
    index: str,
    pattern: bytes,
    share: int,
) -> None:
    """R1, I1: An import that misses a known employee because one bit of an index is wrong fails and
    registers nobody. `verify` names the damage. After the repair, the import changes the known
    employees and registers the new one."""
    # given
    monkeypatch.setattr(read_transaction, "MAX_SHARE", share)
    monkeypatch.setattr(read_transaction, "SCAN_VALUES", 1)
    store, copy = opened(index, pattern)
    app, acme = app_of(store, watch), a_customer()

    # when
    with pytest.raises(StoreDamaged):
        import_delivery(app, acme, "tester", delivered(NEWS))

    # then
    failed, first = store.runs.latest("acme", 3)
    assert (failed.ended.outcome, first.ended.outcome) == (Outcome.FAILED, Outcome.APPLIED)
    assert [issue.code for issue in store.runs.issues(failed)] == ["fault"]
    assert "index-damaged" in kinds(store)
    copy.repair(store)
    assert kinds(store) == set()
    run = import_delivery(app, acme, "tester", delivered(NEWS))
    assert (run.counts.registered, run.counts.changed) == (1, 2)
    assert kinds(store) == set()


def test_support_gives_nobody_an_address_that_a_damaged_index_hides(
    opened: OpenDamaged, watch: Watch
) -> None:
    """S1: Support cannot give an employee the address of somebody whom a damaged index hides."""
    # given
    store, _ = opened("roster_company_address", DORAS_ADDRESS)
    command = ChangeEmail("dora@acme.example")

    # when / then
    with pytest.raises(StoreDamaged):
        support(app_of(store, watch), a_customer(), "ext-anna", command, "olga", "married")


@pytest.mark.stores("sqlite")
def test_a_company_that_a_damaged_table_hides_is_not_begun_again(
    opened: OpenDamaged, watch: Watch
) -> None:
    """R4: A company whose state is hidden by a wrong bit is not taken for a new one: its first run
    is there, and nothing is stored."""
    # given
    store, _ = opened("companies", rb'acm(e).{0,4}\{"version"')

    # when
    with pytest.raises(StoreDamaged):
        import_delivery(app_of(store, watch), a_customer(), "tester", delivered(NEWS))

    # then
    assert len(store.runs.every("acme")) == 1
    assert len(list(store.roster.employees("acme"))) == 403


@pytest.mark.stores("postgresql")
@pytest.mark.parametrize(
    ("index", "pattern", "may_use_amcheck"),
    [
        ("roster_company_address", DORAS_ADDRESS, True),
        ("roster_pkey", DORAS_KEY, False),
        ("stored_events_pkey", rb"[0-9a-f]{24}0000000(3)", False),
    ],
)
def test_verify_names_a_damaged_index_of_postgresql(
    opened: OpenDamaged,
    postgres: pgserver.Server,
    index: str,
    pattern: bytes,
    may_use_amcheck: bool,
) -> None:
    """R1: `verify` names a damaged index and the command that repairs it. Where the role may not
    use amcheck, a note says so."""
    # given
    store, copy = opened(index, pattern)
    if may_use_amcheck:
        grant = "GRANT EXECUTE ON FUNCTION bt_index_check(regclass, boolean) TO tenure"
        postgres.execute("CREATE EXTENSION amcheck", grant, database=damaging.COPY)

    # when
    findings = verified(store)
    copy.repair(store)

    # then
    (problem,) = findings.problems
    assert problem.message.endswith(f"REINDEX INDEX {index}")
    assert ["CREATE EXTENSION amcheck" in note for note in findings.notes] == (
        [] if may_use_amcheck else [True]
    )
    assert verified(store).problems == ()


def test_a_page_that_cannot_be_read_is_told(damage: Damage, watch: Watch) -> None:
    """R1: `verify` reports a page that the database cannot read. Other commands fail and name
    `verify`."""

    def break_page(file: Path) -> None:
        data = bytearray(file.read_bytes())
        (found,) = re.finditer(DORAS_ADDRESS, data, re.DOTALL)
        size = 4096 if file.suffix == ".db" else 8192
        page = found.start() // size * size
        # The type of a page of SQLite; where the free space of a page of PostgreSQL begins and ends
        data[page] ^= 4
        data[page + 12 : page + 16] = b"\xff" * 4
        file.write_bytes(data)

    # given
    copy = damage("roster_company_address", break_page)

    with closing(opening.open_store(copy.database)) as store:
        # when
        problems = verified(store).problems
        with pytest.raises(StoreUnavailable) as refused:
            import_delivery(app_of(store, watch), a_customer(), "tester", delivered(NEWS))

    # then
    assert {each.problem for each in problems} == {"database-damaged"}
    assert refused.value.hint == DAMAGED


# Twins


@pytest.mark.stores("memory", "sqlite", "postgresql")
@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("dora@acme.example,Dora,Dam,", "address"),
        ("b@acme.example,Bram,Smit,ext-bram", "external id"),
        ("a@acme.example,Anna,Bakker,", "address"),
    ],
)
def test_two_employees_with_one_address_or_external_id_are_found(
    store: Store, watch: Watch, row: str, what: str
) -> None:
    """I1, I8: `verify` finds two employees of a company with the same address or external id. It
    names both by their ids, and `rebuild` cannot change what the events say."""
    # given
    stored(store, PEOPLE)
    support(app_of(store, watch), a_customer(), "ext-anna", ChangeEmail("a@acme.example"), "o", "m")
    known = {each.id for each in store.roster.employees("acme")}
    twin = plan(f"email,first_name,last_name,external_id\n{row}\n", run=a_run(9))
    state, _ = company_of(store, "acme")
    store.commit(commit_of(twin, state, run=a_run(9)))
    (new,) = {each.id for each in store.roster.employees("acme")} - known

    # when / then
    for _ in range(2):
        (problem,) = verified(store).problems
        assert (problem.problem, problem.company, problem.restorable) == ("twins", "acme", False)
        assert f"the same {what}" in problem.message
        assert str(new) in problem.message
        assert problem.stream in known
        assert "@" not in problem.message
        store.rebuild(lambda _: None)
