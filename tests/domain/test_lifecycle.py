"""What a row asks of one employee: starting, leaving, and everything in between (L1-L10, W8)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from domain.company import Company
from domain.delivery.plan import Plan
from domain.employee.aggregate import Employee
from domain.employee.events import (
    Activated,
    Deactivated,
    EmailChanged,
    OffboardingCancelled,
    OffboardingMoved,
    OffboardingScheduled,
    OnboardingMoved,
    Reactivated,
    State,
)
from tests.given import (
    NOW,
    TODAY,
    a_company,
    after,
    cases,
    codes,
    day,
    kinds,
    moment,
    outcomes,
    plan,
    registered,
    then,
)

ANN = "1,ann@acme.example,Ann,Bakker"
BASE = "external_id,email,first_name,last_name"
DATES = f"{BASE},onboarding_date,offboarding_date"
LONG_AGO = moment("2026-01-05 02:45")
FAR = "2027-06-30"
FARTHER = "2027-08-31"


def row(onboarding: str = "", offboarding: str = "", person: str = ANN) -> str:
    return f"{DATES}\n{person},{onboarding},{offboarding}\n"


def without_dates(person: str = ANN) -> str:
    return f"{BASE}\n{person}\n"


def employee(onboarding: str = "", offboarding: str = "") -> Employee:
    """Ann, registered by a file more than a year ago."""
    return registered(f"{ANN},{onboarding},{offboarding}", DATES, now=LONG_AGO)


def pending() -> Employee:
    return employee(onboarding="2027-04-01")


def deactivated(said: str = "2027-02-26") -> Employee:
    """Ann after her last day, which the file still tells."""
    return then(employee(offboarding=said), Deactivated(), at=moment("2027-02-26 23:00"))


def one(found: Plan, known: Employee | None = None) -> Employee:
    (result,) = after(found, [known] if known else [])
    return result


def in_days(days: int) -> str:
    return (TODAY + timedelta(days=days)).isoformat()


def history(text: str) -> list[Employee]:
    """Ann after what her file, support and the clock did, or nobody."""
    if not text:
        return []
    hired, *steps = text.split("; ")
    ann = employee(**days(hired))
    for by, _, what in (step.partition(": ") for step in steps):
        day_said = day(what.split()[-1]) if what[-1].isdigit() else None
        match by, what.split()[0]:
            case "file", _:
                (ann,) = after(plan(row_of(what), known=[ann]), [ann])
            case "clock", _:
                ann = then(ann, Deactivated(), at=moment(f"{ann.offboarding_date} 23:00"))
            case _, "closes":
                ann = then(ann, Deactivated())
            case _, "stays":
                ann = then(ann, OffboardingCancelled())
            case _, "back":
                ann = then(ann, Reactivated(active=True, offboarding_date=day_said))
            case _, "from":
                ann = then(ann, OnboardingMoved(day_said or TODAY))
            case _:
                known = ann.offboarding_date is not None
                event = OffboardingMoved if known else OffboardingScheduled
                ann = then(ann, event(day_said or TODAY))
    return [ann]


def days(text: str) -> dict[str, str]:
    """The first and the last day that a text names: `from 2027-04-01 until 2027-06-30`."""
    names = {"from": "onboarding", "until": "offboarding"}
    words = text.split()
    return {names[word]: words[i + 1] for i, word in enumerate(words) if word in names}


def row_of(text: str) -> str:
    return without_dates() if text == "no dates" else row(**days(text))


def shown(people: list[Employee]) -> str:
    """What Ann is: `pending from 2027-04-01 until 2027-06-30`."""
    if not people:
        return ""
    (ann,) = people
    first = f" from {ann.onboarding_date}" if ann.state is State.PENDING else ""
    last = f" until {ann.offboarding_date}" if ann.offboarding_date else ""
    return f"{ann.state.value}{first}{last}"


STORIES = """
    L1: a newcomer without a first day is active at once
        nobody | blank | registered | registered | active
    L1: the same without the column
        nobody | no dates | registered | registered | active
    L1: a newcomer whose first day is today is active at once
        nobody | from 2027-03-01 | registered | registered | active
    L1: a newcomer whose first day has passed is active at once
        nobody | from 1999-12-31 | registered | registered | active
    L1: a newcomer whose first day is ahead is pending
        nobody | from 2027-03-02 | registered | registered | pending from 2027-03-02
    L2: a newcomer with a last day is scheduled
        nobody | until 2027-06-30 | registered | registered offboarding-scheduled |
          offboarding-scheduled until 2027-06-30
    L2: a newcomer whose first day is ahead stays pending
        nobody | from 2027-04-01 until 2027-06-30 | registered |
          registered offboarding-scheduled | pending from 2027-04-01 until 2027-06-30
    L2: who has left gets no account
        nobody | until 2027-02-28 | skipped | no event | nobody | already-left
    L3: the last day may be the first one
        nobody | from 2027-05-01 until 2027-05-01 | registered |
          registered offboarding-scheduled | pending from 2027-05-01 until 2027-05-01
    L4: the file sets a last day
        hired | until 2027-06-30 | changed | offboarding-scheduled |
          offboarding-scheduled until 2027-06-30
    L4: moves it to a later one
        hired until 2027-06-30 | until 2027-08-31 | changed | offboarding-moved |
          offboarding-scheduled until 2027-08-31
    L4: moves it to an earlier one
        hired until 2027-08-31 | until 2027-06-30 | changed | offboarding-moved |
          offboarding-scheduled until 2027-06-30
    L4, L2: moves that of a pending employee
        hired from 2027-04-01 until 2027-07-31 | until 2027-06-30 | changed | offboarding-moved |
          pending from 2027-04-01 until 2027-06-30
    L4: and moves it at short notice
        hired until 2027-06-30 | until 2027-03-11 | changed | offboarding-moved |
          offboarding-scheduled until 2027-03-11 | short-notice
    L5: a blank keeps the last day of the file, and is told each time
        hired until 2027-06-30 | blank / blank | changed / unchanged | file-noted / no event |
          offboarding-scheduled until 2027-06-30 | offboarding-kept / offboarding-kept
    L5: that of a pending employee too
        hired from 2027-04-01 until 2027-06-30 | blank / blank | changed / unchanged |
          file-noted / no event | pending from 2027-04-01 until 2027-06-30 |
          offboarding-kept / offboarding-kept
    L5: and one that the file moved
        hired until 2027-08-31; file: until 2027-06-30 | blank / blank | changed / unchanged |
          file-noted / no event | offboarding-scheduled until 2027-06-30 |
          offboarding-kept / offboarding-kept
    L5: and one that the file set again
        hired until 2027-08-31; support: stays; file: blank; file: until 2027-06-30 |
          blank / blank | changed / unchanged | file-noted / no event |
          offboarding-scheduled until 2027-06-30 | offboarding-kept / offboarding-kept
    L5: and one that stood at a reactivation
        hired until 2027-06-30; support: closes; support: back until 2027-06-30 | blank / blank |
          changed / unchanged | file-noted / no event | offboarding-scheduled until 2027-06-30 |
          offboarding-kept / offboarding-kept
    L5, W8: a file without the column keeps it, and says nothing
        hired until 2027-06-30 | no dates | unchanged | no event |
          offboarding-scheduled until 2027-06-30
    L5: a date after a blank is noted
        hired until 2027-06-30 | blank / until 2027-06-30 | changed / changed |
          file-noted / file-noted | offboarding-scheduled until 2027-06-30 |
          offboarding-kept / no issue
    L5, L8: a repeated last day does not undo that support cancelled it
        hired until 2027-06-30; support: stays | until 2027-06-30 | unchanged | no event | active
    L5: after a blank it is news
        hired until 2027-06-30; support: stays | blank / until 2027-06-30 | changed / changed |
          file-noted / offboarding-scheduled | offboarding-scheduled until 2027-06-30
    L5: after a file without the column it is not
        hired until 2027-06-30; support: stays | no dates / until 2027-06-30 |
          unchanged / unchanged | no event | active
    L5, L8: another last day is news
        hired until 2027-06-30; support: stays | until 2027-08-31 | changed |
          offboarding-scheduled | offboarding-scheduled until 2027-08-31
    L6: a last day that is over asks nothing for a closed account
        hired until 2027-02-26; clock: closes | until 2027-02-28 / until 2027-02-28 |
          unchanged / unchanged | file-noted / no event | deactivated until 2027-02-26
    L6: an earlier one neither
        hired until 2027-02-26; clock: closes | until 2026-05-01 | unchanged | file-noted |
          deactivated until 2027-02-26
    L6: nor one for an account that support closed
        hired; support: closes | until 2027-02-28 / until 2027-02-28 | unchanged / unchanged |
          file-noted / no event | deactivated
    L6, L8: a date ahead asks for an employee back
        hired; support: closes | until 2027-06-30 | rejected | no event | deactivated |
          reactivation-needs-support
    L6, L8: it does not where the file had it before support closed the account
        hired until 2027-06-30; support: closes | until 2027-06-30 / until 2027-08-31 |
          unchanged / rejected | no event | deactivated until 2027-06-30 |
          no issue / reactivation-needs-support
    L6, L8: nor after a last day of support
        hired until 2027-06-30; support: until 2027-02-28; support: closes | until 2027-06-30 |
          unchanged | no event | deactivated until 2027-02-28
    L6, L8: nor after support cancelled it
        hired until 2027-06-30; support: stays; support: closes | until 2027-06-30 | unchanged |
          no event | deactivated
    L6, S2: files change an employee again whom support reactivated, but the old date is no news
        hired until 2027-02-26; clock: closes; support: back |
          until 2027-02-26 / until 2027-06-30 | unchanged / changed |
          no event / offboarding-scheduled | offboarding-scheduled until 2027-06-30
    L7: the known first day and a blank are no change
        hired from 2027-04-01 | from 2027-04-01 / blank / no dates |
          unchanged / unchanged / unchanged | no event | pending from 2027-04-01
    L7, L1: a first day that was blank is fixed at the day of the registration
        hired | from 2026-01-05 / from 2026-01-06 | unchanged / changed | no event / file-noted |
          active | no issue / onboarding-date-fixed
    L7, L8, S3: after support moved it, neither day is told, and a third one is
        hired from 2027-04-01; support: from 2027-05-01 |
          from 2027-04-01 / from 2027-05-01 / from 2027-06-01 | unchanged / changed / changed |
          no event / file-noted / file-noted | pending from 2027-05-01 |
          no issue / no issue / onboarding-date-fixed
    L8: a last day that support moved stands while the file repeats the old one
        hired until 2027-06-30; support: until 2027-08-31 | until 2027-06-30 | unchanged |
          no event | offboarding-scheduled until 2027-08-31
    L8: one that support set stands while the file has a blank
        hired; support: until 2027-06-30 | blank | unchanged | no event |
          offboarding-scheduled until 2027-06-30
    L8: another one in the file counts
        hired until 2027-06-30; support: until 2027-08-31 | until 2027-09-30 | changed |
          offboarding-moved | offboarding-scheduled until 2027-09-30
    L8: one that the file repeats from support is noted, and the former one is then news
        hired until 2027-06-30; support: until 2027-08-31 | until 2027-08-31 / until 2027-06-30 |
          changed / changed | file-noted / offboarding-moved |
          offboarding-scheduled until 2027-06-30
    L8, S4: after a blank, the former one is news
        hired until 2027-06-30; support: until 2027-08-31 | blank / until 2027-06-30 |
          changed / changed | file-noted / offboarding-moved |
          offboarding-scheduled until 2027-06-30
    L8, L4: a near one that the file repeats from support is no short notice
        hired; support: until 2027-03-04 | until 2027-03-04 | changed | file-noted |
          offboarding-scheduled until 2027-03-04
    L8, S2: one that stood at a reactivation is no change
        hired until 2027-06-30; support: closes; support: back until 2027-06-30 |
          until 2027-06-30 | unchanged | no event | offboarding-scheduled until 2027-06-30
    S2, L5: after a reactivation and a blank, the old last day is news, also when it is over
        hired until 2027-02-26; clock: closes; support: back | blank / until 2027-02-26 |
          changed / changed | file-noted / offboarding-scheduled |
          offboarding-scheduled until 2027-02-26 | no issue / offboarding-overdue
    S2, L8: another last day is news after a reactivation, also when it is over
        hired until 2027-02-26; clock: closes; support: back | until 2027-02-27 | changed |
          offboarding-scheduled | offboarding-scheduled until 2027-02-27 | offboarding-overdue
"""
"""Ann's history, by file if nothing else is said | what her rows say, pick-up by pick-up | what
becomes of the rows | the events | what she is then | the issues."""


@pytest.mark.parametrize(
    ("before", "says", "rows", "events", "becomes", "issues"), cases(STORIES, 6)
)
def test_the_dates_of_a_row_mean_what_the_history_makes_of_them(
    before: str, says: str, rows: str, events: str, becomes: str, issues: str
) -> None:
    """L1-L8, S2-S4, W8: What a date or a blank asks for depends on what the file said before, and
    on what support did. The table says how.
    """
    # given
    people = history(before)
    found = []

    # when
    for said in says.split(" / "):
        found.append(plan(row_of(said), known=people))
        people = after(found[-1], people)

    # then
    assert [" ".join(outcomes(each)) for each in found] == rows.split(" / ")
    assert [" ".join(kinds(each)) for each in found] == told(events, len(found))
    assert [" ".join(codes(each)) for each in found] == told(issues, len(found))
    assert shown(people) == becomes


def told(text: str, count: int) -> list[str]:
    """What is told at each pick-up."""
    each = ["" if part.startswith("no ") else part for part in text.split(" / ")]
    return each if len(each) == count else each * count


# L1: a new employee


def test_a_blank_onboarding_date_counts_as_today() -> None:
    """L1: A blank onboarding date of a new employee is stored as today."""
    # when / then
    assert one(plan(row())).onboarding_date == TODAY
    assert one(plan(row("2027-02-01"))).onboarding_date == day("2027-02-01")


# L2: a new employee with a last day


def test_activation_makes_a_pending_employee_with_a_last_day_scheduled() -> None:
    """L2: A pending employee with a last day becomes `offboarding-scheduled` at activation."""
    # given
    ann = one(plan(row("2027-04-01", FAR)))

    # when / then
    assert then(ann, Activated()).state is State.OFFBOARDING_SCHEDULED


def test_a_new_employee_who_leaves_later_today_is_registered() -> None:
    """L2, L9: A new employee who leaves today is registered until a second before 23:00."""
    # given
    closing = moment("2027-03-01 23:00")

    # when / then
    before = plan(row(offboarding="2027-03-01"), now=closing - timedelta(seconds=1))
    assert kinds(before) == ["registered", "offboarding-scheduled"]
    assert outcomes(plan(row(offboarding="2027-03-01"), now=closing)) == ["skipped"]


# L4: the file sets and moves the last day


NOTICE = [
    (31, []),
    (30, []),
    (29, ["short-notice"]),
    (1, ["short-notice"]),
    (0, ["short-notice"]),
]


@pytest.mark.parametrize(("days", "said"), [*NOTICE, (-1, ["offboarding-overdue"])])
def test_a_last_day_that_is_near_is_accepted_with_a_warning(days: int, said: list[str]) -> None:
    """L4: A last day fewer than 30 days ahead is accepted with `short-notice`, and one that is over
    with `offboarding-overdue`.
    """
    # when
    found = plan(row(offboarding=in_days(days)), known=[employee()])

    # then
    assert kinds(found) == ["offboarding-scheduled"]
    assert codes(found) == said
    assert {issue.severity for issue in found.issues} <= {"warning"}


@pytest.mark.parametrize(("days", "said"), NOTICE)
def test_short_notice_is_told_of_a_new_employee_too(days: int, said: list[str]) -> None:
    """L4: A new employee with a last day fewer than 30 days ahead gets the warning
    `short-notice` too.
    """
    # when
    found = plan(row(offboarding=in_days(days)))

    # then
    assert kinds(found) == ["registered", "offboarding-scheduled"]
    assert codes(found) == said


def test_the_warning_about_short_notice_names_both_numbers_of_days() -> None:
    """L4: The warning `short-notice` names the number of days ahead and the number of days that the
    company asks for.
    """
    # when
    (issue,) = plan(row(offboarding=in_days(7)), known=[employee()]).issues

    # then
    assert "7 days" in issue.message
    assert "30 days" in issue.message
    assert (issue.field, issue.value) == ("offboarding_date", in_days(7))


@pytest.mark.parametrize("known", [[], [employee()]], ids=["new", "known"])
@pytest.mark.parametrize("person", [ANN, ANN.removeprefix("1")], ids=["external id", "address"])
def test_policy_may_reject_short_notice(known: list[Employee], person: str) -> None:
    """L4: With the policy `short_notice = "reject"`, a row with a last day fewer than 30 days ahead
    is rejected.
    """
    # given
    strict = a_company(policy={"short_notice": "reject"})

    # when
    near = plan(row(offboarding=in_days(29), person=person), known=known, company=strict)
    far = plan(row(offboarding=in_days(30), person=person), known=known, company=strict)

    # then
    assert (outcomes(near), codes(near), kinds(near)) == (["rejected"], ["short-notice"], [])
    assert near.issues[0].severity == "error"
    assert "rejected" not in outcomes(far)


def test_a_repeated_last_day_is_not_rejected_as_short_notice() -> None:
    """L4, L10: With the policy `short_notice = "reject"`, a row that repeats an accepted last day
    is unchanged, although the date is now near.
    """
    # given
    strict = a_company(policy={"short_notice": "reject"})
    ann = employee(offboarding=in_days(5))

    # when
    found = plan(row(offboarding=in_days(5)), known=[ann], company=strict)

    # then
    assert (outcomes(found), codes(found)) == (["unchanged"], [])


def test_the_company_sets_the_number_of_days_of_notice() -> None:
    """L4: The company's setting `notice_days` decides which last days give `short-notice`."""
    # given
    company = a_company(policy={"notice_days": 7})

    # when / then
    assert codes(plan(row(offboarding=in_days(7)), company=company)) == []
    assert codes(plan(row(offboarding=in_days(6)), company=company)) == ["short-notice"]


@pytest.mark.parametrize("policy", ["warn", "reject"])
def test_a_last_day_that_is_over_is_accepted_under_either_policy(policy: str) -> None:
    """L4: A last day that is over is accepted with `offboarding-overdue`, also when the policy
    rejects short notice.
    """
    # given
    company = a_company(policy={"short_notice": policy})

    # when
    found = plan(row(offboarding="2027-02-15"), known=[employee()], company=company)

    # then
    assert (kinds(found), codes(found)) == (["offboarding-scheduled"], ["offboarding-overdue"])
    assert one(found).state is State.OFFBOARDING_SCHEDULED


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (moment("2027-03-01 22:59"), ["short-notice"]),
        (moment("2027-03-01 23:00"), ["offboarding-overdue"]),
    ],
)
def test_a_last_day_today_is_over_from_the_time_of_deactivation(now: Any, said: list[str]) -> None:
    """L4, L9: A last day today gives `short-notice` before 23:00 and `offboarding-overdue` from
    23:00 on.
    """
    assert codes(plan(row(offboarding="2027-03-01"), known=[employee()], now=now)) == said


# L5: a blank cancels nothing


def test_the_warning_about_a_last_day_that_is_kept_says_how_to_cancel_it() -> None:
    """L5: The warning `offboarding-kept` names the day, and the command of support."""
    # when
    (issue,) = plan(row(), known=[employee(offboarding=FAR)]).issues

    # then
    assert (issue.code, issue.severity) == ("offboarding-kept", "warning")
    assert FAR in issue.message
    assert "`tenure support cancel-offboarding acme ann@acme.example`" in issue.message


LEAVING = {
    "active": employee(offboarding=FAR),
    "pending": employee("2027-04-01", FAR),
    "moved by the file": then(employee(offboarding=FARTHER), OffboardingMoved(day(FAR)), line=2),
    "set again by the file": then(
        employee(),
        OffboardingScheduled(day(FARTHER)),
        OffboardingCancelled(),
        OffboardingScheduled(day(FAR)),
        line=2,
    ),
    "reactivated": then(
        employee(offboarding=FAR),
        Deactivated(),
        Reactivated(active=True, offboarding_date=day(FAR)),
    ),
}
CANCELLING = a_company(policy={"blank_offboarding": "cancel"})


@pytest.mark.parametrize("ann", LEAVING.values(), ids=LEAVING)
def test_a_company_may_let_a_blank_cancel_a_last_day_of_the_file(ann: Employee) -> None:
    """L5: Policy `blank_offboarding = "cancel"` lets a blank cell cancel a last day that came from
    the file. The same day counts again after it.
    """
    # when
    found = plan(row(), known=[ann], company=CANCELLING)
    again = plan(row(offboarding=FAR), known=after(found), company=CANCELLING)

    # then
    assert (kinds(found), codes(found)) == (["offboarding-cancelled"], [])
    assert kinds(again) == ["offboarding-scheduled"]
    assert kinds(plan(without_dates(), known=[ann], company=CANCELLING)) == []


OF_SUPPORT = {
    "set": then(employee(), OffboardingScheduled(day(FAR))),
    "moved": then(employee(offboarding=FARTHER), OffboardingMoved(day(FAR))),
    "set after it was cancelled": then(
        employee(offboarding=FAR), OffboardingCancelled(), OffboardingScheduled(day(FAR))
    ),
    "set and repeated by the file": one(
        plan(row(offboarding=FAR), known=[then(employee(), OffboardingScheduled(day(FAR)))])
    ),
    "another one at a reactivation": then(
        employee(offboarding=FARTHER),
        Deactivated(),
        Reactivated(active=True, offboarding_date=day(FAR)),
    ),
}


@pytest.mark.parametrize("company", [None, CANCELLING], ids=["keep", "cancel"])
@pytest.mark.parametrize("ann", OF_SUPPORT.values(), ids=OF_SUPPORT)
def test_a_blank_says_nothing_about_a_last_day_of_support(
    ann: Employee, company: Company | None
) -> None:
    """L5, S4: A blank cell never cancels a last day that support set, and is not told."""
    # when
    found = plan(row(), known=[ann], company=company)

    # then
    assert codes(found) == []
    assert set(kinds(found)) <= {"file-noted"}
    assert one(found, ann).offboarding_date == day(FAR)


@pytest.mark.parametrize("noted", [False, True], ids=["blank since", "blank before"])
@pytest.mark.parametrize("said", [FAR, "2027-03-01", "2027-03-20"])
def test_a_withdrawn_resignation_is_not_silent_after_the_last_day(said: str, noted: bool) -> None:
    """L5, L6: Where a blank did not cancel the last day, the blank is rejected after that day. The
    error says how support brings the person back.
    """
    # given
    ann = employee(offboarding=said)
    if noted:
        (ann,) = after(plan(row(), known=[ann]))
    over = moment(f"{said} 23:00")
    ann = then(ann, Deactivated(), at=over)

    # when
    found = plan(row(), known=[ann], now=over + timedelta(hours=4))

    # then
    assert codes(found) == ["reactivation-needs-support"]


# L6: a deactivated employee


EVERYTHING = f"{DATES},prefix,language,group_name,custom_desk"


@pytest.mark.parametrize(
    "text",
    [
        row(offboarding="2027-02-26"),
        row(offboarding="2027-02-26", person="1,ann@acme.example,Anna,Bakker"),
        row(offboarding="2027-02-26", person="1,other@acme.example,Ann,Bakker"),
        f"{EVERYTHING}\n{ANN},,2027-02-26,van,de,Sales,4711\n",
        without_dates(),
        without_dates("1,other@acme.example,Ann,Visser"),
    ],
    ids=["repeated", "names", "address", "all the rest", "no column", "no column, all new"],
)
def test_a_deactivated_employee_is_changed_by_no_file(text: str) -> None:
    """L6: A row about a deactivated employee changes nothing and is unchanged as long as it repeats
    the file's offboarding date or has no such column.
    """
    # when
    found = plan(text, known=[deactivated()])

    # then
    assert (outcomes(found), kinds(found), codes(found)) == (["unchanged"], [], [])


NAMELESS = ANN.removeprefix("1")


@pytest.mark.parametrize("said", ["", FAR, "2027-03-01"])
@pytest.mark.parametrize("person", [ANN, NAMELESS], ids=["by external id", "by address"])
def test_a_deactivated_employee_is_not_brought_back_by_a_file(said: str, person: str) -> None:
    """L6: A row with an offboarding date ahead, or a blank, for an employee whom a date of the file
    deactivated is rejected with `reactivation-needs-support`.
    """
    # given
    ann = deactivated()

    # when
    found = plan(row(offboarding=said, person=person), known=[ann])

    # then
    assert (outcomes(found), kinds(found)) == (["rejected"], [])
    (issue,) = found.issues
    assert (issue.code, issue.severity) == ("reactivation-needs-support", "error")
    assert (issue.field, issue.value) == ("offboarding_date", said or None)
    for command in (f"reactivate acme {ann.email}", f"rehire acme {ann.email} 2027-03-01"):
        assert f"`tenure support {command}" in issue.message


CLOSED_BY_SUPPORT = {
    "without a last day": then(employee(), Deactivated()),
    "before the file's last day": then(employee(offboarding=FAR), Deactivated()),
    "by a last day of support": then(
        employee(), OffboardingScheduled(TODAY - timedelta(days=1)), Deactivated()
    ),
    "after an earlier last day of support": then(
        employee(offboarding=FAR), OffboardingMoved(TODAY - timedelta(days=1)), Deactivated()
    ),
    "after a cancelled last day": then(
        employee(offboarding=FAR), OffboardingCancelled(), Deactivated()
    ),
}


@pytest.mark.parametrize("ann", CLOSED_BY_SUPPORT.values(), ids=CLOSED_BY_SUPPORT)
def test_a_blank_for_an_employee_whom_support_deactivated_is_told(ann: Employee) -> None:
    """L6: A blank for an employee whom support deactivated is `still-listed`, at each pick-up."""
    # when
    found = plan(row(), known=[ann])
    again = plan(row(), known=after(found, [ann]))

    # then
    for each in (found, again):
        assert (outcomes(each), codes(each)) == (["unchanged"], ["still-listed"])
        assert each.issues[0].severity == "info"
        assert "`tenure support reactivate acme ann@acme.example`" in each.issues[0].message


def test_a_file_links_no_external_id_to_a_deactivated_employee() -> None:
    """L6, I3: A row with an external id does not link it to a deactivated employee."""
    # given
    ann = then(registered("ann@acme.example,Ann,Bakker"), Deactivated())

    # when / then
    found = plan(without_dates(), known=[ann])
    assert (outcomes(found), kinds(found)) == (["unchanged"], [])


# L7: the onboarding date is fixed


@pytest.mark.parametrize("ann", [employee("2026-02-01"), pending()], ids=["active", "pending"])
@pytest.mark.parametrize("said", ["2027-05-01", "2026-01-01"])
def test_another_onboarding_date_is_ignored_and_the_rest_applies(ann: Employee, said: str) -> None:
    """L7, L8: Another onboarding date for a known employee gives the warning
    `onboarding-date-fixed` once, is noted, and is ignored. The rest of the row applies.
    """
    # given
    text = row(said, person="1,ann@acme.example,Anna,Bakker")

    # when
    found = plan(text, known=[ann])

    # then
    assert kinds(found) == ["details-changed", "file-noted"]
    assert codes(plan(text, known=after(found))) == []
    assert one(found).onboarding_date == ann.onboarding_date
    assert one(found).state is ann.state
    (issue,) = found.issues
    assert (issue.code, issue.severity) == ("onboarding-date-fixed", "warning")
    assert (issue.field, issue.value) == ("onboarding_date", said)
    assert ann.onboarding_date.isoformat() in issue.message


# L8: what support changed stands


def test_the_address_and_the_last_day_are_noted_together() -> None:
    """L8: When the file repeats both an address and a last day that support set, one
    event notes both.
    """
    # given
    ann = then(
        employee(offboarding=FAR),
        EmailChanged("new@acme.example"),
        OffboardingMoved(day(FARTHER)),
    )

    # when
    found = plan(row(offboarding=FARTHER, person="1,new@acme.example,Ann,Bakker"), known=[ann])

    # then
    assert kinds(found) == ["file-noted"]
    assert one(found).file_email == "new@acme.example"
    assert one(found).file_offboarding_date == day(FARTHER)


def test_a_new_last_day_does_not_undo_the_address_that_support_set() -> None:
    """L8: A new last day in the file counts, while the old address in the same row does not undo
    the address that support set.
    """
    # given
    ann = then(
        employee(offboarding=FAR),
        EmailChanged("new@acme.example"),
        OffboardingMoved(day(FARTHER)),
    )

    # when
    found = plan(row(offboarding="2027-09-30"), known=[ann])

    # then
    assert kinds(found) == ["offboarding-moved"]
    assert one(found).email == "new@acme.example"


# L9: the moments (the tests of the clock have more of them)


def test_a_new_employee_is_active_from_midnight_of_the_first_day() -> None:
    """L9, L1: A new employee is pending a minute before 00:00 of the onboarding date and active at
    00:00.
    """
    # when
    before = plan(row("2027-03-02"), now=moment("2027-03-01 23:59"))
    at = plan(row("2027-03-02"), now=moment("2027-03-02 00:00"))

    # then
    assert (one(before).state, one(at).state) == (State.PENDING, State.ACTIVE)


# L10: rows that repeat themselves

ROWS = {
    "plain": row(),
    "active with a last day": row("2027-02-01", FAR),
    "pending": row("2027-04-01"),
    "pending with a last day": row("2027-04-01", FAR),
    "short notice": row(offboarding=in_days(3)),
    "everything": f"{EVERYTHING}\n{ANN},2027-02-01,{FAR},van,DE,Sales,4711\n",
    "a group and a language nobody knows": f"{EVERYTHING}\n{ANN},,,,xx,Salse,\n",
    "no external id": row(person=",ann@acme.example,Ann,Bakker"),
    "who left": row(offboarding="2027-02-15"),
}


@pytest.mark.parametrize("text", ROWS.values(), ids=ROWS)
@pytest.mark.parametrize("blank_cells", ["keep", "clear"])
def test_a_row_that_repeats_what_was_accepted_yields_no_event(text: str, blank_cells: str) -> None:
    """L10: A row that repeats what was accepted the day before causes no event, under either policy
    for blank cells.
    """
    # given
    company = a_company(policy={"blank_cells": blank_cells})
    people = after(plan(text, company=company))

    # when
    again = plan(text, known=people, company=company, now=NOW + timedelta(days=1))

    # then
    assert kinds(again) == []
    assert again.outcome == "unchanged"


@pytest.mark.parametrize(
    ("text", "known", "code"),
    [
        (f"{EVERYTHING}\n{ANN},,,,xx,,\n", [], "unknown-language"),
        (f"{EVERYTHING}\n{ANN},,,,,Salse,\n", [], "unknown-group"),
        (row(), [employee(offboarding=FAR)], "offboarding-kept"),
        (row(), [deactivated()], "reactivation-needs-support"),
        (row(offboarding="2027-02-15"), [], "already-left"),
        (f"{BASE},shoe_size\n{ANN},44\n", [], "unknown-column"),
        (f"{BASE}\n{ANN}\n{ANN}\n", [], "duplicate-row"),
        (f"{BASE},birthday\n{ANN},never\n", [], "bad-date"),
    ],
)
def test_an_issue_about_the_content_of_a_row_is_told_every_time(
    text: str, known: list[Employee], code: str
) -> None:
    """L10: An issue about the content of a row is told by every run that meets this content."""
    # when
    first = plan(text, known=known)
    second = plan(text, known=after(first, known), now=NOW + timedelta(days=1))

    # then
    assert codes(first) == [code]
    assert codes(second) == [code]
    assert kinds(second) == []


@pytest.mark.parametrize(
    ("text", "known", "code"),
    [
        (row(offboarding=in_days(3)), [], "short-notice"),
        (row(offboarding=in_days(3)), [employee()], "short-notice"),
        (row(offboarding=in_days(-3)), [employee()], "offboarding-overdue"),
        (
            row(person=",anna@acme.example,Ann,Bakker"),
            [registered("ann@acme.example,Ann,Bakker")],
            "possible-email-change",
        ),
    ],
)
def test_an_issue_about_a_change_is_told_once(text: str, known: list[Employee], code: str) -> None:
    """L10: An issue about a change is told by the run that makes the change, and not by
    the next run.
    """
    # when
    first = plan(text, known=known)
    second = plan(text, known=after(first, known), now=NOW + timedelta(days=1))

    # then
    assert codes(first) == [code]
    assert codes(second) == []


# W8: what a blank leaves alone

FIELDS = (
    "prefix,probation_period_end_date,birthday,work_anniversary,marriage_date,"
    "group_name,language,custom_desk"
)
FULL = "van,2026-07-01,1990-01-01,2020-01-01,2015-05-05,Sales,de,4711"


def full() -> Employee:
    """Ann with every field there is, and a last day."""
    header = f"{DATES},{FIELDS}"
    return registered(f"{ANN},2026-02-01,{FAR},{FULL}", header, now=LONG_AGO)


def test_every_field_of_a_row_is_stored() -> None:
    """W8: Every descriptive field of a row is stored with its value."""
    # when
    details = full().details

    # then
    assert (details.prefix, details.group_name, details.language) == ("van", "Sales", "de")
    assert details.probation_period_end_date == date(2026, 7, 1)
    assert details.birthday == date(1990, 1, 1)
    assert details.work_anniversary == date(2020, 1, 1)
    assert details.marriage_date == date(2015, 5, 5)
    assert details.custom == {"custom_desk": "4711"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("prefix", "de"),
        ("probation_period_end_date", "2026-08-01"),
        ("birthday", "1991-01-01"),
        ("work_anniversary", "2021-01-01"),
        ("marriage_date", "2016-05-05"),
        ("group_name", "Engineering"),
        ("language", "EN"),
        ("custom_desk", "0042"),
        ("custom_new", "1"),
    ],
)
def test_one_cell_changes_one_field(field: str, value: str) -> None:
    """W8: A new value in one column changes this field and no other."""
    # given
    ann = full()

    # when
    found = plan(f"{BASE},{field}\n{ANN},{value}\n", known=[ann])

    # then
    before, result = plain(ann), plain(one(found))
    assert kinds(found) == ["details-changed"]
    assert {name for name in result if result[name] != before.get(name)} == {field}
    assert str(result[field]) == (value.lower() if field == "language" else value)


def plain(ann: Employee) -> dict[str, Any]:
    """Every descriptive field, custom ones beside the others."""
    details = ann.details
    return {
        name: getattr(details, name) for name in details.__struct_fields__ if name != "custom"
    } | details.custom
