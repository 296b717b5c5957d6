"""Many workers and one schedule: whoever is first, each slot of each company is served once.

The time is a file, which the test sets from slot to slot. Before each slot the HR system of every
company writes another delivery. `make torture` goes through many more slots, and kills workers all
the way.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import NamedTuple

import pytest

from adapters.store.opening import Database, PostgresUrl, open_store
from adapters.store.postgres_schema import migrate
from adapters.store.store import Store
from adapters.use_cases.observer import Observers
from adapters.use_cases.schedule import Job
from adapters.worker import job_runner
from adapters.worker.configuration import Configuration
from adapters.worker.distributed import DistributedWorker
from adapters.worker.job_schema import migrate_jobs
from domain.company_runs.events import RunEnded, RunKind
from domain.employee.events import State
from domain.outcome import Outcome
from domain.schedule import Schedule, Schedules
from tests.adapters import pgserver
from tests.databases import created
from tests.given import moment
from tests.strategies import TORTURE
from tests.torture import chance, scheduler

pytestmark = pytest.mark.torture

START = moment("2027-03-01 10:00")
HEADER = "email,first_name,last_name,external_id,group_name,offboarding_date\n"
GROUPS = ("Sales", "Engineering")
PATIENCE = 90.0
"""Seconds after which a slot is not waited for any longer."""

_names = count()


class Size(NamedTuple):
    """How much is raced for, and by how many."""

    slots: int
    companies: int
    processes: int


RACE = Size(200, 20, 8) if TORTURE else Size(10, 3, 3)
KILLS = Size(200, 20, 8) if TORTURE else Size(4, 3, 3)
DEATHS = Size(3, 20, 2) if TORTURE else Size(1, 20, 2)


class Race:
    """Companies whose deliveries change before each slot, and the time."""

    def __init__(self, place: Path, database: Database, size: Size) -> None:
        self.place = place
        self.database = database
        self.size = size
        self.keys = [f"c{number:02}" for number in range(size.companies)]
        self.config, self.clock = place / "tenure.toml", place / "moment"
        self.slots: list[datetime] = []
        self.chance = chance.draw()
        self._write()
        self.at(START)

    def _write(self) -> None:
        url = (
            self.database.url
            if isinstance(self.database, PostgresUrl)
            else f"sqlite:///{self.database}"
        )
        tables = [f'database = "{url}"\n']
        for key in self.keys:
            (self.place / key).mkdir()
            tables.append(
                f'[company.{key}]\nname = "{key}"\nlanguage = "nl"\ngroups = {list(GROUPS)}\n'
                f'[company.{key}.source]\nprotocol = "folder"\ndirectory = "{key}"\n'
            )
        self.config.write_text("".join(tables))

    def at(self, now: datetime) -> None:
        """It is this moment from now on."""
        beside = self.clock.with_suffix(".new")
        beside.write_text(now.isoformat())
        beside.rename(self.clock)

    def deliver(self) -> None:
        """The next slot's delivery of every company: one more person, and a change of the others'
        group every third time. Whoever came five slots ago leaves on that day."""
        for key in self.keys:
            file = self.place / key / "alleo_employees_1.csv"
            beside = file.with_suffix(".new")
            beside.write_text(HEADER + "".join(self._rows(key, len(self.slots) + 1)))
            beside.rename(file)

    def _rows(self, key: str, number: int) -> Iterator[str]:
        for person in range(number):
            group = GROUPS[number // 3 % 2]
            yield f"p{person}@{key}.example,First{person},Last{person},x{person},{group},"
            leaves = person + 5
            yield f"{self.slots[leaves].date()}\n" if leaves < len(self.slots) else "\n"

    def next_slot(self) -> datetime:
        """Time passes until the next pick-up, or a little longer; a delivery waits there."""
        before = self.slots[-1] if self.slots else START
        schedule = Schedule()
        now = before
        while (slot := schedule.last_slot(now)) is None or slot <= before:
            now = schedule.next_moment(now)
        self.deliver()
        self.slots.append(slot)
        self.at(slot + timedelta(minutes=self.chance.choice((0, 1, 90))))
        return slot

    def served(self, store: Store, slot: datetime) -> bool:
        """Whether every company is past a slot."""
        return all(store.runs.company_state(key).served(slot) for key in self.keys)


class Workers:
    """Processes that race."""

    def __init__(self, race: Race, *options: str) -> None:
        self.race = race
        self.options = options
        self.said: list[Path] = []
        self.running: list[subprocess.Popen[bytes]] = []
        self._output: dict[int, Path] = {}

    def start(self, number: int = 1) -> None:
        """So many more."""
        for _ in range(number):
            said = self.race.place / f"worker-{len(self.said)}.txt"
            self.said.append(said)
            with said.open("wb") as output:
                command = [
                    sys.executable, scheduler.__file__, str(self.race.config),
                    str(self.race.clock), *self.options,
                ]  # fmt: skip
                process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
            self.running.append(process)
            self._output[process.pid] = said

    def kill(self) -> None:
        """One of them, as by `kill -9`."""
        process = self.running.pop(self.race.chance.randrange(len(self.running)))
        process.kill()
        process.wait()

    def check(self) -> None:
        """Nobody has ended by himself."""
        assert all(process.poll() is None for process in self.running), self.told()

    def ready(self) -> bool:
        """Whether all that run have begun, and can be stopped."""
        return all("ready" in self._output[each.pid].read_text() for each in self.running)

    def stop(self) -> None:
        """All of them, as a service is stopped."""
        wait_for(self.ready, self)
        for process in self.running:
            process.send_signal(signal.SIGTERM)
        codes = [process.wait(60) for process in self.running]
        self.running = []
        assert set(codes) == {0}, self.told()

    def end(self) -> None:
        """Whatever is left."""
        for process in self.running:
            process.kill()
            process.wait()

    def told(self) -> str:
        """What they said, apart from what went well."""
        lines = [line for said in self.said for line in said.read_text().splitlines()]
        return "\n".join(line for line in lines if not line.startswith(("ran ", "ready")))[-4000:]

    def runs(self) -> Counter[str]:
        """The runs they said they made."""
        lines = [line for said in self.said for line in said.read_text().splitlines()]
        return Counter(line for line in lines if line.startswith("ran "))


@pytest.fixture(params=["sqlite", "postgresql", "distributed"])
def kind(request: pytest.FixtureRequest) -> str:
    """The embedded worker over either store, and the one for many machines."""
    return str(request.param)


@pytest.fixture
def database(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database of its own."""
    if kind == "sqlite":
        yield created(tmp_path / "tenure.db")
        return
    server: pgserver.Server = request.getfixturevalue("postgres")
    name = f"race_{next(_names)}"
    url = server.made(name)
    migrate(server.as_owner(url), pgserver.RUNNER)
    migrate_jobs(server.as_owner(url), pgserver.RUNNER)
    yield PostgresUrl(url)
    server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def racing(kind: str, database: Database, size: Size) -> Iterator[tuple[Race, Workers, Store]]:
    """Workers that have all begun, and seen every company."""
    with ExitStack() as opened:
        place = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="race")))
        race = Race(place, database, size)
        store = opened.enter_context(closing(open_store(database)))
        options = {"distributed": ["--distributed"], "usual": ["--usual"]}.get(kind, [])
        workers = Workers(race, *options)
        opened.callback(workers.end)
        workers.start(size.processes)
        wait_for(
            lambda: workers.ready() and len(store.schedule.enrolled_companies()) == size.companies,
            workers,
        )
        yield race, workers, store


def wait_for(what: Callable[[], bool], workers: Workers) -> None:
    """Until it is so."""
    end = time.monotonic() + PATIENCE
    while not what():
        workers.check()
        assert time.monotonic() < end, f"it never came\n{workers.told()}"
        time.sleep(0.02)


def nobody_is_due(store: Store, now: datetime) -> bool:
    """Whether all clock work is done."""
    return not store.roster.due_companies(Schedules(Schedule()), now)


def test_each_slot_of_each_company_is_served_once_however_many_race(
    kind: str, database: Database
) -> None:
    """R3, R4: However many workers race, each company is picked up exactly once for each slot, and
    each run is reported by the one worker that made it."""
    with racing(kind, database, RACE) as (race, workers, store):
        # when
        for _ in range(RACE.slots):
            slot = race.next_slot()
            wait_for(lambda slot=slot: race.served(store, slot), workers)  # type: ignore[misc]
        wait_for(lambda: nobody_is_due(store, race.slots[-1]), workers)
        workers.stop()

        # then
        assert_served_once(race, store)
        # Whatever ran was said by the one who did it, and by nobody else.
        assert max(workers.runs().values()) == 1
        assert sum(workers.runs().values()) == sum(len(store.runs.every(key)) for key in race.keys)
        assert workers.told() == ""


def test_each_slot_of_each_company_is_served_once_though_workers_are_killed(
    kind: str, database: Database
) -> None:
    """R1, R3, R4: When workers are killed at random moments and others take their place, each
    company is still picked up exactly once for each slot."""
    with racing(kind, database, KILLS) as (race, workers, store):
        # when
        for _ in range(KILLS.slots):
            slot = race.next_slot()
            for _ in range(race.chance.randint(1, 2)):
                time.sleep(race.chance.random() * 0.15)
                workers.kill()
            wait_for(lambda slot=slot: race.served(store, slot), workers)  # type: ignore[misc]
            workers.start(KILLS.processes - len(workers.running))
        wait_for(lambda: nobody_is_due(store, race.slots[-1]), workers)
        workers.stop()

        # then
        assert_served_once(race, store)
        assert max(workers.runs().values()) == 1


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["usual" if TORTURE else "distributed"])
def test_the_work_of_a_killed_worker_is_done_by_another_within_a_minute(
    kind: str, database: Database
) -> None:
    """R1, R3, R6: When a worker is killed while a slot is being served, another worker serves the
    remaining companies within a minute. `make torture` tries it at the usual intervals."""
    with racing(kind, database, DEATHS) as (race, workers, store):
        for _ in range(DEATHS.slots):
            slot = race.next_slot()
            wait_for(lambda: served_by_some(race, store, slot), workers)  # noqa: B023
            workers.kill()
            began = time.monotonic()
            wait_for(lambda slot=slot: race.served(store, slot), workers)  # type: ignore[misc]
            assert time.monotonic() - began < 60
            workers.start()
            wait_for(workers.ready, workers)
        workers.stop()
        assert_served_once(race, store)


def served_by_some(race: Race, store: Store, slot: datetime) -> bool:
    """Whether a slot is being served at this moment."""
    return any(store.runs.company_state(key).served(slot) for key in race.keys)


def assert_served_once(race: Race, store: Store) -> None:
    """What is stored is what one worker alone would have stored, looking at every slot."""
    assert store.verify(lambda _: None).problems == ()
    ids = Counter(record.run for key in race.keys for record in store.runs.every(key))
    assert max(ids.values()) == 1
    for key in race.keys:
        runs = [record.ended for record in store.runs.every(key)]
        imports = [run for run in runs if run.run_kind is RunKind.IMPORT]
        assert [run.slot for run in imports] == race.slots
        assert {run.outcome for run in runs} == {Outcome.APPLIED}
        assert_counted(race, imports)
        assert_people(race, store, key, runs)


def assert_counted(race: Race, imports: list[RunEnded]) -> None:
    """Each delivery registered its one new person, and its rows add up."""
    for number, run in enumerate(imports, 1):
        assert (run.counts.rows, run.counts.registered, run.counts.rejected) == (number, 1, 0)
    assert sum(run.counts.registered for run in imports) == len(race.slots)


def assert_people(race: Race, store: Store, key: str, runs: list[RunEnded]) -> None:
    """Everyone is there once, with events in order; and there are as many as the runs say."""
    people = list(store.roster.employees(key))
    everyone = {f"x{number}" for number in range(len(race.slots))}
    assert len(people) == len(everyone)
    assert {each.external_id for each in people} == everyone
    assert {each.email for each in people} == {f"p{one[1:]}@{key}.example" for one in everyone}
    events = 0
    for each in people:
        told = store.events.of(each.id)
        assert [event.originator_version for event in told] == list(range(1, len(told) + 1))
        kinds = Counter(str(event.event.__struct_config__.tag) for event in told)
        assert kinds["registered"] == 1
        assert kinds["deactivated"] == (each.state is State.DEACTIVATED)
        assert kinds["offboarding-scheduled"] <= 1
        events += len(told)
    assert sum(run.counts.events for run in runs) == events
    deactivated = sum(each.state is State.DEACTIVATED for each in people)
    assert sum(run.counts.deactivated for run in runs) == deactivated
    if len(race.slots) >= 10:
        assert deactivated


@pytest.mark.parametrize("kind", ["distributed"])
def test_a_worker_that_is_stopped_while_it_looks_ends_well(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R1: A worker that is stopped while it looks for due work waits for the look and ends without
    an error."""
    # given
    looking, stop = threading.Event(), threading.Event()

    def slow(_: object) -> list[Job]:
        looking.set()
        time.sleep(0.5)
        return []

    monkeypatch.setattr(job_runner, "due_jobs", slow)
    assert isinstance(database, PostgresUrl)
    race = Race(tmp_path, database, Size(0, 0, 1))
    observers = Observers()
    with closing(open_store(database)) as store:
        configuration = Configuration(race.config, observers)
        worker = DistributedWorker(configuration, store, database.url, observers, 2)
        with ThreadPoolExecutor(1) as pool:
            # when
            ended = pool.submit(worker.run, stop, 20.0)
            assert looking.wait(PATIENCE)
            stop.set()

            # then
            assert ended.result(PATIENCE)
