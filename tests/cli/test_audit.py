"""Questions across employees, and about the past: `audit`, and `roster --as-of`."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.cli.conftest import ASKED, Desk, assert_explained
from tests.cli.test_documents import Happened, Person, Run, decoded
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
        decoded(desk.type("show", "acme", who, "--json"), Person).id: name
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


def test_an_audit_tells_everything_oldest_first(lived: Desk) -> None:
    """`tenure audit` without conditions tells every event of the company's employees, oldest
    first."""
    # when / then
    assert story(lived) == STORY


def test_an_audit_tells_of_each_what_their_history_tells(lived: Desk) -> None:
    """`tenure audit` tells of each employee exactly the events that `tenure history` tells."""
    # when
    found = audited(lived)

    # then
    for employee in {entry.employee for entry in found}:
        answer = lived.type("history", "acme", employee, "--json")
        assert [e for e in found if e.employee == employee] == decoded(answer, list[Happened])


def test_an_audit_tells_who_why_when_and_what_said_so(lived: Desk) -> None:
    """S1, C1: `tenure audit` tells for each event who acted, why, the file and line, and both the
    moment of effect and the moment of recording."""
    # when
    found = audited(lived)
    changed, left = found[4], found[-1]
    support = next(entry for entry in found if entry.kind == "email-changed")
    run_of = {run.run: run for run in runs(lived)}

    # then
    assert (changed.file, changed.line, changed.by) == ("alleo_employees_1.csv", 2, "schedule")
    assert (support.by, support.reason, support.file) == ("Eva", "ticket 7", None)
    assert (left.by, left.reason, left.file, left.line) == ("night", None, None, None)
    assert (left.effective, left.recorded) == ("2027-03-03T23:00:00Z", "2027-03-05T00:00:00Z")
    assert [run_of[entry.run].kind for entry in (changed, support, left)] == [
        "import",
        "support",
        "clock",
    ]


def test_the_text_of_an_audit_names_the_employee_of_each_event(lived: Desk) -> None:
    """The text output of `tenure audit` names the employee, the reason, the file and line, and the
    changes of each event."""
    # given
    found = audited(lived)

    # when
    answer = lived.type("audit", "acme")

    # then
    assert (answer.code, answer.err) == (0, "")
    lines = answer.out.splitlines()
    heads = [line for line in lines if not line.startswith("  ")]
    assert [head.split()[:3] for head in heads] == [[e.kind, "of", e.employee] for e in found]
    assert "  because ticket 7" in lines
    assert "  said by alleo_employees_1.csv, line 2" in lines
    assert "  first_name: Anna → Anne" in lines


def test_the_text_of_a_history_does_not_repeat_the_employee(lived: Desk) -> None:
    """The text output of `tenure history` does not repeat the employee at every event."""
    # when
    out = lived.type("history", "acme", "ext-anna").out

    # then
    assert out.startswith("registered at 2027-03-01 02:45:00 UTC\n  recorded at ")


def test_an_audit_tells_no_event_of_another_company(lived: Desk) -> None:
    """R6: `tenure audit` of one company tells no event of another company."""
    # given
    config = (lived.directory / "tenure.toml").read_text()
    lived.write("tenure.toml", (config + config.replace("acme", "zenith")).encode())
    lived.type("import", "zenith")

    # then
    assert story(lived) == STORY
    zenith = decoded(lived.type("audit", "zenith", "--json"), list[Happened])
    assert [entry.kind for entry in zenith] == ["registered"] * 3
    assert {e.employee for e in zenith} & {e.employee for e in audited(lived)} == set()


# Filters


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--since", "2027-03-03"], of("03", "05")),
        (["--since", "2027-03-02T02:45Z"], of("02", "03", "05")),
        (["--since", "2027-03-02T02:45:01"], of("03", "05")),
        (["--since", "2027-03-02T03:45:00+01:00"], of("02", "03", "05")),
        (["--since", "2027-03-05"], of("05")),
        (["--since", "2027-03-05T00:00:01Z"], []),
        (["--until", "2027-03-03"], of("01", "02", "03")),
        (["--until", "2027-03-02T02:45Z"], of("01")),
        (["--until", "2027-03-04T00:00Z"], of("01", "02", "03")),
        (["--until", "2027-03-04"], of("01", "02", "03")),
        (["--until", "2027-03-05"], STORY),
        (["--until", "2027-02-28"], []),
        (["--until", "2199-12-31"], STORY),
        (["--since", "2027-03-02", "--until", "2027-03-03"], of("02", "03")),
        (["--since", "2027-03-02", "--until", "2027-03-02"], of("02")),
        (["--since", "2027-03-03", "--until", "2027-03-02"], []),
        (["--kind", "deactivated"], of(kinds=["deactivated"])),
        (["--kind", "registered", "--kind", "activated"], of(kinds=["registered", "activated"])),
        (["--kind", "reactivated"], []),
        (["--kind", "registered", "--since", "2027-03-02"], of("02", kinds=["registered"])),
        (["--by", "schedule"], of("01", "02")),
        (["--by", "Eva"], of("03")),
        (["--by", "eva"], []),
        (["--by", ""], []),
        (["--by", "schedule", "--kind", "registered", "--until", "2027-03-01"], STORY[:3]),
        (["--by", "night", "--kind", "registered"], []),
    ],
)
def test_an_audit_tells_what_it_is_asked_for(
    lived: Desk, options: list[str], told: list[tuple[str, str, str]]
) -> None:
    """`tenure audit` filters by kind, by person, and by the moment of recording; a date alone
    includes its day."""
    assert story(lived, *options) == told


def test_an_audit_of_one_run_is_asked_for_by_the_beginning_of_its_id(lived: Desk) -> None:
    """R2: `tenure audit --run` tells the events of one run, by its whole id or by the beginning of
    it."""
    # when / then
    for run in runs(lived):
        others = [other.run for other in runs(lived) if other.run != run.run]
        length = next(n for n in range(40) if not any(o.startswith(run.run[:n]) for o in others))
        told = of(run.started[8:10])

        for name in (run.run, run.run[:length], run.run.replace("-", "")):
            assert story(lived, "--run", name) == told
        assert story(lived, "--run", run.run, "--by", run.by) == told
        assert story(lived, "--run", run.run, "--by", "nobody") == []


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_an_audit_of_another_companys_run_is_refused(lived: Desk, form: list[str]) -> None:
    """R6: `tenure audit --run` with a run of another company exits with code 2 and explains it."""
    # given
    config = (lived.directory / "tenure.toml").read_text()
    lived.write("tenure.toml", (config + config.replace("acme", "zenith")).encode())
    run = decoded(lived.type("import", "zenith", "--json"), Run)

    # when
    answer = lived.type("audit", "acme", "--run", run.run, *form)

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
        (["--kind", "run-ended"], ["run-ended"]),
        (["--kind", ""], ["--kind"]),
        (["--run", "0123"], ["no run 0123"]),
        (["--run", "0"], ["several runs fit 0", "acme, 2027-"]),
        (["--run", ""], ["no run"]),
        (["--since", "yesterday"], ["yesterday", "2027-03-31T23:00Z"]),
        (["--until", "2027-02-30"], ["2027-02-30"]),
        (["--until", "9999-12-31"], ["9999-12-31"]),
        (["--since", "0001-01-01T00:00+14:00"], ["0001-01-01"]),
    ],
)
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_an_unusable_question_is_explained(
    lived: Desk, options: list[str], words: list[str], form: list[str]
) -> None:
    """`tenure audit` with an unusable kind, run or moment exits with code 2 and explains the
    option."""
    # when
    answer = lived.type("audit", "acme", *options, *form)

    # then
    assert answer.code == 2
    assert_explained(answer, words)


@pytest.mark.parametrize("decision", ["approve", "discard", None])
def test_an_audit_tells_nothing_of_a_held_delivery_until_it_is_approved(
    lived: Desk, decision: str | None
) -> None:
    """B1, B2: `tenure audit` tells nothing of a held delivery, and after an approval its events as
    those of the approval."""
    # given
    rows = "".join(f"p{n}@acme.example,First{n},Last{n}\n" for n in range(60))
    lived.deliver(f"email,first_name,last_name\n{rows}", name="2")
    held = decoded(lived.type("import", "acme", "--json"), Run)
    assert (held.outcome, held.counts.registered) == ("held", 60)
    if decision:
        assert lived.type(decision, held.run, *ASKED).code == 0

    # then
    assert audited(lived, "--run", held.run) == []
    assert len(audited(lived)) == len(STORY) + (60 if decision == "approve" else 0)
    assert len(audited(lived, "--by", "Eva", "--since", "2027-03-06")) == (
        60 if decision == "approve" else 0
    )


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
    "2027-02-28": {},
    "2027-03-01T02:44:59Z": {},
    "2027-03-01T02:45:00Z": {
        "Anna": ("anna", "active"),
        "Bram": ("bram", "pending"),
        "Chris": ("chris", "offboarding-scheduled"),
    },
    "2027-03-02T03:45:00+01:00": {
        "Anne": ("anna", "active"),
        "Bram": ("bram", "pending"),
        "Chris": ("chris", "offboarding-scheduled"),
        "Dora": ("dora", "active"),
    },
    # The clock came two days late, and what it did took effect when it was due (C1).
    "2027-03-03T00:00Z": {
        "Anne": ("anna", "active"),
        "Bram": ("bram", "active"),
        "Chris": ("chris", "offboarding-scheduled"),
        "Dora": ("dora", "active"),
    },
    "2027-03-03T23:00Z": {
        "Anne": ("anna", "active"),
        "Bram": ("bram", "active"),
        "Chris": ("chris", "deactivated"),
        "Dora": ("dora", "active"),
    },
    "2027-03-06T12:00Z": {
        "Anne": ("new", "active"),
        "Bram": ("bram", "active"),
        "Chris": ("chris", "deactivated"),
        "Dora": ("dora", "active"),
    },
}
PAST["2027-03-03"] = PAST["2027-03-03T23:00Z"] | {"Anne": ("new", "active")}  # the end of the day


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


def test_the_roster_before_anyone_is_empty(lived: Desk) -> None:
    """`tenure roster --as-of` before the first delivery is empty."""
    # when
    answer = lived.type("roster", "acme", "--as-of", "1999-12-31")

    # then
    assert (answer.code, answer.err) == (0, "")
    assert "acme.example" not in answer.out
    assert lived.type("roster", "acme", "--as-of", "1999-12-31", "--json").document == []


@pytest.mark.parametrize("at", ["2027-03-06T12:00:01Z", "2027-03-07", "2199-12-31"])
def test_the_roster_of_a_moment_ahead_is_not_known(lived: Desk, at: str) -> None:
    """`tenure roster --as-of` with a moment ahead exits with code 2 and points to `tenure clock
    --dry-run`."""
    # when
    answer = lived.type("roster", "acme", "--as-of", at)

    # then
    assert answer.code == 2
    assert_explained(answer, ["--as-of is for the past", "tenure clock --dry-run --at"])
