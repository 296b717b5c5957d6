"""B1: which fields have a value in a delivery, and how many people have one."""

from __future__ import annotations

from datetime import date

import pytest

from domain.delivery.columns import columns_of, holders, lost_columns
from domain.delivery.digests import NO_DIGESTS, Digests
from domain.delivery.facts import LastDelivery
from domain.delivery.parsing import parse_delivery
from domain.delivery.records import read_sheet
from domain.employee.events import Deactivated
from domain.employee.roster import Roster
from tests.given import FILE, NOW, a_company, after, csv, digests_of, plan, roster_after, then

HEADER = "email,first_name,last_name,prefix,birthday,custom_desk"
ANN = "ann@acme.example,Ann,Lee,van,,"
BOB = "bob@acme.example,Bob,Ray,,1990-01-02,4"


def columns(
    *rows: str, digests: Digests = NO_DIGESTS, last: tuple[str, ...] | None = None
) -> set[str]:
    company = a_company(policy={"no_date": ["9999-12-31"]})
    sheet = read_sheet(FILE, csv("\n".join((HEADER, *rows, ""))), company)
    before = None if last is None else LastDelivery(len(rows), NOW, last)
    return set(columns_of(parse_delivery([sheet], digests, company), before))


NAMES = {"email", "first_name", "last_name"}


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([ANN], {"prefix"}),
        ([ANN, BOB], {"prefix", "birthday", "custom_desk"}),
        (['ann@acme.example,Ann,Lee," ",9999-12-31, '], set()),
        (["ann@acme.example,Ann,Lee,9999-12-31,,"], {"prefix"}),
        (["ann@acme.example,Ann,Lee", "bob@acme.example,Bob,Ray,,,"], set()),
    ],
)
def test_a_column_counts_that_has_a_value_in_any_row(rows: list[str], found: set[str]) -> None:
    """B1: A field has values if any row has one. Blanks, dates that mean none, and rows of a wrong
    width do not count.
    """
    # when / then
    assert columns(*rows) == NAMES | found


@pytest.mark.parametrize("last", [None, (), ("birthday", "email", "prefix")])
def test_recognised_rows_count_as_rows_that_are_read(last: tuple[str, ...] | None) -> None:
    """B1, L10: A value in a row that is recognised counts, if the last delivery had one too, or
    if nothing is known of the last delivery.
    """
    # given
    company = a_company(policy={"no_date": ["9999-12-31"]})
    known = roster_after(plan("\n".join((HEADER, ANN, BOB, "")), company=company))

    # when
    found = columns(ANN, BOB, digests=digests_of(known), last=last)

    # then
    assert found == (set(last) if last else NAMES | {"prefix", "birthday", "custom_desk"})


def test_a_column_is_lost_that_had_values_before() -> None:
    """B1: A column is lost if the last delivery had values in it, and no row has one now."""
    # given
    last = LastDelivery(1, NOW, ("birthday", "email"))

    # when / then
    assert lost_columns(["email", "prefix"], last) == {"birthday"}
    assert lost_columns(["email"], None) == set()


def test_people_with_a_value_are_counted_if_they_are_here() -> None:
    """B1: Whoever is deactivated loses nothing by a lost column."""
    # given
    rows = [ANN, BOB, BOB.replace("bob", "bea")]
    ann, bob, bea = after(plan("\n".join((HEADER, *rows, ""))))
    roster = Roster.of([ann, bob, then(bea, Deactivated())])

    # when
    found = holders(roster, ["birthday", "prefix", "custom_desk", "offboarding_date"])

    # then
    assert found == {"birthday": 1, "custom_desk": 1, "offboarding_date": 0, "prefix": 1}
    assert bob.details.birthday == date(1990, 1, 2)
