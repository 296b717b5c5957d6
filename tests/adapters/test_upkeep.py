"""Looking through all that is stored, and making projections anew.

Damage is done to the database behind the store's back, in either kind. Only the embedded store
lets anyone put a value of any type in a column: what is tested of that is tested of it alone.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from shutil import copyfile
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from msgspec.structs import replace

from adapters.company_settings import Customer
from adapters.notify_settings import Notify
from adapters.store.errors import KeptFileDamaged
from adapters.store.files import StoredFile
from adapters.store.integrity.verify import Findings
from adapters.store.opening import Database, PostgresUrl
from adapters.store.schema import TABLES as SCHEMA
from adapters.store.sqlite import open_sqlite
from adapters.store.store import Store
from adapters.use_cases.app import App
from adapters.use_cases.audit import audit
from adapters.use_cases.clock import pass_clock
from adapters.use_cases.decide_held import approve, discard
from adapters.use_cases.errors import HeldFilesDamaged
from adapters.use_cases.import_delivery import import_delivery, preview_delivery
from domain.company_runs.events import FileInfo
from domain.employee.commands import CancelOffboarding, ChangeEmail, Deactivate
from domain.ids import company_stream_id
from domain.outcome import Outcome
from projections.answers.audit import Question
from projections.answers.integrity import PROBLEMS
from projections.tables import Table
from tests.adapters import pgserver
from tests.adapters.conftest import OpenStore
from tests.adapters.steps import (
    Watch,
    a_customer,
    app_of,
    delivered,
    other_company,
    person,
    replayed,
    support,
)
from tests.databases import created
from tests.given import a_company, cases, moment

pytestmark = pytest.mark.stores("sqlite", "postgresql")

HEADER = "email,first_name,last_name,external_id,onboarding_date,offboarding_date,group_name"
FIRST = "\n".join(
    (
        HEADER,
        "anna@acme.example,Anna,Bakker,1,,,",
        "bram@acme.example,Bram,Smit,2,2027-03-10,,",
        "chris@acme.example,Chris,Jansen,3,,2027-04-20,",
        "dora@acme.example,Dora,Dam,,,,",
        "erik@acme.example,Erik,Vos,5,2027-09-01,2027-12-31,",
    )
)
SECOND = FIRST.replace("Anna,", "Anne,").replace("bram@", "b.smit@").replace(",1,,,", ",1,,,Sales")
THIRD = SECOND.replace("Anne,", "Anneke,") + "\nfay@acme.example,Fay,Faber,6,,,Salse"
LEAVING = THIRD.replace(",5,2027-09-01,2027-12-31,", ",5,2027-09-01,2027-10-31,").replace(
    ",6,,,", ",6,,2027-10-31,"
)
TABLES = (
    "stored_events",
    "roster",
    "companies",
    "runs",
    "issues",
    "held",
    "touched",
    "slots",
    "kept",
    "notices",
    "open_issues",
    "absent",
    "recent",
)
PROJECTIONS = ("roster", "companies", "runs", "touched", "open_issues", "absent", "recent")

Ask = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def acme() -> Customer:
    """Acme, where one offboarding a day is enough."""
    return a_customer(a_company(policy={"max_offboardings": 1}))


def a_life(store: Store, watch: Watch, acme: Customer) -> App:
    """Two companies with runs of every kind; a delivery of two files waits in one of them."""
    app = app_of(store, watch, acme)
    watch.tick = timedelta(milliseconds=1)

    def imported(*texts: str, whose: Customer = acme) -> Any:
        return import_delivery(app, whose, "tester", delivered(*texts))

    zenith = a_customer(other_company())
    store.schedule.enrol(["acme", "zenith"], moment("2027-03-01 02:45"))
    imported(FIRST)
    imported(FIRST, whose=zenith)
    watch.moment = moment("2027-03-10 00:00")
    list(pass_clock(app, "night"))
    imported(SECOND)
    imported(SECOND)
    imported(SECOND.replace("\ndora@acme.example,Dora,Dam,,,,", ""), whose=zenith)
    support(app, acme, "1", ChangeEmail("a@acme.example"), "olga", "married")
    imported(THIRD)
    imported(LEAVING)
    discard(app, store.runs.waiting("acme")[0], "olga", "wrong")
    imported(LEAVING)
    imported(THIRD)
    support(app, acme, "3", Deactivate(), "olga", "left")
    imported("")
    imported(LEAVING + "\n\n")
    approve(app, acme, store.runs.waiting("acme")[0], "otto", "HR confirmed it")
    support(app, acme, "6", CancelOffboarding(), "olga", "stays")
    sooner = LEAVING.replace("2027-10-31", "2027-09-30")
    notify = Notify(on=frozenset({"held"}), command=("tell",))
    told = app._replace(notifies=True, settings=replace(app.settings, notify=notify))
    files = delivered(THIRD, sooner.replace("Fay,", "Fee,"))
    assert import_delivery(told, acme, "tester", files).outcome is Outcome.HELD
    for company in ("acme", "zenith"):
        info = FileInfo("alleo_employees_9.csv", 5, watch(), sha256(b"whole").hexdigest())
        store.kept(company).keep(StoredFile(info, b"whole"), "there", watch())
    return app


@pytest.fixture
def app(store: Store, watch: Watch, acme: Customer) -> App:
    """Two companies with runs of every kind."""
    return a_life(store, watch, acme)


@pytest.fixture
def ask(database: Database) -> Ask:
    """Asks or changes the database without the store, as who may do anything."""

    def asked(statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        with closing(connected(database)) as connection, connection:
            if isinstance(database, PostgresUrl):
                statement = re.sub(r"x'([0-9a-f]*)'", r"'\\x\1'", statement.replace("?", "%s"))
            found = connection.execute(statement, parameters)
            if found.description:
                return list(found.fetchall())
            assert found.rowcount > 0, "no damage was done"
            return []

    return asked


def connected(database: Database) -> Any:
    """A connection that the store knows nothing of."""
    if isinstance(database, PostgresUrl):
        return psycopg.connect(database.url.replace(f"//{pgserver.RUNNER}@", "//postgres@"))
    return sqlite3.connect(database)


def verified(store: Store) -> Findings:
    """What is found."""
    return store.verify(lambda _: None)


def rebuilt(store: Store) -> None:
    """Makes the projections anew."""
    store.rebuild(lambda _: None)


def found(store: Store) -> set[tuple[object, ...]]:
    """Every problem, with the stream, version, run or company that it names."""
    problems = verified(store).problems
    named = {
        (p.problem, *(v for v in (p.company, p.stream, p.version, p.run) if v is not None))
        for p in problems
    }
    assert len(named) == len(problems)
    return named


def kept(ask: Ask) -> dict[str, list[tuple[Any, ...]]]:
    """Every table, row digests apart: they are a cache."""
    tables = {}
    for table in TABLES:
        rows = ask(f"SELECT * FROM {table} ORDER BY 1, 2")
        if table == "roster":
            rows = [(*row[:9], row[10]) for row in rows]
        tables[table] = rows
    return tables


def stream_of(app: App, who: str, company: str = "acme") -> UUID:
    """Somebody's stream."""
    return person(app.store, who, company).id


def runs_of(app: App, who: str) -> list[UUID]:
    """The runs of somebody's events, in their order."""
    return [event.run for event in app.store.events.of(stream_of(app, who))]


ACME = company_stream_id("acme")


# What is sound


def test_nothing_is_found_where_nothing_is_wrong(app: App, ask: Ask) -> None:
    """R1: `verify` finds no problem in a sound database, counts all that it looked through, and
    changes nothing."""
    # given
    before = kept(ask)

    # when
    findings = verified(app.store)

    # then
    assert findings.problems == ()
    streams = {row[0] for row in before["stored_events"]}
    assert findings.companies == 2
    assert findings.runs == len(before["runs"])
    assert findings.employees == len(streams) - 2 == len(before["roster"])
    assert findings.events == len(before["stored_events"]) - findings.runs
    assert kept(ask) == before


def test_an_empty_store_is_sound_and_stays_empty(store: Store) -> None:
    """R1: An empty store has no problem and stays empty in a rebuild."""
    # given
    rebuilt(store)

    # when
    findings = verified(store)

    # then
    assert (findings.companies, findings.runs, findings.employees) == (0, 0, 0)
    assert findings.problems == ()


def test_progress_counts_every_event(app: App) -> None:
    """`verify` and `rebuild` report their progress over every stored event exactly once."""
    # given
    told: list[int] = []

    # when / then
    app.store.verify(told.append)
    assert sum(told) == app.store.events.count()
    app.store.rebuild(told.append)
    assert sum(told) == 2 * app.store.events.count()


def test_rows_of_the_cache_may_be_missing(app: App, ask: Ask) -> None:
    """L10: A missing row digest is no problem, because a digest spares work and decides nothing."""
    # given
    ask("UPDATE roster SET digest = NULL WHERE digest IS NOT NULL")

    # when / then
    assert found(app.store) == set()


DAMAGED = """
    R1: a wrong state in the roster
        UPDATE roster SET deactivated = 1 WHERE employee = :bram | roster-row-differs acme bram
    R1: a wrong address
        UPDATE roster SET address = 'x@acme.example' WHERE employee = :bram |
          roster-row-differs acme bram
    R1: a wrong address of the file
        UPDATE roster SET file_address = 'x@acme.example' WHERE employee = :bram |
          roster-row-differs acme bram
    R1: a wrong external id
        UPDATE roster SET external_id = '02' WHERE employee = :bram | roster-row-differs acme bram
    R1: wrong names
        UPDATE roster SET namesake = 'x' WHERE employee = :bram | roster-row-differs acme bram
    R1: a wrong first day
        UPDATE roster SET starts = '2027-03-10' WHERE employee = :bram |
          roster-row-differs acme bram
    R1: a wrong last day
        UPDATE roster SET leaves = '2027-03-10' WHERE employee = :bram |
          roster-row-differs acme bram
    R1: a missing address of the file
        UPDATE roster SET file_address = NULL WHERE employee = :anna | roster-row-differs acme anna
    R1: a missing external id
        UPDATE roster SET external_id = NULL WHERE employee = :anna | roster-row-differs acme anna
    R1: missing names
        UPDATE roster SET namesake = NULL WHERE employee = :dora | roster-row-differs acme dora
    R1: a missing first day
        UPDATE roster SET starts = NULL WHERE employee = :erik | roster-row-differs acme erik
    R1: a missing last day
        UPDATE roster SET leaves = NULL WHERE employee = :erik | roster-row-differs acme erik
    R1: an employee who is missing from the roster
        DELETE FROM roster WHERE employee = :anna | roster-row-missing acme anna
    R6: an employee in the roster of another company
        UPDATE roster SET company = 'zenith' WHERE employee = :bram |
          roster-row-stray zenith bram, roster-row-missing acme bram
    R1: a topic of another event
        UPDATE stored_events SET topic = 'email-changed' WHERE originator_id = :anna
          AND originator_version = 2 | event-unreadable anna 2 ...
    R1: a topic of nothing
        UPDATE stored_events SET topic = 'os:system' WHERE originator_id = :anna
          AND originator_version = 2 | event-unreadable anna 2 ...
    R1: a topic of a run
        UPDATE stored_events SET topic = 'run-ended' WHERE originator_id = :anna
          AND originator_version = 2 | event-unreadable anna 2 ...
    R1: a checksum that does not fit
        UPDATE stored_events SET checksum = 0 WHERE originator_id = :anna
          AND originator_version = 3 | event-altered anna 3 ...
    R2: a checksum of a run that does not fit
        UPDATE stored_events SET checksum = 0 WHERE originator_id = :acme_runs
          AND originator_version = 3 | event-altered acme_runs 3 ...
    R1: the first event is missing
        DELETE FROM stored_events WHERE originator_id = :anna AND originator_version = 1 |
          events-missing anna_1, event-missing anna 1
    R1: an event in the middle is missing
        DELETE FROM stored_events WHERE originator_id = :anna AND originator_version = 2 |
          events-missing anna_2, event-missing anna 2, index-differs anna_2
    R1: the last event is missing
        DELETE FROM stored_events WHERE originator_id = :anna AND originator_version = 4 |
          events-missing anna_4, roster-row-differs acme anna, index-differs anna_4
    R1: several events in a row are missing
        DELETE FROM stored_events WHERE originator_id = :anna AND originator_version IN (2, 3) |
          events-missing anna_2, events-missing anna_3, event-missing anna 2 ...
    R1: all events of somebody are missing
        DELETE FROM stored_events WHERE originator_id = :dora |
          events-missing dora_1, roster-row-stray acme dora
    R2: a run of another company
        UPDATE runs SET company = 'zenith' WHERE run = :acme_2 | run-row-differs acme acme_2
    R2: a run with another number
        UPDATE runs SET version = 99 WHERE run = :acme_2 | run-row-differs acme acme_2
    R2: a run that ends another
        UPDATE runs SET ends = :acme_1 WHERE run = :acme_2 | run-row-differs acme acme_2
    R2: other bytes of a run
        UPDATE runs SET event = x'7b7d' WHERE run = :acme_2 | run-row-differs acme acme_2
    R4: a company at another version
        UPDATE companies SET version = 1 WHERE company = 'acme' | company-row-differs acme
    R4: a company without what it holds
        UPDATE companies SET held = NULL WHERE company = 'acme' | company-row-differs acme
    R4: a company that holds another run
        UPDATE companies SET held = :acme_1 WHERE company = 'acme' | company-row-differs acme
    R4: another state of a company
        UPDATE companies SET state = x'7b7d' WHERE company = 'acme' | company-row-differs acme
    R6: a company without a row, and a row without a company
        UPDATE companies SET company = 'nobody' WHERE company = 'zenith' |
          company-row-missing zenith, company-row-stray nobody
    R2: the index of what a run changed lacks somebody
        DELETE FROM touched WHERE run = :anna_2 AND employee = :anna | index-differs anna_2
    R2: it has somebody of another run
        INSERT INTO touched VALUES (:anna_1, :fay) | index-differs anna_1
    R2: it has somebody whom the run registered
        INSERT INTO touched VALUES (:anna_1, :bram) | index-differs anna_1
    R2: it has somebody unknown
        INSERT INTO touched VALUES (:anna_1, :unknown) | index-differs anna_1
    R2: it has an unknown run
        INSERT INTO touched VALUES (:unknown, :anna) | index-differs unknown
    B2: an empty file of a held delivery
        UPDATE held SET content = x'' WHERE number = 1 | held-missing acme waits
    B2: an altered file of a held delivery
        UPDATE held SET content = x'7b7d' WHERE number = 2 | held-missing acme waits
    B2: a missing file of a held delivery
        DELETE FROM held WHERE number = 2 | held-missing acme waits
    B2: no file of a held delivery is left
        DELETE FROM held | held-missing acme waits
    B2: another description of a held file
        UPDATE held SET file = x'7b7d' WHERE number = 1 | held-missing acme waits
    R1: damage in many places
        DELETE FROM held; DELETE FROM companies WHERE company = 'zenith';
          UPDATE runs SET version = 77 WHERE run = :acme_1;
          UPDATE roster SET address = 'x' WHERE employee = :bram |
          held-missing acme waits, company-row-missing zenith, run-row-differs acme acme_1,
          roster-row-differs acme bram
"""
"""The damage, in which `:anna_2` is the run of Anna's second event, and `:acme_2` the second run of
Acme | the problems, and whether there may be more."""


def names_of(app: App) -> dict[str, UUID]:
    """The streams and runs that a table of damage names."""
    people = {"anna": "1", "bram": "2", "erik": "5", "fay": "6", "dora": "dora@acme.example"}
    streams = {name: stream_of(app, who) for name, who in people.items()}
    streams["acme_runs"] = ACME
    runs = {
        f"{name.removesuffix('_runs')}_{event.originator_version}": event.run
        for name, stream in streams.items()
        for event in app.store.events.of(stream)
    }
    waits = app.store.runs.waiting("acme")[0].run
    return streams | runs | {"waits": waits, "unknown": UUID(int=1)}


def named(problem: str, names: dict[str, UUID]) -> tuple[object, ...]:
    """A problem of the table, with the streams and runs that it names."""
    kind, *where = problem.split()
    company = ["acme"] if where[0] == "acme" else []
    rest = [
        int(each) if each.isdigit() else names.get(each, each) for each in where[len(company) :]
    ]
    return kind, *company, *rest


@pytest.mark.parametrize(("damage", "problems"), cases(DAMAGED, 2))
def test_damage_is_found_and_named(app: App, ask: Ask, damage: str, problems: str) -> None:
    """R1, R2, R4, R6, B2: `verify` finds whatever does not follow from the events, and events that
    are altered or missing. It names the stream, the run or the company.
    """
    # given
    names = names_of(app)
    expected, more, _ = problems.partition("...")
    for statement in damage.split(";"):
        ask(re.sub(r"(?<=[ (]):(\w+)", lambda name: f"'{names[name[1]].hex}'", statement))

    # when
    problems_found = found(app.store)

    # then
    missing = {named(each, names) for each in expected.split(", ") if each} - problems_found
    assert missing == set()
    assert problems_found
    assert more or len(problems_found) == len(expected.split(", "))


# What is found: the roster


@pytest.mark.parametrize(
    "change",
    [
        lambda state: state.replace(b"Bram", b"Fram"),
        lambda state: state.replace(b"2027-03-10", b"2027-03-11"),
        lambda state: state[:-1],
        lambda state: b"",
        lambda state: state.decode().replace("Bram", "Gram").encode(),
        lambda state: state.replace(b"Bram", b"Br\xffm"),
    ],
    ids=["name", "date", "cut off", "empty", "other name", "no text"],
)
def test_a_state_that_is_not_that_of_the_events_is_found(
    app: App, ask: Ask, change: Callable[[bytes], bytes]
) -> None:
    """R1: `verify` finds a state in the roster that does not follow from the events of the
    employee."""
    # given
    bram = stream_of(app, "2")
    ((state,),) = ask("SELECT state FROM roster WHERE employee = ?", bram.hex)
    ask("UPDATE roster SET state = ? WHERE employee = ?", change(state), bram.hex)

    # when / then
    assert found(app.store) == {("roster-row-differs", "acme", bram)}


def test_an_employee_in_the_roster_of_several_companies_is_found(app: App, ask: Ask) -> None:
    """R6: `verify` finds additional rows of an employee in the rosters of other companies."""
    # given
    bram = stream_of(app, "2")
    copied(ask, "roster", {"company": "zenith"}, "employee", bram.hex)
    copied(ask, "roster", {"company": "aaa"}, "company = 'acme' AND employee", bram.hex)

    # when / then
    assert found(app.store) == {
        ("roster-row-stray", "zenith", bram),
        ("roster-row-stray", "aaa", bram),
    }


@pytest.mark.parametrize("stream", [UUID(int=1), None, UUID(int=(1 << 128) - 1)])
def test_a_roster_row_without_events_is_found_wherever_it_stands(
    app: App, ask: Ask, stream: UUID | None
) -> None:
    """R1: `verify` finds a row of the roster without events, whether its id comes first, last or in
    the middle."""
    # given
    bram = stream_of(app, "2")
    stray = stream or UUID(int=bram.int + 1000)
    copied(ask, "roster", {"employee": stray.hex}, "employee", bram.hex)

    # when / then
    assert found(app.store) == {("roster-row-stray", "acme", stray)}


def copied(ask: Ask, table: str, other: dict[str, object], where: str, value: object) -> None:
    """A row once more, with some of its columns changed."""
    columns = next(each.names for each in SCHEMA if each.name == table)
    values = ", ".join("?" if column in other else column for column in columns)
    given = [other[column] for column in columns if column in other]
    statement = f"INSERT INTO {table} SELECT {values} FROM {table} WHERE {where} = ?"
    ask(statement, *given, value)


# What is found: events


def state_at(ask: Ask, stream: UUID, version: int) -> bytes:
    """The bytes of an event."""
    where = "originator_id = ? AND originator_version = ?"
    ((state,),) = ask(f"SELECT state FROM stored_events WHERE {where}", stream.hex, version)
    assert isinstance(state, bytes)
    return state


def alter(ask: Ask, stream: UUID, version: int, **values: object) -> None:
    """Changes an event."""
    columns = ", ".join(f"{name} = ?" for name in values)
    where = "originator_id = ? AND originator_version = ?"
    ask(f"UPDATE stored_events SET {columns} WHERE {where}", *values.values(), stream.hex, version)


def take_away(ask: Ask, stream: UUID, version: int) -> None:
    """Removes an event."""
    where = "originator_id = ? AND originator_version = ?"
    ask(f"DELETE FROM stored_events WHERE {where}", stream.hex, version)


def test_an_altered_first_name_that_was_changed_later_is_found(app: App, ask: Ask) -> None:
    """R1: `verify` finds an altered value in an early event, although no later state depends on
    it."""
    # given
    anna = stream_of(app, "1")
    altered = state_at(ask, anna, 1).replace(b'"Anna"', b'"Anja"')
    assert altered != state_at(ask, anna, 1)
    alter(ask, anna, 1, state=altered)

    # when / then
    assert replayed(app.store, anna) == person(app.store, "1")
    assert found(app.store) >= {("event-altered", anna, 1)}
    assert {p[0] for p in found(app.store)} <= {"event-altered", "events-missing"}


@pytest.mark.parametrize("version", [1, 2, 3, 4])
@pytest.mark.parametrize("garbage", [b"", b"{}", b"[", b'{"event":{"kind":"n"}}', None])
def test_altered_bytes_are_found_wherever_they_are(
    app: App, ask: Ask, version: int, garbage: bytes | None
) -> None:
    """R1: `verify` finds altered bytes in any event of a stream."""
    # given
    anna = stream_of(app, "1")
    assert len(app.store.events.of(anna)) == 4
    state = state_at(ask, anna, version)
    alter(ask, anna, version, state=state + b" " if garbage is None else garbage)

    # when / then
    assert ("event-altered", anna, version) in found(app.store)


def test_an_event_that_cannot_follow_is_found(app: App, ask: Ask) -> None:
    """R1: `verify` finds an event that cannot stand at its place, such as a second registration in
    place of a change."""
    # given
    anna, registered = stream_of(app, "1"), 1
    for column in ("state", "topic", "checksum"):
        select = f"SELECT {column} FROM stored_events WHERE originator_id = ?"
        ((value,), *_) = ask(f"{select} AND originator_version = {registered}", anna.hex)
        alter(ask, anna, 2, **{column: value})

    # when / then
    assert ("event-misplaced", anna, 2) in found(app.store)


def test_an_event_too_many_for_its_run_is_found(app: App, ask: Ask) -> None:
    """R1: `verify` finds an additional employee whose event does not fit the counts of its run."""
    # given
    dora = stream_of(app, "dora@acme.example")
    copied(
        ask,
        "stored_events",
        {"originator_id": uuid4().hex},
        "originator_version = 1 AND originator_id",
        dora.hex,
    )

    (run,) = runs_of(app, "dora@acme.example")

    # when
    problems = found(app.store)

    # then
    assert ("events-missing", run) in problems
    assert "roster-row-missing" in {problem[0] for problem in problems}


# What is found: runs


@pytest.mark.parametrize("version", ["first", "middle", "last"])
def test_a_run_that_is_missing_is_found(app: App, ask: Ask, version: str) -> None:
    """R1, R2: `verify` finds a missing run event at the beginning, in the middle or at the end of a
    company's stream."""
    # given
    events = app.store.events.of(ACME)
    at = {"first": 1, "middle": 3, "last": len(events)}[version]
    run = events[at - 1].run
    others = {
        ("run-missing", each.id, event.originator_version, run)
        for each in app.store.roster.employees("acme")
        for event in app.store.events.of(each.id)
        if event.run == run
    }
    take_away(ask, ACME, at)

    # when
    problems = found(app.store)

    # then
    if version == "last":
        assert problems == {
            ("run-event-missing", "acme", run),
            ("held-stray", run),
        }
    else:
        assert len(others) > 0
        lost = ("run-event-missing", "acme", run)
        assert problems >= {("event-missing", ACME, at), lost, *others}
        kinds = {problem[0] for problem in problems}
        assert kinds <= {"event-missing", "run-event-missing", "run-missing", "index-differs"}


def test_a_run_in_another_companys_stream_is_found(app: App, ask: Ask) -> None:
    """R6: `verify` finds the event of a run in the stream of another company."""
    # given
    zenith = company_stream_id("zenith")
    last = app.store.runs.company_state("zenith").version
    for column in ("state", "checksum"):
        select = f"SELECT {column} FROM stored_events WHERE originator_id = ?"
        ((value,),) = ask(f"{select} AND originator_version = 1", ACME.hex)
        alter(ask, zenith, last, **{column: value})

    # when / then
    assert ("event-misplaced", zenith, last) in found(app.store)


def test_another_login_in_the_list_of_runs_is_found(app: App, ask: Ask) -> None:
    """R2: `verify` finds a run whose row names another login than its event, and `rebuild` brings
    the login of the event back."""
    # given
    customer = app.settings.customers["acme"]
    support(app._replace(login="eva"), customer, "2", Deactivate(), "Eva", "left")
    run = app.store.runs.latest("acme", 1)[0].run
    ((event,),) = ask("SELECT event FROM runs WHERE run = ?", run.hex)
    forged = bytes(event).replace(b'"login":"eva"', b'"login":"bob"')
    ask("UPDATE runs SET event = ? WHERE run = ?", forged, run.hex)

    # when / then
    assert found(app.store) == {("run-row-differs", "acme", run)}
    app.store.rebuild(lambda _: None)
    assert app.store.runs.find(run).ended.login == "eva"  # type: ignore[union-attr]


def test_runs_that_are_missing_or_stray_in_the_list_are_found(app: App, ask: Ask) -> None:
    """R2: `verify` finds runs that are missing from the list of runs, and rows of the list without
    a run."""
    # given
    first, second, *_ = [event.run for event in app.store.events.of(ACME)]
    stray = UUID(int=second.int + (1 << 32))
    copied(ask, "runs", {"run": stray.hex}, "run", first.hex)
    ask("DELETE FROM runs WHERE run = ?", second.hex)

    # when / then
    assert found(app.store) == {
        ("run-row-missing", "acme", second),
        ("run-row-stray", "acme", stray),
    }


# What is found: companies, the index, what waits


@pytest.mark.parametrize(
    ("column", "value"), [("content", b"other"), ("file", b"{}"), ("name", "alleo_employees_8.csv")]
)
def test_a_damaged_kept_file_is_found_and_dropped(
    app: App, ask: Ask, column: str, value: object
) -> None:
    """D4: `verify` finds a kept file that is not as it was received. Its bytes are never used, and
    a rebuild drops it."""
    # given
    ask(f"UPDATE kept SET {column} = ? WHERE company = 'acme'", value)

    # when / then
    assert found(app.store) == {("kept-damaged", "acme")}
    (damaged,) = app.store.kept("acme").files()
    with pytest.raises(KeptFileDamaged, match=damaged.key.name):
        app.store.kept("acme").load(damaged)
    rebuilt(app.store)
    assert found(app.store) == set()
    assert app.store.kept("acme").files() == []
    assert len(app.store.kept("zenith").files()) == 1


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM held",
        "DELETE FROM held WHERE number = 1",
        "DELETE FROM held WHERE number = 2",
        "UPDATE held SET content = x'00' WHERE number = 2",
    ],
)
def test_files_that_are_not_as_received_are_not_approved(
    app: App, acme: Customer, ask: Ask, damage: str
) -> None:
    """B2: An approval of a held delivery whose files are damaged is declined and changes nothing,
    and the delivery can still be discarded."""
    # given
    (record,) = app.store.runs.waiting("acme")
    before = app.store.runs.company_state("acme").changed, list(app.store.roster.employees("acme"))
    ask(damage)

    # when / then
    with pytest.raises(HeldFilesDamaged):
        approve(app, acme, record, "olga", "HR confirmed it")

    assert (
        app.store.runs.company_state("acme").changed,
        list(app.store.roster.employees("acme")),
    ) == before
    assert app.store.runs.waiting("acme") == [record]
    assert discard(app, record, "olga", "files are lost").outcome is Outcome.DISCARDED


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE roster SET employee = 'nobody' WHERE external_id = '2'",
        "UPDATE runs SET run = 'none' || substr(run, 5) WHERE version = 2",
        "UPDATE touched SET run = 'none' || substr(run, 5)",
        "UPDATE touched SET employee = 'nobody' || substr(employee, 7)",
        "UPDATE stored_events SET originator_id = 'nobody' || originator_id",
    ],
)
def test_damaged_ids_are_found(app: App, ask: Ask, damage: str) -> None:
    """R1: `verify` finds rows whose id is not a valid id."""
    # given
    ask(damage)

    # when / then
    assert verified(app.store).problems


def test_the_sentence_of_a_problem_names_the_place_and_no_personal_data(app: App, ask: Ask) -> None:
    """R1: The sentence of a problem names the stream or the run, and no personal data."""
    # given
    anna = stream_of(app, "1")
    alter(ask, anna, 1, state=state_at(ask, anna, 1).replace(b'"Anna"', b'"Anja"'))
    ask("UPDATE roster SET address = 'anna@secret.example' WHERE employee = ?", anna.hex)

    # when
    said = [problem.message for problem in verified(app.store).problems]

    # then
    assert f"version 1 of stream {anna} has other bytes than were stored" in said
    assert not any("{" in sentence or "nna" in sentence for sentence in said)


# Made anew


def test_a_rebuild_of_a_sound_database_changes_nothing(app: App, ask: Ask) -> None:
    """R1: A rebuild of a sound database leaves all tables as they were."""
    # given
    before = kept(ask)

    # when
    rebuilt(app.store)

    # then
    assert kept(ask) == before
    assert found(app.store) == set()


@pytest.mark.parametrize("gone", [*((table,) for table in PROJECTIONS), PROJECTIONS], ids=str)
def test_a_rebuild_restores_missing_projections(app: App, ask: Ask, gone: tuple[str, ...]) -> None:
    """R1: A rebuild restores projections whose rows are all missing, and the histories stay the
    same."""
    # given
    before = kept(ask)
    histories = list(audit(app, "acme", Question()))
    for table in gone:
        ask(f"DELETE FROM {table}")
    assert found(app.store) != set()

    # when
    rebuilt(app.store)

    # then
    assert kept(ask) == before
    assert found(app.store) == set()
    assert list(audit(app, "acme", Question())) == histories


DAMAGE = {
    "a row that differs": "UPDATE roster SET address = 'x', state = x'00' WHERE external_id = '2'",
    "a row that strays": "UPDATE roster SET company = 'zenith' WHERE external_id = '6'",
    "a row of nobody": "UPDATE roster SET employee = '00' || substr(employee, 3)",
    "runs that differ": "UPDATE runs SET version = version + 1, event = x'00', ends = NULL",
    "runs that stray": "UPDATE runs SET run = '00' || substr(run, 3)",
    "a company that differs": "UPDATE companies SET version = 1, held = NULL, state = x'00'",
    "a company that strays": "UPDATE companies SET company = company || 'x'",
    "an index that differs": "UPDATE touched SET employee = '00' || substr(employee, 3)",
    "an index of other runs": "UPDATE touched SET run = '00' || substr(run, 3)",
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_rebuild_repairs_wrong_projections_when_the_events_are_sound(
    app: App, ask: Ask, damage: str
) -> None:
    """R1: When the events are sound, a rebuild repairs every wrong or stray row of the
    projections."""
    # given
    before = kept(ask)
    ask(DAMAGE[damage])
    problems = verified(app.store).problems
    assert problems
    assert all(each.restorable for each in problems)

    # when
    rebuilt(app.store)

    # then
    assert kept(ask) == before
    assert found(app.store) == set()


def test_damaged_events_and_files_are_not_called_restorable(app: App, ask: Ask) -> None:
    """R1: Problems of events and of held files are not called restorable, and a rebuild leaves
    them."""
    # given
    anna = stream_of(app, "1")
    take_away(ask, anna, 2)
    ask("DELETE FROM held")
    alter(ask, stream_of(app, "2"), 1, checksum=0)
    kinds = {each.problem: each.restorable for each in verified(app.store).problems}

    # when
    rebuilt(app.store)

    # then
    left = {each.problem for each in verified(app.store).problems}
    assert {kind for kind, restorable in kinds.items() if not restorable} <= left
    assert not kinds["event-missing"]
    assert not kinds["event-altered"]
    assert not kinds["held-missing"]
    assert not kinds["events-missing"]
    assert set(kinds) <= set(PROBLEMS)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("how", ["altered", "missing"])
def test_a_rebuild_keeps_the_projections_of_an_employee_with_a_damaged_stream(
    app: App, ask: Ask, version: int, how: str
) -> None:
    """R1: A rebuild keeps the projections of an employee whose events are damaged, because nothing
    else may be left of the employee, and rebuilds all others."""
    # given
    before, anna = kept(ask), stream_of(app, "1")
    if how == "altered":
        alter(ask, anna, version, state=b"{}")
    else:
        take_away(ask, anna, version)
    damaged = kept(ask)["stored_events"]
    ask("UPDATE roster SET address = 'x' WHERE company = 'zenith'")
    ask("DELETE FROM touched WHERE employee <> ?", anna.hex)
    ask("DELETE FROM runs")
    ask("DELETE FROM companies")

    # when
    rebuilt(app.store)

    # then
    assert kept(ask) == {**before, "stored_events": damaged}


def test_a_rebuild_keeps_the_state_of_an_employee_whose_last_event_is_missing(
    app: App, ask: Ask
) -> None:
    """R1: A rebuild keeps the roster row of an employee whose last event is missing, because
    nothing else may be left of that event."""
    # given
    before, anna = kept(ask), stream_of(app, "1")
    take_away(ask, anna, 4)

    # when
    rebuilt(app.store)

    # then
    assert kept(ask)["roster"] == before["roster"]


def test_a_rebuild_keeps_the_state_of_an_employee_whose_events_are_all_missing(
    app: App, ask: Ask
) -> None:
    """R1: A rebuild keeps the roster row of an employee whose events are all missing, because
    nothing else may be left of the employee."""
    # given
    before = kept(ask)
    take_away(ask, stream_of(app, "dora@acme.example"), 1)

    # when
    rebuilt(app.store)

    # then
    assert kept(ask)["roster"] == before["roster"]


@pytest.mark.parametrize("how", ["altered", "missing"])
def test_a_rebuild_keeps_the_projections_of_a_company_with_a_damaged_stream(
    app: App, ask: Ask, how: str
) -> None:
    """R1, R6: A rebuild keeps the rows of a company whose run events are damaged, and rebuilds the
    company's employees and the other company."""
    # given
    before = kept(ask)
    if how == "altered":
        alter(ask, ACME, 5, state=b"{}")
    else:
        take_away(ask, ACME, 5)
    damaged = kept(ask)["stored_events"]
    ask("UPDATE roster SET address = 'x'")
    ask("DELETE FROM companies WHERE company = 'zenith'")
    ask("DELETE FROM runs WHERE company = 'zenith'")

    # when
    rebuilt(app.store)

    # then
    assert kept(ask) == {**before, "stored_events": damaged}


def last_run(app: App, kind: str) -> UUID:
    """The latest run of Acme of this kind, or that ended so."""
    return next(
        record.run
        for record in app.store.runs.latest("acme", 100)
        if kind in (record.ended.run_kind.value, record.ended.outcome.value)
    )


@pytest.mark.parametrize("newest", [True, False])
@pytest.mark.parametrize("kind", ["held", "approve", "support", "import", "discard"])
def test_a_rebuild_keeps_the_rows_of_a_run_whose_event_is_lost(
    app: App, acme: Customer, ask: Ask, kind: str, newest: bool
) -> None:
    """R2: A rebuild keeps the rows of a run whose event is lost, because nothing else may be left
    of the run or tell whether a delivery waits."""
    # given
    (waits,) = app.store.runs.waiting("acme")
    if kind != "held" and newest:
        if kind == "approve":
            approve(app, acme, waits, "otto", "right")
        elif kind == "support":
            support(app, acme, "dora@acme.example", Deactivate(), "olga", "left")
        elif kind == "import":
            import_delivery(app, acme, "tester", delivered(""))
        else:
            discard(app, waits, "otto", "wrong")
    elif kind == "held" and not newest:
        import_delivery(app, acme, "tester", delivered(""))
    run = last_run(app, kind)
    at = next(e.originator_version for e in app.store.events.of(ACME) if e.run == run)
    if not newest:
        assert at < app.store.runs.company_state("acme").version or kind in ("import", "held")
    before = kept(ask)
    take_away(ask, ACME, at)
    damaged, problems = kept(ask)["stored_events"], found(app.store)
    assert ("run-event-missing", "acme", run) in problems
    lost = [p for p in verified(app.store).problems if p.problem == "run-event-missing"]
    assert [p.restorable for p in lost] == [False]
    assert str(run) in lost[0].message

    # when / then
    for _ in range(2):
        rebuilt(app.store)

        assert kept(ask) == {**before, "stored_events": damaged}
        assert found(app.store) == problems


def test_a_rebuild_keeps_the_rows_of_a_company_whose_stream_is_lost(app: App, ask: Ask) -> None:
    """R2, R6: A rebuild keeps the runs, the state, the employees and the held delivery of a company
    whose whole stream is lost, and every lost run is named."""
    # given
    before, runs = kept(ask), [event.run for event in app.store.events.of(ACME)]
    ask("DELETE FROM stored_events WHERE originator_id = ?", ACME.hex)
    damaged, problems = kept(ask)["stored_events"], found(app.store)
    assert {("run-event-missing", "acme", run) for run in runs} <= problems
    ask("UPDATE roster SET address = 'x' WHERE company = 'zenith'")
    ask("DELETE FROM runs WHERE company = 'zenith'")

    # when / then
    for _ in range(2):
        rebuilt(app.store)

        assert kept(ask) == {**before, "stored_events": damaged}
        assert found(app.store) == problems


def test_a_rebuild_keeps_the_rows_of_all_companies_when_all_streams_are_lost(
    app: App, ask: Ask
) -> None:
    """R2: When the run events of all companies are lost, a rebuild keeps all that is left."""
    # given
    before = kept(ask)
    ask("DELETE FROM stored_events WHERE topic = 'run-ended'")
    damaged = kept(ask)["stored_events"]

    # when
    rebuilt(app.store)

    # then
    assert kept(ask) == {**before, "stored_events": damaged}


# Issues


@pytest.mark.parametrize("number", [1, 2])
def test_issues_that_are_missing_before_others_are_found(
    app: App, acme: Customer, ask: Ask, number: int
) -> None:
    """R2: `verify` finds a missing issue before other issues of its run, because issues are
    numbered, and a rebuild cannot restore it."""
    # given
    bad = THIRD + "\n,No,One,8,,,"
    run = import_delivery(app, acme, "tester", delivered(bad + "\nx,No,Two,9,,,"))
    assert len(run.issues) > 2
    assert run.run is not None
    ask("DELETE FROM issues WHERE run = ? AND number = ?", run.run.hex, number)

    # when
    (problem,) = verified(app.store).problems

    # then
    assert (problem.problem, problem.run, problem.restorable) == ("issues-missing", run.run, False)
    rebuilt(app.store)
    assert found(app.store) == {("issues-missing", run.run)}


def test_a_run_that_rejected_rows_and_has_no_issues_is_found(
    app: App, acme: Customer, ask: Ask
) -> None:
    """R2, L10: `verify` finds a run that rejected rows and has no issues left. A run that only
    repeats the issues of another run has none of its own and is sound."""
    # given
    files = delivered(THIRD + "\n,No,One,8,,,")
    run = import_delivery(app, acme, "tester", files)
    again = import_delivery(app, acme, "tester", files)
    assert (run.counts.rejected, again.counts.rejected) == (1, 1)
    assert found(app.store) == set()
    assert run.run is not None
    ask("DELETE FROM issues WHERE run = ?", run.run.hex)

    # when / then
    assert ("issues-missing", run.run) in found(app.store)


# Values of any type


VALUES: dict[str, object] = {"NULL": None, "int": 7, "text": "no such thing", "blob": b"\xff\x00"}
PLANTED = [
    pytest.param(table, column.name, value, id=f"{table.name}-{column.name}-{kind}")
    for table in SCHEMA
    for column in table.columns
    for kind, value in VALUES.items()
    if value is not None or column.optional
]
UNSEEN = {
    ("roster", "digest"),
    ("held", "number"),
    ("slots", "company"),
    ("kept", "company"),
    ("kept", "place"),
    ("kept", "since"),
    ("notices", "company"),
    ("notices", "via"),
    ("notices", "since"),
    ("notices", "taken_until"),
}
"""A cache, which spares work and decides nothing; numbers of which only the order counts; who takes
part in the schedule or has kept files or notices, as any company may; place and time of these
files; and channel and times of these notices."""
UNTOLD = {("issues", "issue"), ("issues", "since"), ("notices", "news")}
"""A known gap: what an issue says, since when it was open then, and why somebody is told is kept
without a sum, and nobody looks at it."""
PLANTED_WHERE_LOST = [
    pytest.param(*each.values, id=each.id)
    for each in PLANTED
    if each.values[0].name in ("companies", "runs", "roster", "stored_events")
]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An embedded database of two companies, made once, that every test copies."""
    directory = tmp_path_factory.mktemp("lived")
    path = created(directory / "tenure.db")
    with closing(open_sqlite(path)) as store:
        a_life(store, Watch(), a_customer(a_company(policy={"max_offboardings": 1})))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.mark.usefixtures("app")
def test_every_table_is_looked_at(ask: Ask, database: Database) -> None:
    """The tests of `verify` look at every table and every column of the database."""
    # given
    listed = "SELECT name FROM sqlite_master WHERE type = 'table'"
    if isinstance(database, PostgresUrl):
        listed = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    names = {name for (name,) in ask(listed) if not name.startswith("sqlite_")}

    # then
    assert names - {"tenure_schema"} == {table.name for table in SCHEMA} == set(TABLES)
    for table in SCHEMA:
        assert len(ask(f"SELECT * FROM {table.name}")[0]) == len(table.columns)


def plant(path: Path, table: Table, column: str, value: object, which: str) -> bool:
    """Puts a value in one row or all of them; tells whether anything is other than it was."""
    name, keys = table.name, table.key
    order = {"first": "ASC", "last": "DESC", "every": "ASC"}[which]
    with closing(sqlite3.connect(path)) as connection, connection:
        before = connection.execute(f"SELECT * FROM {name} ORDER BY 1, 2").fetchall()
        by = ", ".join(f"{key} {order}" for key in keys)
        limit = "" if which == "every" else "LIMIT 1"
        chosen = f"SELECT {', '.join(keys)} FROM {name} ORDER BY {by} {limit}"
        where = " AND ".join(f"{key} = ?" for key in keys)
        for row in connection.execute(chosen).fetchall():
            statement = f"UPDATE OR IGNORE {name} SET {column} = ? WHERE {where}"
            connection.execute(statement, (value, *row))
        after = connection.execute(f"SELECT * FROM {name} ORDER BY 1, 2").fetchall()
    return before != after


@pytest.mark.parametrize(("table", "column", "value"), PLANTED)
def test_no_value_of_any_type_stops_verify_or_rebuild(
    lived: Path, tmp_path: Path, table: Table, column: str, value: object
) -> None:
    """R1: No value of any type in any column stops `verify` or `rebuild`; `verify` names the value,
    and `rebuild` repairs it where the events tell how."""
    # when / then
    for which in ("first", "last", "every"):
        path = tmp_path / f"{which}.db"
        copyfile(lived, path)
        if not plant(path, table, column, value, which):
            continue
        with closing(open_sqlite(path)) as store:
            problems = verified(store).problems
            assert problems or (table.name, column) in UNSEEN | UNTOLD, which

            rebuilt(store)

            left = verified(store).problems
            lost = {each.problem for each in problems if not each.restorable}
            assert lost <= {each.problem for each in left}, which
            assert left == () or lost, which
            assert not any(each.restorable for each in left) or lost, which


@pytest.mark.parametrize(
    ("table", "column", "value"),
    PLANTED_WHERE_LOST,
)
@pytest.mark.parametrize("gone", ["newest", "all"])
def test_no_value_of_any_type_stops_verify_or_rebuild_when_events_are_lost_too(
    lived: Path, tmp_path: Path, table: Table, column: str, value: object, gone: str
) -> None:
    """R1: No value of any type stops `verify` or `rebuild` when events of runs are lost as well."""
    # given
    path = tmp_path / "tenure.db"
    copyfile(lived, path)
    newest = "= (SELECT version FROM companies WHERE company = 'acme')"
    which = newest if gone == "newest" else "> 0"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            f"DELETE FROM stored_events WHERE originator_id = ? AND originator_version {which}",
            (ACME.hex,),
        )
    plant(path, table, column, value, "every")

    # when / then
    with closing(open_sqlite(path)) as store:
        for _ in range(2):
            assert any(not each.restorable for each in verified(store).problems)
            rebuilt(store)


@pytest.mark.parametrize("share", [0.0, 0.4, 0.6, 0.9, 1.0])
def test_a_rebuild_that_is_broken_off_leaves_everything_as_it_was(
    app: App, ask: Ask, share: float
) -> None:
    """R1: A rebuild that is broken off at any point changes nothing, and the next rebuild
    succeeds."""
    # given
    ask("UPDATE roster SET address = 'x' WHERE external_id = '2'")
    ask("DELETE FROM touched")
    before, digests = kept(ask), ask("SELECT employee, digest FROM roster")
    until, told = share * app.store.events.count(), 0

    def tick(count: int) -> None:
        nonlocal told
        told += count
        if told >= until:
            raise RuntimeError("no further")

    # when / then
    with pytest.raises(RuntimeError, match="no further"):
        app.store.rebuild(tick)

    assert kept(ask) == before
    assert ask("SELECT employee, digest FROM roster") == digests
    rebuilt(app.store)
    assert found(app.store) == set()


def test_deliveries_do_the_same_after_a_rebuild(app: App, acme: Customer) -> None:
    """R1, L10: After a rebuild, deliveries do exactly what they would have done before it, although
    the row digests are gone."""
    # given
    news = THIRD.replace("Dora,", "Doortje,").replace("fay@", "f@")
    files = [THIRD, news, news, FIRST]
    would = [preview_delivery(app, acme, "tester", delivered(text)) for text in files[:2]]

    # when
    rebuilt(app.store)

    # then
    for text, expected in zip(files[:2], would, strict=True):
        again = preview_delivery(app, acme, "tester", delivered(text))
        assert (again.rows, again.counts) == (expected.rows, expected.counts)
        assert [(each.code, each.message, each.new) for each in again.issues] == [
            (each.code, each.message, each.new) for each in expected.issues
        ]
    run = import_delivery(app, acme, "tester", delivered(news))
    assert (run.counts, run.outcome) == (would[1].counts, Outcome.APPLIED)
    assert import_delivery(app, acme, "t", delivered(news)).outcome is Outcome.UNCHANGED
    assert found(app.store) == set()


def test_a_held_delivery_still_waits_after_a_rebuild(app: App, acme: Customer, ask: Ask) -> None:
    """B2: A held delivery still waits after a rebuild, and can be approved."""
    # given
    (record,) = app.store.runs.waiting("acme")
    for table in PROJECTIONS:
        ask(f"DELETE FROM {table}")

    # when
    rebuilt(app.store)

    # then
    (again,) = app.store.runs.waiting("acme")
    assert again == record
    assert approve(app, acme, again, "olga", "HR confirmed it").outcome is Outcome.APPLIED
    assert found(app.store) == set()


def test_an_approved_delivery_is_still_not_held_again_after_a_rebuild(
    app: App, watch: Watch, ask: Ask
) -> None:
    """B2: An approved delivery is not held again after a rebuild, because the approval is in the
    events."""
    # given
    strict = a_customer(a_company(policy={"max_rejected_rows": 1}))
    broken = "\n".join((THIRD, ",No,One,8,,,", ",No,Two,9,,,"))
    held = import_delivery(app, strict, "tester", delivered(broken))
    record = app.store.runs.find(held.run)  # type: ignore[arg-type]
    assert record is not None
    approve(app, strict, record, "olga", "HR knows")
    ask("DELETE FROM companies")

    # when
    rebuilt(app.store)

    # then
    assert import_delivery(app, strict, "t", delivered(broken)).outcome is Outcome.UNCHANGED


def test_a_delivery_is_still_recognised_after_a_rebuild(app: App, acme: Customer) -> None:
    """D8: An applied delivery is still recognised after a rebuild."""
    # given
    run = import_delivery(app, acme, "tester", delivered(THIRD))

    # when
    rebuilt(app.store)

    # then
    again = import_delivery(app, acme, "tester", delivered(THIRD))
    record = app.store.runs.find(again.run)  # type: ignore[arg-type]
    assert record is not None
    assert record.ended.issues_of == run.run


def test_readers_see_the_old_projections_until_the_rebuild_is_complete(
    app: App, open_store: OpenStore
) -> None:
    """R1: Readers see the old projections until a rebuild is complete."""
    # given
    other = open_store()
    before = list(other.roster.employees("acme"))
    seen: list[bool] = []

    # when
    app.store.rebuild(lambda _: seen.append(list(other.roster.employees("acme")) == before))

    # then
    assert all(seen)
    assert len(seen) > 10
    assert list(other.roster.employees("acme")) == before
