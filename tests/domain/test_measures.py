"""B1, D10-D12: what the safeguard measures beside leavers, addresses, newcomers and rejections."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from msgspec.structs import replace

from domain.delivery.facts import NOTHING_TO_COMPARE, Comparison, DeliveryFacts, LastDelivery
from domain.delivery.measures import MEASURES
from domain.delivery.plan import Plan
from domain.delivery.safeguard import held_by
from domain.employee.aggregate import Employee
from domain.issues.identity import issue_key
from domain.outcome import Outcome
from tests.given import NOW, a_company, after, codes, kinds, moment, plan

HEADER = "external_id,email,first_name,prefix,last_name,birthday,offboarding_date"
SOON, PAST = "2027-06-30", "2027-02-01"
LONG_AGO = moment("2026-01-05 02:45")


def row(number: int, **values: str) -> str:
    """Returns the row of a person, with other values than usual."""
    usual = {
        "external_id": f"E{number}",
        "email": f"p{number}@acme.example",
        "first_name": "Pat",
        "prefix": "van",
        "last_name": f"No{number}",
        "birthday": "1990-01-02",
        "offboarding_date": "",
    }
    return ",".join((usual | values).values())


def file(rows: Iterable[str]) -> str:
    return "\n".join((HEADER, *rows, ""))


@cache
def everybody(count: int, **values: str) -> Sequence[Employee]:
    """Returns so many employees, registered by a file more than a year ago."""
    rows = [row(number, **values) for number in range(count)]
    return tuple(after(plan(file(rows), now=LONG_AGO)))


def delivery(
    rows: Iterable[str],
    known: Iterable[Employee] = (),
    comparison: Comparison = NOTHING_TO_COMPARE,
    **policy: Any,
) -> Plan:
    return plan(file(rows), known=known, company=a_company(policy=policy), comparison=comparison)


def held_for(found: Plan) -> list[str]:
    """Returns what holds the plan, which is held exactly if anything does."""
    assert (found.outcome is Outcome.HELD) == bool(found.concerns)
    return codes(found.concerns)


def doing(what: str, count: int, of: int, **policy: Any) -> Plan:
    """Returns the plan that does `what` to `count` of `of` people or rows."""
    rows = [row(number) for number in range(of)]
    known = everybody(of)
    comparison = Comparison()
    match what:
        case "cancellations":
            known = everybody(of, offboarding_date=SOON)
            rows[count:] = [row(number, offboarding_date=SOON) for number in range(count, of)]
            policy |= {"blank_offboarding": "cancel"}
        case "identity_changes":
            rows[:count] = [row(number, last_name="Other") for number in range(count)]
        case "cleared_values":
            rows[:count] = [row(number, prefix="", birthday="") for number in range(count)]
            policy |= {"blank_cells": "clear"}
        case "second_accounts":
            known = everybody(of, external_id="")
            moved = {"external_id": "", "email": "other{}@acme.example"}
            rows = [row(number, external_id="") for number in range(of)]
            rows[:count] = [
                row(n, **moved | {"email": f"other{n}@acme.example"}) for n in range(count)
            ]
        case "already_left":
            rows[:count] = [row(1000 + number, offboarding_date=PAST) for number in range(count)]
        case "shrinkage":
            comparison = Comparison(LastDelivery(of + count, NOW))
    return delivery(rows, known, comparison, **policy)


CODES = {measure.name: measure.code for measure in MEASURES}
LIMITS = [
    ("cancellations", 10, 5),
    ("cancellations", 60, 6),
    ("identity_changes", 10, 5),
    ("identity_changes", 60, 6),
    ("cleared_values", 10, 5),
    ("cleared_values", 60, 6),
    ("second_accounts", 10, 5),
    ("second_accounts", 60, 6),
    ("already_left", 10, 5),
    ("already_left", 30, 6),
    ("shrinkage", 20, 10),
]


@pytest.mark.parametrize(("what", "of", "limit"), LIMITS)
@pytest.mark.parametrize("beyond", [0, 1])
def test_a_delivery_is_held_only_above_a_limit(what: str, of: int, limit: int, beyond: int) -> None:
    """B1: A delivery is held when it exceeds the limit of a measure, and not when it reaches it.
    What was measured stands in the facts of the delivery.
    """
    # when
    found = doing(what, limit + beyond, of)

    # then
    assert held_for(found) == [CODES[what]] * beyond
    assert found.facts.figures[what].count == limit + beyond
    assert held_by(found.facts.figures, a_company().policy) == (what,) * beyond


@pytest.mark.parametrize("what", sorted({what for what, _, _ in LIMITS}))
@pytest.mark.parametrize(("limit", "held"), [(0, False), (3, True), (4, False), ("100%", False)])
def test_a_company_sets_each_limit(what: str, limit: int | str, held: bool) -> None:
    """B1: A number in the policy is the limit itself, a share replaces the default share, and `0`
    switches the measure off.
    """
    # when
    found = doing(what, 4, 20, **{f"max_{what}": limit})

    # then
    assert held_for(found) == [CODES[what]] * held


@pytest.mark.parametrize("lost", [11, 100])
def test_a_share_of_shrinkage_is_taken_of_the_last_delivery(lost: int) -> None:
    """B1: A delivery may have a fifth of the last one's rows fewer, and ten in any case."""
    # given
    last = Comparison(LastDelivery(400, NOW))
    rows = [row(number) for number in range(400 - lost)]

    # when
    found = delivery(rows, everybody(400), last)

    # then
    assert held_for(found) == ["shrunken-delivery"] * (lost > 80)


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("cancellations", "p0@acme.example (2027-06-30)"),
        ("identity_changes", "p0@acme.example from No0 to Other"),
        ("cleared_values", "the prefix and birthday of p0@acme.example"),
        ("second_accounts", "other0@acme.example"),
        ("already_left", "p1000@acme.example on 2027-02-01"),
    ],
)
def test_a_concern_names_examples(what: str, words: str) -> None:
    """B1: The issue of a measure names five examples of what it counted."""
    # when
    (concern,) = doing(what, 9, 20).concerns

    # then
    assert words in concern.message
    assert concern.message.count("@acme.example") == 5


# What counts


def test_people_who_left_and_were_passed_over_by_the_last_delivery_do_not_count() -> None:
    """B1: Who was passed over by the last applied delivery is no news, and a rejection for the
    same reason neither.
    """
    # given
    gone = [row(number, offboarding_date=PAST) for number in range(6)]
    bad = [row(number, email="nobody", external_id=f"X{number}") for number in range(10, 16)]
    first = delivery([*gone, *bad])
    said = frozenset(issue_key(issue) for issue in first.issues)

    # when
    again = delivery([*gone, *bad], comparison=Comparison(open_issues=said))
    more = [row(number, birthday="?") for number in range(20, 26)]
    worse = delivery([*gone, *bad, *more], comparison=Comparison(open_issues=said))

    # then
    assert held_for(first) == ["many-rejected-rows", "many-already-left"]
    assert held_for(again) == []
    assert held_for(worse) == ["many-rejected-rows"]


@pytest.mark.parametrize("email", ["", "none"])
@pytest.mark.parametrize("has_ids", [True, False])
def test_other_rows_with_the_fault_of_a_known_row_count(email: str, has_ids: bool) -> None:
    """B1, Q1: A rejected row without a good e-mail address is the same as before only if it has the
    same external id: yesterday's one row without an address excuses nobody else's.
    """
    # given
    ids = {number: f"E{number}" if has_ids else "" for number in range(7)}
    bad = [row(number, email=email, external_id=each) for number, each in ids.items()]
    said = frozenset(issue_key(issue) for issue in delivery(bad[:1]).issues)

    # when
    again = delivery(bad[:1], comparison=Comparison(open_issues=said))
    more = delivery(bad, comparison=Comparison(open_issues=said))

    # then
    assert ("rejected_rows" in again.facts.figures) is not has_ids
    assert more.facts.figures["rejected_rows"].count == 7 - has_ids
    assert held_for(more) == ["many-rejected-rows"]


def test_a_birthday_that_was_not_known_is_no_change_of_identity() -> None:
    """B1: A birthday for somebody without one is no change of identity, and another one is."""
    # given
    other = [row(number, birthday="1991-01-02") for number in range(9)]

    # when
    new, changed = delivery(other, everybody(9, birthday="")), delivery(other, everybody(9))

    # then
    assert set(kinds(new)) == set(kinds(changed)) == {"details-changed"}
    assert (held_for(new), held_for(changed)) == ([], ["many-identity-changes"])


def test_registrations_of_an_empty_company_are_not_measured() -> None:
    """B1: A company without employees has no measure of registrations."""
    # when
    found = delivery([row(number) for number in range(60)])

    # then
    assert found.facts.figures == {}


# The window of seven days


def test_people_of_the_last_days_count_with_those_of_the_delivery_each_once() -> None:
    """B1: Employees whom earlier deliveries changed in seven days count too, each of them once."""
    # given
    known = everybody(20)
    leavers = [row(number, offboarding_date=SOON) for number in range(3)]
    recent = {"offboardings": frozenset(each.id.hex for each in known[1:5])}
    comparison = Comparison(recent=recent, since=NOW - timedelta(days=7))

    # when
    five = delivery(leavers, known, comparison)
    six = delivery([*leavers, row(5, offboarding_date=SOON)], known, comparison)

    # then
    assert (five.facts.figures["offboardings"].count, held_for(five)) == (5, [])
    assert held_for(six) == ["many-offboardings"]
    words = "(4 of them by this delivery, the others by deliveries since 2027-02-22)"
    assert words in six.concerns[0].message


def test_a_delivery_that_concerns_nobody_is_not_held_for_earlier_ones() -> None:
    """B1: A delivery without a leaver is not held for the leavers of earlier deliveries."""
    # given
    recent = {"offboardings": frozenset(each.id.hex for each in everybody(20))}

    # when
    found = delivery([row(0, last_name="New")], everybody(20), Comparison(recent=recent))

    # then
    assert held_for(found) == []


# Columns that lost their values


def lost(field: str, count: int, **policy: Any) -> Plan:
    return delivery([row(0)], everybody(1), Comparison(concerned={field: count}), **policy)


@pytest.mark.parametrize("field", ["external_id", "offboarding_date"])
def test_a_delivery_without_a_decisive_column_is_held(field: str) -> None:
    """B1: A delivery that lost all external ids, or all last days, of more than 5 people is held;
    for fewer people it is a warning, and for nobody it is nothing.
    """
    # when / then
    assert held_for(lost(field, 6)) == ["column-lost"]
    assert (held_for(lost(field, 5)), codes(lost(field, 5))) == ([], ["column-lost"])
    assert (held_for(lost(field, 0)), codes(lost(field, 0))) == ([], [])


def test_another_lost_column_is_a_warning() -> None:
    """B1: Another column without values is a warning, and a company may have it so for each."""
    # when
    found, chosen = lost("birthday", 60), lost("external_id", 60, lost_columns="warn")

    # then
    assert (held_for(found), codes(found)) == ([], ["column-lost"])
    assert (held_for(chosen), codes(chosen)) == ([], ["column-lost"])
    assert "60 employees here have one" in found.issues[0].message


# Older, cut off, repeated, partial

BEFORE = NOW - timedelta(hours=1)
LAST = LastDelivery(1, NOW, complete=True)


@pytest.mark.parametrize(
    ("facts", "newest", "held"),
    [
        (DeliveryFacts(), NOW, []),
        (DeliveryFacts(), BEFORE, ["older-delivery"]),
        (DeliveryFacts(complete=False), NOW, ["cut-off"]),
        (DeliveryFacts(complete=False, partial=True), BEFORE, ["older-delivery", "cut-off"]),
        (DeliveryFacts(complete=False, named=True), BEFORE, []),
    ],
)
def test_a_delivery_is_held_if_it_is_older_or_cut_off(
    facts: DeliveryFacts, newest: Any, held: list[str]
) -> None:
    """D10, D11: A delivery is held if its newest file is older than the last one's, or if its last
    line has no line end and the last one's had one. Files that the command line names are not
    measured.
    """
    # when
    found = delivery([row(0)], everybody(1), Comparison(LAST, newest, facts=facts))

    # then
    assert held_for(found) == held
    assert len(held_by(found.facts.figures, a_company().policy)) == len(held)


def test_a_last_delivery_without_line_end_says_nothing_about_the_next_one() -> None:
    """D11: Where the last delivery had no line end at its end, none is expected."""
    # given
    last = replace(LAST, complete=False)

    # when
    comparison = Comparison(last, NOW, facts=DeliveryFacts(complete=False))

    # then
    assert held_for(delivery([row(0)], everybody(1), comparison)) == []


@pytest.mark.parametrize("named", [False, True])
def test_a_repeated_delivery_is_a_warning(named: bool) -> None:
    """D10: The bytes of an earlier delivery give a warning, unless the command line names them."""
    # given
    comparison = Comparison(LAST, NOW, repeated=True, facts=DeliveryFacts(named=named))

    # when
    found = delivery([row(0)], everybody(1), comparison)

    # then
    assert (held_for(found), codes(found)) == ([], [] if named else ["repeated-delivery"])


def test_a_partial_delivery_is_not_measured_for_shrinkage_and_says_nothing_of_who_is_absent() -> (
    None
):
    """D12: A partial delivery may be small, and nobody is absent from it."""
    # given
    last = LastDelivery(100, NOW)

    # when
    full, partial = (
        delivery([row(0)], everybody(20), Comparison(last, NOW, facts=facts))
        for facts in (DeliveryFacts(), DeliveryFacts(partial=True))
    )

    # then
    assert (held_for(full), full.counts.absent) == (["shrunken-delivery"], 19)
    assert (held_for(partial), partial.counts.absent) == ([], 0)
