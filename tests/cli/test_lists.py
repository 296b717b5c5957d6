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
