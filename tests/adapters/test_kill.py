"""Processes that are killed, and processes that compete: the database stays whole.

`make torture` kills more often.
"""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import msgspec
import pytest

from adapters.company_settings import Customer
from adapters.sources.folder import read_named_file
from adapters.store.sqlite import open_sqlite
from adapters.store.store import Store
from adapters.use_cases.import_delivery import import_delivery
from domain.employee.aggregate import Employee, fold
from domain.employee.events import EmployeeRecord
from domain.ids import company_stream_id
from domain.outcome import Outcome
from tests.adapters import importer
from tests.adapters.steps import Watch, app_of
from tests.databases import created
from tests.given import NOW

pytestmark = pytest.mark.torture

TORTURE = bool(os.environ.get("TENURE_TORTURE"))
KILLS = 50 if TORTURE else 4
ROUNDS = 10 if TORTURE else 1
PEOPLE, NEWCOMERS = 2_000 if TORTURE else 1_000, 100
HEADER = "email,first_name,last_name,external_id,group_name,offboarding_date\n"
SLACK = 1.25
"""How much longer than an undisturbed commit the moments of killing reach."""


def rows(first: int, last: int, group: str, *, leaving: str = "") -> str:
    """People by number."""
    return "".join(
        f"p{number}@acme.example,First{number},Last{number},x{number},{group},{leaving}\n"
        for number in range(first, last)
    )


class Scene(NamedTuple):
    """A database, the delivery that is imported into it, and what must come of that.

    `applied` is a copy of the database after the delivery.
    """

    database: Path
    delivery: Path
    applied: Path
    expected: dict[str, tuple[object, ...]]
    commit_takes: float


def start(database: Path, *arguments: str | Path) -> subprocess.Popen[str]:
    """A process that imports."""
    command = [sys.executable, importer.__file__, database, *arguments]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finish(process: subprocess.Popen[str]) -> list[tuple[str, float]]:
    """What it said, once it has ended well."""
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return [(what, float(when)) for what, when in (line.split() for line in out.splitlines())]


def open_people(store: Store) -> dict[str, tuple[object, ...]]:
    """Everyone by external id, as far as it does not depend on the moment."""
    return {
        str(each.external_id): (
            each.email,
            each.state,
            each.version,
            each.details.group_name,
            each.offboarding_date,
        )
        for each in store.roster.employees("acme")
    }


@pytest.fixture(scope="module", params=["empty company", "known company"])
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """A delivery that registers everyone, or changes everyone and registers some."""
    place = tmp_path_factory.mktemp("scene")
    database, delivery, earlier = place / "tenure.db", place / "now.csv", place / "earlier.csv"
    created(database)
    if request.param == "empty company":
        delivery.write_text(HEADER + rows(0, PEOPLE, "Sales"))
    else:
        earlier.write_text(HEADER + rows(0, PEOPLE, "Sales"))
        finish(start(database, earlier))
        changed = rows(0, PEOPLE, "Engineering", leaving="2190-01-01")
        delivery.write_text(HEADER + changed + rows(PEOPLE, PEOPLE + NEWCOMERS, "Nowhere"))
    undisturbed = place / "undisturbed.db"
    shutil.copy(database, undisturbed)
    told = dict(finish(start(undisturbed, delivery)))
    with closing(open_sqlite(undisturbed)) as store:
        expected = open_people(store)
    assert len(expected) >= PEOPLE
    return Scene(database, delivery, undisturbed, expected, told["stored"] - told["planned"])


class Kept(NamedTuple):
    """What a database holds: its events by stream, its roster, its runs, and the issues' runs."""

    events: dict[str, list[EmployeeRecord]]
    roster: dict[str, Employee]
    runs: set[str]
    issues: dict[str, int]


def kept(database: Path) -> Kept:
    """Everything in a database, each table for itself."""
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        streams = [
            stream
            for (stream,) in connection.execute("SELECT DISTINCT originator_id FROM stored_events")
        ]
        people = connection.execute("SELECT employee, state FROM roster").fetchall()
        runs = {run for (run,) in connection.execute("SELECT run FROM runs")}
        issues = dict(connection.execute("SELECT run, count(*) FROM issues GROUP BY run"))
        stored = connection.execute(
            "SELECT originator_id, originator_version FROM stored_events"
        ).fetchall()
    load = msgspec.json.Decoder(Employee).decode
    with closing(open_sqlite(database)) as store:
        events = {stream: store.events.of(UUID(stream)) for stream in streams}
    assert sum(map(len, events.values())) == len(stored)
    return Kept(events, {employee: load(state) for employee, state in people}, runs, issues)


def assert_whole(database: Path) -> Kept:
    """Events, roster, runs and issues agree with each other, whatever they say."""
    found = kept(database)
    company = company_stream_id("acme").hex
    runs = found.events.pop(company, [])
    for events in found.events.values():
        versions = [event.originator_version for event in events]
        assert versions == list(range(1, len(versions) + 1))
    assert {stream: fold(None, events) for stream, events in found.events.items()} == found.roster
    assert [each.originator_version for each in runs] == list(range(1, len(runs) + 1))
    assert {each.run.hex for each in runs} == found.runs
    made_in = Counter(event.run for events in found.events.values() for event in events)
    for each in runs:
        counts = each.event.counts  # type: ignore[union-attr]
        assert made_in[each.run] == counts.events
    assert set(made_in) <= {each.run for each in runs}
    with closing(open_sqlite(database)) as store:
        assert store.runs.company_state("acme").version == len(runs)
        assert len(open_people(store)) == len(found.roster)
    return found


# Killed


@pytest.mark.parametrize("number", range(KILLS // 2))
def test_a_run_that_is_killed_is_there_whole_or_not_at_all(
    scene: Scene, number: int, tmp_path: Path
) -> None:
    """R1: When a process is killed at a random moment of its commit, the database holds the whole
    run or nothing of it, and a repeated import completes the delivery."""
    # given
    database = tmp_path / "tenure.db"
    shutil.copy(scene.database, database)
    before = kept(database)
    stretch = (number + random.random()) / (KILLS // 2)

    # when
    with start(database, scene.delivery) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("planned")
        time.sleep(stretch * SLACK * scene.commit_takes)
        process.kill()

    # then
    after = assert_whole(database)

    if after.runs == before.runs:
        assert after.roster == before.roster
        assert after.issues == before.issues
    else:
        with closing(open_sqlite(database)) as store:
            assert open_people(store) == scene.expected
    again = repeated(database, scene.delivery)
    assert again is (Outcome.APPLIED if after.runs == before.runs else Outcome.UNCHANGED)
    completed = assert_whole(database)
    assert len(completed.runs) == len(after.runs) + 1
    with closing(open_sqlite(database)) as store:
        assert open_people(store) == scene.expected


def test_a_run_that_is_killed_before_its_commit_leaves_nothing(
    scene: Scene, tmp_path: Path
) -> None:
    """R1: When a process is killed before its commit, the database is as before, and a repeated
    import applies the delivery."""
    # given
    database = tmp_path / "tenure.db"
    shutil.copy(scene.database, database)
    before = kept(database)

    # when
    with start(database, "--wait", scene.delivery) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("planned")
        process.kill()

    # then
    assert kept(database) == before
    assert repeated(database, scene.delivery) is Outcome.APPLIED


def test_a_run_that_was_stored_survives_the_death_of_its_process(
    scene: Scene, tmp_path: Path
) -> None:
    """R1: When a process is killed right after its commit, the database holds the whole run."""
    # given
    database = tmp_path / "tenure.db"
    shutil.copy(scene.database, database)

    # when
    with start(database, scene.delivery) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("planned")
        assert process.stdout.readline().startswith("stored")
        process.kill()

    # then
    assert_whole(database)
    with closing(open_sqlite(database)) as store:
        assert open_people(store) == scene.expected


def repeated(database: Path, delivery: Path) -> Outcome:
    """The same import once more, in this process."""
    file = read_named_file(delivery, importer.ACME.limits.file)
    with closing(open_sqlite(database)) as store:
        app = app_of(store, Watch(NOW))
        return import_delivery(app, Customer(importer.ACME, None), "again", [file]).outcome


# Killed while somebody decides, or while projections are made anew


@pytest.fixture(scope="module")
def waiting(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """The same delivery, which the safeguard holds."""
    place = tmp_path_factory.mktemp("waiting")
    database = place / "tenure.db"
    shutil.copy(scene.database, database)
    file = read_named_file(scene.delivery, importer.HEEDFUL.limits.file)
    with closing(open_sqlite(database)) as store:
        app = app_of(store, Watch(NOW))
        run = import_delivery(app, Customer(importer.HEEDFUL, None), "tester", [file])
        assert run.outcome is Outcome.HELD
    undisturbed = place / "undisturbed.db"
    shutil.copy(database, undisturbed)
    told = dict(finish(start(undisturbed, "--approve")))
    assert Outcome.APPLIED in told
    return scene._replace(database=database, commit_takes=told["stored"] - told["planned"])


KNOWN = pytest.mark.parametrize("scene", ["known company"], indirect=True)
"""A company's first delivery registers whomever it likes."""


@KNOWN
@pytest.mark.parametrize("number", range(KILLS // 2))
def test_an_approval_that_is_killed_is_there_whole_or_still_to_be_made(
    waiting: Scene, number: int, tmp_path: Path
) -> None:
    """R1, B2: When a process is killed at a random moment of an approval, the delivery is applied
    completely or still waits with its files, and can be approved again."""
    # given
    database = tmp_path / "tenure.db"
    shutil.copy(waiting.database, database)
    before = kept(database)
    stretch = (number + random.random()) / (KILLS // 2)

    # when
    with start(database, "--approve") as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("planned")
        time.sleep(stretch * SLACK * waiting.commit_takes)
        process.kill()

    # then
    after = kept(database)
    with closing(open_sqlite(database)) as store:
        assert store.verify(lambda _: None).problems == ()
        records = store.runs.waiting("acme")
        if after.runs == before.runs:
            assert after == before
            assert [file.data for file in store.runs.held_files(records[0].run)] == [
                waiting.delivery.read_bytes()
            ]
        else:
            assert records == []
            assert all(store.runs.held_files(UUID(run)) == [] for run in after.runs)
    if after.runs == before.runs:
        assert Outcome.APPLIED in dict(finish(start(database, "--approve")))
    with closing(open_sqlite(database)) as store:
        assert open_people(store) == waiting.expected
        assert store.runs.waiting("acme") == []
        assert store.verify(lambda _: None).problems == ()


@KNOWN
def test_an_approval_that_is_killed_before_its_commit_is_still_to_be_made(
    waiting: Scene, tmp_path: Path
) -> None:
    """R1, B2: When a process is killed before the commit of an approval, the database is as before,
    and the delivery can be approved again."""
    # given
    database = tmp_path / "tenure.db"
    shutil.copy(waiting.database, database)
    before = kept(database)

    # when
    with start(database, "--wait", "--approve") as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("planned")
        process.kill()

    # then
    assert kept(database) == before
    assert Outcome.APPLIED in dict(finish(start(database, "--approve")))


@pytest.mark.parametrize("until", ["halfway", "written"])
@pytest.mark.parametrize("number", range(KILLS // 4))
def test_a_rebuild_that_is_killed_leaves_the_projections_as_before_or_all_rebuilt(
    scene: Scene, until: str, number: int, tmp_path: Path
) -> None:
    """R1: When a process is killed during a rebuild, the projections are as before or all rebuilt,
    and a repeated rebuild completes."""
    # given
    database = tmp_path / "tenure.db"
    shutil.copy(scene.applied, database)
    sound = kept(database)
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("DELETE FROM runs")
        connection.execute("DELETE FROM roster WHERE external_id <> 'x7'")
        connection.commit()
    damaged = kept(database)

    # when
    with start(database, "--rebuild") as process:
        assert process.stdout is not None
        assert any(said.startswith(until) for said in process.stdout)
        time.sleep(random.random() * 0.02)
        process.kill()

    # then
    after = kept(database)
    assert after == sound if after.runs else after == damaged
    finish(start(database, "--rebuild"))
    assert kept(database) == sound
    with closing(open_sqlite(database)) as store:
        assert store.verify(lambda _: None).problems == ()


# Competing


def test_of_two_processes_with_one_delivery_one_applies_it(tmp_path: Path) -> None:
    """R4, D8: When two processes import the same delivery at once, one applies it and the other
    ends as unchanged."""
    # given
    database, delivery = tmp_path / "tenure.db", tmp_path / "one.csv"
    created(database)
    delivery.write_text(HEADER + rows(0, 200, "Sales"))

    # when
    told = at_once(database, [delivery, delivery])

    # then
    outcomes = sorted(each[-1] for each in told)
    assert outcomes == [Outcome.APPLIED, Outcome.UNCHANGED]
    assert sum(each.count("stored") for each in told) == 2
    found = assert_whole(database)
    assert len(found.roster) == 200
    assert len(found.runs) == 2


def test_of_two_processes_with_two_deliveries_the_second_plans_again(tmp_path: Path) -> None:
    """R4: When two processes import different deliveries at once, both are applied, and the one
    that is stored second plans again."""
    # given
    database, one, other = tmp_path / "tenure.db", tmp_path / "one.csv", tmp_path / "other.csv"
    created(database)
    one.write_text(HEADER + rows(0, 150, "Sales"))
    other.write_text(HEADER + rows(100, 250, "Engineering"))

    # when
    told = at_once(database, [one, other])

    # then
    assert sorted(each.count("planned") for each in told) == [1, 2]
    assert [each[-1] for each in told] == [Outcome.APPLIED] * 2
    found = assert_whole(database)
    assert len(found.roster) == 250
    assert sorted({employee.version for employee in found.roster.values()}) == [1, 2]
    assert sum(employee.version == 2 for employee in found.roster.values()) == 50


def at_once(database: Path, deliveries: Sequence[Path]) -> list[list[str]]:
    """Processes that all have planned from the same state before the first one stores."""
    processes = [start(database, "--wait", delivery) for delivery in deliveries]
    told = []
    for process in processes:
        assert process.stdout is not None
        told.append([process.stdout.readline().split()[0]])
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for before, process in zip(told, processes, strict=True):
        before += [what for what, _ in finish(process)]
    return told


@pytest.mark.parametrize("number", range(ROUNDS))
def test_many_processes_with_many_deliveries_never_build_on_the_same_state(
    number: int, tmp_path: Path
) -> None:
    """R4: When four processes import four deliveries in different orders, every run is stored, and
    no employee is lost or doubled."""
    # given
    database = tmp_path / "tenure.db"
    created(database)
    deliveries = []
    for delivery in range(4):
        path = tmp_path / f"{delivery}.csv"
        group = ("Sales", "Engineering")[delivery % 2]
        path.write_text(HEADER + rows(delivery * 20, delivery * 20 + 60, group))
        deliveries.append(path)
    orders = [deliveries[turn:] + deliveries[:turn] for turn in range(4)]

    # when
    processes = [start(database, "--wait", *order) for order in orders]
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()
    told = []
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        told += [what for what, _ in finish(process)]

    # then
    outcomes = [what for what in told if what not in ("planned", "stored")]
    found = assert_whole(database)
    assert len(outcomes) == len(found.runs) == 16
    assert set(outcomes) <= {Outcome.APPLIED, Outcome.UNCHANGED}
    assert told.count("stored") == 16
    people = found.roster.values()
    assert len(people) == len({each.external_id for each in people}) == 120
    assert len({each.email for each in people}) == 120
