"""The worker in one process: when jobs run, when jobs wait, and what does not stop the work."""

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

from adapters.company_settings import Customer
from adapters.errors import Fault, SettingsError
from adapters.settings import Settings
from adapters.sources.source import Keeper, PickUp
from adapters.store.errors import StoreUnavailable
from adapters.store.store import Store
from adapters.use_cases import schedule as use_case
from adapters.use_cases.app import App
from adapters.use_cases.clock import pass_clock_of
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
TIMEOUT_S = 20.0
"""A test that waits longer fails."""


class Spy(Observer):
    """An observer that records all calls."""

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


class FailingObserver(Observer):
    """An observer whose methods all raise."""

    def __getattribute__(self, what: str) -> Any:
        def tell(*_: object) -> None:
            raise RuntimeError("Wilhelmina")

        return object.__getattribute__(self, what) if what.startswith("__") else tell


class Source:
    """A source with one file. A test decides when the source answers, and whether it fails."""

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

    def fetch(self, limit: int, keeper: Keeper) -> PickUp:
        with self._lock:
            self.count += 1
            self.now += 1
            self.most = max(self.most, self.now)
        self.began.set()
        try:
            assert self.open.wait(TIMEOUT_S)
            if self.error is not None:
                raise self.error
            return PickUp(delivered(self.text))
        finally:
            with self._lock:
                self.now -= 1

    def steps(self) -> Iterator[Any]:
        yield from ()


class Setup:
    """Some companies and a worker for them. The test sets the time."""

    def __init__(self, store: Store, *keys: str, workers: int = 8) -> None:
        self.store = store
        self.watch = Watch(MORNING)
        self.seconds = 0.0
        self.observer = Spy()
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
        self.worker = self.another(workers, Observers(FailingObserver(), self.observer))

    def another(self, workers: int, observer: Observers) -> EmbeddedWorker:
        """Returns another worker for the same companies."""
        configuration = Configuration(
            Path("no such file"), observer, lambda _: self.settings, lambda: self.seconds
        )
        worker = EmbeddedWorker(configuration, self.store, observer, workers, self.watch)
        worker._backoff = Backoff(lambda: self.seconds)
        return worker

    def at(self, now: datetime, *, looks: int = 1) -> None:
        """Sets the time, lets the worker look, and waits until its jobs have ended."""
        self.watch.moment = now
        for _ in range(looks):
            self.worker.look()
            self.done()

    def done(self) -> None:
        """Waits until all jobs that began have ended."""
        while begun := [job for job in self.worker._running.values() if not job.done()]:
            assert not wait(begun, TIMEOUT_S).not_done

    def served(self, key: str) -> list[datetime | None]:
        """Returns the slots of a company's imports."""
        records = self.store.runs.every(key)
        return [each.ended.slot for each in records if each.ended.run_kind is RunKind.IMPORT]

    def close(self) -> None:
        """Lets all sources answer, and waits until all jobs have ended."""
        for source in self.sources.values():
            source.open.set()
        self.done()
        self.worker._pool.shutdown()


@pytest.fixture
def make_setup(store: Store) -> Iterator[Callable[..., Setup]]:
    """Makes a `Setup`. Unless `seen` is false, its worker looked in the morning."""
    opened: list[Setup] = []

    def opening(*keys: str, workers: int = 8, seen: bool = True) -> Setup:
        opened.append(Setup(store, *keys, workers=workers))
        if seen:
            opened[-1].at(MORNING)
        return opened[-1]

    yield opening
    for each in opened:
        each.close()


def soon(holds: Callable[[], object]) -> None:
    """Waits until `holds()` is true. Fails after a timeout."""
    end = time.monotonic() + TIMEOUT_S
    while not holds():
        assert time.monotonic() < end, "the condition is still false"
        time.sleep(0.005)


@contextmanager
def running(worker: EmbeddedWorker, grace: float = TIMEOUT_S) -> Iterator[list[bool]]:
    """Runs a worker, and stops it at the end of the block. The list gets its answer."""
    stop, answer = threading.Event(), list[bool]()
    thread = threading.Thread(target=lambda: answer.append(worker.run(stop, grace)))
    thread.start()
    try:
        yield answer
    finally:
        stop.set()
        thread.join(TIMEOUT_S)
    assert answer, "the worker did not stop"


# Due jobs


def test_slots_are_served_as_they_come(make_setup: Callable[..., Setup]) -> None:
    """R3: Each company is picked up once for each slot that comes."""
    # given
    setup = make_setup("alfa", "bravo")

    # when
    for now in (EVENING, EVENING, NIGHT - timedelta(seconds=1), NIGHT, NIGHT):
        setup.at(now)

    # then
    assert setup.served("alfa") == setup.served("bravo") == [EVENING, NIGHT]
    assert (setup.observer.failures, setup.observer.troubles) == ([], [])


def test_the_clock_runs_when_a_deactivation_is_due(make_setup: Callable[..., Setup]) -> None:
    """C1: A clock pass runs once a deactivation is due, not earlier, and only once."""
    # given
    setup = make_setup("alfa")
    setup.sources["alfa"].text = f"{HEADER}\n{ANNA}\n{CHRIS}\n"
    setup.at(EVENING)
    setup.at(LOCK_OUT - timedelta(seconds=1))
    assert [run.kind for run in setup.observer.runs] == [RunKind.IMPORT]

    # when
    setup.at(LOCK_OUT, looks=2)

    # then
    assert [run.kind for run in setup.observer.runs] == [RunKind.IMPORT, RunKind.CLOCK]


def test_clock_and_pickup_of_one_company_come_one_after_the_other(
    make_setup: Callable[..., Setup],
) -> None:
    """C1, R5: The clock pass of a company comes first. Its pick-up follows at the next look."""
    # given
    setup = make_setup("alfa")
    setup.sources["alfa"].text = f"{HEADER}\n{ANNA}\n{CHRIS}\n"
    setup.at(EVENING)

    # when
    setup.at(NIGHT)

    # then
    assert [run.kind for run in setup.observer.runs] == [RunKind.IMPORT, RunKind.CLOCK]

    # when
    setup.at(NIGHT)

    # then
    assert setup.served("alfa") == [EVENING, NIGHT]


def test_two_jobs_of_one_company_never_run_at_the_same_time(
    make_setup: Callable[..., Setup],
) -> None:
    """R3: Two jobs of one company never run at the same time, however often the worker looks."""
    # given
    setup = make_setup("alfa")
    source = setup.sources["alfa"]
    source.open.clear()
    setup.watch.moment = EVENING

    # when
    for now in (EVENING, EVENING, LOCK_OUT, NIGHT, NIGHT):
        setup.watch.moment = now
        setup.worker.look()
    assert source.began.wait(TIMEOUT_S)
    source.open.set()
    setup.done()

    # then
    assert (source.count, source.most) == (1, 1)

    # when
    setup.at(NIGHT)

    # then
    assert (source.count, source.most) == (2, 1)
    assert setup.served("alfa") == [EVENING, NIGHT]


def test_a_limited_number_of_companies_is_picked_up_side_by_side(
    make_setup: Callable[..., Setup],
) -> None:
    """R6: With two workers, eight companies are picked up side by side, and the others wait."""
    # given
    keys = [f"c{number}" for number in range(11)]
    setup = make_setup(*keys, workers=2)
    for source in setup.sources.values():
        source.open.clear()
    setup.watch.moment = EVENING

    # when
    setup.worker.look()

    # then
    soon(lambda: sum(source.now for source in setup.sources.values()) == 8)
    time.sleep(0.05)
    assert sum(source.count for source in setup.sources.values()) == 8

    # when
    for source in setup.sources.values():
        source.open.set()
    setup.done()

    # then
    assert all(setup.served(key) == [EVENING] for key in keys)


def test_a_limited_number_of_deliveries_is_planned_side_by_side(
    make_setup: Callable[..., Setup], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R6: With two workers, no more than two deliveries are planned and stored side by side."""
    # given
    keys = [f"c{number}" for number in range(7)]
    setup = make_setup(*keys, workers=2)
    now, most = 0, 0
    count, commit = threading.Lock(), setup.store.commit

    def slow(what: Any) -> None:
        nonlocal now, most
        with count:
            now += 1
            most = max(most, now)
        time.sleep(0.02)
        commit(what)
        with count:
            now -= 1

    monkeypatch.setattr(setup.store, "commit", slow)

    # when
    setup.at(EVENING)

    # then
    assert all(setup.served(key) == [EVENING] for key in keys)
    assert most == 2


def test_a_clock_job_does_not_wait_for_slow_servers(make_setup: Callable[..., Setup]) -> None:
    """R6, C1: A leaver is locked out even when slow servers use up the capacity for imports."""
    # given
    keys = [f"c{number}" for number in range(8)]
    setup = make_setup("acme", *keys, workers=2)
    setup.sources["acme"].text = f"{HEADER}\n{ANNA}\n{CHRIS}\n"
    setup.at(EVENING)
    for key in keys:
        setup.sources[key].open.clear()
    setup.watch.moment = NIGHT

    # when
    setup.worker.look()

    # then
    soon(lambda: setup.observer.runs[-1].kind is RunKind.CLOCK)
    soon(lambda: sum(setup.sources[key].now for key in keys) == 8)
    assert [each.state for each in setup.store.roster.employees("acme")].count(
        State.DEACTIVATED
    ) == 1


def test_a_waiting_job_begins_as_soon_as_another_ends(make_setup: Callable[..., Setup]) -> None:
    """R6: A waiting job begins as soon as another job ends, and not only at the next look."""
    # given
    keys = [f"c{number}" for number in range(30)]
    setup = make_setup(*keys, workers=1)

    # when
    setup.at(EVENING)

    # then
    assert all(setup.served(key) == [EVENING] for key in keys)
    assert len(setup.observer.looks) == 2


def test_capacity_is_taken_and_released() -> None:
    """R6: Clock jobs have room of their own, and a job that is released twice counts once."""
    # given
    capacity = Capacity(2)
    jobs = [Job(f"c{number}", EVENING) for number in range(8)]

    # when / then
    for job in jobs:
        assert capacity.has_room(clock=False)
        capacity.take(job)
    assert not capacity.has_room(clock=False)
    assert capacity.has_room(clock=True)
    assert capacity.most == 10

    # when
    capacity.leave(jobs[0])
    capacity.leave(jobs[0])

    # then
    assert capacity.has_room(clock=False)
    capacity.take(jobs[0])
    assert not capacity.has_room(clock=False)


def test_a_company_that_hangs_delays_no_other(make_setup: Callable[..., Setup]) -> None:
    """R6: A source that hangs over two slots delays no other company.

    When the source answers, the latest slot is served.
    """
    # given
    setup = make_setup("alfa", "bravo", "charlie", workers=2)
    hanging = setup.sources["bravo"]
    hanging.open.clear()

    # when
    for now in (EVENING, NIGHT):
        setup.watch.moment = now
        setup.worker.look()
        for key in ("alfa", "charlie"):
            soon(lambda key=key, now=now: setup.served(key)[-1:] == [now])  # type: ignore[misc]
        soon(lambda: sum(not job.done() for job in setup.worker._running.values()) == 1)

    # then
    assert setup.served("bravo") == []

    # when
    hanging.open.set()
    setup.done()
    setup.at(NIGHT)

    # then
    assert setup.served("bravo") == [EVENING, NIGHT]
    assert hanging.count == 2


# Failures


def test_a_failed_pickup_is_recorded_and_reported(make_setup: Callable[..., Setup]) -> None:
    """R2, R6: A failed pick-up is recorded, reported, and not tried again before the next slot."""
    # given
    setup = make_setup("alfa", "bravo")
    setup.sources["alfa"].error = ZeroDivisionError()

    # when
    setup.at(EVENING, looks=3)

    # then
    ((job, error),) = setup.observer.failures
    assert (job, type(error)) == (Job("alfa", EVENING), ZeroDivisionError)
    assert setup.sources["alfa"].count == 1
    assert [each.ended.outcome for each in setup.store.runs.every("alfa")] == [Outcome.FAILED]
    assert setup.served("bravo") == [EVENING]

    # when
    setup.sources["alfa"].error = None
    setup.at(NIGHT)

    # then
    assert setup.served("alfa") == [EVENING, NIGHT]


def test_a_clock_job_that_fails_rests_longer_each_time(
    make_setup: Callable[..., Setup], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R6: A clock job that fails rests longer each time, and delays no other job."""
    # given
    setup = make_setup("alfa", "bravo")
    for source in setup.sources.values():
        source.text = f"{HEADER}\n{ANNA}\n{CHRIS}\n"
    setup.at(EVENING)
    tried: list[float] = []

    def failing(app: Any, company: str, by: str) -> Any:
        if company != "alfa":
            return pass_clock_of(app, company, by)
        tried.append(setup.seconds)
        raise ZeroDivisionError

    monkeypatch.setattr(use_case, "pass_clock_of", failing)
    setup.watch.moment = NIGHT

    # when
    for second in range(0, 4 * 3600, 15):
        setup.seconds = float(second)
        setup.worker.look()
        setup.done()

    # then
    assert setup.served("alfa") == setup.served("bravo") == [EVENING, NIGHT]
    assert [run.company for run in setup.observer.runs if run.kind is RunKind.CLOCK] == ["bravo"]
    pauses = [other - one for one, other in pairwise(tried)]
    assert pauses == [60, 120, 240, 480, 960, 1920, 3600, 3600]

    # when
    monkeypatch.undo()
    setup.seconds += 3600
    setup.at(NIGHT)

    # then
    clock_runs = [run for run in setup.observer.runs if run.kind is RunKind.CLOCK]
    assert [run.company for run in clock_runs] == ["bravo", "alfa"]


def test_pauses_grow_to_an_hour_and_start_again_after_a_success() -> None:
    """R6: The pauses of one job double up to an hour, and start again after a success."""
    # given
    now = 0.0
    rest = Backoff(lambda: now)
    job, other = Job("alfa"), Job("alfa", EVENING)

    # when / then
    for pause in (60, 120, 240, 480, 960, 1920, *[3600] * 1100):
        assert rest.is_over(job)
        rest.begin(job)
        now += pause - 0.001
        assert not rest.is_over(job)
        assert rest.is_over(other)
        now += 0.002
    assert rest.is_over(job)
    rest.begin(job)

    # when
    rest.forget(job)

    # then
    assert rest.is_over(job)
    rest.begin(job)
    now += 60
    assert rest.is_over(job)


def test_an_observer_that_raises_stops_no_work_and_its_error_is_not_logged(
    make_setup: Callable[..., Setup], caplog: pytest.LogCaptureFixture
) -> None:
    """R6: An observer that raises stops no work, and the log does not quote its error.

    In every test here, a `FailingObserver` is called before the `Spy`.
    """
    # given
    setup = make_setup("alfa")
    setup.sources["alfa"].error = ZeroDivisionError()

    # when
    setup.at(EVENING)
    setup.sources["alfa"].error = None
    setup.at(NIGHT)

    # then
    seen = setup.observer
    assert (len(seen.looks), len(seen.failures), len(seen.runs)) == (3, 1, 1)
    assert "FailingObserver" in caplog.text
    assert "Wilhelmina" not in caplog.text


def test_observers_get_the_due_jobs_and_the_runs(make_setup: Callable[..., Setup]) -> None:
    """R2: Observers get the due jobs of each look, and each run as it was stored."""
    # given
    setup = make_setup("alfa")

    # when
    setup.at(EVENING)
    setup.at(EVENING)

    # then
    assert setup.observer.looks == [[], [Job("alfa", EVENING)], []]
    (run,) = setup.observer.runs
    (record,) = setup.store.runs.every("alfa")
    assert (run.run, run.slot, run.outcome) == (record.run, EVENING, Outcome.APPLIED)


def test_a_held_delivery_makes_no_second_run(make_setup: Callable[..., Setup]) -> None:
    """B3: A held delivery that is met again makes no second run, and is reported once."""
    # given
    setup = make_setup("alfa")
    broken = "\n".join(f"no address {number},Dora,Dam,d{number},," for number in range(7))
    setup.sources["alfa"].text = f"{HEADER}\n{ANNA}\n{broken}\n"

    # when
    setup.at(EVENING)
    setup.at(NIGHT)

    # then
    assert setup.sources["alfa"].count == 2
    assert setup.served("alfa") == [EVENING]
    assert [run.outcome for run in setup.observer.runs] == [Outcome.HELD]


# Loss of the store


def test_work_goes_on_when_an_unavailable_store_is_back(
    make_setup: Callable[..., Setup], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R5: The loss of the store is reported, and the slot is served when the store is back."""
    # given
    setup = make_setup("alfa")

    @contextmanager
    def away() -> Iterator[Any]:
        raise StoreUnavailable("the line is lost")
        yield  # type: ignore[unreachable]

    # when
    with monkeypatch.context() as patched:
        patched.setattr(setup.store.events.database, "reading", away)
        setup.at(EVENING, looks=3)

    # then
    assert [type(trouble) for trouble in setup.observer.troubles] == [StoreUnavailable] * 3

    # when
    setup.at(EVENING + timedelta(minutes=1))

    # then
    assert setup.served("alfa") == [EVENING]
    assert setup.observer.failures == []


def test_a_run_that_could_not_be_stored_is_tried_again_after_a_rest(
    make_setup: Callable[..., Setup], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R1, R3: A run that the store could not take stores nothing, and runs again after a rest."""
    # given
    setup = make_setup("alfa")

    def away(*_: object, **__: object) -> None:
        raise StoreUnavailable("the line is lost")

    # when
    with monkeypatch.context() as patched:
        patched.setattr(setup.store.events.database, "insert_events", away)
        setup.at(EVENING, looks=2)

    # then
    assert [type(error) for _, error in setup.observer.failures] == [StoreUnavailable]

    # when
    setup.at(EVENING)

    # then
    assert setup.served("alfa") == []

    # when
    setup.seconds += 60
    setup.at(EVENING)

    # then
    assert setup.served("alfa") == [EVENING]


def test_an_unexpected_error_of_a_look_does_not_end_the_worker(
    make_setup: Callable[..., Setup], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R6: An unexpected error while the worker looks for due jobs is reported.

    The next look serves the slot.
    """
    # given
    setup = make_setup("alfa")

    def fault(_: object) -> list[Job]:
        raise ZeroDivisionError

    # when
    with monkeypatch.context() as patched:
        patched.setattr(job_runner, "due_jobs", fault)
        setup.at(EVENING)
    setup.at(EVENING)

    # then
    assert [type(trouble) for trouble in setup.observer.troubles] == [ZeroDivisionError]
    assert setup.served("alfa") == [EVENING]


def test_a_lack_of_threads_does_not_end_the_worker(
    make_setup: Callable[..., Setup], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R6: A lack of threads is reported and uses up no capacity. The next look begins the job."""
    # given
    setup = make_setup("alfa", workers=1)

    def none(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    # when
    with monkeypatch.context() as patched:
        patched.setattr(setup.worker._pool, "submit", none)
        setup.at(EVENING, looks=5)
    setup.at(EVENING)

    # then
    assert [type(trouble) for trouble in setup.observer.troubles] == [RuntimeError] * 5
    assert setup.served("alfa") == [EVENING]


# Stopping


def test_a_stopped_worker_finishes_its_running_job(
    make_setup: Callable[..., Setup], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R1: A worker that is stopped finishes the running job."""
    # given
    monkeypatch.setattr(embedded, "LOOK_INTERVAL_S", 0.01)
    setup = make_setup("alfa")
    source = setup.sources["alfa"]
    source.open.clear()
    setup.watch.moment = EVENING

    # when
    with running(setup.worker) as answer:
        assert source.began.wait(TIMEOUT_S)
        threading.Timer(0.2, source.open.set).start()

    # then
    assert answer == [True]
    assert setup.served("alfa") == [EVENING]


def test_a_job_that_exceeds_the_grace_is_not_stored(
    make_setup: Callable[..., Setup], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R1: A job that exceeds the grace is reported and stores nothing. Its slot is still due."""
    # given
    monkeypatch.setattr(embedded, "LOOK_INTERVAL_S", 0.01)
    setup = make_setup("alfa")
    source = setup.sources["alfa"]
    source.open.clear()
    setup.watch.moment = EVENING

    # when
    with running(setup.worker, grace=0.1) as answer:
        assert source.began.wait(TIMEOUT_S)

    # then
    assert answer == [False]
    assert setup.served("alfa") == []
    (job,) = use_case.due_jobs(App(setup.settings, setup.store, setup.watch))
    assert job == Job("alfa", EVENING)


def test_a_stopped_worker_begins_no_waiting_job(
    make_setup: Callable[..., Setup], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R1: A stopped worker begins no waiting job, and ends with the running jobs."""
    # given
    monkeypatch.setattr(embedded, "LOOK_INTERVAL_S", 0.01)
    setup = make_setup("a", "b", "c", "d", "e", "f", workers=1)
    for source in setup.sources.values():
        source.open.clear()
    setup.watch.moment = EVENING
    began = time.monotonic()

    # when
    with running(setup.worker, grace=3) as answer:
        soon(lambda: sum(source.now for source in setup.sources.values()) == 4)
        for key in "abcd":
            threading.Timer(0.2, setup.sources[key].open.set).start()

    # then
    assert answer == [True]
    assert time.monotonic() - began < 3
    assert all(setup.served(key) == [EVENING] for key in "abcd")
    assert setup.sources["e"].count == setup.sources["f"].count == 0


def test_a_slow_look_does_not_keep_a_worker_from_stopping(
    make_setup: Callable[..., Setup], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R1: A worker stops after its grace even while the store keeps a look for due jobs waiting."""
    # given
    setup = make_setup("alfa")
    looking, over = threading.Event(), threading.Event()

    def slow(_: object) -> list[Job]:
        looking.set()
        over.wait(TIMEOUT_S)
        return []

    monkeypatch.setattr(job_runner, "due_jobs", slow)
    began = time.monotonic()

    # when
    with running(setup.worker, grace=0.1) as answer:
        assert looking.wait(TIMEOUT_S)

    # then
    assert answer == [False]
    assert time.monotonic() - began < 5
    over.set()


def test_a_worker_without_work_stops_at_once(make_setup: Callable[..., Setup]) -> None:
    """A worker without a running job stops at once, and does not wait for the next look."""
    # given
    setup = make_setup("alfa")
    began = time.monotonic()

    # when
    with running(setup.worker) as answer:
        soon(lambda: setup.observer.looks)

    # then
    assert answer == [True]
    assert time.monotonic() - began < 5


def test_the_next_look_is_at_the_next_slot_or_after_a_pause(
    make_setup: Callable[..., Setup],
) -> None:
    """R3: The worker looks again at the next slot or after a pause, whichever is sooner.

    The pause has a limit, because the clock of the machine may be changed.
    """
    # given
    setup = make_setup("alfa")

    # when / then
    setup.watch.moment = EVENING - timedelta(seconds=2)
    assert setup.worker._runner.pause(15) == 2
    setup.watch.moment = EVENING
    assert setup.worker._runner.pause(15) == 15


def test_two_workers_on_one_store_serve_each_slot_once(make_setup: Callable[..., Setup]) -> None:
    """R3: Two workers on one store pick up each company once for each slot."""
    # given
    keys = ["alfa", "bravo", "charlie"]
    setup = make_setup(*keys)
    other = setup.another(8, Observers(setup.observer))

    # when
    for now in (EVENING, NIGHT):
        setup.watch.moment = now
        for _ in range(3):
            for worker in (setup.worker, other):
                worker.look()
        for worker in (setup.worker, other):
            assert not wait(worker._running.values(), TIMEOUT_S).not_done
    other._pool.shutdown()

    # then
    assert all(setup.served(key) == [EVENING, NIGHT] for key in keys)
    runs = Counter((run.company, run.slot) for run in setup.observer.runs)
    assert runs == {(key, slot): 1 for key in keys for slot in (EVENING, NIGHT)}
    assert setup.observer.failures == []


# Configuration


class Files:
    """Configuration files, and a worker that reads them."""

    def __init__(self, place: Path, store: Store) -> None:
        self.place = place
        self.store = store
        self.observer = Spy()
        self.watch = Watch(MORNING)
        self.seconds = 0.0
        (place / "companies").mkdir()
        self.write("tenure.toml", 'companies = "companies/*.toml"\n')
        self.company("alfa")

    def write(self, name: str, text: str) -> None:
        """Writes a configuration file."""
        (self.place / name).write_text(text)

    def company(self, key: str, language: str = "nl", pattern: str = "*.csv") -> None:
        """Writes the file of a company, and its delivery."""
        (self.place / key).mkdir(exist_ok=True)
        (self.place / key / "one.csv").write_text(TEXT)
        self.write(
            f"companies/{key}.toml",
            f'name = "{key}"\nlanguage = "{language}"\n[source]\nprotocol = "folder"\n'
            f'directory = "../{key}"\npattern = "{pattern}"\n',
        )

    def worker(self) -> EmbeddedWorker:
        """Returns a worker. Each call of `at` makes it check its files."""
        observers = Observers(self.observer)
        configuration = Configuration(
            self.place / "tenure.toml", observers, clock=lambda: self.seconds
        )
        return EmbeddedWorker(configuration, self.store, observers, 4, self.watch)

    def at(self, worker: EmbeddedWorker, now: datetime) -> list[str]:
        """Lets the worker look at a moment, and returns the companies that it picked up."""
        self.seconds += 60
        self.watch.moment = now
        before = len(self.observer.runs)
        worker.look()
        assert not wait(worker._running.values(), TIMEOUT_S).not_done
        return sorted(run.company for run in self.observer.runs[before:])


@pytest.fixture
def files(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> Files:
    """Configuration files for one company, `alfa`."""
    monkeypatch.delenv("TENURE_DATABASE", raising=False)
    return Files(tmp_path, store)


@pytest.fixture
def worker(files: Files) -> Iterator[EmbeddedWorker]:
    """A worker that looked in the morning, when nothing was due for `alfa`."""
    worker = files.worker()
    assert files.at(worker, MORNING) == []
    yield worker
    worker._pool.shutdown()


def test_a_slot_is_served_with_the_settings_of_that_moment(
    files: Files, worker: EmbeddedWorker
) -> None:
    """R3: A slot is served with the settings that hold at the moment of the slot."""
    # given
    assert files.at(worker, EVENING) == ["alfa"]

    # when
    files.company("alfa", pattern="nothing*.csv")
    assert files.at(worker, NIGHT) == ["alfa"]

    # then
    outcomes = [each.ended.outcome for each in files.store.runs.every("alfa")]
    assert outcomes == [Outcome.APPLIED, Outcome.NO_FILE]


def test_slots_can_change_while_the_worker_runs(files: Files, worker: EmbeddedWorker) -> None:
    """R3: Slots that change while the worker runs are served, and the old slots are not."""
    # given
    files.write("tenure.toml", 'companies = "companies/*.toml"\n[schedule]\npickup = ["12:00"]\n')

    # when / then
    assert files.at(worker, moment("2027-03-01 12:00")) == ["alfa"]
    assert files.at(worker, EVENING) == []


def test_an_added_company_waits_for_the_next_slot(files: Files, worker: EmbeddedWorker) -> None:
    """R5: A company that is added while the worker runs waits for the next slot."""
    # given
    files.company("bravo")

    # when / then
    assert files.at(worker, EVENING) == ["alfa"]
    assert files.at(worker, NIGHT) == ["alfa", "bravo"]


def test_a_removed_company_is_not_picked_up(files: Files, worker: EmbeddedWorker) -> None:
    """R5: A company that is removed while the worker runs is not picked up."""
    # given
    files.company("bravo")
    files.at(worker, EVENING)
    (files.place / "companies" / "bravo.toml").unlink()

    # when / then
    assert files.at(worker, NIGHT) == ["alfa"]


@pytest.mark.parametrize("text", ["this is no TOML", 'companies = "x"\nunknown = 1\n', "", None])
def test_the_last_usable_settings_hold_while_the_file_is_unusable(
    files: Files, worker: EmbeddedWorker, text: str | None
) -> None:
    """R6: While the main file is unusable, the settings that were read before hold.

    The mistake is reported once, not at every look.
    """
    # given
    if text is None:
        (files.place / "tenure.toml").unlink()
    elif text:
        files.write("tenure.toml", text)
    else:
        (files.place / "tenure.toml").write_bytes(b"\xff\xfe")

    # when / then
    assert files.at(worker, EVENING) == ["alfa"]
    assert files.at(worker, NIGHT) == ["alfa"]
    assert files.observer.mistakes == [None]

    # when
    files.write("tenure.toml", 'companies = "companies/*.toml"\n[schedule]\npickup = ["12:00"]\n')

    # then
    assert files.at(worker, moment("2027-03-02 12:00")) == ["alfa"]
    assert files.observer.mistakes == [None]


def test_a_broken_company_file_concerns_no_other_company(
    files: Files, worker: EmbeddedWorker
) -> None:
    """R6: A broken company file is reported and concerns no other company.

    When the file is mended, the latest missed slot is served.
    """
    # given
    files.company("bravo")
    files.at(worker, MORNING)
    files.company("alfa", language="klingon")

    # when / then
    assert files.at(worker, EVENING) == ["bravo"]
    assert files.at(worker, NIGHT) == ["bravo"]
    assert files.observer.mistakes == ["alfa"]

    # when
    files.company("alfa")

    # then
    assert files.at(worker, NIGHT + timedelta(hours=1)) == ["alfa"]
    assert [each.ended.slot for each in files.store.runs.every("alfa")] == [NIGHT]


def test_a_company_file_that_is_broken_at_the_start_is_reported(files: Files) -> None:
    """R6: A company file that is broken at the start of the worker is reported.

    The others are served.
    """
    # given
    files.company("bravo", language="klingon")
    worker = files.worker()

    # when
    files.at(worker, MORNING)

    # then
    assert files.at(worker, EVENING) == ["alfa"]
    assert files.observer.mistakes == ["bravo"]
    worker._pool.shutdown()


def test_the_settings_are_read_again_at_once_when_somebody_asks(files: Files) -> None:
    """R3: After `reload` the settings are read again, before the next check of the files is due."""
    # given
    configuration = Configuration(files.place / "tenure.toml", Observers(), clock=lambda: 0.0)
    files.company("bravo")
    before = list(configuration.current().customers)

    # when
    configuration.reload()

    # then
    assert (before, list(configuration.current().customers)) == (["alfa"], ["alfa", "bravo"])


def test_a_worker_does_not_start_without_usable_settings(files: Files) -> None:
    """A worker does not start when the main file is unusable."""
    # given
    files.write("tenure.toml", "this is no TOML")

    # when / then
    with pytest.raises(SettingsError):
        files.worker()


def test_a_file_is_read_as_soon_as_it_is_readable(files: Files) -> None:
    """R6: A file that could not be read is read as soon as its permissions allow it.

    A change of permissions leaves the size and the modification time as they are.
    """
    # given
    found = Settings(files.place / "tenure.toml", files.place / "x.db", Schedule(), {})
    answers: list[Settings | SettingsError] = [found]

    def load(file: Path) -> Settings:
        if isinstance(answers[-1], SettingsError):
            raise answers[-1]
        return answers[-1]

    now = 0.0
    file = files.place / "tenure.toml"
    configuration = Configuration(file, Observers(files.observer), load, lambda: now)
    answers.append(SettingsError(Fault(file, "", "cannot be read (Permission denied)")))
    files.write("tenure.toml", "# changed\n")

    # when
    now += 60

    # then
    assert configuration.current() is found
    assert files.observer.mistakes == [None]

    # when
    answers.append(replace(found))
    file.chmod(0o600)
    now += 60

    # then
    assert configuration.current() is answers[-1]


def test_files_are_checked_once_in_a_few_seconds(files: Files) -> None:
    """Files are checked once in a few seconds, because there may be thousands of them."""
    # given
    loads, now = 0, 0.0

    def load(file: Path) -> Settings:
        nonlocal loads
        loads += 1
        return Settings(file, file, Schedule(), {})

    configuration = Configuration(
        files.place / "tenure.toml", Observers(files.observer), load, lambda: now
    )

    # when
    for _ in range(3):
        configuration.current()
        files.company("alfa", pattern=f"{loads}-{now}*.csv")
        now += 1.6

    # then
    assert loads == 1
    configuration.current()
    assert loads == 1

    # when
    now += 5
    configuration.current()
    configuration.current()

    # then
    assert loads == 2


def test_an_error_while_files_are_read_again_does_not_end_the_worker(
    files: Files, caplog: pytest.LogCaptureFixture
) -> None:
    """R6: An unexpected error while files are read again does not end the worker."""
    # given
    caplog.set_level(logging.CRITICAL)
    settings: list[Settings | Exception] = []

    def load(file: Path) -> Settings:
        found = settings[0]
        if isinstance(found, Exception):
            raise found
        return found

    settings.append(Settings(files.place / "tenure.toml", files.place / "x.db", Schedule(), {}))
    observers = Observers(files.observer)
    configuration = Configuration(
        files.place / "tenure.toml", observers, load, lambda: files.seconds
    )
    worker = EmbeddedWorker(configuration, files.store, observers, 4, files.watch)
    settings[0] = OSError("the disk is gone")
    files.write("tenure.toml", "companies = 'companies/*.toml'\n# again\n")

    # when / then
    assert files.at(worker, EVENING) == []
    assert files.observer.mistakes == [None]
    worker._pool.shutdown()
