"""What support can do for one employee in each state, and that it stands (S1-S11, I8, L5, L8)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cache
from uuid import UUID

import msgspec
import pytest

from domain.company import Company
from domain.context import Moment
from domain.delivery.plan import Plan
from domain.employee.aggregate import Employee, fold
from domain.employee.clock import plan_clock
from domain.employee.commands import (
    CancelOffboarding,
    ChangeEmail,
    Command,
    Correct,
    Deactivate,
    Link,
    LookupKeys,
    Merge,
    MoveOnboarding,
    Offboard,
    Reactivate,
    Rehire,
    Release,
    Relink,
    lookup_keys,
)
from domain.employee.events import (
    Deactivated,
    EmailChanged,
    Merged,
    OffboardingMoved,
    OffboardingScheduled,
    Released,
    State,
)
from domain.employee.rejection import REJECTIONS, CommandRejected
from domain.employee.roster import Roster, entry_of
from domain.employee.support import SupportPlan, plan_support
from domain.outcome import Counts, Outcome
from domain.schedule import Schedule
from tests.given import (
    NOW,
    RUN,
    TODAY,
    a_company,
    after,
    codes,
    context,
    day,
    kinds,
    moment,
    outcomes,
    plan,
    registered,
    roster_after,
    then,
)

BASE = "external_id,email,first_name,last_name"
DATES = f"{BASE},onboarding_date,offboarding_date"
ANN = "E-ann,ann@acme.example,Ann,Bakker"
BEN = "E-ben,ben@acme.example,Ben,Cramer"
NAMELESS = ",ann@acme.example,Ann,Bakker"
"""Ann, without an external id."""
LONG_AGO = moment("2026-01-05 02:45")
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
PAST, STARTS, LEAVES, LATER = map(day, ("2027-02-26", "2027-04-01", "2027-06-30", "2027-08-31"))
PERSONAL = re.compile(r"acme\.example|E-|Ann|Ben|Bakker|Cramer|secret")


def row(offboarding: object = "", person: str = ANN, onboarding: object = "") -> str:
    return f"{DATES}\n{person},{onboarding},{offboarding}\n"


def known(
    person: str = ANN, onboarding: object = "", offboarding: object = "", position: int = 1
) -> Employee:
    """An employee, registered by a file more than a year ago."""
    text = f"{person},{onboarding},{offboarding}"
    return registered(text, DATES, now=LONG_AGO, position=position)


def ben() -> Employee:
    return known(BEN, position=2)


def in_state(state: str, person: str = ANN) -> Employee:
    """Ann as she comes to that state by file and clock alone."""
    match state:
        case "pending":
            return known(person, onboarding=STARTS)
        case "active":
            return known(person)
        case "offboarding-scheduled":
            return known(person, offboarding=LEAVES)
        case _:
            return then(known(person, offboarding=PAST), Deactivated(), at=moment(f"{PAST} 23:00"))


def do(
    request: Command,
    employee: Employee,
    *others: Employee,
    now: datetime = NOW,
    company: Company | None = None,
) -> SupportPlan:
    return plan_support(request, employee, Roster.of([employee, *others]), context(company, now))


def result(found: SupportPlan | Plan) -> Employee:
    """The one employee who changed."""
    (change,) = found.changes
    return change.after


def declined(
    request: Command,
    employee: Employee,
    *others: Employee,
    now: datetime = NOW,
    company: Company | None = None,
) -> CommandRejected:
    """The error about a command that is rejected, which shows no personal data."""
    with pytest.raises(CommandRejected) as raised:
        do(request, employee, *others, now=now, company=company)
    error = raised.value
    assert not PERSONAL.search(f"{error} {error!r} {error.hint}")
    return error


def next_clock_run(employee: Employee, now: datetime) -> list[str]:
    """What happens to an employee when the clock runs at a moment."""
    passed = plan_clock([(employee, None)], Schedule(), Moment(RUN, now), now)
    return kinds(passed)


# Every command in every state

STATES = ("pending", "active", "offboarding-scheduled", "deactivated")
REQUESTS: dict[str, Command] = {
    "change-email": ChangeEmail("new@acme.example"),
    "reactivate": Reactivate(),
    "reactivate-until": Reactivate(LATER),
    "move-onboarding": MoveOnboarding(day("2027-05-01")),
    "start-at-once": MoveOnboarding(TODAY),
    "offboard": Offboard(LATER),
    "offboard-as-known": Offboard(LEAVES),
    "cancel": CancelOffboarding(),
    "deactivate": Deactivate(),
    "link": Link("E-new"),
    "correct": Correct((("first_name", "Anna"), ("custom_desk", "1"))),
    "rehire": Rehire(TODAY),
    "rehire-anew": Rehire(LATER, "new@acme.example", "E-new"),
    "release": Release(),
    "relink": Relink("E-new"),
    "unlink": Relink(None),
}
EXPECTED: dict[str, tuple[str, str, str, str]] = {
    "change-email": ("email-changed",) * 4,
    "reactivate": ("", "", "", "reactivated"),
    "reactivate-until": ("not-deactivated!", "not-deactivated!", "not-deactivated!", "reactivated"),
    "move-onboarding": (*("onboarding-moved",) * 3, "is-deactivated!"),
    "start-at-once": (
        "onboarding-moved activated",
        "onboarding-moved",
        "onboarding-moved",
        "is-deactivated!",
    ),
    "offboard": (
        "offboarding-scheduled",
        "offboarding-scheduled",
        "offboarding-moved",
        "is-deactivated!",
    ),
    "offboard-as-known": (
        "offboarding-scheduled",
        "offboarding-scheduled",
        "",
        "is-deactivated!",
    ),
    "cancel": ("", "", "offboarding-cancelled", "is-deactivated!"),
    "deactivate": ("deactivated", "deactivated", "deactivated", ""),
    "link": ("external-id-linked",) * 4,
    "correct": ("details-corrected",) * 4,
    "rehire": (*("still-here!",) * 3, "rehired"),
    "rehire-anew": (*("still-here!",) * 3, "email-changed external-id-changed rehired"),
    "release": (*("nothing-to-release!",) * 3, "released"),
    "relink": ("external-id-changed",) * 4,
    "unlink": ("",) * 4,
}
"""The events in each of the states; a code with `!` where it is declined."""
BECOMES: dict[str, tuple[str, str, str, str]] = {
    "change-email": STATES,
    "reactivate": ("pending", "active", "offboarding-scheduled", "active"),
    "reactivate-until": (*STATES[:3], "offboarding-scheduled"),
    "move-onboarding": (*("pending",) * 3, "deactivated"),
    "start-at-once": ("active", *STATES[1:]),
    "offboard": ("pending", "offboarding-scheduled", "offboarding-scheduled", "deactivated"),
    "offboard-as-known": (
        "pending",
        "offboarding-scheduled",
        "offboarding-scheduled",
        "deactivated",
    ),
    "cancel": ("pending", "active", "active", "deactivated"),
    "deactivate": ("deactivated",) * 4,
    "link": STATES,
    "correct": STATES,
    "rehire": (*STATES[:3], "active"),
    "rehire-anew": (*STATES[:3], "pending"),
    "release": STATES,
    "relink": STATES,
    "unlink": STATES,
}
"""The state after each."""
EVERYTHING = [
    pytest.param(
        REQUESTS[name],
        state,
        EXPECTED[name][number],
        BECOMES[name][number],
        id=f"{name} {state}",
    )
    for name in REQUESTS
    for number, state in enumerate(STATES)
]
DONE = [each for each in EVERYTHING if not str(each.values[2]).endswith("!")]
DECLINED = [pytest.param(*each.values[:3], id=each.id) for each in EVERYTHING if each not in DONE]


@pytest.mark.parametrize(("request_", "state", "expected", "becomes"), DONE)
def test_a_command_makes_its_events_in_each_state(
    request_: Command, state: str, expected: str, becomes: str
) -> None:
    """S1-S10: A command that can be carried out makes the events and the state that are listed for
    each state of the employee.
    """
    # given
    ann = in_state(state, NAMELESS)
    assert ann.state == state

    # when
    found = do(request_, ann)

    # then
    assert kinds(found) == expected.split()
    assert [employee.state for employee in after(found, [ann])] == [becomes]


@pytest.mark.parametrize(("request_", "state", "expected"), DECLINED)
def test_a_command_that_cannot_be_carried_out_is_rejected(
    request_: Command, state: str, expected: str
) -> None:
    """S1-S10: A command that cannot be carried out in the state is rejected with the code
    that says why.
    """
    # given
    ann = in_state(state, NAMELESS)
    assert ann.state == state

    # when
    error = declined(request_, ann)

    # then
    assert error.code == expected.removesuffix("!")


@pytest.mark.parametrize(("request_", "state", "expected", "becomes"), DONE)
def test_a_repeated_command_changes_nothing(
    request_: Command, state: str, expected: str, becomes: str
) -> None:
    """R1, S1-S10: A command whose result is already there changes nothing."""
    # given
    (ann,) = after(do(request_, in_state(state, NAMELESS)), [in_state(state, NAMELESS)])

    # when / then
    assert kinds(do(request_, ann)) == []


@pytest.mark.parametrize(("request_", "state", "expected", "becomes"), DONE)
def test_the_events_of_a_command_contain_all_of_its_changes(
    request_: Command, state: str, expected: str, becomes: str
) -> None:
    """C1, L8: The events of a command name its run and no row, take effect at once, and leave what
    the file last said as it is.
    """
    # given
    ann = in_state(state, NAMELESS)

    # when
    found = do(request_, ann)

    # then
    for change in found.changes:
        assert change.before == ann
        assert fold(ann, change.events) == change.after
        assert change.digest is None
        for version, one in enumerate(change.events, ann.version + 1):
            assert (one.originator_id, one.originator_version) == (ann.id, version)
            assert (one.run, one.file, one.line) == (RUN, None, None)
            assert (one.effective, one.recorded) == (NOW, NOW)
        assert change.after.file_email == ann.file_email
        assert change.after.file_offboarding_date == ann.file_offboarding_date


@pytest.mark.parametrize(("request_", "state", "expected", "becomes"), DONE)
def test_a_support_run_counts_its_events(
    request_: Command, state: str, expected: str, becomes: str
) -> None:
    """R2: A support run counts its events, activations and deactivations. Its outcome is `applied`
    only if it has events.
    """
    # when
    found = do(request_, in_state(state, NAMELESS))

    # then
    happened = expected.split()
    assert found.counts == Counts(
        activated=happened.count("activated"),
        deactivated=happened.count("deactivated"),
        events=len(happened),
    )
    assert found.outcome is (Outcome.APPLIED if happened else Outcome.UNCHANGED)


@pytest.mark.parametrize("person", [ANN, NAMELESS], ids=["external id", "address alone"])
@pytest.mark.parametrize(
    ("request_", "state", "expected", "becomes"),
    [each for each in DONE if not isinstance(each.values[0], Release)],
)
def test_a_repeated_file_undoes_no_command(
    request_: Command, state: str, expected: str, becomes: str, person: str
) -> None:
    """I8, L8, S2: A file that repeats its values after a command changes nothing, in any state of
    the employee.
    """
    # given: an employee whose last row is recognised
    if isinstance(request_, Link):
        person = NAMELESS
    onboarding = STARTS if state == "pending" else ""
    last_day = {"offboarding-scheduled": LEAVES, "deactivated": PAST}.get(state, "")
    text = row(last_day, person, onboarding)
    ann = in_state(state, person)
    roster = as_stored(ann)
    roster = roster_after(plan(text, known=roster), roster)
    assert plan(text, known=roster).recognised == 1

    # when
    (ann,) = after(do(request_, ann), [ann])
    again = plan(text, known=as_stored(ann))

    # then
    assert kinds(again) == []
    assert again.counts.unchanged == 1


def as_stored(employee: Employee, digest: bytes | None = None) -> Roster:
    """A roster as a store keeps it, of one employee and the digest of their last row."""
    state = msgspec.json.encode(employee)
    return Roster([entry_of(employee, digest, state)], msgspec.json.Decoder(Employee).decode)


def test_a_row_is_read_again_after_a_command() -> None:
    """L10: After a command changed an employee, the employee's row is read again, because it may
    now mean something else.
    """
    # given
    text = row(onboarding=STARTS)
    first = plan(text)
    assert plan(text, known=roster_after(first)).recognised == 1

    # when
    (gone,) = do(Deactivate(), result(first)).changes
    again = plan(text, known=as_stored(gone.after, gone.digest))

    # then
    assert again.recognised == 0
    assert codes(again) == ["still-listed"]


def test_a_command_takes_effect_no_earlier_than_the_event_before_it() -> None:
    """C1: A command takes effect no earlier than the previous event of the employee."""
    # given
    ann = then(known(), EmailChanged("x@acme.example"), at=NOW + timedelta(hours=1))

    # when
    (change,) = do(Deactivate(), ann).changes

    # then
    assert [one.effective for one in change.events] == [NOW + timedelta(hours=1)]
    assert [one.recorded for one in change.events] == [NOW]


# S1: change an e-mail address


@pytest.mark.parametrize("state", STATES)
def test_support_changes_an_address(state: str) -> None:
    """S1, W1: Support changes the address of an employee in any state. The space around it is
    removed, and what the file last said stays.
    """
    # when
    found = do(ChangeEmail("  Zoe\u0308.Smit@Acme.example "), in_state(state))

    # then
    assert result(found).email == "Zo\u00eb.Smit@Acme.example"
    assert result(found).file_email == "ann@acme.example"


@pytest.mark.parametrize(
    "email", ["ann@acme.example", "ANN@acme.example", "ann@Acme.Example", " ann@acme.example "]
)
def test_the_same_address_in_other_upper_and_lower_case_is_no_change(email: str) -> None:
    """S1, I1: An e-mail address that differs only in case or in the space around it is no
    change.
    """
    assert kinds(do(ChangeEmail(email), known())) == []


@pytest.mark.parametrize(
    "email",
    [
        "",
        "   ",
        "secret",
        "secret@",
        "@acme.example",
        "secret@acme",
        "se cret@acme.example",
        "se\ncret@acme.example",
        "se\u200bcret@acme.example",
        "secret@acme.example, x@acme.example",
        f"{'s' * 64}@{'acme.' * 40}example",
    ],
)
def test_a_malformed_address_is_rejected(email: str) -> None:
    """S1, W1, W2, W3: A blank or malformed e-mail address is rejected by the same rules
    as in a row.
    """
    assert declined(ChangeEmail(email), known()).code == "bad-email"


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("email", ["ben@acme.example", "BEN@Acme.example", " ben@acme.example"])
def test_an_address_that_another_employee_has_is_rejected(state: str, email: str) -> None:
    """S1: The e-mail address of another employee in any state is rejected. The error names the
    other employee by id only.
    """
    # given
    other = in_state(state, BEN)

    # when
    error = declined(ChangeEmail(email), known(position=9), other)

    # then
    assert error.code == "email-taken"
    assert error.facts == {"other": other.id}
    assert str(other.id) in str(error)
    assert "change theirs first" in error.hint


def test_an_address_that_the_file_uses_for_another_employee_is_rejected() -> None:
    """S1, I8: An e-mail address that the file still uses for another employee is rejected."""
    # given
    other = then(ben(), EmailChanged("benno@acme.example"))

    # when
    error = declined(ChangeEmail("Ben@acme.example"), known(), other)

    # then
    assert (error.code, error.facts) == ("email-taken", {"other": other.id})


def test_an_address_that_the_file_no_longer_uses_is_free() -> None:
    """S1, I8: The old address of another employee is free after the file carried the new one."""
    # given
    moved = then(ben(), EmailChanged("benno@acme.example"))
    (other,) = after(plan(row(person="E-ben,benno@acme.example,Ben,Cramer"), known=[moved]))

    # when
    found = do(ChangeEmail("ben@acme.example"), known(), other)

    # then
    assert kinds(found) == ["email-changed"]


def test_an_employee_can_get_the_former_address_back() -> None:
    """S1, I8: Support can give an employee the address back that the file still uses for them."""
    # given
    ann = then(known(), EmailChanged("new@acme.example"))

    # when
    found = do(ChangeEmail("Ann@acme.example"), ann, ben())

    # then
    assert kinds(found) == ["email-changed"]
    assert result(found).email == "Ann@acme.example"
    assert kinds(plan(row(), known=after(found))) == []


@pytest.mark.parametrize("person", [ANN, NAMELESS], ids=["external id", "address alone"])
@pytest.mark.parametrize("said", ["ann@acme.example", "ANN@acme.example"])
def test_rows_with_the_old_address_mean_the_same_employee(person: str, said: str) -> None:
    """I8: After support changed an address, a row with the old one means the same employee. The
    rest of the row applies.
    """
    # given
    ann = result(do(ChangeEmail("new@acme.example"), known(person)))
    changed = person.replace("ann@acme.example", said).replace("Ann", "Anna")

    # when
    found = plan(row(person=changed), known=[ann])

    # then
    assert kinds(found) == ["details-changed"]
    assert (result(found).id, result(found).email) == (ann.id, "new@acme.example")


@pytest.mark.parametrize("person", [ANN, NAMELESS], ids=["external id", "address alone"])
def test_a_file_that_carries_the_new_address_is_noted(person: str) -> None:
    """I8, L8: When the file carries the address that support set, this is noted. After that the old
    address counts as new.
    """
    # given
    ann = result(do(ChangeEmail("new@acme.example"), known(person)))

    # when
    followed = plan(row(person=person.replace("ann@", "new@")), known=[ann])
    back = plan(row(person=person), known=after(followed))

    # then
    assert kinds(followed) == ["file-noted"]
    assert result(followed).email == "new@acme.example"
    assert kinds(back) == (["email-changed"] if person == ANN else ["registered"])


def test_a_third_address_in_the_file_changes_the_address() -> None:
    """I8, L8: A third address in the file replaces the address that support set."""
    # given
    ann = result(do(ChangeEmail("new@acme.example"), known()))

    # when
    found = plan(row(person=ANN.replace("ann@", "third@")), known=[ann])

    # then
    assert kinds(found) == ["email-changed"]
    assert result(found).addresses == {"third@acme.example"}


def test_a_file_cannot_give_the_old_address_to_another_employee() -> None:
    """I8, I2: A row that gives the old address to another employee is rejected."""
    # given
    ann = result(do(ChangeEmail("new@acme.example"), known()))

    # when
    found = plan(row(person=BEN.replace("ben@", "ann@")), known=[ann, ben()])

    # then
    assert (kinds(found), codes(found)) == ([], ["email-taken"])


# S2: reactivate


def test_a_repeated_last_day_that_is_over_does_not_end_a_reactivation() -> None:
    """S2: After a reactivation, a file that repeats the last day that is over changes nothing, and
    the clock deactivates nobody.
    """
    # given
    gone = in_state("deactivated")

    # when
    ann = result(do(Reactivate(), gone))

    # then
    assert (ann.state, ann.offboarding_date) == (State.ACTIVE, None)
    again = plan(row(PAST), known=[ann], now=NOW + timedelta(hours=17))
    assert (kinds(again), codes(again), outcomes(again)) == ([], [], ["unchanged"])
    assert next_clock_run(ann, NOW + timedelta(days=400)) == []


def test_another_last_day_in_the_file_is_scheduled_after_a_reactivation() -> None:
    """S2, L8, L4: After a reactivation, another last day in the file is scheduled, even
    if it is over.
    """
    # given
    ann = result(do(Reactivate(), in_state("deactivated")))

    # when
    ahead = plan(row(LEAVES), known=[ann])
    past = plan(row("2027-02-27"), known=[ann])

    # then
    assert (kinds(ahead), codes(ahead)) == (["offboarding-scheduled"], [])
    assert (kinds(past), codes(past)) == (["offboarding-scheduled"], ["offboarding-overdue"])


def test_the_same_last_day_counts_again_after_a_reactivation_and_a_blank() -> None:
    """S2, L5: After a reactivation and a blank cell, the old last day counts as a new value and is
    scheduled.
    """
    # given
    ann = result(do(Reactivate(), in_state("deactivated")))

    # when
    blank = plan(row(), known=[ann])
    same = plan(row(PAST), known=after(blank))

    # then
    assert (kinds(blank), kinds(same)) == (["file-noted"], ["offboarding-scheduled"])


@pytest.mark.parametrize(
    ("now", "stands"),
    [
        (moment(f"{LEAVES} 22:59"), True),
        (moment(f"{LEAVES} 23:00"), False),
        (NOW, True),
    ],
)
def test_a_last_day_still_ahead_stands_at_a_reactivation(now: datetime, stands: bool) -> None:
    """S2, L9: A reactivation without a new last day keeps the known one until 23:00 on that day,
    and not later.
    """
    # given
    gone = result(do(Deactivate(), in_state("offboarding-scheduled")))

    # when
    ann = result(do(Reactivate(), gone, now=now))

    # then
    assert ann.offboarding_date == (LEAVES if stands else None)
    assert ann.state == ("offboarding-scheduled" if stands else "active")
    assert kinds(plan(row(LEAVES), known=[ann], now=now)) == []


def test_a_reactivation_keeps_the_last_day_that_support_set() -> None:
    """S2: A reactivation keeps the last day that support set, and not the last day in the file."""
    # given
    moved = then(in_state("offboarding-scheduled"), OffboardingMoved(LATER), Deactivated())

    # when
    ann = result(do(Reactivate(), moved))

    # then
    assert ann.offboarding_date == LATER
    assert kinds(plan(row(LEAVES), known=[ann])) == []


@pytest.mark.parametrize(
    ("onboarding", "state"),
    [(STARTS, "pending"), (TOMORROW, "pending"), (TODAY, "active"), (YESTERDAY, "active")],
)
def test_a_reactivated_employee_whose_first_day_is_ahead_is_pending(
    onboarding: object, state: str
) -> None:
    """S2, L1: A reactivated employee whose onboarding date is still ahead is pending, and the clock
    activates them on that date.
    """
    # given
    gone = then(known(onboarding=onboarding), Deactivated())

    # when
    ann = result(do(Reactivate(), gone))

    # then
    assert ann.state == state
    due = ["activated"] if state == "pending" else []
    assert next_clock_run(ann, moment(f"{STARTS} 00:00")) == due


def test_a_reactivated_pending_employee_keeps_the_last_day_ahead() -> None:
    """S2, L2: A reactivated employee whose first and last day are both ahead is pending and keeps
    the last day.
    """
    # given
    gone = then(known(onboarding=STARTS, offboarding=LEAVES), Deactivated())

    # when
    ann = result(do(Reactivate(), gone))

    # then
    assert (ann.state, ann.offboarding_date) == (State.PENDING, LEAVES)


@pytest.mark.parametrize("state", ["deactivated", "offboarding-scheduled"])
def test_a_reactivation_with_a_new_last_day_replaces_the_known_one(state: str) -> None:
    """S2: A new last day at a reactivation replaces the known one, whether that one is
    over or ahead.
    """
    # given
    gone = in_state(state)
    if state == "offboarding-scheduled":
        gone = then(gone, Deactivated())

    # when
    ann = result(do(Reactivate(LATER), gone))

    # then
    assert (ann.state, ann.offboarding_date) == (State.OFFBOARDING_SCHEDULED, LATER)
    assert kinds(plan(row(gone.file_offboarding_date), known=[ann])) == []
    assert next_clock_run(ann, moment(f"{LATER} 22:59")) == []
    assert next_clock_run(ann, moment(f"{LATER} 23:00")) == ["deactivated"]


@pytest.mark.parametrize(
    ("last_day", "now", "over"),
    [
        (YESTERDAY, NOW, True),
        (TODAY, NOW, False),
        (TODAY, moment("2027-03-01 22:59"), False),
        (TODAY, moment("2027-03-01 23:00"), True),
    ],
)
def test_a_reactivation_until_a_day_that_is_over_is_rejected(
    last_day: object, now: datetime, over: bool
) -> None:
    """S2, L9: A reactivation until a last day that is over is rejected. A last day today is over
    from 23:00 on.
    """
    # given
    request = Reactivate(day(str(last_day)))

    # when / then
    if over:
        assert declined(request, in_state("deactivated"), now=now).code == "last-day-over"
    else:
        assert kinds(do(request, in_state("deactivated"), now=now)) == ["reactivated"]


def test_a_reactivation_until_a_day_before_the_first_day_is_rejected() -> None:
    """S2, L3: A reactivation until a last day before the first day is rejected. The first day
    itself is accepted.
    """
    # given
    gone = then(known(onboarding=STARTS), Deactivated())

    # when
    error = declined(Reactivate(STARTS - timedelta(days=1)), gone)

    # then
    assert error.code == "leaves-before-starting"
    assert result(do(Reactivate(STARTS), gone)).state is State.PENDING


def test_a_reactivation_does_not_move_the_last_day_of_an_employee_who_is_not_deactivated() -> None:
    """S2, S4: Reactivating an employee who is not deactivated is rejected with a hint to the right
    command, or changes nothing if the day is known.
    """
    # given
    ann = in_state("offboarding-scheduled")

    # when / then
    assert kinds(do(Reactivate(LEAVES), ann)) == []
    error = declined(Reactivate(LATER), ann)
    assert (error.code, error.facts["state"]) == ("not-deactivated", "offboarding-scheduled")
    assert "offboarding-scheduled" in str(error)
    assert "tenure support offboard" in error.hint


# S3: move an onboarding


@pytest.mark.parametrize("to", [TODAY, YESTERDAY, day("2027-01-01")])
def test_an_onboarding_date_moved_to_today_or_earlier_activates_at_once(to: object) -> None:
    """S3: When support moves an onboarding date to today or earlier, the employee is activated at
    once.
    """
    # when
    found = do(MoveOnboarding(day(str(to))), in_state("pending"))

    # then
    assert kinds(found) == ["onboarding-moved", "activated"]
    assert (result(found).state, str(result(found).onboarding_date)) == (State.ACTIVE, str(to))


@pytest.mark.parametrize("to", [TOMORROW, STARTS - timedelta(1), STARTS + timedelta(1), LATER])
def test_an_employee_with_a_moved_onboarding_date_ahead_stays_pending(to: object) -> None:
    """S3, L9: When support moves an onboarding date to another day ahead, the employee stays
    pending until the clock activates them on that day.
    """
    # given
    first_day = day(str(to))

    # when
    found = do(MoveOnboarding(first_day), in_state("pending"))

    # then
    assert kinds(found) == ["onboarding-moved"]
    ann = result(found)
    assert (ann.state, ann.onboarding_date) == (State.PENDING, first_day)
    eve = moment(f"{first_day} 00:00") - timedelta(minutes=1)
    assert next_clock_run(ann, eve) == []
    assert next_clock_run(ann, moment(f"{first_day} 00:00")) == ["activated"]


def test_the_known_onboarding_date_is_no_move() -> None:
    """S3: Moving an onboarding date to the known day changes nothing. When that day has come, the
    employee is activated at once.
    """
    # when
    early = do(MoveOnboarding(STARTS), in_state("pending"))
    late = do(MoveOnboarding(STARTS), in_state("pending"), now=moment(f"{STARTS} 00:00"))

    # then
    assert kinds(early) == []
    assert kinds(late) == ["activated"]


def test_an_onboarding_date_after_the_last_day_is_rejected() -> None:
    """S3, L3: An onboarding date after the last day is rejected. The last day itself is
    accepted.
    """
    # given
    ann = known(onboarding=STARTS, offboarding=LEAVES)

    # when
    error = declined(MoveOnboarding(LEAVES + timedelta(days=1)), ann)

    # then
    assert error.code == "leaves-before-starting"
    assert "tenure support deactivate" in error.hint
    assert kinds(do(MoveOnboarding(LEAVES), ann)) == ["onboarding-moved"]


def test_an_employee_with_a_last_day_who_starts_at_once_is_scheduled() -> None:
    """S3, L2: A pending employee with a last day who is activated at once becomes
    `offboarding-scheduled`.
    """
    # when
    found = do(MoveOnboarding(TODAY), known(onboarding=STARTS, offboarding=LEAVES))

    # then
    assert result(found).state is State.OFFBOARDING_SCHEDULED


def test_a_start_of_an_employee_whose_last_day_is_over_is_rejected() -> None:
    """S3, L2: A move of the onboarding date that would activate an employee whose last day is over
    is rejected.
    """
    # given
    ann = then(in_state("pending"), OffboardingScheduled(PAST), line=2)

    # when
    error = declined(MoveOnboarding(PAST), ann)

    # then
    assert error.code == "has-left"
    assert "cancel-offboarding" in error.hint


@pytest.mark.parametrize("state", STATES[1:3])
@pytest.mark.parametrize(
    ("to", "becomes"),
    [
        (day("2020-01-01"), None),
        (YESTERDAY, None),
        (TODAY, None),
        (TOMORROW, "pending"),
        (STARTS, "pending"),
    ],
)
def test_a_first_day_that_has_passed_can_be_corrected(
    state: str, to: date, becomes: str | None
) -> None:
    """S3: Support moves a first day that has passed, too. The state follows from the dates, and
    the clock activates an employee who waits for the new day.
    """
    # when
    found = do(MoveOnboarding(to), in_state(state))

    # then
    ann = result(found)
    assert (ann.onboarding_date, ann.state) == (to, becomes or state)
    due = ["activated"] if becomes else []
    assert next_clock_run(ann, moment(f"{STARTS} 00:00")) == due
    assert kinds(plan(row(ann.file_offboarding_date or ""), known=[ann])) == []


@pytest.mark.parametrize("to", [LATER, TODAY, YESTERDAY, TOMORROW, STARTS + timedelta(days=1)])
def test_a_file_does_not_move_an_onboarding_date_back(to: date) -> None:
    """S3, L7, L8: A file that repeats the old onboarding date does not move the date back that
    support set, and is not told. A third date is told once.
    """
    # given
    ann = result(do(MoveOnboarding(to), in_state("pending")))

    # when
    repeated = plan(row(onboarding=STARTS), known=[ann])
    third = plan(row(onboarding="2027-07-07"), known=[ann])

    # then
    assert (kinds(repeated), codes(repeated)) == ([], [])
    assert (kinds(third), codes(third)) == (["file-noted"], ["onboarding-date-fixed"])
    assert codes(plan(row(onboarding="2027-07-07"), known=after(third))) == []


# S4: schedule, move or cancel an offboarding


@pytest.mark.parametrize(("known_day", "to"), [(LEAVES, LATER), (LATER, LEAVES)])
def test_support_moves_a_last_day_either_way(known_day: object, to: object) -> None:
    """S4: Support can move a last day to a later or to an earlier date."""
    # when
    found = do(Offboard(day(str(to))), known(offboarding=known_day))

    # then
    assert (kinds(found), str(result(found).offboarding_date)) == (["offboarding-moved"], str(to))


def test_the_old_last_day_in_the_file_counts_again_only_after_a_blank() -> None:
    """S4, L5, L8: After support moved a last day, the old day in the file changes nothing. After a
    blank it counts as a new value.
    """
    # given
    ann = result(do(Offboard(LATER), in_state("offboarding-scheduled")))

    # when
    repeated = plan(row(LEAVES), known=[ann])
    blank = plan(row(), known=[ann])
    same = plan(row(LEAVES), known=after(blank))

    # then
    assert kinds(repeated) == []
    assert (kinds(blank), result(blank).offboarding_date) == (["file-noted"], LATER)
    assert (kinds(same), result(same).offboarding_date) == (["offboarding-moved"], LEAVES)


def test_a_repeated_blank_keeps_the_last_day_that_support_set() -> None:
    """S4, L5, L8: A file that still has a blank keeps the last day that support set. The same day
    is noted, and another day moves it.
    """
    # given
    ann = result(do(Offboard(LEAVES), known()))

    # when / then
    assert kinds(plan(row(), known=[ann])) == []
    assert kinds(plan(row(LEAVES), known=[ann])) == ["file-noted"]
    assert kinds(plan(row(LATER), known=[ann])) == ["offboarding-moved"]


def test_a_cancelled_last_day_in_the_file_counts_again_only_after_a_blank() -> None:
    """S4, L5: After support cancelled an offboarding, the old day in the file changes nothing.
    After a blank it is scheduled again.
    """
    # given
    ann = result(do(CancelOffboarding(), in_state("offboarding-scheduled")))
    assert (ann.state, ann.offboarding_date) == (State.ACTIVE, None)

    # when
    repeated = plan(row(LEAVES), known=[ann])
    blank = plan(row(), known=[ann])
    same = plan(row(LEAVES), known=after(blank))

    # then
    assert (kinds(repeated), outcomes(repeated)) == ([], ["unchanged"])
    assert kinds(blank) == ["file-noted"]
    assert (kinds(same), result(same).offboarding_date) == (["offboarding-scheduled"], LEAVES)


def test_support_can_cancel_an_overdue_offboarding() -> None:
    """S4: Support can cancel an offboarding whose last day is over, and the next clock pass then
    deactivates nobody.
    """
    # given
    ann = then(known(), OffboardingScheduled(YESTERDAY), line=2)
    assert next_clock_run(ann, NOW) == ["deactivated"]

    # when
    stays = result(do(CancelOffboarding(), ann))

    # then
    assert next_clock_run(stays, NOW) == []


def test_a_pending_employee_stays_pending_when_the_last_day_is_cancelled() -> None:
    """S4, L2: When support cancels the last day of a pending employee, the employee stays
    pending.
    """
    # when
    ann = result(do(CancelOffboarding(), known(onboarding=STARTS, offboarding=LEAVES)))

    # then
    assert (ann.state, ann.offboarding_date) == (State.PENDING, None)


@pytest.mark.parametrize(
    ("last_day", "now", "overdue"),
    [
        (PAST, NOW, True),
        (YESTERDAY, NOW, True),
        (TODAY, NOW, False),
        (TODAY, moment("2027-03-01 22:59"), False),
        (TODAY, moment("2027-03-01 23:00"), True),
        (TOMORROW, NOW, False),
    ],
)
@pytest.mark.parametrize("state", ["active", "offboarding-scheduled"])
def test_a_last_day_that_is_over_is_accepted_and_the_clock_deactivates(
    state: str, last_day: object, now: datetime, overdue: bool
) -> None:
    """S4, L4: Support can set a last day that is over. It gives `offboarding-overdue`, and the next
    clock pass deactivates the employee.
    """
    # when
    found = do(Offboard(day(str(last_day))), in_state(state), now=now)

    # then
    assert len(kinds(found)) == 1
    assert codes(found.issues) == (["offboarding-overdue"] if overdue else [])
    for issue in found.issues:
        assert (issue.severity, issue.email) == ("warning", "ann@acme.example")
        assert (issue.field, issue.value) == ("offboarding_date", str(last_day))
    assert next_clock_run(result(found), now) == (["deactivated"] if overdue else [])


def test_the_notice_period_does_not_bind_support() -> None:
    """S4: Support can set a last day at short notice, even if the policy rejects such rows."""
    # given
    strict = a_company(policy={"short_notice": "reject"})

    # when / then
    assert kinds(do(Offboard(TOMORROW), known(), company=strict)) == ["offboarding-scheduled"]


def test_the_known_last_day_gives_no_warning() -> None:
    """S4: Setting the known last day again changes nothing and gives no warning."""
    # given
    ann = then(known(), OffboardingScheduled(YESTERDAY), line=2)

    # when
    found = do(Offboard(YESTERDAY), ann)

    # then
    assert (kinds(found), found.issues) == ([], ())


@pytest.mark.parametrize("state", STATES[:3])
@pytest.mark.parametrize("days", [1, 400])
def test_a_last_day_before_the_first_day_is_rejected(state: str, days: int) -> None:
    """S4, L3: A last day before the first day is rejected in every state. The first day itself is
    accepted.
    """
    # given
    ann = in_state(state)
    first_day = ann.onboarding_date
    last_day = first_day - timedelta(days=days)

    # when
    error = declined(Offboard(last_day), ann)

    # then
    assert error.code == "leaves-before-starting"
    assert not re.search(r"\d", f"{error} {error.hint}")
    assert kinds(do(Offboard(first_day), ann))[0].startswith("offboarding-")


@pytest.mark.parametrize("request_", [Offboard(LATER), CancelOffboarding()])
def test_the_last_day_of_a_deactivated_employee_cannot_be_set_or_cancelled(
    request_: Command,
) -> None:
    """S4: Support cannot set or cancel the last day of a deactivated employee. The hint names the
    command that reactivates.
    """
    # when
    error = declined(request_, in_state("deactivated"))

    # then
    assert error.code == "is-deactivated"
    assert "tenure support reactivate" in error.hint


# S5: deactivate now


@pytest.mark.parametrize("state", STATES[:3])
def test_support_deactivates_an_employee_at_once(state: str) -> None:
    """S5, L6: Support deactivates an employee at once and leaves the dates as they are. No later
    file or clock pass changes the employee.
    """
    # given
    before = in_state(state)

    # when
    ann = result(do(Deactivate(), before))

    # then
    assert (ann.state, ann.effective) == (State.DEACTIVATED, NOW)
    assert ann.offboarding_date == before.offboarding_date
    assert next_clock_run(ann, NOW + timedelta(days=400)) == []
    repeated = plan(row(before.offboarding_date or ""), known=[ann])
    another = plan(row(LATER), known=[ann])
    told = [] if before.offboarding_date else ["still-listed"]
    assert (kinds(repeated), outcomes(repeated), codes(repeated)) == ([], ["unchanged"], told)
    assert (kinds(another), codes(another)) == ([], ["reactivation-needs-support"])


def test_a_reactivation_on_the_same_day_restores_the_employee() -> None:
    """S5, S2: An employee who is deactivated and reactivated on the same day is as before, except
    for the version and the moment.
    """
    # when / then
    for state in STATES[:3]:
        before = in_state(state)
        gone = result(do(Deactivate(), before))
        ann = result(do(Reactivate(), gone))

        assert ann == msgspec.structs.replace(
            before, version=before.version + 2, effective=ann.effective
        )


# S6: link an external id


@pytest.mark.parametrize(("external_id", "linked"), [("E-1", "E-1"), (" 007 ", "007"), ("ë", "ë")])
def test_support_links_an_external_id(external_id: str, linked: str) -> None:
    """S6, W1: Support links an external id to an employee without one. The space around it is
    removed, and it is stored in NFC.
    """
    # when
    found = do(Link(external_id.replace("ë", "e\u0308")), known(NAMELESS), ben())

    # then
    assert kinds(found) == ["external-id-linked"]
    assert result(found).external_id == linked


def test_a_row_with_the_linked_id_and_another_address_means_the_same_employee() -> None:
    """S6, I1, I2: A row with the external id that support linked means this employee and changes
    the address.
    """
    # given
    ann = result(do(Link("E-ann"), known(NAMELESS)))

    # when
    found = plan(row(person=ANN.replace("ann@", "married@")), known=[ann])

    # then
    assert kinds(found) == ["email-changed"]
    assert (result(found).id, result(found).email) == (ann.id, "married@acme.example")


def test_without_a_link_the_same_row_registers_a_new_employee() -> None:
    """I6: A row with an unknown external id and an unknown address registers a new employee when
    support linked nothing.
    """
    # when
    found = plan(row(person=ANN.replace("ann@", "married@")), known=[known(NAMELESS)])

    # then
    assert kinds(found) == ["registered"]


def test_rows_still_mean_the_same_employee_after_a_link() -> None:
    """S6, I4, I3: After a link, a row with or without the external id still means the employee. A
    row with another id is rejected.
    """
    # given
    ann = result(do(Link("E-ann"), known(NAMELESS)))

    # when / then
    assert outcomes(plan(row(person=NAMELESS), known=[ann])) == ["unchanged"]
    assert outcomes(plan(row(person=ANN), known=[ann])) == ["unchanged"]
    other = plan(row(person=ANN.replace("E-ann", "E-other")), known=[ann])
    assert (kinds(other), codes(other)) == ([], ["external-id-conflict"])


def test_the_same_external_id_is_no_change_and_another_one_is_rejected() -> None:
    """S6: Linking the employee's own external id changes nothing, and linking another one
    is rejected.
    """
    # when / then
    assert kinds(do(Link(" E-ann "), known(), ben())) == []
    assert declined(Link("E-other"), known(), ben()).code == "other-external-id"


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("person", [ANN, NAMELESS])
def test_an_external_id_that_another_employee_has_is_rejected(state: str, person: str) -> None:
    """S6: The external id of another employee in any state is rejected. The error names the other
    employee by id only.
    """
    # given
    other = in_state(state, BEN)

    # when
    error = declined(Link("E-ben"), known(person, position=9), other)

    # then
    assert (error.code, error.facts) == ("external-id-taken", {"other": other.id})
    assert str(other.id) in str(error)


@pytest.mark.parametrize("external_id", ["e-ben", "E-BEN", "E-ben0"])
def test_a_similar_external_id_of_another_employee_can_be_linked(external_id: str) -> None:
    """S6, I1: An external id that differs from another employee's only in case or by one character
    can be linked.
    """
    assert result(do(Link(external_id), known(NAMELESS), ben())).external_id == external_id


@pytest.mark.parametrize("external_id", ["", "  ", "E-\n1", "E-\u200b1", "E-\x07", "E" * 11])
def test_a_malformed_external_id_is_rejected(external_id: str) -> None:
    """S6, W1, F7: A blank, malformed or too long external id is rejected by the same rules as in a
    row.
    """
    # given
    company = a_company(limits={"cell": 10})

    # when
    error = declined(Link(external_id), known(NAMELESS), company=company)

    # then
    assert error.code == "bad-external-id"
    assert kinds(do(Link("E" * 10), known(NAMELESS), company=company)) == ["external-id-linked"]


# Other employees that a command looks up


@pytest.mark.parametrize(
    ("request_", "met"),
    [
        (ChangeEmail(" Zoe\u0308@Acme.example "), LookupKeys("zo\u00eb@acme.example")),
        (Link(" E-Ann "), LookupKeys(external_id="E-Ann")),
        (Relink(" E-Ann "), LookupKeys(external_id="E-Ann")),
        (Rehire(TODAY), LookupKeys("ann@acme.example")),
        (Rehire(TODAY, "N@x.example ", " 7"), LookupKeys("n@x.example", "7")),
        (Merge(UUID(int=7)), LookupKeys(employee=UUID(int=7))),
        *((each, LookupKeys()) for each in (Reactivate(), MoveOnboarding(TODAY), Offboard(TODAY))),
        *((each, LookupKeys()) for each in (CancelOffboarding(), Deactivate(), Release())),
        *((each, LookupKeys()) for each in (Relink(None), Correct((("first_name", "Eva"),)))),
    ],
)
def test_a_command_looks_up_only_the_employees_that_it_might_meet(
    request_: Command, met: LookupKeys
) -> None:
    """S1-S11, I1: A command looks up other employees only by the address or external id that it
    would give, in the form for comparison, or by the id that it names.
    """
    assert lookup_keys(request_, known()) == met


# The errors about rejected commands


def one_of_each() -> Iterator[CommandRejected]:
    """Everything that can be declined."""
    ann, pending, gone = known(), in_state("pending"), in_state("deactivated")
    yield declined(ChangeEmail("secret"), ann)
    yield declined(ChangeEmail("ben@acme.example"), ann, ben())
    yield declined(Link(""), ann)
    yield declined(Link("E-ben"), ann, ben())
    yield declined(Link("E-other"), ann)
    yield declined(Reactivate(LATER), ann)
    yield declined(Reactivate(PAST), gone)
    yield declined(Offboard(LATER), gone)
    yield declined(Offboard(PAST), pending)
    yield declined(MoveOnboarding(PAST), then(pending, OffboardingScheduled(PAST), line=2))
    yield declined(Rehire(TODAY), ann)
    yield declined(Release(), ann)
    yield declined(Reactivate(), then(gone, Released()))
    yield declined(Link("E-new"), then(ann, Merged(ben().id, ann.id)))
    yield declined(Merge(ann.id), ann)
    yield declined(Merge(ben().id), gone, ben())
    yield declined(Correct((("email", "secret"),)), ann)
    yield declined(Correct((("first_name", " "),)), ann)
    yield declined(Correct((("birthday", "secret"),)), ann)


@cache
def by_code() -> dict[str, CommandRejected]:
    return {error.code: error for error in one_of_each()}


def test_every_code_of_a_rejected_command_has_an_example() -> None:
    """Every code of a rejected command has an example here, so that the next test holds
    for all codes.
    """
    # when / then
    assert set(by_code()) == set(REJECTIONS)


@pytest.mark.parametrize("code", list(REJECTIONS))
def test_a_rejected_command_says_what_is_wrong_and_what_to_do(code: str) -> None:
    """The error about a rejected command says in one line what is wrong and in another what to do,
    with all facts filled in.
    """
    # when
    error = by_code()[code]

    # then
    for text in (str(error), error.hint):
        assert re.match(r"[a-z`]", text)
        assert not re.search(r"[{}\n]|\.$|\bNone\b|  |datetime", text)
    assert str(error) != error.hint


def test_a_printed_command_shows_only_its_kind() -> None:
    """The printed form of a command shows only its kind, so that logs stay free of
    personal data.
    """
    # when / then
    for request in (ChangeEmail("secret@acme.example"), Link("E-secret"), Offboard(LATER)):
        assert repr(request) == f"<{type(request).__name__}>"
