"""`tenure verify` and `tenure rebuild`: damage is found, told and, where possible, mended."""

from __future__ import annotations

import sqlite3
import zlib
from contextlib import closing

import pytest
from msgspec.structs import replace

from adapters.store.files import StoredFile
from adapters.store.sqlite import open_sqlite
from domain.company_runs.events import FileInfo
from domain.company_runs.open_issues import change_open_issues
from tests.adapters.damaging import flip
from tests.adapters.steps import a_run, commit_of, company_of
from tests.cli.conftest import ASKED, Answer, Desk, assert_explained
from tests.cli.test_documents import Findings, decoded
from tests.given import NOW, file_of, moment, plan

PEOPLE = """
    email,first_name,last_name,external_id,onboarding_date,offboarding_date
    anna@acme.example,Anna,Bakker,ext-anna,2020-01-01,
    bram@acme.example,Bram,Smit,ext-bram,2027-03-03,
    chris@acme.example,Chris,Jansen,ext-chris,2020-01-01,2027-03-03
"""
REJECTED = "".join(f"    no address,Dora,Dam,ext-{n},,\n" for n in range(6))

RESTORABLE: dict[str, tuple[str, list[str]]] = {
    "a row of the roster altered": (
        "UPDATE roster SET external_id = 'ext-zoe' WHERE external_id = 'ext-anna'",
        ["roster-row-differs"],
    ),
    "a row of the roster gone": (
        "DELETE FROM roster WHERE external_id = 'ext-anna'",
        ["roster-row-missing"],
    ),
    "the roster gone": ("DELETE FROM roster", ["roster-row-missing"] * 3),
    "the roster unreadable": (
        "UPDATE roster SET state = 'Anna'",
        ["roster-row-differs"] * 3,
    ),
    "a row of nobody": (
        "INSERT INTO roster SELECT company, replace(hex(zeroblob(16)), '00', '7f'), deactivated,"
        " address, file_address, external_id, namesake, starts, leaves, digest, state,"
        " file_external_id, merged_into FROM roster LIMIT 1",
        ["roster-row-stray"],
    ),
    "a row of another company": (
        "UPDATE roster SET company = 'zenith' WHERE external_id = 'ext-anna'",
        ["roster-row-stray", "roster-row-missing"],
    ),
    "the list of runs gone": ("DELETE FROM runs", ["run-row-missing"] * 4),
    "a run of nobody": (
        "INSERT INTO runs SELECT 'ffffffffffff7fffbfffffff00000000', company, 1, NULL, event"
        " FROM runs LIMIT 1",
        ["run-row-stray"],
    ),
    "the list of runs altered": (
        "UPDATE runs SET ends = run WHERE version = 1",
        ["run-row-differs"],
    ),
    "the row of a company gone": ("DELETE FROM companies", ["company-row-missing"]),
    "the row of a company altered": (
        "UPDATE companies SET version = version + 1",
        ["company-row-differs"],
    ),
    "a row of no company": (
        "INSERT INTO companies SELECT 'zenith', version, held, state FROM companies",
        ["company-row-stray"],
    ),
    "the index gone": ("DELETE FROM touched", ["index-differs"] * 2),
}
"""What `rebuild` makes again: the damage, and what is found."""

RUN = "topic = 'run-ended'"
LOST: dict[str, tuple[str, set[str]]] = {
    "an event altered": (
        "UPDATE stored_events SET state = CAST(replace(state, 'Anna', 'Anne') AS BLOB)"
        " WHERE CAST(state AS TEXT) LIKE '%\"Anna\"%'",
        {"event-altered"},
    ),
    "an event altered by hand": (
        "UPDATE stored_events SET state = replace(state, 'Anna', 'Anne')"
        " WHERE CAST(state AS TEXT) LIKE '%\"Anna\"%'",
        {"event-altered", "events-missing"},
    ),
    "an event unreadable": (
        "UPDATE stored_events SET state = CAST('Anna' AS BLOB), checksum = crc32('Anna')"
        " WHERE CAST(state AS TEXT) LIKE '%\"Anna\"%'",
        {"event-unreadable", "events-missing"},
    ),
    "an event gone": (
        "DELETE FROM stored_events"
        " WHERE originator_version = 1 AND CAST(state AS TEXT) LIKE '%\"Chris\"%'",
        {"event-missing", "events-missing"},
    ),
    "the last event of somebody gone": (
        "DELETE FROM stored_events WHERE topic = 'deactivated'",
        {"events-missing", "roster-row-differs", "index-differs"},
    ),
    "somebody gone": (
        "DELETE FROM stored_events WHERE originator_id ="
        " (SELECT originator_id FROM stored_events WHERE CAST(state AS TEXT) LIKE '%\"Anna\"%')",
        {"events-missing", "roster-row-stray", "index-differs"},
    ),
    "the newest run gone, which is held": (
        f"DELETE FROM stored_events WHERE {RUN} AND originator_version = 4",
        {"run-event-missing", "held-stray"},
    ),
    "a run in the middle gone": (
        f"DELETE FROM stored_events WHERE {RUN} AND originator_version = 2",
        {"run-event-missing", "event-missing", "run-missing"},
    ),
    "all runs of a company gone": (
        f"DELETE FROM stored_events WHERE {RUN}",
        {"run-event-missing", "run-missing", "held-stray"},
    ),
    "issues gone": ("DELETE FROM issues", {"issues-missing"}),
    "some issues gone": ("DELETE FROM issues WHERE number = 1", {"issues-missing"}),
    "what is held gone": ("DELETE FROM held", {"held-missing"}),
    "what is held altered by hand": (
        "UPDATE held SET content = replace(content, 'Dora', 'Zoe')",
        {"held-missing"},
    ),
    "what is held altered": (
        "UPDATE held SET content = CAST(replace(content, 'Dora', 'Zoe') AS BLOB)",
        {"held-missing"},
    ),
}
"""What nothing can make again."""


@pytest.fixture
def lived(desk: Desk) -> Desk:
    """Acme after two imports, the clock, and support: three people, four runs, one of them held."""
    desk.deliver(PEOPLE)
    assert desk.type("import", "acme").code == 0
    desk.type("support", "change-email", "acme", "ext-anna", "new@acme.example", *ASKED)
    desk.now = moment("2027-03-04 00:00")
    desk.type("clock")
    desk.deliver(PEOPLE + REJECTED)
    assert desk.type("import", "acme").code == 4
    return desk


def damage(desk: Desk, statement: str) -> None:
    """Does to the database what the product never would."""
    with closing(sqlite3.connect(desk.directory / "tenure.db")) as connection, connection:
        connection.execute("PRAGMA case_sensitive_like = ON")
        connection.create_function("crc32", 1, lambda text: zlib.crc32(text.encode()))
        assert connection.execute(statement).rowcount > 0


def findings(answer: Answer) -> Findings:
    """What was found, in the shape that scripts rely on; the exit code tells the same."""
    found = decoded(answer, Findings)
    assert answer.code == (1 if found.problems else 0)
    return found


def codes(found: Findings) -> list[str]:
    return [problem.problem for problem in found.problems]


def answers(desk: Desk) -> list[str]:
    """What is told of everybody and every run."""
    commands = (["roster", "acme"], ["audit", "acme"], ["runs"], ["runs", "--held"])
    return [desk.type(*command, "--json").out for command in commands]


# Nothing is wrong


@pytest.mark.parametrize("command", ["verify", "rebuild"])
def test_a_sound_database_is_said_to_be_sound(lived: Desk, command: str) -> None:
    """R1: `tenure verify` and `tenure rebuild` exit with code 0 for a sound database, tell what
    they looked through, and change no answer."""
    # given
    before = answers(lived)

    # when
    told, document = lived.type(command), lived.type(command, "--json")

    # then
    fits = "1 company, 4 runs, 3 employees, 7 events: everything fits.\n"
    assert (told.code, told.out, told.err) == (0, fits, "")
    assert findings(document) == Findings(1, 4, 3, 7, [], [])
    assert answers(lived) == before


@pytest.mark.parametrize("command", ["verify", "rebuild"])
def test_an_empty_database_has_nothing_to_check(desk: Desk, command: str) -> None:
    """R1: `tenure verify` and `tenure rebuild` say that an empty database has nothing to check, and
    exit with code 0."""
    # when
    told = desk.type(command)

    # then
    assert (told.code, told.err) == (0, "")
    assert told.out == "0 companies, 0 runs, 0 employees, 0 events: there is nothing to check.\n"
    assert findings(desk.type(command, "--json")) == Findings(0, 0, 0, 0, [], [])


def test_verify_and_rebuild_leave_no_run(lived: Desk) -> None:
    """R2: `tenure verify` and `tenure rebuild` leave no run."""
    # when
    for command in ("verify", "rebuild"):
        lived.type(command)

    # then
    assert len(lived.type("runs", "--json").document) == 4


# What can be made again


@pytest.mark.parametrize("case", RESTORABLE)
def test_damaged_projections_are_found_and_repaired(lived: Desk, case: str) -> None:
    """R1: `tenure verify` exits with code 1 and names the damage of a projection, and `tenure
    rebuild` repairs it."""
    # given
    statement, expected = RESTORABLE[case]
    before = answers(lived)
    damage(lived, statement)

    # when
    found = findings(lived.type("verify", "--json"))
    told = lived.type("verify")
    rebuilt = lived.type("rebuild")

    # then
    assert codes(found) == expected
    assert (told.code, told.err) == (1, "")
    for problem in found.problems:
        assert f"{problem.problem}  {problem.message}\n" in told.out
    assert told.out.endswith(": `tenure rebuild` restores what does not fit.\n")
    assert (rebuilt.code, rebuilt.err) == (0, "")
    assert rebuilt.out.endswith(": everything fits.\n")
    assert answers(lived) == before


def test_verify_changes_nothing(lived: Desk) -> None:
    """R1: `tenure verify` changes nothing of a damaged database."""
    # given
    damage(lived, RESTORABLE["the roster gone"][0])

    # when / then
    assert lived.type("verify").out == lived.type("verify").out
    assert lived.type("roster", "acme", "--json").document == []


# What cannot


@pytest.mark.parametrize("case", LOST)
def test_lost_events_and_files_are_told(lived: Desk, case: str) -> None:
    """R1: `tenure verify` exits with code 1, names the lost or altered events, issues and files,
    and says that a rebuild cannot restore them."""
    # given
    statement, expected = LOST[case]
    damage(lived, statement)

    # when
    told = lived.type("verify")
    found = findings(lived.type("verify", "--json"))

    # then
    assert set(codes(found)) == expected
    assert (told.code, told.err) == (1, "")
    assert "`tenure rebuild` cannot restore all of it; an earlier backup may." in told.out


@pytest.mark.parametrize("case", LOST)
def test_a_rebuild_does_not_hide_lost_events_and_files(lived: Desk, case: str) -> None:
    """R1: `tenure rebuild` exits with code 1 when events, issues or files are lost, and does not
    hide the problems."""
    # given
    statement, _ = LOST[case]
    damage(lived, statement)

    # when
    rebuilt = lived.type("rebuild")
    found = findings(lived.type("verify", "--json"))

    # then
    assert (rebuilt.code, rebuilt.err) == (1, "")
    assert found.problems != []
    assert findings(lived.type("rebuild", "--json")) == found


def test_a_rebuild_keeps_the_state_of_an_employee_with_a_damaged_event(lived: Desk) -> None:
    """R1: `tenure rebuild` keeps the state of an employee with a damaged event."""
    # given
    before = lived.type("show", "acme", "ext-anna", "--json").out
    damage(lived, LOST["an event altered"][0])

    # when
    lived.type("rebuild")

    # then
    assert lived.type("show", "acme", "ext-anna", "--json").out == before


@pytest.mark.parametrize("case", [case for case in LOST if "run" in case])
def test_lost_runs_are_still_listed_after_a_rebuild(lived: Desk, case: str) -> None:
    """R2: Runs whose events are lost are still listed after any number of rebuilds."""
    # given
    questions = (["runs", "acme", "--json"], ["runs", "--held", "--json"], ["roster", "acme"])
    before = [lived.type(*question).out for question in questions]
    damage(lived, LOST[case][0])

    # when
    for command in ("verify", "rebuild", "rebuild"):
        assert lived.type(command).code == 1

    # then
    assert [lived.type(*question).out for question in questions] == before


# What the database itself has wrong


def test_a_damaged_index_stops_an_import_and_is_repaired(desk: Desk) -> None:
    """R1, I1: An import that would register somebody whom a damaged index hides ends with code 1
    and names `tenure verify`. `verify` names the index and `tenure rebuild`, which repairs it."""
    # given
    others = [f"p{number}@acme.example,P,P{number}" for number in range(20)]
    columns = "email,first_name,last_name"
    desk.deliver(file_of(columns, "anna@acme.example,Anna,Bakker", *others))
    desk.type("import", "acme")
    flip(desk.directory / "tenure.db", rb"acme(a)nna@acme\.example")
    desk.deliver(file_of(columns, "anna@acme.example,Anne,Bakker", *others))

    # when
    failed = desk.type("import", "acme")
    found = desk.type("verify")
    rebuilt = desk.type("rebuild")

    # then
    assert failed.code == 1
    assert_explained(failed, ["the database is damaged", "acme", "`tenure verify`"])
    problem, last = found.out.splitlines()
    assert problem.startswith("index-damaged  index roster_company_address does not find every row")
    assert problem.endswith("`tenure rebuild` repairs it")
    assert last == "the database itself is damaged: repair it first, then verify again."
    assert (found.code, rebuilt.code) == (1, 0)
    assert desk.type("import", "acme", "--json").document["counts"]["changed"] == 1


def test_twins_are_left_to_support(lived: Desk) -> None:
    """I1: `tenure verify` exits with code 1 for two employees with one external id, and says that
    support can change it."""
    # given
    columns = "email,first_name,last_name,external_id"
    twin = plan(file_of(columns, "x@acme.example,X,Y,ext-anna"), run=a_run(9))
    with closing(open_sqlite(lived.directory / "tenure.db")) as store:
        state, _ = company_of(store, "acme")
        commit, known = commit_of(twin, state, run=a_run(9)), store.standing.open_issues("acme")
        changed = change_open_issues(known, commit.ended, commit.issues)
        store.commit(replace(commit, open_issues=changed))

    # when
    found = lived.type("verify")

    # then
    assert found.code == 1
    assert found.out.startswith("twins  employees ")
    assert found.out.endswith("what the events say; `tenure support` can.\n")


# What is told


@pytest.mark.parametrize("case", [*RESTORABLE, *LOST])
@pytest.mark.parametrize("command", ["verify", "rebuild"])
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_no_output_about_damage_has_personal_data(
    lived: Desk, command: str, case: str, form: list[str]
) -> None:
    """Neither `tenure verify` nor `tenure rebuild` shows personal data of a damaged database."""
    # given
    damage(lived, ({**RESTORABLE, **LOST}[case])[0])

    # when
    answer = lived.type(command, *form)

    # then
    said = answer.out + answer.err
    assert [word for word in ("Anna", "Anne", "Chris", "Zoe", "@", "ext-") if word in said] == []


def test_damage_does_nothing_to_the_screen(lived: Desk) -> None:
    """`tenure verify` shows control characters in a damaged database as escapes."""
    # given
    damage(lived, "UPDATE roster SET company = char(27) || '[31m'")
    damage(lived, "INSERT INTO companies SELECT char(27) || ']0;x', 1, held, state FROM companies")

    # when
    answer = lived.type("verify")

    # then
    assert answer.code == 1
    assert "\x1b" not in answer.out + answer.err
    assert "\\x1b" in answer.out


def test_a_damaged_kept_file_is_named_until_it_is_dropped(desk: Desk) -> None:
    """D4: `tenure preview` names a kept file that is damaged and says the way out. `tenure verify`
    finds it and `tenure rebuild` drops it."""
    # given
    desk.deliver(PEOPLE)
    name = "alleo_employees_0.csv"
    damaged = StoredFile(FileInfo(name, 5, NOW, "0" * 64), b"other")
    with closing(open_sqlite(desk.directory / "tenure.db")) as store:
        store.kept("acme").keep(damaged, f"folder {desk.directory / 'outgoing'}", NOW)

    # when
    refused = desk.type("preview", "acme")
    found = desk.type("verify")
    rebuilt = desk.type("rebuild")

    # then
    assert refused.code == 1
    assert_explained(refused, [name, "tenure rebuild"])
    assert (found.code, "kept-damaged" in found.out) == (1, True)
    assert (rebuilt.code, desk.type("preview", "acme").code) == (0, 0)
