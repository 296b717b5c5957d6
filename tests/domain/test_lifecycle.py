"""What a row asks of one employee: starting, leaving, and everything in between (L1-L10, W8)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

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
    """Ann, whom a file registered more than a year ago."""
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
def test_who_starts_today_or_started_is_active_at_once(text: str) -> None:
    """L1: one event, and the account is there."""
    found = plan(text)

    assert kinds(found) == ["registered"]
    assert one(found).state is State.ACTIVE


def test_a_blank_onboarding_date_counts_as_today() -> None:
    """L1: today is what is kept."""
    assert one(plan(row())).onboarding_date == TODAY
    assert one(plan(row("2027-02-01"))).onboarding_date == day("2027-02-01")


@pytest.mark.parametrize("onboarding", ["2027-03-02", "2028-01-01"])
def test_who_starts_later_is_pending(onboarding: str) -> None:
    """L1: they cannot log in before that date."""
    found = plan(row(onboarding))

    assert kinds(found) == ["registered"]
    assert one(found).state is State.PENDING
    assert one(found).onboarding_date == day(onboarding)


# L2: a new employee with a last day


def test_a_new_employee_with_a_last_day_ahead_is_scheduled() -> None:
    """L2: registered and scheduled."""
    found = plan(row(offboarding=FAR))

    assert kinds(found) == ["registered", "offboarding-scheduled"]
    assert one(found).state is State.OFFBOARDING_SCHEDULED
    assert one(found).offboarding_date == day(FAR)


def test_a_pending_employee_with_a_last_day_stays_pending() -> None:
    """L2: nobody leaves who has not come."""
    ann = one(plan(row("2027-04-01", FAR)))

    assert (ann.state, ann.offboarding_date) == (State.PENDING, day(FAR))


def test_activation_makes_a_pending_employee_with_a_last_day_scheduled() -> None:
    """L2: from then on they are about to leave."""
    ann = one(plan(row("2027-04-01", FAR)))

    assert then(ann, Activated()).state is State.OFFBOARDING_SCHEDULED


@pytest.mark.parametrize(
    ("now", "offboarding"),
    [
        (NOW, "2027-02-28"),
        (NOW, "1999-12-31"),
        (moment("2027-03-01 23:00"), "2027-03-01"),
    ],
)
def test_who_left_already_gets_no_account(now: Any, offboarding: str) -> None:
    """L2: a leaver in the export is not invited."""
    found = plan(row(offboarding=offboarding), now=now)

    assert kinds(found) == []
    assert outcomes(found) == ["skipped"]
    (issue,) = found.issues
    assert (issue.code, issue.severity) == ("already-left", "info")


def test_who_leaves_today_is_still_registered() -> None:
    """L2, L9: the moment is 23:00 on that day, and a second before it has not passed."""
    found = plan(row(offboarding="2027-03-01"), now=moment("2027-03-01 22:59") + timedelta(0, 59))

    assert kinds(found) == ["registered", "offboarding-scheduled"]


# L3: dates out of order


def test_leaving_before_starting_is_rejected() -> None:
    """L3: for someone new."""
    found = plan(row("2027-05-02", "2027-05-01"))

    assert outcomes(found) == ["rejected"]
    assert codes(found) == ["offboarding-before-onboarding"]


def test_leaving_before_starting_is_rejected_for_someone_known() -> None:
    """L3: whatever is known of them."""
    ann = employee()

    found = plan(row("2027-05-02", "2027-05-01"), known=[ann])

    assert (outcomes(found), kinds(found)) == (["rejected"], [])
    assert codes(found) == ["offboarding-before-onboarding"]


def test_leaving_on_the_first_day_is_allowed() -> None:
    """L3: before, not on."""
    assert kinds(plan(row("2027-05-01", "2027-05-01"))) == ["registered", "offboarding-scheduled"]


def test_only_a_row_that_carries_both_dates_is_judged_by_their_order() -> None:
    """L3: what is known does not stand in for a blank cell."""
    found = plan(row(offboarding="2027-03-31"), known=[pending()])

    assert kinds(found) == ["offboarding-scheduled"]
    assert "offboarding-before-onboarding" not in codes(found)


# L4: the file sets and moves the last day


def test_the_file_schedules_an_offboarding() -> None:
    """L4: set."""
    found = plan(row(offboarding=FAR), known=[employee()])

    assert (kinds(found), codes(found)) == (["offboarding-scheduled"], [])
    assert one(found).state is State.OFFBOARDING_SCHEDULED


@pytest.mark.parametrize(("known", "said"), [(FAR, FARTHER), (FARTHER, FAR)])
def test_the_file_moves_an_offboarding_either_way(known: str, said: str) -> None:
    """L4: later and earlier."""
    found = plan(row(offboarding=said), known=[employee(offboarding=known)])

    assert kinds(found) == ["offboarding-moved"]
    assert one(found).offboarding_date == day(said)
    assert one(found).state is State.OFFBOARDING_SCHEDULED


@pytest.mark.parametrize("said", [FAR, FARTHER])
def test_the_file_schedules_and_moves_the_offboarding_of_the_pending(said: str) -> None:
    """L4, L2: while not deactivated, and they stay pending."""
    ann = then(pending(), OffboardingScheduled(day("2027-07-31")), line=2)

    found = plan(row(offboarding=said), known=[ann])

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
    """L4: fewer than 30 days ahead, or past."""
    found = plan(row(offboarding=in_days(days)), known=[employee()])

    assert kinds(found) == ["offboarding-scheduled"]
    assert codes(found) == said
    assert {issue.severity for issue in found.issues} <= {"warning"}


@pytest.mark.parametrize(("days", "said"), NOTICE)
def test_notice_counts_for_a_new_employee_too(days: int, said: list[str]) -> None:
    """L4: a date that is near is near whoever it is about."""
    found = plan(row(offboarding=in_days(days)))

    assert kinds(found) == ["registered", "offboarding-scheduled"]
    assert codes(found) == said


def test_notice_counts_for_a_date_that_is_moved() -> None:
    """L4: a change like any other."""
    found = plan(row(offboarding=in_days(10)), known=[employee(offboarding=FAR)])

    assert (kinds(found), codes(found)) == (["offboarding-moved"], ["short-notice"])


def test_short_notice_tells_how_long_it_is_and_how_long_it_should_be() -> None:
    """L4: a sentence with both numbers."""
    (issue,) = plan(row(offboarding=in_days(7)), known=[employee()]).issues

    assert "7 days" in issue.message
    assert "30 days" in issue.message
    assert (issue.field, issue.value) == ("offboarding_date", in_days(7))


@pytest.mark.parametrize("known", [[], [employee()]], ids=["new", "known"])
@pytest.mark.parametrize("person", [ANN, ANN.removeprefix("1")], ids=["external id", "address"])
def test_policy_may_reject_short_notice(known: list[Employee], person: str) -> None:
    """L4: nothing of the row is applied then."""
    strict = a_company(policy={"short_notice": "reject"})

    near = plan(row(offboarding=in_days(29), person=person), known=known, company=strict)
    far = plan(row(offboarding=in_days(30), person=person), known=known, company=strict)

    assert (outcomes(near), codes(near), kinds(near)) == (["rejected"], ["short-notice"], [])
    assert near.issues[0].severity == "error"
    assert "rejected" not in outcomes(far)


def test_policy_rejects_no_repeated_date() -> None:
    """L4, L10: a date that was accepted draws near by itself."""
    strict = a_company(policy={"short_notice": "reject"})
    ann = employee(offboarding=in_days(5))

    found = plan(row(offboarding=in_days(5)), known=[ann], company=strict)

    assert (outcomes(found), codes(found)) == (["unchanged"], [])


def test_the_days_of_notice_are_the_companys() -> None:
    """L4: another agreement, another limit."""
    company = a_company(policy={"notice_days": 7})

    assert codes(plan(row(offboarding=in_days(7)), company=company)) == []
    assert codes(plan(row(offboarding=in_days(6)), company=company)) == ["short-notice"]


@pytest.mark.parametrize("policy", ["warn", "reject"])
def test_a_last_day_that_is_past_is_accepted_under_either_policy(policy: str) -> None:
    """L4: keeping the access of someone who left is worst of all."""
    company = a_company(policy={"short_notice": policy})

    found = plan(row(offboarding="2027-02-15"), known=[employee()], company=company)

    assert (kinds(found), codes(found)) == (["offboarding-scheduled"], ["offboarding-overdue"])
    assert one(found).state is State.OFFBOARDING_SCHEDULED


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (moment("2027-03-01 22:59"), ["short-notice"]),
        (moment("2027-03-01 23:00"), ["offboarding-overdue"]),
    ],
)
def test_today_is_past_at_the_time_of_deactivation(now: Any, said: list[str]) -> None:
    """L4, L9: 23:00 decides."""
    assert codes(plan(row(offboarding="2027-03-01"), known=[employee()], now=now)) == said


# L5: a blank cancels nothing


@pytest.mark.parametrize("text", [row(), without_dates()], ids=["blank", "absent"])
def test_a_blank_cancels_no_offboarding(text: str) -> None:
    """L5: only support does."""
    ann = employee(offboarding=FAR)

    result = one(plan(text, known=[ann]), ann)

    assert result.state is State.OFFBOARDING_SCHEDULED
    assert result.offboarding_date == day(FAR)


def test_a_blank_cancels_no_offboarding_under_any_policy() -> None:
    """L5, W8: clearing blanks is not about dates of the lifecycle."""
    ann = employee(offboarding=FAR)
    clearing = a_company(policy={"blank_cells": "clear"})

    result = one(plan(row(), known=[ann], company=clearing), ann)

    assert result.offboarding_date == day(FAR)


def test_a_date_that_support_cancelled_is_no_news_while_the_file_repeats_it() -> None:
    """L5, L8: the file did not say anything new."""
    ann = then(employee(offboarding=FAR), OffboardingCancelled())

    found = plan(row(offboarding=FAR), known=[ann])

    assert (outcomes(found), codes(found)) == (["unchanged"], [])


def test_a_blank_after_support_cancelled_makes_the_same_date_news_again() -> None:
    """L5: the blank is a saying of its own."""
    cancelled = then(employee(offboarding=FAR), OffboardingCancelled())

    blank = plan(row(), known=[cancelled])
    again = plan(row(offboarding=FAR), known=[one(blank, cancelled)])

    assert kinds(blank) == ["file-noted"]
    assert one(blank).state is State.ACTIVE
    assert kinds(again) == ["offboarding-scheduled"]


def test_an_absent_column_after_support_cancelled_says_nothing() -> None:
    """L5: the same date is no news then."""
    cancelled = then(employee(offboarding=FAR), OffboardingCancelled())

    absent = plan(without_dates(), known=[cancelled])
    again = plan(row(offboarding=FAR), known=[one(absent, cancelled)])

    assert kinds(absent) == []
    assert kinds(again) == []


def test_another_date_after_support_cancelled_is_news() -> None:
    """L5, L8: scheduled, since nothing was left to be moved."""
    cancelled = then(employee(offboarding=FAR), OffboardingCancelled())

    found = plan(row(offboarding=FARTHER), known=[cancelled])

    assert kinds(found) == ["offboarding-scheduled"]


# L6: a deactivated employee


EVERYTHING = f"{DATES},prefix,language,group_name,custom_desk"


@pytest.mark.parametrize(
    "text",
    [
        row(offboarding="2027-02-26"),
        row(offboarding="2027-02-26", person="1,ann@acme.example,Anna,Visser"),
        row(offboarding="2027-02-26", person="1,other@acme.example,Ann,Bakker"),
        f"{EVERYTHING}\n{ANN},,2027-02-26,van,de,Sales,4711\n",
        without_dates(),
        without_dates("1,other@acme.example,Anna,Visser"),
    ],
    ids=["repeated", "names", "address", "all the rest", "no column", "no column, all new"],
)
def test_a_deactivated_employee_is_changed_by_no_file(text: str) -> None:
    """L6: unchanged while the offboarding cell says what the file last said."""
    found = plan(text, known=[deactivated()])

    assert (outcomes(found), kinds(found), codes(found)) == (["unchanged"], [], [])


NAMELESS = ANN.removeprefix("1")


@pytest.mark.parametrize("said", ["", FAR, "2027-02-25"])
@pytest.mark.parametrize("person", [ANN, NAMELESS], ids=["by external id", "by address"])
def test_a_deactivated_employee_is_not_brought_back_by_a_file(said: str, person: str) -> None:
    """L6: another date, or none, needs support."""
    found = plan(row(offboarding=said, person=person), known=[deactivated()])

    assert (outcomes(found), kinds(found)) == (["rejected"], [])
    (issue,) = found.issues
    assert (issue.code, issue.severity) == ("reactivation-needs-support", "error")
    assert (issue.field, issue.value) == ("offboarding_date", said or None)


def test_a_blank_is_no_news_about_someone_whom_support_deactivated() -> None:
    """L6: the file said nothing of a last day, and still doesn't."""
    ann = then(employee(), Deactivated())

    assert outcomes(plan(row(), known=[ann])) == ["unchanged"]
    assert codes(plan(row(offboarding=FAR), known=[ann])) == ["reactivation-needs-support"]


def test_what_the_file_last_said_counts_and_not_the_day_they_left() -> None:
    """L6, L8: support moved the last day, the file repeats its own."""
    moved = then(employee(offboarding=FAR), OffboardingMoved(day("2027-02-26")))
    ann = then(moved, Deactivated())

    assert outcomes(plan(row(offboarding=FAR), known=[ann])) == ["unchanged"]
    assert outcomes(plan(row(offboarding="2027-02-26"), known=[ann])) == ["rejected"]


def test_a_deactivated_employee_is_linked_by_no_file() -> None:
    """L6, I3: an external id is a change too."""
    ann = then(registered("ann@acme.example,Ann,Bakker"), Deactivated())

    found = plan(without_dates(), known=[ann])

    assert (outcomes(found), kinds(found)) == (["unchanged"], [])


def test_a_file_changes_whom_support_brought_back() -> None:
    """L6: until support reactivates."""
    ann = then(deactivated(), Reactivated(active=True, offboarding_date=None))

    repeated = plan(row(offboarding="2027-02-26"), known=[ann])
    renamed = plan(
        row(offboarding="2027-02-26", person="1,ann@acme.example,Anna,Bakker"), known=[ann]
    )
    leaving = plan(row(offboarding=FAR), known=[ann])

    assert kinds(repeated) == []
    assert kinds(renamed) == ["details-changed"]
    assert kinds(leaving) == ["offboarding-scheduled"]


# L7: the onboarding date is fixed


@pytest.mark.parametrize("ann", [employee("2026-02-01"), pending()], ids=["active", "pending"])
@pytest.mark.parametrize("said", ["2027-05-01", "2026-01-01"])
def test_another_onboarding_date_is_ignored_and_the_rest_applies(ann: Employee, said: str) -> None:
    """L7: a warning, and the row goes on."""
    found = plan(row(said, person="1,ann@acme.example,Anna,Bakker"), known=[ann])

    assert kinds(found) == ["details-changed"]
    assert one(found).onboarding_date == ann.onboarding_date
    assert one(found).state is ann.state
    (issue,) = found.issues
    assert (issue.code, issue.severity) == ("onboarding-date-fixed", "warning")
    assert (issue.field, issue.value) == ("onboarding_date", said)
    assert ann.onboarding_date.isoformat() in issue.message


@pytest.mark.parametrize("text", [row("2027-04-01"), row(), without_dates()])
def test_the_same_onboarding_date_or_none_is_nothing_to_say(text: str) -> None:
    """L7: a row that differs is what is told."""
    found = plan(text, known=[pending()])

    assert (outcomes(found), codes(found)) == (["unchanged"], [])


def test_the_onboarding_date_is_today_for_who_had_none() -> None:
    """L7, L1: once it counted as today, it is fixed at that."""
    ann = employee()

    assert codes(plan(row("2026-01-05"), known=[ann])) == []
    assert codes(plan(row("2026-01-06"), known=[ann])) == ["onboarding-date-fixed"]


def test_the_date_that_support_moved_is_the_fixed_one() -> None:
    """L7: the file's old date is the one that differs now."""
    ann = then(pending(), OnboardingMoved(day("2027-05-01")))

    assert codes(plan(row("2027-04-01"), known=[ann])) == ["onboarding-date-fixed"]
    assert codes(plan(row("2027-05-01"), known=[ann])) == []


# L8: what support changed stands


def test_a_last_day_that_support_moved_stands_while_the_file_repeats_itself() -> None:
    """L8: the file said nothing new."""
    ann = then(employee(offboarding=FAR), OffboardingMoved(day(FARTHER)))

    found = plan(row(offboarding=FAR), known=[ann])

    assert outcomes(found) == ["unchanged"]
    assert one(found, ann).offboarding_date == day(FARTHER)


def test_a_last_day_that_support_set_stands_while_the_file_says_none() -> None:
    """L8: blank as before."""
    ann = then(employee(), OffboardingScheduled(day(FAR)))

    assert outcomes(plan(row(), known=[ann])) == ["unchanged"]


def test_another_last_day_in_the_file_is_news_over_what_support_did() -> None:
    """L8: until the file says something new."""
    ann = then(employee(offboarding=FAR), OffboardingMoved(day(FARTHER)))

    found = plan(row(offboarding="2027-09-30"), known=[ann])

    assert kinds(found) == ["offboarding-moved"]
    assert one(found).offboarding_date == day("2027-09-30")


def test_the_file_following_support_is_noted() -> None:
    """L8: nothing shows, and from now on the former date is news."""
    ann = then(employee(offboarding=FAR), OffboardingMoved(day(FARTHER)))

    followed = plan(row(offboarding=FARTHER), known=[ann])
    back = plan(row(offboarding=FAR), known=[one(followed)])

    assert (kinds(followed), codes(followed)) == (["file-noted"], [])
    assert one(followed).offboarding_date == day(FARTHER)
    assert kinds(back) == ["offboarding-moved"]


def test_a_note_is_not_short_notice() -> None:
    """L8, L4: support scheduled it, the file only agrees."""
    ann = then(employee(), OffboardingScheduled(day(in_days(3))))

    found = plan(row(offboarding=in_days(3)), known=[ann])

    assert (kinds(found), codes(found)) == (["file-noted"], [])


def test_a_blank_after_a_date_is_noted_and_the_date_after_it_too() -> None:
    """L8, L5: each is what the file said last, and the last day stands."""
    ann = employee(offboarding=FAR)

    blank = plan(row(), known=[ann])
    again = plan(row(offboarding=FAR), known=[one(blank)])

    assert (kinds(blank), kinds(again)) == (["file-noted"], ["file-noted"])
    assert one(blank).file_offboarding_date is None
    assert one(again).file_offboarding_date == day(FAR)
    assert one(again).offboarding_date == day(FAR)


def test_the_address_and_the_last_day_are_noted_together() -> None:
    """L8: one event for both."""
    ann = then(
        employee(offboarding=FAR),
        EmailChanged("new@acme.example"),
        OffboardingMoved(day(FARTHER)),
    )

    found = plan(row(offboarding=FARTHER, person="1,new@acme.example,Ann,Bakker"), known=[ann])

    assert kinds(found) == ["file-noted"]
    assert one(found).file_email == "new@acme.example"
    assert one(found).file_offboarding_date == day(FARTHER)


def test_fields_are_news_one_by_one() -> None:
    """L8: something new about the last day says nothing about the address."""
    ann = then(
        employee(offboarding=FAR),
        EmailChanged("new@acme.example"),
        OffboardingMoved(day(FARTHER)),
    )

    found = plan(row(offboarding="2027-09-30"), known=[ann])

    assert kinds(found) == ["offboarding-moved"]
    assert one(found).email == "new@acme.example"


def test_an_offboarding_that_stood_at_a_reactivation_is_no_news() -> None:
    """L8: the date still repeated is not taken as new."""
    gone = then(employee(offboarding=FAR), Deactivated())
    ann = then(gone, Reactivated(active=True, offboarding_date=day(FAR)))

    assert ann.state is State.OFFBOARDING_SCHEDULED
    assert outcomes(plan(row(offboarding=FAR), known=[ann])) == ["unchanged"]


# L9: the moments themselves; the clock's own tests have more of them


def test_a_row_at_the_moment_of_activation_finds_the_date_is_today() -> None:
    """L9: 00:00 on the onboarding date."""
    before = plan(row("2027-03-02"), now=moment("2027-03-01 23:59"))
    at = plan(row("2027-03-02"), now=moment("2027-03-02 00:00"))

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
    """L10: the same row the next day."""
    company = a_company(policy={"blank_cells": blank_cells})
    people = after(plan(text, company=company))

    again = plan(text, known=people, company=company, now=NOW + timedelta(days=1))

    assert kinds(again) == []
    assert again.outcome == "unchanged"


@pytest.mark.parametrize(
    ("text", "known", "code"),
    [
        (f"{EVERYTHING}\n{ANN},,,,xx,,\n", [], "unknown-language"),
        (f"{EVERYTHING}\n{ANN},,,,,Salse,\n", [], "unknown-group"),
        (row("2027-02-02"), [employee()], "onboarding-date-fixed"),
        (row(), [deactivated()], "reactivation-needs-support"),
        (row(offboarding="2027-02-15"), [], "already-left"),
        (f"{BASE},shoe_size\n{ANN},44\n", [], "unknown-column"),
        (f"{BASE}\n{ANN}\n{ANN}\n", [], "duplicate-row"),
        (f"{BASE},birthday\n{ANN},never\n", [], "bad-date"),
    ],
)
def test_what_a_row_says_is_told_every_time_it_says_it(
    text: str, known: list[Employee], code: str
) -> None:
    """L10: problems don't go away by being repeated."""
    first = plan(text, known=known)
    second = plan(text, known=after(first, known), now=NOW + timedelta(days=1))

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
def test_what_is_to_be_said_of_a_change_is_told_when_it_is_made(
    text: str, known: list[Employee], code: str
) -> None:
    """L10: and not again."""
    first = plan(text, known=known)
    second = plan(text, known=after(first, known), now=NOW + timedelta(days=1))

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


def test_every_field_of_a_row_is_kept() -> None:
    """W8: what there is to be kept."""
    details = full().details

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
    """W8: nothing said, nothing changed."""
    found = plan(text, known=[full()])

    assert outcomes(found) == ["unchanged"]


def test_policy_may_let_blank_cells_clear() -> None:
    """W8: the descriptive fields, and no others."""
    ann = full()
    clearing = a_company(policy={"blank_cells": "clear"})

    found = plan(
        f"{DATES},{FIELDS}\n,ann@acme.example,Ann,Bakker,,{',' * 8}\n",
        known=[ann],
        company=clearing,
    )

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


def test_no_policy_lets_absent_columns_clear() -> None:
    """W8: a column that is not there says nothing."""
    clearing = a_company(policy={"blank_cells": "clear"})

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
    """W8: the others keep what is known."""
    ann = full()

    found = plan(f"{BASE},{field}\n{ANN},{value}\n", known=[ann])

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
    """W5, W6: a warning, and the rest of the row applies."""
    found = plan(f"{BASE},{field},prefix\n{ANN},{value},de\n", known=[full()])

    assert (kinds(found), codes(found)) == (["details-changed"], [code])
    details = one(found).details
    assert (details.language, details.group_name, details.prefix) == ("de", "Sales", "de")
