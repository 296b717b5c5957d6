"""`tenure removals`: what an auditor reads of who lost access."""

from __future__ import annotations

import csv
import io

import pytest

from tests.cli.conftest import Desk, assert_explained
from tests.given import moment

DONE, USAGE = 0, 2
PEOPLE = """
    email,first_name,last_name,offboarding_date
    anna@acme.example,Anna,Ek,2027-04-10
    bram@acme.example,Bram,Es,
    chris@acme.example,Chris,Om,2027-04-18
"""


@pytest.fixture
def left(desk: Desk) -> Desk:
    """Returns a desk at which Anna left by the file and Bram by support; Chris is overdue."""
    desk.deliver(PEOPLE)
    desk.type("import", "acme", "--by", "schedule")
    desk.now = moment("2027-04-12 08:00")
    desk.type("clock")
    support = ["support", "deactivate", "acme", "bram@acme.example"]
    desk.type(*support, "--by", "Eva", "--reason", "=1+1")
    desk.now = moment("2027-04-20 08:00")
    return desk


def test_removals_are_a_table_with_who_said_so(left: Desk) -> None:
    """L9: The table has due day, moment done, days late, cause, and the row of the file or the
    person with the reason. What is not done yet is marked."""
    # when
    answer = left.type("removals", "acme")

    # then
    assert (answer.code, answer.err) == (DONE, "")
    rows = [" ".join(line.split()) for line in answer.out.splitlines()]
    by_file, by_support = "last day from the file alleo_employees_1.csv", "closed by support"
    assert rows == [
        "DUE DONE LATE COMPANY NAME E-MAIL CAUSE SAID BY",
        f"2027-04-10 2027-04-12 08:00 1 acme Anna Ek anna@acme.example {by_file}:2",
        f"2027-04-12 2027-04-12 08:00 0 acme Bram Es bram@acme.example {by_support} Eva: =1+1",
        f"2027-04-18 not done 1 acme Chris Om chris@acme.example {by_file}:4",
    ]


def test_removals_are_json_and_csv(left: Desk) -> None:
    """JSON and CSV have the same values; a reason that looks like a formula is safe in the CSV."""
    # when
    found = left.type("removals", "--json").document
    rows = list(csv.DictReader(io.StringIO(left.type("removals", "--csv").out)))

    # then
    assert [list(each) for each in found] == [list(row) for row in rows]
    assert [[each[key] for key in ("due", "done", "days_late", "cause")] for each in found] == [
        ["2027-04-10", "2027-04-12T08:00:00Z", 1, "last-day-by-file"],
        ["2027-04-12", "2027-04-12T08:00:00Z", 0, "closed-by-support"],
        ["2027-04-18", None, 1, "last-day-by-file"],
    ]
    assert [[each[key] for key in ("file", "line", "by", "reason")] for each in found] == [
        ["alleo_employees_1.csv", 2, "schedule", None],
        [None, None, "Eva", "=1+1"],
        ["alleo_employees_1.csv", 4, "schedule", None],
    ]
    assert [row["reason"] for row in rows] == ["", "'=1+1", ""]


def test_days_can_be_asked_for(left: Desk) -> None:
    """--from and --until are the first and the last day, by default the last 30 days and today."""
    # when / then
    assert len(left.type("removals", "--from", "2027-04-11", "--json").document) == 3
    assert len(left.type("removals", "--until", "2027-04-11", "--json").document) == 1
    nobody = left.type("removals", "--from", "2027-03-01", "--until", "2027-04-09")
    assert nobody.out == "From 2027-03-01 to 2027-04-09, no access was removed, and none was due.\n"


@pytest.mark.parametrize(
    "wrong",
    [
        ["--from", "2027-04-02", "--until", "2027-04-01"],
        ["--from", "April"],
        ["--csv", "--json"],
        ["--bom"],
        ["acne"],
    ],
)
def test_wrong_use_of_removals_is_explained(left: Desk, wrong: list[str]) -> None:
    """Days in the wrong order, a text that is no date, two forms and an unknown company exit with
    code 2 and are explained."""
    # when
    answer = left.type("removals", *wrong)

    # then
    assert answer.code == USAGE
    assert_explained(answer)
