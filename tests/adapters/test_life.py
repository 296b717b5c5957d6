"""A company's life in a real store, beside a plain model of the rules that stands on its own.

The model knows single files whose rows can all be read and all have an external id; one person
has none until support or a row links one. Whoever reads it should find the rules in it, and
nothing of how the product keeps them.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from msgspec.structs import replace

from adapters.store.opening import Database, PostgresUrl, open_store
from adapters.use_cases.app import App
from adapters.use_cases.audit import audit
from adapters.use_cases.clock import pass_clock
from adapters.use_cases.decide_held import approve, discard
from adapters.use_cases.import_delivery import import_delivery, preview_delivery
from adapters.use_cases.support import support
from domain.company_runs.events import RunRecord
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
from domain.outcome import Outcome
from projections.answers.audit import Question
from projections.runs import RunDocument
from tests.adapters import pgserver
from tests.adapters.steps import Watch, a_customer, app_of, company_of, delivered, replayed
from tests.given import TODAY, a_company
from tests.strategies import ADDRESSES, EXTERNAL_IDS, PEOPLE, Export, examples

pytestmark = pytest.mark.torture

PENDING, ACTIVE = "pending", "active"
SCHEDULED, DEACTIVATED = "offboarding-scheduled", "deactivated"
LOCK_OUT = time(23)
NOBODYS = ""
"""Under which the model keeps the one person who has no external id."""
ZED = "zed@acme.example"


# The model


class Said(NamedTuple):
    """A row."""

    external_id: str
    email: str
    first_name: str
    last_name: str
    onboarding_date: date | None
    offboarding_date: date | None

    def cells(self) -> dict[str, str]:
        """The row as it is written."""
        return {name: str(cell or "") for name, cell in self._asdict().items()}


@dataclass
class Person:
    """What is known of someone; `called` is the address and `said` the last day that the file
    last gave (L8)."""

    state: str
    email: str
    called: str
    first_name: str
    last_name: str
    onboarding_date: date
    offboarding_date: date | None = None
    said: date | None = None

    @property
    def addresses(self) -> set[str]:
        """Whatever means them (I8)."""
        return {self.email, self.called}

    def leave_on(self, day: date | None) -> None:
        """They get a last day, or lose it."""
        self.offboarding_date = day
        if self.state in (ACTIVE, SCHEDULED):
            self.state = SCHEDULED if day else ACTIVE

    def start(self) -> None:
        """They can log in from now on."""
        self.state = SCHEDULED if self.offboarding_date else ACTIVE


People = dict[str, Person]


class Limits(NamedTuple):
    """What a delivery may do at most (B1)."""

    offboardings: int
    email_changes: int
    registrations: int
    rejected_rows: int


class No(Exception):
    """Support declines."""


@dataclass
class Waiting:
    """A delivery that is held, and whether anybody changed since."""

    rows: tuple[Said, ...]
    moved_on: bool = False


class Model:
    """A company: its people, the delivery that waits, and the one somebody answers for."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.people: People = {}
        self.waiting: Waiting | None = None
        self.approved: tuple[Said, ...] | None = None

    # Deliveries, and the safeguard before them (B)

    def deliver(self, rows: tuple[Said, ...], now: datetime) -> tuple[bool, dict[str, int]] | None:
        """Takes a delivery in: whether it is held, and what became or would become of its rows.

        `None` for one that waits already.
        """
        if self.waiting and self.waiting.rows == rows:
            return None
        self.waiting = None  # a newer delivery ends a held one
        reading = Reading(self.people, rows, now)
        if self.is_too_much(reading) and rows != self.approved:
            self.waiting = Waiting(rows)
            return True, reading.counts
        self.people = reading.people
        self.approved = rows if rows == self.approved else None
        return False, reading.counts

    def approve(self, now: datetime) -> tuple[bool, dict[str, int]]:
        """Somebody answers for what waits, as it was when it was held (B2)."""
        assert self.waiting
        rows = self.waiting.rows
        reading = Reading(self.people, rows, now)
        if self.waiting.moved_on and self.is_too_much(reading):
            self.waiting = Waiting(rows)
            return True, reading.counts
        self.waiting = None
        self.people = reading.people
        self.approved = rows
        return False, reading.counts

    def is_too_much(self, reading: Reading) -> bool:
        """Whether a delivery does more than any day's; 0 switches a limit off (B1)."""
        done = (
            reading.sooner,
            reading.readdressed,
            reading.counts["registered"],
            reading.counts["rejected"],
        )
        return any(limit and count > limit for limit, count in zip(self.limits, done, strict=True))

    # The clock (C)

    def pass_time(self, now: datetime) -> int:
        """Whatever is due happens (C1, L9); returns how many it happened to."""
        touched = 0
        for person in self.people.values():
            before = person.state
            if person.state == PENDING and person.onboarding_date <= now.date():
                person.start()
            if person.offboarding_date and is_over(person.offboarding_date, now):
                person.state = DEACTIVATED
            touched += person.state != before
        self._moved_on(touched > 0)
        return touched

    # Support (S)

    def support(self, who: str, command: Command, now: datetime) -> bool:
        """Does what is asked, and tells whether that changed anything. Raises `No`."""
        before = asdict(self.people[who]), who
        after = self._answer(who, command, now)
        changed = before != (asdict(self.people[after]), after)
        self._moved_on(changed)
        return changed

    def _answer(self, who: str, command: Command, now: datetime) -> str:
        person = self.people[who]
        here = person.state != DEACTIVATED
        match command:
            case ChangeEmail(email):
                for other, each in self.people.items():
                    no_if(other != who and email in each.addresses)
                person.email = email
            case Reactivate(day) if here:
                no_if(day not in (None, person.offboarding_date))
            case Reactivate(day):
                no_if(day and (is_over(day, now) or day < person.onboarding_date))
                known = person.offboarding_date
                ahead = known if known and not is_over(known, now) else None
                person.offboarding_date = day or ahead
                person.state = PENDING
                if person.onboarding_date <= now.date():
                    person.start()
            case MoveOnboarding(day):
                self._start_on(person, day, now)
            case Offboard(day):
                no_if(not here or day < person.onboarding_date)
                person.leave_on(day)
            case CancelOffboarding():
                no_if(not here)
                person.leave_on(None)
            case Deactivate():
                person.state = DEACTIVATED
            case Link(external_id):
                no_if(external_id != who and (external_id in self.people or who != NOBODYS))
                self.people[external_id] = self.people.pop(who)
                return external_id
        return who

    def _start_on(self, person: Person, day: date, now: datetime) -> None:
        """S3: a day that holds already is no move, for whoever has started too."""
        if person.state != PENDING:
            no_if(person.state == DEACTIVATED or day != person.onboarding_date)
            return
        no_if(person.offboarding_date and person.offboarding_date < day)
        person.onboarding_date = day
        if day <= now.date():
            person.start()

    def _moved_on(self, changed: bool) -> None:
        if changed and self.waiting:
            self.waiting.moved_on = True


class Reading:
    """What a file would make of the people, and counts of what would become of its rows.

    `sooner` are those known who get a first or an earlier last day, `readdressed` those who get
    another address (B1).
    """

    def __init__(self, people: People, rows: Sequence[Said], now: datetime) -> None:
        self.people = deepcopy(people)
        self.sooner = self.readdressed = 0
        counts = dict.fromkeys(("registered", "changed", "unchanged", "skipped"), 0)
        absent = self._absent(rows)
        once = list(dict.fromkeys(rows))
        readable = [row for row in once if not (contradicts(row, once) or is_upside_down(row))]
        linked = self._linked(readable)
        known = [row for row in readable if row.external_id in self.people or row == linked]
        standing = [row for row in known if not self._needs_support(row, linked)]
        taken = self._taken(standing)
        for row in standing:
            if row.external_id not in taken:
                counts["changed" if self._follow(row, linked) else "unchanged"] += 1
        addresses = {email for person in self.people.values() for email in person.addresses}
        for row in readable:
            if row not in known and row.email not in addresses:
                counts["registered" if self._register(row, now) else "skipped"] += 1
        # A row that repeats another is skipped, unless a third one contradicts both (I7).
        counts["skipped"] += sum(rows.count(row) - 1 for row in once if not contradicts(row, once))
        counts["rejected"] = len(rows) - sum(counts.values())
        self.counts = {**counts, "rows": len(rows), "absent": absent}

    def _absent(self, rows: Sequence[Said]) -> int:
        """Who could still be changed, and is not spoken of (D7)."""
        external_ids = {row.external_id for row in rows}
        addresses = {row.email for row in rows}
        return sum(
            person.state != DEACTIVATED
            and external_id not in external_ids
            and person.addresses.isdisjoint(addresses)
            for external_id, person in self.people.items()
        )

    def _linked(self, readable: Sequence[Said]) -> Said | None:
        """The row with an unknown external id at an address of who has none (I3), unless another
        row is at their other one (I8)."""
        person = self.people.get(NOBODYS)
        rows = [row for row in readable if person and row.email in person.addresses]
        return rows[0] if len(rows) == 1 and rows[0].external_id not in self.people else None

    def _of(self, row: Said, linked: Said | None) -> str:
        """Under what the model keeps whom a row means."""
        return NOBODYS if row == linked else row.external_id

    def _needs_support(self, row: Said, linked: Said | None) -> bool:
        """L6"""
        person = self.people[self._of(row, linked)]
        return person.state == DEACTIVATED and person.said != row.offboarding_date

    def _taken(self, standing: Sequence[Said]) -> set[str]:
        """Whose new address belongs to someone who keeps it (I2)."""
        wishes = {
            row.external_id: row.email
            for row in standing
            if (person := self.people.get(row.external_id))
            and person.state != DEACTIVATED
            and person.called != row.email
        }
        lost: set[str] = set()
        while True:
            losers = {
                external_id
                for external_id, email in wishes.items()
                for other, person in self.people.items()
                if other != external_id
                and email in person.addresses
                and wishes.get(other, email) == email
            }
            if not losers:
                return lost
            lost |= losers
            for external_id in losers:
                del wishes[external_id]

    def _follow(self, row: Said, linked: Said | None) -> bool:
        """Someone known is as the row says; tells whether anything is new in it."""
        who = self._of(row, linked)
        person = self.people[who]
        before = asdict(person)
        if person.state == DEACTIVATED:
            return False
        if row.email != person.called:
            self.readdressed += row.email != person.email
            person.email = person.called = row.email
        person.first_name, person.last_name = row.first_name, row.last_name
        if row.offboarding_date and row.offboarding_date != person.said:
            known = person.offboarding_date
            self.sooner += known is None or row.offboarding_date < known
            person.leave_on(row.offboarding_date)
        person.said = row.offboarding_date
        self.people[row.external_id] = self.people.pop(who)
        return who == NOBODYS or asdict(person) != before

    def _register(self, row: Said, now: datetime) -> bool:
        """Someone new, unless they have left (L1, L2)."""
        last_day = row.offboarding_date
        if last_day and is_over(last_day, now):
            return False
        first_day = row.onboarding_date or now.date()
        person = Person(
            state=PENDING,
            email=row.email,
            called=row.email,
            first_name=row.first_name,
            last_name=row.last_name,
            onboarding_date=first_day,
            offboarding_date=last_day,
            said=last_day,
        )
        if first_day <= now.date():
            person.start()
        self.people[row.external_id] = person
        return True


def no_if(condition: object) -> None:
    """Declines where the condition holds."""
    if condition:
        raise No


def is_upside_down(row: Said) -> bool:
    """Whether a row has someone leave before they start (L3)."""
    first_day, last_day = row.onboarding_date, row.offboarding_date
    return bool(first_day and last_day and last_day < first_day)


def contradicts(row: Said, once: Sequence[Said]) -> bool:
    """Whether another row has the same address or the same external id, and says other things."""
    return any(
        other != row and (other.email == row.email or other.external_id == row.external_id)
        for other in once
    )


def is_over(last_day: date, now: datetime) -> bool:
    """Whether the moment has come at which someone with this last day is locked out (L9)."""
    return datetime.combine(last_day, LOCK_OUT, now.tzinfo) <= now


# What the machine draws


def days(*numbers: int) -> st.SearchStrategy[date | None]:
    """A date this many days from where lives begin, or a blank."""
    near = [TODAY + timedelta(days=number) for number in numbers]
    return st.sampled_from([None, None, *near])


@st.composite
def said(draw: st.DrawFn) -> Said:
    """A row about one of few people, mostly with their own address."""
    person = draw(st.integers(0, len(PEOPLE) - 1))
    own = ADDRESSES[person]
    first_name, last_name = draw(st.sampled_from((PEOPLE[person], PEOPLE[person], PEOPLE[0])))
    return Said(
        external_id=EXTERNAL_IDS[person],
        email=draw(st.sampled_from((*(own,) * 5, *ADDRESSES, ZED, "new@acme.example"))),
        first_name=first_name,
        last_name=last_name,
        onboarding_date=draw(days(-100, 0, 1, 20)),
        offboarding_date=draw(days(-5, 0, 1, 20, 45, 90)),
    )


def commands() -> st.SearchStrategy[Command]:
    """Anything that support can be asked."""
    day = st.sampled_from([TODAY + timedelta(days=number) for number in (-5, 0, 1, 20, 60)])
    address = st.sampled_from((*ADDRESSES, ZED, "new@acme.example", "other@acme.example"))
    return st.one_of(
        st.builds(ChangeEmail, address),
        st.builds(Reactivate, st.none() | day),
        st.builds(MoveOnboarding, day),
        st.builds(Offboard, day),
        st.sampled_from((CancelOffboarding(), Deactivate(), Reactivate())),
        st.builds(Link, st.sampled_from(EXTERNAL_IDS)),
    )


def limits() -> st.SearchStrategy[Limits]:
    """None at all, or such as few rows are enough for."""
    few = Limits(offboardings=1, email_changes=1, registrations=2, rejected_rows=2)
    return st.sampled_from(
        (few, few, Limits(1, 1, 1, 1), few._replace(rejected_rows=0), Limits(0, 0, 0, 0))
    )


class CompanyLife(RuleBasedStateMachine):
    """Deliveries, decisions, support, clock runs and time, in any order; after each the store
    tells what the model tells, and its events tell the same."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = TemporaryDirectory()
        self.database = self._database()
        self.watch = Watch(tick=timedelta(milliseconds=1))
        self.last: tuple[Said, ...] = ()

    def teardown(self) -> None:
        self.app.store.close()
        self.directory.cleanup()

    def _database(self) -> Database:
        return Path(self.directory.name) / "tenure.db"

    def _open(self) -> None:
        store = open_store(self.database)
        self.app: App = app_of(store, self.watch, self.customer)

    @initialize(limits=limits())
    def a_company_begins(self, limits: Limits) -> None:
        """I5: The company begins with one employee, Zed, who has no external id."""
        policy = {f"max_{name}": limit for name, limit in limits._asdict().items()}
        self.customer = a_customer(a_company(policy=policy))
        self.model = Model(limits)
        self._open()
        zed = Said("", ZED, "Zed", "Zwart", None, None)
        import_delivery(self.app, self.customer, "tester", delivered(data_of([zed])))
        self.model.people[NOBODYS] = Person(ACTIVE, ZED, ZED, "Zed", "Zwart", TODAY)

    # What happens

    @rule(rows=st.lists(said(), min_size=1, max_size=5))
    def a_delivery_comes(self, rows: list[Said]) -> None:
        """R2: After any delivery, the counts of the run are those of the model for every row."""
        self.deliver(rows)

    @rule(row=said(), number=st.integers(0, 5))
    def the_last_delivery_comes_amended(self, row: Said, number: int) -> None:
        """R2: After a delivery with one new row, the counts are those of the model too, although
        most rows are recognised."""
        self.deliver([*self.last[:number], row, *self.last[number + 1 :]])

    @rule(number=st.integers(0, 4))
    def the_last_delivery_comes_with_addresses_passed_on(self, number: int) -> None:
        """I2: Swaps and chains of addresses in one delivery are resolved as in the model."""
        if self.last:
            turned = self.last[-(number % len(self.last)) :] + self.last
            emails = [row.email for row in turned]
            self.deliver(
                [row._replace(email=email) for row, email in zip(self.last, emails, strict=False)]
            )

    @rule(day=st.sampled_from((45, 90)))
    def everybody_is_said_to_leave(self, day: int) -> None:
        """B1: A delivery in which everybody leaves is held or applied as in the model."""
        leaves = TODAY + timedelta(days=day)
        self.deliver([row._replace(offboarding_date=leaves) for row in self.last])

    @rule()
    def the_last_delivery_comes_again(self) -> None:
        """L10, D8, B3: The same delivery again changes nothing, and a held delivery goes on
        waiting."""
        self.deliver(self.last)
        run = self.deliver(self.last)
        assert run is None or run.counts.events == 0

    @precondition(lambda self: self.model.waiting)
    @rule()
    def what_waits_is_approved(self) -> None:
        """B2: An approval applies the held delivery or holds it again, as in the model."""
        record = self.waits()
        held, counts = self.model.approve(self.watch.moment)
        run = approve(self.app, self.customer, record, "olga", "HR confirmed it")
        self.check(run, held, counts)
        assert (run.ends, run.by) == (record.run, "olga")

    @precondition(lambda self: self.model.waiting)
    @rule()
    def what_waits_is_discarded(self) -> None:
        """B2: A discard ends the held delivery without changing an employee."""
        record = self.waits()
        self.model.waiting = None
        run = discard(self.app, record, "olga", "wrong export")
        assert (run.outcome, run.ends) == (Outcome.DISCARDED, record.run)

    @rule(number=st.integers(0, 9), asking=st.lists(commands(), min_size=1, max_size=4))
    def support_is_asked(self, number: int, asking: list[Command]) -> None:
        """S1-S6: A support command that is carried out is a run, also when it changes nothing, and
        a declined one leaves no run."""
        person = list(self.model.people.values())[number % len(self.model.people)]
        for command in asking:
            (who,) = (who for who, each in self.model.people.items() if each is person)
            self.ask(who, command)

    def ask(self, who: str, command: Command) -> None:
        """Has product and model do the same for somebody."""
        named = who or self.model.people[who].email
        version = self.app.store.runs.company_state("acme").version
        expected: bool | None = None
        with suppress(No):
            expected = self.model.support(who, command, self.watch.moment)
        try:
            run = support(self.app, self.customer, named, command, "olga", "was asked")
        except CommandRejected:
            assert expected is None
            assert self.app.store.runs.company_state("acme").version == version
        else:
            assert run.outcome is (Outcome.APPLIED if expected else Outcome.UNCHANGED)
            assert expected is not None
            assert self.app.store.runs.company_state("acme").version == version + 1

    @rule(hours=st.sampled_from((0, 21, 24, 24 * 8, 24 * 30)))
    def the_clock_runs(self, hours: int) -> None:
        """C1, C2, C4: A clock pass does once what is due, however late the pass is and also while a
        delivery is held."""
        self.watch.moment += timedelta(hours=hours)
        touched = self.model.pass_time(self.watch.moment)
        runs = list(pass_clock(self.app, "tester"))
        assert len(runs) == (1 if touched else 0)
        assert list(pass_clock(self.app, "tester")) == []

    @rule(hours=st.sampled_from((1, 12, 21, 24)))
    def time_passes(self, hours: int) -> None:
        """C1: Time alone changes nothing until a clock pass runs."""
        self.watch.moment += timedelta(hours=hours)

    @rule()
    def the_store_is_closed_and_opened(self) -> None:
        """R1: A store that is opened again tells what it told before."""
        self.app.store.close()
        self._open()

    @rule()
    def projections_are_made_anew(self) -> None:
        """R1: After a rebuild, the store tells exactly what it told before."""
        before = self.told()
        self.app.store.rebuild(lambda _: None)
        assert self.told() == before

    def deliver(self, rows: Sequence[Said]) -> RunDocument | None:
        """Has product and model read the same file; `None` where it waits already."""
        if not rows:
            return None
        self.last = tuple(rows)
        files = delivered(data_of(rows))
        version = self.app.store.runs.company_state("acme").version
        waited = self.model.waiting
        expected = self.model.deliver(self.last, self.watch.moment)
        preview = preview_delivery(self.app, self.customer, "tester", files)
        run = import_delivery(self.app, self.customer, "tester", files)
        runs = self.app.store.runs.company_state("acme").version - version
        if expected is None:
            assert run.waits
            assert runs == 0
            return None
        assert runs == (2 if waited else 1)
        assert (preview.outcome, preview.counts) == (run.outcome, run.counts)
        self.check(run, *expected)
        return None if run.waits else run

    def check(self, run: RunDocument, held: bool, expected: dict[str, int]) -> None:
        """A run ended as the model says."""
        assert (run.outcome is Outcome.HELD) == held
        assert {name: getattr(run.counts, name) for name in expected} == expected

    def waits(self) -> RunRecord:
        """The one run about which somebody has to decide."""
        (record,) = self.app.store.runs.waiting("acme")
        return record

    def told(self) -> list[object]:
        """All that the store tells of the company, row digests apart."""
        store = self.app.store
        state, roster = company_of(store, "acme")
        entries = (replace(entry, digest=None) for entry in roster.entries)
        return [
            state,
            sorted(entries, key=attrgetter("employee")),
            store.runs.every("acme"),
            store.runs.waiting(None),
            list(audit(self.app, "acme", Question())),
        ]

    # What holds

    @invariant()
    def the_store_tells_what_the_model_tells(self) -> None:
        """L1-L10, S1-S6, I1-I8: Every employee in the store is as in the model."""
        known = {}
        for each in self.app.store.roster.employees("acme"):
            known[each.external_id or NOBODYS] = Person(
                state=each.state.value,
                email=each.email,
                called=each.file_email,
                first_name=each.details.first_name,
                last_name=each.details.last_name,
                onboarding_date=each.onboarding_date,
                offboarding_date=each.offboarding_date,
                said=each.file_offboarding_date,
            )
        assert known == self.model.people

    @invariant()
    def what_waits_is_kept(self) -> None:
        """B2, B3: The store keeps the files of the one held delivery byte for byte, and no
        others."""
        waiting = self.app.store.runs.waiting("acme")
        assert len(waiting) == (1 if self.model.waiting else 0)
        for record in self.app.store.runs.every("acme"):
            held = [file.data for file in self.app.store.runs.held_files(record.run)]
            rows = self.model.waiting.rows if self.model.waiting and record in waiting else ()
            assert held == ([data_of(rows)] if rows else [])

    @invariant()
    def the_roster_is_the_fold_of_the_events(self) -> None:
        """R1, C1: Every state in the roster follows from the events, which are numbered without
        gaps and in the order of their moments."""
        store = self.app.store
        for each in store.roster.employees("acme"):
            assert replayed(store, each.id) == each
            stream = store.events.of(each.id)
            assert [one.originator_version for one in stream] == list(range(1, len(stream) + 1))
            effective = [one.effective for one in stream]
            assert effective == sorted(effective)

    @invariant()
    def every_run_has_its_record(self) -> None:
        """R2, R4: The version of the company is the number of its recorded runs."""
        store = self.app.store
        assert len(store.runs.latest("acme", 1000)) == store.runs.company_state("acme").version

    @invariant()
    def nothing_is_found_wrong(self) -> None:
        """R1: `verify` finds no problem."""
        assert self.app.store.verify(lambda _: None).problems == ()


def data_of(rows: Sequence[Said]) -> bytes:
    """A file of these rows."""
    return Export(Said._fields, tuple(row.cells() for row in rows)).data()


class CompanyLifeOnPostgresql(CompanyLife):
    """The same on the other store."""

    server: pgserver.Server

    def _database(self) -> Database:
        return PostgresUrl(self.server.emptied())


TestCompanyLife = CompanyLife.TestCase
TestCompanyLife.settings = examples(60, stateful_step_count=20)


class TestCompanyLifeOnPostgresql(CompanyLifeOnPostgresql.TestCase):  # type: ignore[misc,name-defined]
    settings = examples(20, stateful_step_count=20)

    @pytest.fixture(autouse=True)
    def _on(self, postgres: pgserver.Server) -> None:
        CompanyLifeOnPostgresql.server = postgres
