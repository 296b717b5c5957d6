"""B5: a part of a held delivery is approved, and what becomes of the rest."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from domain.delivery.facts import Comparison
from domain.delivery.plan import Plan
from domain.delivery.selection import KINDS, Selection
from domain.employee.aggregate import Employee
from domain.issues.identity import issue_key
from tests.given import after, kinds, moment, plan

HEADER = "external_id,email,first_name,last_name,offboarding_date"
KNOWN = """
1,ann@acme.example,Ann,Lee,
2,bob@acme.example,Bob,Ray,
3,cas@acme.example,Cas,Poe,
"""
NEWS = """
1,ann@acme.example,Ann,Lee,2027-06-30
2,bob@new.example,Bob,Ray,
3,cas@acme.example,Cas,Doe,2027-07-31
4,dee@acme.example,Dee,Fox,
"""
LEFT_OUT = "left-out"


def people() -> list[Employee]:
    return after(plan(HEADER + KNOWN, now=moment("2026-01-05 02:45")))


def part(
    selection: Selection,
    rows: str = NEWS,
    known: Iterable[Employee] | None = None,
    comparison: Comparison | None = None,
) -> Plan:
    return plan(
        HEADER + rows,
        known=list(known or people()),
        comparison=comparison or Comparison(),
        selection=selection,
    )


def left_out(found: Plan) -> list[int]:
    """Returns the lines that are left out, which are skipped and change nothing."""
    rows = [each for each in found.results if LEFT_OUT in {issue.code for issue in each.issues}]
    assert [(each.outcome, each.change) for each in rows] == [("skipped", None)] * len(rows)
    return [each.line for each in rows]


@pytest.mark.parametrize(
    ("only", "lines"),
    [
        ({"registered"}, [2, 3, 4]),
        ({"offboarding-scheduled"}, [3, 4, 5]),
        ({"offboarding-scheduled", "details-changed"}, [3, 5]),
        (KINDS, []),
        ({"onboard"}, [2, 3, 4]),
        ({"update"}, [2, 4, 5]),
        ({"offboard"}, [3, 5]),
        ({"update", "offboarding-scheduled"}, [4, 5]),
    ],
)
def test_only_rows_whose_changes_are_all_of_the_chosen_kinds_are_applied(
    only: Iterable[str], lines: list[int]
) -> None:
    """B5: An approval of some kinds applies the rows whose changes are all of these kinds, or that
    have the action of this name, and lists every other row that would change somebody.
    """
    # when
    found = part(Selection(only=frozenset(only)))

    # then
    assert left_out(found) == lines
    assert found.counts.skipped == len(lines)


@pytest.mark.parametrize("who", ["1", "Ann@acme.example", "id"])
def test_a_person_is_left_out_by_address_external_id_or_id(who: str) -> None:
    """B5: An approval without a person applies every other row."""
    # given
    known = people()
    name = str(known[0].id) if who == "id" else who

    # when
    found = part(Selection(without=(name,)), known=known)

    # then
    assert left_out(found) == [2]
    assert set(kinds(found)) == {
        "email-changed",
        "details-changed",
        "offboarding-scheduled",
        "registered",
    }


def test_people_whom_the_delivery_does_not_change_are_known() -> None:
    """B5: A selection tells who of the people to leave out has no change in the delivery."""
    # given
    selection = Selection(without=("dee@acme.example", "bob@new.example", "eva@acme.example"))

    # when / then
    assert selection.unknown(part(Selection())) == ("eva@acme.example",)


def test_a_change_that_needs_an_address_which_stays_is_left_out_too() -> None:
    """B5, I2: Whoever would take the address of somebody who is left out is left out as well, and
    so on.
    """
    # given
    rows = """
1,bob@acme.example,Ann,Lee,
2,cas@acme.example,Bob,Ray,
3,cas@new.example,Cas,Poe,
4,ann@acme.example,Dee,Fox,
"""

    # when / then
    assert left_out(part(Selection(without=("3",)), rows)) == [2, 3, 4, 5]
    assert left_out(part(Selection(without=("4",)), rows)) == [5]


def test_what_was_left_out_is_left_out_of_later_deliveries_that_say_the_same() -> None:
    """B5: A change that was left out is left out again as long as the file says the same, and is
    applied when the file says something else.
    """
    # given
    known = people()
    first = part(Selection(only=frozenset({"email-changed"})), known=known)
    keys = frozenset(issue_key(each) for each in first.issues if each.code == LEFT_OUT)
    known = after(first, known)
    comparison = Comparison(open_issues=keys)

    # when
    same = part(Selection(), known=known, comparison=comparison)
    other = part(Selection(), NEWS.replace("2027-06-30", "2027-08-31"), known, comparison)

    # then
    assert (left_out(first), left_out(same), left_out(other)) == ([2, 4, 5], [2, 4, 5], [4, 5])
    assert kinds(same) == []
    assert kinds(other) == ["offboarding-scheduled"]


def test_a_part_is_measured_without_what_is_left_out() -> None:
    """B1, B5: The figures of a part have only what the part would do."""
    # when
    found = part(Selection(without=("1",)))

    # then
    assert found.facts.figures["offboardings"].count == 1
