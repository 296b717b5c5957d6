"""Every JSON answer, held against the shape that scripts rely on.

The shapes stand here a second time on purpose: whoever changes what is answered has to change
them too, and sees that it is a change for others.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import msgspec
import pytest
from msgspec import Meta, Struct

from tests.cli.conftest import Answer, Desk
from tests.given import moment

ROOT = Path(__file__).parents[2]
Moment = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$")]
Date = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\d$")]
Id = Annotated[str, Meta(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
Count = Annotated[int, Meta(ge=0)]
State = Literal["pending", "active", "offboarding-scheduled", "deactivated"]
Outcome = Literal["applied", "unchanged", "no-file", "held", "discarded", "refused", "failed"]
EventKind = Literal[
    "registered",
    "activated",
    "details-changed",
    "email-changed",
    "external-id-linked",
    "external-id-changed",
    "details-corrected",
    "onboarding-moved",
    "offboarding-scheduled",
    "offboarding-moved",
    "offboarding-cancelled",
    "deactivated",
    "reactivated",
    "rehired",
    "released",
    "merged",
    "file-noted",
]


class File(Struct, forbid_unknown_fields=True):
    name: str
    bytes: Count
    modified: Moment
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]


class Counts(Struct, forbid_unknown_fields=True):
    rows: Count
    registered: Count
    changed: Count
    unchanged: Count
    rejected: Count
    skipped: Count
    absent: Count
    activated: Count
    deactivated: Count
    events: Count


class Issue(Struct, forbid_unknown_fields=True):
    severity: Literal["error", "warning", "info"]
    code: Annotated[str, Meta(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    file: str | None
    line: Annotated[int, Meta(ge=1)] | None
    email: str | None
    field: str | None
    value: str | None
    message: Annotated[str, Meta(pattern=r"\.$")]
    since: Moment
    new: bool


class OpenIssue(Issue, forbid_unknown_fields=True):
    company: str
    run: Id
    last: Moment


class Run(Struct, forbid_unknown_fields=True):
    run: Id
    company: str
    kind: Literal["import", "clock", "support", "rekey", "approve", "discard"]
    slot: Moment | None
    outcome: Outcome
    started: Moment
    finished: Moment
    by: str
    login: str | None
    reason: str | None
    files: list[File]
    counts: Counts
    issues: list[Issue]
    ends: Id | None
    ended_by: Id | None


class ImaginedRun(Run, forbid_unknown_fields=True):
    run: None  # type: ignore[assignment]


class Change(Struct, forbid_unknown_fields=True, rename={"before": "from", "after": "to"}):
    before: str | None
    after: str | None


class Row(Struct, forbid_unknown_fields=True):
    file: str
    line: Annotated[int, Meta(ge=2)]
    action: Literal["onboard", "update", "offboard", "none", "skip", "reject"]
    employee: Id | None
    email: str | None
    changes: dict[str, Change]
    matched_by: str | None


class Preview(ImaginedRun, forbid_unknown_fields=True):
    rows: list[Row]


class Person(Struct, forbid_unknown_fields=True):
    id: Id
    company: str
    state: State
    email: str
    external_id: str | None
    first_name: str
    prefix: str | None
    last_name: str
    onboarding_date: Date
    offboarding_date: Date | None
    probation_period_end_date: Date | None
    birthday: Date | None
    work_anniversary: Date | None
    marriage_date: Date | None
    language: Literal["en", "nl", "de"]
    group_name: str | None
    custom: dict[str, str]
    version: Annotated[int, Meta(ge=1)]


class Shown(Person, forbid_unknown_fields=True):
    file: dict[str, str | None] = {}
    merged_into: Id | None = None
    released: bool = False


class Happened(Struct, forbid_unknown_fields=True):
    employee: Id
    version: Annotated[int, Meta(ge=1)]
    kind: EventKind
    effective: Moment
    recorded: Moment
    run: Id
    by: str
    reason: str | None
    file: str | None
    line: Annotated[int, Meta(ge=2)] | None
    changes: dict[str, Change]


class Imagined(Happened, forbid_unknown_fields=True):
    recorded: None  # type: ignore[assignment]
    run: None  # type: ignore[assignment]


class PlannedRun(ImaginedRun, forbid_unknown_fields=True):
    events: list[Imagined]


class Problem(Struct, forbid_unknown_fields=True):
    problem: Annotated[str, Meta(pattern=r"^[a-z]+(-[a-z]+)*$")]
    message: str
    company: str | None
    stream: Id | None
    version: Annotated[int, Meta(ge=1)] | None
    run: Id | None


class Findings(Struct, forbid_unknown_fields=True):
    companies: Count
    runs: Count
    employees: Count
    events: Count
    problems: list[Problem]
    notes: list[str]


T = TypeVar("T")

FULL = """
    email,first_name,prefix,last_name,external_id,onboarding_date,offboarding_date,birthday,\
probation_period_end_date,work_anniversary,marriage_date,language,group_name,custom_salary,shoe
    anna@acme.example,Anna,van,Bakker,007,2020-01-01,,1990-02-28,2020-03-01,2021-01-01,\
2015-06-06,en,Sales,4250.50,43
    bram@acme.example,Bram,,Smit,,2027-03-10,,,,,,,,,
    chris@acme.example,Chris,,Jansen,3,,2027-03-20,,,,,,,,
    dora,Dora,,Dam,4,2027-02-30,,,,,,,,,
    erik@acme.example,Erik,,Gone,5,2020-01-01,2021-01-01,,,,,,,,
"""
NEWS = """
    email,first_name,last_name,external_id,offboarding_date
    anna@acme.example,Anne,Bakker,007,
    bram@acme.example,Bram,Smit,,2027-06-01
    chris@acme.example,Chris,Jansen,3,2027-03-20
    dora,Dora,Dam,4,
    fleur@acme.example,Fleur,Vos,6,
    fleur@acme.example,Fleur,Vos,6,
"""


def decoded(answer: Answer, shape: type[T]) -> T:
    """The answer in its shape: one document, and nothing beside it."""
    assert answer.document is not None
    assert answer.err == ""
    return msgspec.json.decode(answer.out, type=shape, strict=True)


@pytest.fixture
def settled(desk: Desk) -> Desk:
    """Acme after a first delivery."""
    desk.deliver(FULL)
    assert desk.type("import", "acme").code == 3
    return desk


# Runs


def test_import_answers_with_its_run(desk: Desk) -> None:
    """R2: `tenure import --json` answers with its run: the files, the counts, and every issue with
    line, field and value."""
    # given
    desk.deliver(FULL)

    # when
    run = decoded(desk.type("import", "acme", "--json", "--by", "Eva"), Run)

    # then
    assert (run.company, run.kind, run.outcome, run.by) == ("acme", "import", "applied", "Eva")
    assert run.counts == Counts(5, 3, 0, 0, 1, 1, 0, 0, 0, 4)
    assert [file.name for file in run.files] == ["alleo_employees_1.csv"]
    said = [(issue.code, issue.line, issue.email, issue.field, issue.value) for issue in run.issues]
    assert said == [
        ("unknown-column", 1, None, None, "shoe"),
        ("short-notice", 4, "chris@acme.example", "offboarding_date", "2027-03-20"),
        ("bad-email", 5, "dora", "email", "dora"),
        ("bad-date", 5, "dora", "onboarding_date", "2027-02-30"),
        ("already-left", 6, "erik@acme.example", "offboarding_date", "2021-01-01"),
    ]
    assert run.slot is run.reason is run.ends is run.ended_by is None


def test_import_for_all_answers_with_a_list_of_runs(desk: Desk) -> None:
    """`tenure import --all --json` answers with a list of the runs of all companies."""
    # given
    desk.configure()
    text = (desk.directory / "tenure.toml").read_text()
    desk.write("tenure.toml", (text + text.replace("acme", "zenith")).encode())
    desk.deliver(FULL)

    # when
    runs = decoded(desk.type("import", "--all", "--json"), list[Run])

    # then
    assert [(run.company, run.counts.rows) for run in runs] == [("acme", 5), ("zenith", 5)]


def test_preview_answers_with_a_run_that_was_not_made_and_its_rows(settled: Desk) -> None:
    """`tenure preview --json` answers with a run without an id, and with the action and the changes
    of every row."""
    # given
    settled.deliver(NEWS)

    # when
    preview = decoded(settled.type("preview", "acme", "--json"), Preview)

    # then
    assert preview.outcome == "applied"
    assert [row.action for row in preview.rows] == [
        "update",
        "offboard",
        "none",
        "reject",
        "onboard",
        "skip",
    ]
    assert [row.line for row in preview.rows] == [2, 3, 4, 5, 6, 7]
    update, offboard, none, reject, onboard, _ = preview.rows
    assert update.changes == {"first_name": Change("Anna", "Anne")}
    assert offboard.changes == {"offboarding_date": Change(None, "2027-06-01")}
    assert none.changes == reject.changes == {}
    assert [row.matched_by for row in preview.rows] == [
        "external_id, last_name",
        "email, first_name, last_name",
        "external_id, first_name, last_name",
        None,
        None,
        None,
    ]
    assert update.employee is not None
    assert onboard.employee is None
    assert onboard.changes["email"] == Change(None, "fleur@acme.example")


def test_clock_answers_with_a_list_of_runs(settled: Desk) -> None:
    """C1: `tenure clock --json` answers with a list of its runs."""
    # given
    settled.now = moment("2027-03-21 00:00")

    # when
    (run,) = decoded(settled.type("clock", "--json"), list[Run])

    # then
    assert (run.kind, run.outcome, run.files, run.issues) == ("clock", "applied", [], [])
    assert (run.counts.activated, run.counts.deactivated, run.counts.events) == (1, 1, 2)


def test_a_dry_clock_answers_with_runs_that_were_not_made(settled: Desk) -> None:
    """`tenure clock --dry-run --json` answers with runs without an id."""
    # when
    answer = settled.type("clock", "--dry-run", "--at", "2027-03-10", "--json")

    (run,) = decoded(answer, list[PlannedRun])

    # then
    assert (run.counts.activated, run.counts.deactivated) == (1, 0)
    assert [event.kind for event in run.events] == ["activated"]


def test_runs_answers_with_a_list_newest_first(settled: Desk) -> None:
    """`tenure runs --json` answers with a list of runs, newest first, and `--limit` shortens the
    list."""
    # given
    settled.now = moment("2027-03-21 00:00")
    settled.type("clock")

    # when
    runs = decoded(settled.type("runs", "--json"), list[Run])

    # then
    assert [run.kind for run in runs] == ["clock", "import"]
    assert len(runs[1].issues) == 5
    assert decoded(settled.type("runs", "acme", "--limit", "1", "--json"), list[Run]) == runs[:1]


def test_run_answers_as_import_did(desk: Desk) -> None:
    """R2: `tenure run --json` answers exactly as the import did, also by the beginning of the run's
    id."""
    # given
    desk.deliver(FULL)
    imported = desk.type("import", "acme", "--json")
    run = decoded(imported, Run)

    # when / then
    for name in (run.run, run.run[:8], run.run.replace("-", "")):
        assert desk.type("run", name, "--json").out == imported.out


# People


def test_roster_answers_with_a_list_of_people(settled: Desk) -> None:
    """`tenure roster --json` answers with a list of the employees and every field of each."""
    # when
    people = decoded(settled.type("roster", "acme", "--json"), list[Person])

    # then
    anna, bram, chris = people
    assert anna == Person(
        id=anna.id,
        company="acme",
        state="active",
        email="anna@acme.example",
        external_id="007",
        first_name="Anna",
        prefix="van",
        last_name="Bakker",
        onboarding_date="2020-01-01",
        offboarding_date=None,
        probation_period_end_date="2020-03-01",
        birthday="1990-02-28",
        work_anniversary="2021-01-01",
        marriage_date="2015-06-06",
        language="en",
        group_name="Sales",
        custom={"custom_salary": "4250.50"},
        version=1,
    )
    assert (bram.state, bram.external_id, bram.language, bram.custom) == ("pending", None, "nl", {})
    assert (chris.state, chris.version) == ("offboarding-scheduled", 2)


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--state", "pending"], ["Bram"]),
        (["--group", "Sales"], ["Anna"]),
        (["--group", "Engineering"], []),
        (["--group", "Sales", "--state", "pending"], []),
    ],
)
def test_roster_filters_by_state_and_group(
    settled: Desk, options: list[str], names: list[str]
) -> None:
    """`tenure roster` filters by state and by the exact name of a group."""
    # when
    people = decoded(settled.type("roster", "acme", *options, "--json"), list[Person])

    # then
    assert [person.first_name for person in people] == names


def test_show_answers_with_one_of_the_roster(settled: Desk) -> None:
    """I1: `tenure show` finds an employee by address, external id or Tenure's id, and answers as
    the roster does."""
    # given
    anna = decoded(settled.type("roster", "acme", "--json"), list[Person])[0]

    # when / then
    for who in ("anna@acme.example", "ANNA@acme.example", "007", anna.id):
        assert decoded(settled.type("show", "acme", who, "--json"), Person) == anna


def test_history_answers_with_every_event_oldest_first(settled: Desk) -> None:
    """`tenure history --json` answers with every event of an employee, oldest first, with the file,
    the line, the run and both moments."""
    # given
    settled.deliver(NEWS, name="2")
    settled.type("import", "acme", settled.directory / "outgoing" / "alleo_employees_2.csv")
    settled.now = moment("2027-03-21 00:00")
    (clock,) = decoded(settled.type("clock", "--json", "--by", "night"), list[Run])

    # when
    bram = decoded(settled.type("history", "acme", "bram@acme.example", "--json"), list[Happened])
    chris = decoded(settled.type("history", "acme", "3", "--json"), list[Happened])

    # then
    assert [event.kind for event in bram] == ["registered", "offboarding-scheduled", "activated"]
    assert [event.kind for event in chris] == ["registered", "offboarding-scheduled", "deactivated"]
    assert [event.version for event in bram] == [1, 2, 3]
    assert bram[1].changes == {"offboarding_date": Change(None, "2027-06-01")}
    assert (bram[1].file, bram[1].line) == ("alleo_employees_2.csv", 3)
    last = chris[2]
    assert (last.file, last.line, last.by, last.run) == (None, None, "night", clock.run)
    assert (last.effective, last.recorded) == ("2027-03-20T23:00:00Z", "2027-03-21T00:00:00Z")


def test_issues_answers_with_a_list_of_open_issues(settled: Desk) -> None:
    """Q1: `tenure issues --json` answers with the open issues, each with its company, the run that
    said it last, and the first and the last moment."""
    # when
    issues = decoded(settled.type("issues", "--json"), list[OpenIssue])

    # then
    run = decoded(settled.type("run", "last", "--json"), Run)
    assert sorted(issue.code for issue in issues) == sorted(issue.code for issue in run.issues)
    assert {(issue.company, issue.run) for issue in issues} == {("acme", run.run)}
    assert {(issue.since, issue.last, issue.new) for issue in issues} == {
        (run.finished, run.finished, True)
    }


# All answers


@pytest.mark.parametrize(
    ("heading", "shape"),
    [
        ("run", Run),
        ("employee", Person),
        ("open issue", OpenIssue),
        ("event", Happened),
        ("what was found", Findings),
    ],
)
def test_the_reference_shows_every_key(heading: str, shape: type[Struct]) -> None:
    """The JSON reference shows every key of a run, an employee, an event and the findings of
    `verify`, in the same order."""
    # given
    text = (ROOT / "docs" / "reference" / "json.md").read_text("utf-8")
    found = re.search(rf"^## (?:An? )?{heading}:.*?```json\n(.*?)\n```", text, re.M | re.S | re.I)
    assert found, heading

    # then
    assert list(json.loads(found[1])) == list(shape.__struct_fields__)


def test_an_empty_answer_is_an_empty_list_and_any_name_is_told_as_it_is(desk: Desk) -> None:
    """A question with an empty answer is answered with an empty list. A name in any script is told
    in JSON exactly as it is."""
    # given
    name = "Zoë 🦄 الاسم tab\\t"
    questions = (["runs"], ["roster", "acme"], ["clock"])
    empty = [desk.type(*question, "--json").document for question in questions]
    desk.deliver(f'email,first_name,last_name\nanna@acme.example,"{name}",Bakker\n')
    desk.type("import", "acme")

    # when
    (person,) = decoded(desk.type("roster", "acme", "--json"), list[Person])

    # then
    assert empty == [[], [], []]
    assert person.first_name == name
