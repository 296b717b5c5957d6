"""Support through the service: what is recorded, what is declined, and what the file then says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

import adapters.service.support as service
from adapters.service.clock import pass_clock
from adapters.service.errors import NobodyFound
from adapters.service.imports import import_delivery
from adapters.service.run import Shell, recall
from adapters.service.support import find_one, support
from adapters.settings import Customer
from adapters.store.store import Store
from domain.declined import Declined
from domain.events import State
from domain.run import Counts, Outcome, RunKind
from domain.support import (
    CancelOffboarding,
    ChangeEmail,
    Deactivate,
    Link,
    MoveOnboarding,
    Offboard,
    Reactivate,
    Request,
)
from projections.history import HistoryEntry, tell
from projections.runs import RunDocument
from tests.adapters.steps import (
    Watch,
    a_customer,
    a_run,
    commit_of,
    delivered,
    other_company,
    person,
    replayed,
    shell_of,
)
from tests.given import a_company, day, moment, plan

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
def shell(store: Store, watch: Watch, acme: Customer) -> Shell:
    """A day after the first delivery: Anna active, Bram pending, Chris scheduled, Dora gone, and
    Erik without an external id."""
    shell = shell_of(store, watch, acme)
    taken(shell, FIVE)
    watch.moment = moment("2027-03-01 23:00")
    list(pass_clock(shell, "night"))
    watch.moment = moment("2027-03-02 09:30")
    return shell


def taken(shell: Shell, *files: str, customer: Customer | None = None) -> RunDocument:
    """An import of these files."""
    whose = customer or next(iter(shell.settings.customers.values()))
    return import_delivery(shell, whose, "tester", delivered(*files))


def asked(shell: Shell, who: str, request: Request, reason: str = "asked by phone") -> RunDocument:
    """What Olga of support does for somebody of Acme."""
    return support(shell, a_customer(), who, request, "olga", reason)


def history(shell: Shell, who: str) -> list[HistoryEntry]:
    """What happened to somebody."""
    events = shell.store.events(person(shell.store, who).id)
    return list(tell(events, shell.store.runs_of(events)))


def everything(shell: Shell) -> list[object]:
    """Where Acme stands, and every event of everyone."""
    store = shell.store
    people = [store.events(each.id) for each in store.employees("acme")]
    return [store.stream("acme"), store.runs(None, 100), people]


def codes(run: RunDocument) -> list[str]:
    """The codes of a run's issues."""
    return [issue.code for issue in run.issues]


# What is done, and how it is recorded

ACTIONS: dict[str, tuple[str, Request, list[str], State]] = {
    "S1": ("1", ChangeEmail("a.bakker@acme.example"), ["email-changed"], State.ACTIVE),
    "S2": ("4", Reactivate(), ["reactivated"], State.ACTIVE),
    "S2 for a time": (
        "4",
        Reactivate(day("2027-12-31")),
        ["reactivated"],
        State.OFFBOARDING_SCHEDULED,
    ),
    "S3": ("2", MoveOnboarding(day("2027-07-01")), ["onboarding-moved"], State.PENDING),
    "S3 at once": (
        "2",
        MoveOnboarding(day("2027-03-02")),
        ["onboarding-moved", "activated"],
        State.ACTIVE,
    ),
    "S4 schedule": (
        "1",
        Offboard(day("2027-06-30")),
        ["offboarding-scheduled"],
        State.OFFBOARDING_SCHEDULED,
    ),
    "S4 move": (
        "3",
        Offboard(day("2027-06-30")),
        ["offboarding-moved"],
        State.OFFBOARDING_SCHEDULED,
    ),
    "S4 cancel": ("3", CancelOffboarding(), ["offboarding-cancelled"], State.ACTIVE),
    "S5": ("1", Deactivate(), ["deactivated"], State.DEACTIVATED),
    "S6": ("erik@acme.example", Link("5"), ["external-id-linked"], State.ACTIVE),
}


@pytest.mark.parametrize("action", ACTIONS)
def test_an_action_is_a_run_and_tells_who_and_why_in_run_and_history(
    shell: Shell, watch: Watch, action: str
) -> None:
    """S1-S6, R2"""
    who, request, kinds, state = ACTIONS[action]
    employee = person(shell.store, who)
    known = history(shell, who)
    watch.tick = timedelta(seconds=1)

    run = asked(shell, who, request, "asked by phone")

    assert (run.kind, run.outcome) == (RunKind.SUPPORT, Outcome.APPLIED)
    assert (run.by, run.reason) == ("olga", "asked by phone")
    assert run.counts.events == len(kinds)
    assert run.started < run.finished
    assert recall(shell, run.run) == run  # type: ignore[arg-type]
    entries = history(shell, str(employee.id))
    new = entries[len(known) :]
    assert entries[: len(known)] == known
    assert [entry.kind for entry in new] == kinds
    for entry in new:
        assert (entry.by, entry.reason, entry.run) == ("olga", "asked by phone", run.run)
        assert (entry.file, entry.line) == (None, None)
        assert run.started <= entry.recorded == entry.effective <= run.finished
    assert person(shell.store, str(employee.id)).state is state
    assert replayed(shell.store, employee.id) == person(shell.store, str(employee.id))


def test_transitions_are_counted(shell: Shell) -> None:
    """R2"""
    assert asked(shell, "1", Deactivate()).counts == Counts(deactivated=1, events=1)
    at_once = asked(shell, "2", MoveOnboarding(day("2027-03-01")))
    assert at_once.counts == Counts(activated=1, events=2)


def test_nobody_else_is_touched(shell: Shell) -> None:
    """S5, R6"""
    taken(shell, FIVE, customer=a_customer(other_company()))
    others = [each for each in shell.store.employees("acme") if each.external_id != "1"]
    zenith = list(shell.store.employees("zenith"))

    asked(shell, "1", Deactivate())

    assert [each for each in shell.store.employees("acme") if each.external_id != "1"] == others
    assert list(shell.store.employees("zenith")) == zenith


@pytest.mark.parametrize(
    ("who", "request_"),
    [
        ("1", ChangeEmail(" ANNA@acme.example")),
        ("3", Reactivate()),
        ("2", MoveOnboarding(day("2027-06-10"))),
        ("3", Offboard(day("2027-05-20"))),
        ("1", CancelOffboarding()),
        ("4", Deactivate()),
        ("1", Link("1")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_holds_already_is_recorded_as_unchanged(
    shell: Shell, who: str, request_: Request
) -> None:
    """R2"""
    before = [history(shell, str(each.id)) for each in shell.store.employees("acme")]

    run = asked(shell, who, request_)

    assert (run.outcome, run.counts) == (Outcome.UNCHANGED, Counts())
    (record,) = shell.store.runs("acme", 1)
    assert record.run == run.run
    assert (record.ended.by, record.ended.reason) == ("olga", "asked by phone")
    assert [history(shell, str(each.id)) for each in shell.store.employees("acme")] == before


def test_a_last_day_that_is_over_is_said_to_be(shell: Shell) -> None:
    """S4, L4"""
    run = asked(shell, "1", Offboard(day("2027-03-01")))

    (issue,) = run.issues
    assert (issue.code, issue.email, issue.file) == (
        "offboarding-overdue",
        "anna@acme.example",
        None,
    )
    (record,) = shell.store.runs("acme", 1)
    assert [each.code for each in shell.store.issues(record)] == ["offboarding-overdue"]
    (night,) = pass_clock(shell, "night")
    assert night.counts == Counts(deactivated=1, events=1)


# Who is meant


@pytest.mark.parametrize("who", ["ERIK@acme.example ", "erik@acme.example"])
def test_somebody_is_meant_by_address_however_it_is_written(shell: Shell, who: str) -> None:
    """I1"""
    assert find_one(shell, "acme", who) == person(shell.store, "erik@acme.example")


def test_somebody_is_meant_by_the_address_that_the_file_uses(shell: Shell) -> None:
    """I8"""
    asked(shell, "1", ChangeEmail("a.bakker@acme.example"))

    asked(shell, "anna@acme.example", Deactivate())

    assert person(shell.store, "1").state is State.DEACTIVATED


@pytest.mark.parametrize("who", ["99", "nobody@acme.example", "", str(a_run(7))])
def test_nobody_found_is_no_run(shell: Shell, who: str) -> None:
    """S1-S6"""
    taken(shell, f"{HEADER}\nz@zenith.example,Zoe,Zo,99,,", customer=a_customer(other_company()))
    before = everything(shell)

    with pytest.raises(NobodyFound) as raised:
        asked(shell, who, Deactivate())

    assert (raised.value.company, raised.value.count) == ("acme", 0)
    assert everything(shell) == before


def test_somebody_of_another_company_is_nobody_here(shell: Shell) -> None:
    """R6"""
    zenith = a_customer(other_company())
    taken(shell, f"{HEADER}\nz@zenith.example,Zoe,Zo,99,,", customer=zenith)
    zoe = person(shell.store, "99", "zenith")

    with pytest.raises(NobodyFound):
        asked(shell, str(zoe.id), Deactivate())

    assert person(shell.store, "99", "zenith") == zoe


def test_several_found_is_no_run(store: Store, watch: Watch, acme: Customer) -> None:
    """S1-S6: that two have one address must never be, and still nobody guesses whom is meant."""
    shell = shell_of(store, watch, acme)
    for number in (1, 2):
        made = plan(f"{HEADER}\n{ANNA}", run=a_run(number))
        store.commit(commit_of(made, store.stream("acme"), run=a_run(number)))
    before = everything(shell)

    with pytest.raises(NobodyFound) as raised:
        asked(shell, "anna@acme.example", Deactivate())

    assert raised.value.count == 2
    assert everything(shell) == before


# What is declined


@pytest.mark.parametrize(
    ("who", "request_", "code"),
    [
        ("1", ChangeEmail("nonsense"), "bad-email"),
        ("1", ChangeEmail("BRAM@acme.example"), "email-taken"),
        ("erik@acme.example", Link("1"), "external-id-taken"),
        ("1", Link("77"), "other-external-id"),
        ("1", Reactivate(day("2027-12-31")), "not-deactivated"),
        ("4", Reactivate(day("2027-03-01")), "last-day-over"),
        ("1", MoveOnboarding(day("2027-12-31")), "not-pending"),
        ("2", Offboard(day("2027-06-09")), "leaves-before-starting"),
        ("1", Offboard(day("2027-02-28")), "leaves-before-starting"),
        ("3", Offboard(day("2027-02-28")), "leaves-before-starting"),
        ("4", Offboard(day("2027-12-31")), "is-deactivated"),
        ("4", CancelOffboarding(), "is-deactivated"),
    ],
)
def test_what_is_declined_is_no_run(shell: Shell, who: str, request_: Request, code: str) -> None:
    """S1-S6"""
    before = everything(shell)

    with pytest.raises(Declined) as raised:
        asked(shell, who, request_)

    assert raised.value.code == code
    assert everything(shell) == before


def test_an_address_that_the_file_uses_for_another_is_taken(shell: Shell) -> None:
    """S1, I8"""
    asked(shell, "1", ChangeEmail("a.bakker@acme.example"))
    before = everything(shell)

    with pytest.raises(Declined) as raised:
        asked(shell, "2", ChangeEmail("Anna@acme.example"))

    assert raised.value.code == "email-taken"
    assert raised.value.facts["other"] == person(shell.store, "1").id
    assert everything(shell) == before
    assert asked(shell, "1", ChangeEmail("anna@acme.example")).outcome is Outcome.APPLIED


def test_a_fault_is_recorded_with_who_and_why(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R2"""
    before = everything(shell)[2]

    def fail(*_: object) -> object:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(service, "plan_support", fail)
    with pytest.raises(RuntimeError):
        asked(shell, "1", Deactivate())

    (record,) = shell.store.runs("acme", 1)
    assert (record.ended.run_kind, record.ended.outcome) == (RunKind.SUPPORT, Outcome.FAILED)
    assert (record.ended.by, record.ended.reason) == ("olga", "asked by phone")
    (issue,) = shell.store.issues(record)
    assert issue.code == "fault"
    assert SECRET not in issue.message
    assert everything(shell)[2] == before


# R4: two at once


def meanwhile(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> list[object]:
    """Lets something happen after support planned and before it is stored; tells of the plans."""
    real = service.plan_support
    plans: list[object] = []

    def planned(*rest: object) -> object:
        made = real(*rest)  # type: ignore[arg-type]
        plans.append(made)
        if len(plans) == 1:
            happens()
        return made

    monkeypatch.setattr(service, "plan_support", planned)
    return plans


def test_of_two_actions_at_once_the_second_plans_anew(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R4"""
    first = lambda: asked(shell, "1", Offboard(day("2027-09-30")), "first")  # noqa: E731
    plans = meanwhile(monkeypatch, first)

    run = asked(shell, "1", Offboard(day("2027-08-31")), "second")

    assert len(plans) == 3
    assert run.outcome is Outcome.APPLIED
    entries = history(shell, "1")
    assert [(entry.kind, entry.reason) for entry in entries[1:]] == [
        ("offboarding-scheduled", "first"),
        ("offboarding-moved", "second"),
    ]
    assert person(shell.store, "1").offboarding_date == day("2027-08-31")


def test_what_cannot_be_done_any_more_is_declined_and_no_run(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R4, S1: somebody else got the address meanwhile."""
    version = shell.store.stream("acme").version
    meanwhile(monkeypatch, lambda: asked(shell, "2", ChangeEmail("new@acme.example")))

    with pytest.raises(Declined) as raised:
        asked(shell, "1", ChangeEmail("new@acme.example"))

    assert raised.value.code == "email-taken"
    assert shell.store.stream("acme").version == version + 1
    assert person(shell.store, "1").email == "anna@acme.example"


def test_an_action_plans_anew_where_a_delivery_was_first(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R4, S6"""
    linked = FIVE.replace(ERIK, ERIK.replace("Vos,,", "Vos,5,"))
    meanwhile(monkeypatch, lambda: taken(shell, linked))

    run = asked(shell, "erik@acme.example", Link("5"))

    assert run.outcome is Outcome.UNCHANGED
    assert [entry.kind for entry in history(shell, "5")] == ["registered", "external-id-linked"]


# L8: what the file then says


@pytest.mark.parametrize("recognised", [True, False], ids=["same file", "file read in full"])
def test_a_moved_onboarding_has_the_file_say_the_old_date_again(
    shell: Shell, recognised: bool
) -> None:
    """S3, L7, L10: the row was known to change nothing, and from now on has something to say."""
    assert codes(taken(shell, FIVE)) == []
    asked(shell, "2", MoveOnboarding(day("2027-07-01")))

    runs = [taken(shell, FIVE if recognised else FIVE + "\n\n") for _ in range(2)]

    assert [codes(run) for run in runs] == [["onboarding-date-fixed"]] * 2
    assert [run.outcome for run in runs] == [Outcome.UNCHANGED] * 2
    assert person(shell.store, "2").onboarding_date == day("2027-07-01")


def test_the_address_that_support_changed_stands_until_the_file_says_another(shell: Shell) -> None:
    """S1, I8, L8"""
    asked(shell, "1", ChangeEmail("a.bakker@acme.example"))

    assert taken(shell, FIVE).outcome is Outcome.UNCHANGED
    assert person(shell.store, "1").email == "a.bakker@acme.example"
    taken(shell, FIVE.replace("anna@", "anna.bakker@"))
    assert person(shell.store, "1").email == "anna.bakker@acme.example"


def test_a_file_that_comes_to_say_what_support_did_is_noted(shell: Shell) -> None:
    """S1, L8"""
    asked(shell, "1", ChangeEmail("a.bakker@acme.example"))

    run = taken(shell, FIVE.replace("anna@", "a.bakker@"))

    assert run.outcome is Outcome.APPLIED
    assert history(shell, "1")[-1].kind == "file-noted"
    assert taken(shell, FIVE).outcome is Outcome.APPLIED
    assert person(shell.store, "1").email == "anna@acme.example"


def test_a_cancelled_offboarding_stays_cancelled_while_the_file_repeats_it(shell: Shell) -> None:
    """S4, L5, L8"""
    asked(shell, "3", CancelOffboarding())

    assert taken(shell, FIVE).outcome is Outcome.UNCHANGED
    assert person(shell.store, "3").offboarding_date is None
    taken(shell, FIVE.replace("2027-05-20", ""))
    assert person(shell.store, "3").state is State.ACTIVE
    taken(shell, FIVE)
    assert person(shell.store, "3").offboarding_date == day("2027-05-20")


def test_somebody_who_was_brought_back_stays_while_the_file_repeats_their_last_day(
    shell: Shell,
) -> None:
    """S2, L8"""
    asked(shell, "4", Reactivate())

    assert taken(shell, FIVE).outcome is Outcome.UNCHANGED
    assert list(pass_clock(shell, "night")) == []
    assert person(shell.store, "4").state is State.ACTIVE
    taken(shell, FIVE.replace("2027-03-01", "2027-12-01"))
    assert person(shell.store, "4").offboarding_date == day("2027-12-01")


def test_a_last_day_still_ahead_stands_when_somebody_comes_back(shell: Shell) -> None:
    """S2"""
    asked(shell, "3", Deactivate())

    asked(shell, "3", Reactivate())

    chris = person(shell.store, "3")
    assert (chris.state, chris.offboarding_date) == (
        State.OFFBOARDING_SCHEDULED,
        day("2027-05-20"),
    )
    assert person(shell.store, "4").offboarding_date == day("2027-03-01")
    asked(shell, "4", Reactivate())
    assert person(shell.store, "4").offboarding_date is None


def test_somebody_who_was_shut_out_is_not_brought_back_by_the_file(shell: Shell) -> None:
    """S5, L6"""
    asked(shell, "1", Deactivate())

    assert taken(shell, FIVE).outcome is Outcome.UNCHANGED
    run = taken(shell, FIVE.replace(ANNA, ANNA + "2028-01-01"))

    assert codes(run) == ["reactivation-needs-support"]
    assert person(shell.store, "1").state is State.DEACTIVATED


def test_a_row_with_the_id_that_was_linked_means_them(shell: Shell) -> None:
    """S6, I1"""
    asked(shell, "erik@acme.example", Link("5"))

    run = taken(shell, FIVE.replace(ERIK, "e.vos@acme.example,Erik,Vos,5,,"))

    assert run.counts.changed == 1
    assert run.counts.registered == 0
    assert person(shell.store, "5").email == "e.vos@acme.example"


def test_the_policy_of_files_is_not_supports(shell: Shell) -> None:
    """L4: a short notice is for HR to keep."""
    strict = a_customer(a_company(policy={"short_notice": "reject"}))

    run = support(shell, strict, "1", Offboard(day("2027-03-03")), "olga", "urgent")

    assert (run.outcome, codes(run)) == (Outcome.APPLIED, [])
