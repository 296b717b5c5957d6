"""Everyone as they were: what is told of a moment is what was told at that moment."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from uuid import UUID

import pytest

from adapters.store.store import Store
from adapters.use_cases.app import App
from adapters.use_cases.clock import pass_clock
from adapters.use_cases.errors import NobodyFound
from adapters.use_cases.history import history_of
from adapters.use_cases.import_delivery import import_delivery
from adapters.use_cases.past import employees_of, look_up_in
from adapters.use_cases.people import find_one
from domain.employee.aggregate import Employee
from domain.employee.commands import (
    CancelOffboarding,
    ChangeEmail,
    Command,
    Deactivate,
    Link,
    Merge,
    MoveOnboarding,
    Offboard,
    Reactivate,
    Release,
)
from domain.employee.events import EmailChanged, Registered, State
from domain.employee.rejection import CommandRejected
from domain.envelope import RecordedEvent
from domain.fields.details import Details
from domain.schedule import Schedule
from projections.answers.past import Past
from tests.adapters.conftest import OpenStore
from tests.adapters.steps import Watch, a_customer, app_of, delivered, replayed, support
from tests.given import NOW, RUN, TODAY, a_company, moment
from tests.strategies import TORTURE

HEADER = "email,first_name,last_name,external_id,onboarding_date,offboarding_date"
YEAR = 365
SEEDS = range(20) if TORTURE else range(1)


class Year:
    """A company's year: deliveries at the slots, support in between, and the clock on time."""

    def __init__(self, app: App, watch: Watch, seed: int) -> None:
        self.app = app
        self.watch = watch
        self.random = random.Random(seed)
        self.customer = a_customer(
            a_company(
                policy={"max_offboardings": 0, "max_registrations": 0, "max_email_changes": 0}
            )
        )
        self.rows: dict[str, list[str]] = {}
        self.seen: dict[datetime, list[Employee]] = {}

    def live(self) -> None:
        """Lives it, and looks at the roster again and again."""
        first = NOW.date()
        for number in range(YEAR):
            today = first + timedelta(days=number)
            for at, happens in self._day(today):
                self.watch.moment = max(datetime.combine(today, at, NOW.tzinfo), self.watch.moment)
                self.seen.pop(self.watch.moment, None)  # a moment is over when all of it happened
                happens()
                if self.random.random() < 0.3:
                    self.look()

    def look(self) -> None:
        """Remembers who is who at this moment, after all that happened in it."""
        self.seen[self.watch.moment] = list(self.app.store.roster.employees("acme"))

    def _day(self, today: date) -> Iterator[tuple[time, object]]:
        chance = self.random.random
        yield Schedule().activation, self.clock
        if chance() < 0.25:
            yield time(2, 45), lambda: self.deliver(today)
        if chance() < 0.25:
            yield time(9, 30), lambda: self.ask(today)
        if chance() < 0.1:
            yield time(9, 30), lambda: self.ask(today)
        yield time(12), self.look if chance() < 0.1 else lambda: None
        if chance() < 0.2:
            yield time(20), lambda: self.deliver(today)
        yield Schedule().deactivation, self.clock

    def clock(self) -> None:
        """A pass, on time."""
        list(pass_clock(self.app, "night"))

    def deliver(self, today: date) -> None:
        """The file with a few changes; a last day in it is never over already, for what is said
        too late takes effect when it is said and is recorded by the next pass (C1)."""
        self._correct(today)
        for _ in range(self.random.randrange(4)):
            if len(self.rows) < 25 and self.random.random() < 0.5:
                self._join(today)
            elif self.rows:
                self._amend(today)
        if self.rows:
            text = "\n".join([HEADER, *(",".join(row) for row in self.rows.values())])
            run = import_delivery(self.app, self.customer, "file", delivered(text))
            assert run.counts.rows == len(self.rows)

    def _correct(self, today: date) -> None:
        """HR hears whom support brought back, and takes out a last day that was not heeded since
        it was said of somebody deactivated (L6)."""
        for each in self.app.store.roster.employees("acme"):
            row = self.rows[each.details.last_name.removeprefix("Last")]
            if each.state is not State.DEACTIVATED and row[5] and row[5] <= today.isoformat():
                row[5] = ""

    def _join(self, today: date) -> None:
        number = len(self.rows) + 1
        starts = self._ahead(today, -20, 40) if self.random.random() < 0.6 else ""
        own = str(number) if self.random.random() < 0.8 else ""
        row = [f"p{number}@acme.example", f"First{number}", f"Last{number}", own, starts, ""]
        self.rows[str(number)] = row

    def _amend(self, today: date) -> None:
        row = self.rows[self.random.choice(list(self.rows))]
        which = self.random.randrange(4)
        if which == 0:
            row[1] = f"{row[1]}x"
        elif which == 1 and row[3]:
            row[0] = f"x{row[0]}"
        else:
            row[5] = self._ahead(today, 1, 90) if self.random.random() < 0.8 else ""

    def ask(self, today: date) -> None:
        """Something of support, if it can be done."""
        people = list(self.app.store.roster.employees("acme"))
        if not people:
            return
        employee = self.random.choice(people)
        ahead = date.fromisoformat(self._ahead(today, 1, 60))
        asking: list[Command] = [
            ChangeEmail(f"s{self.random.randrange(30)}@acme.example"),
            Reactivate(),
            Reactivate(ahead),
            MoveOnboarding(today + timedelta(days=self.random.randrange(-3, 20))),
            Offboard(ahead),
            CancelOffboarding(),
            Deactivate(),
            Link(str(self.random.randrange(100, 140))),
        ]
        try:
            command = self.random.choice(asking)
            support(self.app, self.customer, str(employee.id), command, "olga", "asked")
        except CommandRejected:
            pass

    def _ahead(self, today: date, least: int, most: int) -> str:
        return (today + timedelta(days=self.random.randrange(least, most))).isoformat()


@pytest.mark.slow
@pytest.mark.torture
@pytest.mark.parametrize("seed", SEEDS)
def test_the_roster_of_a_past_moment_is_the_roster_that_was_seen_then(
    open_store: OpenStore, watch: Watch, seed: int
) -> None:
    """L9, C1: Over a random year in which the clock was on time, the roster of each past moment
    equals the roster that was read at that moment."""
    # given
    app = app_of(open_store(), watch)
    year = Year(app, watch, seed)

    # when
    year.live()
    store = app.store

    # then
    assert len(year.seen) > 200
    states = {each.state for people in year.seen.values() for each in people}
    assert states == set(State)
    for at, people in year.seen.items():
        assert list(employees_of(app, "acme", Past(at))) == people, at
    everyone = list(store.roster.employees("acme"))
    assert everyone == [replayed(store, each.id) for each in everyone]
    assert len({each.version for each in everyone}) > 3


@pytest.fixture
def app(store: Store, watch: Watch) -> App:
    """A small company: Anna is there, Bram comes on the 10th, Chris leaves on the 20th."""
    app = app_of(store, watch)
    text = (
        f"{HEADER}\nanna@acme.example,Anna,Bakker,1,,\nbram@acme.example,Bram,Smit,2,2027-03-10,\n"
        "chris@acme.example,Chris,Jansen,3,,2027-03-20\n"
    )
    import_delivery(app, a_customer(), "tester", delivered(text))
    return app


def states(app: App, at: str, company: str = "acme") -> dict[str | None, str]:
    """Who was what at a moment."""
    found = employees_of(app, company, Past(moment(at)))
    return {each.external_id: each.state.value for each in found}


def test_before_the_first_delivery_there_is_nobody(app: App) -> None:
    """The roster of a moment before the first delivery is empty, and the roster of the delivery's
    own moment holds everybody in the delivery."""
    # when / then
    assert states(app, "2027-03-01 02:44") == {}
    assert set(states(app, "2027-03-01 02:45")) == {"1", "2", "3"}


def test_the_roster_of_a_moment_goes_by_when_changes_took_effect(app: App, watch: Watch) -> None:
    """C1: When the clock stood still for a month, the roster of a moment shows each transition from
    the moment it was due, and not from the moment it was recorded."""
    # when
    watch.moment = moment("2027-04-15 09:30")
    list(pass_clock(app, "late"))

    # then
    assert states(app, "2027-03-09 23:59")["2"] == "pending"
    assert states(app, "2027-03-10 00:00")["2"] == "active"
    assert states(app, "2027-03-20 22:59")["3"] == "offboarding-scheduled"
    assert states(app, "2027-03-20 23:00")["3"] == "deactivated"
    assert states(app, "2027-04-15 09:30") == {
        each.external_id: each.state.value for each in app.store.roster.employees("acme")
    }


def test_changes_of_one_moment_are_told_together(app: App, watch: Watch) -> None:
    """S3: When support moves an onboarding to today, the roster of that moment shows both the new
    date and the activation, and the roster of the minute before shows neither."""
    # when
    watch.moment = moment("2027-03-05 09:30")
    support(app, a_customer(), "2", MoveOnboarding(watch.moment.date()), "olga", "came early")

    # then
    (before,) = (
        e
        for e in employees_of(app, "acme", Past(moment("2027-03-05 09:29")))
        if e.external_id == "2"
    )
    assert (before.state, before.onboarding_date) == (State.PENDING, date(2027, 3, 10))
    (after,) = (e for e in employees_of(app, "acme", Past(watch.moment)) if e.external_id == "2")
    assert (after.state, after.onboarding_date) == (State.ACTIVE, date(2027, 3, 5))


# What was known


def known(app: App, who: str, **past: str) -> Employee:
    """Whom an identifier means, as `as_of` and `known_at` see the person."""
    limits = {name: moment(at) for name, at in past.items()}
    return look_up_in(app, "acme", who, Past(**limits)).employee


def test_what_was_known_goes_by_when_it_was_recorded(app: App, watch: Watch) -> None:
    """C1: A deactivation that the clock recorded late was not known before it was recorded, though
    it held. With both limits, both count."""
    # given
    watch.moment = moment("2027-04-15 09:30")
    list(pass_clock(app, "late"))

    # when / then
    assert known(app, "3", as_of="2027-03-25 00:00").state is State.DEACTIVATED
    assert known(app, "3", known_at="2027-03-25 00:00").state is State.OFFBOARDING_SCHEDULED
    both = {"as_of": "2027-03-25 00:00", "known_at": "2027-04-15 09:29"}
    assert known(app, "3", **both).state is State.OFFBOARDING_SCHEDULED
    both["known_at"] = "2027-04-15 09:30"
    assert known(app, "3", **both).state is State.DEACTIVATED


def test_whoever_had_an_address_then_comes_before_whoever_has_it_now(
    app: App, watch: Watch
) -> None:
    """I11, S9: An address means who had it at the moment that is asked for. If nobody had it then,
    it means who has it now, as they were then."""
    # given
    chris = find_one(app, "acme", "3").id
    watch.moment = moment("2027-03-21 00:00")
    list(pass_clock(app, "night"))
    support(app, a_customer(), "3", Release(), "olga", "a newcomer has it")
    watch.moment = moment("2027-03-22 02:45")
    text = f"{HEADER}\nchris@acme.example,Chloe,Roux,9,,\nanna.b@acme.example,Anna,Bakker,1,,\n"
    import_delivery(app, a_customer(), "tester", delivered(text, modified=watch.moment))

    # when / then
    assert known(app, "chris@acme.example").details.first_name == "Chloe"
    assert known(app, "chris@acme.example", as_of="2027-03-10 00:00").id == chris
    anna = look_up_in(app, "acme", "anna.b@acme.example", Past(moment("2027-03-10 00:00")))
    assert (anna.employee.email, anna.by_later) == ("anna@acme.example", True)
    with pytest.raises(NobodyFound, match=r"nobody in acme was known by that .* at 2027-03-10"):
        known(app, "9", known_at="2027-03-10 00:00")


def test_a_merger_counts_from_its_own_moment(app: App, watch: Watch) -> None:
    """S11: Before a merger, the address of an ended account means that account, whose history is
    its own. After it, the history of the kept account has the events of both."""
    # given
    watch.moment = moment("2027-03-05 09:30")
    bram = find_one(app, "acme", "2").id
    support(app, a_customer(), "1", Merge(bram), "olga", "one person")
    before = Past(known_at=moment("2027-03-05 09:29"))

    # when
    then = look_up_in(app, "acme", "bram@acme.example", before).employee
    now = look_up_in(app, "acme", "bram@acme.example", Past()).employee

    # then
    assert (then.id, then.state) == (bram, State.PENDING)
    assert [each.entry.kind for each in history_of(app, then, before)] == ["registered"]
    told = history_of(app, now)
    assert [each.entry.kind for each in told].count("merged") == 2
    assert {each.entry.employee for each in told} == {now.id, bram}


def test_no_event_counts_without_the_events_before_it() -> None:
    """C1: If the clock of a machine was behind, an event may have an earlier time than the event
    before it. Whoever asks for a time between the two sees neither."""
    # given
    first = RecordedEvent(
        UUID(int=1),
        1,
        Registered("a@x.example", None, Details("A", "B", "nl"), TODAY, True),
        RUN,
        NOW,
        NOW + timedelta(hours=1),
    )
    second = RecordedEvent(UUID(int=1), 2, EmailChanged("b@x.example"), RUN, NOW, NOW)

    # when / then
    assert Past(known_at=NOW).state([first, second]) is None
    assert Past().state([first, second]) is not None
