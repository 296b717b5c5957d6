"""`tenure import --all --due`: the schedule, from cron."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.cli.conftest import ACME, Desk, assert_explained
from tests.given import moment

DONE, USAGE = 0, 2
ANNA = "Email,First name,Last name\nanna@acme.example,Anna,Ek\n"
EVENING = moment("2027-03-01 20:00")


def due(desk: Desk) -> list[tuple[str, str | None, str]]:
    """What a call from cron imports: company, slot and outcome."""
    answer = desk.type("import", "--all", "--due", "--by", "cron", "--json")
    assert answer.err == ""
    return [(run["company"], run["slot"], run["outcome"]) for run in answer.document]


def test_each_slot_is_served_once_however_often_it_is_called(desk: Desk) -> None:
    """R3, R5: `tenure import --all --due` serves each slot once, however often cron calls it, and
    after downtime only the latest slot; a new company waits for the next slot."""
    # given
    desk.deliver(ANNA.encode())
    desk.now = moment("2027-03-01 12:00")
    assert due(desk) == []

    # when
    desk.now = EVENING

    # then
    assert due(desk) == [("acme", "2027-03-01T20:00:00Z", "applied")]
    assert due(desk) == []

    # when
    desk.now = EVENING + timedelta(days=8, hours=7)

    # then
    assert due(desk) == [("acme", "2027-03-10T02:45:00Z", "unchanged")]
    assert due(desk) == []


def test_without_due_the_time_does_not_matter_and_no_slot_is_served(desk: Desk) -> None:
    """R3: `tenure import --all` without `--due` imports at any time and serves no slot."""
    # given
    desk.deliver(ANNA.encode())
    desk.now = moment("2027-03-01 12:00")
    due(desk)
    desk.now = EVENING

    # when
    (run,) = desk.type("import", "--all", "--json").document

    # then
    assert (run["slot"], run["outcome"]) == (None, "applied")
    assert due(desk) == [("acme", "2027-03-01T20:00:00Z", "unchanged")]


@pytest.mark.parametrize("command", [["import", "--all", "--due"], ["clock"]])
def test_where_nothing_is_due_cron_has_nothing_to_mail(desk: Desk, command: list[str]) -> None:
    """C1, R3: When nothing is due, the commands for cron write nothing and exit with code 0."""
    # when
    answer = desk.type(*command)

    # then
    assert (answer.code, answer.out, answer.err) == (DONE, "", "")


def test_a_run_that_needs_attention_is_a_line_that_cron_mails(desk: Desk) -> None:
    """R2: `tenure import --all` writes one line to standard error for each run that needs
    attention, without any cell, and none for a run that went well."""
    # given
    keys = ("applied", "held", "refused", "failed")
    desk.configure(
        "".join(ACME.replace("acme", key).replace("outgoing", f"{key}-files") for key in keys)
    )
    for key in keys[:2]:
        desk.deliver(ANNA.encode(), folder=f"{key}-files")
    desk.type("import", "--all")
    wrong = "".join(f"no address,Bram,Smit{number}\n" for number in range(9))
    desk.deliver((ANNA + wrong).encode(), folder="held-files")
    desk.deliver(b"email\nanna@acme.example\n", folder="refused-files")

    # when
    answer = desk.type("import", "--all", "--json")

    # then
    runs = {run["company"]: run["run"] for run in answer.document}
    assert answer.err.splitlines() == [
        f"failed: failed, unreachable; see `tenure run {runs['failed']}`",
        f"held: held, many-rejected-rows; see `tenure run {runs['held']}`",
        f"refused: refused, missing-column; see `tenure run {runs['refused']}`",
    ]


def test_a_pattern_that_matches_no_file_is_warned_of(desk: Desk) -> None:
    """`tenure import --all` warns of a pattern for company files that matches no file."""
    # given
    desk.configure('companies = "nope/*.toml"\n')

    # when
    answer = desk.type("import", "--all")

    # then
    assert (answer.code, answer.out) == (DONE, "")
    nope = desk.directory / "nope" / "*.toml"
    assert answer.err == f"Warning: tenure.toml, companies: no file matches {nope}.\n"


def test_one_company_cannot_be_due(desk: Desk) -> None:
    """`tenure import` of one company with `--due` exits with code 2 and explains it."""
    # when
    answer = desk.type("import", "acme", "--due")

    # then
    assert answer.code == USAGE
    assert_explained(answer)
