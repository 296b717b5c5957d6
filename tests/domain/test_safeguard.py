"""B1: which deliveries the safeguard holds, and which it does not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from functools import cache
from typing import Any

import msgspec
import pytest

from domain.company import Policy
from domain.delivery.plan import Plan
from domain.employee.aggregate import Employee
from domain.employee.events import (
    Deactivated,
    EmailChanged,
    OffboardingCancelled,
    OffboardingMoved,
    OffboardingScheduled,
)
from domain.employee.roster import Roster
from domain.issues.issue import Issue
from domain.outcome import Outcome
from tests.given import NOW, a_company, after, codes, day, kinds, moment, plan, roster_after, then

HEADER = "external_id,email,first_name,last_name,onboarding_date,offboarding_date"
SOON, LATE, LATER = "2027-06-30", "2027-08-31", "2027-09-30"
STARTS = "2027-04-01"
LONG_AGO = moment("2026-01-05 02:45")
MEASURES = ("offboardings", "email-changes", "registrations", "rejected-rows")


def row(
    number: int, *, email: str | None = None, onboarding: str = "", offboarding: str = ""
) -> str:
    address = f"p{number}@acme.example" if email is None else email
    return f"E{number},{address},Pat,No{number},{onboarding},{offboarding}"


def file(rows: Iterable[str]) -> str:
    return "\n".join((HEADER, *rows, ""))


@cache
def everybody(count: int, onboarding: str = "", offboarding: str = "") -> Sequence[Employee]:
    """So many employees, registered by a file more than a year ago."""
    rows = [row(n, onboarding=onboarding, offboarding=offboarding) for n in range(count)]
    return tuple(after(plan(file(rows), now=LONG_AGO))) if rows else ()


def delivery(rows: Iterable[str], known: Iterable[Employee] | Roster, **policy: Any) -> Plan:
    return plan(
        file(rows),
        known=known if isinstance(known, Roster) else list(known),
        company=a_company(policy=policy),
    )


def doing(what: str, count: int, of: int, **policy: Any) -> Plan:
    """The plan that does `what` to `count` of `of`: employees, or rows where they are rejected."""
    rows = [row(number) for number in range(of)]
    match what:
        case "offboardings":
            rows[:count] = [row(number, offboarding=SOON) for number in range(count)]
        case "email-changes":
            rows[:count] = [row(n, email=f"other{n}@acme.example") for n in range(count)]
        case "registrations":
            rows += [row(number) for number in range(of, of + count)]
        case "rejected-rows":
            rows[:count] = [row(number, email="nobody") for number in range(count)]
    found = delivery(rows, everybody(of), **policy)
    done = {
        "offboardings": kinds(found).count("offboarding-scheduled"),
        "email-changes": kinds(found).count("email-changed"),
        "registrations": found.counts.registered,
        "rejected-rows": found.counts.rejected,
    }
    assert done == dict.fromkeys(MEASURES, 0) | {what: count}
    return found


def held_for(found: Plan) -> list[str]:
    """What holds the plan, which is held exactly if anything does."""
    assert (found.outcome is Outcome.HELD) == bool(found.concerns)
    return codes(found.concerns)


# Each measure at its limit

LIMITS = [
    # So few are no mistake, in however small a company.
    ("offboardings", 6, 5),
    ("offboardings", 10, 5),
    ("offboardings", 50, 5),
    # A share is a limit as well where it comes between two numbers.
    ("offboardings", 59, 5),
    ("offboardings", 60, 6),
    ("offboardings", 69, 6),
    ("offboardings", 120, 12),
    ("email-changes", 10, 5),
    ("email-changes", 59, 5),
    ("email-changes", 60, 6),
    ("email-changes", 120, 12),
    ("registrations", 1, 50),
    ("registrations", 100, 50),
    ("registrations", 101, 50),
    ("registrations", 102, 51),
    ("registrations", 150, 75),
    ("rejected-rows", 6, 5),
    ("rejected-rows", 25, 5),
    ("rejected-rows", 29, 5),
    ("rejected-rows", 30, 6),
    ("rejected-rows", 100, 20),
]


@pytest.mark.parametrize(("what", "base", "limit"), LIMITS)
@pytest.mark.parametrize("beyond", [-1, 0, 1])
def test_a_delivery_is_held_only_above_a_limit(
    what: str, base: int, limit: int, beyond: int
) -> None:
    """B1: A delivery is held when it exceeds one of the four default limits, and not when it only
    reaches it.
    """
    # when
    found = doing(what, limit + beyond, base)

    # then
    assert held_for(found) == ([f"many-{what}"] if beyond > 0 else [])


@pytest.mark.parametrize(
    ("what", "count", "base", "facts"),
    [
        ("offboardings", 8, 70, "8 employees would get a last day, or an earlier one, more than 7"),
        ("email-changes", 9, 80, "address, more than 8, and 80 can log in"),
        (
            "registrations",
            76,
            150,
            "76 employees would be new, more than 75, beside 150 that are known",
        ),
        ("rejected-rows", 7, 30, "7 of 30 rows"),
    ],
)
def test_the_issue_of_a_held_delivery_names_the_count_the_total_the_limit_and_five_examples(
    what: str, count: int, base: int, facts: str
) -> None:
    """B1, B2: The issue of a held delivery names the count, the total, the limit and five examples.
    It is about no file, line or person, and it is told once.
    """
    # when
    found = doing(what, count, base)

    # then
    (concern,) = found.concerns
    limit = {"offboardings": 7, "email-changes": 8, "registrations": 75, "rejected-rows": 6}[what]
    assert facts in concern.message
    assert f", more than {limit}" in concern.message
    examples = concern.message.partition("for example ")[2].partition(";")[0]
    assert len(re.split(", | and ", examples)) == 5
    assert concern == Issue(concern.severity, f"many-{what}", concern.message)
    assert (concern.severity, concern.lasting) == ("warning", False)
    assert concern not in found.issues


def test_a_held_plan_contains_everything_that_it_would_do() -> None:
    """B2: The plan of a held delivery has the same events, counts and issues as the plan that would
    be applied.
    """
    # when
    free, held = (doing("offboardings", 6, 10, max_offboardings=limit) for limit in (0, "10%"))

    # then
    assert (free.outcome, held.outcome) == (Outcome.APPLIED, Outcome.HELD)
    assert [change.events for change in held.changes] == [change.events for change in free.changes]
    assert (held.counts, held.issues) == (free.counts, free.issues)


# The company's own limits

POLICY = {
    "offboardings": "max_offboardings",
    "email-changes": "max_email_changes",
    "registrations": "max_registrations",
    "rejected-rows": "max_rejected_rows",
}


@pytest.mark.parametrize("what", MEASURES)
@pytest.mark.parametrize(("limit", "beyond"), [(1, 0), (1, 1), (3, 0), (3, 1), (9, 0), (9, 1)])
def test_a_number_is_the_limit_itself(what: str, limit: int, beyond: int) -> None:
    """B1: A number in the company's policy is the limit itself, below and above the default."""
    # when
    found = doing(what, limit + beyond, 12, **{POLICY[what]: limit})

    # then
    assert held_for(found) == ([f"many-{what}"] if beyond else [])


@pytest.mark.parametrize("what", MEASURES)
@pytest.mark.parametrize(
    ("share", "least", "most"),
    [("0%", 5, 50), ("1%", 5, 50), ("50%", 30, 50), ("100%", 60, 60), ("200%", 60, 120)],
)
def test_a_percentage_in_the_policy_replaces_the_default_percentage(
    what: str, share: str, least: int, most: int
) -> None:
    """B1: A percentage in the company's policy replaces the default one. The lowest possible limit
    stays.
    """
    # given
    new = what == "registrations"
    limit = most if new else least

    # when / then
    assert held_for(doing(what, limit, 60, **{POLICY[what]: share})) == []
    if limit < 60 or new:
        assert held_for(doing(what, limit + 1, 60, **{POLICY[what]: share})) == [f"many-{what}"]


@pytest.mark.parametrize("what", MEASURES)
def test_zero_switches_one_measure_off(what: str) -> None:
    """B1: The number `0` in the policy switches this measure off and no other."""
    # given
    everything = 300 if what == "registrations" else 60

    off = doing(what, everything, 60, **{POLICY[what]: 0})

    # when
    others_off = {key: 0 for name, key in POLICY.items() if name != what}
    on = doing(what, everything, 60, **others_off)

    # then
    assert (held_for(off), off.outcome == "held") == ([], False)
    assert held_for(on) == [f"many-{what}"]


@pytest.mark.parametrize(
    "limit", ["10", "%", "10%\n", "-1%", "1.5%", "10 %", "10000%", -1, 1.5, True, None]
)
@pytest.mark.parametrize("key", POLICY.values())
def test_a_limit_must_be_a_whole_number_or_a_percentage(key: str, limit: object) -> None:
    """B1: A limit in the policy is a whole number or a percentage. Everything else is an error."""
    # when / then
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({key: limit}, Policy)


# What counts, and what does not

COUNTED: dict[str, tuple[Iterable[Employee], Callable[[int], str], str, str]] = {
    "B1: a last day of a pending employee": (
        everybody(6, STARTS),
        lambda n: row(n, offboarding=SOON),
        "offboarding-scheduled",
        "many-offboardings",
    ),
    "B1: an earlier last day": (
        everybody(6, offboarding=LATE),
        lambda n: row(n, offboarding=SOON),
        "offboarding-moved",
        "many-offboardings",
    ),
    "B1: not a later one": (
        everybody(6, offboarding=LATE),
        lambda n: row(n, offboarding=LATER),
        "offboarding-moved",
        "",
    ),
    "B1: one that is earlier than that of support, though later than that of the file": (
        [
            then(each, OffboardingMoved(day("2028-01-01")))
            for each in everybody(6, offboarding=SOON)
        ],
        lambda n: row(n, offboarding=LATER),
        "offboarding-moved",
        "many-offboardings",
    ),
    "B1, L8: not one that repeats what support set": (
        [then(each, OffboardingScheduled(day(SOON))) for each in everybody(6)],
        lambda n: row(n, offboarding=SOON),
        "file-noted",
        "",
    ),
    "B1, L5: not one that repeats what support cancelled": (
        [then(each, OffboardingCancelled()) for each in everybody(6, offboarding=SOON)],
        lambda n: row(n, offboarding=SOON),
        "",
        "",
    ),
    "B1: not that of a new employee": (
        everybody(6),
        lambda n: row(n + 20, offboarding=SOON),
        "registered offboarding-scheduled",
        "",
    ),
    "B1, D7: not absence": (everybody(60), lambda n: row(0), "", ""),
    "B1, I1: not an address in another case": (
        everybody(6),
        lambda n: row(n, email=f"P{n}@ACME.example"),
        "",
        "",
    ),
    "B1, I2: addresses that change places": (
        everybody(6),
        lambda n: row(n, email=f"p{(n + 1) % 6}@acme.example"),
        "email-changed",
        "many-email-changes",
    ),
    "B1, L8: not an address that repeats what support set": (
        [then(each, EmailChanged(f"new{n}@acme.example")) for n, each in enumerate(everybody(6))],
        lambda n: row(n, email=f"new{n}@acme.example"),
        "file-noted",
        "",
    ),
    "B1: rejected rows of a first delivery too": (
        (),
        lambda n: row(n, email="nobody"),
        "",
        "many-rejected-rows",
    ),
    "B1, L6: rows that are rejected for a deactivated employee": (
        [then(each, Deactivated()) for each in everybody(6)],
        lambda n: row(n, offboarding=SOON),
        "",
        "many-rejected-rows",
    ),
    "B1: one employee may count twice": (
        everybody(6),
        lambda n: row(n, email=f"other{n}@acme.example", offboarding=SOON),
        "email-changed offboarding-scheduled",
        "many-offboardings many-email-changes",
    ),
    "B1: not a delivery that changes nothing": (everybody(6), row, "", ""),
}
"""Six employees, what each row says of them, the kinds of events, and why the delivery is held."""


@pytest.mark.parametrize(("known", "says", "events", "held"), COUNTED.values(), ids=COUNTED)
def test_six_of_what_counts_hold_a_delivery(
    known: Iterable[Employee], says: Callable[[int], str], events: str, held: str
) -> None:
    """B1: Six employees of whom a delivery says what counts hold it, and what does not count does
    not.
    """
    # when
    found = delivery([says(number) for number in range(6)], known, max_shrinkage=0)

    # then
    assert sorted(set(kinds(found))) == sorted(events.split())
    assert held_for(found) == held.split()


def test_a_last_day_that_support_cancelled_counts_after_a_blank() -> None:
    """B1, L5: After a blank, a last day that support cancelled is scheduled again, and counts."""
    # given
    stay = [then(each, OffboardingCancelled()) for each in everybody(6, offboarding=SOON)]

    # when
    blank = delivery([row(number) for number in range(6)], stay)
    again = delivery([row(number, offboarding=SOON) for number in range(6)], after(blank, stay))

    # then
    assert (held_for(blank), held_for(again)) == ([], ["many-offboardings"])


@pytest.mark.parametrize(
    ("known", "last_day", "done"),
    [((), "", "registered"), (everybody(10), "2027-02-01", "skipped")],
)
def test_a_first_delivery_and_people_without_an_account_are_no_registrations(
    known: Sequence[Employee], last_day: str, done: str
) -> None:
    """B1, L2: The registrations of a company without employees hold nothing, and whoever has left
    gets no account.
    """
    # when
    rows = [row(number, offboarding=last_day) for number in range(100, 300)]
    found = delivery(rows, known, max_already_left=0)

    # then
    assert (getattr(found.counts, done), held_for(found)) == (200, [])


# Offboardings


def test_the_percentage_of_offboardings_counts_employees_who_can_log_in() -> None:
    """B1: The percentage for offboardings counts the employees who can log in: neither the pending
    nor the deactivated ones.
    """
    # given
    here = [*everybody(60)][:58]
    leaving = [then(each, OffboardingScheduled(day(LATER)), line=2) for each in here[40:]]
    gone = [then(each, Deactivated()) for each in everybody(90)[60:]]
    waiting = [*everybody(120, STARTS)][90:]
    known = [*here[:40], *leaving, *gone, *waiting]
    assert len(known) == 58 + 30 + 30

    def leave(count: int) -> Plan:
        return delivery([row(number, offboarding=SOON) for number in range(count)], known)

    # when / then
    assert held_for(leave(5)) == []
    assert held_for(leave(6)) == ["many-offboardings"]
    assert "and 58 can log in" in leave(6).concerns[0].message
    assert Roster.of(known).headcount.active == 58


def test_new_and_earlier_last_days_count_together() -> None:
    """B1: New last days and earlier last days count together."""
    # given
    known = [*everybody(3), *everybody(6, offboarding=LATE)[3:], *everybody(20)[6:]]
    rows = [row(number, offboarding=SOON) for number in range(6)]

    # when
    found = delivery(rows, known)

    # then
    assert sorted(set(kinds(found))) == ["offboarding-moved", "offboarding-scheduled"]
    assert held_for(found) == ["many-offboardings"]
    assert held_for(delivery([*rows[:5], row(5, offboarding=LATER)], known)) == []


# Addresses


# Registrations


@pytest.mark.parametrize("state", ["pending", "deactivated"])
def test_registrations_are_compared_with_all_known_employees(state: str) -> None:
    """B1: The limit for registrations counts all known employees, also the pending and the
    deactivated ones.
    """
    # given
    known = (
        everybody(120, STARTS)
        if state == "pending"
        else [then(each, Deactivated()) for each in everybody(120)]
    )

    def register(count: int) -> Plan:
        return delivery([row(number) for number in range(500, 500 + count)], known)

    # when / then
    assert held_for(register(60)) == []
    assert held_for(register(61)) == ["many-registrations"]


# Rejected rows


def test_recognised_rows_count_as_rows() -> None:
    """B1, L10: The percentage of rejected rows counts recognised rows too, as it does when every
    row is read.
    """
    # given
    roster = roster_after(plan(file(row(number) for number in range(30)), now=LONG_AGO))
    rows = [row(number) for number in range(30)]
    rows[:6] = [row(number, email="nobody") for number in range(6)]

    # when
    found = delivery(rows, roster)

    # then
    assert found.recognised == 24
    assert held_for(found) == []
    assert held_for(delivery(rows[:-1], roster)) == ["many-rejected-rows"]
    in_full = plan(file(rows[:-1]), known=roster, company=a_company(policy={}), digests=False)
    assert in_full.concerns == delivery(rows[:-1], roster).concerns


def test_rows_with_warnings_and_rows_that_are_skipped_do_not_count() -> None:
    """B1: Rows with warnings and skipped rows do not count as rejected rows."""
    # given
    soon = (NOW + timedelta(days=3)).date().isoformat()
    near = [row(number, offboarding=soon) for number in range(5)]
    twice = [row(number) for number in range(5, 20)]

    # when
    found = delivery([*near, *twice, *twice], everybody(20))

    # then
    assert set(codes(found)) == {"short-notice", "duplicate-row"}
    assert held_for(found) == []


# Several measures together


def test_every_exceeded_limit_is_told() -> None:
    """B1, B2: A delivery that exceeds several limits gets the issue of each of them."""
    # given
    known = everybody(30)
    rows = [
        *(row(number, offboarding=SOON) for number in range(6)),
        *(row(number, email=f"other{number}@acme.example") for number in range(6, 12)),
        *(row(number, email="nobody") for number in range(12, 30)),
        *(row(number) for number in range(30, 81)),
    ]

    # when
    found = delivery(rows, known)

    # then
    assert held_for(found) == [
        "many-offboardings",
        "many-email-changes",
        "many-registrations",
        "many-rejected-rows",
    ]


def test_two_files_about_one_employee_are_one_offboarding() -> None:
    """B1, D3: Two files that give one employee a last day count as one offboarding."""
    # given
    first = file(row(number, offboarding=LATE) for number in range(5))
    second = file(row(number, offboarding=SOON) for number in range(5))

    # when
    found = plan(first, second, known=list(everybody(20)))

    # then
    assert held_for(found) == []
