"""Support as a use case: what is recorded, what is declined, and what the file then says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

import adapters.use_cases.support as use_case
from adapters.company_settings import Customer
from adapters.store.store import Store
from adapters.use_cases.app import App
from adapters.use_cases.clock import pass_clock
from adapters.use_cases.errors import NobodyFound
from adapters.use_cases.execute import load_run
from adapters.use_cases.import_delivery import import_delivery
from adapters.use_cases.people import find_one
from domain.company_runs.events import RunKind
from domain.employee.commands import (
    CancelOffboarding,
    ChangeEmail,
    Command,
    Deactivate,
    Link,
    MoveOnboarding,
    Offboard,
    Reactivate,
)
from domain.employee.rejection import CommandRejected
from domain.outcome import Counts, Outcome
from projections.answers.history import HistoryEntry, tell
from projections.runs import RunDocument
from tests.adapters.steps import (
    Watch,
    a_customer,
    a_run,
    app_of,
    commit_of,
    delivered,
    other_company,
    person,
    replayed,
    support,
)
from tests.given import day, moment, plan

HEADER = "email,first_name,last_name,external_id,onboarding_date,offboarding_date"
ANNA = "anna@acme.example,Anna,Bakker,1,,"
BRAM = "bram@acme.example,Bram,Smit,2,2027-06-10,"
CHRIS = "chris@acme.example,Chris,Jansen,3,,2027-05-20"
DORA = "dora@acme.example,Dora,Dam,4,,2027-03-01"
ERIK = "erik@acme.example,Erik,Vos,,,"
FIVE = "\n".join((HEADER, ANNA, BRAM, CHRIS, DORA, ERIK))
SECRET = "Wilhelmina"


@pytest.fixture
def acme() -> Customer:
    """Acme, whose files are given by hand."""
    return a_customer()


@pytest.fixture
def app(store: Store, watch: Watch, acme: Customer) -> App:
    """A day after the first delivery: Anna active, Bram pending, Chris scheduled, Dora gone, and
    Erik without an external id."""
    app = app_of(store, watch, acme)
    taken(app, FIVE)
    watch.moment = moment("2027-03-01 23:00")
    list(pass_clock(app, "night"))
    watch.moment = moment("2027-03-02 09:30")
    return app


def taken(app: App, *files: str, customer: Customer | None = None) -> RunDocument:
    """An import of these files."""
    whose = customer or next(iter(app.settings.customers.values()))
    return import_delivery(app, whose, "tester", delivered(*files))


def asked(app: App, who: str, command: Command, reason: str = "asked by phone") -> RunDocument:
    """What Olga of support does for somebody of Acme."""
    return support(app, a_customer(), who, command, "olga", reason)


def history(app: App, who: str) -> list[HistoryEntry]:
    """What happened to somebody."""
    events = app.store.events.of(person(app.store, who).id)
    return list(tell(events, app.store.runs.of_events(events)))


def everything(app: App) -> list[object]:
    """Where Acme stands, and every event of everyone."""
    store = app.store
    people = [store.events.of(each.id) for each in store.roster.employees("acme")]
    return [store.runs.company_state("acme"), store.runs.latest(None, 100), people]


def codes(run: RunDocument) -> list[str]:
    """The codes of a run's issues."""
    return [issue.code for issue in run.issues]


# What is done, and how it is recorded

ACTIONS: dict[str, tuple[str, Command, Counts, list[str]]] = {
    "S1": ("1", ChangeEmail("a@acme.example"), Counts(events=1), ["email-changed"]),
    "S2": ("4", Reactivate(day("2027-12-31")), Counts(events=1), ["reactivated"]),
    "S3": (
        "2",
        MoveOnboarding(day("2027-03-02")),
        Counts(activated=1, events=2),
        ["onboarding-moved", "activated"],
    ),
    "S4": ("1", Offboard(day("2027-06-30")), Counts(events=1), ["offboarding-scheduled"]),
    "S5": ("1", Deactivate(), Counts(deactivated=1, events=1), ["deactivated"]),
    "S6": ("erik@acme.example", Link("5"), Counts(events=1), ["external-id-linked"]),
}


@pytest.mark.parametrize("action", ACTIONS)
def test_an_action_is_a_run_and_tells_who_and_why_in_run_and_history(
    app: App, watch: Watch, action: str
) -> None:
    """S1-S6, R2: Each support command is a run of its own, and the run and the history name who
    acted and why."""
    # given
    who, command, counts, kinds = ACTIONS[action]
    employee = person(app.store, who)
    known = history(app, who)
    watch.tick = timedelta(seconds=1)

    # when
    run = asked(app, who, command, "asked by phone")

    # then
    assert (run.kind, run.outcome) == (RunKind.SUPPORT, Outcome.APPLIED)
    assert (run.by, run.reason) == ("olga", "asked by phone")
    assert run.counts == counts
    assert run.started < run.finished
    assert load_run(app, run.run) == run  # type: ignore[arg-type]
    entries = history(app, str(employee.id))
    new = entries[len(known) :]
    assert entries[: len(known)] == known
    assert [entry.kind for entry in new] == kinds
    for entry in new:
        assert (entry.by, entry.reason, entry.run) == ("olga", "asked by phone", run.run)
        assert (entry.file, entry.line) == (None, None)
        assert run.started <= entry.recorded == entry.effective <= run.finished
    assert replayed(app.store, employee.id) == person(app.store, str(employee.id))


def test_nobody_else_is_touched(app: App) -> None:
    """S5, R6: A support command changes only the employee it names, in no other company either."""
    # given
    taken(app, FIVE, customer=a_customer(other_company()))
    others = [each for each in app.store.roster.employees("acme") if each.external_id != "1"]
    zenith = list(app.store.roster.employees("zenith"))

    # when
    asked(app, "1", Deactivate())

    # then
    assert [
        each for each in app.store.roster.employees("acme") if each.external_id != "1"
    ] == others
    assert list(app.store.roster.employees("zenith")) == zenith


@pytest.mark.parametrize(
    ("who", "request_"),
    [("1", ChangeEmail(" ANNA@acme.example")), ("3", Offboard(day("2027-05-20")))],
    ids=lambda value: type(value).__name__,
)
def test_a_command_whose_result_is_already_there_is_recorded_as_unchanged(
    app: App, who: str, request_: Command
) -> None:
    """S1-S6, R2: A support command whose result is already there changes nothing, and its run is
    recorded as unchanged."""
    # given
    before = [history(app, str(each.id)) for each in app.store.roster.employees("acme")]

    # when
    run = asked(app, who, request_)

    # then
    assert (run.outcome, run.counts) == (Outcome.UNCHANGED, Counts())
    (record,) = app.store.runs.latest("acme", 1)
    assert record.run == run.run
    assert (record.ended.by, record.ended.reason) == ("olga", "asked by phone")
    assert [history(app, str(each.id)) for each in app.store.roster.employees("acme")] == before


# Who is meant


@pytest.mark.parametrize("who", ["ERIK@acme.example ", "erik@acme.example"])
def test_an_employee_is_named_by_address_however_it_is_written(app: App, who: str) -> None:
    """I1: Support can name an employee by e-mail address, whatever the case of the letters and the
    space around the address."""
    # when / then
    assert find_one(app, "acme", who) == person(app.store, "erik@acme.example")


@pytest.mark.parametrize("who", ["99", "nobody@acme.example", "", str(a_run(7))])
def test_nobody_found_is_no_run(app: App, who: str) -> None:
    """S1-S6: A support command for an employee who is not found is declined and leaves no run."""
    # given
    taken(app, f"{HEADER}\nz@zenith.example,Zoe,Zo,99,,", customer=a_customer(other_company()))
    before = everything(app)

    # when / then
    with pytest.raises(NobodyFound) as raised:
        asked(app, who, Deactivate())

    assert (raised.value.company, raised.value.count) == ("acme", 0)
    assert everything(app) == before


def test_an_employee_of_another_company_is_not_found(app: App) -> None:
    """R6: A support command in one company does not find an employee of another company."""
    # given
    zenith = a_customer(other_company())
    taken(app, f"{HEADER}\nz@zenith.example,Zoe,Zo,99,,", customer=zenith)
    zoe = person(app.store, "99", "zenith")

    # when / then
    with pytest.raises(NobodyFound):
        asked(app, str(zoe.id), Deactivate())

    assert person(app.store, "99", "zenith") == zoe


def test_several_found_is_no_run(store: Store, watch: Watch, acme: Customer) -> None:
    """S1-S6: When two employees have one address, which must never happen, a support command by
    this address is declined and leaves no run."""
    # given
    app = app_of(store, watch, acme)
    for number in (1, 2):
        made = plan(f"{HEADER}\n{ANNA}", run=a_run(number))
        store.commit(commit_of(made, store.runs.company_state("acme"), run=a_run(number)))
    before = everything(app)

    # when / then
    with pytest.raises(NobodyFound) as raised:
        asked(app, "anna@acme.example", Deactivate())

    assert raised.value.count == 2
    assert everything(app) == before


# What is declined


@pytest.mark.parametrize(
    ("who", "request_", "code"),
    [
        ("1", ChangeEmail("BRAM@acme.example"), "email-taken"),
        ("erik@acme.example", Link("1"), "external-id-taken"),
        ("4", CancelOffboarding(), "is-deactivated"),
    ],
)
def test_a_declined_command_leaves_no_run(app: App, who: str, request_: Command, code: str) -> None:
    """S1-S6: A support command that cannot be carried out is declined with a code and leaves no
    run."""
    # given
    before = everything(app)

    # when / then
    with pytest.raises(CommandRejected) as raised:
        asked(app, who, request_)

    assert raised.value.code == code
    assert everything(app) == before


def test_a_fault_is_recorded_with_who_and_why(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """R2: A fault during a support command is recorded as a failed run with who acted and why,
    without any content in its issue."""
    # given
    before = everything(app)[2]

    def fail(*_: object) -> object:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(use_case, "plan_requests", fail)

    # when / then
    with pytest.raises(RuntimeError):
        asked(app, "1", Deactivate())

    (record,) = app.store.runs.latest("acme", 1)
    assert (record.ended.run_kind, record.ended.outcome) == (RunKind.SUPPORT, Outcome.FAILED)
    assert (record.ended.by, record.ended.reason) == ("olga", "asked by phone")
    (issue,) = app.store.runs.issues(record)
    assert issue.code == "fault"
    assert SECRET not in issue.message
    assert everything(app)[2] == before


# R4: two at once


def meanwhile(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> list[object]:
    """Lets something happen after support planned and before it is stored; tells of the plans."""
    real = use_case.plan_requests
    plans: list[object] = []

    def planned(*rest: object) -> object:
        made = real(*rest)  # type: ignore[arg-type]
        plans.append(made)
        if len(plans) == 1:
            happens()
        return made

    monkeypatch.setattr(use_case, "plan_requests", planned)
    return plans


def test_of_two_commands_at_once_the_second_plans_again(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R4: Of two support commands at the same time, the second plans again from the state that the
    first left."""
    # given
    first = lambda: asked(app, "1", Offboard(day("2027-09-30")), "first")  # noqa: E731
    plans = meanwhile(monkeypatch, first)

    # when
    run = asked(app, "1", Offboard(day("2027-08-31")), "second")

    # then
    assert len(plans) == 3
    assert run.outcome is Outcome.APPLIED
    entries = history(app, "1")
    assert [(entry.kind, entry.reason) for entry in entries[1:]] == [
        ("offboarding-scheduled", "first"),
        ("offboarding-moved", "second"),
    ]
    assert person(app.store, "1").offboarding_date == day("2027-08-31")


def test_a_command_that_cannot_be_done_any_more_is_declined_and_leaves_no_run(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R4, S1: When another employee gets the address while a support command is under way, the
    command is declined and leaves no run."""
    # given
    version = app.store.runs.company_state("acme").version
    meanwhile(monkeypatch, lambda: asked(app, "2", ChangeEmail("new@acme.example")))

    # when / then
    with pytest.raises(CommandRejected) as raised:
        asked(app, "1", ChangeEmail("new@acme.example"))

    assert raised.value.code == "email-taken"
    assert app.store.runs.company_state("acme").version == version + 1
    assert person(app.store, "1").email == "anna@acme.example"


# L8: what the file then says


def test_the_old_onboarding_date_is_no_news_after_support_moved_it(app: App) -> None:
    """S3, L7, L8: After support moved an onboarding, a delivery with the old date says nothing new,
    also one that is recognised. The moved date stands."""
    # given
    assert codes(taken(app, FIVE)) == []
    asked(app, "2", MoveOnboarding(day("2027-07-01")))

    # when
    runs = [taken(app, file) for file in (FIVE, FIVE, FIVE + "\n\n")]

    # then
    assert [codes(run) for run in runs] == [[]] * 3
    assert [run.outcome for run in runs] == [Outcome.UNCHANGED] * 3
    assert person(app.store, "2").onboarding_date == day("2027-07-01")
