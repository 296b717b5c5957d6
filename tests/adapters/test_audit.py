"""Questions across employees: the answer is always part of what the histories tell together."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise, product

import pytest

from adapters.store.store import Store
from adapters.use_cases.app import App
from adapters.use_cases.audit import audit
from adapters.use_cases.clock import pass_clock
from adapters.use_cases.decide_held import approve, discard
from adapters.use_cases.import_delivery import import_delivery
from domain.employee.commands import ChangeEmail, Deactivate, MoveOnboarding, Reactivate
from domain.outcome import Outcome
from projections.answers.audit import Question
from projections.answers.history import HistoryEntry, tell
from tests.adapters.steps import Watch, a_customer, app_of, delivered, other_company, support
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
def app(store: Store, watch: Watch) -> App:
    """A company's spring, with runs of every kind; beside it a company with a spring of its own."""
    acme = a_customer(a_company(policy={"max_offboardings": 1}))
    zenith = a_customer(other_company())
    app = app_of(store, watch, acme, zenith)
    watch.tick = timedelta(milliseconds=1)

    def imported(text: str, by: str = "morning") -> None:
        import_delivery(app, acme, by, delivered(text))
        import_delivery(app, zenith, by, delivered(text))

    def on(text: str) -> None:
        watch.moment = moment(text)

    imported(FIRST)
    on("2027-03-02 09:00")
    support(app, acme, "2", MoveOnboarding(day("2027-03-12")), "olga", "starts later")
    on("2027-03-02 09:00")
    support(app, acme, "4", Deactivate(), "otto", "left")
    on("2027-03-05 02:45")
    imported(SECOND)
    on("2027-04-12 00:00")  # nights were missed: what is recorded took effect long before
    list(pass_clock(app, "night"))
    on("2027-04-13 09:00")
    support(app, acme, "4", Reactivate(), "olga", "did not leave")
    support(app, acme, "1", ChangeEmail("a@acme.example"), "olga", "married")
    on("2027-04-14 02:45")
    import_delivery(app, acme, "morning", delivered(LEAVING))
    on("2027-04-15 09:00")
    approve(app, acme, store.runs.waiting("acme")[0], "otto", "HR confirmed it")
    on("2027-04-16 02:45")
    elsewhere = "\n".join(line[: line.rindex(",")] + ",2027-08-31" for line in rows_of(THIRD))
    assert import_delivery(app, acme, "morning", delivered(f"{HEADER}\n{elsewhere}")).waits
    discard(app, store.runs.waiting("acme")[0], "olga", "wrong export")
    on("2027-04-17 02:45")
    imported(THIRD, "evening")
    on("2027-04-21 00:00")
    list(pass_clock(app, "night"))
    return app


def rows_of(text: str) -> list[str]:
    """The rows of a file."""
    return text.splitlines()[1:]


def asked(app: App, company: str = "acme", **question: object) -> list[HistoryEntry]:
    """What the audit answers."""
    answers = audit(app, company, Question(**question))  # type: ignore[arg-type]
    return [happening.entry for happening in answers]


def histories(app: App, company: str = "acme") -> list[HistoryEntry]:
    """All that the histories tell: run by run, in a run by employee, of one in their order."""
    store = app.store
    order = {record.run: number for number, record in enumerate(store.runs.every(company))}
    told = [
        entry
        for each in store.roster.employees(company)
        for entry in tell(store.events.of(each.id), store.runs.of_events(store.events.of(each.id)))
    ]
    return sorted(told, key=lambda entry: (order[entry.run], entry.employee, entry.version))


def moments(entries: list[HistoryEntry]) -> list[datetime]:
    """Every moment of recording, and some between."""
    exact = sorted({entry.recorded for entry in entries})
    between = [one + (other - one) / 2 for one, other in pairwise(exact)]
    return sorted([*exact, *between, exact[0] - timedelta(1), exact[-1] + timedelta(1)])


@pytest.mark.parametrize("company", ["acme", "zenith"])
def test_a_question_without_conditions_answers_every_history_run_by_run(
    app: App, company: str
) -> None:
    """R2: A question without conditions is answered with every event of the company's employees,
    run by run, in the order of recording."""
    # when
    entries = asked(app, company)

    # then
    assert entries == histories(app, company)
    recorded = [entry.recorded for entry in entries]
    assert recorded == sorted(recorded)
    kinds = {entry.kind for entry in entries}
    assert {"registered", "details-changed", "email-changed", "activated", "deactivated"} <= kinds


def test_every_single_run_answers_with_its_own_events(app: App) -> None:
    """R2, R6: A question about one run is answered with exactly the events of that run. A held run
    has none, and a run of another company is not found."""
    # given
    everything = histories(app)
    answers = []

    # when / then
    for record in app.store.runs.every("acme"):
        found = asked(app, run=record.run)
        assert found == [entry for entry in everything if entry.run == record.run]
        held = record.ended.outcome is Outcome.HELD
        assert len(found) == (0 if held else record.ended.counts.events)
        answers += found

    assert answers == everything
    theirs = app.store.runs.every("zenith")[0].run
    assert (asked(app, run=theirs), bool(asked(app, "zenith", run=theirs))) == ([], True)


def test_events_from_a_moment_on_and_before_another(app: App) -> None:
    """A question about a time goes by when events were recorded: `since` includes its own moment,
    and `until` does not."""
    # given
    everything = histories(app)

    # when / then
    for at in moments(everything):
        since = [entry for entry in everything if entry.recorded >= at]
        until = [entry for entry in everything if entry.recorded < at]

        assert asked(app, since=at) == since
        assert asked(app, until=at) == until


def test_a_question_by_name_finds_what_the_login_did_in_another_name(app: App) -> None:
    """R2: A question by name is answered with the runs of the author of that name, and with the
    runs that the login of that name made in another name."""
    # given
    acme = app.settings.customers["acme"]
    support(app._replace(login="mallory"), acme, "1", Deactivate(), "olga", "left")

    # when
    (entry,) = asked(app, by="mallory")

    # then
    assert (entry.kind, entry.by) == ("deactivated", "olga")
    assert entry in asked(app, by="olga")


def test_several_conditions_of_a_question_all_count(app: App) -> None:
    """A question with several conditions is answered with the events that meet all of them."""
    # given
    everything = histories(app)
    edges = [None, moment("2027-03-05 00:00"), moment("2027-04-13 12:00")]
    some = frozenset({"registered", "email-changed"})
    asking = product(edges, edges, [frozenset(), some], [None, "olga", "ol"])

    # when / then
    for since, until, kinds, by in asking:
        expected = [
            entry
            for entry in everything
            if (since is None or entry.recorded >= since)
            and (until is None or entry.recorded < until)
            and (not kinds or entry.kind in kinds)
            and by in (None, entry.by)
        ]

        assert asked(app, since=since, until=until, kinds=kinds, by=by) == expected
