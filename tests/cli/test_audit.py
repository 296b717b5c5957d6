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
    assert story(lived) == STORY


def test_an_audit_tells_of_each_what_their_history_tells(lived: Desk) -> None:
    found = audited(lived)

    for employee in {entry.employee for entry in found}:
        answer = lived.type("history", "acme", employee, "--json")
        assert [e for e in found if e.employee == employee] == decoded(answer, list[Happened])


def test_an_audit_tells_who_why_when_and_what_said_so(lived: Desk) -> None:
    """S, C1"""
    found = audited(lived)
    changed, left = found[4], found[-1]
    support = next(entry for entry in found if entry.kind == "email-changed")
    run_of = {run.run: run for run in runs(lived)}

    assert (changed.file, changed.line, changed.by) == ("alleo_employees_1.csv", 2, "schedule")
    assert (support.by, support.reason, support.file) == ("Eva", "ticket 7", None)
    assert (left.by, left.reason, left.file, left.line) == ("night", None, None, None)
    assert (left.effective, left.recorded) == ("2027-03-03T23:00:00Z", "2027-03-05T00:00:00Z")
    assert [run_of[entry.run].kind for entry in (changed, support, left)] == [
        "import",
        "support",
        "clock",
    ]


def test_an_audit_is_told_to_people_with_whose_event_it_is(lived: Desk) -> None:
    found = audited(lived)

    answer = lived.type("audit", "acme")

    assert (answer.code, answer.err) == (0, "")
    lines = answer.out.splitlines()
    heads = [line for line in lines if not line.startswith("  ")]
    assert [head.split()[:3] for head in heads] == [[e.kind, "of", e.employee] for e in found]
    assert "  because ticket 7" in lines
    assert "  said by alleo_employees_1.csv, line 2" in lines
    assert "  first_name: Anna → Anne" in lines


def test_a_history_has_no_need_to_say_whose_it_is(lived: Desk) -> None:
    out = lived.type("history", "acme", "ext-anna").out

    assert out.startswith("registered at 2027-03-01 02:45:00 UTC\n  recorded at ")


def test_what_another_company_lived_is_not_told(lived: Desk) -> None:
    config = (lived.directory / "tenure.toml").read_text()
    lived.write("tenure.toml", (config + config.replace("acme", "zenith")).encode())
    lived.type("import", "zenith")

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
    """By when it was recorded; a date alone includes its day."""
    assert story(lived, *options) == told


def test_an_audit_of_one_run_is_asked_for_by_the_beginning_of_its_id(lived: Desk) -> None:
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
    config = (lived.directory / "tenure.toml").read_text()
    lived.write("tenure.toml", (config + config.replace("acme", "zenith")).encode())
    run = decoded(lived.type("import", "zenith", "--json"), Run)

    answer = lived.type("audit", "acme", "--run", run.run, *form)

    assert answer.code == 2
    assert_explained(answer, [f"run {run.run} is none of acme", "tenure runs acme"])
    assert lived.type("audit", "zenith", "--run", run.run).code == 0


def test_an_empty_audit_is_said(lived: Desk) -> None:
    told, document = (
        lived.type("audit", "acme", "--since", "2027-03-06", *form) for form in ([], ["--json"])
    )

    assert (told.code, told.out, told.err) == (0, "No event fits.\n", "")
    assert (document.code, document.out, document.err) == (0, "[]\n", "")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--kind", "hired"], ["hired"]),
        (["--kind", "run-ended"], ["run-ended"]),
        (["--kind", ""], ["--kind"]),
        (["--run", "0123"], ["no run 0123"]),
        (["--run", "0"], ["several runs begin with 0"]),
        (["--run", ""], ["no run"]),
        (["--since", "yesterday"], ["yesterday", "2027-03-31T23:00Z"]),
        (["--until", "2027-02-30"], ["2027-02-30"]),
        (["--until", "9999-12-31"], ["9999-12-31"]),
        (["--since", "0001-01-01T00:00+14:00"], ["0001-01-01"]),
    ],
)
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_what_cannot_be_asked_is_explained(
    lived: Desk, options: list[str], words: list[str], form: list[str]
) -> None:
    answer = lived.type("audit", "acme", *options, *form)

    assert answer.code == 2
    assert_explained(answer, words)


@pytest.mark.parametrize("decision", ["approve", "discard", None])
def test_what_a_held_delivery_would_do_has_not_happened(lived: Desk, decision: str | None) -> None:
    """B1, B2"""
    rows = "".join(f"p{n}@acme.example,First{n},Last{n}\n" for n in range(60))
    lived.deliver(f"email,first_name,last_name\n{rows}", name="2")
    held = decoded(lived.type("import", "acme", "--json"), Run)
    assert (held.outcome, held.counts.registered) == ("held", 60)
    if decision:
        assert lived.type(decision, held.run, *ASKED).code == 0

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
    "2027-03-01": {},
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
    "2027-03-03": {
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


@pytest.mark.parametrize("at", PAST)
def test_the_roster_of_a_moment_is_as_things_took_effect(lived: Desk, at: str) -> None:
    assert people(lived, "--as-of", at) == PAST[at]


def test_the_roster_of_this_moment_is_the_roster(lived: Desk) -> None:
    now = lived.type("roster", "acme", "--json").out

    assert lived.type("roster", "acme", "--as-of", "2027-03-06T12:00Z", "--json").out == now
    assert lived.type("roster", "acme", "--as-of", "2027-03-06", "--json").out == now


def test_the_roster_of_a_moment_can_be_asked_for_in_part(lived: Desk) -> None:
    at = ["--as-of", "2027-03-02T12:00Z"]

    assert list(people(lived, *at, "--state", "pending")) == ["Bram"]
    assert list(people(lived, *at, "--state", "deactivated")) == []
    assert list(people(lived, *at, "--group", "Sales")) == []


def test_the_roster_before_anyone_is_empty(lived: Desk) -> None:
    answer = lived.type("roster", "acme", "--as-of", "1999-12-31")

    assert (answer.code, answer.err) == (0, "")
    assert "acme.example" not in answer.out
    assert lived.type("roster", "acme", "--as-of", "1999-12-31", "--json").document == []


@pytest.mark.parametrize("at", ["2027-03-06T12:00:01Z", "2027-03-07", "2199-12-31"])
def test_the_roster_of_a_moment_ahead_is_not_known(lived: Desk, at: str) -> None:
    answer = lived.type("roster", "acme", "--as-of", at)

    assert answer.code == 2
    assert_explained(answer, ["--as-of looks back", "tenure clock --dry-run --at"])
