"""What the schedule asks for, and what doing it leaves behind (R3, R5, R6)."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import date, datetime, time, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest
from msgspec.structs import replace

from adapters.company_settings import Customer
from adapters.progress import UNWATCHED, Progress
from adapters.settings import load_settings
from adapters.sources.source import DeliveredFile, Keeper, PickUp, SourceUnreachable
from adapters.store.commit import Commit
from adapters.store.errors import StoreUnavailable
from adapters.store.opening import Database, PostgresUrl, open_store
from adapters.store.postgres_schema import migrate
from adapters.store.schema import TABLES, VERSION
from adapters.store.store import Store
from adapters.use_cases.app import App
from adapters.use_cases.import_delivery import import_delivery
from adapters.use_cases.schedule import BY, Job, do_job, due_jobs, due_slots
from domain.company_runs.events import RunKind
from domain.employee.events import State
from domain.outcome import Outcome
from domain.schedule import Schedule
from projections import slots
from projections.runs import RunDocument
from tests.adapters import pgserver
from tests.adapters.conftest import OpenStore
from tests.adapters.steps import NAME, Watch, a_customer, app_of, delivered, other_company
from tests.databases import created, undone_since
from tests.given import a_company, moment

HEADER = "email,first_name,last_name,external_id,onboarding_date,offboarding_date"
ANNA = "anna@acme.example,Anna,Bakker,1,,"
BRAM = "bram@acme.example,Bram,Smit,2,{},"
CHRIS = "chris@acme.example,Chris,Jansen,3,,{}"
SEVEN_BROKEN = [f"no address {number},Dora,Dam,d{number},," for number in range(7)]
"""More rejected rows than the safeguard lets pass."""

MORNING = moment("2027-03-01 10:00")
"""Between two slots."""
EVENING = moment("2027-03-01 20:00")
NIGHT = moment("2027-03-02 02:45")
NEXT_EVENING = moment("2027-03-02 20:00")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

_names = count()


def deliver(place: Path, *rows: str) -> None:
    """The one file of a company's folder, as its HR system writes it."""
    place.mkdir(exist_ok=True)
    (place / NAME.format(1)).write_text("\n".join((HEADER, *rows)) + "\n")


def picked_up(place: Path, key: str = "acme") -> Customer:
    """A company whose deliveries lie in a folder."""
    return a_customer(replace(a_company(), key=key), place)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Acme's folder, in which Anna is."""
    deliver(tmp_path / "acme", ANNA)
    return tmp_path / "acme"


@pytest.fixture
def acme(place: Path) -> Customer:
    """Acme, whose deliveries lie in its folder."""
    return picked_up(place)


@pytest.fixture
def app(store: Store, watch: Watch, acme: Customer) -> App:
    """An app that knows Acme, and has just seen it for the first time."""
    watch.moment = MORNING
    app = app_of(store, watch, acme)
    assert due_jobs(app) == []
    return app


def work(app: App) -> list[RunDocument]:
    """Looks and does until nothing is due any more; the runs in order."""
    runs = []
    for _ in range(20):
        jobs = due_jobs(app)
        if not jobs:
            return runs
        runs += [run for run in (do_job(app, job) for job in jobs) if run is not None]
    raise AssertionError("there is always something due")


def slots_of(store: Store, company: str = "acme") -> list[datetime]:
    """The slots that a company's runs served, in the order of runs."""
    found = (record.ended.slot for record in store.runs.every(company))
    return [slot for slot in found if slot is not None]


def outcomes(store: Store, company: str = "acme") -> list[Outcome]:
    """How a company's runs ended, in order."""
    return [record.ended.outcome for record in store.runs.every(company)]


def states(store: Store, company: str = "acme") -> dict[str, State]:
    """Everyone's state, by first name."""
    return {each.details.first_name: each.state for each in store.roster.employees(company)}


def assert_sound(store: Store) -> None:
    """Projections and events fit together."""
    assert store.verify(lambda _: None).problems == ()


def every_slot(after: datetime, now: datetime) -> list[datetime]:
    """Every usual slot after one moment and by another, written out."""
    found, day = [], after.date()
    while day <= now.date():
        found += [datetime.combine(day, at, after.tzinfo) for at in (time(2, 45), time(20))]
        day += DAY
    return [slot for slot in found if after < slot <= now]


# Beginning


@pytest.mark.parametrize("first", ["2027-03-01 19:59", "2027-03-01 20:00", "2027-03-02 01:00"])
def test_a_company_never_seen_before_starts_with_the_next_slot(
    store: Store, watch: Watch, acme: Customer, first: str
) -> None:
    """R5: A new company waits for the next slot, also when it is first seen at the very moment of a
    slot."""
    # given
    app = app_of(store, watch, acme)
    watch.moment = moment(first)
    following = next(iter(every_slot(watch.moment, watch.moment + DAY)))

    # then
    assert due_jobs(app) == []
    watch.moment = following - timedelta(microseconds=1)
    assert due_jobs(app) == []

    # when
    watch.moment = following

    # then
    assert due_jobs(app) == [Job("acme", following)]
    (run,) = work(app)
    assert (run.slot, run.outcome, run.by) == (following, Outcome.APPLIED, BY)


def test_each_company_takes_part_from_when_it_is_first_seen(
    store: Store, watch: Watch, acme: Customer, tmp_path: Path
) -> None:
    """R5: A company that is configured later waits for its own next slot, while an older company is
    picked up."""
    # given
    watch.moment = MORNING
    assert due_jobs(app_of(store, watch, acme)) == []
    deliver(tmp_path / "zenith", ANNA)
    both = app_of(store, watch, acme, picked_up(tmp_path / "zenith", "zenith"))

    # then
    watch.moment = EVENING + HOUR
    assert due_jobs(both) == [Job("acme", EVENING)]

    # when
    work(both)
    watch.moment = NIGHT

    # then
    assert due_jobs(both) == [Job("acme", NIGHT), Job("zenith", NIGHT)]


def test_the_moment_since_when_a_company_takes_part_moves_only_by_a_later_one(store: Store) -> None:
    """R5: The store remembers since when each company takes part, and only a later moment for the
    same company moves it."""
    # given
    store.schedule.enrol(["acme", "zenith"], MORNING)
    store.schedule.enrol(["acme", "zenith"], MORNING)
    store.schedule.enrol([], EVENING)

    # then
    found = {
        key: (each.after, each.last_run_failed)
        for key, each in store.schedule.enrolled_companies().items()
    }
    assert found == {"acme": (MORNING, False), "zenith": (MORNING, False)}

    # when
    store.schedule.enrol(["acme"], EVENING)

    # then
    assert store.schedule.enrolled_companies()["acme"].after == EVENING
    assert store.schedule.enrolled_companies()["zenith"].after == MORNING
    assert_sound(store)


# The record


def test_a_run_tells_the_slot_it_served(app: App, watch: Watch) -> None:
    """R2, R3: A run tells the slot that it served in its answer, its record and its JSON, however
    late the run began."""
    # when
    watch.moment = EVENING + HOUR
    (run,) = work(app)

    # then
    (record,) = app.store.runs.every("acme")
    assert run.slot == record.ended.slot == EVENING
    assert (record.ended.started, record.ended.run_kind) == (EVENING + HOUR, RunKind.IMPORT)
    assert msgspec.json.decode(msgspec.json.encode(run))["slot"] == "2027-03-01T20:00:00Z"


# Downtime


@pytest.mark.parametrize("hours", [1, 26, 8 * 24, 400 * 24])
def test_after_downtime_the_latest_missed_pickup_runs_once_and_all_clock_work_is_done(
    app: App, watch: Watch, place: Path, hours: int
) -> None:
    """R5, C1: After downtime, only the latest missed slot is served, once, and the clock makes up
    for everything that it missed."""
    # given
    first_day, last_day = date(2027, 3, 3), date(2027, 3, 5)
    deliver(place, ANNA, BRAM.format(first_day), CHRIS.format(last_day))
    watch.moment = EVENING
    assert [run.outcome for run in work(app)] == [Outcome.APPLIED]

    # when
    watch.moment = now = EVENING + hours * HOUR
    runs = work(app)

    # then
    missed = every_slot(EVENING, now)
    assert [run.slot for run in runs if run.kind is RunKind.IMPORT] == missed[-1:]
    assert slots_of(app.store) == [EVENING, *missed[-1:]]
    starts = datetime.combine(first_day, time(0), now.tzinfo)
    leaves = datetime.combine(last_day, time(23), now.tzinfo)
    assert states(app.store) == {
        "Anna": State.ACTIVE,
        "Bram": State.ACTIVE if now >= starts else State.PENDING,
        "Chris": State.DEACTIVATED if now >= leaves else State.OFFBOARDING_SCHEDULED,
    }
    due = [moment for moment in (starts, leaves) if moment <= now]
    assert sum(run.kind is RunKind.CLOCK for run in runs) == bool(due)
    told = (
        each.effective for one in app.store.roster.employees("acme") for each in events(app, one)
    )
    assert sorted(moment for moment in told if moment > EVENING) == due
    assert due_jobs(app) == []
    assert_sound(app.store)


def events(app: App, employee: Any) -> list[Any]:
    """Everything that happened to somebody."""
    return app.store.events.of(employee.id)


MOVES = [HOUR, 5 * HOUR, 26 * HOUR, 2 * DAY, 8 * DAY, 400 * DAY, -3 * HOUR, -DAY, timedelta(0)]


@pytest.mark.parametrize("seed", range(3))
def test_whatever_the_time_does_each_slot_has_one_run_at_most(
    app: App, watch: Watch, seed: int
) -> None:
    """R3, R5: However the clock of the machine jumps, each slot has one run at most, and each look
    serves the latest missed slot."""
    # given
    chance = random.Random(seed)
    latest, expected = MORNING, []

    # when / then
    for _ in range(25):
        watch.moment += chance.choice(MOVES)
        runs = work(app)

        missed = every_slot(latest, watch.moment)
        assert [run.slot for run in runs] == missed[-1:]
        expected += missed[-1:]
        latest = max([latest, *missed])

    # then
    assert slots_of(app.store) == expected
    assert max(Counter(expected).values()) == 1
    assert_sound(app.store)


# Failing


class Source:
    """A source that does what it is told to while files are fetched from it."""

    pattern = NAME.format("*")
    place = "nowhere"
    warnings = ()

    def __init__(self, fetching: Callable[[], list[DeliveredFile]]) -> None:
        self.fetching = fetching

    def fetch(self, limit: int, keeper: Keeper, progress: Progress = UNWATCHED) -> PickUp:
        return PickUp(self.fetching())

    def steps(self) -> Iterator[Any]:
        yield from ()


def raising(error: Exception) -> list[DeliveredFile]:
    raise error


COMES: dict[Outcome, Callable[[], list[DeliveredFile]]] = {
    Outcome.APPLIED: lambda: delivered(f"{HEADER}\n{ANNA}\nbroken\n"),
    Outcome.REFUSED: lambda: delivered(f"{HEADER}\n"),
    Outcome.NO_FILE: list,
    Outcome.FAILED: lambda: raising(SourceUnreachable("lost")),
}


@pytest.mark.parametrize("outcome", COMES)
def test_a_slot_is_served_whatever_comes_of_the_delivery(
    app: App, watch: Watch, acme: Customer, outcome: Outcome
) -> None:
    """R3, D6: A slot is served once, also when its delivery has a rejected row, is refused, is
    missing or cannot be fetched. What comes later waits for the next slot."""
    # given
    app.settings.customers["acme"] = replace(acme, source=Source(COMES[outcome]))
    watch.moment = EVENING

    # when / then
    assert [run.outcome for run in work(app)] == [outcome]
    app.settings.customers["acme"] = acme
    watch.moment = EVENING + HOUR
    assert due_jobs(app) == []
    watch.moment = NIGHT
    assert len(work(app)) == 1
    assert slots_of(app.store) == [EVENING, NIGHT]


def test_a_slot_whose_run_met_a_fault_is_served(app: App, watch: Watch, acme: Customer) -> None:
    """R2, R3: A slot whose run met a fault is recorded as failed and not tried again, and the fault
    is raised to the caller."""
    # given
    source = Source(lambda: raising(ZeroDivisionError()))
    app.settings.customers["acme"] = replace(acme, source=source)
    watch.moment = EVENING

    # when / then
    with pytest.raises(ZeroDivisionError):
        do_job(app, *due_jobs(app))
    assert due_jobs(app) == []
    assert (slots_of(app.store), outcomes(app.store)) == ([EVENING], [Outcome.FAILED])


def test_a_slot_whose_run_could_not_be_stored_stays_due(
    app: App, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R1, R3: When the store is not available, nothing of a run is stored, its slot stays due, and
    the slot is served once the store is back."""
    # given
    watch.moment = EVENING
    (job,) = due_jobs(app)

    def away(*_: object, **__: object) -> None:
        raise StoreUnavailable("the line is lost")

    # when / then
    with monkeypatch.context() as patched:
        patched.setattr(app.store.events.database, "insert_events", away)
        with pytest.raises(StoreUnavailable):
            do_job(app, job)
        assert due_jobs(app) == [job]
    assert app.store.runs.every("acme") == []

    # when
    watch.moment = EVENING + HOUR

    # then
    assert [run.slot for run in work(app)] == [EVENING]


# Held


def test_a_held_delivery_met_again_leaves_no_run_and_serves_the_slot(
    app: App, watch: Watch, place: Path
) -> None:
    """B3, R3: A slot that meets a held delivery again is served without a second run, and a
    different delivery later ends the held one."""
    # given
    deliver(place, ANNA, *SEVEN_BROKEN)
    watch.moment = EVENING
    (held,) = work(app)
    assert (held.outcome, held.slot) == (Outcome.HELD, EVENING)

    # when / then
    for slot in every_slot(EVENING, EVENING + 3 * DAY):
        watch.moment = slot
        assert due_jobs(app) == [Job("acme", slot)]
        work(app)
        assert due_jobs(app) == []
        assert app.store.schedule.enrolled_companies()["acme"].after == slot
    assert outcomes(app.store) == [Outcome.HELD]

    # when
    deliver(place, ANNA)
    watch.moment = NIGHT + 3 * DAY
    work(app)

    # then
    assert outcomes(app.store) == [Outcome.HELD, Outcome.DISCARDED, Outcome.APPLIED]
    assert slots_of(app.store) == [EVENING, NIGHT + 3 * DAY]
    assert_sound(app.store)


# Two workers


@pytest.fixture
def rival(open_store: OpenStore, watch: Watch, acme: Customer, app: App) -> App:
    """Another worker on the same database."""
    return app_of(open_store(), watch, acme)


@pytest.mark.parametrize("theirs_fails", [False, True])
@pytest.mark.parametrize("ours", ["files", "unreachable", "a fault"])
def test_of_two_workers_with_one_slot_the_second_leaves_no_run(
    app: App, rival: App, watch: Watch, acme: Customer, ours: str, theirs_fails: bool
) -> None:
    """R3: When another worker serves the slot while a worker fetches files, the second worker
    leaves no run, not even a failed one."""

    # given
    def theirs() -> list[DeliveredFile]:
        if theirs_fails:
            raise SourceUnreachable("theirs is lost")
        return delivered(f"{HEADER}\n{ANNA}\n")

    def fetching() -> list[DeliveredFile]:
        (run,) = work(rival)
        assert run.slot == EVENING
        if ours == "unreachable":
            raise SourceUnreachable("ours is lost")
        if ours == "a fault":
            raise ZeroDivisionError
        return delivered(f"{HEADER}\n{ANNA}\n{BRAM.format('')}\n")

    rival.settings.customers["acme"] = replace(acme, source=Source(theirs))
    app.settings.customers["acme"] = replace(acme, source=Source(fetching))
    watch.moment = EVENING
    (job,) = due_jobs(app)

    # when / then
    assert do_job(app, job) is None

    assert outcomes(app.store) == [Outcome.FAILED if theirs_fails else Outcome.APPLIED]
    assert slots_of(app.store) == [EVENING]
    assert set(states(app.store)) == (set() if theirs_fails else {"Anna"})
    assert due_jobs(app) == due_jobs(rival) == []
    assert_sound(app.store)


@pytest.mark.parametrize("ours_fails", [False, True])
def test_a_worker_that_is_overtaken_at_its_commit_leaves_nothing(
    app: App, rival: App, watch: Watch, place: Path, ours_fails: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """R3, R4: A worker that is overtaken at its commit finds the slot served and leaves no run."""
    # given
    watch.moment = EVENING
    (job,) = due_jobs(app)
    if ours_fails:
        directory = place.parent / "gone"
        app.settings.customers["acme"] = picked_up(directory)
    commit, tried = app.store.commit, []

    def overtaken(ours: Commit, *_: object) -> None:
        tried.append(ours)
        if len(tried) == 1:
            work(rival)
        commit(ours)

    monkeypatch.setattr(app.store, "commit", overtaken)

    # when / then
    assert do_job(app, job) is None

    assert len(tried) == 1
    assert outcomes(app.store) == [Outcome.APPLIED]
    assert slots_of(app.store) == [EVENING]


def test_a_job_that_another_worker_has_done_is_not_begun(
    app: App, rival: App, watch: Watch, acme: Customer
) -> None:
    """R3: A worker does not begin a pick-up that another worker has done, and does not ask the
    customer's server."""

    # given
    def fetching() -> list[DeliveredFile]:
        raise AssertionError("it was asked")

    watch.moment = EVENING
    (job,) = due_jobs(app)
    work(rival)
    app.settings.customers["acme"] = replace(acme, source=Source(fetching))

    # when / then
    assert do_job(app, job) is None
    assert outcomes(app.store) == [Outcome.APPLIED]


def test_an_older_slot_is_not_served_after_a_later_one(
    app: App, rival: App, watch: Watch, place: Path
) -> None:
    """R3, R5: A worker that stood still for a day does not serve its older slot after a later slot
    was served."""
    # given
    watch.moment = EVENING
    (job,) = due_jobs(app)
    watch.moment = NEXT_EVENING
    work(rival)
    deliver(place, ANNA, BRAM.format(""))

    # when / then
    assert do_job(app, job) is None
    assert slots_of(app.store) == [NEXT_EVENING]


def test_two_workers_that_pass_the_clock_of_one_company_pass_it_once(
    app: App, rival: App, watch: Watch, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C2, R4: When two workers pass the clock of one company, the second finds nobody due and
    leaves no run."""
    # given
    deliver(place, ANNA, CHRIS.format("2027-03-01"))
    watch.moment = EVENING
    work(app)
    watch.moment = moment("2027-03-01 23:00")
    (job,) = due_jobs(app)
    assert job == Job("acme")
    commit = app.store.commit

    def overtaken(ours: Commit, *_: object) -> None:
        work(rival)
        commit(ours)

    monkeypatch.setattr(app.store, "commit", overtaken)

    # when / then
    assert do_job(app, job) is None
    assert do_job(rival, job) is None

    assert outcomes(app.store) == [Outcome.APPLIED] * 2
    assert states(app.store)["Chris"] is State.DEACTIVATED


def test_workers_that_see_a_company_first_at_the_same_time_agree(
    open_store: OpenStore, watch: Watch, acme: Customer
) -> None:
    """R5: When four workers see a new company first at the same time, all find the same next slot
    due, and it is served once."""
    # given
    watch.moment = MORNING
    apps = [app_of(open_store(), watch, acme) for _ in range(4)]

    # when / then
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(due_jobs, apps)) == [[]] * 4
        watch.moment = EVENING
        assert list(pool.map(due_jobs, apps)) == [[Job("acme", EVENING)]] * 4
        list(pool.map(work, apps))

    # then
    assert slots_of(apps[0].store) == [EVENING]
    assert_sound(apps[0].store)


# Order


def test_the_clock_comes_first_and_companies_in_trouble_last(
    store: Store, watch: Watch, tmp_path: Path
) -> None:
    """R6: Clock work comes before pick-ups, and companies whose latest run failed come last."""
    # given
    keys = ["alfa", "bravo", "charlie", "delta"]
    for key in keys:
        deliver(tmp_path / key, ANNA, CHRIS.format("2027-03-02"))
    customers = [picked_up(tmp_path / key, key) for key in keys]
    app = app_of(store, watch, *customers)
    watch.moment = MORNING
    due_jobs(app)
    watch.moment = EVENING
    assert due_jobs(app) == [Job(key, EVENING) for key in keys]
    work(app)
    for key in ("alfa", "charlie"):
        shutil.rmtree(tmp_path / key)
    watch.moment = NIGHT
    work(app)

    # when
    watch.moment = moment("2027-03-02 23:30")

    # then
    jobs = due_jobs(app)
    assert jobs[:4] == [Job(key) for key in keys]
    assert jobs[4:] == [Job(key, NEXT_EVENING) for key in ("bravo", "delta", "alfa", "charlie")]
    assert jobs[4:] == due_slots(app)


def test_a_company_is_in_trouble_until_its_latest_run_did_not_fail(
    app: App, watch: Watch, place: Path, acme: Customer
) -> None:
    """R6: A company counts as failing from a failed run until its next run does not fail."""
    # given
    shutil.rmtree(place)
    watch.moment = EVENING
    work(app)
    assert app.store.schedule.enrolled_companies()["acme"].last_run_failed

    # when
    deliver(place, ANNA)
    import_delivery(app, acme, "tester")

    # then
    assert not app.store.schedule.enrolled_companies()["acme"].last_run_failed


# Configuration


def test_a_company_without_source_has_a_clock_alone(
    store: Store, watch: Watch, acme: Customer
) -> None:
    """R5, C1: A company without a source has no slots, but the clock works for it."""
    # given
    app = app_of(store, watch, a_customer())
    files = delivered(f"{HEADER}\n{ANNA}\n{CHRIS.format('2027-03-01')}\n")
    watch.moment = MORNING
    import_delivery(app, a_customer(), "tester", files)

    # when / then
    watch.moment = EVENING
    assert due_jobs(app) == []
    assert do_job(app, Job("acme", EVENING)) is None

    # when
    watch.moment = moment("2027-03-01 23:00")

    # then
    assert due_jobs(app) == [Job("acme")]
    assert [run.kind for run in work(app)] == [RunKind.CLOCK]
    assert store.schedule.enrolled_companies() == {}


def test_a_company_that_leaves_the_configuration_is_picked_up_no_more_and_its_clock_goes_on(
    app: App, watch: Watch, place: Path
) -> None:
    """C1, R5: A company that is no longer configured is not picked up, its clock goes on, and the
    slot that it missed is due when the company is configured again."""
    # given
    deliver(place, ANNA, CHRIS.format("2027-03-02"))
    watch.moment = EVENING
    work(app)
    without = app_of(app.store, watch)

    # when / then
    watch.moment = NEXT_EVENING
    (job,) = due_jobs(app)
    assert do_job(without, job) is None
    assert due_jobs(without) == []

    # when
    watch.moment = moment("2027-03-02 23:00")
    assert due_jobs(without) == [Job("acme")]
    work(without)

    # then
    assert states(app.store)["Chris"] is State.DEACTIVATED
    assert slots_of(app.store) == [EVENING]
    work(app)
    assert slots_of(app.store) == [EVENING, NEXT_EVENING]


def test_a_company_with_wrong_settings_does_not_hold_up_the_others(
    store: Store, watch: Watch, tmp_path: Path
) -> None:
    """R6: A company with wrong settings is not picked up while the others are, and is picked up
    once its settings are right."""
    # given
    file = tmp_path / "tenure.toml"
    company = """
        [company.{0}]
        name = "{0}"
        language = "{1}"
        [company.{0}.source]
        protocol = "folder"
        directory = "{0}"
    """
    for key in ("alfa", "bravo"):
        deliver(tmp_path / key, ANNA)

    def app(language: str) -> App:
        file.write_text(company.format("alfa", language) + company.format("bravo", "nl"))
        return App(load_settings(file, {}), store, watch)

    watch.moment = MORNING
    assert due_jobs(app("nl")) == []
    broken = app("klingon")
    assert list(broken.settings.broken) == ["alfa"]
    watch.moment = EVENING

    # when / then
    assert [run.company for run in work(broken)] == ["bravo"]
    assert [run.company for run in work(app("nl"))] == ["alfa"]


# Damaged


def changed(database: Database, statement: str, *parameters: object) -> None:
    """Changes what is stored, behind the store's back."""
    if isinstance(database, PostgresUrl):
        with psycopg.connect(database.url, autocommit=True) as connection:
            connection.execute(statement.replace("?", "%s").encode(), parameters)
    else:
        with closing(sqlite3.connect(database)) as plain:
            plain.execute(statement, parameters)
            plain.commit()


DAMAGED = {"no JSON": b"no json", "another shape": b"[1, 2]", "a number": 7}


@pytest.mark.stores("sqlite", "postgresql")
@pytest.mark.parametrize("what", DAMAGED)
@pytest.mark.parametrize(("table", "column"), [("companies", "state"), ("runs", "event")])
def test_a_company_whose_stored_state_is_damaged_does_not_hold_up_the_others(
    store: Store, database: Database, watch: Watch, tmp_path: Path,
    what: str, table: str, column: str,
) -> None:  # fmt: skip
    """R6: When the stored state of one company is damaged, the pick-ups and the clock runs of the
    other companies are done."""
    # given
    value = DAMAGED[what]
    if isinstance(database, PostgresUrl) and not isinstance(value, bytes):
        value = str(value).encode()  # a database with types takes nothing else
    keys = ["alfa", "bravo", "charlie"]
    for key in keys:
        deliver(tmp_path / key, ANNA, CHRIS.format("2027-03-02"))
    app = app_of(store, watch, *(picked_up(tmp_path / key, key) for key in keys))
    watch.moment = MORNING
    due_jobs(app)
    watch.moment = EVENING
    work(app)
    changed(database, f"UPDATE {table} SET {column} = ? WHERE company = 'bravo'", value)

    # when
    watch.moment = moment("2027-03-02 23:00")
    done = dict.fromkeys(keys, 0)
    for job in due_jobs(app):
        try:
            run = do_job(app, job)
        except StoreUnavailable:
            raise
        except Exception:
            assert job.company == "bravo"
        else:
            done[job.company] += run is not None

    # then
    assert (done["alfa"], done["charlie"]) == (2, 2)
    for key in ("alfa", "charlie"):
        assert slots_of(store, key) == [EVENING, NEXT_EVENING]
        assert states(store, key)["Chris"] is State.DEACTIVATED


@pytest.mark.stores("sqlite", "postgresql")
@pytest.mark.parametrize("after", ["tomorrow", "2027-03-01T10:00:00"])
def test_a_company_whose_stored_start_is_unreadable_waits_for_the_next_slot(
    app: App, database: Database, watch: Watch, after: str
) -> None:
    """R5, R6: A company whose stored start of taking part cannot be read waits for the next slot,
    like a new company."""
    # given
    changed(database, "UPDATE slots SET after = ?", after)

    # when
    watch.moment = EVENING
    assert due_jobs(app) == []
    watch.moment = NIGHT

    # then
    assert [run.slot for run in work(app)] == [NIGHT]
    assert_sound(app.store)


# From the version before


def table_of(store: Store, name: str, columns: Sequence[str]) -> list[tuple[Any, ...]]:
    """Everything in a table, in one order."""
    with store.events.database.reading() as query:
        found = query(f"SELECT {', '.join(columns)} FROM {name}")
    return sorted(found, key=repr)


def everything(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that version 1 had."""
    return {
        table.name: table_of(store, table.name, table.names)
        for table in TABLES
        if table is not slots.TABLE
    }


class Former:
    """A database of which a test makes one of the first version, and upgrades it."""

    def __init__(self, database: Database, server: pgserver.Server | None) -> None:
        self.database = database
        self.server = server

    def downgraded(self) -> None:
        """As the first release left it."""
        if isinstance(self.database, PostgresUrl):
            assert self.server is not None
            with psycopg.connect(self.server.as_owner(self.database.url)) as connection:
                for statement in undone_since(1):
                    connection.execute(statement.encode())
                connection.execute("UPDATE tenure_schema SET version = 1")
                found = connection.execute("SELECT company, state FROM companies").fetchall()
                for company, state in found:
                    connection.execute(
                        "UPDATE companies SET state = %s WHERE company = %s",
                        (self._former(state), company),
                    )
            return
        with closing(sqlite3.connect(self.database)) as plain:
            plain.executescript(";".join(undone_since(1)))
            for company, state in plain.execute("SELECT company, state FROM companies").fetchall():
                plain.execute(
                    "UPDATE companies SET state = ? WHERE company = ?",
                    (self._former(state), company),
                )
            plain.commit()
            plain.execute("PRAGMA user_version = 1")

    def _former(self, state: bytes) -> bytes:
        known = msgspec.json.decode(state)
        assert known.pop("slot") is None
        return msgspec.json.encode(known)

    def upgraded(self) -> Store:
        """Opened by this release, after the owner made the schema fit where that takes one."""
        if isinstance(self.database, PostgresUrl):
            assert self.server is not None
            with pytest.raises(StoreUnavailable) as raised:
                open_store(self.database)
            assert "tenure migrate" in raised.value.hint
            owner = self.server.as_owner(self.database.url)
            assert migrate(owner, pgserver.RUNNER) == 1
            assert migrate(owner, pgserver.RUNNER) == VERSION
        return open_store(self.database)


@pytest.fixture(params=["sqlite", "postgresql"])
def former(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Former]:
    """A database of its own, since what is done to it would be in other tests' way."""
    if request.param == "sqlite":
        yield Former(created(tmp_path / "former.db"), None)
        return
    server: pgserver.Server = request.getfixturevalue("postgres")
    name = f"former_{next(_names)}"
    yield Former(PostgresUrl(server.made(name)), server)
    server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_a_database_of_the_version_before_keeps_everything(
    former: Former, watch: Watch, acme: Customer, place: Path
) -> None:
    """R2, R5: A database of the version before keeps all that it holds after the upgrade, and its
    companies start with the next slot."""
    # given
    deliver(place, ANNA, BRAM.format("2027-04-01"), CHRIS.format("2027-03-02"), "broken")
    zenith = a_customer(other_company())
    with closing(open_store(former.database)) as store:
        app = app_of(store, watch, acme, zenith)
        import_delivery(app, acme, "tester")
        import_delivery(
            app, zenith, "tester", delivered("\n".join((HEADER, ANNA, *SEVEN_BROKEN)) + "\n")
        )
        assert outcomes(store, "zenith") == [Outcome.HELD]
        before = everything(store)
    former.downgraded()

    # when
    with closing(former.upgraded()) as store:
        assert_sound(store)
        assert store.schedule.enrolled_companies() == {}
        app = app_of(store, watch, acme, zenith)
        watch.moment = MORNING
        assert due_jobs(app) == []
        watch.moment = EVENING
        assert [run.slot for run in work(app)] == [EVENING]
        assert_sound(store)
        (record,) = store.runs.waiting("zenith")
        assert [file.data for file in store.runs.held_files(record.run)]
        grown = everything(store)

        store.rebuild(lambda _: None)
        assert_sound(store)

    # then
    # What was stored is still there, and only Acme's own rows have moved on.
    for name in ("stored_events", "runs", "issues", "held", "touched"):
        assert set(before[name]) <= set(grown[name])


def test_processes_that_upgrade_at_the_same_time_upgrade_once(
    tmp_path: Path, watch: Watch, acme: Customer
) -> None:
    """R1: When several workers open an older embedded database at once, the database is upgraded
    once and all of them can use it."""
    # given
    former = Former(created(tmp_path / "former.db"), None)
    with closing(open_store(former.database)) as store:
        import_delivery(app_of(store, watch, acme), acme, "tester")
    former.downgraded()

    # when
    with ThreadPoolExecutor(8) as pool, ExitStack() as opened:
        stores = list(pool.map(lambda _: former.upgraded(), range(8)))
        for store in stores:
            opened.enter_context(closing(store))

        # then
        assert [outcomes(store) for store in stores] == [[Outcome.APPLIED]] * 8
        stores[0].schedule.enrol(["acme"], MORNING)
        assert stores[-1].schedule.enrolled_companies()["acme"].after == MORNING


# Kept


def test_a_rebuild_keeps_which_companies_take_part_and_which_slots_are_served(
    app: App, watch: Watch, place: Path
) -> None:
    """R3, R5, B3: A rebuild keeps which slots were served, also a slot that met a held delivery
    again and left no event."""
    # given
    deliver(place, ANNA, *SEVEN_BROKEN)
    watch.moment = EVENING
    work(app)
    watch.moment = NIGHT
    work(app)
    before = app.store.schedule.enrolled_companies()["acme"].after

    # when
    app.store.rebuild(lambda _: None)

    # then
    assert app.store.schedule.enrolled_companies()["acme"].after == before == NIGHT
    assert due_jobs(app) == []
    assert_sound(app.store)


def test_another_schedule_serves_other_slots(store: Store, watch: Watch, acme: Customer) -> None:
    """R3: The operator can configure other pick-up times, also one a day or none."""
    # given
    usual = app_of(store, watch, acme)
    watch.moment = MORNING
    due_jobs(usual)
    never, noon = (
        usual._replace(settings=replace(usual.settings, schedule=Schedule(pickup=pickup)))
        for pickup in ((), (time(12),))
    )

    # when / then
    watch.moment = NEXT_EVENING
    assert due_jobs(never) == []
    assert [run.slot for run in work(noon)] == [moment("2027-03-02 12:00")]
    assert [run.slot for run in work(usual)] == [NEXT_EVENING]
