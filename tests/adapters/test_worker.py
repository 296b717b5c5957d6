"""The worker in one process: when jobs run, when jobs wait, and what does not stop the work."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from adapters.company_settings import Customer
from adapters.errors import SettingsError
from adapters.progress import UNWATCHED, Progress
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
from adapters.worker.job_runner import JobRunner
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

    def fetch(self, limit: int, keeper: Keeper, progress: Progress = UNWATCHED) -> PickUp:
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

    def __init__(
        self, store: Store, begun: Begun, clock: list[float], *keys: str, workers: int = 8
    ) -> None:
        self.store = store
        self.begun = begun
        self.clock = clock
        self.watch = Watch(MORNING)
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
        observers = Observers(FailingObserver(), self.observer)
        configuration = Configuration(
            Path("no such file"), observers, lambda _: self.settings, lambda: self.seconds
        )
        self.worker = EmbeddedWorker(configuration, store, observers, workers, self.watch)

    @property
    def seconds(self) -> float:
        """The time by which rests are measured."""
        return self.clock[0]

    def at(self, now: datetime, *, looks: int = 1) -> None:
        """Sets the time, lets the worker look, and waits until its jobs have ended."""
        self.watch.moment = now
        for _ in range(looks):
            self.worker.look()
            self.done()

    def done(self) -> None:
        """Waits until all jobs that began have ended."""
        finish(self.begun)

    def served(self, key: str) -> list[datetime | None]:
        """Returns the slots of a company's imports."""
        records = self.store.runs.every(key)
        return [each.ended.slot for each in records if each.ended.run_kind is RunKind.IMPORT]

    def close(self) -> None:
        """Lets all sources answer, and waits until all jobs have ended."""
        for source in self.sources.values():
            source.open.set()
        self.done()


Begun = list[Future[Any]]


@pytest.fixture(autouse=True)
def begun(monkeypatch: pytest.MonkeyPatch) -> Iterator[Begun]:
    """Yields the jobs that the workers of a test have begun."""
    begun, pools = Begun(), list[ThreadPoolExecutor]()

    class Pool(ThreadPoolExecutor):
        def submit(self, *job: Any) -> Any:  # type: ignore[override]
            begun.append(super().submit(*job))
            return begun[-1]

    def pool(*options: Any, **named: Any) -> ThreadPoolExecutor:
        pools.append(Pool(*options, **named))
        return pools[-1]

    monkeypatch.setattr(embedded, "ThreadPoolExecutor", pool)
    yield begun
    for each in pools:
        each.shutdown()


def finish(begun: Begun) -> None:
    """Waits until all jobs have ended, also those that begin meanwhile."""
    while running := [job for job in begun if not job.done()]:
        assert not wait(running, TIMEOUT_S).not_done


@pytest.fixture
def make_setup(
    store: Store, begun: Begun, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Setup]]:
    """Makes a `Setup`, whose worker looked in the morning."""
    opened: list[Setup] = []
    clock = [0.0]
    monkeypatch.setattr(embedded, "Backoff", lambda: Backoff(lambda: clock[0]))

    def opening(*keys: str, workers: int = 8) -> Setup:
        opened.append(Setup(store, begun, clock, *keys, workers=workers))
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

    def slow(what: Any, *_: object) -> None:
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
        soon(lambda: sum(not job.done() for job in setup.begun) == 1)

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
        setup.clock[0] = float(second)
        setup.worker.look()
        setup.done()

    # then
    assert setup.served("alfa") == setup.served("bravo") == [EVENING, NIGHT]
    assert [run.company for run in setup.observer.runs if run.kind is RunKind.CLOCK] == ["bravo"]
    pauses = [other - one for one, other in pairwise(tried)]
    assert pauses == [60, 120, 240, 480, 960, 1920, 3600, 3600]

    # when
    monkeypatch.undo()
    setup.clock[0] += 3600
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
    setup.clock[0] += 60
    setup.at(EVENING)

    # then
    assert setup.served("alfa") == [EVENING]


@pytest.mark.parametrize("error", [StoreUnavailable("the line is lost"), ZeroDivisionError()])
def test_an_error_of_a_look_does_not_end_the_worker(
    make_setup: Callable[..., Setup], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """R5, R6: The loss of the store, or an unexpected error, while the worker looks for due jobs is
    reported. The next look serves the slot."""
    # given
    setup = make_setup("alfa")

    def failing(_: object) -> list[Job]:
        raise error

    # when
    with monkeypatch.context() as patched:
        patched.setattr(job_runner, "due_jobs", failing)
        setup.at(EVENING, looks=2)
    setup.at(EVENING)

    # then
    assert setup.observer.troubles == [error] * 2
    assert setup.served("alfa") == [EVENING]
    assert setup.observer.failures == []


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
        patched.setattr(ThreadPoolExecutor, "submit", none)
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


@pytest.mark.parametrize(("seconds", "pause"), [(-2, 2), (0, 15)])
def test_the_next_look_is_at_the_next_slot_or_after_a_pause(
    store: Store, seconds: int, pause: int
) -> None:
    """R3: The worker looks again at the next slot or after a pause, whichever is sooner.

    The pause has a limit, because the clock of the machine may be changed.
    """
    # given
    settings = Settings(Path("tenure.toml"), Path("tenure.db"), Schedule(), {})
    configuration = Configuration(Path("no such file"), Observers(), lambda _: settings)
    watch = Watch(EVENING + timedelta(seconds=seconds))

    # when / then
    runner = JobRunner(configuration, store, Observers(), Capacity(1), watch)
    assert runner.pause(15) == pause
