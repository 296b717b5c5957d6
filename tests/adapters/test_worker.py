"""The schedule in one process: who works when, who waits for whom, and what stops nothing."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import wait
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from adapters.errors import SettingsError
from adapters.settings import Customer, Settings
from adapters.sources.source import DeliveredFile
from adapters.store.errors import StoreUnavailable
from adapters.store.store import Store
from adapters.use_cases import schedule as use_case
from adapters.use_cases.app import App
from adapters.use_cases.observer import Observer, Observers
from adapters.use_cases.schedule import Job
from adapters.worker import embedded, job_runner
from adapters.worker.backoff import Backoff
from adapters.worker.capacity import Capacity
from adapters.worker.configuration import Configuration
from adapters.worker.embedded import EmbeddedWorker
from domain.company_runs.events import RunKind
from domain.employee.events import State
from domain.outcome import Outcome
from domain.schedule import Schedule
from projections.runs import RunDocument
from tests.adapters.steps import NAME, Watch, delivered
from tests.given import a_company, moment

MORNING = moment("2027-03-01 10:00")
EVENING = moment("2027-03-01 20:00")
LOCK_OUT = moment("2027-03-01 23:00")
NIGHT = moment("2027-03-02 02:45")
HEADER = "email,first_name,last_name,external_id,onboarding_date,offboarding_date"
ANNA = "anna@acme.example,Anna,Bakker,1,,"
BRAM = "bram@acme.example,Bram,Smit,2,,"
CHRIS = "chris@acme.example,Chris,Jansen,3,,2027-03-01"
TEXT = f"{HEADER}\n{ANNA}\n"
PATIENCE = 20.0
"""Seconds after which a test gives up waiting."""


class Told(Observer):
    """An observer that remembers."""

    def __init__(self) -> None:
        self.looks: list[list[Job]] = []
        self.runs: list[RunDocument] = []
        self.failures: list[tuple[Job, Exception]] = []
        self.troubles: list[Exception] = []
        self.mistakes: list[str | None] = []

    def polled(self, due: Sequence[Job], now: datetime) -> None:
        self.looks.append(list(due))

    def ran(self, run: RunDocument) -> None:
        self.runs.append(run)

    def failed(self, job: Job, error: Exception) -> None:
        self.failures.append((job, error))

    def unavailable(self, error: Exception) -> None:
        self.troubles.append(error)

    def misconfigured(self, company: str | None, error: SettingsError) -> None:
        self.mistakes.append(company)


class Loud(Observer):
    """An observer that cannot be told anything."""

    def __getattribute__(self, what: str) -> Any:
        def tell(*_: object) -> None:
            raise RuntimeError("Wilhelmina")

        return object.__getattribute__(self, what) if what.startswith("__") else tell


class Source:
    """A source that gives one file, when and as it is told to."""

    pattern = NAME.format("*")
    place = "nowhere"
    warnings = ()

    def __init__(self, text: str = TEXT) -> None:
        self.text = text
        self.open = threading.Event()
        self.open.set()
        self.began = threading.Event()
        self.error: Exception | None = None
        self.count = 0
        self.now = self.most = 0
        self._lock = threading.Lock()

    def fetch(self, limit: int) -> list[DeliveredFile]:
        with self._lock:
            self.count += 1
            self.now += 1
            self.most = max(self.most, self.now)
        self.began.set()
        try:
            assert self.open.wait(PATIENCE)
            if self.error is not None:
                raise self.error
            return delivered(self.text)
        finally:
            with self._lock:
                self.now -= 1

    def steps(self) -> Iterator[Any]:
        yield from ()


class Office:
    """Some companies, and a worker for them whose time a test sets."""

    def __init__(self, store: Store, *keys: str, workers: int = 8) -> None:
        self.store = store
        self.watch = Watch(MORNING)
        self.seconds = 0.0
        self.told = Told()
        self.sources = {key: Source() for key in keys}
        self.settings = Settings(
            Path("tenure.toml"),
            Path("tenure.db"),
            Schedule(),
            {
                key: Customer(replace(a_company(), key=key), source)
                for key, source in self.sources.items()
            },
        )
        self.worker = self.another(workers, Observers(Loud(), self.told))

    def another(self, workers: int, observer: Observers) -> EmbeddedWorker:
        """One more worker."""
        configuration = Configuration(
            Path("no such file"), observer, lambda _: self.settings, lambda: self.seconds
        )
        worker = EmbeddedWorker(configuration, self.store, observer, workers, self.watch)
        worker._backoff = Backoff(lambda: self.seconds)
        return worker

    def at(self, now: datetime, *, looks: int = 1) -> None:
        """Lets the worker look at a moment, and do what it finds."""
        self.watch.moment = now
        for _ in range(looks):
            self.worker.look()
            self.done()

    def done(self) -> None:
        """Waits until everything that began has ended."""
        while begun := [job for job in self.worker._running.values() if not job.done()]:
            assert not wait(begun, PATIENCE).not_done

    def served(self, key: str) -> list[datetime | None]:
        """The slots of a company's imports."""
        records = self.store.every_run(key)
        return [each.ended.slot for each in records if each.ended.run_kind is RunKind.IMPORT]

    def close(self) -> None:
        """Lets whatever still waits come to its end."""
        for source in self.sources.values():
            source.open.set()
        self.done()
        self.worker._pool.shutdown()


@pytest.fixture
def office(store: Store) -> Iterator[Callable[..., Office]]:
    """Opens an office; a worker has seen its companies in the morning."""
    opened: list[Office] = []

    def opening(*keys: str, workers: int = 8, seen: bool = True) -> Office:
        opened.append(Office(store, *keys, workers=workers))
        if seen:
            opened[-1].at(MORNING)
        return opened[-1]

    yield opening
    for each in opened:
        each.close()


def soon(what: Callable[[], object]) -> None:
    """Waits until something is so."""
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.005)


@contextmanager
def running(worker: EmbeddedWorker, grace: float = PATIENCE) -> Iterator[list[bool]]:
    """A worker at work, which is stopped at the end; its answer is put into the list."""
    stop, answer = threading.Event(), list[bool]()
    thread = threading.Thread(target=lambda: answer.append(worker.run(stop, grace)))
    thread.start()
    try:
        yield answer
    finally:
        stop.set()
        thread.join(PATIENCE)
    assert answer, "it did not stop"


# What is due is done


def test_slots_are_served_as_they_come(office: Callable[..., Office]) -> None:
    """R3"""
    here = office("alfa", "bravo")

    for now in (EVENING, EVENING, NIGHT - timedelta(seconds=1), NIGHT, NIGHT):
        here.at(now)

    assert here.served("alfa") == here.served("bravo") == [EVENING, NIGHT]
    assert here.told.failures == here.told.troubles == []


def test_the_clock_is_passed_when_it_is_due(office: Callable[..., Office]) -> None:
    """C1"""
    here = office("alfa")
    here.sources["alfa"].text = f"{HEADER}\n{ANNA}\n{CHRIS}\n"
    here.at(EVENING)
    here.at(LOCK_OUT - timedelta(seconds=1))
    assert [run.kind for run in here.told.runs] == [RunKind.IMPORT]

    here.at(LOCK_OUT, looks=2)

    assert [run.kind for run in here.told.runs] == [RunKind.IMPORT, RunKind.CLOCK]


def test_clock_and_pickup_of_one_company_come_one_after_the_other(
    office: Callable[..., Office],
) -> None:
    """C1, R5: first whoever has to be locked out, at the next look the delivery."""
    here = office("alfa")
    here.sources["alfa"].text = f"{HEADER}\n{ANNA}\n{CHRIS}\n"
    here.at(EVENING)

    here.at(NIGHT)
    assert [run.kind for run in here.told.runs] == [RunKind.IMPORT, RunKind.CLOCK]
    here.at(NIGHT)

    assert here.served("alfa") == [EVENING, NIGHT]


def test_one_company_is_never_worked_on_twice_at_a_time(office: Callable[..., Office]) -> None:
    """R3: however often is looked, and whatever else falls due."""
    here = office("alfa")
    source = here.sources["alfa"]
    source.open.clear()
    here.watch.moment = EVENING
    for now in (EVENING, EVENING, LOCK_OUT, NIGHT, NIGHT):
        here.watch.moment = now
        here.worker.look()
    assert source.began.wait(PATIENCE)
    source.open.set()
    here.done()
    assert (source.count, source.most) == (1, 1)

    here.at(NIGHT)

    assert (source.count, source.most) == (2, 1)
    assert here.served("alfa") == [EVENING, NIGHT]


def test_companies_are_worked_on_side_by_side_and_so_many_at_most(
    office: Callable[..., Office],
) -> None:
    """R6: each of them may be waiting for its server."""
    keys = [f"c{number}" for number in range(11)]
    here = office(*keys, workers=2)
    for source in here.sources.values():
        source.open.clear()
    here.watch.moment = EVENING
    here.worker.look()

    soon(lambda: sum(source.now for source in here.sources.values()) == 8)
    time.sleep(0.05)
    assert sum(source.count for source in here.sources.values()) == 8
    for source in here.sources.values():
        source.open.set()
    here.done()

    assert all(here.served(key) == [EVENING] for key in keys)


def test_so_many_deliveries_at_most_are_planned_side_by_side(
    office: Callable[..., Office], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R6: a delivery that is here takes memory and the processor."""
    keys = [f"c{number}" for number in range(7)]
    here = office(*keys, workers=2)
    now, most = 0, 0
    count, commit = threading.Lock(), here.store.commit

    def slow(what: Any) -> None:
        nonlocal now, most
        with count:
            now += 1
            most = max(most, now)
        time.sleep(0.02)
        commit(what)
        with count:
            now -= 1

    monkeypatch.setattr(here.store, "commit", slow)

    here.at(EVENING)

    assert all(here.served(key) == [EVENING] for key in keys)
    assert most == 2


def test_the_clock_waits_for_no_server(office: Callable[..., Office]) -> None:
    """R6, C1: however many servers keep all hands waiting, whoever is due is locked out."""
    keys = [f"c{number}" for number in range(8)]
    here = office("acme", *keys, workers=2)
    here.sources["acme"].text = f"{HEADER}\n{ANNA}\n{CHRIS}\n"
    here.at(EVENING)
    for key in keys:
        here.sources[key].open.clear()
    here.watch.moment = NIGHT

    here.worker.look()

    soon(lambda: here.told.runs[-1].kind is RunKind.CLOCK)
    assert sum(here.sources[key].now for key in keys) == 8
    assert [each.state for each in here.store.employees("acme")].count(State.DEACTIVATED) == 1


def test_what_waits_begins_as_soon_as_a_hand_is_free(office: Callable[..., Office]) -> None:
    """R6: and not only at the next look."""
    keys = [f"c{number}" for number in range(30)]
    here = office(*keys, workers=1)

    here.at(EVENING)

    assert all(here.served(key) == [EVENING] for key in keys)
    assert len(here.told.looks) == 2


def test_hands_are_taken_and_left() -> None:
    """R6"""
    capacity = Capacity(2)
    jobs = [Job(f"c{number}", EVENING) for number in range(8)]
    for job in jobs:
        assert capacity.has_room(clock=False)
        capacity.take(job)

    assert not capacity.has_room(clock=False)
    assert capacity.has_room(clock=True)
    assert capacity.most == 10
    capacity.leave(jobs[0])
    capacity.leave(jobs[0])
    assert capacity.has_room(clock=False)


def test_a_company_that_hangs_delays_no_other(office: Callable[..., Office]) -> None:
    """R6: over several slots; it has missed some of them then, and serves the latest."""
    here = office("alfa", "bravo", "charlie", workers=2)
    hanging = here.sources["bravo"]
    hanging.open.clear()

    for now in (EVENING, NIGHT):
        here.watch.moment = now
        here.worker.look()
        for key in ("alfa", "charlie"):
            soon(lambda key=key, now=now: here.served(key)[-1:] == [now])  # type: ignore[misc]
        soon(lambda: sum(not job.done() for job in here.worker._running.values()) == 1)
    assert here.served("bravo") == []
    hanging.open.set()
    here.done()
    here.at(NIGHT)

    assert here.served("bravo") == [EVENING, NIGHT]
    assert hanging.count == 2


# What fails


def test_a_pickup_that_fails_is_recorded_and_told(office: Callable[..., Office]) -> None:
    """R2, R6: and it is not tried again before the next slot."""
    here = office("alfa", "bravo")
    here.sources["alfa"].error = ZeroDivisionError()

    here.at(EVENING, looks=3)

    ((job, error),) = here.told.failures
    assert (job, type(error)) == (Job("alfa", EVENING), ZeroDivisionError)
    assert here.sources["alfa"].count == 1
    assert [each.ended.outcome for each in here.store.every_run("alfa")] == [Outcome.FAILED]
    assert here.served("bravo") == [EVENING]
    here.sources["alfa"].error = None
    here.at(NIGHT)
    assert here.served("alfa") == [EVENING, NIGHT]


def test_a_clock_job_that_fails_rests_longer_each_time_and_others_go_on(
    office: Callable[..., Office], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R6: pickups of the same company included."""
    here = office("alfa", "bravo")
    for source in here.sources.values():
        source.text = f"{HEADER}\n{ANNA}\n{CHRIS}\n"
    here.at(EVENING)
    tried: list[float] = []
    real = use_case.pass_clock_of

    def failing(app: Any, company: str, by: str) -> Any:
        if company != "alfa":
            return real(app, company, by)
        tried.append(here.seconds)
        raise ZeroDivisionError

    monkeypatch.setattr(use_case, "pass_clock_of", failing)
    here.watch.moment = NIGHT
    for second in range(0, 4 * 3600, 15):
        here.seconds = float(second)
        here.worker.look()
        here.done()

    assert here.served("alfa") == here.served("bravo") == [EVENING, NIGHT]
    assert [run.company for run in here.told.runs if run.kind is RunKind.CLOCK] == ["bravo"]
    pauses = [other - one for one, other in pairwise(tried)]
    assert pauses == [60, 120, 240, 480, 960, 1920, 3600, 3600]

    monkeypatch.undo()
    here.seconds += 3600
    here.at(NIGHT)
    assert [run.company for run in here.told.runs if run.kind is RunKind.CLOCK] == ["bravo", "alfa"]


def test_pauses_grow_to_an_hour_and_begin_anew_after_success() -> None:
    """R6"""
    now = 0.0
    rest = Backoff(lambda: now)
    job, other = Job("alfa"), Job("alfa", EVENING)

    for pause in (60, 120, 240, 480, 960, 1920, 3600, 3600):
        assert rest.is_over(job)
        rest.begin(job)
        now += pause - 0.001
        assert not rest.is_over(job)
        assert rest.is_over(other)
        now += 0.002
    assert rest.is_over(job)
    rest.begin(job)
    rest.forget(job)
    assert rest.is_over(job)
    rest.begin(job)
    now += 60
    assert rest.is_over(job)


def test_an_observer_that_raises_stops_nothing_and_quotes_nothing(
    office: Callable[..., Office], caplog: pytest.LogCaptureFixture
) -> None:
    """R6: `Loud` stands before the one that remembers, in every test here."""
    here = office("alfa")
    here.sources["alfa"].error = ZeroDivisionError()
    here.at(EVENING)
    here.sources["alfa"].error = None
    here.at(NIGHT)

    assert (len(here.told.looks), len(here.told.failures), len(here.told.runs)) == (3, 1, 1)
    assert "Loud" in caplog.text
    assert "Wilhelmina" not in caplog.text


def test_observers_are_told_what_is_due_and_what_ran(office: Callable[..., Office]) -> None:
    """R2"""
    here = office("alfa")
    here.at(EVENING)
    here.at(EVENING)

    assert here.told.looks == [[], [Job("alfa", EVENING)], []]
    (run,) = here.told.runs
    (record,) = here.store.every_run("alfa")
    assert (run.run, run.slot, run.outcome) == (record.run, EVENING, Outcome.APPLIED)


def test_a_held_delivery_that_is_met_again_is_no_other_run(office: Callable[..., Office]) -> None:
    """B3: whoever counts runs hears of it once."""
    here = office("alfa")
    broken = "\n".join(f"no address {number},Dora,Dam,d{number},," for number in range(7))
    here.sources["alfa"].text = f"{HEADER}\n{ANNA}\n{broken}\n"

    here.at(EVENING)
    here.at(NIGHT)

    assert here.sources["alfa"].count == 2
    assert here.served("alfa") == [EVENING]
    assert [run.outcome for run in here.told.runs] == [Outcome.HELD]


# The store goes away


def test_a_store_that_goes_away_is_told_and_work_goes_on_when_it_is_back(
    office: Callable[..., Office], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R5: the slot that came meanwhile is served."""
    here = office("alfa")

    @contextmanager
    def away() -> Iterator[Any]:
        raise StoreUnavailable("the line is lost")
        yield

    with monkeypatch.context() as patched:
        patched.setattr(here.store._recorder, "reading", away)
        here.at(EVENING, looks=3)
    assert [type(trouble) for trouble in here.told.troubles] == [StoreUnavailable] * 3
    here.at(EVENING + timedelta(minutes=1))

    assert here.served("alfa") == [EVENING]
    assert here.told.failures == []


def test_what_a_store_could_not_take_is_tried_again_after_a_rest(
    office: Callable[..., Office], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R1, R3: nothing was stored, so nothing is done twice."""
    here = office("alfa")

    def away(*_: object, **__: object) -> None:
        raise StoreUnavailable("the line is lost")

    with monkeypatch.context() as patched:
        patched.setattr(here.store._recorder, "insert_events", away)
        here.at(EVENING, looks=2)
    assert [type(error) for _, error in here.told.failures] == [StoreUnavailable]
    here.at(EVENING)
    assert here.served("alfa") == []
    here.seconds += 60
    here.at(EVENING)

    assert here.served("alfa") == [EVENING]


def test_a_fault_while_looking_does_not_end_the_worker(
    office: Callable[..., Office], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R6"""
    here = office("alfa")

    def fault(_: object) -> list[Job]:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(job_runner, "due_jobs", fault)
        here.at(EVENING)
    here.at(EVENING)

    assert [type(trouble) for trouble in here.told.troubles] == [ZeroDivisionError]
    assert here.served("alfa") == [EVENING]


def test_a_system_that_gives_no_more_threads_does_not_end_the_worker(
    office: Callable[..., Office], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R6: it is told, no hand is lost, and the next look begins what was left."""
    here = office("alfa", workers=1)

    def none(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(here.worker._pool, "submit", none)
        here.at(EVENING, looks=5)
    here.at(EVENING)

    assert [type(trouble) for trouble in here.told.troubles] == [RuntimeError] * 5
    assert here.served("alfa") == [EVENING]


# Stopping


def test_what_runs_when_it_is_stopped_comes_to_its_end(
    office: Callable[..., Office], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R1"""
    monkeypatch.setattr(embedded, "LOOK_INTERVAL_S", 0.01)
    here = office("alfa")
    source = here.sources["alfa"]
    source.open.clear()
    here.watch.moment = EVENING

    with running(here.worker) as answer:
        assert source.began.wait(PATIENCE)
        threading.Timer(0.2, source.open.set).start()

    assert answer == [True]
    assert here.served("alfa") == [EVENING]


def test_what_does_not_end_in_time_is_told_and_is_not_stored(
    office: Callable[..., Office], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R1: and the slot is still due for whoever comes next."""
    monkeypatch.setattr(embedded, "LOOK_INTERVAL_S", 0.01)
    here = office("alfa")
    source = here.sources["alfa"]
    source.open.clear()
    here.watch.moment = EVENING

    with running(here.worker, grace=0.1) as answer:
        assert source.began.wait(PATIENCE)

    assert answer == [False]
    assert here.served("alfa") == []
    (job,) = use_case.due_jobs(App(here.settings, here.store, here.watch))
    assert job == Job("alfa", EVENING)


def test_what_waits_for_its_turn_when_it_is_stopped_is_not_begun_nor_waited_for(
    office: Callable[..., Office], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R1: whatever ran has ended, so that there is nothing to wait for."""
    monkeypatch.setattr(embedded, "LOOK_INTERVAL_S", 0.01)
    here = office("a", "b", "c", "d", "e", "f", workers=1)
    for source in here.sources.values():
        source.open.clear()
    here.watch.moment = EVENING
    began = time.monotonic()

    with running(here.worker, grace=3) as answer:
        soon(lambda: sum(source.now for source in here.sources.values()) == 4)
        for key in "abcd":
            threading.Timer(0.2, here.sources[key].open.set).start()

    assert answer == [True]
    assert time.monotonic() - began < 3
    assert all(here.served(key) == [EVENING] for key in "abcd")
    assert here.sources["e"].count == here.sources["f"].count == 0


def test_a_store_that_keeps_a_look_waiting_keeps_nobody_from_stopping(
    office: Callable[..., Office], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R1: somebody else may be writing for long."""
    here = office("alfa")
    looking, over = threading.Event(), threading.Event()

    def slow(_: object) -> list[Job]:
        looking.set()
        over.wait(PATIENCE)
        return []

    monkeypatch.setattr(job_runner, "due_jobs", slow)
    began = time.monotonic()

    with running(here.worker, grace=0.1) as answer:
        assert looking.wait(PATIENCE)

    assert answer == [False]
    assert time.monotonic() - began < 5
    over.set()


def test_a_worker_without_work_stops_at_once(office: Callable[..., Office]) -> None:
    """It waits for the next look until then, and for nothing else."""
    here = office("alfa")
    began = time.monotonic()

    with running(here.worker) as answer:
        soon(lambda: here.told.looks)

    assert answer == [True]
    assert time.monotonic() - began < 5


def test_it_looks_again_at_the_next_moment_or_after_a_while(
    office: Callable[..., Office],
) -> None:
    """R3: whichever is sooner, since the clock may be set meanwhile."""
    here = office("alfa")

    here.watch.moment = EVENING - timedelta(seconds=2)
    assert here.worker._runner.pause(15) == 2
    here.watch.moment = EVENING
    assert here.worker._runner.pause(15) == 15


def test_two_workers_on_one_store_serve_each_slot_once(office: Callable[..., Office]) -> None:
    """R3"""
    keys = ["alfa", "bravo", "charlie"]
    here = office(*keys)
    other = here.another(8, Observers())
    for now in (EVENING, NIGHT):
        here.watch.moment = now
        for _ in range(3):
            for worker in (here.worker, other):
                worker.look()
        for worker in (here.worker, other):
            assert not wait(worker._running.values(), PATIENCE).not_done
    other._pool.shutdown()

    assert all(here.served(key) == [EVENING, NIGHT] for key in keys)
    assert Counter(run.slot for run in here.told.runs).total() <= 6
    assert here.told.failures == []


# Configuration


class Files:
    """A configuration in files, with a worker that reads them."""

    def __init__(self, place: Path, store: Store) -> None:
        self.place = place
        self.store = store
        self.told = Told()
        self.watch = Watch(MORNING)
        self.seconds = 0.0
        (place / "companies").mkdir()
        self.write("tenure.toml", 'companies = "companies/*.toml"\n')
        self.company("alfa")

    def write(self, name: str, text: str) -> None:
        """A file as somebody saves it."""
        (self.place / name).write_text(text)

    def company(self, key: str, language: str = "nl", pattern: str = "*.csv") -> None:
        """A company's own file, and its delivery."""
        (self.place / key).mkdir(exist_ok=True)
        (self.place / key / "one.csv").write_text(TEXT)
        self.write(
            f"companies/{key}.toml",
            f'name = "{key}"\nlanguage = "{language}"\n[source]\nprotocol = "folder"\n'
            f'directory = "{key}"\npattern = "{pattern}"\n',
        )

    def worker(self) -> EmbeddedWorker:
        """Which looks at its files again as often as `at` is called."""
        observers = Observers(self.told)
        configuration = Configuration(
            self.place / "tenure.toml", observers, clock=lambda: self.seconds
        )
        return EmbeddedWorker(configuration, self.store, observers, 4, self.watch)

    def at(self, worker: EmbeddedWorker, now: datetime) -> list[str]:
        """The companies whose deliveries were picked up then."""
        self.seconds += 60
        self.watch.moment = now
        before = len(self.told.runs)
        worker.look()
        assert not wait(worker._running.values(), PATIENCE).not_done
        return sorted(run.company for run in self.told.runs[before:])


@pytest.fixture
def files(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> Files:
    """Alfa alone."""
    monkeypatch.delenv("TENURE_DATABASE", raising=False)
    return Files(tmp_path, store)


@pytest.fixture
def worker(files: Files) -> Iterator[EmbeddedWorker]:
    """A worker that has seen Alfa in the morning."""
    worker = files.worker()
    assert files.at(worker, MORNING) == []
    yield worker
    worker._pool.shutdown()


def test_a_slot_is_served_by_what_is_configured_when_it_comes(
    files: Files, worker: EmbeddedWorker
) -> None:
    """R3"""
    assert files.at(worker, EVENING) == ["alfa"]
    files.company("alfa", pattern="nothing*.csv")
    assert files.at(worker, NIGHT) == ["alfa"]

    print(
        [files.store.issues(r) for r in files.store.every_run("alfa")],
        [(e, e.__cause__) for e in files.told.failures],
    )
    outcomes = [each.ended.outcome for each in files.store.every_run("alfa")]
    assert outcomes == [Outcome.APPLIED, Outcome.NO_FILE]


def test_slots_that_are_configured_meanwhile_are_served(
    files: Files, worker: EmbeddedWorker
) -> None:
    """R3"""
    files.write("tenure.toml", 'companies = "companies/*.toml"\n[schedule]\npickup = ["12:00"]\n')

    assert files.at(worker, moment("2027-03-01 12:00")) == ["alfa"]
    assert files.at(worker, EVENING) == []


def test_a_company_that_is_added_takes_part_from_then_on(
    files: Files, worker: EmbeddedWorker
) -> None:
    """R5"""
    files.company("bravo")

    assert files.at(worker, EVENING) == ["alfa"]
    assert files.at(worker, NIGHT) == ["alfa", "bravo"]


def test_a_company_that_is_removed_is_picked_up_no_more(
    files: Files, worker: EmbeddedWorker
) -> None:
    """R5"""
    files.company("bravo")
    files.at(worker, EVENING)
    (files.place / "companies" / "bravo.toml").unlink()

    assert files.at(worker, NIGHT) == ["alfa"]


@pytest.mark.parametrize("text", ["this is no TOML", 'companies = "x"\nunknown = 1\n', "", None])
def test_while_the_file_cannot_be_used_what_was_read_before_holds(
    files: Files, worker: EmbeddedWorker, text: str | None
) -> None:
    """R6: and it is told once, not at every look."""
    if text is None:
        (files.place / "tenure.toml").unlink()
    elif text:
        files.write("tenure.toml", text)
    else:
        (files.place / "tenure.toml").write_bytes(b"\xff\xfe")

    assert files.at(worker, EVENING) == ["alfa"]
    assert files.at(worker, NIGHT) == ["alfa"]
    assert files.told.mistakes == [None]

    files.write("tenure.toml", 'companies = "companies/*.toml"\n[schedule]\npickup = ["12:00"]\n')
    assert files.at(worker, moment("2027-03-02 12:00")) == ["alfa"]
    assert files.told.mistakes == [None]


def test_a_company_whose_file_is_broken_is_told_and_no_other_is_touched(
    files: Files, worker: EmbeddedWorker
) -> None:
    """R6: once it is mended, the latest slot it missed is served."""
    files.company("bravo")
    files.at(worker, MORNING)
    files.company("alfa", language="klingon")

    assert files.at(worker, EVENING) == ["bravo"]
    assert files.at(worker, NIGHT) == ["bravo"]
    assert files.told.mistakes == ["alfa"]
    files.company("alfa")
    assert files.at(worker, NIGHT + timedelta(hours=1)) == ["alfa"]
    assert [each.ended.slot for each in files.store.every_run("alfa")] == [NIGHT]


def test_a_company_that_is_broken_from_the_beginning_is_told(files: Files) -> None:
    """R6"""
    files.company("bravo", language="klingon")
    worker = files.worker()

    files.at(worker, MORNING)
    assert files.at(worker, EVENING) == ["alfa"]

    assert files.told.mistakes == ["bravo"]
    worker._pool.shutdown()


def test_without_any_usable_file_there_is_nothing_to_begin_with(files: Files) -> None:
    files.write("tenure.toml", "this is no TOML")

    with pytest.raises(SettingsError):
        files.worker()


def test_a_file_that_could_not_be_read_is_read_once_it_can(files: Files) -> None:
    """R6: its time and size are the same when somebody has only let us read it."""
    found = Settings(files.place / "tenure.toml", files.place / "x.db", Schedule(), {})
    answers: list[Settings | SettingsError] = [found]

    def load(file: Path) -> Settings:
        if isinstance(answers[-1], SettingsError):
            raise answers[-1]
        return answers[-1]

    now = 0.0
    file = files.place / "tenure.toml"
    configuration = Configuration(file, Observers(files.told), load, lambda: now)
    answers.append(SettingsError(file, "", "cannot be read (Permission denied)"))
    files.write("tenure.toml", "# changed\n")
    now += 60
    assert configuration.current() is found
    assert files.told.mistakes == [None]

    answers.append(replace(found))
    file.chmod(0o600)
    now += 60

    assert configuration.current() is answers[-1]


def test_files_are_not_looked_at_all_the_time(files: Files) -> None:
    """There may be thousands."""
    loads, now = 0, 0.0

    def load(file: Path) -> Settings:
        nonlocal loads
        loads += 1
        return Settings(file, file, Schedule(), {})

    configuration = Configuration(
        files.place / "tenure.toml", Observers(files.told), load, lambda: now
    )
    for _ in range(3):
        configuration.current()
        files.company("alfa", pattern=f"{loads}-{now}*.csv")
        now += 1.6
    assert loads == 1
    configuration.current()
    assert loads == 1
    now += 5
    configuration.current()
    configuration.current()

    assert loads == 2


def test_a_fault_while_the_configuration_is_read_again_does_not_end_the_worker(
    files: Files, caplog: pytest.LogCaptureFixture
) -> None:
    """R6: whatever it is, what was read before holds, or it is looked again."""
    caplog.set_level(logging.CRITICAL)
    settings: list[Settings | Exception] = []

    def load(file: Path) -> Settings:
        found = settings[0]
        if isinstance(found, Exception):
            raise found
        return found

    settings.append(Settings(files.place / "tenure.toml", files.place / "x.db", Schedule(), {}))
    observers = Observers(files.told)
    configuration = Configuration(
        files.place / "tenure.toml", observers, load, lambda: files.seconds
    )
    worker = EmbeddedWorker(configuration, files.store, observers, 4, files.watch)
    settings[0] = OSError("the disk is gone")
    files.write("tenure.toml", "companies = 'companies/*.toml'\n# again\n")

    assert files.at(worker, EVENING) == []
    worker._pool.shutdown()
