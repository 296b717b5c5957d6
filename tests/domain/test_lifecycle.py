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


# L1: a new employee


@pytest.mark.parametrize(
    "text",
    [row(), without_dates(), row("2027-02-28"), row("2027-03-01"), row("1999-12-31")],
    ids=["blank", "absent", "yesterday", "today", "long ago"],
)
def test_a_new_employee_whose_first_day_has_come_is_active_at_once(text: str) -> None:
    """L1: A new employee whose onboarding date is today, in the past or blank is active at once,
    with one event.
    """
    # when
    found = plan(text)

    # then
    assert kinds(found) == ["registered"]
    assert one(found).state is State.ACTIVE


def test_a_blank_onboarding_date_counts_as_today() -> None:
    """L1: A blank onboarding date of a new employee is stored as today."""
    # when / then
    assert one(plan(row())).onboarding_date == TODAY
    assert one(plan(row("2027-02-01"))).onboarding_date == day("2027-02-01")


@pytest.mark.parametrize("onboarding", ["2027-03-02", "2028-01-01"])
def test_a_new_employee_with_a_first_day_ahead_is_pending(onboarding: str) -> None:
    """L1: A new employee whose onboarding date is in the future is pending, with one event."""
    # when
    found = plan(row(onboarding))

    # then
    assert kinds(found) == ["registered"]
    assert one(found).state is State.PENDING
    assert one(found).onboarding_date == day(onboarding)


# L2: a new employee with a last day


def test_a_new_employee_with_a_last_day_ahead_is_scheduled() -> None:
    """L2: A new active employee with a last day ahead is registered and becomes
    `offboarding-scheduled` at once.
    """
    # when
    found = plan(row(offboarding=FAR))

    # then
    assert kinds(found) == ["registered", "offboarding-scheduled"]
    assert one(found).state is State.OFFBOARDING_SCHEDULED
    assert one(found).offboarding_date == day(FAR)


def test_a_pending_employee_with_a_last_day_stays_pending() -> None:
    """L2: A new employee whose first and last day are both ahead is pending and keeps the
    last day.
    """
    # when
    ann = one(plan(row("2027-04-01", FAR)))

    # then
    assert (ann.state, ann.offboarding_date) == (State.PENDING, day(FAR))


def test_activation_makes_a_pending_employee_with_a_last_day_scheduled() -> None:
    """L2: A pending employee with a last day becomes `offboarding-scheduled` at activation."""
    # given
    ann = one(plan(row("2027-04-01", FAR)))

    # when / then
    assert then(ann, Activated()).state is State.OFFBOARDING_SCHEDULED


@pytest.mark.parametrize(
    ("now", "offboarding"),
    [
        (NOW, "2027-02-28"),
        (NOW, "1999-12-31"),
        (moment("2027-03-01 23:00"), "2027-03-01"),
    ],
)
def test_a_new_employee_whose_last_day_is_over_gets_no_account(now: Any, offboarding: str) -> None:
    """L2, L9: A new employee whose last day is over gets no account, and the row gets the info
    `already-left`.
    """
    # when
    found = plan(row(offboarding=offboarding), now=now)

    # then
    assert kinds(found) == []
    assert outcomes(found) == ["skipped"]
    (issue,) = found.issues
    assert (issue.code, issue.severity) == ("already-left", "info")


def test_a_new_employee_who_leaves_later_today_is_registered() -> None:
    """L2, L9: A new employee who leaves today is registered until a second before 23:00."""
    # when
    found = plan(row(offboarding="2027-03-01"), now=moment("2027-03-01 22:59") + timedelta(0, 59))

    # then
    assert kinds(found) == ["registered", "offboarding-scheduled"]


# L3: dates out of order


def test_a_new_employee_with_dates_in_the_wrong_order_is_rejected() -> None:
    """L3: A row for a new employee is rejected when the offboarding date is before the onboarding
    date.
    """
    # when
    found = plan(row("2027-05-02", "2027-05-01"))

    # then
    assert outcomes(found) == ["rejected"]
    assert codes(found) == ["offboarding-before-onboarding"]


def test_a_known_employee_with_dates_in_the_wrong_order_is_rejected() -> None:
    """L3: A row for a known employee is rejected when the offboarding date is before the onboarding
    date.
    """
    # given
    ann = employee()

    # when
    found = plan(row("2027-05-02", "2027-05-01"), known=[ann])

    # then
    assert (outcomes(found), kinds(found)) == (["rejected"], [])
    assert codes(found) == ["offboarding-before-onboarding"]


def test_leaving_on_the_first_day_is_allowed() -> None:
    """L3: A row whose offboarding date is the onboarding date is accepted."""
    # when / then
    assert kinds(plan(row("2027-05-01", "2027-05-01"))) == ["registered", "offboarding-scheduled"]


def test_a_row_with_only_one_date_is_not_rejected_for_the_order_of_dates() -> None:
    """L3: A row without an onboarding date is not rejected when its offboarding date is before the
    known first day.
    """
    # when
    found = plan(row(offboarding="2027-03-31"), known=[pending()])

    # then
    assert kinds(found) == ["offboarding-scheduled"]
    assert "offboarding-before-onboarding" not in codes(found)


# L4: the file sets and moves the last day


def test_the_file_schedules_an_offboarding() -> None:
    """L4: A file can give an active employee a last day."""
    # when
    found = plan(row(offboarding=FAR), known=[employee()])

    # then
    assert (kinds(found), codes(found)) == (["offboarding-scheduled"], [])
    assert one(found).state is State.OFFBOARDING_SCHEDULED


@pytest.mark.parametrize(("known", "said"), [(FAR, FARTHER), (FARTHER, FAR)])
def test_the_file_moves_an_offboarding_either_way(known: str, said: str) -> None:
    """L4: A file can move a last day to a later or to an earlier date."""
    # when
    found = plan(row(offboarding=said), known=[employee(offboarding=known)])

    # then
    assert kinds(found) == ["offboarding-moved"]
    assert one(found).offboarding_date == day(said)
    assert one(found).state is State.OFFBOARDING_SCHEDULED


@pytest.mark.parametrize("said", [FAR, FARTHER])
def test_the_file_moves_the_last_day_of_a_pending_employee(said: str) -> None:
    """L4, L2: A file can move the last day of a pending employee, who stays pending."""
    # given
    ann = then(pending(), OffboardingScheduled(day("2027-07-31")), line=2)

    # when
    found = plan(row(offboarding=said), known=[ann])

    # then
    assert kinds(found) == ["offboarding-moved"]
    assert one(found).state is State.PENDING


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


def test_short_notice_is_told_of_a_last_day_that_moves() -> None:
    """L4: A last day that moves to a date fewer than 30 days ahead gets the warning
    `short-notice`.
    """
    # when
    found = plan(row(offboarding=in_days(10)), known=[employee(offboarding=FAR)])

    # then
    assert (kinds(found), codes(found)) == (["offboarding-moved"], ["short-notice"])


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


@pytest.mark.parametrize("text", [row(), without_dates()], ids=["blank", "absent"])
def test_a_blank_cancels_no_offboarding(text: str) -> None:
    """L5: A blank offboarding cell or an absent column leaves a known last day as it is."""
    # given
    ann = employee(offboarding=FAR)

    # when
    result = one(plan(text, known=[ann]), ann)

    # then
    assert result.state is State.OFFBOARDING_SCHEDULED
    assert result.offboarding_date == day(FAR)


def test_a_blank_cancels_no_offboarding_under_any_policy() -> None:
    """L5, W8: A blank offboarding cell leaves a known last day as it is, even with the policy
    `blank_cells = "clear"`.
    """
    # given
    ann = employee(offboarding=FAR)
    clearing = a_company(policy={"blank_cells": "clear"})

    # when
    result = one(plan(row(), known=[ann], company=clearing), ann)

    # then
    assert result.offboarding_date == day(FAR)


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
def test_a_blank_where_the_last_day_came_from_the_file_is_told_each_time(ann: Employee) -> None:
    """L5: A blank cell where the last day came from the file is `offboarding-kept`, at each
    pick-up. It names the day and the command of support.
    """
    # when
    found = plan(row(), known=[ann])
    again = plan(row(), known=after(found))

    # then
    for each in (found, again):
        (issue,) = each.issues
        assert (issue.code, issue.severity) == ("offboarding-kept", "warning")
        assert FAR in issue.message
        assert "`tenure support cancel-offboarding acme ann@acme.example`" in issue.message
    assert (kinds(found), kinds(again)) == (["file-noted"], [])


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


def test_a_repeated_last_day_does_not_undo_that_support_cancelled_it() -> None:
    """L5, L8: A file that repeats a last day that support cancelled does not schedule it again."""
    # given
    ann = then(employee(offboarding=FAR), OffboardingCancelled())

    # when
    found = plan(row(offboarding=FAR), known=[ann])

    # then
    assert (outcomes(found), codes(found)) == (["unchanged"], [])


def test_a_cancelled_last_day_counts_again_after_a_blank() -> None:
    """L5: After a blank cell, the last day that support cancelled counts as a new value and is
    scheduled.
    """
    # given
    cancelled = then(employee(offboarding=FAR), OffboardingCancelled())

    # when
    blank = plan(row(), known=[cancelled])
    again = plan(row(offboarding=FAR), known=[one(blank, cancelled)])

    # then
    assert kinds(blank) == ["file-noted"]
    assert one(blank).state is State.ACTIVE
    assert kinds(again) == ["offboarding-scheduled"]


def test_a_cancelled_last_day_does_not_count_again_after_an_absent_column() -> None:
    """L5: A file without the offboarding column says nothing, so the last day that support
    cancelled does not count again after it.
    """
    # given
    cancelled = then(employee(offboarding=FAR), OffboardingCancelled())

    # when
    absent = plan(without_dates(), known=[cancelled])
    again = plan(row(offboarding=FAR), known=[one(absent, cancelled)])

    # then
    assert kinds(absent) == []
    assert kinds(again) == []


def test_another_last_day_after_support_cancelled_is_scheduled() -> None:
    """L5, L8: After support cancelled an offboarding, another last day in the file is scheduled."""
    # given
    cancelled = then(employee(offboarding=FAR), OffboardingCancelled())

    # when
    found = plan(row(offboarding=FARTHER), known=[cancelled])

    # then
    assert kinds(found) == ["offboarding-scheduled"]


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


@pytest.mark.parametrize(
    "said", ["2027-02-25", "2027-02-27", "2027-02-28", "2027-01-01", "2026-05-01"]
)
@pytest.mark.parametrize("by", ["file", "support"])
def test_a_last_day_that_is_over_asks_nothing_for_a_deactivated_employee(
    said: str, by: str
) -> None:
    """L6: An offboarding date that is over is noted for a deactivated employee, whoever closed the
    account. The row is unchanged, and nothing is said, now and later.
    """
    # given
    ann = deactivated() if by == "file" else then(employee(), Deactivated())

    # when
    found = plan(row(offboarding=said), known=[ann])
    again = plan(row(offboarding=said), known=after(found))

    # then
    assert (outcomes(found), codes(found), kinds(found)) == (["unchanged"], [], ["file-noted"])
    assert (outcomes(again), codes(again), kinds(again)) == (["unchanged"], [], [])


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


@pytest.mark.parametrize("ann", CLOSED_BY_SUPPORT.values(), ids=CLOSED_BY_SUPPORT)
def test_a_new_date_ahead_for_an_employee_whom_support_deactivated_is_rejected(
    ann: Employee,
) -> None:
    """L6, L8: A date ahead asks for an employee back, unless the file merely repeats the date that
    it had before support closed the account.
    """
    # when
    repeated = plan(row(offboarding=FAR), known=[ann])
    new = plan(row(offboarding=FARTHER), known=[ann])

    # then
    known_before = ann.file_offboarding_date is not None
    assert codes(repeated) == ([] if known_before else ["reactivation-needs-support"])
    assert codes(new) == ["reactivation-needs-support"]


def test_a_file_links_no_external_id_to_a_deactivated_employee() -> None:
    """L6, I3: A row with an external id does not link it to a deactivated employee."""
    # given
    ann = then(registered("ann@acme.example,Ann,Bakker"), Deactivated())

    # when
    found = plan(without_dates(), known=[ann])

    # then
    assert (outcomes(found), kinds(found)) == (["unchanged"], [])


def test_a_file_changes_an_employee_that_support_reactivated() -> None:
    """L6, S2: After support reactivated an employee, files change this employee again. The repeated
    old date is not new.
    """
    # given
    ann = then(deactivated(), Reactivated(active=True, offboarding_date=None))

    # when
    repeated = plan(row(offboarding="2027-02-26"), known=[ann])
    renamed = plan(
        row(offboarding="2027-02-26", person="1,ann@acme.example,Anna,Bakker"), known=[ann]
    )
    leaving = plan(row(offboarding=FAR), known=[ann])

    # then
    assert kinds(repeated) == []
    assert kinds(renamed) == ["details-changed"]
    assert kinds(leaving) == ["offboarding-scheduled"]


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


@pytest.mark.parametrize("text", [row("2027-04-01"), row(), without_dates()])
def test_the_same_onboarding_date_or_a_blank_gives_no_warning(text: str) -> None:
    """L7: A row with the known onboarding date, a blank or no column is unchanged and gives no
    warning.
    """
    # when
    found = plan(text, known=[pending()])

    # then
    assert (outcomes(found), codes(found)) == (["unchanged"], [])


def test_an_onboarding_date_that_counted_as_today_is_fixed() -> None:
    """L7, L1: An onboarding date that was blank and counted as the day of registration is fixed at
    that day.
    """
    # given
    ann = employee()

    # when / then
    assert codes(plan(row("2026-01-05"), known=[ann])) == []
    assert codes(plan(row("2026-01-06"), known=[ann])) == ["onboarding-date-fixed"]


def test_the_onboarding_date_that_support_set_is_the_fixed_one() -> None:
    """L7, L8, S3: After support moved the onboarding date, neither the date that the file repeats
    nor the new date gives `onboarding-date-fixed`. A third date does.
    """
    # given
    ann = then(pending(), OnboardingMoved(day("2027-05-01")))

    # when / then
    assert codes(plan(row("2027-04-01"), known=[ann])) == []
    assert codes(plan(row("2027-05-01"), known=[ann])) == []
    assert codes(plan(row("2027-06-01"), known=[ann])) == ["onboarding-date-fixed"]


# L8: what support changed stands


def test_a_last_day_that_support_moved_stands_while_the_file_repeats_the_old_one() -> None:
    """L8: A file that repeats the old last day does not undo that support moved it."""
    # given
    ann = then(employee(offboarding=FAR), OffboardingMoved(day(FARTHER)))

    # when
    found = plan(row(offboarding=FAR), known=[ann])

    # then
    assert outcomes(found) == ["unchanged"]
    assert one(found, ann).offboarding_date == day(FARTHER)


def test_a_last_day_that_support_set_stands_while_the_file_has_a_blank() -> None:
    """L8: A file that still has a blank does not undo that support set a last day."""
    # given
    ann = then(employee(), OffboardingScheduled(day(FAR)))

    # when / then
    assert outcomes(plan(row(), known=[ann])) == ["unchanged"]


def test_a_new_last_day_in_the_file_replaces_the_one_that_support_set() -> None:
    """L8: A new last day in the file moves the last day that support set."""
    # given
    ann = then(employee(offboarding=FAR), OffboardingMoved(day(FARTHER)))

    # when
    found = plan(row(offboarding="2027-09-30"), known=[ann])

    # then
    assert kinds(found) == ["offboarding-moved"]
    assert one(found).offboarding_date == day("2027-09-30")


def test_a_file_that_repeats_what_support_set_is_noted() -> None:
    """L8: A file with the last day that support set is noted. After that, the former date in the
    file counts as new.
    """
    # given
    ann = then(employee(offboarding=FAR), OffboardingMoved(day(FARTHER)))

    # when
    followed = plan(row(offboarding=FARTHER), known=[ann])
    back = plan(row(offboarding=FAR), known=[one(followed)])

    # then
    assert (kinds(followed), codes(followed)) == (["file-noted"], [])
    assert one(followed).offboarding_date == day(FARTHER)
    assert kinds(back) == ["offboarding-moved"]


def test_a_noted_last_day_gives_no_short_notice() -> None:
    """L8, L4: A file that repeats the near last day that support set gives no warning
    `short-notice`.
    """
    # given
    ann = then(employee(), OffboardingScheduled(day(in_days(3))))

    # when
    found = plan(row(offboarding=in_days(3)), known=[ann])

    # then
    assert (kinds(found), codes(found)) == (["file-noted"], [])


def test_a_blank_and_the_date_after_it_are_both_noted() -> None:
    """L8, L5: A blank after a date is noted, and so is the same date after the blank. The last day
    stands.
    """
    # given
    ann = employee(offboarding=FAR)

    # when
    blank = plan(row(), known=[ann])
    again = plan(row(offboarding=FAR), known=[one(blank)])

    # then
    assert (kinds(blank), kinds(again)) == (["file-noted"], ["file-noted"])
    assert one(blank).file_offboarding_date is None
    assert one(again).file_offboarding_date == day(FAR)
    assert one(again).offboarding_date == day(FAR)


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


def test_a_last_day_that_stood_at_a_reactivation_is_unchanged_when_repeated() -> None:
    """L8, S2: A file that repeats the last day with which support reactivated an employee changes
    nothing.
    """
    # given
    gone = then(employee(offboarding=FAR), Deactivated())
    ann = then(gone, Reactivated(active=True, offboarding_date=day(FAR)))

    # when / then
    assert ann.state is State.OFFBOARDING_SCHEDULED
    assert outcomes(plan(row(offboarding=FAR), known=[ann])) == ["unchanged"]


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
    "text",
    [f"{BASE},{FIELDS}\n{ANN}{',' * 8}\n", without_dates()],
    ids=["blank", "absent"],
)
def test_blank_cells_and_absent_columns_keep_what_is_known(text: str) -> None:
    """W8: Blank cells and absent columns leave every known value as it is."""
    # when
    found = plan(text, known=[full()])

    # then
    assert outcomes(found) == ["unchanged"]


def test_with_the_policy_clear_blank_cells_clear_the_descriptive_fields() -> None:
    """W8: With the policy `blank_cells = "clear"`, blank cells clear the descriptive fields. Names,
    language, address, external id and both dates stay.
    """
    # given
    ann = full()
    clearing = a_company(policy={"blank_cells": "clear"})

    # when
    found = plan(
        f"{DATES},{FIELDS}\n,ann@acme.example,Ann,Bakker,,{',' * 8}\n",
        known=[ann],
        company=clearing,
    )

    # then
    result, details = one(found), one(found).details
    assert details.prefix is details.group_name is None
    assert details.birthday is None
    assert details.probation_period_end_date is details.work_anniversary is None
    assert details.marriage_date is None
    assert details.custom == {}
    assert (details.first_name, details.last_name, details.language) == ("Ann", "Bakker", "de")
    assert (result.email, result.external_id) == (ann.email, "1")
    assert result.onboarding_date == ann.onboarding_date
    assert result.offboarding_date == ann.offboarding_date


def test_absent_columns_clear_nothing_under_the_policy_clear() -> None:
    """W8: With the policy `blank_cells = "clear"`, an absent column still clears nothing."""
    # given
    clearing = a_company(policy={"blank_cells": "clear"})

    # when / then
    assert outcomes(plan(without_dates(), known=[full()], company=clearing)) == ["unchanged"]


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


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [("language", "xx", "unknown-language"), ("group_name", "Salse", "unknown-group")],
)
def test_a_known_employee_keeps_language_and_group_where_the_row_has_an_unknown_one(
    field: str, value: str, code: str
) -> None:
    """W5, W6: An unknown language or group gives a warning. The known employee keeps the known
    value, and the rest of the row applies.
    """
    # when
    found = plan(f"{BASE},{field},prefix\n{ANN},{value},de\n", known=[full()])

    # then
    assert (kinds(found), codes(found)) == (["details-changed"], [code])
    details = one(found).details
    assert (details.language, details.group_name, details.prefix) == ("de", "Sales", "de")
