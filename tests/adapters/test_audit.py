"""Questions across employees: the answer is always part of what the histories tell together."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise, product

import pytest

from adapters.service.approvals import approve, discard
from adapters.service.audit import audit
from adapters.service.clock import pass_clock
from adapters.service.imports import import_delivery
from adapters.service.run import Shell
from adapters.service.support import support
from adapters.store.store import Store
from domain.events import EMPLOYEE_KINDS
from domain.run import Outcome
from domain.support import ChangeEmail, Deactivate, MoveOnboarding, Reactivate
from projections.audit import Question
from projections.history import HistoryEntry, tell
from tests.adapters.steps import Watch, a_customer, delivered, other_company, shell_of
from tests.given import a_company, day, moment

HEADER = "email,first_name,last_name,external_id,onboarding_date,offboarding_date"
FIRST = "\n".join(
    (
        HEADER,
        "anna@acme.example,Anna,Bakker,1,,",
        "bram@acme.example,Bram,Smit,2,2027-03-10,",
        "chris@acme.example,Chris,Jansen,3,,2027-04-20",
        "dora@acme.example,Dora,Dam,4,,",
    )
)
SECOND = FIRST.replace("Anna,", "Anne,").replace("bram@", "b.smit@") + (
    "\nerik@acme.example,Erik,Vos,5,2027-03-08,2027-04-10"
)
LEAVING = SECOND.replace(",1,,", ",1,,2027-09-30").replace(",4,,", ",4,,2027-09-30")
THIRD = SECOND.replace("Dora,", "Doortje,")


@pytest.fixture
def shell(store: Store, watch: Watch) -> Shell:
    """A company's spring, with runs of every kind; beside it a company with a spring of its own."""
    acme = a_customer(a_company(policy={"max_offboardings": 1}))
    zenith = a_customer(other_company())
    shell = shell_of(store, watch, acme, zenith)
    watch.tick = timedelta(milliseconds=1)

    def imported(text: str, by: str = "morning") -> None:
        import_delivery(shell, acme, by, delivered(text))
        import_delivery(shell, zenith, by, delivered(text))

    def on(text: str) -> None:
        watch.moment = moment(text)

    imported(FIRST)
    on("2027-03-02 09:00")
    support(shell, acme, "2", MoveOnboarding(day("2027-03-12")), "olga", "starts later")
    on("2027-03-02 09:00")
    support(shell, acme, "4", Deactivate(), "otto", "left")
    on("2027-03-05 02:45")
    imported(SECOND)
    on("2027-04-12 00:00")  # nights were missed: what is recorded took effect long before
    list(pass_clock(shell, "night"))
    on("2027-04-13 09:00")
    support(shell, acme, "4", Reactivate(), "olga", "did not leave")
    support(shell, acme, "1", ChangeEmail("a@acme.example"), "olga", "married")
    on("2027-04-14 02:45")
    import_delivery(shell, acme, "morning", delivered(LEAVING))
    on("2027-04-15 09:00")
    approve(shell, acme, store.waiting("acme")[0], "otto", "HR confirmed it")
    on("2027-04-16 02:45")
    elsewhere = "\n".join(line[: line.rindex(",")] + ",2027-08-31" for line in rows_of(THIRD))
    assert import_delivery(shell, acme, "morning", delivered(f"{HEADER}\n{elsewhere}")).waits
    discard(shell, store.waiting("acme")[0], "olga", "wrong export")
    on("2027-04-17 02:45")
    imported(THIRD, "evening")
    on("2027-04-21 00:00")
    list(pass_clock(shell, "night"))
    return shell


def rows_of(text: str) -> list[str]:
    """The rows of a file."""
    return text.splitlines()[1:]


def asked(shell: Shell, company: str = "acme", **question: object) -> list[HistoryEntry]:
    """What the audit answers."""
    return list(audit(shell, company, Question(**question)))  # type: ignore[arg-type]


def histories(shell: Shell, company: str = "acme") -> list[HistoryEntry]:
    """All that the histories tell: run by run, in a run by employee, of one in their order."""
    store = shell.store
    order = {record.run: number for number, record in enumerate(store.every_run(company))}
    told = [
        entry
        for each in store.employees(company)
        for entry in tell(store.events(each.id), store.runs_of(store.events(each.id)))
    ]
    return sorted(told, key=lambda entry: (order[entry.run], entry.employee, entry.version))


def moments(entries: list[HistoryEntry]) -> list[datetime]:
    """Every moment of recording, and some between."""
    exact = sorted({entry.recorded for entry in entries})
    between = [one + (other - one) / 2 for one, other in pairwise(exact)]
    return sorted([*exact, *between, exact[0] - timedelta(1), exact[-1] + timedelta(1)])


@pytest.mark.parametrize("company", ["acme", "zenith"])
def test_nothing_asked_for_answers_every_history_run_by_run(shell: Shell, company: str) -> None:
    """R2: for runs that registered, for runs that changed, and for those that did both."""
    entries = asked(shell, company)

    assert entries == histories(shell, company)
    recorded = [entry.recorded for entry in entries]
    assert recorded == sorted(recorded)
    kinds = {entry.kind for entry in entries}
    assert {"registered", "details-changed", "email-changed", "activated", "deactivated"} <= kinds


def test_a_company_is_told_of_its_own_people_only(shell: Shell) -> None:
    """R6"""
    acme, zenith = asked(shell), asked(shell, "zenith")

    assert acme
    assert zenith
    assert {entry.run for entry in acme}.isdisjoint(entry.run for entry in zenith)
    assert asked(shell, "nobody") == []


def test_every_single_run_answers_with_its_own_events(shell: Shell) -> None:
    """R2"""
    everything = histories(shell)
    answers = []

    for record in shell.store.every_run("acme"):
        found = asked(shell, run=record.run)
        assert found == [entry for entry in everything if entry.run == record.run]
        held = record.ended.outcome is Outcome.HELD
        assert len(found) == (0 if held else record.ended.counts.events)
        answers += found

    assert answers == everything


def test_a_run_of_another_company_answers_nothing_here(shell: Shell) -> None:
    """R6"""
    theirs = shell.store.every_run("zenith")[0]

    assert asked(shell, run=theirs.run) == []
    assert asked(shell, "zenith", run=theirs.run) != []


@pytest.mark.parametrize("kind", EMPLOYEE_KINDS)
def test_events_of_a_kind(shell: Shell, kind: str) -> None:
    expected = [entry for entry in histories(shell) if entry.kind == kind]

    assert asked(shell, kinds=frozenset({kind})) == expected


def test_events_of_several_kinds_come_in_one_order(shell: Shell) -> None:
    kinds = frozenset({"registered", "deactivated"})
    expected = [entry for entry in histories(shell) if entry.kind in kinds]

    assert asked(shell, kinds=kinds) == expected
    assert {entry.kind for entry in expected} == kinds


@pytest.mark.parametrize("by", ["morning", "evening", "night", "olga", "otto", "ol", ""])
def test_events_by_somebody(shell: Shell, by: str) -> None:
    expected = [entry for entry in histories(shell) if entry.by == by]

    assert asked(shell, by=by) == expected
    assert bool(expected) == (by not in ("ol", ""))


def test_events_from_a_moment_on_and_before_another(shell: Shell) -> None:
    """By when they were recorded, the moment itself included in `since` and not in `until`."""
    everything = histories(shell)
    for at in moments(everything):
        since = [entry for entry in everything if entry.recorded >= at]
        until = [entry for entry in everything if entry.recorded < at]

        assert asked(shell, since=at) == since
        assert asked(shell, until=at) == until


def test_what_took_effect_before_it_was_recorded_is_found_by_its_recording(shell: Shell) -> None:
    """C1"""
    found = asked(shell, since=moment("2027-04-12 00:00"), until=moment("2027-04-13 00:00"))

    assert [(entry.kind, entry.effective) for entry in found] == [
        ("activated", moment("2027-03-12 00:00")),
        ("activated", moment("2027-03-08 00:00")),
        ("deactivated", moment("2027-04-10 23:00")),
    ]
    assert asked(shell, until=moment("2027-03-12 00:01")) == [
        entry for entry in histories(shell) if entry.recorded < moment("2027-03-12 00:01")
    ]


def test_every_question_at_once_asks_for_what_all_of_them_do(shell: Shell) -> None:
    everything = histories(shell)
    edges = [None, moment("2027-03-05 00:00"), moment("2027-04-13 12:00")]
    asking = product(edges, edges, [frozenset(), frozenset({"email-changed"})], [None, "olga"])
    for since, until, kinds, by in asking:
        expected = [
            entry
            for entry in everything
            if (since is None or entry.recorded >= since)
            and (until is None or entry.recorded < until)
            and (not kinds or entry.kind in kinds)
            and by in (None, entry.by)
        ]

        assert asked(shell, since=since, until=until, kinds=kinds, by=by) == expected


def test_what_is_held_or_discarded_answers_nothing(shell: Shell) -> None:
    """B1: though a held run counts what it would do."""
    held = [
        record
        for record in shell.store.every_run("acme")
        if record.ended.outcome in (Outcome.HELD, Outcome.DISCARDED)
    ]

    assert sum(record.ended.counts.events for record in held) > 0
    assert [asked(shell, run=record.run) for record in held] == [[]] * 3


def test_what_was_approved_is_told_of_whoever_approved_it(shell: Shell) -> None:
    """B2"""
    found = asked(shell, by="otto", kinds=frozenset({"offboarding-scheduled"}))

    assert [(entry.reason, entry.line) for entry in found] == [
        ("HR confirmed it", 2),
        ("HR confirmed it", 5),
    ]
