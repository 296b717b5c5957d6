"""A company's life in a real store, beside a plain model of the rules that stands on its own.

The model knows the core alone: single files whose rows can all be read and all have an external
id. Whoever reads it should find the rules in it, and nothing of how the product keeps them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from adapters.service.clock import pass_clock
from adapters.service.imports import import_delivery
from adapters.service.run import Shell
from adapters.store.sqlite import open_sqlite
from domain.run import Counts
from tests.adapters.steps import Watch, a_customer, delivered, shell_of
from tests.given import TODAY
from tests.strategies import ADDRESSES, EXTERNAL_IDS, PEOPLE, Export, examples

pytestmark = pytest.mark.torture

PENDING, ACTIVE = "pending", "active"
SCHEDULED, DEACTIVATED = "offboarding-scheduled", "deactivated"
LOCK_OUT = time(23)


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
    """What is known of someone; `said` is the last day that the file last gave (L8)."""

    state: str
    email: str
    first_name: str
    last_name: str
    onboarding_date: date
    offboarding_date: date | None = None
    said: date | None = None


class Model:
    """Everyone by external id, and the rules for them."""

    def __init__(self) -> None:
        self.people: dict[str, Person] = {}

    def read(self, rows: Sequence[Said], now: datetime) -> dict[str, int]:
        """Applies a file; returns what became of its rows."""
        absent = self._absent(rows)
        once = list(dict.fromkeys(rows))
        standing = [row for row in once if not self._wrong(row, once)]
        known = [row for row in standing if row.external_id in self.people]
        taken = self._taken(known)
        known = [row for row in known if row.external_id not in taken]
        counts = dict.fromkeys(("registered", "changed", "unchanged", "skipped"), 0)
        for row in known:
            counts["changed" if self._follow(row) else "unchanged"] += 1
        addresses = {person.email for person in self.people.values()}
        for row in standing:
            if row.external_id not in self.people and row.email not in addresses:
                counts["registered" if self._register(row, now) else "skipped"] += 1
        # A row that repeats another is skipped, unless a third one contradicts both (I7).
        counts["skipped"] += len(rows) - len(once) - self._contradicted(rows, once)
        counts["rejected"] = len(rows) - sum(counts.values())
        return {**counts, "rows": len(rows), "absent": absent}

    def pass_time(self, now: datetime) -> int:
        """Whatever is due happens (C1, L9); returns how many it happened to."""
        touched = 0
        for person in self.people.values():
            before = person.state
            last_day, first_day = person.offboarding_date, person.onboarding_date
            if person.state == PENDING and first_day <= now.date():
                person.state = SCHEDULED if last_day else ACTIVE
            if last_day and is_over(last_day, now):
                person.state = DEACTIVATED
            touched += person.state != before
        return touched

    def _absent(self, rows: Sequence[Said]) -> int:
        """Who could still be changed, and is not spoken of (D7)."""
        external_ids = {row.external_id for row in rows}
        addresses = {row.email for row in rows}
        return sum(
            person.state != DEACTIVATED
            and external_id not in external_ids
            and person.email not in addresses
            for external_id, person in self.people.items()
        )

    def _wrong(self, row: Said, once: Sequence[Said]) -> bool:
        """Whether a row is rejected for what it says, beside the others and of its person."""
        first_day, last_day = row.onboarding_date, row.offboarding_date
        person = self.people.get(row.external_id)
        return (
            contradicts(row, once)  # I7
            or bool(first_day and last_day and last_day < first_day)  # L3
            or bool(person and person.state == DEACTIVATED and person.said != last_day)  # L6
        )

    def _contradicted(self, rows: Sequence[Said], once: Sequence[Said]) -> int:
        """How many repetitions are of rows that others contradict."""
        return sum(rows.count(row) - 1 for row in once if contradicts(row, once))

    def _taken(self, known: Sequence[Said]) -> set[str]:
        """Whose new address belongs to someone who keeps it (I2)."""
        wishes = {
            row.external_id: row.email
            for row in known
            if self.people[row.external_id].state != DEACTIVATED
            and self.people[row.external_id].email != row.email
        }
        lost: set[str] = set()
        while True:
            kept = {
                person.email
                for external_id, person in self.people.items()
                if external_id not in wishes
            }
            losers = {external_id for external_id, email in wishes.items() if email in kept}
            if not losers:
                return lost
            lost |= losers
            for external_id in losers:
                del wishes[external_id]

    def _follow(self, row: Said) -> bool:
        """Someone known is as the row says; tells whether anything is new in it."""
        person = self.people[row.external_id]
        before = asdict(person)
        if person.state == DEACTIVATED:
            return False
        person.email = row.email
        person.first_name, person.last_name = row.first_name, row.last_name
        if row.offboarding_date and row.offboarding_date != person.said:
            person.offboarding_date = row.offboarding_date
            if person.state == ACTIVE:
                person.state = SCHEDULED
        person.said = row.offboarding_date
        return asdict(person) != before

    def _register(self, row: Said, now: datetime) -> bool:
        """Someone new, unless they have left (L1, L2)."""
        last_day = row.offboarding_date
        if last_day and is_over(last_day, now):
            return False
        first_day = row.onboarding_date or now.date()
        here = SCHEDULED if last_day else ACTIVE
        self.people[row.external_id] = Person(
            state=here if first_day <= now.date() else PENDING,
            email=row.email,
            first_name=row.first_name,
            last_name=row.last_name,
            onboarding_date=first_day,
            offboarding_date=last_day,
            said=last_day,
        )
        return True


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
    other = draw(st.sampled_from((person, person, person, *range(len(ADDRESSES)))))
    first_name, last_name = draw(st.sampled_from((PEOPLE[person], PEOPLE[person], PEOPLE[0])))
    return Said(
        external_id=EXTERNAL_IDS[person],
        email=ADDRESSES[other],
        first_name=first_name,
        last_name=last_name,
        onboarding_date=draw(days(-100, 0, 1, 20)),
        offboarding_date=draw(days(-5, 0, 1, 20, 45, 90)),
    )


class CompanyLife(RuleBasedStateMachine):
    """Deliveries, clock runs and time, in any order; after each the store tells what the model
    tells, and its events tell the same."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = TemporaryDirectory()
        self.customer = a_customer()
        self.watch = Watch()
        self.model = Model()
        self.last: Sequence[Said] = ()
        self._open()

    def teardown(self) -> None:
        self.shell.store.close()
        self.directory.cleanup()

    def _open(self) -> None:
        store = open_sqlite(Path(self.directory.name) / "tenure.db")
        self.shell: Shell = shell_of(store, self.watch, self.customer)

    # What happens

    @rule(rows=st.lists(said(), min_size=1, max_size=5))
    def a_delivery_comes(self, rows: list[Said]) -> None:
        """R2: the run counts what became of every row."""
        self.deliver(rows)

    @rule(row=said(), number=st.integers(0, 5))
    def the_last_delivery_comes_amended(self, row: Said, number: int) -> None:
        """R2: also where most rows are recognised."""
        self.deliver([*self.last[:number], row, *self.last[number + 1 :]])

    @rule(number=st.integers(0, 4))
    def the_last_delivery_comes_with_addresses_passed_on(self, number: int) -> None:
        """I2: swaps and rings of addresses."""
        if self.last:
            turned = self.last[-(number % len(self.last)) :] + self.last
            emails = [row.email for row in turned]
            self.deliver(
                [row._replace(email=email) for row, email in zip(self.last, emails, strict=False)]
            )

    @rule()
    def the_last_delivery_comes_again(self) -> None:
        """L10, D8: what was said already changes nothing, whatever happened since."""
        if self.last:
            self.deliver(self.last)
            assert self.deliver(self.last).events == 0

    @rule(hours=st.sampled_from((0, 21, 24, 24 * 8, 24 * 30)))
    def the_clock_runs(self, hours: int) -> None:
        """C1, C2: what is due happens once, however late."""
        self.watch.moment += timedelta(hours=hours)
        touched = self.model.pass_time(self.watch.moment)
        runs = list(pass_clock(self.shell, "tester"))
        assert len(runs) == (1 if touched else 0)
        assert list(pass_clock(self.shell, "tester")) == []

    @rule(hours=st.sampled_from((1, 12, 21, 24)))
    def time_passes(self, hours: int) -> None:
        self.watch.moment += timedelta(hours=hours)

    @rule()
    def the_store_is_closed_and_opened(self) -> None:
        self.shell.store.close()
        self._open()

    def deliver(self, rows: Sequence[Said]) -> Counts:
        """Has product and model read the same file."""
        export = Export(Said._fields, tuple(row.cells() for row in rows))
        expected = self.model.read(rows, self.watch.moment)
        run = import_delivery(self.shell, self.customer, "tester", delivered(export.data()))
        self.last = tuple(rows)
        counts = run.counts
        assert {name: getattr(counts, name) for name in expected} == expected
        return counts

    # What holds

    @invariant()
    def the_store_tells_what_the_model_tells(self) -> None:
        """D, I, L, C: everyone is as the rules say."""
        known = {}
        for each in self.shell.store.employees("acme"):
            known[each.external_id] = Person(
                state=each.state.value,
                email=each.email,
                first_name=each.details.first_name,
                last_name=each.details.last_name,
                onboarding_date=each.onboarding_date,
                offboarding_date=each.offboarding_date,
                said=each.file_offboarding_date,
            )
            assert each.file_email == each.email
        assert known == self.model.people

    @invariant()
    def the_roster_is_the_fold_of_the_events(self) -> None:
        """R1, C1: nothing is known but by events, without gaps, and time runs one way in them."""
        store = self.shell.store
        for each in store.employees("acme"):
            assert store.replay(each.id) == each
            stream = store.events(each.id)
            assert [one.originator_version for one in stream] == list(range(1, len(stream) + 1))
            effective = [one.effective for one in stream]
            assert effective == sorted(effective)

    @invariant()
    def every_run_has_its_record(self) -> None:
        """R2, R4: a company's version is the number of its runs."""
        store = self.shell.store
        assert len(store.runs("acme", 1000)) == store.stream("acme").version


TestCompanyLife = CompanyLife.TestCase
TestCompanyLife.settings = examples(30, stateful_step_count=12)
