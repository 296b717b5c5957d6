"""W9, S1-S11: whoever does what a message says ends the issue. All messages are walked here."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from datetime import datetime
from string import Formatter
from typing import NamedTuple

import pytest
from hypothesis import event, given

from domain.company import Company
from domain.delivery.plan import Plan
from domain.employee.aggregate import Employee
from domain.employee.commands import (
    CancelOffboarding,
    Command,
    Correct,
    Merge,
    MoveOnboarding,
    Offboard,
    Reactivate,
    Rehire,
    Release,
    Relink,
)
from domain.employee.events import (
    Deactivated,
    EmailChanged,
    EmployeeEvent,
    Merged,
    OffboardingScheduled,
)
from domain.employee.roster import Roster
from domain.employee.support import plan_support
from domain.issues.catalogue import CATALOGUE
from tests.given import (
    NOW,
    a_company,
    after,
    codes,
    context,
    day,
    file_of,
    outcomes,
    plan,
    registered,
    roster_after,
    then,
)
from tests.strategies import Life, Story, examples, stories

HEADER = "external_id,email,first_name,last_name,birthday,onboarding_date,offboarding_date"
COMMANDS = ("command", "advice", "asked", "reactivate", "rehire", "release")
"""The placeholders of the catalogue that are filled with a command of support."""
STRICT = a_company(policy={"short_notice": "reject"})


def person(
    row: str, *events: EmployeeEvent, position: int = 1, line: int | None = None
) -> Employee:
    return then(registered(row, HEADER, position=position), *events, line=line)


# Who is known: Ann and Ben are here, the others are in need of support.
ANN_ROW = "7,ann@acme.example,Ann,de Vries,1990-05-17,2026-01-01,"
ANN = person(ANN_ROW)
BEN = person("9,ben@acme.example,Ben,Smit,,2026-01-01,", position=2)
NAMELESS = person(ANN_ROW.removeprefix("7"))
WAITING = person(ANN_ROW.replace("2026-01-01", "2027-04-01"))
LEAVING = person(f"{ANN_ROW}2027-06-30")
OVER = OffboardingScheduled(day("2027-02-26"))
LEFT = then(then(ANN, OVER, line=2), Deactivated())
LEFT_NAMELESS = then(then(NAMELESS, OVER, line=2), Deactivated())
CLOSED = then(ANN, Deactivated())
MOVED = then(ANN, EmailChanged("new@acme.example"))
SECOND = person("8,a.vries@acme.example,Ann,de Vries,,2026-01-01,", position=3)
MERGED = [then(each, Merged(ANN.id, SECOND.id)) for each in (ANN, SECOND)]


class Case(NamedTuple):
    """A row that something is said of, and the employees who are known then."""

    code: str
    row: str
    known: Sequence[Employee]
    company: Company | None = None


CASES = {
    "number of somebody here": Case("other-person", "7,zoe@acme.example,Zoe,Mol,,,", [ANN]),
    "address of somebody here": Case("other-person", ",ann@acme.example,Zoe,Mol,,,", [ANN]),
    "address, no numbers": Case("other-person", ",ann@acme.example,Zoe,Mol,,,", [NAMELESS]),
    "both": Case("other-person", "7,ann@acme.example,Zoe,Mol,,,2027-06-30", [WAITING]),
    "names with quotes": Case(
        "other-person", '7,z@x.example,Zoë d\'A.,"van ""t O\'Neil",,,', [ANN]
    ),
    "number of a leaver": Case("other-person", "7,zoe@acme.example,Zoe,Mol,,,", [LEFT]),
    "address of a leaver": Case("other-person", ",ann@acme.example,Zoe,Mol,,,", [LEFT]),
    "address of a leaver without number": Case(
        "other-person", "5,ann@acme.example,Zoe,Mol,,,2027-06-30", [LEFT_NAMELESS]
    ),
    "number of somebody closed": Case("other-person", "7,z@x.example,Zoe,Mol,,,", [CLOSED]),
    "former address": Case("other-person", ",ann@acme.example,Zoe,Mol,,,", [MOVED]),
    "former address, own number": Case("other-person", "5,ann@acme.example,Zoe,Mol,,,", [MOVED]),
    "number of a merged account": Case("other-person", "8,zoe@acme.example,Zoe,Mol,,,", MERGED),
    "address of a merged account": Case("other-person", ",a.vries@acme.example,Zoe,Mol,,,", MERGED),
    "another person with a new number": Case(
        "other-person", "5,ann@acme.example,Zoe,Mol,,,", [ANN]
    ),
    "another person with a leaver's address and a new number": Case(
        "other-person", "5,ann@acme.example,Zoe,Mol,,,", [LEFT]
    ),
    "taken by a leaver": Case("email-taken", "9,ann@acme.example,Ben,Smit,,,", [LEFT, BEN]),
    "taken by somebody closed": Case("email-taken", "9,ann@acme.example,Ben,Mol,,,", [CLOSED, BEN]),
    "taken in the file alone": Case("email-taken", "9,ann@acme.example,Ben,Smit,,,", [MOVED, BEN]),
    "taken by a merged account": Case(
        "email-taken", "9,a.vries@acme.example,Ben,Smit,,,", [*MERGED, BEN]
    ),
    "taken by a second account": Case(
        "email-taken", "7,a.vries@acme.example,Ann,de Vries,,,", [ANN, SECOND]
    ),
    "taken by a second account without number": Case(
        "email-taken",
        "7,av@acme.example,Ann,de Vries,,,",
        [ANN, person(",av@acme.example,Ann,de Vries,,,", position=3)],
    ),
    "new number": Case("external-id-conflict", "5,ann@acme.example,Ann,de Vries,,,", [ANN]),
    "new number of a leaving one": Case(
        "external-id-conflict", "5,ann@acme.example,Ann,V,,,2027-06-30", [LEAVING]
    ),
    "new number, waiting": Case("external-id-conflict", "5,ann@acme.example,Ann,V,,,", [WAITING]),
    "new number at a former address": Case(
        "external-id-conflict", "5,ann@acme.example,Ann,V,,,", [MOVED]
    ),
    "new number and names": Case("external-id-conflict", "5,ann@acme.example,Zoe,Mol,,,", [ANN]),
    "new number at a merged address": Case(
        "external-id-conflict", "5,a.vries@acme.example,Ann,de Vries,,,", MERGED
    ),
    "rehired under a new number": Case(
        "external-id-conflict", "5,ann@acme.example,Ann,de Vries,,2027-03-01,", [LEFT]
    ),
    "rehired later": Case(
        "external-id-conflict", "5,ann@acme.example,Ann,V,,2027-04-01,2027-12-31", [LEFT]
    ),
    "rehired after support closed": Case(
        "external-id-conflict", "5,ann@acme.example,Ann,V,,2026-01-01,", [CLOSED]
    ),
    "short notice": Case("short-notice", f"{ANN_ROW}2027-03-05", [ANN], STRICT),
    "short notice, earlier": Case("short-notice", f"{ANN_ROW}2027-03-20", [LEAVING], STRICT),
    "short notice today": Case("short-notice", f"{ANN_ROW}2027-03-01", [NAMELESS], STRICT),
    "short notice before the start": Case(
        "short-notice",
        "7,ann@acme.example,Ann,de Vries,,,2027-03-20",
        [person(ANN_ROW.replace("2026-01-01", "2027-03-10"))],
        STRICT,
    ),
    "short notice at a new address": Case(
        "short-notice", "7,a@acme.example,Ann,de Vries,,,2027-03-05", [ANN], STRICT
    ),
    "blank after the last day": Case("reactivation-needs-support", ANN_ROW, [LEFT]),
    "a date ahead": Case("reactivation-needs-support", f"{ANN_ROW}2027-06-30", [LEFT]),
    "today": Case("reactivation-needs-support", f"{ANN_ROW}2027-03-01", [LEFT]),
    "a new first day": Case(
        "reactivation-needs-support", ANN_ROW.replace("2026-01-01", "2027-04-01"), [LEFT]
    ),
    "a new first day and address": Case(
        "reactivation-needs-support", "7,a@acme.example,Ann,V,,2027-02-01,2027-12-31", [LEFT]
    ),
    "a date ahead after support closed": Case(
        "reactivation-needs-support", f"{ANN_ROW}2027-06-30", [CLOSED]
    ),
    "a number for a leaver without one": Case(
        "reactivation-needs-support", ANN_ROW, [LEFT_NAMELESS]
    ),
    "listed though closed": Case("still-listed", ANN_ROW, [CLOSED]),
    "listed at a former address": Case("still-listed", ANN_ROW, [then(MOVED, Deactivated())]),
    "blank": Case("offboarding-kept", ANN_ROW, [LEAVING]),
    "blank before the start": Case(
        "offboarding-kept", ANN_ROW, [person(ANN_ROW.replace("2026", "2028") + "2028-06-30")]
    ),
    "earlier first day": Case("onboarding-date-fixed", ANN_ROW.replace("2026-", "2025-"), [ANN]),
    "later first day": Case("onboarding-date-fixed", ANN_ROW.replace("2026-", "2028-"), [ANN]),
    "another first day ahead": Case("onboarding-date-fixed", ANN_ROW, [WAITING]),
    "later, still ahead": Case(
        "onboarding-date-fixed", ANN_ROW.replace("2026-01", "2027-05"), [WAITING]
    ),
    "later, before the last day": Case(
        "onboarding-date-fixed", ANN_ROW.replace("2026-", "2027-") + "2027-06-30", [LEAVING]
    ),
    "second account": Case("possible-email-change", ",a.v@x.example,Ann,de Vries,,,", [NAMELESS]),
    "second account of a leaver": Case(
        "possible-email-change", ",a.v@x.example,Ann,de Vries,,,", [LEFT_NAMELESS]
    ),
    "second account, waiting": Case(
        "possible-email-change", ",a.v@x.example,Ann,de Vries,,2027-05-01,", [NAMELESS]
    ),
    "somebody else with the same first name": Case(
        "reactivation-needs-support", "7,ann@acme.example,Ann,Mol,,,", [LEFT]
    ),
    "somebody else with the same last name": Case(
        "still-listed", ",ann@acme.example,Zoe,de Vries,,,", [CLOSED]
    ),
    "third account": Case(
        "possible-email-change",
        ",a.v@x.example,Ann,de Vries,,,",
        [NAMELESS, person(",av@acme.example,Ann,de Vries,,,", position=3)],
    ),
}


def imported(case: Case, known: Sequence[Employee]) -> Plan:
    return plan(file_of(HEADER, case.row), known=known, company=case.company)


def commands_in(found: Plan, code: str) -> list[str]:
    """The commands that the messages of a code name."""
    messages = (issue.message for issue in found.issues if issue.code == code)
    return [command for message in messages for command in re.findall(r"`([^`]+)`", message)]


def obeyed(
    text: str, company: Company | None, known: Sequence[Employee], now: datetime = NOW
) -> list[Employee]:
    """All employees after support has carried out a command that a message names."""
    tenure, support, action, key, who, *words = shlex.split(text)
    assert (tenure, support, key) == ("tenure", "support", "acme")
    where = context(company, now)
    plan = plan_support(command(action, words, known), named(who, known), Roster.of(known), where)
    assert plan.changes != ()
    return after(plan, known)


def named(who: str, known: Iterable[Employee]) -> Employee:
    found = [each for each in known if who in (each.email, each.external_id, str(each.id))]
    (employee,) = [each for each in found if who == str(each.id) or not has_ended(each)] or found
    return employee


def has_ended(employee: Employee) -> bool:
    return employee.released or employee.merged_into is not None


def command(action: str, words: Sequence[str], known: Sequence[Employee]) -> Command:
    """Builds the command of an action from the words after WHO."""
    values = [word for number, word in enumerate(words) if not is_option(words, number)]
    options = {words[n]: words[n + 1] for n, word in enumerate(words) if word.startswith("--")}
    last_day = options.get("--offboarding-date")
    match action, *values:
        case ("release",):
            return Release()
        case "relink", number:
            return Relink(number)
        case "correct", *pairs:
            return Correct(tuple((pair.split("=")[0], pair.split("=")[1]) for pair in pairs))
        case "merge", other:
            return Merge(named(other, known).id)
        case "rehire", first_day:
            return Rehire(day(first_day), external_id=options.get("--external-id"))
        case ("reactivate",):
            return Reactivate(day(last_day) if last_day else None)
        case "offboard", last:
            return Offboard(day(last))
        case "move-onboarding", first_day:
            return MoveOnboarding(day(first_day))
        case ("cancel-offboarding",):
            return CancelOffboarding()
    raise AssertionError(f"no command is like {action} {words}")


def is_option(words: Sequence[str], number: int) -> bool:
    return words[number].startswith("--") or (number > 0 and words[number - 1].startswith("--"))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_each_command_that_a_message_names_ends_the_issue(case: Case) -> None:
    """W9, S1-S11: Each command in the message of an issue can be carried out as it stands. After
    it, the same row does not get the issue any more."""
    # given
    found = imported(case, case.known)
    known = after(found, case.known)
    assert case.code in codes(found)

    for text in commands_in(found, case.code):
        # when
        again = imported(case, obeyed(text, case.company, known))

        # then
        assert case.code not in codes(again), text


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_commands_of_all_messages_together_leave_nothing_to_say(case: Case) -> None:
    """W9: Whoever does what the messages of a row say, one after the other, gets a row that is
    accepted without an error."""
    # given
    found = imported(case, case.known)
    known, walked = after(found, case.known), set[str]()

    # when
    while texts := [
        text for code in codes(found) for text in commands_in(found, code) if code not in walked
    ]:
        walked |= {code for code in codes(found) if texts[0] in commands_in(found, code)}
        known = obeyed(texts[0], case.company, known)
        found = imported(case, known)
        known = after(found, known)

    # then
    assert walked != set()
    assert set(outcomes(found)) <= {"registered", "changed", "unchanged"}
    assert codes(imported(case, known)) == []


@examples(150)
@given(stories())
def test_in_any_story_each_command_that_a_message_names_ends_the_issue(story: Story) -> None:
    """W9, S1-S11: After every history of a company, each command in the message of an issue can be
    carried out as it stands, and ends the issue.

    Several files are left out: they may contradict each other.
    """
    for life, delivery in Life.arrivals(story):
        if len(delivery) > 1:
            continue

        # given
        found = life.plan(delivery)
        roster = roster_after(found, life.roster)
        known = [roster.employee(entry) for entry in roster.entries]

        for issue in found.issues:
            for text in re.findall(r"`(tenure support [^`]+)`", issue.message):
                # when
                other = life.fork()
                other.roster = roster.after(obeyed(text, life.company, known, life.now))
                again = other.plan(delivery)

                # then
                event(f"{issue.code}: {text.split()[2]}")
                said = {(each.line, each.code, each.field) for each in again.issues}
                assert (issue.line, issue.code, issue.field) not in said


def test_every_message_with_a_command_is_walked() -> None:
    """Each sentence of the catalogue that names a command of support has a case above."""
    # given
    placeholders = {
        code: {
            name for text in (kind.sentence, kind.strict) for _, name, *_ in Formatter().parse(text)
        }
        for code, kind in CATALOGUE.items()
    }

    # when
    named = {code for code, names in placeholders.items() if names & {*COMMANDS}}

    # then
    named.remove("absent-employee")  # it is about no row: a delivery lacks the employee
    assert {case.code for case in CASES.values()} == named


PENDING_CLOSED = then(WAITING, Deactivated())
IN_VAIN = {
    "first day after the last one": (
        Case("onboarding-date-fixed", ANN_ROW.replace("2026-01", "2027-07"), [LEAVING]),
        "move-onboarding",
    ),
    "first day of somebody whose last day is over": (
        Case("onboarding-date-fixed", ANN_ROW, [then(WAITING, OVER)]),
        "move-onboarding",
    ),
    "last day before the first one": (
        Case("short-notice", ",ann@acme.example,Ann,de Vries,,,2027-03-20", [WAITING], STRICT),
        "offboard",
    ),
    "return until a day before the first one": (
        Case(
            "reactivation-needs-support",
            ",ann@acme.example,Ann,de Vries,,,2027-03-20",
            [PENDING_CLOSED],
        ),
        "--offboarding-date",
    ),
}


@pytest.mark.parametrize(("case", "word"), IN_VAIN.values(), ids=IN_VAIN)
def test_no_message_names_a_command_that_support_would_reject(case: Case, word: str) -> None:
    """L3, S2-S4: A message names no command that would put a last day before a first day."""
    # when
    found = imported(case, case.known)

    # then
    assert codes(found)[0] == case.code
    assert word not in found.issues[0].message


WRONG_FILES = {
    "duplicate-email": ([ANN_ROW, ANN_ROW.replace("7,", "5,")], [ANN_ROW]),
    "duplicate-external-id": ([ANN_ROW, ANN_ROW.replace("ann@", "zoe@")], [ANN_ROW]),
    "duplicate-employee": (
        [ANN_ROW.replace("ann@", "a.vries@"), ANN_ROW.replace("7,", "8,")],
        [ANN_ROW],
    ),
    "offboarding-before-onboarding": ([f"{ANN_ROW}2025-12-31"], [f"{ANN_ROW}2027-12-31"]),
}


@pytest.mark.parametrize(("code", "files"), WRONG_FILES.items(), ids=WRONG_FILES)
def test_a_row_that_only_hr_can_correct_is_accepted_once_it_is_correct(
    code: str, files: tuple[Sequence[str], Sequence[str]]
) -> None:
    """I7, L3: An issue without a command of support ends with the file that HR corrects."""
    # given
    wrong, right = (plan(file_of(HEADER, *rows), known=MERGED) for rows in files)

    # when / then
    assert code in codes(wrong)
    assert (codes(right), set(outcomes(right))) == ([], {outcomes(right)[0]} - {"rejected"})


def test_every_code_that_rejects_a_matched_row_has_a_way_out() -> None:
    """I1-I12, L1-L10: Each code that rejects a row for whom it means, or for its dates, has a case
    above."""
    # given
    rejecting = {
        "duplicate-email",
        "duplicate-external-id",
        "duplicate-employee",
        "other-person",
        "email-taken",
        "external-id-conflict",
        "offboarding-before-onboarding",
        "short-notice",
        "reactivation-needs-support",
    }

    # when / then
    assert rejecting <= {case.code for case in CASES.values()} | WRONG_FILES.keys()
