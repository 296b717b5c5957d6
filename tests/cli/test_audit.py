"""Questions across employees, and about the past: `audit`, and `roster --as-of`."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import pytest

from domain.ids import short_run_id
from tests.cli.conftest import ASKED, Desk, assert_explained
from tests.cli.test_documents import Happened, Person, Run, Shown, decoded
from tests.given import moment

FIRST = """
    email,first_name,last_name,external_id,onboarding_date,offboarding_date
    anna@acme.example,Anna,Bakker,ext-anna,2020-01-01,
    bram@acme.example,Bram,Smit,ext-bram,2027-03-03,
    chris@acme.example,Chris,Jansen,ext-chris,2020-01-01,2027-03-03
"""
SECOND = FIRST.replace("Anna,", "Anne,") + "    dora@acme.example,Dora,Dam,,,\n"

STORY = [
    ("registered", "Anna", "2027-03-01"),
    ("registered", "Bram", "2027-03-01"),
    ("registered", "Chris", "2027-03-01"),
    ("offboarding-scheduled", "Chris", "2027-03-01"),
    ("details-changed", "Anna", "2027-03-02"),
    ("registered", "Dora", "2027-03-02"),
    ("email-changed", "Anna", "2027-03-03"),
    ("activated", "Bram", "2027-03-05"),
    ("deactivated", "Chris", "2027-03-05"),
]
"""What happened, to whom, and on which day it was recorded."""
NAMES = {"Anna": "ext-anna", "Bram": "ext-bram", "Chris": "ext-chris", "Dora": "dora@acme.example"}


@pytest.fixture
def lived(desk: Desk) -> Desk:
    """Five days of Acme: two deliveries, support, and a clock that missed two nights."""
    desk.deliver(FIRST)
    desk.type("import", "acme", "--by", "schedule")
    desk.now = moment("2027-03-02 02:45")
    desk.deliver(SECOND)
    desk.type("import", "acme", "--by", "schedule")
    desk.now = moment("2027-03-03 23:59:59")
    desk.type("support", "change-email", "acme", "ext-anna", "new@acme.example", *ASKED)
    desk.now = moment("2027-03-05 00:00")
    desk.type("clock", "--by", "night")
    desk.now = moment("2027-03-06 12:00")
    return desk


def audited(desk: Desk, *options: str) -> list[Happened]:
    answer = desk.type("audit", "acme", *options, "--json")
    assert answer.code == 0
    return decoded(answer, list[Happened])


def story(desk: Desk, *options: str) -> list[tuple[str, str, str]]:
    """What an audit tells, as `STORY` does."""
    names = {
        decoded(desk.type("show", "acme", who, "--json"), Shown).id: name
        for name, who in NAMES.items()
    }
    return [(e.kind, names[e.employee], e.recorded[:10]) for e in audited(desk, *options)]


def runs(desk: Desk) -> list[Run]:
    """Every run, oldest first."""
    return decoded(desk.type("runs", "--json"), list[Run])[::-1]


def of(*days: str, kinds: Iterable[str] = ()) -> list[tuple[str, str, str]]:
    """What happened on days of March."""
    return [
        each
        for each in STORY
        if (not days or each[2][-2:] in days) and (not kinds or each[0] in kinds)
    ]


# Everything


def test_an_audit_names_the_person_of_each_event(lived: Desk) -> None:
    """The text output of `tenure audit` has one line an event: the day on which it took effect, the
    person, what happened, the file and line or the person that caused it, and the run."""
    # given
    found = audited(lived)

    # when
    answer = lived.type("audit", "acme")

    # then
    lines = answer.out.splitlines()
    ends = [f"[run {short_run_id(UUID(each.run))}]" for each in found]
    assert [line[:10] for line in lines] == [each.effective[:10] for each in found]
    assert all(line.endswith(end) for line, end in zip(lines, ends, strict=True))
    changed = 'Anne Bakker <anna@acme.example>: first name changed from "Anna" to "Anne"'
    assert f"2027-03-02  {changed}; said by alleo_employees_1.csv, line 2 {ends[4]}" in lines
    readdressed = "e-mail address changed from anna@acme.example to new@acme.example"
    who = "Anne Bakker <new@acme.example>"
    assert f"2027-03-03  {who}: {readdressed}; by Eva, reason: ticket 7 {ends[6]}" in lines
    gone = "locked out at 2027-03-03 23:00 UTC, because the last day was 2027-03-03"
    said = "(set on 2027-03-01, said by alleo_employees_1.csv, line 4)"
    late = "by the clock; done late, at 2027-03-05 00:00 UTC"
    whom = "Chris Jansen <chris@acme.example>"
    assert f"2027-03-03  {whom}: {gone} {said}; {late} {ends[8]}" in lines


def test_the_details_of_an_audit_have_the_ids_of_each_event(lived: Desk) -> None:
    """`tenure audit --details` names the employee by id, the reason, the file and line, and the
    changes of each event."""
    # given
    found = audited(lived)

    # when
    answer = lived.type("audit", "acme", "--details")

    # then
    assert (answer.code, answer.err) == (0, "")
    lines = answer.out.splitlines()
    heads = [line for line in lines if not line.startswith("  ")]
    assert [head.split()[:3] for head in heads] == [[e.kind, "of", e.employee] for e in found]
    assert "  because ticket 7" in lines
    assert "  said by alleo_employees_1.csv, line 2" in lines
    assert "  first_name: Anna → Anne" in lines


def test_the_text_of_a_history_does_not_repeat_the_employee(lived: Desk) -> None:
    """The text output of `tenure history`, at length too, names the employee once."""
    # when
    told = lived.type("history", "acme", "ext-anna").out
    details = lived.type("history", "acme", "ext-anna", "--details").out

    # then
    registered = "2027-03-01  Registered as Anna Bakker <anna@acme.example> with external id"
    assert told.startswith(registered)
    assert told.count("Bakker") == 1
    assert details.startswith("registered at 2027-03-01 02:45:00 UTC\n  recorded at ")


def test_a_limit_gives_the_latest_events(lived: Desk) -> None:
    """`tenure audit --limit` gives the latest of the events that are asked for, oldest first."""
    # when / then
    assert story(lived, "--limit", "3") == STORY[-3:]
    assert story(lived, "--limit", "2", "--kind", "registered") == of(kinds=["registered"])[-2:]
    assert story(lived, "--limit", "99") == STORY


# Filters


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], STORY),
        (["--since", "2027-03-03"], of("03", "05")),
        (["--since", "2027-03-02T02:45:01"], of("03", "05")),
        (["--since", "2027-03-02T03:45:00+01:00"], of("02", "03", "05")),
        (["--until", "2027-03-02T02:45Z"], of("01")),
        (["--until", "2027-03-03"], of("01", "02", "03")),
        (["--until", "2199-12-31"], STORY),
        (["--since", "2027-03-02", "--until", "2027-03-02"], of("02")),
        (["--since", "2027-03-03", "--until", "2027-03-02"], []),
        (["--kind", "registered", "--kind", "activated"], of(kinds=["registered", "activated"])),
        (["--by", "eva"], []),
        (["--by", ""], []),
        (["--by", "schedule", "--kind", "registered", "--until", "2027-03-01"], STORY[:3]),
    ],
)
def test_an_audit_tells_what_it_is_asked_for(
    lived: Desk, options: list[str], told: list[tuple[str, str, str]]
) -> None:
    """`tenure audit` tells the events, oldest first, and filters by kind, by person, and by the
    moment of recording. A date alone includes its day."""
    assert story(lived, *options) == told


def test_an_audit_of_one_run_is_asked_for_by_the_beginning_of_its_id(lived: Desk) -> None:
    """R2: `tenure audit --run` tells the events of one run, by its whole id or by the beginning of
    it."""
    # given
    run, *others = [each.run for each in reversed(runs(lived))]
    length = next(n for n in range(40) if not any(o.startswith(run[:n]) for o in others))

    # when / then
    for name in (run, run[:length], run.replace("-", "")):
        assert story(lived, "--run", name) == of("05")
    assert story(lived, "--run", run, "--by", "nobody") == []


def test_an_audit_of_another_companys_run_is_refused(lived: Desk) -> None:
    """R6: `tenure audit --run` with a run of another company exits with code 2 and explains it."""
    # given
    config = (lived.directory / "tenure.toml").read_text()
    lived.write("tenure.toml", (config + config.replace("acme", "zenith")).encode())
    run = decoded(lived.type("import", "zenith", "--json"), Run)

    # when
    answer = lived.type("audit", "acme", "--run", run.run)

    # then
    assert answer.code == 2
    assert_explained(answer, [f"run {run.run} is not a run of acme", "tenure runs acme"])
    assert lived.type("audit", "zenith", "--run", run.run).code == 0


def test_an_empty_audit_is_said(lived: Desk) -> None:
    """`tenure audit` without a matching event says so, and gives an empty list as JSON."""
    # when
    told, document = (
        lived.type("audit", "acme", "--since", "2027-03-06", *form) for form in ([], ["--json"])
    )

    # then
    assert (told.code, told.out, told.err) == (0, "There are no such events.\n", "")
    assert (document.code, document.out, document.err) == (0, "[]\n", "")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--kind", "hired"], ["hired"]),
        (["--run", "0123"], ["no run 0123"]),
        (["--run", "0"], ["several runs fit 0", "acme, 2027-"]),
        (["--run", ""], ["no run"]),
        (["--since", "yesterday"], ["yesterday", "2027-03-31T23:00Z"]),
        (["--until", "2027-02-30"], ["2027-02-30"]),
        (["--until", "9999-12-31"], ["9999-12-31"]),
        (["--since", "0001-01-01T00:00+14:00"], ["0001-01-01"]),
    ],
)
def test_an_unusable_question_is_explained(
    lived: Desk, options: list[str], words: list[str]
) -> None:
    """`tenure audit` with an unusable kind, run or moment exits with code 2 and explains the
    option."""
    # when
    answer = lived.type("audit", "acme", *options, "--json")

    # then
    assert answer.code == 2
    assert_explained(answer, words)


# The past


def people(desk: Desk, *options: str) -> dict[str, tuple[str, str]]:
    """Names, with address and state."""
    answer = desk.type("roster", "acme", *options, "--json")
    assert answer.code == 0
    return {
        person.first_name: (person.email.partition("@")[0], person.state)
        for person in decoded(answer, list[Person])
    }


PAST: dict[str, dict[str, tuple[str, str]]] = {
    "1999-12-31": {},
    "2027-03-01T02:45:00Z": {
        "Anna": ("anna", "active"),
        "Bram": ("bram", "pending"),
        "Chris": ("chris", "offboarding-scheduled"),
    },
    # The clock came two days late, and what it did took effect when it was due (C1). A date means
    # the end of the day.
    "2027-03-03": {
        "Anne": ("new", "active"),
        "Bram": ("bram", "active"),
        "Chris": ("chris", "deactivated"),
        "Dora": ("dora", "active"),
    },
}


@pytest.mark.parametrize("at", PAST)
def test_the_roster_of_a_moment_is_as_things_took_effect(lived: Desk, at: str) -> None:
    """C1: `tenure roster --as-of` shows the employees as the events had taken effect at that
    moment. A date means the end of its day."""
    assert people(lived, "--as-of", at) == PAST[at]


def test_the_roster_of_this_moment_is_the_roster(lived: Desk) -> None:
    """`tenure roster --as-of` with the present moment or with today equals the roster of now."""
    # given
    now = lived.type("roster", "acme", "--json").out

    # when / then
    assert lived.type("roster", "acme", "--as-of", "2027-03-06T12:00Z", "--json").out == now
    assert lived.type("roster", "acme", "--as-of", "2027-03-06", "--json").out == now


def test_the_roster_of_a_moment_can_be_asked_for_in_part(lived: Desk) -> None:
    """`tenure roster --as-of` can be filtered by state and by group."""
    # given
    at = ["--as-of", "2027-03-02T12:00Z"]

    # when / then
    assert list(people(lived, *at, "--state", "pending")) == ["Bram"]
    assert list(people(lived, *at, "--state", "deactivated")) == []
    assert list(people(lived, *at, "--group", "Sales")) == []


@pytest.mark.parametrize("at", ["2027-03-06T12:00:01Z", "2027-03-07", "2199-12-31"])
def test_the_roster_of_a_moment_ahead_is_not_known(lived: Desk, at: str) -> None:
    """`tenure roster --as-of` with a moment ahead exits with code 2 and points to `tenure clock
    --dry-run`."""
    # when
    answer = lived.type("roster", "acme", "--as-of", at)

    # then
    assert answer.code == 2
    assert_explained(answer, ["--as-of is for the past", "tenure clock --dry-run --at"])
