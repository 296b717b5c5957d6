"""Runs from end to end: what is applied, what is recorded, and what a second run finds."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import pytest
from msgspec.structs import replace

from adapters.company_settings import Customer
from adapters.progress import UNWATCHED, Progress
from adapters.sources.source import (
    DeliveredFile,
    Keeper,
    PickUp,
    SourceUnreachable,
    StillUploading,
)
from adapters.store.commit import Commit
from adapters.store.errors import Conflict, StoreUnavailable
from adapters.store.store import Store
from adapters.use_cases import clock, plan_files
from adapters.use_cases import import_delivery as importing
from adapters.use_cases.app import App
from adapters.use_cases.clock import pass_clock, preview_clock
from adapters.use_cases.errors import NoSource
from adapters.use_cases.import_delivery import import_delivery, preview_delivery
from domain.company_runs.events import RunKind, RunRecord
from domain.delivery import records
from domain.employee.events import State
from domain.ids import company_stream_id
from domain.outcome import Counts, Outcome
from projections.runs import RunDocument
from tests.adapters.steps import (
    NAME,
    Watch,
    a_customer,
    app_of,
    delivered,
    other_company,
    person,
)
from tests.given import NOW, a_company, day, moment

HEADER = "email,first_name,last_name,external_id,onboarding_date,offboarding_date"
ANNA = "anna@acme.example,Anna,Bakker,1,,"
BRAM = "bram@acme.example,Bram,Smit,2,2027-03-10,"
CHRIS = "chris@acme.example,Chris,Jansen,3,,2027-03-20"
BROKEN = "no address,Dora,Dam,4,,"
THREE = "\n".join((HEADER, ANNA, BRAM, CHRIS))
SECRET = "Wilhelmina"


@pytest.fixture
def acme() -> Customer:
    """Acme, whose files are given by hand."""
    return a_customer()


@pytest.fixture
def app(store: Store, watch: Watch, acme: Customer) -> App:
    """An app that knows Acme, and whose watch stands still."""
    return app_of(store, watch, acme)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were read, as they are read."""
    names: list[str] = []
    real = records.read_sheet

    def read_sheet(name: str, *rest: object) -> object:
        names.append(name)
        return real(name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(records, "read_sheet", read_sheet)
    return names


def home_of(what: str) -> ModuleType:
    """The module of the use cases in which a name is used."""
    return next(module for module in (clock, plan_files, importing) if hasattr(module, what))


def taken(app: App, *files: str | bytes, customer: Customer | None = None) -> RunDocument:
    """An import of these files."""
    whose = customer or next(iter(app.settings.customers.values()))
    return import_delivery(app, whose, "tester", delivered(*files))


def record_of(app: App, run: RunDocument) -> RunRecord:
    """What is stored of a run."""
    assert run.run is not None
    record = app.store.runs.find(run.run)
    assert record is not None
    return record


def last_record(app: App, company: str = "acme") -> RunRecord:
    """A company's latest run."""
    (record,) = app.store.runs.latest(company, 1)
    return record


def said(run: RunDocument) -> list[tuple[str, int | None]]:
    """The codes of a run's issues, and their lines."""
    return [(issue.code, issue.line) for issue in run.issues]


def history(store: Store, company: str = "acme") -> dict[str, list[object]]:
    """Every event of everyone."""
    return {
        employee.email: list(store.events.of(employee.id))
        for employee in store.roster.employees(company)
    }


class Source:
    """A source that gives what it is told to give, or fails as it is told to."""

    pattern = NAME.format("*")
    place = "a directory"

    def __init__(self, answer: Sequence[DeliveredFile] | Exception) -> None:
        self.answer = answer

    def fetch(self, limit: int, keeper: Keeper, progress: Progress = UNWATCHED) -> PickUp:
        if isinstance(self.answer, Exception):
            raise self.answer
        return PickUp(list(self.answer))


def supplied(answer: Sequence[DeliveredFile] | Exception, customer: Customer) -> Customer:
    """A company whose source answers so."""
    return replace(customer, source=Source(answer))


# R2: every run that ends leaves a record


def test_an_applied_delivery_is_recorded_with_everything_about_it(app: App, watch: Watch) -> None:
    """R2: The record of an applied delivery holds its start and end, who asked, the file with its
    size, time and SHA-256, the counts and the issues."""
    # given
    watch.tick = timedelta(seconds=1)

    # when
    run = taken(app, THREE)

    # then
    record = record_of(app, run).ended
    (file,) = record.files
    assert (record.company, record.run_kind, record.outcome) == (
        "acme",
        RunKind.IMPORT,
        Outcome.APPLIED,
    )
    assert record.started == NOW
    assert record.started < record.finished <= watch.moment
    assert (record.by, record.reason, record.slot) == ("tester", None, None)
    assert (file.name, file.bytes) == (NAME.format(1), len(THREE))
    assert file.modified == NOW + timedelta(seconds=1)
    assert file.sha256 == hashlib.sha256(THREE.encode()).hexdigest()
    assert record.counts == Counts(rows=3, registered=3, events=4)
    assert said(run) == [("short-notice", 4)]
    assert app.store.runs.find(run.run) == last_record(app)  # type: ignore[arg-type]


def test_no_file_is_recorded_and_nobody_is_offboarded(app: App, acme: Customer) -> None:
    """D6, R2: When no file matches, the run is recorded as `no-file` with a warning that names the
    pattern, and no employee changes."""
    # given
    taken(app, THREE)
    before = history(app.store)

    # when
    run = import_delivery(app, supplied([], acme), "tester")

    # then
    assert run.outcome is Outcome.NO_FILE
    assert said(run) == [("no-file", None)]
    assert run.issues[0].severity.value == "warning"
    assert NAME.format("*") in run.issues[0].message
    record = record_of(app, run)
    assert (record.ended.outcome, record.ended.files) == (Outcome.NO_FILE, ())
    assert record.ended.counts == Counts()
    assert [issue.code for issue in app.store.runs.issues(record)] == ["no-file"]
    assert history(app.store) == before


def test_a_refused_delivery_is_recorded_with_its_files_and_why(app: App) -> None:
    """F1, R2: When one file is refused, the run is recorded as refused with all files and the
    reasons, and no employee changes."""
    # given
    taken(app, THREE)
    before = history(app.store)

    # when
    run = taken(app, f"{HEADER}\n{ANNA.replace('Anna', 'Anne')}", b"email\n\xff\n", b"")

    # then
    record = record_of(app, run).ended
    assert run.outcome is record.outcome is Outcome.REFUSED
    assert [file.name for file in record.files] == [NAME.format(n) for n in (1, 2, 3)]
    assert [(issue.code, issue.file) for issue in run.issues] == [
        ("not-utf8", NAME.format(2)),
        ("no-rows", NAME.format(3)),
    ]
    assert record.counts == Counts()
    assert history(app.store) == before


FAILURES: list[tuple[Exception, str, str, str | None]] = [
    (SourceUnreachable("the door is locked"), "unreachable", "the door is locked", None),
    (StillUploading(NAME.format(1)), "still-uploading", "", NAME.format(1)),
]


@pytest.mark.parametrize(("error", "code", "words", "file"), FAILURES)
def test_a_delivery_that_cannot_be_fetched_is_recorded_as_failed(
    app: App, acme: Customer, error: Exception, code: str, words: str, file: str | None
) -> None:
    """D4, R2: A delivery that cannot be fetched is recorded as failed, with an issue that says why.
    The next pick-up applies the delivery."""
    # when
    run = import_delivery(app, supplied(error, acme), "tester")

    # then
    record = record_of(app, run)
    assert run.outcome is record.ended.outcome is Outcome.FAILED
    (issue,) = app.store.runs.issues(record)
    assert (issue.code, issue.file) == (code, file)
    assert words in issue.message
    assert said(run) == [(code, None)]
    assert taken(app, THREE).outcome is Outcome.APPLIED


def test_an_import_without_files_needs_a_source(app: App) -> None:
    """R2: An import without files for a company without a source raises an error and leaves no
    run."""
    # when / then
    with pytest.raises(NoSource, match="acme"):
        import_delivery(app, a_customer(), "tester")

    assert app.store.runs.latest("acme", 10) == []


def failing(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """Makes a part of the use cases fail on something that quotes a cell."""

    def fail(*_: object, **__: object) -> object:
        raise RuntimeError(f"cannot understand {SECRET}")

    monkeypatch.setattr(home_of(what), what, fail)


@pytest.mark.parametrize("part", ["plan_delivery", "read_sheets", "commit_of", "fetch"])
def test_a_fault_is_recorded_and_raised(
    app: App, acme: Customer, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    """R1, R2: A fault during an import is recorded as a failed run without any cell in its issue,
    and the error is raised to the caller. The same delivery is applied later."""
    # given
    error = RuntimeError(f"cannot understand {SECRET}")
    source = supplied(error if part == "fetch" else delivered(THREE), acme)

    # when
    with monkeypatch.context() as broken:
        if part != "fetch":
            failing(broken, part)
        with pytest.raises(RuntimeError, match="cannot understand"):
            import_delivery(app, source, "tester")

    # then
    record = last_record(app)
    (issue,) = app.store.runs.issues(record)
    assert record.ended.outcome is Outcome.FAILED
    assert (issue.code, issue.severity.value) == ("fault", "error")
    assert "RuntimeError" in issue.message
    assert SECRET not in issue.message
    assert history(app.store) == {}
    assert taken(app, THREE).outcome is Outcome.APPLIED


def test_a_fault_of_the_clock_is_recorded(
    app: App, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R2: A fault during a clock pass is recorded as a failed run of kind clock."""
    # given
    taken(app, THREE)
    watch.moment = moment("2027-03-21 00:00")
    failing(monkeypatch, "plan_clock")

    # when / then
    with pytest.raises(RuntimeError):
        list(pass_clock(app, "tester"))

    record = last_record(app)
    assert (record.ended.run_kind, record.ended.outcome) == (RunKind.CLOCK, Outcome.FAILED)
    assert [issue.code for issue in app.store.runs.issues(record)] == ["fault"]
    assert record.ended.counts == Counts()


def test_a_fault_while_storing_leaves_nothing_but_its_record(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R1, R2: A fault while a run is stored leaves no event of the run, only the record of the
    failure."""
    # given
    taken(app, THREE)
    before, version = history(app.store), app.store.runs.company_state("acme").version
    real = app.store.commit

    def commit(each: Commit, *_: object) -> None:
        real(replace(each, issues=Torn(each.issues)) if each.changes else each)

    monkeypatch.setattr(app.store, "commit", commit)

    # when / then
    with pytest.raises(MemoryError):
        taken(app, THREE.replace("Anna", "Anne") + "\n" + BROKEN)

    assert history(app.store) == before
    assert last_record(app).ended.outcome is Outcome.FAILED
    assert app.store.runs.company_state("acme").version == version + 1


class Torn(tuple[object, ...]):
    """Issues of which only the first can be told."""

    def __iter__(self) -> Iterator[object]:
        yield self[0]
        raise MemoryError


def test_a_preview_stores_nothing(app: App, acme: Customer) -> None:
    """R2: A preview leaves no event and no run, whether its files are applied, refused or
    missing."""
    # given
    taken(app, THREE)
    before, state = history(app.store), app.store.runs.company_state("acme")

    # when
    for files in ([THREE.replace("Anna", "Anne")], [b"\xff"], []):
        preview_delivery(app, acme, "tester", delivered(*files))

    # then
    assert history(app.store) == before
    assert app.store.runs.company_state("acme") == state
    assert len(app.store.runs.latest("acme", 10)) == 1


def test_a_preview_tells_what_the_import_then_does(app: App, acme: Customer) -> None:
    """R2: A preview tells the outcome, the counts and the issues of the import that follows, and
    the action for every row."""
    # given
    taken(app, THREE)
    news = "\n".join(
        (HEADER, ANNA.replace("Anna", "Anne"), CHRIS, BROKEN, CHRIS, "e@x.example,E,F,,,")
    )

    # when
    preview = preview_delivery(app, acme, "tester", delivered(news))
    run = taken(app, news)

    # then
    assert preview.run is None
    told = [(issue.code, issue.line, issue.value, issue.message) for issue in preview.issues]
    assert told == [(issue.code, issue.line, issue.value, issue.message) for issue in run.issues]
    assert (preview.outcome, preview.counts) == (run.outcome, run.counts)
    assert [row.action for row in preview.rows] == ["update", "none", "reject", "skip", "onboard"]


# R1: repeating repeats nothing


# D8: a delivery that was applied is recognised


def test_an_applied_delivery_is_recognised_before_its_files_are_parsed(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D8: An applied delivery that comes again is recognised before its files are parsed, and its
    run refers to the earlier run."""
    # given
    first = taken(app, THREE)
    failing(monkeypatch, "read_sheets")
    failing(monkeypatch, "plan_delivery")

    # when
    again = taken(app, THREE)

    # then
    assert again.outcome is Outcome.UNCHANGED
    assert record_of(app, again).ended.issues_of == first.run
    assert [file.sha256 for file in again.files] == [file.sha256 for file in first.files]


def test_the_counts_of_a_recognised_delivery_are_those_of_reading_it(
    app: App, acme: Customer, reads: list[str]
) -> None:
    """D8: A recognised delivery has the same counts as the same delivery read in full."""
    # given
    taken(app, THREE)
    left = "gone@acme.example,Gerda,Gone,9,2020-01-01,2021-01-01"
    files = [f"{HEADER}\n{ANNA}\n{ANNA}", f"{HEADER}\n{CHRIS}\n{left}\n{ANNA}"]
    taken(app, *files)
    reads.clear()

    # when
    again = taken(app, *files)

    # then
    assert reads == []
    assert again.counts == preview_delivery(app, acme, "tester", delivered(*files)).counts
    assert again.counts == Counts(rows=5, unchanged=2, skipped=3, absent=1)


def test_lasting_issues_are_said_again_and_no_others_through_a_chain_of_runs(
    app: App, reads: list[str]
) -> None:
    """D8, L10: Each run that recognises a delivery tells the issues about the content of its rows
    again, and not the issues about a change."""
    # given
    talkative = f"{HEADER},shoe_size,group_name\n{ANNA},43,Salse\n{CHRIS},44,Sales"
    first = taken(app, talkative)
    reads.clear()

    # when
    chain = [taken(app, talkative) for _ in range(3)]

    # then
    lasting = [("unknown-column", 1), ("unknown-group", 2)]
    assert said(first) == [*lasting, ("short-notice", 3)]
    assert reads == []
    assert [said(run) for run in chain] == [lasting] * 3
    assert [run.issues for run in chain[1:]] == [chain[0].issues] * 2
    for run in chain:
        record = record_of(app, run)
        assert record.ended.issues_of == first.run
        assert [issue.code for issue in app.store.runs.issues(record)] == [
            code for code, _ in lasting
        ]


def test_nothing_is_recognised_after_the_clock_changed_someone(
    app: App, watch: Watch, reads: list[str]
) -> None:
    """D8: A delivery is read in full after the clock changed an employee."""
    # given
    taken(app, THREE)
    watch.moment = moment("2027-03-10 00:00")
    assert len(list(pass_clock(app, "tester"))) == 1
    reads.clear()

    # when
    run = taken(app, THREE)

    # then
    assert reads == [NAME.format(1)]
    assert run.outcome is Outcome.UNCHANGED
    assert record_of(app, run).ended.issues_of is None


def test_nothing_is_recognised_under_other_settings(
    app: App, acme: Customer, reads: list[str]
) -> None:
    """D8: A delivery is read in full after the settings of the company changed, and the new
    settings decide about its rows."""
    # given
    taken(app, f"{HEADER},prefix\n{ANNA},van")
    taken(app, f"{HEADER},prefix\n{ANNA},")
    assert person(app.store, "1").details.prefix == "van"
    clearing = replace(acme, company=a_company(policy={"blank_cells": "clear"}))
    reads.clear()

    # when
    run = taken(app, f"{HEADER},prefix\n{ANNA},", customer=clearing)

    # then
    assert reads == [NAME.format(1)]
    assert run.outcome is Outcome.APPLIED
    assert person(app.store, "1").details.prefix is None


# The clock


def clocked(app: App, at: str | None = None) -> list[RunDocument]:
    """One pass of the clock."""
    return list(pass_clock(app, "night", moment(at) if at else None))


def test_a_pass_with_nothing_due_leaves_no_record(app: App, watch: Watch) -> None:
    """C1: A clock pass over a company with nothing due leaves no run."""
    # given
    taken(app, THREE)
    watch.moment = moment("2027-03-09 23:59")
    state = app.store.runs.company_state("acme")

    # when / then
    assert clocked(app) == []
    assert app.store.runs.company_state("acme") == state
    assert len(app.store.runs.latest(None, 10)) == 1


def test_a_pass_is_recorded_with_what_it_did(app: App, watch: Watch) -> None:
    """C1, R2: A clock pass with due employees leaves one run with its counts, and the employees
    have the states that were due."""
    # given
    taken(app, THREE)
    watch.moment = moment("2027-03-20 23:00")

    # when
    (run,) = clocked(app)

    # then
    assert (run.kind, run.outcome, run.by) == (RunKind.CLOCK, Outcome.APPLIED, "night")
    assert run.counts == Counts(activated=1, deactivated=1, events=2)
    assert record_of(app, run).ended.counts == run.counts
    states = {each.external_id: each.state for each in app.store.roster.employees("acme")}
    assert states == {"1": State.ACTIVE, "2": State.ACTIVE, "3": State.DEACTIVATED}


def test_the_clock_makes_one_run_for_each_company_where_something_is_due(
    app: App, watch: Watch
) -> None:
    """C1: A clock pass makes one run for each company with something due, and none for the
    others."""
    # given
    taken(app, THREE, customer=a_customer(other_company()))
    taken(app, f"{HEADER}\n{ANNA}", customer=a_customer(other_company("quiet")))
    taken(app, THREE)
    watch.moment = moment("2027-03-10 00:00")

    # when
    runs = clocked(app)

    # then
    assert [run.company for run in runs] == ["acme", "zenith"]
    assert app.store.runs.company_state("quiet").version == 1


def test_a_preview_of_the_clock_stores_nothing(app: App) -> None:
    """C1: A preview of the clock counts what is due at a moment and stores nothing."""
    # given
    taken(app, THREE)
    before = history(app.store)

    # when
    ((company, run, fault),) = preview_clock(app, "tester", moment("2028-01-01 00:00"))

    # then
    assert run is not None
    assert (company, fault) == ("acme", None)
    document = run.document
    assert (document.run, document.counts) == (None, Counts(activated=1, deactivated=1, events=2))
    assert {event.kind for event in document.events} == {"activated", "deactivated"}
    assert history(app.store) == before
    assert len(app.store.runs.latest(None, 10)) == 1


def both_due(
    app: App,
    watch: Watch,
    monkeypatch: pytest.MonkeyPatch,
    acme: Callable[[], object],
    zenith: Callable[[], object] = lambda: None,
) -> None:
    """The clock is due in Acme, which comes first, and in Zenith; something happens when each of
    them is planned."""
    taken(app, THREE, customer=a_customer(other_company()))
    taken(app, THREE)
    watch.moment = moment("2027-03-21 00:00")
    real = clock.plan_clock
    ours = {employee.id for employee in app.store.roster.employees("acme")}

    def plan_clock(due: Sequence[tuple[object, object]], *rest: object) -> object:
        happens = acme if due[0][0].id in ours else zenith  # type: ignore[attr-defined]
        happens()
        return real(due, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(clock, "plan_clock", plan_clock)


def test_one_companys_trouble_does_not_keep_the_clock_from_the_others(
    app: App, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R6: When the clock run of one company fails, the failure is recorded and the clock runs of
    the other companies are stored."""

    # given
    def fails() -> None:
        raise RuntimeError

    both_due(app, watch, monkeypatch, fails)

    # when
    with suppress(RuntimeError):
        clocked(app)

    # then
    assert last_record(app, "acme").ended.outcome is Outcome.FAILED
    assert last_record(app, "zenith").ended.run_kind is RunKind.CLOCK
    assert last_record(app, "zenith").ended.counts.deactivated == 1


def test_a_company_that_is_kept_waiting_does_not_keep_the_clock_from_the_others(
    app: App, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R6: A clock run that waits does not hold up the clock runs of other companies."""
    # given
    done = threading.Event()

    def waits() -> None:
        assert done.wait(10)

    both_due(app, watch, monkeypatch, waits, done.set)

    # when / then
    assert [run.company for run in clocked(app)] == ["acme", "zenith"]


# R4: two runs never build on the same state


def meanwhile(
    monkeypatch: pytest.MonkeyPatch, what: str, happens: Callable[[], object], times: int = 1
) -> list[int]:
    """Lets something happen after a plan is made and before it is stored; counts the plans."""
    real = getattr(home_of(what), what)
    plans: list[int] = []

    def planned(*rest: object, **named: object) -> object:
        made = real(*rest, **named)
        plans.append(len(plans) + 1)
        if len(plans) <= times:
            with monkeypatch.context() as quiet:
                quiet.setattr(home_of(what), what, real)
                happens()
        return made

    monkeypatch.setattr(home_of(what), what, planned)
    return plans


def test_an_import_plans_again_when_another_import_was_first(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R4: When another import is stored first, an import plans again from the new state and changes
    only what is left."""
    # given
    ours, theirs = THREE.replace("Anna", "Anne"), f"{HEADER}\n{ANNA}\n{BRAM}"
    plans = meanwhile(monkeypatch, "plan_delivery", lambda: taken(app, theirs))

    # when
    run = taken(app, ours)

    # then
    assert len(plans) == 2
    assert run.counts == Counts(rows=3, registered=1, changed=1, unchanged=1, events=3)
    assert person(app.store, "1").details.first_name == "Anne"
    assert person(app.store, "1").version == 2
    assert len(history(app.store)) == 3
    versions = [each.originator_version for each in app.store.events.of(company_stream_id("acme"))]
    assert versions == [1, 2]


def test_an_import_finds_its_delivery_applied_when_another_was_first_with_it(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R4, D8: When another import stores the same delivery first, an import recognises the delivery
    and ends as unchanged."""
    # given
    plans = meanwhile(monkeypatch, "plan_delivery", lambda: taken(app, THREE))

    # when
    run = taken(app, THREE)

    # then
    assert len(plans) == 1
    assert run.outcome is Outcome.UNCHANGED
    assert run.counts == Counts(rows=3, unchanged=3)
    assert len(history(app.store)) == 3


def test_a_recognised_delivery_is_read_after_all_when_another_was_first(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R4, D8: When another delivery is stored first, a delivery that was recognised is read in full
    after all."""
    # given
    taken(app, THREE)
    changed = THREE.replace("Anna", "Anne")
    plans = meanwhile(monkeypatch, "decide_unread", lambda: taken(app, changed))

    # when
    run = taken(app, THREE)

    # then
    assert len(plans) == 2
    assert run.outcome is Outcome.APPLIED
    assert run.counts == Counts(rows=3, changed=1, unchanged=2, events=1)
    assert person(app.store, "1").details.first_name == "Anna"


def test_the_clock_plans_again_when_an_import_was_first(
    app: App, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R4: When an import moves a last day during a clock pass, the clock plans again and does not
    deactivate the employee."""
    # given
    taken(app, THREE)
    watch.moment = moment("2027-03-21 00:00")
    moved = THREE.replace("2027-03-20", "2027-06-20")
    meanwhile(monkeypatch, "plan_clock", lambda: taken(app, moved))

    # when
    (run,) = clocked(app)

    # then
    assert run.counts == Counts(activated=1, events=1)
    assert person(app.store, "3").state is State.OFFBOARDING_SCHEDULED


def test_two_clocks_at_once_make_every_transition_once(
    app: App, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R4, C1: Two clock passes at once make every transition exactly once."""
    # given
    taken(app, THREE)
    watch.moment = moment("2027-03-21 00:00")
    meanwhile(monkeypatch, "plan_clock", lambda: clocked(app))

    # when / then
    assert clocked(app) == []
    assert len(app.store.runs.latest("acme", 10)) == 2
    assert person(app.store, "3").version == 3


def test_a_failure_is_recorded_although_another_run_was_first(
    app: App, acme: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R2, R4: A failed run is recorded also when another run is stored while the failure is
    recorded."""
    # given
    real, conflicts = app.store.commit, []

    def commit(each: Commit, *_: object) -> None:
        if not conflicts:
            conflicts.append(each)
            taken(app, THREE)
        real(each)

    monkeypatch.setattr(app.store, "commit", commit)

    # when
    run = import_delivery(app, supplied(SourceUnreachable("closed"), acme), "tester")

    # then
    assert record_of(app, run).ended.outcome is Outcome.FAILED
    assert app.store.runs.company_state("acme").version == 2


def test_a_run_that_is_never_first_gives_up_in_the_end(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R4: A run that is overtaken again and again gives up with an error that names the company."""

    # given
    def commit(each: Commit, *_: object) -> None:
        raise Conflict(each.ended.ended.company, each.state.version)

    monkeypatch.setattr(app.store, "commit", commit)

    # when / then
    with pytest.raises(StoreUnavailable, match="acme"):
        taken(app, THREE)


# The folder as a whole


def test_the_files_of_a_folder_are_applied_oldest_first(
    app: App, acme: Customer, tmp_path: Path
) -> None:
    """D1, D3: The files of a local directory are read in the order of their modification times, and
    the value of the newest file stands."""
    # given
    folder = tmp_path / "outgoing"
    folder.mkdir()
    for name, text, age in (("2", THREE, 20), ("1", THREE.replace("Anna", "Anne"), 10)):
        file = folder / NAME.format(name)
        file.write_text(text)
        os.utime(file, (NOW.timestamp() - age,) * 2)

    # when
    run = import_delivery(app, a_customer(directory=folder), "tester")

    # then
    assert [file.name for file in run.files] == [NAME.format(2), NAME.format(1)]
    assert person(app.store, "1").details.first_name == "Anne"
    assert person(app.store, "1").onboarding_date == day("2027-03-01")
    assert said(run)[0] == ("several-files", None)
