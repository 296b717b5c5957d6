"""The values that Hypothesis draws: exports of an HR system, policies, and stories of a company.

A story contains the steps of a company so far (deliveries, decisions about held deliveries, clock
runs, support commands, time) and the delivery that comes next. Employees, addresses and external
ids are few, so that they collide, swap and return. A delivery is mostly an amended form of the
delivery before it, so that rows are recognised.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple, Self, TypeAlias
from uuid import UUID

import msgspec
from hypothesis import HealthCheck, reject, settings
from hypothesis import strategies as st

from domain.addresses import address_of
from domain.company import Company
from domain.company_runs.decisions import (
    Decision,
    Delivered,
    decide_approval,
    decide_discard,
    decide_import,
    decide_unread,
)
from domain.company_runs.events import FileInfo, RunContext, RunKind, delivery_key
from domain.company_runs.rejection import AlreadyHeld
from domain.company_runs.state import AppliedDelivery, CompanyState, evolve
from domain.context import DecisionContext, Moment
from domain.delivery.plan import Plan
from domain.delivery.records import DeliveryRefused
from domain.employee.aggregate import Employee
from domain.employee.change import Change
from domain.employee.clock import ClockPlan, plan_clock
from domain.employee.commands import (
    CancelOffboarding,
    ChangeEmail,
    Command,
    Correct,
    Deactivate,
    Link,
    Merge,
    MoveOnboarding,
    Offboard,
    Reactivate,
    Rehire,
    Release,
    Relink,
)
from domain.employee.events import EmployeeRecord
from domain.employee.rejection import CommandRejected
from domain.employee.roster import Entry, Roster, entry_of
from domain.employee.support import plan_support
from domain.ids import run_id
from domain.issues.issue import Issue
from domain.outcome import Counts, Outcome
from domain.schedule import Schedule
from tests.given import NOW, TODAY, a_company, plan, roster_after

TORTURE = bool(os.environ.get("TENURE_TORTURE"))
"""Whether the tests run longer, with other random examples at each run."""


def examples(count: int, **more: Any) -> settings:
    """Returns settings for `count` fixed examples; torture has ten times as many random ones."""
    return settings(
        max_examples=count * 10 if TORTURE else count,
        deadline=None,
        derandomize=not TORTURE,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        **more,
    )


# Exports

Cells: TypeAlias = Mapping[str, str]
"""One row of the HR system: cell by column. A row without cells is a blank line."""

SURPLUS = "surplus"
"""The key of the cell beyond the last column, if a row has such a cell."""


class Export(NamedTuple):
    """One file: its columns, and rows that may have cells for further columns."""

    columns: tuple[str, ...]
    rows: tuple[Cells, ...]

    def cells(self, row: Cells) -> list[str]:
        """Returns the cells of a row as the file contains them."""
        surplus = [row[SURPLUS]] if row.get(SURPLUS) else []
        return [row.get(column, "") for column in self.columns] + surplus

    def data(self) -> bytes:
        """Returns the bytes of the file."""
        return "".join(
            [_line(self.columns), *(_line(self.cells(row)) for row in self.rows)]
        ).encode()

    def filled(self) -> dict[int, Cells]:
        """Returns the rows that are not blank, by the number of their first line."""
        found, line = {}, 2
        for row in self.rows:
            cells = self.cells(row)
            if any(cell.strip() for cell in cells):
                found[line] = row
            line += _line(cells).count("\n")
        return found

    def content(self, row: Cells) -> tuple[str, ...]:
        """Returns the meaning of a row: its cells without outer spaces, in one tuple.

        The address comes first, in the form in which addresses are compared.
        """
        address = address_of(row.get("email", "").strip())
        return (address, *(cell.strip() for cell in self.cells({**row, "email": ""})))


Delivery: TypeAlias = tuple[Export, ...]
"""The files of one pick-up, oldest first."""


def _line(cells: Iterable[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def named(delivery: Delivery) -> Iterator[tuple[str, Export]]:
    """Yields the files of a delivery, each with the name that `given.plan` gives it."""
    for number, export in enumerate(delivery):
        yield (
            "alleo_employees.csv" if len(delivery) == 1 else f"alleo_employees_{number}.csv",
            export,
        )


# The steps of a story


class Deliver(NamedTuple):
    """A delivery is picked up, and is applied or held."""

    delivery: Delivery


class Approve(NamedTuple):
    """An operator approves the held delivery."""


class Discard(NamedTuple):
    """An operator discards the held delivery."""


class PassClock(NamedTuple):
    """The clock runs."""


class Wait(NamedTuple):
    """Time passes without any run."""

    hours: int


class Agree(NamedTuple):
    """The company gets another policy."""

    policy: Mapping[str, Any]


class Ask(NamedTuple):
    """A request to support about the employee whose number in the roster is `who`.

    `other` is the number of the employee that a merge ends, counted from `who` on.
    """

    what: str
    who: int
    address: str
    external_id: str
    days: int
    other: int
    values: tuple[tuple[str, str], ...]

    def command(self, today: date, employees: Sequence[Employee]) -> Command:
        """Returns the command of this request on the day `today`."""
        day = today + timedelta(days=self.days)
        return {
            "change-email": ChangeEmail(self.address),
            "link": Link(self.external_id),
            "reactivate": Reactivate(),
            "reactivate-until": Reactivate(day),
            "move-onboarding": MoveOnboarding(day),
            "schedule": Offboard(day),
            "cancel": CancelOffboarding(),
            "deactivate": Deactivate(),
            "correct": Correct(self.values),
            "rehire": Rehire(day),
            "rehire-anew": Rehire(day, self.address, self.external_id),
            "release": Release(),
            "relink": Relink(self.external_id),
            "unlink": Relink(None),
            "merge": Merge(employees[(self.who + self.other) % len(employees)].id),
        }[self.what]


Step: TypeAlias = Deliver | Approve | Discard | PassClock | Wait | Agree | Ask


class Story(NamedTuple):
    """The steps of a company so far, and the delivery that comes next."""

    policy: Mapping[str, Any]
    steps: tuple[Step, ...]
    delivery: Delivery


class Life:
    """A company during a story. It keeps in memory everything that a store would keep."""

    def __init__(self, policy: Mapping[str, Any] | None = None) -> None:
        self.company: Company = a_company(policy=dict(policy or {}))
        self.now: datetime = NOW
        self.roster = Roster((), msgspec.json.Decoder(Employee).decode)
        self.state = CompanyState()
        self.waiting: Delivery = ()
        self.recorded: defaultdict[UUID, list[EmployeeRecord]] = defaultdict(list)
        self.issues: dict[UUID, Sequence[Issue]] = {}

    @classmethod
    def of(cls, story: Story) -> Self:
        """Returns the life after all steps of a story, before the next delivery."""
        life = cls(story.policy)
        for step in story.steps:
            life.take(step)
        return life

    @classmethod
    def arrivals(cls, story: Story) -> Iterator[tuple[Self, Delivery]]:
        """Yields the life before each delivery of a story is applied, with that delivery."""
        life = cls(story.policy)
        for step in (*story.steps, Deliver(story.delivery)):
            if isinstance(step, Deliver):
                yield life, step.delivery
            life.take(step)

    def fork(self) -> Self:
        """Returns an independent copy of this life."""
        other = copy(self)
        other.recorded = defaultdict(list, {one: [*told] for one, told in self.recorded.items()})
        other.issues = dict(self.issues)
        return other

    @property
    def employees(self) -> list[Employee]:
        """Returns all employees that the company knows."""
        return [self.roster.employee(entry) for entry in self.roster.entries]

    @property
    def next_run(self) -> UUID:
        """Returns the id of the next run; each run of a life has an id of its own."""
        return run_id(int(self.now.timestamp() * 1000), self.state.version)

    def take(self, step: Step) -> None:
        """Performs one step of a story."""
        match step:
            case Deliver(delivery):
                self.deliver(delivery)
            case Approve():
                self.approve()
            case Discard():
                self.discard()
            case PassClock():
                self.pass_clock()
            case Wait(hours):
                self.now += timedelta(hours=hours)
            case Agree(policy):
                self.company = a_company(policy=dict(policy))
            case Ask():
                self.ask(step)

    # Deliveries

    def plan(self, delivery: Delivery, *, digests: bool = True) -> Plan:
        """Returns the plan for a delivery; without `digests` no row is recognised.

        A few stories in 10,000 have files that contradict each other and are refused (D3). Such a
        story is no example: `test_several_files.py` counts them.
        """
        try:
            return plan(
                *(export.data() for export in delivery),
                known=self.roster,
                company=self.company,
                now=self.now,
                run=self.next_run,
                digests=digests,
            )
        except DeliveryRefused:
            reject()

    def deliver(self, delivery: Delivery) -> Plan:
        """Imports a delivery if the company's state allows it, and returns its plan (D8, B1, B3).

        A delivery that is recognised without reading is still planned, so that a test can check
        that reading it is needless.
        """
        delivered, run = self._delivered(delivery), self._run(RunKind.IMPORT)
        discarding = self._run(RunKind.DISCARD, number=-1)
        planned = self.plan(delivery)
        try:
            decision = decide_unread(self.state, run, delivered, discarding, self.now)
        except AlreadyHeld:
            return planned
        if decision is None:
            decision = decide_import(self.state, run, delivered, planned, discarding, self.now)
        self._end(decision, delivery, planned)
        return decision.plan or planned

    def approve(self) -> Plan | None:
        """Approves the held delivery, if there is one, and returns its plan (B2)."""
        held = self.state.held
        if held is None:
            return None
        planned, run = self.plan(self.waiting), self._run(RunKind.APPROVE)
        delivered = self._delivered(self.waiting)
        decision = decide_approval(self.state, run, held, delivered, planned, self.now)
        self._end(decision, self.waiting, planned)
        return decision.plan

    def insist(self, delivery: Delivery) -> Plan:
        """Imports a delivery, approves it as long as it is held, and returns its plan."""
        planned = self.deliver(delivery)
        while self.state.holds(self._delivered(delivery).key):
            planned = self.approve() or planned
        return planned

    def discard(self) -> None:
        """Discards the held delivery, if there is one (B2)."""
        if self.state.held is not None:
            run = self._run(RunKind.DISCARD)
            self._end(decide_discard(self.state, run, self.state.held.run, self.now))

    def recognises(self, delivery: Delivery) -> AppliedDelivery | None:
        """Returns the applied delivery that makes reading this one needless, or None (D8)."""
        applied = self.state.applied
        known = applied is not None and applied.delivery == self._delivered(delivery).key
        return applied if known else None

    def _delivered(self, delivery: Delivery) -> Delivered:
        files = tuple(
            FileInfo(name, len(data), self.now, hashlib.sha256(data).hexdigest())
            for name, data in ((name, export.data()) for name, export in named(delivery))
        )
        return Delivered(files, delivery_key((self.company.fingerprint(),), files))

    def _run(self, kind: RunKind, number: int = 0) -> RunContext:
        run = UUID(int=self.next_run.int + (number << 32))
        return RunContext(run, kind, self.company.key, self.now, "a test")

    # The clock and support

    def pass_clock(self) -> ClockPlan:
        """Runs the clock, and returns its plan."""
        due = [(self.roster.employee(entry), entry.digest) for entry in self.roster.entries]
        planned = plan_clock(due, Schedule(), Moment(self.next_run, self.now), self.now)
        if planned.changes:
            self._store(planned.changes, planned.counts, RunKind.CLOCK, Outcome.APPLIED)
        return planned

    def ask(self, asked: Ask) -> Change | None:
        """Performs a support request; returns its change, or None if there is none (S1-S11)."""
        employee = self.whom(asked)
        if employee is None:
            return None
        context = DecisionContext(self.company, Schedule(), Moment(self.next_run, self.now))
        command = asked.command(self.now.date(), self.employees)
        try:
            planned = plan_support(command, employee, self.roster, context)
        except CommandRejected:
            return None
        self._store(planned.changes, planned.counts, RunKind.SUPPORT, planned.outcome)
        return planned.changes[0] if planned.changes else None

    def whom(self, asked: Ask) -> Employee | None:
        """Returns the employee that a request is about, or None if the roster is empty."""
        employees = self.employees
        return employees[asked.who % len(employees)] if employees else None

    def every_answer(self, asked: Ask) -> Iterator[tuple[Ask, Self, Change]]:
        """Yields the result of each kind of request, in a copy of this life.

        Each request is about the first possible employee, counted from the one that `asked` names.
        """
        for what in sorted(set(_REQUESTS)):
            for who in range(len(self.roster.entries)):
                other = self.fork()
                one = asked._replace(what=what, who=asked.who + who)
                change = other.ask(one)
                if change is not None:
                    yield one, other, change
                    break

    # Storage

    def _store(
        self, changes: Sequence[Change], counts: Counts, kind: RunKind, outcome: Outcome
    ) -> None:
        """Stores a run that reads no delivery."""
        entries: dict[str, Entry] = {entry.employee: entry for entry in self.roster.entries}
        for change in changes:
            state = msgspec.json.encode(change.after)
            entries[change.after.id.hex] = entry_of(change.after, change.digest, state)
        self.roster = Roster(entries.values(), msgspec.json.Decoder(Employee).decode)
        self._remember(changes)
        ended = self._run(kind).ended(outcome, self.now, counts=counts)
        self.state = evolve(self.state, ended.run, ended.ended)

    def _end(self, decision: Decision, delivery: Delivery = (), plan: Plan | None = None) -> None:
        """Stores the runs of a decision."""
        ended = decision.ended.ended
        if plan is not None:
            self.issues[self.next_run] = plan.issues
            if ended.outcome is Outcome.HELD:
                self.waiting = delivery
            else:
                self.roster = roster_after(plan, self.roster)
                self._remember(plan.changes)
        for record in decision.runs:
            self.state = evolve(self.state, record.run, record.ended)

    def _remember(self, changes: Iterable[Change]) -> None:
        for change in changes:
            self.recorded[change.after.id] += change.events


# Values of cells

PEOPLE = (
    ("Anna", "Bakker"),
    ("Bram", "de Vries"),
    ("Cleo", "Smit"),
    ("Dirk", "Mulder"),
    ("Anna", "Bakker"),
)
"""The names of the employees. The first and the last employee have the same name."""
BIRTHDAYS = ("1990-05-17", "", "1991-06-18", "1990-05-17", "1992-07-19")
"""The birthdays of the employees. The first and the fourth employee have the same birthday."""
ADDRESSES = tuple(f"{name}@acme.example" for name in ("anna", "bram", "cleo", "dirk", "eva"))
EXTERNAL_IDS = ("7", "007", "A1", "a1", "9")
MANDATORY = ("email", "first_name", "last_name")
OPTIONAL = (
    "external_id",
    "offboarding_date",
    "onboarding_date",
    "group_name",
    "language",
    "birthday",
    "custom_note",
)
FEW = OPTIONAL[:2]
"""The optional columns of a company that sends only a few."""

_NEW_ADDRESSES = ("fay@acme.example", "gus@acme.example")
_ODD_ADDRESSES = ("ANNA@acme.example", " bram@acme.example ", "Cleo@Acme.Example", "", "nobody")
_BAD_DATES = ("2027-02-30", "1-3-2027")


def _day(days: int) -> str:
    return (TODAY + timedelta(days=days)).isoformat()


_CELLS: dict[str, tuple[str, ...]] = {
    "email": (*ADDRESSES, *ADDRESSES, *_NEW_ADDRESSES * 4, *_ODD_ADDRESSES),
    "first_name": ("Anna", "Hanna", "ánna", ""),
    "last_name": ("Bakker", "Visser", "van der Bakker", ""),
    "external_id": (*EXTERNAL_IDS, ""),
    "offboarding_date": (
        *("",) * 3,
        *map(_day, (-400, -5, -1, 0, 1, 10, 20, 29, 30, 31, 60, 60, 200)),
        _BAD_DATES[0],
    ),
    "onboarding_date": ("", *map(_day, (-300, -1, 0, 1, 10, 30, 90)), _BAD_DATES[1]),
    "group_name": ("", "Sales", "Sales", "Engineering", "sales"),
    "language": ("", "en", "NL", "de", "fr"),
    "birthday": ("", "1990-05-17", "1991-06-18", _BAD_DATES[0]),
    "custom_note": ("", "one, two", 'she said "yes"', "two\nlines"),
    SURPLUS: ("surplus",),
}
_ANYONE = tuple(range(len(PEOPLE)))


@lru_cache
def _one_of(values: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


def _plain(person: int, external_id: str) -> Cells:
    """Returns a row with names, birthday and address only, and any external id."""
    row = {"email": ADDRESSES[person], "external_id": external_id, **_someone(person)}
    return {name: cell for name, cell in row.items() if cell}


def _someone(person: int) -> Cells:
    """Returns the cells by which people recognise an employee (I9)."""
    first_name, last_name = PEOPLE[person]
    return {"first_name": first_name, "last_name": last_name, "birthday": BIRTHDAYS[person]}


@st.composite
def _edited(draw: st.DrawFn, row: Cells, optional: tuple[str, ...]) -> Cells:
    """Draws the row with another value in one cell, or about another employee (I9)."""
    columns = ("email", "email", *FEW, *FEW, *MANDATORY, *optional, SURPLUS, "somebody else")
    column = draw(_one_of(columns))
    if column == "somebody else":
        return {**row, **_someone(draw(_one_of(_ANYONE)))}
    cell = draw(_one_of(_CELLS[column]))
    return {name: said for name, said in {**row, column: cell}.items() if said}


@st.composite
def rows(draw: st.DrawFn, person: int, optional: tuple[str, ...] = OPTIONAL) -> Cells:
    """Draws a row about one employee, with up to two unusual cells."""
    own = EXTERNAL_IDS[person]
    row = _plain(person, draw(_one_of((own, own, own, ""))))
    for _ in range(draw(_one_of((0, 1, 1, 2)))):
        row = draw(_edited(row, optional))
    return row


@st.composite
def exports(draw: st.DrawFn, share: int = 3, optional: tuple[str, ...] = OPTIONAL) -> Export:
    """Draws a file about some employees (`share` of four), with any of the optional columns."""
    columns = draw(_columns(optional))
    found = [
        draw(rows(person, optional))
        for person in _ANYONE
        if draw(_one_of((True,) * share + (False,) * (4 - share)))
    ]
    return _export(columns, draw(_with_additions(found, optional)))


def _export(columns: tuple[str, ...], found: Iterable[Cells]) -> Export:
    """Returns a file of these rows, with one more row if all rows are blank.

    The row is added because a file without data is refused.
    """
    export = Export(columns, tuple(found))
    if export.filled():
        return export
    return Export(columns, (*export.rows, {"email": "nobody"}))


@st.composite
def _columns(draw: st.DrawFn, optional: tuple[str, ...]) -> tuple[str, ...]:
    absent = draw(_one_of((*((),) * 4, *((name,) for name in optional), optional[1:], optional)))
    return (*MANDATORY, *(name for name in optional if name not in absent))


@st.composite
def _with_additions(
    draw: st.DrawFn, found: Sequence[Cells], optional: tuple[str, ...]
) -> list[Cells]:
    """Draws the rows, sometimes with one addition.

    The addition is a row about an employee, a copy of a row (sometimes with its address in
    capitals), or a blank line.
    """
    kind = draw(_one_of((*("none",) * 4, "more", "more", "same", "louder", "blank")))
    if kind == "none" or not found:
        return list(found)
    row = found[draw(st.integers(0, len(found) - 1))]
    if kind == "more":
        row = draw(rows(draw(_one_of(_ANYONE)), optional))
    elif kind == "louder":
        row = {**row, "email": f" {row.get('email', '').upper()} "}
    elif kind == "blank":
        row = {}
    place = draw(st.integers(0, len(found)))
    return [*found[:place], row, *found[place:]]


@st.composite
def deliveries(
    draw: st.DrawFn, before: Delivery = (), optional: tuple[str, ...] = OPTIONAL
) -> Delivery:
    """Draws one to three files: mostly one file, and mostly an amended form of `before`."""
    if before:
        kind = draw(_one_of(("amended", "amended", "same", "more", "fewer", "new")))
        if kind == "same":
            return before
        if kind == "amended":
            return tuple([draw(_amended(export, optional)) for export in before])
        if kind == "more" and len(before) < 3:
            return (*before, draw(exports(2, optional)))
        if kind == "fewer" and len(before) > 1:
            return before[1:]
    shares = draw(_one_of(((3,), (3,), (3, 2), (2, 2, 1))))
    return tuple([draw(exports(share, optional)) for share in shares])


@st.composite
def _amended(draw: st.DrawFn, before: Export, optional: tuple[str, ...]) -> Export:
    """Draws the same export as it is some time later."""
    columns = draw(_columns(optional)) if draw(_one_of((False,) * 7 + (True,))) else before.columns
    found: list[Cells] = []
    for row in before.rows:
        kind = draw(_one_of((*("same",) * 6, *("edited",) * 3, "gone")))
        if kind == "edited":
            found.append(draw(_edited(row, optional)))
        elif kind != "gone":
            found.append(row)
    passed = draw(_one_of((*((),) * 6, ("email",), ("external_id",), tuple(_someone(0)))))
    found = _passed_on(found, passed)
    return _export(columns, draw(_with_additions(found, optional)))


def _passed_on(found: Sequence[Cells], columns: tuple[str, ...]) -> list[Cells]:
    """Returns the rows, each with the cells of the row before it in `columns`.

    Two rows swap these cells; more rows pass them round in a ring.
    """
    passed = [{column: row.get(column, "") for column in columns} for row in found]
    return [
        {**row, **cells} if row else row
        for row, cells in zip(found, passed[-1:] + passed[:-1], strict=True)
    ]


# Policies and stories


_THRESHOLDS = ("10%", "10%", 0, 1, 2, "0%")
"""The limits of the safeguard.

A company has so few employees that a percentage holds only a file of bad rows. A plain number
holds other files too.
"""


def policies() -> st.SearchStrategy[dict[str, Any]]:
    """Returns a strategy for policies, with every choice that the rules leave to a company.

    A limit that is a plain number above 0 holds more than one or two changes.
    """
    return st.fixed_dictionaries(
        {
            "short_notice": st.sampled_from(("warn", "warn", "reject")),
            "unknown_group": st.sampled_from(("warn", "warn", "reject")),
            "other_person": st.sampled_from(("reject", "reject", "warn")),
            "blank_offboarding": st.sampled_from(("keep", "keep", "cancel")),
            "blank_cells": st.sampled_from(("keep", "clear")),
            "max_offboardings": st.sampled_from(_THRESHOLDS),
            "max_email_changes": st.sampled_from(_THRESHOLDS),
            "max_registrations": st.sampled_from(_THRESHOLDS),
            "max_rejected_rows": st.sampled_from(_THRESHOLDS),
        }
    )


def waits() -> st.SearchStrategy[Wait]:
    """Returns a strategy for waits from one hour to 90 days."""
    return st.sampled_from([Wait(hours) for hours in (1, 12, 21, 24, 24 * 8, 24 * 35, 24 * 90)])


_REQUESTS = (
    *("change-email",) * 3,
    "link",
    "reactivate",
    "reactivate",
    "reactivate-until",
    "move-onboarding",
    "schedule",
    "cancel",
    "deactivate",
    "deactivate",
    "correct",
    "correct",
    "rehire",
    "rehire-anew",
    "release",
    "release",
    "relink",
    "unlink",
    "merge",
)
_CORRECTIONS = (
    (("first_name", "Hanna"),),
    (("first_name", "Bram"), ("last_name", "de Vries")),
    (("birthday", "1991-06-18"),),
    (("birthday", ""), ("group_name", "Sales")),
    (("custom_note", "corrected"), ("language", "de")),
)


def requests(*kinds: str) -> st.SearchStrategy[Ask]:
    """Returns a strategy for support requests of these kinds, by default of all kinds."""
    return st.builds(
        Ask,
        what=st.sampled_from(kinds or _REQUESTS),
        who=st.integers(0, 5),
        address=st.sampled_from((*_NEW_ADDRESSES, *ADDRESSES, "ANNA@acme.example")),
        external_id=st.sampled_from(EXTERNAL_IDS),
        days=st.sampled_from((-30, -1, 0, 1, 20, 60)),
        other=st.integers(1, 4),
        values=st.sampled_from(_CORRECTIONS),
    )


@st.composite
def beginnings(draw: st.DrawFn, optional: tuple[str, ...]) -> Delivery:
    """Draws the first delivery of a company: one plain row for each employee.

    In some draws one employee has an onboarding date in the future.
    """
    some = draw(_one_of((False, False, True)))
    ids = [draw(_one_of((own, ""))) if some else own for own in EXTERNAL_IDS]
    plain = [_plain(person, ids[person]) for person in _ANYONE]
    awaited = draw(_one_of((None, None, 0, 3)))
    columns = (*MANDATORY, *FEW, *(name for name in optional if name == "birthday"))
    if awaited is None:
        return (Export(columns, tuple(plain)),)
    plain[awaited] = {**plain[awaited], "onboarding_date": draw(_one_of((_day(10), _day(90))))}
    return (Export((*columns, "onboarding_date"), tuple(plain)),)


_OTHERWISE = ("wait", "clock", "agree", "approve")


@st.composite
def stories(draw: st.DrawFn, max_steps: int = 6) -> Story:
    """Draws a policy, the steps of the company so far, and the delivery that comes next."""
    policy = draw(policies())
    optional = draw(_one_of((FEW, OPTIONAL)))
    delivery: Delivery = draw(beginnings(optional)) if draw(_one_of((True, True, False))) else ()
    steps: list[Step] = [Deliver(delivery)] if delivery else []
    for _ in range(draw(_one_of((*range(1, max_steps), 0)))):
        kind = draw(_one_of((*("deliver",) * 4, *("ask",) * 3, *_OTHERWISE)))
        if kind == "deliver" or not delivery:
            delivery = draw(deliveries(delivery, optional))
            steps.append(Deliver(delivery))
            # An approval or a discard has no effect if no delivery is held.
            steps += draw(_one_of(((Approve(),), (Approve(),), (), (Wait(1),), (Discard(),))))
        elif kind == "ask":
            steps.append(draw(requests()))
        elif kind == "clock":
            steps += [draw(waits()), PassClock()]
        elif kind == "approve":
            steps.append(Approve())
        else:
            steps.append(draw(waits()) if kind == "wait" else Agree(draw(policies())))
    return Story(policy, tuple(steps), draw(deliveries(delivery, optional)))
