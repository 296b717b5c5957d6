"""Runs from end to end: what is applied, what is recorded, and what a second run finds."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import pytest
from msgspec.structs import replace

from adapters.service import clock, imports
from adapters.service.clock import pass_clock, preview_clock
from adapters.service.errors import NoSource
from adapters.service.imports import import_delivery, preview_delivery
from adapters.service.run import Shell
from adapters.settings import Customer
from adapters.sources.source import DeliveredFile, SourceUnreachable, StillUploading
from adapters.store.commit import Commit, RunRecord
from adapters.store.errors import Conflict, StoreUnavailable
from adapters.store.store import Store
from domain import sheet
from domain.events import State
from domain.ids import company_stream_id
from domain.run import Counts, Outcome, RunKind
from projections.runs import RunDocument
from tests.adapters.steps import (
    NAME,
    Watch,
    a_customer,
    delivered,
    other_company,
    person,
    shell_of,
)
from tests.given import NOW, a_company, day, moment

HEADER = "email,first_name,last_name,external_id,onboarding_date,offboarding_date"
ANNA = "anna@acme.example,Anna,Bakker,1,,"
BRAM = "bram@acme.example,Bram,Smit,2,2027-03-10,"
CHRIS = "chris@acme.example,Chris,Jansen,3,,2027-03-20"
BROKEN = "no address,Dora,Dam,4,,"
THREE = "\n".join((HEADER, ANNA, BRAM, CHRIS))
LATER = timedelta(hours=17, minutes=15)
SECRET = "Wilhelmina"


@pytest.fixture
def acme() -> Customer:
    """Acme, whose files are given by hand."""
    return a_customer()


@pytest.fixture
def shell(store: Store, watch: Watch, acme: Customer) -> Shell:
    """A shell that knows Acme, and whose watch stands still."""
    return shell_of(store, watch, acme)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were read, as they are read."""
    names: list[str] = []
    real = sheet.read_sheet

    def read_sheet(name: str, *rest: object) -> object:
        names.append(name)
        return real(name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(sheet, "read_sheet", read_sheet)
    return names


def home_of(what: str) -> ModuleType:
    """The module of the service in which a name is used."""
    return clock if hasattr(clock, what) else imports


def taken(shell: Shell, *files: str | bytes, customer: Customer | None = None) -> RunDocument:
    """An import of these files."""
    whose = customer or next(iter(shell.settings.customers.values()))
    return import_delivery(shell, whose, "tester", delivered(*files))


def record_of(shell: Shell, run: RunDocument) -> RunRecord:
    """What is stored of a run."""
    assert run.run is not None
    record = shell.store.find_run(run.run)
    assert record is not None
    return record


def last_record(shell: Shell, company: str = "acme") -> RunRecord:
    """A company's latest run."""
    (record,) = shell.store.runs(company, 1)
    return record


def said(run: RunDocument) -> list[tuple[str, int | None]]:
    """The codes of a run's issues, and their lines."""
    return [(issue.code, issue.line) for issue in run.issues]


def history(store: Store, company: str = "acme") -> dict[str, list[object]]:
    """Every event of everyone."""
    return {
        employee.email: list(store.events(employee.id)) for employee in store.employees(company)
    }


class Source:
    """A source that gives what it is told to give, or fails as it is told to."""

    pattern = NAME.format("*")

    def __init__(self, answer: Sequence[DeliveredFile] | Exception) -> None:
        self.answer = answer

    def fetch(self, limit: int) -> list[DeliveredFile]:
        if isinstance(self.answer, Exception):
            raise self.answer
        return list(self.answer)


def supplied(answer: Sequence[DeliveredFile] | Exception, customer: Customer) -> Customer:
    """A company whose source answers so."""
    return replace(customer, source=Source(answer))


# R2: every run that ends leaves a record


def test_an_applied_delivery_is_recorded_with_everything_about_it(
    shell: Shell, watch: Watch
) -> None:
    """R2"""
    watch.tick = timedelta(seconds=1)

    run = taken(shell, THREE)

    record = record_of(shell, run).ended
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
    assert shell.store.find_run(run.run) == last_record(shell)  # type: ignore[arg-type]


def test_a_delivery_that_changes_nothing_is_recorded_as_unchanged(shell: Shell) -> None:
    """R2"""
    taken(shell, THREE)

    run = taken(shell, THREE + "\n\n")

    assert run.outcome is Outcome.UNCHANGED
    assert record_of(shell, run).ended.counts == Counts(rows=3, unchanged=3)
    assert len(shell.store.runs("acme", 10)) == 2


def test_no_file_is_recorded_and_nobody_is_offboarded(shell: Shell, acme: Customer) -> None:
    """D6, R2"""
    taken(shell, THREE)
    before = history(shell.store)

    run = import_delivery(shell, supplied([], acme), "tester")

    assert run.outcome is Outcome.NO_FILE
    assert said(run) == [("no-file", None)]
    assert run.issues[0].severity.value == "warning"
    assert NAME.format("*") in run.issues[0].message
    record = record_of(shell, run)
    assert (record.ended.outcome, record.ended.files) == (Outcome.NO_FILE, ())
    assert record.ended.counts == Counts()
    assert [issue.code for issue in shell.store.issues(record)] == ["no-file"]
    assert history(shell.store) == before


def test_a_refused_delivery_is_recorded_with_its_files_and_why(shell: Shell) -> None:
    """F1, R2"""
    taken(shell, THREE)
    before = history(shell.store)

    run = taken(shell, f"{HEADER}\n{ANNA.replace('Anna', 'Anne')}", b"email\n\xff\n", b"")

    record = record_of(shell, run).ended
    assert run.outcome is record.outcome is Outcome.REFUSED
    assert [file.name for file in record.files] == [NAME.format(n) for n in (1, 2, 3)]
    assert [(issue.code, issue.file) for issue in run.issues] == [
        ("not-utf8", NAME.format(2)),
        ("no-rows", NAME.format(3)),
    ]
    assert record.counts == Counts()
    assert history(shell.store) == before


FAILURES = {
    "unreachable": SourceUnreachable("the door is locked"),
    "still-uploading": StillUploading(NAME.format(1)),
}


@pytest.mark.parametrize("code", FAILURES)
def test_a_delivery_that_cannot_be_fetched_is_recorded_as_failed(
    shell: Shell, acme: Customer, code: str
) -> None:
    """D4, R2"""
    run = import_delivery(shell, supplied(FAILURES[code], acme), "tester")

    record = record_of(shell, run)
    assert run.outcome is record.ended.outcome is Outcome.FAILED
    assert [issue.code for issue in shell.store.issues(record)] == [code]
    assert said(run) == [(code, None)]


def test_what_a_source_says_of_its_failure_is_told(shell: Shell, acme: Customer) -> None:
    """R2"""
    unreachable = import_delivery(shell, supplied(FAILURES["unreachable"], acme), "tester")
    uploading = import_delivery(shell, supplied(FAILURES["still-uploading"], acme), "tester")

    assert "the door is locked" in unreachable.issues[0].message
    assert uploading.issues[0].file == NAME.format(1)


def test_a_company_without_source_is_only_ever_given_files(shell: Shell) -> None:
    """R2: asking for more is a mistake of whoever asks, and no run."""
    with pytest.raises(NoSource, match="acme"):
        import_delivery(shell, a_customer(), "tester")

    assert shell.store.runs("acme", 10) == []


def test_a_fault_while_fetching_is_recorded(shell: Shell, acme: Customer) -> None:
    """R2"""
    with pytest.raises(RuntimeError):
        import_delivery(shell, supplied(RuntimeError(SECRET), acme), "tester")

    (record,) = shell.store.runs("acme", 10)
    assert record.ended.outcome is Outcome.FAILED
    assert [issue.code for issue in shell.store.issues(record)] == ["fault"]


def test_the_next_pick_up_after_a_failure_applies_the_delivery(
    shell: Shell, acme: Customer
) -> None:
    """D4"""
    import_delivery(shell, supplied(FAILURES["still-uploading"], acme), "tester")

    run = import_delivery(shell, supplied(delivered(THREE), acme), "tester")

    assert run.outcome is Outcome.APPLIED
    assert len(history(shell.store)) == 3


def failing(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """Makes a part of the service fail on something that quotes a cell."""

    def fail(*_: object, **__: object) -> object:
        raise RuntimeError(f"cannot understand {SECRET}")

    monkeypatch.setattr(home_of(what), what, fail)


@pytest.mark.parametrize("part", ["judge_delivery", "read_sheets", "commit_of"])
def test_a_fault_is_recorded_and_goes_on_its_way(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    """R2"""
    failing(monkeypatch, part)

    with pytest.raises(RuntimeError, match="cannot understand"):
        taken(shell, THREE)

    record = last_record(shell)
    (issue,) = shell.store.issues(record)
    assert record.ended.outcome is Outcome.FAILED
    assert (issue.code, issue.severity.value) == ("fault", "error")
    assert "RuntimeError" in issue.message
    assert SECRET not in issue.message
    assert history(shell.store) == {}


def test_a_fault_of_the_clock_is_recorded(
    shell: Shell, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R2"""
    taken(shell, THREE)
    watch.moment = moment("2027-03-21 00:00")
    failing(monkeypatch, "plan_clock")

    with pytest.raises(RuntimeError):
        list(pass_clock(shell, "tester"))

    record = last_record(shell)
    assert (record.ended.run_kind, record.ended.outcome) == (RunKind.CLOCK, Outcome.FAILED)
    assert [issue.code for issue in shell.store.issues(record)] == ["fault"]
    assert record.ended.counts == Counts()


def test_after_a_fault_the_same_delivery_is_applied(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R1"""
    with monkeypatch.context() as broken:
        failing(broken, "judge_delivery")
        with pytest.raises(RuntimeError):
            taken(shell, THREE)

    assert taken(shell, THREE).outcome is Outcome.APPLIED
    assert len(history(shell.store)) == 3


def test_a_fault_while_storing_leaves_nothing_but_its_record(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R1, R2"""
    taken(shell, THREE)
    before, version = history(shell.store), shell.store.stream("acme").version
    real = shell.store.commit

    def commit(each: Commit) -> None:
        real(replace(each, issues=Torn(each.issues)) if each.changes else each)

    monkeypatch.setattr(shell.store, "commit", commit)
    with pytest.raises(MemoryError):
        taken(shell, THREE.replace("Anna", "Anne") + "\n" + BROKEN)

    assert history(shell.store) == before
    assert last_record(shell).ended.outcome is Outcome.FAILED
    assert shell.store.stream("acme").version == version + 1


class Torn(tuple[object, ...]):
    """Issues of which only the first can be told."""

    def __iter__(self) -> Iterator[object]:
        yield self[0]
        raise MemoryError


def test_what_a_preview_would_do_is_stored_nowhere(shell: Shell, acme: Customer) -> None:
    """R2"""
    taken(shell, THREE)
    before, stream = history(shell.store), shell.store.stream("acme")

    for files in ([THREE.replace("Anna", "Anne")], [b"\xff"], []):
        preview_delivery(shell, acme, "tester", delivered(*files))

    assert history(shell.store) == before
    assert shell.store.stream("acme") == stream
    assert len(shell.store.runs("acme", 10)) == 1


def test_a_preview_tells_what_the_import_then_does(shell: Shell, acme: Customer) -> None:
    """R2"""
    taken(shell, THREE)
    news = "\n".join(
        (HEADER, ANNA.replace("Anna", "Anne"), CHRIS, BROKEN, CHRIS, "e@x.example,E,F,,,")
    )

    preview = preview_delivery(shell, acme, "tester", delivered(news))
    run = taken(shell, news)

    assert preview.run is None
    told = [(issue.code, issue.line, issue.value, issue.message) for issue in preview.issues]
    assert told == [(issue.code, issue.line, issue.value, issue.message) for issue in run.issues]
    assert (preview.outcome, preview.counts) == (run.outcome, run.counts)
    assert [row.action for row in preview.rows] == ["update", "none", "reject", "skip", "onboard"]


def test_absent_people_are_counted_and_stay_as_they_are(shell: Shell) -> None:
    """D7"""
    taken(shell, THREE)
    before = history(shell.store)

    run = taken(shell, f"{HEADER}\n{ANNA}")

    assert run.counts == Counts(rows=1, unchanged=1, absent=2)
    assert history(shell.store) == before


# R1: repeating repeats nothing


def test_importing_the_same_again_repeats_nothing(shell: Shell) -> None:
    """R1, L10"""
    taken(shell, THREE)
    before = history(shell.store)

    again = taken(shell, THREE)

    assert again.outcome is Outcome.UNCHANGED
    assert again.counts == Counts(rows=3, unchanged=3)
    assert history(shell.store) == before


def test_two_files_left_in_the_folder_do_not_flip_back_and_forth(shell: Shell) -> None:
    """D3"""
    older, newer = THREE, THREE.replace("Anna", "Anne")
    taken(shell, older, newer)
    before = history(shell.store)

    again = taken(shell, older, newer)
    in_full = taken(shell, older, newer + "\n")

    assert again.outcome is in_full.outcome is Outcome.UNCHANGED
    assert person(shell.store, "1").details.first_name == "Anne"
    assert history(shell.store) == before


# D8: a delivery that was applied is recognised


def test_what_was_applied_is_recognised_before_it_is_read(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D8"""
    first = taken(shell, THREE)
    failing(monkeypatch, "read_sheets")
    failing(monkeypatch, "judge_delivery")

    again = taken(shell, THREE)

    assert again.outcome is Outcome.UNCHANGED
    assert record_of(shell, again).ended.issues_of == first.run
    assert [file.sha256 for file in again.files] == [file.sha256 for file in first.files]


def test_several_files_are_recognised_together_and_in_order(shell: Shell, reads: list[str]) -> None:
    """D8"""
    older, newer = f"{HEADER}\n{ANNA}", f"{HEADER}\n{BRAM}"
    taken(shell, older, newer)
    reads.clear()

    taken(shell, older, newer)
    assert reads == []

    taken(shell, newer, older)
    assert len(reads) == 2


def test_the_counts_of_a_recognised_delivery_are_those_of_reading_it(
    shell: Shell, acme: Customer, reads: list[str]
) -> None:
    """D8"""
    taken(shell, THREE)
    left = "gone@acme.example,Gerda,Gone,9,2020-01-01,2021-01-01"
    files = [f"{HEADER}\n{ANNA}\n{ANNA}", f"{HEADER}\n{CHRIS}\n{left}\n{ANNA}"]
    taken(shell, *files)
    reads.clear()

    again = taken(shell, *files)

    assert reads == []
    assert again.counts == preview_delivery(shell, acme, "tester", delivered(*files)).counts
    assert again.counts == Counts(rows=5, unchanged=2, skipped=3, absent=1)


def test_a_preview_of_what_is_recognised_still_shows_every_row(
    shell: Shell, acme: Customer
) -> None:
    """D8"""
    taken(shell, THREE)

    preview = preview_delivery(shell, acme, "tester", delivered(THREE))

    assert preview.outcome is Outcome.UNCHANGED
    assert [row.action for row in preview.rows] == ["none"] * 3


def test_lasting_issues_are_said_again_and_no_others_through_a_chain_of_runs(
    shell: Shell, reads: list[str]
) -> None:
    """D8, L10"""
    talkative = f"{HEADER},shoe_size,group_name\n{ANNA},43,Salse\n{CHRIS},44,Sales"
    first = taken(shell, talkative)
    reads.clear()

    chain = [taken(shell, talkative) for _ in range(3)]

    lasting = [("unknown-column", 1), ("unknown-group", 2)]
    assert said(first) == [*lasting, ("short-notice", 3)]
    assert reads == []
    assert [said(run) for run in chain] == [lasting] * 3
    assert [run.issues for run in chain[1:]] == [chain[0].issues] * 2
    for run in chain:
        record = record_of(shell, run)
        assert record.ended.issues_of == first.run
        assert [issue.code for issue in shell.store.issues(record)] == [code for code, _ in lasting]


def test_a_run_that_was_read_in_full_begins_a_chain_of_its_own(shell: Shell) -> None:
    """D8"""
    taken(shell, f"{HEADER},shoe_size\n{ANNA},43")
    plain = f"{HEADER}\n{ANNA}"
    second = taken(shell, plain)

    again = taken(shell, plain)

    assert said(again) == []
    assert record_of(shell, again).ended.issues_of == second.run


def test_nothing_is_recognised_after_the_clock_changed_someone(
    shell: Shell, watch: Watch, reads: list[str]
) -> None:
    """D8"""
    taken(shell, THREE)
    watch.moment = moment("2027-03-10 00:00")
    assert len(list(pass_clock(shell, "tester"))) == 1
    reads.clear()

    run = taken(shell, THREE)

    assert reads == [NAME.format(1)]
    assert run.outcome is Outcome.UNCHANGED
    assert record_of(shell, run).ended.issues_of is None


def test_nothing_is_recognised_under_other_settings(
    shell: Shell, acme: Customer, reads: list[str]
) -> None:
    """D8"""
    taken(shell, f"{HEADER},prefix\n{ANNA},van")
    taken(shell, f"{HEADER},prefix\n{ANNA},")
    assert person(shell.store, "1").details.prefix == "van"
    clearing = replace(acme, company=a_company(policy={"blank_cells": "clear"}))
    reads.clear()

    run = taken(shell, f"{HEADER},prefix\n{ANNA},", customer=clearing)

    assert reads == [NAME.format(1)]
    assert run.outcome is Outcome.APPLIED
    assert person(shell.store, "1").details.prefix is None


def test_nothing_is_recognised_after_rejected_rows(shell: Shell, reads: list[str]) -> None:
    """D8, L10"""
    delivery = f"{HEADER}\n{ANNA}\n{BROKEN}"
    taken(shell, delivery)
    reads.clear()

    again = taken(shell, delivery)

    assert reads == [NAME.format(1)]
    assert again.outcome is Outcome.UNCHANGED
    assert again.counts == Counts(rows=2, unchanged=1, rejected=1)
    assert said(again) == [("bad-email", 3)]


def test_nothing_is_recognised_after_another_delivery_changed_someone(
    shell: Shell, reads: list[str]
) -> None:
    """D8"""
    taken(shell, THREE)
    taken(shell, THREE.replace("Anna", "Anne"))
    reads.clear()

    run = taken(shell, THREE)

    assert reads == [NAME.format(1)]
    assert run.outcome is Outcome.APPLIED
    assert person(shell.store, "1").details.first_name == "Anna"


def test_a_run_that_changed_nobody_is_in_no_way_of_recognising(
    shell: Shell, acme: Customer, reads: list[str]
) -> None:
    """D8"""
    taken(shell, THREE)
    import_delivery(shell, supplied([], acme), "tester")
    taken(shell, b"")
    import_delivery(shell, supplied(SourceUnreachable("closed"), acme), "tester")
    taken(shell, THREE, customer=a_customer(other_company()))
    reads.clear()

    run = taken(shell, THREE)

    assert reads == []
    assert run.outcome is Outcome.UNCHANGED


def test_a_delivery_is_not_recognised_by_another_company(shell: Shell) -> None:
    """D8"""
    taken(shell, THREE)

    run = taken(shell, THREE, customer=a_customer(other_company()))

    assert run.outcome is Outcome.APPLIED
    assert len(history(shell.store, "zenith")) == 3


def test_a_company_whose_files_were_never_there_recognises_nothing(
    shell: Shell, acme: Customer
) -> None:
    """D6, D8"""
    first = import_delivery(shell, supplied([], acme), "tester")
    again = import_delivery(shell, supplied([], acme), "tester")

    assert first.outcome is again.outcome is Outcome.NO_FILE
    assert len(shell.store.runs("acme", 10)) == 2


# The clock


def clocked(shell: Shell, at: str | None = None) -> list[RunDocument]:
    """One pass of the clock."""
    return list(pass_clock(shell, "night", moment(at) if at else None))


def test_a_pass_with_nothing_due_leaves_no_record(shell: Shell, watch: Watch) -> None:
    """C1"""
    taken(shell, THREE)
    watch.moment = moment("2027-03-09 23:59")
    stream = shell.store.stream("acme")

    assert clocked(shell) == []
    assert shell.store.stream("acme") == stream
    assert len(shell.store.runs(None, 10)) == 1


def test_a_pass_is_recorded_with_what_it_did(shell: Shell, watch: Watch) -> None:
    """C1, R2"""
    taken(shell, THREE)
    watch.moment = moment("2027-03-20 23:00")

    (run,) = clocked(shell)

    assert (run.kind, run.outcome, run.by) == (RunKind.CLOCK, Outcome.APPLIED, "night")
    assert run.counts == Counts(activated=1, deactivated=1, events=2)
    assert record_of(shell, run).ended.counts == run.counts
    states = {each.external_id: each.state for each in shell.store.employees("acme")}
    assert states == {"1": State.ACTIVE, "2": State.ACTIVE, "3": State.DEACTIVATED}


def test_running_the_clock_again_changes_nothing(shell: Shell, watch: Watch) -> None:
    """C2"""
    taken(shell, THREE)
    watch.moment = moment("2027-03-25 00:00")
    clocked(shell)
    before = history(shell.store)

    assert clocked(shell) == []
    assert clocked(shell, "2027-03-10 00:00") == []
    assert history(shell.store) == before
    assert len(shell.store.runs(None, 10)) == 2


def test_missed_nights_are_caught_up_with_the_moments_that_were_due(
    shell: Shell, watch: Watch
) -> None:
    """C1"""
    both = "dora@acme.example,Dora,Dam,4,2027-03-05,2027-03-08"
    taken(shell, f"{THREE}\n{both}")
    watch.moment = moment("2027-04-15 09:30")

    (run,) = clocked(shell)

    assert run.counts == Counts(activated=2, deactivated=2, events=4)
    late = {
        employee.external_id: [
            (event.originator_version, event.effective)
            for event in shell.store.events(employee.id)
            if event.run == run.run
        ]
        for employee in shell.store.employees("acme")
    }
    assert late == {
        "1": [],
        "2": [(2, moment("2027-03-10 00:00"))],
        "3": [(3, moment("2027-03-20 23:00"))],
        "4": [(3, moment("2027-03-05 00:00")), (4, moment("2027-03-08 23:00"))],
    }
    recorded = {
        e.recorded for each in shell.store.employees("acme") for e in shell.store.events(each.id)
    }
    assert recorded == {NOW, watch.moment}


def test_the_clock_may_stop_at_an_earlier_moment(shell: Shell, watch: Watch) -> None:
    """C1"""
    taken(shell, THREE)
    watch.moment = moment("2027-04-15 09:30")

    (first,) = clocked(shell, "2027-03-10 00:00")
    (second,) = clocked(shell)

    assert (first.counts.activated, first.counts.deactivated) == (1, 0)
    assert (second.counts.activated, second.counts.deactivated) == (0, 1)


def test_what_takes_effect_never_goes_back_in_time(shell: Shell, watch: Watch) -> None:
    """C1, L4"""
    taken(shell, f"{HEADER}\n{ANNA}")
    overdue = taken(shell, f"{HEADER}\n{ANNA}2027-02-20")
    assert said(overdue) == [("offboarding-overdue", 2)]
    assert person(shell.store, "1").state is State.OFFBOARDING_SCHEDULED
    watch.moment = NOW + LATER

    clocked(shell)

    events = shell.store.events(person(shell.store, "1").id)
    assert [event.effective for event in events] == [NOW, NOW, NOW]
    assert events[-1].recorded == NOW + LATER
    assert person(shell.store, "1").state is State.DEACTIVATED


def test_an_import_moves_nobody_whose_time_has_come(shell: Shell, watch: Watch) -> None:
    """C3"""
    taken(shell, THREE)
    watch.moment = moment("2027-04-15 09:30")

    run = taken(shell, THREE.replace("Anna", "Anne") + "\nnew@acme.example,New,One,7,,")

    assert run.counts == Counts(rows=4, registered=1, changed=1, unchanged=2, events=2)
    states = {each.external_id: each.state for each in shell.store.employees("acme")}
    assert states == {
        "1": State.ACTIVE,
        "2": State.PENDING,
        "3": State.OFFBOARDING_SCHEDULED,
        "7": State.ACTIVE,
    }


def test_the_clock_makes_one_run_for_each_company_where_something_is_due(
    shell: Shell, watch: Watch
) -> None:
    """C1"""
    taken(shell, THREE, customer=a_customer(other_company()))
    taken(shell, f"{HEADER}\n{ANNA}", customer=a_customer(other_company("quiet")))
    taken(shell, THREE)
    watch.moment = moment("2027-03-10 00:00")

    runs = clocked(shell)

    assert [run.company for run in runs] == ["acme", "zenith"]
    assert shell.store.stream("quiet").version == 1


def test_what_the_clock_would_do_is_stored_nowhere(shell: Shell) -> None:
    """C1"""
    taken(shell, THREE)
    before = history(shell.store)

    (run,) = preview_clock(shell, "tester", moment("2028-01-01 00:00"))

    assert (run.run, run.counts) == (None, Counts(activated=1, deactivated=1, events=2))
    assert history(shell.store) == before
    assert len(shell.store.runs(None, 10)) == 1


def both_due(
    shell: Shell,
    watch: Watch,
    monkeypatch: pytest.MonkeyPatch,
    acme: Callable[[], object],
    zenith: Callable[[], object] = lambda: None,
) -> None:
    """The clock is due in Acme, which comes first, and in Zenith; something happens when each of
    them is planned."""
    taken(shell, THREE, customer=a_customer(other_company()))
    taken(shell, THREE)
    watch.moment = moment("2027-03-21 00:00")
    real = clock.plan_clock
    ours = {employee.id for employee in shell.store.employees("acme")}

    def plan_clock(due: Sequence[tuple[object, object]], *rest: object) -> object:
        happens = acme if due[0][0].id in ours else zenith  # type: ignore[attr-defined]
        happens()
        return real(due, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(clock, "plan_clock", plan_clock)


def test_one_companys_trouble_does_not_keep_the_clock_from_the_others(
    shell: Shell, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R6: Acme comes first, fails, is recorded as failed, and Zenith has its turn all the same."""

    def fails() -> None:
        raise RuntimeError

    both_due(shell, watch, monkeypatch, fails)
    with suppress(RuntimeError):
        clocked(shell)

    assert last_record(shell, "acme").ended.outcome is Outcome.FAILED
    assert last_record(shell, "zenith").ended.run_kind is RunKind.CLOCK
    assert last_record(shell, "zenith").ended.counts.deactivated == 1


def test_a_company_that_is_kept_waiting_does_not_keep_the_clock_from_the_others(
    shell: Shell, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R6: Acme comes first, and goes on only when Zenith is done."""
    done = threading.Event()

    def waits() -> None:
        assert done.wait(10)

    both_due(shell, watch, monkeypatch, waits, done.set)

    assert [run.company for run in clocked(shell)] == ["acme", "zenith"]


def test_whoever_does_not_ask_the_clock_on_has_no_more_companies_begun(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R1: as after Ctrl-C."""
    begun: list[str] = []

    def slow(_: Shell, __: str, ___: object, company: str, ____: object) -> object:
        begun.append(company)
        time.sleep(0.05)
        return company

    due = {f"c{number:02}": object() for number in range(40)}
    monkeypatch.setattr(clock, "_pass", slow)
    monkeypatch.setattr(shell.store, "due", lambda *_: due)
    passing = pass_clock(shell, "tester")

    assert next(passing) == "c00"  # type: ignore[comparison-overlap]
    passing.close()  # type: ignore[attr-defined]

    assert 1 <= len(begun) < 40


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


def test_an_import_plans_anew_when_another_was_first(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R4"""
    ours, theirs = THREE.replace("Anna", "Anne"), f"{HEADER}\n{ANNA}\n{BRAM}"
    plans = meanwhile(monkeypatch, "judge_delivery", lambda: taken(shell, theirs))

    run = taken(shell, ours)

    assert len(plans) == 2
    assert run.counts == Counts(rows=3, registered=1, changed=1, unchanged=1, events=3)
    assert person(shell.store, "1").details.first_name == "Anne"
    assert person(shell.store, "1").version == 2
    assert len(history(shell.store)) == 3
    versions = [each.originator_version for each in shell.store.events(company_stream_id("acme"))]
    assert versions == [1, 2]


def test_an_import_finds_its_delivery_applied_when_another_was_first_with_it(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R4, D8"""
    plans = meanwhile(monkeypatch, "judge_delivery", lambda: taken(shell, THREE))

    run = taken(shell, THREE)

    assert len(plans) == 1
    assert run.outcome is Outcome.UNCHANGED
    assert run.counts == Counts(rows=3, unchanged=3)
    assert len(history(shell.store)) == 3


def test_a_recognised_delivery_is_read_after_all_when_another_was_first(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R4, D8"""
    taken(shell, THREE)
    real, runs = imports._recognised, []

    def recognised(*rest: object) -> object:
        if not runs:
            runs.append(taken(shell, THREE.replace("Anna", "Anne")))
        return real(*rest)  # type: ignore[arg-type]

    monkeypatch.setattr(imports, "_recognised", recognised)

    run = taken(shell, THREE)

    assert run.outcome is Outcome.APPLIED
    assert run.counts == Counts(rows=3, changed=1, unchanged=2, events=1)
    assert person(shell.store, "1").details.first_name == "Anna"


def test_an_import_plans_anew_when_the_clock_was_first(
    shell: Shell, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R4, L6"""
    taken(shell, THREE)
    watch.moment = moment("2027-03-21 00:00")
    plans = meanwhile(monkeypatch, "judge_delivery", lambda: clocked(shell))

    run = taken(shell, THREE.replace("2027-03-20", "2027-06-20"))

    assert len(plans) == 2
    assert said(run) == [("reactivation-needs-support", 4)]
    assert person(shell.store, "3").state is State.DEACTIVATED


def test_the_clock_plans_anew_when_an_import_was_first(
    shell: Shell, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R4"""
    taken(shell, THREE)
    watch.moment = moment("2027-03-21 00:00")
    moved = THREE.replace("2027-03-20", "2027-06-20")
    meanwhile(monkeypatch, "plan_clock", lambda: taken(shell, moved))

    (run,) = clocked(shell)

    assert run.counts == Counts(activated=1, events=1)
    assert person(shell.store, "3").state is State.OFFBOARDING_SCHEDULED


def test_two_clocks_at_once_make_every_transition_once(
    shell: Shell, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R4, C1"""
    taken(shell, THREE)
    watch.moment = moment("2027-03-21 00:00")
    meanwhile(monkeypatch, "plan_clock", lambda: clocked(shell))

    assert clocked(shell) == []
    assert len(shell.store.runs("acme", 10)) == 2
    assert person(shell.store, "3").version == 3


def test_a_failure_is_recorded_although_another_run_was_first(
    shell: Shell, acme: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R2, R4"""
    real, conflicts = shell.store.commit, []

    def commit(each: Commit) -> None:
        if not conflicts:
            conflicts.append(each)
            taken(shell, THREE)
        real(each)

    monkeypatch.setattr(shell.store, "commit", commit)

    run = import_delivery(shell, supplied(SourceUnreachable("closed"), acme), "tester")

    assert record_of(shell, run).ended.outcome is Outcome.FAILED
    assert shell.store.stream("acme").version == 2


def test_a_run_that_is_never_first_gives_up_in_the_end(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R4"""

    def commit(each: Commit) -> None:
        raise Conflict(each.ended.company, each.stream.version)

    monkeypatch.setattr(shell.store, "commit", commit)

    with pytest.raises(StoreUnavailable, match="acme"):
        taken(shell, THREE)


# The folder as a whole


def test_the_files_of_a_folder_are_applied_oldest_first(
    shell: Shell, acme: Customer, tmp_path: Path
) -> None:
    """D1, D3"""
    folder = tmp_path / "outgoing"
    folder.mkdir()
    for name, text, age in (("2", THREE, 20), ("1", THREE.replace("Anna", "Anne"), 10)):
        file = folder / NAME.format(name)
        file.write_text(text)
        os.utime(file, (NOW.timestamp() - age,) * 2)

    run = import_delivery(shell, a_customer(directory=folder), "tester")

    assert [file.name for file in run.files] == [NAME.format(2), NAME.format(1)]
    assert person(shell.store, "1").details.first_name == "Anne"
    assert person(shell.store, "1").onboarding_date == day("2027-03-01")
    assert said(run)[0] == ("several-files", None)
