"""How long lists are narrowed and sorted: `tenure runs` and `tenure roster`."""

from __future__ import annotations

import pytest

from tests.cli.conftest import ACME, ASKED, Desk, assert_explained
from tests.given import moment

DONE, USAGE = 0, 2
PEOPLE = """
    email,first_name,last_name,group_name,offboarding_date
    chris@acme.example,Chris,adams,Sales,
    anna@acme.example,Anna,Bakker,,2028-01-01
    bram@acme.example,Bram,Adams,Engineering,2027-09-01
"""


@pytest.fixture
def worked(desk: Desk) -> Desk:
    """Returns a desk with runs of several kinds on three days, in two companies."""
    desk.configure(ACME + ACME.replace("acme", "zenith").replace("outgoing", "other"))
    (desk.directory / "other").mkdir()
    desk.deliver(PEOPLE)
    desk.type("import", "--all")
    desk.now = moment("2027-03-02 02:45")
    desk.deliver("email\nx\n")
    desk.type("import", "acme")
    desk.now = moment("2027-03-03 02:45")
    desk.type("support", "deactivate", "acme", "anna@acme.example", *ASKED)
    return desk


@pytest.mark.parametrize(
    ("options", "runs"),
    [
        (["--outcome", "refused"], ["acme refused"]),
        (["--outcome", "refused", "--outcome", "no-file"], ["acme refused", "zenith no-file"]),
        (["--kind", "support"], ["acme applied"]),
        (["--kind", "import", "--outcome", "applied"], ["acme applied"]),
        (["--since", "2027-03-02", "--until", "2027-03-02"], ["acme refused"]),
        (["--until", "2027-03-01"], ["zenith no-file", "acme applied"]),
        (["acme", "--kind", "import"], ["acme refused", "acme applied"]),
        (["--kind", "import", "--limit", "1"], ["acme refused"]),
        (["--kind", "rekey"], []),
    ],
)
def test_runs_are_narrowed(worked: Desk, options: list[str], runs: list[str]) -> None:
    """R2: `tenure runs` lists the latest runs of the outcomes, the kinds and the time asked for."""
    # when
    answer = worked.type("runs", *options, "--json")

    # then
    listed = [f"{run['company']} {run['outcome']}" for run in answer.document]
    assert (answer.code, sorted(listed)) == (DONE, sorted(runs))


def test_every_held_run_is_listed_without_a_filter_alone(worked: Desk) -> None:
    """B2: `tenure runs --held` lists every run that waits, so it takes no other filter."""
    # when
    answer = worked.type("runs", "--held", "--kind", "import")

    # then
    assert answer.code == USAGE
    assert_explained(answer)


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("name", ["Bram", "Chris", "Anna"]),
        ("email", ["Anna", "Bram", "Chris"]),
        ("offboarding_date", ["Bram", "Anna", "Chris"]),
        ("group_name", ["Bram", "Chris", "Anna"]),
    ],
)
def test_a_roster_is_sorted_and_cut(desk: Desk, sort: str, names: list[str]) -> None:
    """`tenure roster --sort` sorts by a field, blanks last, and --limit cuts the list."""
    # given
    desk.deliver(PEOPLE)
    desk.type("import", "acme")

    # when
    every = desk.type("roster", "acme", "--sort", sort, "--json").document
    first = desk.type("roster", "acme", "--sort", sort, "--limit", "2", "--json").document

    # then
    assert [person["first_name"] for person in every] == names
    assert first == every[:2]


SORTED = ("--sort", "-email", "--limit", "2")


@pytest.mark.parametrize(
    ("command", "emails"),
    [
        (("roster", "acme"), ["chris", "bram"]),
        (("find", "adams"), ["chris", "bram"]),
        (("starters",), ["chris", "bram"]),
        (("leavers", "--until", "2028-12-31"), ["bram", "anna"]),
        (("issues",), ["chris", "anna"]),
        (("preview", "acme"), ["chris", "bram"]),
    ],
)
def test_json_is_sorted_and_cut_as_the_table_is(
    desk: Desk, command: tuple[str, ...], emails: list[str]
) -> None:
    """`--sort` and `--limit` are there for every list, and count for --json too."""
    # given
    desk.deliver(PEOPLE.replace("Sales", "Salse").replace("Bakker,", "Bakker,None"))
    desk.type("import", "acme")

    # when
    document = desk.type(*command, *SORTED, "--json").document

    # then
    rows = document["rows"] if isinstance(document, dict) else document
    assert [row["email"].partition("@")[0] for row in rows] == emails


@pytest.mark.parametrize(
    ("command", "column", "value"),
    [
        (("leavers", "--until", "2028-12-31"), "first_name", "Bram,bram"),
        (("preview", "acme"), "line", "2,chris"),
        (("issues",), "code", "unknown-group,chris"),
    ],
)
def test_a_csv_has_the_columns_that_are_asked_for(
    desk: Desk, command: tuple[str, ...], column: str, value: str
) -> None:
    """`--columns` names columns of the CSV, and `--sort` and `--limit` count for it too."""
    # given
    desk.deliver(PEOPLE.replace("Sales", "Salse"))
    desk.type("import", "acme")

    # when
    asked = (*SORTED, "--limit", "1", "--csv", "--columns", f"{column},email")
    answer = desk.type(*command, *asked)

    # then
    assert answer.out.splitlines() == [f"{column},email", f"{value}@acme.example"]


@pytest.mark.parametrize(
    "options",
    [
        ("--columns", "nmae"),
        ("--columns", ","),
        ("--columns", "first_name"),
        ("--columns", "name", "--csv"),
        ("--columns", "name", "--json"),
        ("--sort", "nmae"),
        ("--limit", "0"),
    ],
)
def test_what_a_list_does_not_have_is_refused(desk: Desk, options: tuple[str, ...]) -> None:
    """A column that the table or the CSV does not have is an error, and JSON takes no columns."""
    # given
    desk.deliver(PEOPLE)
    desk.type("import", "acme")

    # when / then
    answer = desk.type("leavers", "--until", "2028-12-31", *options)
    assert (answer.code, answer.out) == (USAGE, "")


def test_runs_are_sorted_before_they_are_cut(worked: Desk) -> None:
    """`tenure runs --sort` finds the runs with the most rows, not the most of the latest runs."""
    # when
    answer = worked.type("runs", "--sort", "-rows", "--limit", "1", "--json")

    # then
    assert [run["counts"]["rows"] for run in answer.document] == [3]


def test_deliveries_of_the_safeguard_are_sorted_whole(desk: Desk) -> None:
    """`tenure safeguard` sorts deliveries, each with all of its measures, and cuts their list."""
    # given
    for number, rows in enumerate((PEOPLE, PEOPLE + "dora@acme.example,Dora,Dam,,2027-04-01")):
        desk.now = moment(f"2027-03-0{number + 1} 02:45")
        desk.deliver(rows)
        desk.type("import", "acme")

    # when
    answer = desk.type("safeguard", "acme", "--sort", "rows", "--limit", "1", "--json")
    table = desk.type("safeguard", "acme", "--sort", "-rows", "--columns", "rows,measured").out

    # then
    assert [delivery["rows"] for delivery in answer.document] == [3]
    assert table.splitlines()[1].split()[0] == "4"
