"""D3: several files in one delivery, compared with importing the files one by one.

Deliveries are drawn at random from few addresses, external ids, names and dates, so that rows of
different files are about the same employee. A failure shows the seed of the delivery.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec
import pytest

from domain.addresses import address_of
from domain.company import Company
from domain.context import Moment
from domain.delivery.plan import Plan, RowOutcome
from domain.delivery.records import DeliveryRefused
from domain.employee.aggregate import Employee
from domain.employee.clock import plan_clock
from domain.employee.events import EmailChanged
from domain.employee.roster import Roster
from domain.ids import run_id
from domain.schedule import Schedule
from tests.given import NOW, a_company, after, codes, day, file_of, kinds, plan, registered, then
from tests.strategies import TORTURE

COUNT = 100_000 if TORTURE else 1_200
"""The number of random deliveries."""
BATCH = 200
"""The number of random deliveries in one test."""
FIRST_SEED = random.SystemRandom().randrange(10**9) if TORTURE else 0

ADDRESSES = ("a@x.example", "b@x.example", "c@x.example", "d@x.example")
EXTERNAL_IDS = ("1", "2", "01", "", "")
FIRST_NAMES = ("Ann", "Bob", "Cleo")
LAST_NAMES = ("Lee", "Day", "Mol")
BIRTHDAYS = ("", "", "1990-01-01", "1991-01-01")
LAST_DAYS = (None, None, None, -5, 10, 60)
FIRST_DAYS = (None, None, None, -30, 20)
NO_SAFEGUARD = dict.fromkeys(
    ("max_offboardings", "max_email_changes", "max_registrations", "max_rejected_rows"), 0
)


class File(NamedTuple):
    """One file: its columns, and its rows as text."""

    columns: str
    rows: Sequence[str]

    @property
    def content(self) -> bytes:
        return file_of(self.columns, *self.rows)


class Story(NamedTuple):
    """A company with some employees, and a delivery of one to three files, oldest first."""

    company: Company
    known: Roster
    files: Sequence[File]
    dice: random.Random


def story(seed: int) -> Story:
    """Returns the story of a seed."""
    dice = random.Random(seed)
    policy = {
        "short_notice": dice.choice(("warn", "reject")),
        "blank_cells": dice.choice(("keep", "clear")),
    }
    company = a_company(policy=NO_SAFEGUARD | policy)
    known: list[Employee] = []
    for number in range(dice.randint(0, 2)):
        known = imported([a_file(dice)], known, company, run=number)
    files = [a_file(dice) for _ in range(dice.choice((1, 2, 2, 2, 3)))]
    return Story(company, Roster.of(known), files, dice)


def a_file(dice: random.Random) -> File:
    optional = ("offboarding_date", "birthday", "onboarding_date")
    columns = [*(name for name in optional if dice.random() < 0.5)]
    rows = [a_row(dice, columns) for _ in range(dice.randint(1, 3))]
    return File(",".join(("email", "first_name", "last_name", "external_id", *columns)), rows)


def a_row(dice: random.Random, columns: Sequence[str]) -> str:
    drawn = {
        "offboarding_date": a_day(dice.choice(LAST_DAYS)),
        "birthday": dice.choice(BIRTHDAYS),
        "onboarding_date": a_day(dice.choice(FIRST_DAYS)),
    }
    names = dice.choice(FIRST_NAMES), dice.choice(LAST_NAMES)
    cells = (dice.choice(ADDRESSES), *names, dice.choice(EXTERNAL_IDS))
    return ",".join((*cells, *(drawn[name] for name in columns)))


def a_day(days: int | None) -> str:
    return "" if days is None else (NOW + timedelta(days=days)).date().isoformat()


def planned(
    files: Sequence[File],
    known: Roster | Sequence[Employee],
    company: Company,
    *,
    run: int = 9,
    now: datetime = NOW,
) -> Plan:
    number = run_id(int(now.timestamp() * 1000), run)
    contents = [each.content for each in files]
    return plan(*contents, known=known, company=company, now=now, run=number)


def imported(
    files: Sequence[File], known: Sequence[Employee], company: Company, *, run: int
) -> list[Employee]:
    return after(planned(files, known, company, run=run), known)


def people(roster: Roster) -> list[Employee]:
    return [roster.employee(entry) for entry in roster.entries]


def identities(known: Sequence[Employee]) -> list[tuple[str, str, str]]:
    """Returns the values that must be the same as after importing the files one by one.

    The values are the address of the account, the address in the file, and the external id.
    """
    return sorted(
        (address_of(one.email), address_of(one.file_email), one.external_id or "") for one in known
    )


def contents(known: Sequence[Employee]) -> list[bytes]:
    """Returns all fields of all employees, except the id, the version and the effective moment."""
    told = []
    for one in known:
        fields = msgspec.structs.asdict(one)
        for name in ("id", "version", "effective"):
            del fields[name]
        told.append(msgspec.json.encode(fields, order="sorted"))
    return sorted(told)


def spares_accounts(found: Plan) -> bool:
    """Returns whether D3 explains why a plan makes other accounts than importing one by one.

    A new employee whose last day has passed gets no account, whatever an older file contains (L2).
    An older row does not register an employee that a newer row has, by names and birthday.
    """
    superseded = any(
        result.outcome is RowOutcome.SKIPPED and "superseded-row" in codes(result.issues)
        for result in found.results
    )
    return "already-left" in codes(found) or superseded


BATCHES = [range(first, first + BATCH) for first in range(FIRST_SEED, FIRST_SEED + COUNT, BATCH)]


@pytest.mark.torture
@pytest.mark.parametrize("seeds", BATCHES, ids=lambda seeds: f"seeds from {seeds.start}")
def test_several_files_mean_what_they_mean_one_by_one_and_mean_it_again(seeds: range) -> None:
    """D3: The same files again yield no event, and the order of rows does not matter.

    Accounts, addresses and external ids are those of importing the files one by one, wherever
    importing them one by one twice has the same result as once.
    """
    refused, unexplained = 0, list[int]()
    for seed in seeds:
        # given
        company, roster, files, dice = story(seed)
        known = people(roster)

        # when
        try:
            found = planned(files, roster, company)
        except DeliveryRefused as contradiction:
            assert codes(contradiction.issues) == ["contradictory-files"], seed
            refused += 1
            continue
        applied = after(found, known)

        # then the same files again yield no event
        assert kinds(planned(files, applied, company, run=10)) == [], seed

        # then the same files yield no event after a change of another employee
        other = registered("z@x.example,Zoe,Zorn,99", "email,first_name,last_name,external_id")
        assert kinds(planned(files, [*applied, other], company, run=10)) == [], seed

        # then the order of rows does not matter
        shuffled = [File(each.columns, dice.sample(each.rows, len(each.rows))) for each in files]
        otherwise = planned(shuffled, roster, company)
        assert otherwise.counts == found.counts, seed
        assert contents(after(otherwise, known)) == contents(applied), seed

        # then the result is that of importing one by one, where that result is stable
        once = one_by_one(files, known, company)
        if contents(one_by_one(files, once, company)) != contents(once):
            continue
        same = identities(applied) == identities(once)
        if not same and not spares_accounts(found):
            unexplained.append(seed)
    assert refused <= 2
    # A few of 10,000: an employee has left only according to two files together (L2), or a row of
    # an older file registers nobody, so that another person gets the address (D3, I9).
    assert len(unexplained) <= 2, unexplained


def one_by_one(files: Sequence[File], known: list[Employee], company: Company) -> list[Employee]:
    for number, each in enumerate(files, 100 + len(known)):
        known = imported([each], known, company, run=number)
    return known


@pytest.mark.torture
@pytest.mark.parametrize("seeds", BATCHES[: len(BATCHES) // 4], ids=str)
def test_several_files_mean_the_same_while_only_the_clock_runs(seeds: range) -> None:
    """D3, C1: The same files again yield no event at a later pick-up, also after deactivations.

    In a few of 10,000 random deliveries an older row changes its meaning when the employee that
    the row was about is deactivated, or a row that was rejected before has a last day that is noted
    then (L6). After that, there is no further event.
    """
    changed = 0
    for seed in seeds:
        # given
        company, roster, files, dice = story(seed)
        if company.policy.short_notice == "reject":
            continue  # time alone turns a last day that is too near into one that has passed
        try:
            applied = after(planned(files, roster, company), people(roster))
        except DeliveryRefused:
            continue
        now = NOW + timedelta(days=dice.choice((1, 8, 15, 70)))
        due = [(employee, None) for employee in applied]
        moment = Moment(run_id(int(now.timestamp() * 1000), 50), now)
        passed = {
            one.after.id: one.after for one in plan_clock(due, Schedule(), moment, now).changes
        }
        later = [passed.get(employee.id, employee) for employee in applied]

        # when
        again = planned(files, later, company, run=51, now=now)

        # then
        if set(kinds(again)) - {"file-noted"}:
            changed += 1
        if kinds(again):
            quiet = planned(files, after(again, later), company, run=52, now=now)
            assert kinds(quiet) == [], seed
    assert changed <= 1


# Deliveries that broke the rules before, each with its right result

DATES = "email,first_name,last_name,offboarding_date,external_id"
IDS = "email,first_name,last_name,external_id"


def test_a_newer_row_decides_alone_whether_a_newcomer_has_left() -> None:
    """D3, L2: A new employee who has left according to the newest file gets no account, in any
    order of rows, and the same files again yield no event."""
    # given
    now = NOW.replace(month=1, day=5)
    rows = ("d@x.example,Dan,Day,2027-01-01,2", "g@x.example,Gus,Gray,,01")
    newer = file_of(DATES, "d@x.example,Gus,Gray,2027-01-01,01")

    for order in (rows, rows[::-1]):
        # when
        found = plan(file_of(DATES, *order), newer, now=now)

        # then
        assert kinds(found) == []
        assert found.counts.skipped == 3
        assert kinds(plan(file_of(DATES, *order), newer, now=now, known=after(found))) == []


def test_a_superseded_row_is_not_rejected_for_a_date_of_its_own() -> None:
    """D3, L6: After an employee left on the date of the newer file, the date of the older file is
    not rejected."""
    # given
    files = (
        file_of(DATES, "a@x.example,Ann,Lee,2027-06-30,1"),
        file_of(DATES, "a@x.example,Ann,Lee,2027-05-31,1"),
    )
    (ann,) = after(plan(*files))
    now = NOW.replace(month=6, day=2)
    moment = Moment(run_id(int(now.timestamp() * 1000), 1), now)
    (left,) = plan_clock([(ann, None)], Schedule(), moment, now).changes

    # when
    found = plan(*files, known=[left.after], now=now)

    # then
    assert ann.offboarding_date == day("2027-05-31")
    assert codes(found) == ["several-files", "superseded-row"]
    assert kinds(found) == []


def test_an_older_newcomer_keeps_the_address_that_a_newer_row_wants() -> None:
    """D3, I2: As with importing one by one, Bob gets an account, and the employee with external
    id 1 keeps the address."""
    # given
    older = file_of(IDS, "b@x.example,Bob,Day,", "f@x.example,Fay,Mol,1")
    newer = file_of(IDS, "b@x.example,Fay,Mol,1")

    # when
    found = plan(older, newer)

    # then
    assert identities(after(found)) == [
        ("b@x.example", "b@x.example", ""),
        ("f@x.example", "f@x.example", "1"),
    ]
    assert codes(found) == ["several-files", "email-taken"]
    assert kinds(plan(older, newer, known=after(found))) == []


def test_an_older_row_at_a_former_address_registers_nobody() -> None:
    """D3: A row of an older file does not register an employee that a newer file has under another
    address, at this pick-up and at the next."""
    # given
    (ann,) = after(plan(file_of(IDS, "ann.lee@x.example,Ann,Lee,17")))
    files = (
        file_of(IDS, "ann.lee@x.example,Ann,Lee,"),
        file_of(IDS, "ann.day@x.example,Ann,Day,17"),
    )

    # when
    found = plan(*files, known=[ann])
    again = plan(*files, known=after(found, [ann]))

    # then
    assert identities(after(found, [ann])) == [("ann.day@x.example", "ann.day@x.example", "17")]
    assert (kinds(again), codes(again)) == ([], ["several-files", "superseded-row"])


def test_an_older_row_is_applied_if_the_newer_row_of_its_external_id_is_rejected() -> None:
    """D3, I2: A new employee gets an account at the address of the older file if the newer file
    gives the employee a taken address."""
    # given
    cleo = registered("c@x.example,Cleo,Smit,1", IDS)
    older = file_of(IDS, "h@x.example,Hanna,Vries,7")
    newer = file_of(IDS, "c@x.example,Hanna,Vries,7")

    # when
    found = plan(older, newer, known=[cleo])

    # then
    assert identities(after(found, [cleo])) == [
        ("c@x.example", "c@x.example", "1"),
        ("h@x.example", "h@x.example", "7"),
    ]
    assert codes(found) == ["several-files", "email-taken"]


def test_an_older_row_is_applied_if_the_newer_row_means_no_known_employee() -> None:
    """D3, I3: A newer row with an unknown external id at the address of another employee does not
    supersede an older row of the same names."""
    # given
    bram = registered("b@x.example,Bram,Vries,1", IDS)
    older = file_of(IDS, "e@x.example,Anna,Bakker,")
    newer = file_of(IDS, "b@x.example,Anna,Bakker,9")

    # when
    found = plan(older, newer, known=[bram])

    # then
    assert identities(after(found, [bram])) == [
        ("b@x.example", "b@x.example", "1"),
        ("e@x.example", "e@x.example", ""),
    ]
    assert codes(found) == ["several-files", "external-id-conflict", "other-person"]


def test_an_older_row_at_an_address_that_support_gave_away_changes_nobody() -> None:
    """D3, L8: Dirk has moved, and support gave his former address to Cleo. The older file still has
    Dirk at this address, and does not turn Cleo into Dirk."""
    # given
    files = (
        file_of(IDS, "d@x.example,Dirk,Mulder,", "c@x.example,Cleo,Smit,"),
        file_of(IDS, "f@x.example,Dirk,Mulder,2"),
    )
    dirk = registered("f@x.example,Dirk,Mulder,2", IDS)
    cleo = then(registered("c@x.example,Cleo,Smit,", IDS, position=2), EmailChanged("d@x.example"))

    # when
    found = plan(*files, known=[cleo, dirk])

    # then
    assert kinds(found) == []
    assert codes(found) == ["several-files", "superseded-row"]


def test_files_that_contradict_each_other_are_refused_with_their_rows() -> None:
    """D3: A delivery whose files would change employees at every pick-up is refused.

    The employee with external id 1 has left according to the second file, and the third file
    gives the first address of that employee to another employee.
    """
    # given
    columns = "email,first_name,last_name,external_id,offboarding_date"
    files = (
        file_of(columns, "c@x.example,Cleo,Day,1,"),
        file_of(columns, "a@x.example,Bob,Day,1,2027-02-24"),
        file_of(columns, "c@x.example,Ann,Day,,"),
    )

    # when
    with pytest.raises(DeliveryRefused) as refused:
        plan(*files)

    # then
    (issue,) = refused.value.issues
    assert issue.code == "contradictory-files"
    assert "alleo_employees_0.csv line 2" in issue.message
