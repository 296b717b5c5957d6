"""`tenure status`: what needs somebody in the morning, in one company or in 2,000."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from adapters.store.opening import open_store
from domain.company_runs.events import RunEnded, RunKind
from domain.company_runs.feed import Feed, FeedState
from domain.company_runs.open_issues import OpenIssue
from domain.company_runs.state import CompanyState, HeldDelivery
from domain.ids import run_id
from domain.issues.identity import issue_key
from domain.issues.issue import make_issue
from domain.outcome import Outcome
from projections import open_issues, runs
from projections.tables import Operation, Write
from tests.cli.conftest import ACME, Desk
from tests.given import NOW, file_of, moment

DONE, USAGE, NEEDED = 0, 2, 3
HEADER = "email,first_name,last_name,onboarding_date,birthday"
STATES = {
    FeedState.FAILING: (Outcome.FAILED, 14),
    FeedState.REFUSED: (Outcome.REFUSED, 5),
    FeedState.SILENT: (Outcome.NO_FILE, 23),
    FeedState.HELD: (Outcome.HELD, 7),
    FeedState.FRESH: (Outcome.APPLIED, 1_951),
}
WITH_ERRORS, WITH_STARTER = 143, 2


def status(desk: Desk, *arguments: str) -> Any:
    """Returns the documents of `tenure status`."""
    answer = desk.type("status", *arguments, "--json")
    assert answer.err == ""
    return answer.document


def check(desk: Desk, *arguments: str) -> tuple[int, str]:
    """Returns the exit code and the line of `tenure status --check`."""
    answer = desk.type("status", "--check", *arguments)
    assert answer.err == ""
    (line,) = answer.out.splitlines()
    return answer.code, line


def deliver(desk: Desk, rows: int, *, modified: timedelta = timedelta(minutes=5)) -> Path:
    """Writes a file of so many employees, modified some time before now, and returns its path."""
    names = (f"p{number}@acme.example,Per{number},Son{number},," for number in range(rows))
    return put(desk, HEADER, *names, modified=modified)


def put(desk: Desk, header: str, *rows: str, modified: timedelta = timedelta(minutes=5)) -> Path:
    """Writes a file of these rows, modified some time before now, and returns its path."""
    path = desk.deliver(file_of(header, *rows))
    at = (desk.now - modified).timestamp()
    os.utime(path, (at, at))
    return path


# One company


def test_a_feed_turns_bad_once_and_recovers_once(desk: Desk) -> None:
    """Q3, D6, B1: A feed that shrinks from 300 rows to 2 is held, a file of 70 days is stale, no
    file is silent, and a new file makes the feed fresh again; `status --check` says so each day."""
    # given
    told = []

    def pick_up() -> None:
        desk.type("import", "acme")
        (found,) = status(desk)
        told.append((found["feed"], found["needs"], *check(desk)))
        desk.now += timedelta(days=1)

    # when
    deliver(desk, 300)
    pick_up()
    deliver(desk, 2)
    pick_up()
    held = desk.type("runs", "--held", "--json").document[0]["run"]
    desk.type("discard", held, "--by", "Eva", "--reason", "ticket 7")
    file = deliver(desk, 300, modified=timedelta(days=1))
    pick_up()
    desk.now += timedelta(days=69)
    pick_up()
    file.unlink()
    pick_up()
    pick_up()
    deliver(desk, 300)
    pick_up()

    # then
    assert told == [
        ("fresh", [], DONE, "Nobody is needed."),
        ("held", ["held"], NEEDED, "1 company needs somebody: 1 held"),
        ("fresh", [], DONE, "Nobody is needed."),
        ("stale", ["feed"], NEEDED, "1 company needs somebody: 1 stale"),
        ("silent", ["feed"], NEEDED, "1 company needs somebody: 1 silent"),
        ("silent", ["feed"], NEEDED, "1 company needs somebody: 1 silent"),
        ("fresh", [], DONE, "Nobody is needed."),
    ]


def test_a_file_becomes_stale_between_two_pick_ups(desk: Desk) -> None:
    """Q3: A feed is stale from the moment at which its newest file is older than `stale_after`,
    before any run has met the file again; "0" switches it off."""
    # given
    deliver(desk, 3, modified=timedelta(0))
    desk.type("import", "acme")

    # when / then
    desk.now = NOW + timedelta(days=7)
    assert status(desk)[0]["feed"] == "fresh"
    desk.now += timedelta(seconds=1)
    (found,) = status(desk)
    assert (found["feed"], found["since"]) == ("stale", "2027-03-08T02:45:00Z")

    # when / then
    desk.configure(ACME + '\n[company.acme.policy]\nstale_after = "0"\n')
    assert status(desk)[0]["feed"] == "fresh"


def test_a_company_tells_everything_about_its_feed(desk: Desk) -> None:
    """Q3: The document of a company has its last file, when it was applied, rows, absent employees
    and open issues, and a company without a delivery has never had one."""
    # given
    (before,) = status(desk)
    file = deliver(desk, 4)
    desk.type("import", "acme")
    desk.now = NOW + timedelta(hours=1)
    deliver(desk, 3)

    # when
    desk.type("import", "acme")
    (after,) = status(desk, "acme")

    # then
    assert (before["feed"], before["last_file"], before["needs"]) == ("never", None, [])
    assert after == {
        "company": "acme",
        "feed": "fresh",
        "since": "2027-03-01T02:45:00Z",
        "needs": [],
        "last_file": file.name,
        "last_modified": "2027-03-01T03:40:00Z",
        "last_applied": "2027-03-01T03:45:00Z",
        "rows": 3,
        "absent": 1,
        "held": None,
        "open": {"error": 0, "warning": 0},
        "starts": None,
        "leaves": None,
        "next_slot": "2027-03-01T20:00:00Z",
        "overdue": False,
    }


def test_customers_without_a_file_for_some_days_are_listed(desk: Desk) -> None:
    """Q3: `tenure status --older-than` lists the companies whose newest file is older, and before
    them those that have had no file."""
    # given
    desk.configure(ACME + ACME.replace("acme", "zenith").replace("outgoing", "other"))
    (desk.directory / "other").mkdir()
    deliver(desk, 3, modified=timedelta(days=3, minutes=5))
    desk.type("import", "--all")

    # when / then
    assert [each["company"] for each in status(desk, "--older-than", "3d")] == ["zenith", "acme"]
    assert [each["company"] for each in status(desk, "--older-than", "73h")] == ["zenith"]
    lines = desk.type("status", "--older-than", "3d").out.splitlines()
    assert [line.split()[0] for line in lines] == ["COMPANY", "zenith", "acme"]
    assert desk.type("status", "--older-than", "3 days").code == USAGE
    assert desk.type("status", "--older-than", "0").code == USAGE


def test_a_day_that_is_far_ahead_is_not_soon(desk: Desk) -> None:
    """Only a first or a last day within 14 days is told as soon, for one company as for all."""
    # given
    bad = (f"p1@acme.example,Per,Son,{desk.now.date() + timedelta(days=60)},31-12-1990",)
    put(desk, HEADER, *bad)
    desk.type("import", "acme")

    # when / then
    assert "soon" not in desk.type("status", "acme").out
    desk.now += timedelta(days=50)
    assert "soon" in desk.type("status", "acme").out


def test_a_starter_whose_row_is_rejected_comes_first(desk: Desk) -> None:
    """W9, Q1: A rejected row with a first day in the next days is told before everything else."""
    # given
    rows = ("anna@acme.example,Anna,Ek,2027-03-02,1-1-1990", "bo@acme.example,Bo,Es,2020-01-01,x")
    put(desk, HEADER, *rows)
    desk.type("import", "acme")

    # when
    (found,) = status(desk)
    shown = desk.type("status").out

    # then
    assert (found["needs"], found["open"]["error"], found["starts"]) == (
        ["issues"],
        2,
        "2027-03-02",
    )
    soon = shown.partition("Rejected, and the person starts or leaves soon (1)")[2]
    assert soon.splitlines()[1] == f"  {'acme':24}a rejected row has the first day 2027-03-02"


def test_what_the_schedule_missed_is_overdue(desk: Desk) -> None:
    """R5, C1: A slot that was not served for more than 15 minutes is overdue, and so is a last day
    that has passed while the account is still open."""
    # given
    put(desk, "email,first_name,last_name,offboarding_date", "a@x.example,A,B,2027-03-05")
    desk.type("import", "--all", "--due")
    desk.now = moment("2027-03-01 20:00")
    desk.type("import", "--all", "--due")
    assert check(desk)[0] == DONE

    # when / then
    desk.now = moment("2027-03-02 03:00")
    assert check(desk)[0] == DONE
    desk.now = moment("2027-03-02 03:01")
    assert check(desk) == (NEEDED, "1 company needs somebody: 1 overdue")

    # when / then
    desk.type("import", "acme")
    assert check(desk)[0] == DONE

    # when / then
    desk.now = moment("2027-03-05 23:16")
    desk.type("import", "--all", "--due")
    (found,) = status(desk)
    assert (found["overdue"], found["needs"]) == (True, ["overdue"])
    desk.type("clock")
    assert check(desk)[0] == DONE


def test_wrong_settings_and_damaged_data_of_one_company_are_told(desk: Desk) -> None:
    """R6: A company with wrong settings, or whose stored state cannot be read, needs somebody, and
    hides no other company."""
    # given
    desk.configure(
        ACME + '\n[company.wrong]\nname = 3\n\n[company.zero]\nname="Z"\nlanguage="nl"\n'
    )
    deliver(desk, 2)
    desk.type("import", "acme")
    with closing(open_store(desk.directory / "tenure.db")) as store:
        damaged = runs.CompanyRow("zero", 1, None, b"{")
        store.events.insert((), [Write(Operation.INSERT, runs.COMPANIES, [damaged])])

    # when
    needs = {each["company"]: each["needs"] for each in status(desk)}

    # then
    assert needs == {"acme": [], "wrong": ["settings"], "zero": ["damaged"]}


def test_a_company_that_left_is_told_of_when_it_is_asked_for(desk: Desk) -> None:
    """A company that left the configuration is in no list, and answers when it is named."""
    # given
    deliver(desk, 2)
    desk.type("import", "acme")
    desk.configure("")

    # when / then
    assert status(desk) == []
    assert status(desk, "acme")[0]["feed"] == "fresh"
    assert desk.type("status", "other").code == USAGE


# 2,000 companies


@pytest.fixture
def many(desk: Desk) -> Desk:
    """Returns a desk with 2,000 companies after a bad night."""
    desk.configure("".join(f'[company.c{n:04}]\nname="C"\nlanguage="nl"\n' for n in range(2_000)))
    with closing(open_store(desk.directory / "tenure.db")) as store:
        store.events.insert((), night())
    return desk


def night() -> Iterator[Write]:
    """Yields the writes of one run for each company, and of the errors in some of them."""
    keys = iter(f"c{number:04}" for number in range(2_000))
    for state, (outcome, count) in STATES.items():
        for number in range(count):
            key = next(keys)
            run = run_id(int(NOW.timestamp() * 1000), int(key[1:]))
            ended = RunEnded(key, RunKind.IMPORT, outcome, NOW, NOW, "schedule")
            feed = Feed(state, NOW, applied=NOW if state is FeedState.FRESH else None)
            held = HeldDelivery(run, "d", 1) if state is FeedState.HELD else None
            row = runs.company_row(key, CompanyState(version=1, held=held, feed=feed))
            yield Write(Operation.INSERT, runs.COMPANIES, [row])
            yield Write(Operation.INSERT, runs.RUNS, [runs.run_row(run, 1, ended)])
            if state is FeedState.FRESH and number < WITH_ERRORS:
                starts = NOW.date() + timedelta(days=1) if number < WITH_STARTER else None
                yield an_error(key, run, starts)


def an_error(key: str, run: UUID, starts: date | None) -> Write:
    """Returns the write of one open error."""
    issue = replace(make_issue("bad-email", "email", "x"), starts=starts)
    said = OpenIssue(issue_key(issue), issue, lasting=True, since=NOW, run=run, last=NOW)
    return Write(Operation.INSERT, open_issues.TABLE, [open_issues.row(key, said)])


def test_one_screen_shows_2000_companies(many: Desk) -> None:
    """Q3: With 2,000 companies, `tenure status` says on one screen of 80 columns how many feeds are
    in which state, which companies need somebody, and how to list the others."""
    # when
    answer = many.type("status")

    # then
    lines = answer.out.splitlines()
    assert answer.code == DONE
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 80
    assert lines[0] == "2,000 companies at 2027-03-01 02:45 UTC: 192 need somebody"
    assert lines[1] == "feeds: 1,951 fresh, 7 held, 14 failing, 5 refused, 23 silent"
    headings = [line for line in lines[3:] if not line.startswith("  ")]
    assert [re.findall(r"\((\d+)", line)[0] for line in headings] == [
        "2",
        "7",
        "14",
        "5",
        "23",
        "143",
    ]
    commands = re.findall(r"`tenure (status --only \w+)`", answer.out)
    assert len(many.type(*commands[-1].split()).out.splitlines()) == 1 + WITH_ERRORS


def test_the_check_tells_monitoring_in_one_line(many: Desk) -> None:
    """Q3: `tenure status --check` exits with 3 and counts in one line who needs somebody."""
    # when / then
    assert check(many) == (
        NEEDED,
        "192 companies need somebody: 2 soon, 7 held, 14 failing, 5 refused, 23 silent, "
        "143 with errors",
    )
    assert check(many, "c1999") == (DONE, "Nobody is needed.")


def test_status_is_about_as_fast_as_runs(many: Desk) -> None:
    """Q3: The status of 2,000 companies takes at most four times as long as the list of runs."""

    # given
    def seconds(command: str) -> float:
        begun = time.perf_counter()
        many.type(command)
        return time.perf_counter() - begun

    for command in ("runs", "status"):
        seconds(command)

    # when
    ratio = min(seconds("status") for _ in range(3)) / min(seconds("runs") for _ in range(3))

    # then
    assert ratio < 4
