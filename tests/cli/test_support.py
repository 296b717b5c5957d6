"""`tenure support`: what a file cannot do, done by somebody, for a reason that is kept."""

from __future__ import annotations

import pytest

from adapters.use_cases import support as use_case
from tests.cli.conftest import ASKED, Desk, assert_explained
from tests.cli.test_documents import Change, Happened, Person, Run, decoded
from tests.given import moment

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


def person(desk: Desk, who: str) -> Person:
    return decoded(desk.type("show", "acme", who, "--json"), Person)


def history(desk: Desk, who: str) -> list[Happened]:
    return decoded(desk.type("history", "acme", who, "--json"), list[Happened])


def stored(desk: Desk) -> list[str]:
    """The answers that tell everything there is."""
    commands = (["runs"], ["roster", "acme"], ["audit", "acme"])
    return [desk.type(*command, "--json").out for command in commands]


# Every action


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_is_a_run_that_says_who_and_why(staffed: Desk, action: str) -> None:
    """S1-S6, R2: Every support command is a run of its own that names who acted and why."""
    # given
    words, _, _ = ACTIONS[action]

    # when
    run = act(staffed, action, *words)

    # then
    assert (run.kind, run.outcome, run.company) == ("support", "applied", "acme")
    assert (run.by, run.reason) == ("Eva", "ticket 7")
    assert run.counts.events == 1
    assert run.counts.rows == run.counts.changed == 0
    assert (run.files, run.issues) == ([], [])
    assert run.slot is run.ends is run.ended_by is None
    assert decoded(staffed.type("run", run.run, "--json"), Run) == run


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_is_in_the_history_with_who_and_why(staffed: Desk, action: str) -> None:
    """S1-S6: The history of the employee shows every support command with who acted, why, and what
    changed."""
    # given
    words, kind, change = ACTIONS[action]
    employee = person(staffed, words[0]).id

    # when
    run = act(staffed, action, *words)

    # then
    *_, last = history(staffed, employee)
    assert (last.kind, last.run, last.by, last.reason) == (kind, run.run, "Eva", "ticket 7")
    assert (last.file, last.line) == (None, None)
    assert last.effective == last.recorded == "2027-03-02T10:00:00Z"
    if change:
        assert list(last.changes.values()) == [change]
    told = staffed.type("history", "acme", employee).out
    assert f"{kind} at 2027-03-02 10:00:00 UTC\n" in told
    assert f"  by Eva in run {run.run}\n  because ticket 7\n" in told


@pytest.mark.parametrize("action", ACTIONS)
def test_the_output_of_every_action_has_the_outcome_who_and_why(staffed: Desk, action: str) -> None:
    """S1-S6: The output of every support command has the outcome, who acted, when and why."""
    # given
    words, _, _ = ACTIONS[action]

    # when
    answer = staffed.type("support", action, "acme", *words, *ASKED)

    # then
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("acme: applied (run ")
    assert "1 event\n" in answer.out
    assert (
        "  support by Eva, 2027-03-02 10:00:00 to 10:00:00 UTC\n  because ticket 7\n" in answer.out
    )


@pytest.mark.parametrize("action", ACTIONS)
def test_the_output_of_every_action_has_its_event(staffed: Desk, action: str) -> None:
    """S1-S6: The output of every support command has the event and its employee, exactly as `tenure
    audit` shows them."""
    # given
    words, kind, change = ACTIONS[action]
    employee = person(staffed, words[0]).id

    # when
    answer = staffed.type("support", action, "acme", *words, *ASKED)

    # then
    head, _, told = answer.out.partition("1 event\n")
    run = head.partition("(run ")[2].partition(")")[0]
    lines = told.splitlines()
    assert lines[:4] == [
        f"{kind} of {employee} at 2027-03-02 10:00:00 UTC",
        "  recorded at 2027-03-02 10:00:00 UTC",
        f"  by Eva in run {run}",
        "  because ticket 7",
    ]
    if change:
        after = change.after or "(cleared)"
        ends = f"{change.before} → {after}" if change.before else after
        assert len(lines) == 5
        assert lines[4].endswith(f": {ends}")
    whole = staffed.type("audit", "acme", "--run", run)
    assert whole.out == told


def test_a_first_day_that_has_come_tells_of_both_its_events(staffed: Desk) -> None:
    """S3: The output of a moved onboarding that activates the employee at once has both events."""
    # when
    answer = staffed.type("support", "move-onboarding", "acme", BRAM, "2027-03-02", *ASKED)

    # then
    heads = [line.split()[0] for line in answer.out.splitlines() if not line.startswith(" ")]
    assert heads == ["acme:", "onboarding-moved", "activated"]


@pytest.mark.parametrize("action", ACTIONS)
def test_a_command_whose_result_is_there_says_so_with_the_state(staffed: Desk, action: str) -> None:
    """S1-S6: The output of a support command whose result is already there says so, and names the
    state of the employee."""
    # given
    words, _, _ = ACTIONS[action]
    employee = person(staffed, words[0]).id
    act(staffed, action, *words)
    state = person(staffed, employee).state

    # when
    answer = staffed.type("support", action, "acme", employee, *words[1:], *ASKED)

    # then
    assert (answer.code, answer.err) == (0, "")
    first, *between, last = answer.out.splitlines()
    assert first.startswith("acme: unchanged (run ")
    assert last == f"  nothing to do: employee {employee} is {state}"
    assert len(between) == 2


@pytest.mark.parametrize("action", ACTIONS)
def test_the_json_of_an_action_is_its_run_alone(staffed: Desk, action: str) -> None:
    """The JSON of a support command is its run alone, without the lines for people."""
    # given
    words, _, _ = ACTIONS[action]

    # when / then
    for _ in range(2):
        document = staffed.type("support", action, "acme", *words, *ASKED, "--json").document

        assert document["kind"] == "support"


@pytest.mark.parametrize("action", ACTIONS)
def test_a_command_whose_result_is_there_is_an_unchanged_run(staffed: Desk, action: str) -> None:
    """S1-S6: A support command whose result is already there changes nothing and is recorded as an
    unchanged run."""
    # given
    words, _, _ = ACTIONS[action]
    employee = person(staffed, words[0]).id
    act(staffed, action, *words)
    before = history(staffed, employee)

    # when
    again = act(staffed, action, employee, *words[1:])

    # then
    assert (again.outcome, again.counts.events) == ("unchanged", 0)
    assert history(staffed, employee) == before


# Who and why


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("missing", ["--by", "--reason"])
def test_who_and_why_are_asked_for(staffed: Desk, action: str, missing: str) -> None:
    """S1-S6: A support command without `--by` or `--reason` exits with code 2 and stores
    nothing."""
    # given
    words, _, _ = ACTIONS[action]
    kept = {"--by": ["--reason", "ticket 7"], "--reason": ["--by", "Eva"]}
    before = stored(staffed)

    # when
    answer = staffed.type("support", action, "acme", *words, *kept[missing])

    # then
    assert answer.code == 2
    assert_explained(answer, [missing])
    assert stored(staffed) == before


NO_TEXT = [
    "",
    "  ",
    "\t",
    "two\nlines",
    "tab\there",
    "x" * 1001,
    "\x1b[31mred",
    "\u202eabc",
    "a\0b",
]


@pytest.mark.parametrize("text", NO_TEXT)
@pytest.mark.parametrize("option", ["--by", "--reason"])
@pytest.mark.parametrize("action", ["deactivate", "offboard"])
def test_a_name_or_a_reason_is_one_line_of_plain_text(
    staffed: Desk, action: str, option: str, text: str
) -> None:
    """S1-S6: A support command whose name or reason is blank, too long, or not one line of plain
    text exits with code 2 and stores nothing."""
    # given
    words, _, _ = ACTIONS[action]
    asked = {"--by": "Eva", "--reason": "ticket 7"} | {option: text}
    before = stored(staffed)

    # when
    answer = staffed.type("support", action, "acme", *words, *sum(asked.items(), ()))

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


@pytest.mark.parametrize("who", [ANNA, "ANNA@ACME.example", " anna@acme.example ", "ext-anna"])
def test_an_employee_is_named_by_address_or_external_id(staffed: Desk, who: str) -> None:
    """I1: A support command names an employee by external id or by e-mail address, whatever its
    case and the space around it."""
    # when
    act(staffed, "deactivate", who)

    # then
    assert person(staffed, ANNA).state == "deactivated"


def test_an_employee_is_named_by_id(staffed: Desk) -> None:
    """A support command names an employee by Tenure's id, with or without hyphens, in upper or
    lower case."""
    # given
    employee = person(staffed, ANNA).id

    # when
    for who in (employee, employee.upper(), employee.replace("-", "")):
        act(staffed, "offboard", who, "2027-06-30")

    # then
    assert person(staffed, ANNA).offboarding_date == "2027-06-30"


def test_an_employee_is_named_by_the_address_that_the_file_still_uses(staffed: Desk) -> None:
    """I8: A support command names an employee by the old address that the file still uses."""
    # given
    act(staffed, "change-email", ANNA, "new@acme.example")

    # when
    act(staffed, "offboard", ANNA, "2027-06-30")

    # then
    assert person(staffed, "new@acme.example").offboarding_date == "2027-06-30"


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("who", ["nobody@acme.example", "ext-nobody", "0" * 32, "", "%", "*"])
def test_an_unknown_employee_is_not_guessed(staffed: Desk, action: str, who: str) -> None:
    """S1-S6: A support command for an unknown employee exits with code 2, does not repeat the name,
    and stores nothing."""
    # given
    words, _, _ = ACTIONS[action]
    before = stored(staffed)

    # when
    answer = staffed.type("support", action, "acme", who, *words[1:], *ASKED)

    # then
    assert answer.code == 2
    assert_explained(answer, ["nobody in acme", "tenure roster acme"])
    assert "nobody@" not in answer.err
    assert stored(staffed) == before


@pytest.mark.parametrize("action", ACTIONS)
def test_a_support_command_for_an_unknown_company_is_explained(staffed: Desk, action: str) -> None:
    """A support command for an unknown company exits with code 2 and names the companies that are
    configured."""
    # given
    words, _, _ = ACTIONS[action]

    # when
    answer = staffed.type("support", action, "zenith", *words, *ASKED)

    # then
    assert answer.code == 2
    assert_explained(answer, ["no company zenith", "acme"])


# What cannot be done

DECLINED: dict[str, tuple[list[str], str]] = {
    "an invalid address": (["change-email", ANNA, "no address"], "not an e-mail address"),
    "no address": (["change-email", ANNA, " "], "not an e-mail address"),
    "a long address": (["change-email", ANNA, f"{'x' * 250}@b.example"], "not an e-mail address"),
    "a hostile address": (["change-email", ANNA, "a\x1b[31m@b.example"], "not an e-mail address"),
    "somebody's address": (["change-email", ANNA, CHRIS.upper()], "belongs to employee"),
    "a leaver's address": (["change-email", ANNA, DORA], "belongs to employee"),
    "no deactivated one": (["reactivate", ANNA, "--offboarding-date", "2027-09-01"], "is active"),
    "a last day that is over": (["reactivate", DORA, "--offboarding-date", "2027-03-01"], "over"),
    "a last day before the first of somebody back": (
        ["reactivate", ERIK, "--offboarding-date", "2027-04-30"],
        "that last day is before their first day",
    ),
    "somebody who started": (["move-onboarding", ANNA, "2027-06-01"], "is active"),
    "somebody who started and leaves": (
        ["move-onboarding", CHRIS, "2027-06-01"],
        "is offboarding-scheduled",
    ),
    "a first day after the last": (
        ["move-onboarding", BRAM, "2027-09-02"],
        "that last day is before their first day",
    ),
    "a last day before the first": (
        ["offboard", BRAM, "2027-03-31"],
        "that last day is before their first day",
    ),
    "a last day before the first of somebody here": (
        ["offboard", ANNA, "2019-12-31"],
        "that last day is before their first day",
    ),
    "an earlier last day before the first": (
        ["offboard", CHRIS, "2019-12-31"],
        "that last day is before their first day",
    ),
    "a last day of a leaver": (["offboard", DORA, "2027-06-01"], "is deactivated"),
    "no last day of a leaver": (["cancel-offboarding", DORA], "is deactivated"),
    "somebody's external id": (["link", BRAM, "ext-anna"], "belongs to employee"),
    "another external id": (["link", ANNA, "ext-new"], "has an external id already"),
    "no external id": (["link", BRAM, " "], "not an external id"),
    "a long external id": (["link", BRAM, "x" * 1001], "not an external id"),
    "a hostile external id": (["link", BRAM, "a\x1b[31m"], "not an external id"),
}


@pytest.mark.parametrize("case", DECLINED)
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_what_cannot_be_done_is_explained_and_stores_nothing(
    staffed: Desk, case: str, form: list[str]
) -> None:
    """S1-S6: A support command that cannot be carried out exits with code 2, stores nothing, and
    repeats no address and no external id, because standard error may end up in logs."""
    # given
    (action, *words), sentence = DECLINED[case]
    before = stored(staffed)

    # when
    answer = staffed.type("support", action, "acme", *words, *ASKED, *form)

    # then
    assert answer.code == 2
    assert_explained(answer, [sentence])
    assert "@acme" not in answer.err.lower()
    assert "ext-" not in answer.err
    assert "\x1b" not in answer.err
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


@pytest.mark.parametrize("action", ["reactivate", "move-onboarding", "offboard"])
@pytest.mark.parametrize("day", ["2027-02-29", "tomorrow", "01-06-2027", "1899-12-31", "20270601"])
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


def test_a_declined_command_shows_no_traceback_with_debug(staffed: Desk) -> None:
    """`tenure --debug` shows no traceback for a support command that is declined, because that is
    not a fault."""
    for case in ("somebody's address", "a leaver's address"):
        words, _ = DECLINED[case]

        answer = staffed.type("--debug", "support", words[0], "acme", *words[1:], *ASKED)

        assert answer.code == 2
        assert_explained(answer)


def test_a_fault_is_explained_and_among_the_runs(
    staffed: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R2: A fault during a support command exits with code 1, is explained without content, and
    leaves a failed run with who acted and why."""

    # given
    def fail(*_: object) -> object:
        raise KeyError(ANNA)

    # when
    with monkeypatch.context() as broken:
        broken.setattr(use_case, "plan_support", fail)
        answer = staffed.type("support", "deactivate", "acme", ANNA, *ASKED)

    # then
    assert answer.code == 1
    assert_explained(answer, ["KeyError", "--debug"])
    assert ANNA not in answer.err
    run = decoded(staffed.type("runs", "--json"), list[Run])[0]
    assert (run.kind, run.outcome, run.by, run.reason) == ("support", "failed", "Eva", "ticket 7")
    assert person(staffed, ANNA).state == "active"


# What each does


def test_an_address_that_support_changed_outlives_the_file_that_says_the_old_one(
    staffed: Desk,
) -> None:
    """S1, I8, L8: A delivery with the old address does not undo an e-mail address that support
    changed."""
    # given
    act(staffed, "change-email", ANNA, "new@acme.example")

    # when
    run = decoded(staffed.type("import", "acme", "--json"), Run)

    # then
    assert (run.outcome, run.counts.events) == ("unchanged", 0)
    assert person(staffed, "ext-anna").email == "new@acme.example"


def test_an_employee_comes_back_for_good_or_until_a_day(staffed: Desk) -> None:
    """S2: Support can reactivate an employee without a last day or with a new one, and an employee
    whose onboarding is still ahead is pending."""
    # when
    act(staffed, "reactivate", DORA)
    act(staffed, "reactivate", ERIK, "--offboarding-date", "2027-12-31")

    # then
    dora, erik = person(staffed, DORA), person(staffed, ERIK)
    assert (dora.state, dora.offboarding_date) == ("active", None)
    assert (erik.state, erik.offboarding_date) == ("pending", "2027-12-31")


def test_a_last_day_still_ahead_stands_when_an_employee_comes_back(staffed: Desk) -> None:
    """S2: At a reactivation without a new last day, a known last day that is still ahead stands."""
    # given
    act(staffed, "deactivate", CHRIS)

    # when
    act(staffed, "reactivate", CHRIS)

    # then
    chris = person(staffed, CHRIS)
    assert (chris.state, chris.offboarding_date) == ("offboarding-scheduled", "2027-06-01")


@pytest.mark.parametrize("day", ["2027-03-02", "2020-01-01"])
def test_an_onboarding_moved_to_today_or_earlier_activates_at_once(staffed: Desk, day: str) -> None:
    """S3: A pending employee whose onboarding is moved to today or earlier is activated at once."""
    # when
    run = act(staffed, "move-onboarding", BRAM, day)

    # then
    assert (run.counts.activated, run.counts.events) == (1, 2)
    bram = person(staffed, BRAM)
    assert (bram.state, bram.onboarding_date) == ("offboarding-scheduled", day)


def test_a_last_day_that_is_over_is_taken_with_a_warning(staffed: Desk) -> None:
    """S4, L4, L9: Support can set a last day that is over; the run warns of it, and the next clock
    pass deactivates the employee."""
    # when
    run = act(staffed, "offboard", ANNA, "2027-03-01")

    # then
    (issue,) = run.issues
    assert (issue.severity, issue.code) == ("warning", "offboarding-overdue")
    assert (issue.email, issue.field, issue.value) == (ANNA, "offboarding_date", "2027-03-01")
    assert (issue.file, issue.line) == (None, None)
    assert person(staffed, ANNA).state == "offboarding-scheduled"
    staffed.type("clock")
    assert person(staffed, ANNA).state == "deactivated"


def test_a_cancelled_last_day_stays_cancelled_until_the_file_has_another(
    staffed: Desk,
) -> None:
    """S4, L5, L8: A last day that support cancelled stays cancelled while the file repeats the
    date, and another date in the file counts."""
    # given
    act(staffed, "cancel-offboarding", CHRIS)
    staffed.type("import", "acme")

    # then
    assert person(staffed, CHRIS).state == "active"

    # when
    staffed.deliver(PEOPLE.replace("2027-06-01", "2027-06-02"))
    staffed.type("import", "acme")

    # then
    chris = person(staffed, CHRIS)
    assert (chris.state, chris.offboarding_date) == ("offboarding-scheduled", "2027-06-02")


def test_an_employee_deactivated_by_support_stays_so_without_a_rejected_row(
    staffed: Desk,
) -> None:
    """S5, L6: An employee that support deactivated stays deactivated, and the unchanged row of the
    employee is not rejected."""
    # given
    run = act(staffed, "deactivate", ANNA)
    assert run.counts.deactivated == 1

    # when
    imported = staffed.type("import", "acme", "--json")

    # then
    assert imported.code == 0
    assert person(staffed, ANNA).state == "deactivated"


def test_an_external_id_is_text(staffed: Desk) -> None:
    """S6, I1: An external id that support links is text: `007` stays `007` and is not `7`."""
    # when
    act(staffed, "link", BRAM, " 007 ")

    # then
    assert person(staffed, BRAM).external_id == "007"
    assert staffed.type("show", "acme", "7").code == 2
