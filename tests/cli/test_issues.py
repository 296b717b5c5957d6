"""`tenure issues` and `tenure roster --absent`: what is still to be mended, and who is missing."""

from __future__ import annotations

import csv
import io
import os
from datetime import timedelta

import pytest

from tests.cli.conftest import Desk, assert_explained
from tests.given import moment

HEADER = "email,first_name,last_name,birthday,group_name"
ANNA = "anna@acme.example,Anna,Bakker,,"
BAD_ANNA = "anna@acme.example,Anna,Bakker,01-02-1990,"
BRAM = "bram@acme.example,Bram,Smit,,"
ODD_BRAM = "bram@acme.example,Bram,Smit,,=cmd()"


def deliver(desk: Desk, *rows: str) -> None:
    """Imports a file of these rows, a day after the one before."""
    desk.now += timedelta(days=1)
    file = desk.deliver("\n".join((HEADER, *rows, "")))
    os.utime(file, (desk.now.timestamp(), desk.now.timestamp()))
    assert desk.type("import", "acme").code in (0, 3)


@pytest.fixture
def two_days(desk: Desk) -> Desk:
    """Acme with an error since yesterday, and a warning since today."""
    deliver(desk, BAD_ANNA, BRAM)
    deliver(desk, BAD_ANNA, ODD_BRAM)
    return desk


def test_issues_lists_what_is_open_since_when_and_by_which_run(two_days: Desk) -> None:
    """Q1: `tenure issues` lists the open issues, the worst first, with since when each is open and
    the run that said it last. No line has more than 80 characters, and the last line counts.
    """
    # when
    answer = two_days.type("issues", "acme")

    # then
    lines = answer.out.splitlines()
    run = two_days.type("run", "last", "--json").document["run"].replace("-", "")[16:24]
    assert lines[:3] == [
        "acme  error  bad-date",
        f"    since 2027-03-02 02:45:00, last said 2027-03-03 02:45:00, run {run}",
        '    alleo_employees_1.csv:2  anna@acme.example  birthday "01-02-1990"',
    ]
    assert [line for line in lines if line.startswith("acme")][1:] == [
        "acme  warning  unknown-group"
    ]
    assert lines[-1] == "2 open: 1 error, 1 warning"
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(
    ("options", "codes"),
    [
        ((), ["bad-date", "unknown-group"]),
        (("--severity", "warning"), ["unknown-group"]),
        (("--code", "bad-date"), ["bad-date"]),
        (("--since", "2027-03-03"), ["unknown-group"]),
        (("--until", "2027-03-02"), ["bad-date"]),
        (("--limit", "1"), ["bad-date"]),
        (("--sort", "code", "--limit", "1"), ["bad-date"]),
        (("--sort", "-code", "--limit", "1"), ["unknown-group"]),
    ],
)
def test_issues_can_be_chosen(two_days: Desk, options: tuple[str, ...], codes: list[str]) -> None:
    """Q1: `tenure issues` chooses by code, by severity and by when an issue was first said."""
    # when
    answer = two_days.type("issues", *options, "--json")

    # then
    assert [issue["code"] for issue in answer.document] == codes


def test_issues_are_a_table_of_the_columns_that_are_asked_for(two_days: Desk) -> None:
    """Q1: With --columns, each issue is one line of a table, and the last line counts them all."""
    # when
    out = two_days.type("issues", "--columns", "code,email", "--limit", "1").out

    # then
    assert [line.split() for line in out.splitlines()[:2]] == [
        ["CODE", "E-MAIL"],
        ["bad-date", "anna@acme.example"],
    ]
    assert out.splitlines()[2] == "2 open: 1 error, 1 warning; 1 more are not shown, see --limit"


def test_issues_as_csv_can_be_opened_in_a_spreadsheet(two_days: Desk) -> None:
    """Q1: `tenure issues --csv` has the same keys as the JSON, and no cell is a formula."""
    # when
    rows = list(csv.DictReader(io.StringIO(two_days.type("issues", "--csv").out)))

    # then
    documents = two_days.type("issues", "--json").document
    assert [list(row) for row in rows] == [list(each) for each in documents]
    assert [(row["value"], row["since"]) for row in rows] == [
        ("01-02-1990", "2027-03-02T02:45:00Z"),
        ("'=cmd()", "2027-03-03T02:45:00Z"),
    ]


def test_without_open_issues_the_answer_says_so(desk: Desk) -> None:
    """Q1: Where nothing is open, the answer is a sentence, and an empty list in JSON."""
    # when / then
    assert desk.type("issues").out == "There are no such open issues.\n"
    assert desk.type("issues", "--json").document == []


def test_a_run_says_since_when_its_issues_are_open(two_days: Desk) -> None:
    """Q1: A run shows since when an issue is open that is not new."""
    # when
    lines = two_days.type("run", "last").out.splitlines()

    # then
    (known,) = [line for line in lines if "bad-date" in line]
    (new,) = [line for line in lines if "unknown-group" in line]
    assert known.endswith("(since 2027-03-02)")
    assert "since" not in new


def test_roster_lists_who_is_absent_and_since_when(desk: Desk) -> None:
    """Q4: `tenure roster --absent` lists who is here and absent from the last full delivery, with
    since when and for how many deliveries.
    """
    # given
    deliver(desk, ANNA, BRAM)
    first = moment("2027-03-03 02:45")
    for _ in range(2):
        deliver(desk, ANNA)

    # when
    (document,) = desk.type("roster", "acme", "--absent", "--json").document
    header, line = desk.type("roster", "acme", "--absent").out.splitlines()

    # then
    assert document["email"] == "bram@acme.example"
    assert document["absent_since"] == first.isoformat().replace("+00:00", "Z")
    assert document["absent_deliveries"] == 2
    assert header.split()[:3] == ["ABSENT", "SINCE", "DELIVERIES"]
    assert line.split()[:4] == ["2027-03-03", "2", "active", "bram@acme.example"]


def test_absence_is_about_the_last_delivery_alone(desk: Desk) -> None:
    """Q4: `--absent` cannot be asked for an earlier moment."""
    # when
    answer = desk.type("roster", "acme", "--absent", "--as-of", "2027-02-01")

    # then
    assert (answer.code, answer.out) == (2, "")
    assert "--as-of" in answer.err


def test_rows_with_the_same_useless_address_are_told_apart_by_external_id(desk: Desk) -> None:
    """Q1, D12: Rows without a good e-mail address are issues about their external ids. A partial
    delivery with a good row of one of them closes that issue alone.
    """
    # given
    header = "email,first_name,last_name,external_id"
    desk.deliver(f"{header}\nnone,Anna,Bakker,1\nnone,Bram,Smit,2\n")
    assert desk.type("import", "acme").code == 3
    before = desk.type("issues", "acme", "--json").document
    part = desk.write("part.csv", f"{header}\nanna@acme.example,Anna,Bakker,1\n".encode())

    # when
    assert desk.type("import", "acme", part, "--partial").code == 0

    # then
    assert sorted(issue["line"] for issue in before) == [2, 3]
    (left,) = desk.type("issues", "acme", "--json").document
    assert (left["code"], left["line"]) == ("bad-email", 3)
    assert desk.type("verify").code == 0


@pytest.mark.parametrize(("code", "hint"), [("bad-dat", "bad-date"), ("?", "give one of")])
def test_an_unknown_code_is_answered_with_the_nearest(desk: Desk, code: str, hint: str) -> None:
    """Q1: `tenure issues --code` with a code that does not exist exits with 2 and names others."""
    # when
    answer = desk.type("issues", "--code", code)

    # then
    assert answer.code == 2
    assert_explained(answer, [f"there is no code {code}", hint])
