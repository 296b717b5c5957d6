"""Deliveries that the safeguard holds, and what becomes of them: approved, discarded, overtaken."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from adapters.company_settings import Customer
from adapters.store.store import Store
from adapters.use_cases import decide_held, plan_files
from adapters.use_cases.app import App
from adapters.use_cases.clock import pass_clock
from adapters.use_cases.decide_held import approve, discard
from adapters.use_cases.execute import load_run
from adapters.use_cases.import_delivery import import_delivery, preview_delivery
from domain.company_runs.events import RunKind, RunRecord
from domain.company_runs.rejection import NotHeld
from domain.employee.commands import Deactivate, Offboard
from domain.ids import company_stream_id
from domain.outcome import Counts, Outcome
from domain.schedule import Schedule
from projections.answers.history import tell
from projections.runs import RunDocument
from tests.adapters.conftest import OpenStore
from tests.adapters.steps import (
    Watch,
    a_customer,
    app_of,
    delivered,
    other_company,
    person,
    support,
)
from tests.given import a_company, day, moment

HEADER = "email,first_name,last_name,external_id,onboarding_date,offboarding_date"
PEOPLE = [f"p{number}@acme.example,First{number},Last{number},{number},," for number in range(1, 7)]
LIMITS = ("max_offboardings", "max_email_changes", "max_registrations", "max_rejected_rows")


def export(*rows: str) -> str:
    """A file of these rows."""
    return "\n".join((HEADER, *rows))


KNOWN = export(*PEOPLE)
LEAVING = export(*(f"{row}2027-06-30" for row in PEOPLE[:3]), *PEOPLE[3:])
BROKEN = export(
    PEOPLE[0].replace("First1", "Anne"),
    *(row.replace("@", " at ") for row in PEOPLE[1:4]),
    *PEOPLE[4:],
)
MISTAKES = {"many-offboardings": LEAVING, "many-rejected-rows": BROKEN}
WOULD = {
    "many-offboardings": Counts(rows=6, changed=3, unchanged=3, events=3),
    "many-rejected-rows": Counts(rows=6, changed=1, unchanged=2, rejected=3, events=1),
}


def limited(limit: int = 2, **more: Any) -> Customer:
    """Acme, of which no delivery may do more than `limit` of anything."""
    return a_customer(a_company(policy={**dict.fromkeys(LIMITS, limit), **more}))


@pytest.fixture
def acme() -> Customer:
    """Acme, with limits that six people reach."""
    return limited()


@pytest.fixture
def app(store: Store, watch: Watch, acme: Customer) -> App:
    """An app over a company of six."""
    watch.tick = timedelta(milliseconds=1)  # ids of runs sort by when they began
    app = app_of(store, watch, acme)
    taken(app, KNOWN)
    watch.moment += timedelta(hours=1)
    return app


def taken(
    app: App, *files: str | bytes, customer: Customer | None = None, by: str = "tester"
) -> RunDocument:
    """An import of these files."""
    whose = customer or next(iter(app.settings.customers.values()))
    return import_delivery(app, whose, by, delivered(*files))


def held(app: App, *files: str | bytes) -> RunRecord:
    """An import of these files that the safeguard holds."""
    run = taken(app, *(files or (LEAVING,)))
    assert run.outcome is Outcome.HELD
    return record_of(app, run)


def record_of(app: App, run: RunDocument) -> RunRecord:
    """What is stored of a run."""
    assert run.run is not None
    record = app.store.runs.find(run.run)
    assert record is not None
    return record


def approved(app: App, record: RunRecord, customer: Customer | None = None) -> RunDocument:
    """What becomes of a run that Olga approves."""
    whose = customer or next(iter(app.settings.customers.values()))
    return approve(app, whose, record, "olga", "HR confirmed it")


def history(app: App) -> list[object]:
    """Every event of everyone."""
    store = app.store
    return [event for each in store.roster.employees("acme") for event in store.events.of(each.id)]


def last_days(app: App) -> list[str]:
    """Who of Acme has a last day, by external id."""
    return [
        str(each.external_id)
        for each in app.store.roster.employees("acme")
        if each.offboarding_date
    ]


def codes(run: RunDocument) -> list[str]:
    """The codes of a run's issues."""
    return [issue.code for issue in run.issues]


def waiting(app: App) -> list[object]:
    """The ids of the runs about which somebody has to decide."""
    return [record.run for record in app.store.runs.waiting("acme")]


# B1: held


@pytest.mark.parametrize("code", MISTAKES)
def test_a_mistake_is_held_with_its_figures_and_nothing_of_it_is_applied(
    app: App, code: str
) -> None:
    """B1: The safeguard holds a delivery that exceeds a limit, the first issue names the figures,
    and no event is stored."""
    # given
    before = history(app)

    # when
    run = taken(app, MISTAKES[code])

    # then
    assert (run.kind, run.outcome, run.waits) == (RunKind.IMPORT, Outcome.HELD, True)
    assert run.counts == WOULD[code]
    assert codes(run)[0] == code
    assert "more than 2" in run.issues[0].message
    assert history(app) == before
    assert waiting(app) == [run.run]
    assert load_run(app, run.run) == run  # type: ignore[arg-type]


def test_the_files_of_a_held_delivery_are_kept_to_the_byte(app: App) -> None:
    """B2: The store keeps the files of a held delivery byte for byte, and the run names the same
    files."""
    # given
    files = [
        "\ufeff" + LEAVING.replace("\n", "\r\n"),
        export('p1@acme.example,"Fi ""x"" é",Last1,1,,2027-06-30'),
    ]

    # when
    record = held(app, *files)

    # then
    kept = app.store.runs.held_files(record.run)
    assert [file.data for file in kept] == [file.encode() for file in files]
    assert tuple(file.info for file in kept) == record.ended.files


def test_a_preview_says_that_a_delivery_would_be_held_and_shows_its_rows(
    app: App, acme: Customer
) -> None:
    """B1, B3: A preview of a delivery that exceeds a limit says that the delivery would be held,
    shows the rows, and stores nothing. No preview ends the waiting of a held delivery."""
    # given
    before = history(app)

    # when
    preview = preview_delivery(app, acme, "tester", delivered(LEAVING))
    record = held(app)
    again = [preview_delivery(app, acme, "t", delivered(text)).outcome for text in (LEAVING, KNOWN)]

    # then
    assert preview.outcome is Outcome.HELD
    assert preview.issues[0].code == "many-offboardings"
    assert [row.action for row in preview.rows] == ["offboard"] * 3 + ["none"] * 3
    assert again == [Outcome.HELD, Outcome.UNCHANGED]
    assert history(app) == before
    assert waiting(app) == [record.run]


# B2: approved


@pytest.mark.parametrize("code", MISTAKES)
def test_a_held_delivery_is_applied_once_somebody_approves_it(
    app: App, watch: Watch, code: str
) -> None:
    """B2: An approved delivery changes exactly what the same delivery changes in a company without
    limits, and the run names who approved the delivery and why."""
    # given
    record = held(app, MISTAKES[code])
    watch.moment += timedelta(hours=2)

    # when
    run = approved(app, record)

    # then
    assert (run.kind, run.outcome, run.counts) == (RunKind.APPROVE, Outcome.APPLIED, WOULD[code])
    assert (run.by, run.reason, run.ends) == ("olga", "HR confirmed it", record.run)
    assert run.files == record.ended.files
    assert code not in codes(run)
    free = a_customer(replace(other_company(), policy=limited(0).company.policy))
    for file in (KNOWN, MISTAKES[code]):
        taken(app, file, customer=free)
    assert told(app, "acme") == told(app, "zenith")


def told(app: App, company: str) -> list[object]:
    """Everyone of a company, with what happened to them, by everything but ids and moments."""
    return [
        (
            each.email,
            each.state,
            each.external_id,
            each.details,
            each.offboarding_date,
            each.file_email,
            [(event.event, event.file, event.line) for event in app.store.events.of(each.id)],
        )
        for each in app.store.roster.employees(company)
    ]


def test_the_history_names_the_line_of_the_file_and_who_approved_it(app: App, watch: Watch) -> None:
    """B2: The history of a change by an approved delivery names the line of the file, the person
    who approved the delivery, and the reason."""
    # given
    record = held(app)
    watch.moment += timedelta(hours=2)

    # when
    run = approved(app, record)

    # then
    events = app.store.events.of(person(app.store, "2").id)
    entry = list(tell(events, app.store.runs.of_events(events)))[-1]
    assert (entry.kind, entry.file, entry.line) == (
        "offboarding-scheduled",
        "alleo_employees_1.csv",
        3,
    )
    assert (entry.by, entry.reason, entry.run) == ("olga", "HR confirmed it", run.run)
    assert run.started <= entry.effective == entry.recorded <= run.finished


@pytest.mark.parametrize(
    ("decide", "outcome"), [(approve, Outcome.APPLIED), (discard, Outcome.DISCARDED)]
)
def test_a_decision_ends_the_waiting_and_lets_go_of_the_files(
    app: App, decide: Callable[..., RunDocument], outcome: Outcome
) -> None:
    """B2: After an approval or a discard, the delivery no longer waits, its files are deleted, and
    the two runs refer to each other. A discard stores no event."""
    # given
    record, before = held(app), history(app)

    # when
    run = approved(app, record) if decide is approve else discard(app, record, "olga", "no")

    # then
    assert (run.outcome, run.by, run.ends) == (outcome, "olga", record.run)
    assert waiting(app) == []
    assert app.store.runs.held_files(record.run) == []
    ended = load_run(app, record.run)
    assert (ended.outcome, ended.waits, ended.ended_by) == (Outcome.HELD, False, run.run)
    assert load_run(app, run.run) == run  # type: ignore[arg-type]
    assert (history(app) == before) == (decide is discard)


def test_after_approval_the_delivery_is_not_held_again_for_the_rows_it_rejects(
    app: App, acme: Customer
) -> None:
    """B2: An approved delivery that comes again is not held for the rows that it rejects."""
    # given
    approved(app, held(app, BROKEN))

    # when
    preview = preview_delivery(app, acme, "tester", delivered(BROKEN))
    again = [taken(app, BROKEN) for _ in range(2)]

    # then
    assert preview.outcome is Outcome.UNCHANGED
    assert [run.outcome for run in again] == [Outcome.UNCHANGED] * 2
    assert [run.counts.rejected for run in again] == [3, 3]
    assert waiting(app) == []


# B2: approved after things changed


def test_an_approval_after_an_employee_changed_plans_again_and_holds_again(
    app: App, acme: Customer, watch: Watch
) -> None:
    """B2, B4: When an employee changed after a delivery was held, an approval plans the delivery
    again, and holds it with the reason and the new figures, until somebody approves those."""
    # given
    record = held(app)
    support(app, acme, "6", Deactivate(), "olga", "left at once")
    watch.moment += timedelta(hours=1)
    before = history(app)

    # when
    again = approved(app, record)

    # then
    assert (again.kind, again.outcome, again.ends) == (RunKind.APPROVE, Outcome.HELD, record.run)
    assert codes(again)[:2] == ["held-again", "many-offboardings"]
    assert "because employees changed" in again.issues[0].message
    assert "3 employees" in again.issues[1].message
    assert (again.by, again.reason) == ("olga", "HR confirmed it")
    assert history(app) == before
    assert waiting(app) == [again.run]
    assert app.store.runs.held_files(record.run) == []
    assert [f.data for f in app.store.runs.held_files(again.run)] == [LEAVING.encode()]  # type: ignore[arg-type]
    with pytest.raises(NotHeld):
        approved(app, record)

    # when
    last = approved(app, record_of(app, again))

    # then
    assert (last.outcome, last.ends) == (Outcome.APPLIED, again.run)
    assert last_days(app) == ["1", "2", "3"]
    assert app.store.runs.held_files(again.run) == []  # type: ignore[arg-type]
    assert waiting(app) == []


def test_an_approval_applies_a_new_plan_that_exceeds_no_limit(app: App, acme: Customer) -> None:
    """B2: When an employee changed after a delivery was held and the new plan exceeds no limit, an
    approval applies the delivery."""
    # given
    record = held(app)
    support(app, acme, "1", Offboard(day("2027-06-30")), "olga", "was asked by phone")

    # when
    run = approved(app, record)

    # then
    assert (run.outcome, run.ends) == (Outcome.APPLIED, record.run)
    assert last_days(app) == ["1", "2", "3"]
    assert waiting(app) == []


@pytest.mark.parametrize("changed", ["limit", "schedule"])
def test_an_approval_under_other_settings_plans_again_and_holds_again(
    app: App, changed: str
) -> None:
    """B2: When a limit of the company or the operator's schedule changed after a delivery was held,
    an approval plans the delivery again and holds it again."""
    # given
    record = held(app)
    other = (
        app.settings
        if changed == "limit"
        else replace(app.settings, schedule=Schedule(deactivation=time(12)))
    )
    customer = limited(1 if changed == "limit" else 2)

    # when
    again = approved(app._replace(settings=other), record, customer)

    # then
    assert (again.outcome, again.ends) == (Outcome.HELD, record.run)
    assert "because settings changed" in again.issues[0].message
    assert ("more than 1" in again.issues[1].message) == (changed == "limit")
    assert waiting(app) == [again.run]


def test_an_approval_under_settings_that_refuse_the_delivery_leaves_it_held(
    app: App, acme: Customer
) -> None:
    """B2: When the changed settings refuse a file of a held delivery, the approval ends as refused
    and the delivery still waits."""
    # given
    record = held(app)
    strict = replace(
        acme, company=replace(acme.company, limits=a_company(limits={"rows": 2}).limits)
    )

    # when
    refused = approved(app, record, strict)

    # then
    assert (refused.kind, refused.outcome, refused.ends) == (
        RunKind.APPROVE,
        Outcome.REFUSED,
        None,
    )
    assert codes(refused) == ["too-many-rows"]
    assert waiting(app) == [record.run]
    assert approved(app, record).outcome is Outcome.APPLIED


# B2: discarded


# B3: met again, and overtaken


def test_the_same_delivery_met_again_stays_held_and_makes_no_run(app: App, watch: Watch) -> None:
    """B3: An import that meets a held delivery again makes no run and answers with the run that
    waits."""
    # given
    record, state = held(app), app.store.runs.company_state("acme")
    watch.moment += timedelta(hours=17)

    # when
    again = taken(app, LEAVING)

    # then
    assert again == load_run(app, record.run)
    assert again.waits
    assert app.store.runs.company_state("acme") == state
    assert len(app.store.runs.latest("acme", 10)) == 2


@pytest.mark.parametrize(
    ("newer", "outcome"),
    [
        (export(PEOPLE[0].replace("First1", "Anne"), *PEOPLE[1:]), Outcome.APPLIED),
        (KNOWN, Outcome.UNCHANGED),
        (KNOWN + "\n\n", Outcome.UNCHANGED),
        (BROKEN, Outcome.HELD),
    ],
    ids=["applied", "recognised", "unchanged", "held"],
)
def test_a_newer_delivery_ends_a_held_one(app: App, newer: str, outcome: Outcome) -> None:
    """B3: A different delivery that can be read ends the held delivery with a run of kind discard,
    whatever the outcome of the different delivery is."""
    # given
    record = held(app)

    # when
    run = taken(app, newer, by="evening")

    # then
    assert run.outcome is outcome
    latest, ending, *_ = app.store.runs.latest("acme", 10)
    assert (latest.run, ending.ended.ends) == (run.run, record.run)
    assert (ending.ended.run_kind, ending.ended.outcome) == (RunKind.DISCARD, Outcome.DISCARDED)
    assert ending.ended.by == "evening"
    assert ending.ended.reason
    assert ending.ended.counts == Counts()
    assert load_run(app, record.run).ended_by == ending.run
    assert app.store.runs.held_files(record.run) == []
    assert waiting(app) == ([run.run] if outcome is Outcome.HELD else [])
    assert last_days(app) == []
    versions = [each.originator_version for each in app.store.events.of(company_stream_id("acme"))]
    assert versions == [1, 2, 3, 4]


def held_by_another_worker(
    app: App, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch, what: str, *files: str
) -> list[RunDocument]:
    """Has a second worker, with a store of its own, take `files` after the first one's look."""
    other = app._replace(store=open_store())
    theirs: list[RunDocument] = []
    home = app.store if what == "read" else app.store.runs
    meanwhile(monkeypatch, home, what, lambda: theirs.append(taken(other, *files)))
    return theirs


@pytest.mark.parametrize("what", ["company_state", "read"])
def test_a_delivery_that_another_worker_held_between_two_looks_is_answered_as_still_held(
    app: App, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """B3, R4: A worker looks at the company twice. When another worker holds the same delivery
    between the two looks, the first worker answers with the run that waits."""
    # given
    theirs = held_by_another_worker(app, open_store, monkeypatch, what, LEAVING)

    # when
    run = taken(app, LEAVING)

    # then
    assert run == theirs[0]
    assert run.waits
    assert waiting(app) == [run.run]
    assert [each.ended.outcome for each in app.store.runs.latest("acme", 10)] == [
        Outcome.HELD,
        Outcome.APPLIED,
    ]
    assert app.store.verify(lambda _: None).problems == ()


@pytest.mark.parametrize(
    ("what", "text"),
    [("company_state", KNOWN), ("read", KNOWN + "\n\n")],
    ids=["recognised", "read"],
)
def test_a_delivery_takes_the_place_of_what_another_worker_held_between_two_looks(
    app: App, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch, what: str, text: str
) -> None:
    """B3, R4: When another worker holds a delivery between a worker's two looks at the company, the
    different delivery of the first worker ends the held one."""
    # given
    theirs = held_by_another_worker(app, open_store, monkeypatch, what, LEAVING)

    # when
    run = taken(app, text)

    # then
    assert run.outcome is Outcome.UNCHANGED
    assert waiting(app) == []
    ender = load_run(app, theirs[0].run).ended_by  # type: ignore[arg-type]
    assert ender is not None
    assert load_run(app, ender).reason == "another delivery took its place"
    assert app.store.verify(lambda _: None).problems == ()


@pytest.mark.parametrize("what", ["company_state", "read"])
def test_a_delivery_that_another_worker_applied_between_two_looks_repeats_nothing(
    app: App, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """R1, R4, D8: When another worker applies the same delivery between a worker's two looks at the
    company, the first worker causes no event."""
    # given
    text = KNOWN.replace("First1", "Anne")
    theirs = held_by_another_worker(app, open_store, monkeypatch, what, text)
    assert theirs == []

    # when
    run = taken(app, text)

    # then
    assert theirs[0].counts.events == 1
    assert (run.outcome, run.counts.events) == (Outcome.UNCHANGED, 0)


def test_a_failed_a_missing_and_a_refused_delivery_leave_the_held_delivery_waiting(
    app: App, acme: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B3: A delivery that fails, is missing or is refused does not end the held delivery."""
    # given
    record = held(app)

    # when
    outcomes = [taken(app).outcome, taken(app, b"", KNOWN).outcome]
    with monkeypatch.context() as broken:
        broken.setattr(plan_files, "read_sheets", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            taken(app, KNOWN + "\n\n")
    outcomes.append(app.store.runs.latest("acme", 1)[0].ended.outcome)

    # then
    assert outcomes == [Outcome.NO_FILE, Outcome.REFUSED, Outcome.FAILED]
    assert waiting(app) == [record.run]
    assert approved(app, record).outcome is Outcome.APPLIED


# C4


def test_the_clock_goes_on_while_a_delivery_is_held(app: App, watch: Watch) -> None:
    """C4: While a delivery is held, the clock deactivates the employees whose last day was applied
    and nobody whose last day only waits."""
    # given
    taken(app, export(*PEOPLE[:-1], PEOPLE[-1] + "2027-04-30"))
    record = held(app)
    watch.moment = moment("2027-07-01 00:00")

    # when
    (run,) = pass_clock(app, "night")

    # then
    assert run.counts == Counts(deactivated=1, events=1)
    assert waiting(app) == [record.run]
    again = approved(app, record)
    assert again.outcome is Outcome.HELD
    assert "3 employees" in again.issues[1].message
    assert "offboarding-overdue" in codes(again)


# Not waiting


@pytest.mark.parametrize("how", ["never held", "approved", "overtaken"])
def test_a_decision_about_a_run_that_does_not_wait_is_declined(app: App, how: str) -> None:
    """B2: An approval or a discard of a run that was never held, or no longer waits, is declined.
    It names the run that ended the waiting, and changes nothing."""
    # given
    (first,) = app.store.runs.latest("acme", 10)
    if how != "never held":
        first = held(app)
        approved(app, first) if how == "approved" else taken(app, KNOWN)
    record = app.store.runs.find(first.run)
    assert record is not None
    state, before = app.store.runs.company_state("acme"), history(app)

    # when / then
    for decide in (lambda: approved(app, record), lambda: discard(app, record, "o", "r")):
        with pytest.raises(NotHeld, match=str(record.run)) as raised:
            decide()
        assert raised.value.ended_by == record.ended_by
        assert (raised.value.ended_by is None) == (how == "never held")
    assert app.store.runs.company_state("acme") == state
    assert history(app) == before


# R4: deciding while other runs go on


def meanwhile(
    monkeypatch: pytest.MonkeyPatch, home: Any, what: str, happens: Callable[[], object]
) -> None:
    """Lets something happen once, after a part of the use cases did its work."""
    real, done = getattr(home, what), []

    def planned(*rest: object, **named: object) -> object:
        made = real(*rest, **named)
        if not done:
            done.append(True)
            happens()
        return made

    monkeypatch.setattr(home, what, planned)


def test_an_approval_plans_again_when_an_employee_changes_meanwhile(
    app: App, acme: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R4, B2: When an employee changes while an approval is under way, the approval plans again
    from the new state and holds the delivery again."""
    # given
    record = held(app)
    left = lambda: support(app, acme, "6", Deactivate(), "olga", "left")  # noqa: E731
    meanwhile(monkeypatch, decide_held, "commit_of", left)

    # when
    run = approved(app, record)

    # then
    assert run.outcome is Outcome.HELD
    assert "3 employees" in run.issues[1].message


@pytest.mark.parametrize("first", [approve, discard])
def test_of_two_decisions_at_once_the_second_finds_nothing_waiting(
    app: App, monkeypatch: pytest.MonkeyPatch, first: object
) -> None:
    """R4, B2: Of two decisions about one delivery at the same time, the first is stored and the
    second finds nothing that waits."""
    # given
    record = held(app)

    def decided() -> object:
        if first is approve:
            return approved(app, record)
        return discard(app, record, "otto", "no")

    meanwhile(monkeypatch, decide_held, "commit_of", decided)

    # when / then
    with pytest.raises(NotHeld):
        approved(app, record)

    assert last_days(app) == (["1", "2", "3"] if first is approve else [])
    assert len(app.store.runs.latest("acme", 10)) == 3


def test_a_discard_while_an_approval_reads_the_files_stands(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R4, B2: When a delivery is discarded after an approval looked at the company and before the
    approval reads the files, the discard stands and the approval is declined."""
    # given
    record = held(app)
    meanwhile(monkeypatch, app.store.runs, "held_files", lambda: discard(app, record, "otto", "no"))

    # when / then
    with pytest.raises(NotHeld):
        approved(app, record)

    assert len(app.store.runs.latest("acme", 10)) == 3
