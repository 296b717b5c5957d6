"""`tenure support`: what a file cannot do, done by somebody, for a reason that is kept."""

from __future__ import annotations

import pytest

from cli.context import login_name
from tests.cli.conftest import ASKED, Desk, assert_explained
from tests.cli.test_documents import (
    Change,
    Happened,
    Person,
    PlannedRun,
    Run,
    Shown,
    decoded,
)
from tests.given import csv, moment

PEOPLE = """
    email,first_name,last_name,external_id,onboarding_date,offboarding_date
    anna@acme.example,Anna,Bakker,ext-anna,2020-01-01,
    bram@acme.example,Bram,Smit,,2027-04-01,2027-09-01
    chris@acme.example,Chris,Jansen,ext-chris,2020-01-01,2027-06-01
    dora@acme.example,Dora,Dam,ext-dora,2020-01-01,
    erik@acme.example,Erik,Vos,ext-erik,2027-05-01,
"""
ANNA, BRAM, CHRIS, DORA, ERIK = (
    f"{name}@acme.example" for name in ("anna", "bram", "chris", "dora", "erik")
)

ACTIONS: dict[str, tuple[list[str], str, Change | None]] = {
    "change-email": (
        [ANNA, "new@acme.example"],
        "email-changed",
        Change(ANNA, "new@acme.example"),
    ),
    "reactivate": ([DORA, "--offboarding-date", "2027-07-31"], "reactivated", None),
    "move-onboarding": (
        [BRAM, "2027-04-15"],
        "onboarding-moved",
        Change("2027-04-01", "2027-04-15"),
    ),
    "offboard": ([ANNA, "2027-06-30"], "offboarding-scheduled", Change(None, "2027-06-30")),
    "cancel-offboarding": ([CHRIS], "offboarding-cancelled", Change("2027-06-01", None)),
    "deactivate": ([ANNA], "deactivated", None),
    "link": ([BRAM, "ext-bram"], "external-id-linked", Change(None, "ext-bram")),
    "relink": ([ANNA, "ext-new"], "external-id-changed", Change("ext-anna", "ext-new")),
    "correct": ([ANNA, "last_name=Bos"], "details-corrected", Change("Bakker", "Bos")),
    "rehire": ([DORA, "2027-03-09"], "rehired", Change("2020-01-01", "2027-03-09")),
    "release": ([DORA], "released", None),
}
"""One of each, what it leaves in the history, and the one field that it changes."""


@pytest.fixture
def staffed(desk: Desk) -> Desk:
    """Acme with somebody in every state: Dora and Erik were deactivated by support."""
    desk.deliver(PEOPLE)
    assert desk.type("import", "acme").code == 0
    for who in (DORA, ERIK):
        assert desk.type("support", "deactivate", "acme", who, *ASKED).code == 0
    desk.now = moment("2027-03-02 10:00")
    return desk


def act(desk: Desk, action: str, *words: str, asked: tuple[str, ...] = ASKED) -> Run:
    """The run of an action that is done."""
    answer = desk.type("support", action, "acme", *words, *asked, "--json")
    assert answer.code == 0, answer.err
    return decoded(answer, Run)


def person(desk: Desk, who: str) -> Shown:
    return decoded(desk.type("show", "acme", who, "--json"), Shown)


def history(desk: Desk, who: str) -> list[Happened]:
    return decoded(desk.type("history", "acme", who, "--json"), list[Happened])


def stored(desk: Desk) -> list[str]:
    """The answers that tell everything there is."""
    commands = (["runs"], ["roster", "acme"], ["audit", "acme"])
    return [desk.type(*command, "--json").out for command in commands]


# Every action


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_tells_its_run_its_events_and_who_and_why(staffed: Desk, action: str) -> None:
    """S1-S6, R2: The output of every support command has the outcome, who acted, when and why, and
    its event, exactly as `tenure audit` shows it. The same command again says that there is nothing
    to do, and names the state. The JSON is the run alone."""
    # given
    words, kind, change = ACTIONS[action]
    employee = person(staffed, words[0]).id
    command = ("support", action, "acme", employee, *words[1:], *ASKED)

    # when
    answer, again = staffed.type(*command), staffed.type(*command)
    run = decoded(staffed.type(*command, "--json"), Run)

    # then
    assert (answer.code, answer.err, again.code, again.err) == (0, "", 0, "")
    head, _, told = answer.out.partition("1 event\n")
    assert head.startswith("acme: applied (run ")
    who = f"Eva (login {login_name()})"
    assert f"  support by {who}, 2027-03-02 10:00:00 to 10:00:00 UTC\n  because ticket 7\n" in head
    done = head.partition("(run ")[2].partition(")")[0]
    assert staffed.type("audit", "acme", "--run", done).out == told
    known = person(staffed, employee)
    who = f"{known.first_name} {known.last_name} <{known.email}>"
    assert told.startswith(f"2027-03-02  {who}: ")
    assert "; by Eva, reason: ticket 7 [run " in told
    (event,) = decoded(staffed.type("audit", "acme", "--run", done, "--json"), list[Happened])
    if change:
        assert list(event.changes.values()) == [change]
        assert [each for each in (change.before, change.after) if each and each not in told] == []
    assert event.kind == kind
    assert again.out.startswith("acme: unchanged (run ")
    assert again.out.endswith(f"\n  nothing to do: {who} is {known.state}\n")
    assert (run.kind, run.outcome, run.by, run.reason) == (
        *("support", "unchanged", "Eva", "ticket 7"),
    )


def test_a_first_day_that_has_come_tells_of_both_its_events(staffed: Desk) -> None:
    """S3: The output of a moved onboarding that activates the employee at once has both events."""
    # when
    answer = staffed.type("support", "move-onboarding", "acme", BRAM, "2027-03-02", *ASKED)

    # then
    told = [line for line in answer.out.splitlines() if line.startswith("2027-03-02  ")]
    moved, activated = (line.partition(">: ")[2] for line in told)
    assert moved.startswith("first day moved from 2027-04-01 to 2027-03-02; by Eva")
    assert activated.startswith("could log in from 2027-03-02 10:00 UTC on, because the first day")


# Who and why


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        (["--reason", "ticket 7"], "--by"),
        (["--by", "Eva"], "--reason"),
    ],
)
def test_who_and_why_are_asked_for(
    staffed: Desk, action: str, options: list[str], wrong: str
) -> None:
    """S1-S6: A support command without `--by` or `--reason` exits with code 2 and stores
    nothing."""
    # given
    before = stored(staffed)

    # when
    answer = staffed.type("support", action, "acme", *ACTIONS[action][0], *options)

    # then
    assert answer.code == 2
    assert_explained(answer, [wrong])
    assert stored(staffed) == before


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("--by", ""),
        ("--reason", " \t"),
        ("--by", "two\nlines"),
        ("--reason", "x" * 1001),
        ("--by", "\x1b[31mred"),
        ("--reason", "\u202eabc"),
        ("--by", "a\0b"),
    ],
)
def test_a_name_or_a_reason_is_one_line_of_plain_text(
    staffed: Desk, option: str, text: str
) -> None:
    """S1-S6: A support command whose name or reason is blank, too long, or not one line of plain
    text exits with code 2 and stores nothing."""
    # given
    asked = {"--by": "Eva", "--reason": "ticket 7"} | {option: text}
    before = stored(staffed)

    # when
    answer = staffed.type("support", "deactivate", "acme", ANNA, *sum(asked.items(), ()))

    # then
    assert answer.code == 2
    assert_explained(answer, [option])
    assert stored(staffed) == before


@pytest.mark.parametrize("text", ["x" * 1000, "Zoë 🦄", "الاسم", "=cmd|' /C calc'!A0", "--reason"])
def test_a_name_or_a_reason_is_told_as_it_was_given(staffed: Desk, text: str) -> None:
    """S1-S6: The name and the reason of a support command are shown as given, without the white
    space around them."""
    # when
    run = act(staffed, "deactivate", ANNA, asked=(f"--by= {text}\u00a0", f"--reason={text}\n"))

    # then
    assert (run.by, run.reason) == (text, text)
    assert history(staffed, ANNA)[-1].reason == text


# The employee that a command names


def test_an_employee_is_named_in_many_ways(staffed: Desk) -> None:
    """I1: A support command names an employee by external id, by e-mail address whatever its case
    and the space around it, or by Tenure's id with or without hyphens."""
    # given
    employee = person(staffed, ANNA).id
    ways = (ANNA, " ANNA@ACME.example ", "ext-anna", employee.upper(), employee.replace("-", ""))

    # when
    for number, who in enumerate(ways, 1):
        act(staffed, "offboard", who, f"2027-06-0{number}")

    # then
    assert person(staffed, ANNA).offboarding_date == "2027-06-05"


@pytest.mark.parametrize("action", ACTIONS)
def test_an_unknown_employee_or_company_is_not_guessed(staffed: Desk, action: str) -> None:
    """S1-S6: A support command for an unknown employee or company exits with code 2, does not
    repeat the name of the employee, and stores nothing."""
    # given
    words, _, _ = ACTIONS[action]
    before = stored(staffed)

    # when
    nobody = [
        staffed.type("support", action, "acme", who, *words[1:], *ASKED)
        for who in ("nobody@acme.example", "0" * 32, "", "%")
    ]
    nowhere = staffed.type("support", action, "zenith", *words, *ASKED)

    # then
    assert [answer.code for answer in (*nobody, nowhere)] == [2] * 5
    for answer in nobody:
        assert_explained(answer, ["nobody in acme", "tenure roster acme"])
        assert "nobody@" not in answer.err
    assert_explained(nowhere, ["no company zenith", "acme"])
    assert stored(staffed) == before


# What cannot be done

DECLINED: dict[str, tuple[list[str], str]] = {
    "a hostile address": (["change-email", ANNA, "a\x1b[31m@b.example"], "not an e-mail address"),
    "somebody's address": (["change-email", ANNA, CHRIS.upper()], "belongs to employee"),
    "a last day that is over": (["reactivate", DORA, "--offboarding-date", "2027-03-01"], "over"),
    "the first day of a leaver": (["move-onboarding", DORA, "2027-06-01"], "is deactivated"),
    "a last day before the first": (
        ["offboard", BRAM, "2027-03-31"],
        "that last day is before their first day",
    ),
    "no last day of a leaver": (["cancel-offboarding", DORA], "is deactivated"),
    "another external id": (["link", ANNA, "ext-new"], "has an external id already"),
    "a hostile external id": (["link", BRAM, "a\x1b[31m"], "not an external id"),
    "a placeholder": (["relink", ANNA, "TBD"], "not an external id"),
    "an address as a detail": (["correct", ANNA, "email=x@acme.example"], "email is not a field"),
    "a date that is none": (["correct", ANNA, "birthday=01-02-1990"], "the value for birthday"),
    "a rehire of somebody here": (["rehire", ANNA, "2027-06-01"], "is active"),
    "a release of somebody here": (["release", ANNA], "no other address"),
    "a merge with oneself": (["merge", ANNA, "ext-anna"], "one employee"),
}


@pytest.mark.parametrize("case", DECLINED)
def test_what_cannot_be_done_is_explained_and_stores_nothing(staffed: Desk, case: str) -> None:
    """S1-S6: A support command that cannot be carried out exits with code 2, stores nothing, and
    repeats no address and no external id, because standard error may end up in logs. There is no
    traceback, also with `--debug`, because that is not a fault."""
    # given
    (action, *words), sentence = DECLINED[case]
    before = stored(staffed)

    # when
    command = ("support", action, "acme", *words, *ASKED)
    answers = [staffed.type(*command), staffed.type("--debug", *command, "--json")]

    # then
    for answer in answers:
        assert answer.code == 2
        assert_explained(answer, [sentence])
        assert [word for word in ("@acme", "ext-", "\x1b") if word in answer.err.lower()] == []
    assert stored(staffed) == before


def test_an_address_that_the_file_uses_for_another_employee_is_taken(staffed: Desk) -> None:
    """S1, I8: Support cannot give an employee the address that the file uses for another employee,
    and the error names that employee's id."""
    # given
    act(staffed, "change-email", ANNA, "new@acme.example")
    anna = person(staffed, "new@acme.example").id

    # when
    answer = staffed.type("support", "change-email", "acme", CHRIS, ANNA, *ASKED)

    # then
    assert answer.code == 2
    assert_explained(answer, [f"belongs to employee {anna}", "the file uses it"])


@pytest.mark.parametrize(
    ("action", "day"),
    [
        ("reactivate", "2027-02-29"),
        ("move-onboarding", "tomorrow"),
        ("offboard", "01-06-2027"),
        ("offboard", "1899-12-31"),
        ("offboard", "20270601"),
    ],
)
def test_a_date_is_a_calendar_date(staffed: Desk, action: str, day: str) -> None:
    """W4: A support command takes only a real calendar date in the form YYYY-MM-DD, and otherwise
    exits with code 2 and shows the form."""
    # given
    option = ["--offboarding-date"] if action == "reactivate" else []

    # when
    answer = staffed.type("support", action, "acme", DORA, *option, day, *ASKED)

    # then
    assert answer.code == 2
    assert_explained(answer, [day, "2027-03-31"])


# What the file says


def test_show_tells_where_the_file_and_the_employee_differ(staffed: Desk) -> None:
    """L8, S11, I11: `tenure show` tells which value the file has where support changed it, that an
    employee was released, and into whom an account was merged."""
    # given
    act(staffed, "change-email", ANNA, "new@acme.example")
    act(staffed, "correct", ANNA, "birthday=1990-01-31")
    act(staffed, "release", DORA)
    act(staffed, "merge", ANNA, CHRIS)

    # when
    anna = person(staffed, "ext-anna")
    text = staffed.type("show", "acme", "ext-anna").out

    # then
    assert anna.file == {"email": ANNA, "birthday": None}
    assert text.endswith(f"  email is {ANNA} in the file\n  birthday is blank in the file\n")
    ended = [event.employee for event in history(staffed, anna.id) if event.kind == "merged"]
    assert {person(staffed, each).merged_into for each in ended} == {None, anna.id}
    gone = decoded(staffed.type("roster", "acme", "--state", "deactivated", "--json"), list[Person])
    assert [person(staffed, each.id).released for each in gone] == [False, True, False]


# Many at once


def listed(desk: Desk, text: str) -> str:
    """Writes a file for `--from`, and returns its path."""
    return str(desk.write("people.csv", csv(text)))


LISTS: dict[str, tuple[str, list[str], dict[str, Change]]] = {
    "change-email": (
        f"who,new\n{ANNA},new@acme.example\next-chris,c@acme.example\n",
        ["email-changed"] * 2,
        {"email": Change(CHRIS, "c@acme.example")},
    ),
    "link": (f"who,external_id\n{BRAM},ext-bram\n", ["external-id-linked"], {}),
    "relink": (
        "external_id,who\n,ext-chris\next-chris,ext-anna\n",
        ["external-id-changed"] * 2,
        {"external_id": Change("ext-anna", "ext-chris")},
    ),
    "correct": (
        f"who,first_name,last_name\n{ANNA},,Bos\n{BRAM},Abram,\n",
        ["details-corrected"] * 2,
        {"first_name": Change("Bram", "Abram")},
    ),
    "offboard": (f"who,date\n{ANNA},2027-06-30\n", ["offboarding-scheduled"], {}),
    "reactivate": (
        f"who,offboarding_date\n{DORA},\n{ERIK},2027-07-31\n",
        ["reactivated"] * 2,
        {"offboarding_date": Change(None, "2027-07-31")},
    ),
    "rehire": (
        f"who,date,email\n{DORA},2027-03-09,\n{ERIK},2027-05-01,e@acme.example\n",
        ["rehired", "email-changed", "rehired"],
        {},
    ),
    "deactivate": (f"who\n{ANNA}\n\n{BRAM}\n", ["deactivated"] * 2, {}),
    "merge": (f"who,other\n{ANNA},{CHRIS}\n", ["merged"] * 2, {}),
}
"""What a file of people says, the events of its run, and what changes by the last of them."""


@pytest.mark.parametrize("action", LISTS)
def test_one_run_does_an_action_for_everybody_in_a_file(staffed: Desk, action: str) -> None:
    """S13: `--from` takes people and values from a file, whose blanks leave a value as it is (of
    `relink`, take it away), and carries out its lines from top to bottom in one run. `--dry-run`
    tells the same events and stores nothing."""
    # given
    text, kinds, changes = LISTS[action]
    words = ("--from", listed(staffed, text))
    before, runs = stored(staffed), len(staffed.type("runs", "--json").document)

    # when
    dry = staffed.type("support", action, "acme", *words, *ASKED, "--dry-run", "--json")
    preview = decoded(dry, PlannedRun)
    unstored = stored(staffed) == before
    run = act(staffed, action, *words)

    # then
    assert unstored
    assert [event.kind for event in preview.events] == kinds
    assert (run.outcome, run.counts) == (preview.outcome, preview.counts)
    assert changes.items() <= preview.events[-1].changes.items()
    assert len(staffed.type("runs", "--json").document) == runs + 1
    audit = decoded(staffed.type("audit", "acme", "--run", run.run, "--json"), list[Happened])
    assert sorted(event.kind for event in audit) == sorted(kinds)


@pytest.mark.parametrize(
    ("action", "text", "kind"),
    [
        ("offboard", f"WHO,offboarding_date\n{ANNA},2027-06-30\n", "offboarding-scheduled"),
        ("offboard", f"Who,Day\n{ANNA},2027-06-30\n", "offboarding-scheduled"),
        ("move-onboarding", f"who,onboarding_date\n{BRAM},2027-04-15\n", "onboarding-moved"),
        ("relink", f"who,NEW_ID\n{ANNA},ext-new\n", "external-id-changed"),
        ("change-email", f"who,email\n{ANNA},new@acme.example\n", "email-changed"),
        ("merge", f"keep,other\n{ANNA},{DORA}\n", "merged"),
    ],
)
def test_a_column_may_have_the_name_of_the_field(
    staffed: Desk, action: str, text: str, kind: str
) -> None:
    """S13: A column may also be called as the command line or the employee's field calls it."""
    # when
    run = act(staffed, action, "--from", listed(staffed, text))

    # then
    audit = decoded(staffed.type("audit", "acme", "--run", run.run, "--json"), list[Happened])
    assert {event.kind for event in audit} == {kind}


WRONG: dict[str, tuple[str, str, list[str]]] = {
    "nobody has the address": (
        "deactivate",
        f"who\n{ANNA}\nnobody@acme.example\n",
        ["line 3: nobody in acme"],
    ),
    "nobody has the other address": (
        "merge",
        f"who,other\n{ANNA},nobody@acme.example\n",
        ["line 2"],
    ),
    "two lines cannot be carried out": (
        "offboard",
        f"who,date\n{ANNA},2027-06-30\n{DORA},2027-06-30\n{BRAM},2027-03-31\n",
        ["line 3: the employee is deactivated", "line 4: that last day is before"],
    ),
    "more lines than one sentence lists": (
        "deactivate",
        "who\n" + "nobody@acme.example\n" * 12,
        ["line 11: ", "and 2 more lines"],
    ),
    "a value does not fit": (
        "correct",
        f"who,birthday\n{ANNA},1990-01-31\n{BRAM},31-01-1990\n",
        ["line 3: the value for birthday does not fit"],
    ),
    "an unknown field": ("correct", f"who,shoe\n{ANNA},43\n", ["line 2: shoe is not a field"]),
    "a date is not a date": (
        "offboard",
        f"who,date\n{ANNA},tomorrow\n",
        ["line 2", "like 2027-03-31.\n"],
    ),
    "a blank value": ("offboard", f"who,date\n{ANNA},\n", ["line 2: date is blank"]),
    "a blank person": ("offboard", "who,date\n ,2027-06-30\n", ["line 2: `who` is blank"]),
    "no column for the value": (
        "relink",
        "who\next-anna\n",
        ["lacks the column external_id", "who, external_id"],
    ),
    "a column that means nothing": ("deactivate", f"who,date\n{ANNA},\n", ["column 'date'"]),
    "a column for an option without a value": (
        "relink",
        f"who,external_id,none\n{ANNA},ext-new,\n",
        ["column 'none'", "who, external_id"],
    ),
    "semicolons": ("offboard", f"who;date\n{ANNA};2027-06-30\n", ["semicolons", "commas"]),
    "no line": ("deactivate", "who\n", ["names nobody"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_file_of_people_is_carried_out_whole_or_not_at_all(staffed: Desk, case: str) -> None:
    """S13: If a line of a file cannot be carried out, nothing is stored. The error names each such
    line by its number, ten at most, and repeats no address."""
    # given
    action, text, words = WRONG[case]
    before = stored(staffed)
    command = ("support", action, "acme", "--from", listed(staffed, text), *ASKED)

    # when
    answers = [staffed.type(*command), staffed.type(*command, "--dry-run")]

    # then
    for answer in answers:
        assert answer.code == 2
        assert_explained(answer, words)
        assert "@acme" not in answer.err
    assert stored(staffed) == before


@pytest.mark.parametrize("words", [(ANNA, "--from", "people.csv"), ("--from", "missing.csv"), ()])
def test_an_action_takes_either_somebody_or_a_file(staffed: Desk, words: tuple[str, ...]) -> None:
    """S13: A support command takes either WHO or a file that exists, and otherwise exits with code
    2."""
    # given
    listed(staffed, f"who\n{ANNA}\n")

    # when
    answer = staffed.type("support", "deactivate", "acme", *words, *ASKED)

    # then
    assert answer.code == 2
    assert_explained(answer)
