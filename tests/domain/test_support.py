"""What support may do to one employee in each state, and that it stands (S1-S6, I8, L5, L8)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache

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
    Deactivate,
    Link,
    MoveOnboarding,
    Offboard,
    Reactivate,
    lookup_keys,
)
from domain.employee.events import (
    Deactivated,
    EmailChanged,
    OffboardingMoved,
    OffboardingScheduled,
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
    """Somebody whom a file registered more than a year ago."""
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
    """Why it is declined, which never tells whom it is about."""
    with pytest.raises(CommandRejected) as raised:
        do(request, employee, *others, now=now, company=company)
    error = raised.value
    assert not PERSONAL.search(f"{error} {error!r} {error.hint}")
    return error


def next_clock_run(employee: Employee, now: datetime) -> list[str]:
    """What happens to an employee when the clock runs at a moment."""
    passed = plan_clock([(employee, None)], Schedule(), Moment(RUN, now), now)
    return kinds(passed)


# Everything in every state

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
}
EXPECTED: dict[str, tuple[str, str, str, str]] = {
    "change-email": ("email-changed",) * 4,
    "reactivate": ("", "", "", "reactivated"),
    "reactivate-until": ("not-deactivated!", "not-deactivated!", "not-deactivated!", "reactivated"),
    "move-onboarding": ("onboarding-moved", "not-pending!", "not-pending!", "not-pending!"),
    "start-at-once": (
        "onboarding-moved activated",
        "not-pending!",
        "not-pending!",
        "not-pending!",
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
}
"""The events in each of the states; a code with `!` where it is declined."""
BECOMES: dict[str, tuple[str, str, str, str]] = {
    "change-email": STATES,
    "reactivate": ("pending", "active", "offboarding-scheduled", "active"),
    "reactivate-until": (*STATES[:3], "offboarding-scheduled"),
    "move-onboarding": STATES,
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


@pytest.mark.parametrize(("request_", "state", "expected", "becomes"), EVERYTHING)
def test_what_is_asked_is_done_or_declined_in_each_state(
    request_: Command, state: str, expected: str, becomes: str
) -> None:
    """S1-S6: the events, the state they leave, and what can't be done."""
    ann = in_state(state, NAMELESS)
    assert ann.state == state

    if expected.endswith("!"):
        assert declined(request_, ann).code == expected.removesuffix("!")
        return
    found = do(request_, ann)

    assert kinds(found) == expected.split()
    assert [employee.state for employee in after(found, [ann])] == [becomes]


@pytest.mark.parametrize(("request_", "state", "expected", "becomes"), DONE)
def test_what_was_asked_and_is_asked_again_does_nothing(
    request_: Command, state: str, expected: str, becomes: str
) -> None:
    """R1, S1-S6: repeating it repeats nothing."""
    (ann,) = after(do(request_, in_state(state, NAMELESS)), [in_state(state, NAMELESS)])

    assert kinds(do(request_, ann)) == []


@pytest.mark.parametrize(("request_", "state", "expected", "becomes"), DONE)
def test_what_support_did_is_told_by_its_events_alone(
    request_: Command, state: str, expected: str, becomes: str
) -> None:
    """C1, L8: from now on, in the run, by no row; and what the file said stays said."""
    ann = in_state(state, NAMELESS)

    found = do(request_, ann)

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
def test_a_run_of_support_counts_what_it_did(
    request_: Command, state: str, expected: str, becomes: str
) -> None:
    """R2: events, and who was let in or locked out by them."""
    found = do(request_, in_state(state, NAMELESS))

    happened = expected.split()
    assert found.counts == Counts(
        activated=happened.count("activated"),
        deactivated=happened.count("deactivated"),
        events=len(happened),
    )
    assert found.outcome is (Outcome.APPLIED if happened else Outcome.UNCHANGED)


@pytest.mark.parametrize("person", [ANN, NAMELESS], ids=["external id", "address alone"])
@pytest.mark.parametrize(("request_", "state", "expected", "becomes"), DONE)
def test_the_file_that_repeats_itself_undoes_nothing_of_it(
    request_: Command, state: str, expected: str, becomes: str, person: str
) -> None:
    """I8, L8, S2: in every state, however the row names them."""
    # given: somebody whose last row is recognised
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


def test_a_row_is_read_again_after_support() -> None:
    """L10: what was recognised may mean something else now, as a date does after a move."""
    text = row(onboarding=STARTS)
    first = plan(text)
    assert plan(text, known=roster_after(first)).recognised == 1

    (moved,) = do(MoveOnboarding(LATER), result(first)).changes
    again = plan(text, known=as_stored(moved.after, moved.digest))

    assert again.recognised == 0
    assert codes(again) == ["onboarding-date-fixed"]


def test_what_is_done_never_takes_effect_before_what_was_done() -> None:
    """C1: also where the last event is still to take effect."""
    ann = then(known(), EmailChanged("x@acme.example"), at=NOW + timedelta(hours=1))

    (change,) = do(Deactivate(), ann).changes

    assert [one.effective for one in change.events] == [NOW + timedelta(hours=1)]
    assert [one.recorded for one in change.events] == [NOW]


# S1: an address


@pytest.mark.parametrize("state", STATES)
def test_support_changes_an_address(state: str) -> None:
    """S1: as it is written, trimmed and in NFC (W1)."""
    found = do(ChangeEmail("  Zoe\u0308.Smit@Acme.example "), in_state(state))

    assert result(found).email == "Zo\u00eb.Smit@Acme.example"
    assert result(found).file_email == "ann@acme.example"


@pytest.mark.parametrize(
    "email", ["ann@acme.example", "ANN@acme.example", "ann@Acme.Example", " ann@acme.example "]
)
def test_the_same_address_in_other_letters_is_no_change(email: str) -> None:
    """S1, I1"""
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
def test_an_address_that_is_none_is_declined(email: str) -> None:
    """S1, W1-W3: by the rules for a row."""
    assert declined(ChangeEmail(email), known()).code == "bad-email"


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("email", ["ben@acme.example", "BEN@Acme.example", " ben@acme.example"])
def test_an_address_that_somebody_has_is_declined(state: str, email: str) -> None:
    """S1: whatever state the other is in, who is named by id alone."""
    other = in_state(state, BEN)

    error = declined(ChangeEmail(email), known(position=9), other)

    assert error.code == "email-taken"
    assert error.facts == {"other": other.id}
    assert str(other.id) in str(error)
    assert "change theirs first" in error.hint


def test_an_address_that_the_file_still_uses_for_somebody_else_is_declined() -> None:
    """S1, I8: the rows that carry it would mean two."""
    other = then(ben(), EmailChanged("benno@acme.example"))

    error = declined(ChangeEmail("Ben@acme.example"), known(), other)

    assert (error.code, error.facts) == ("email-taken", {"other": other.id})


def test_an_address_that_the_file_no_longer_uses_is_free() -> None:
    """S1, I8: until the file says something else, and no longer."""
    moved = then(ben(), EmailChanged("benno@acme.example"))
    (other,) = after(plan(row(person="E-ben,benno@acme.example,Ben,Cramer"), known=[moved]))

    found = do(ChangeEmail("ben@acme.example"), known(), other)

    assert kinds(found) == ["email-changed"]


def test_somebody_gets_their_former_address_back() -> None:
    """S1: the one that the file still uses for them is theirs."""
    ann = then(known(), EmailChanged("new@acme.example"))

    found = do(ChangeEmail("Ann@acme.example"), ann, ben())

    assert kinds(found) == ["email-changed"]
    assert result(found).email == "Ann@acme.example"
    assert kinds(plan(row(), known=after(found))) == []


@pytest.mark.parametrize("person", [ANN, NAMELESS], ids=["external id", "address alone"])
@pytest.mark.parametrize("said", ["ann@acme.example", "ANN@acme.example"])
def test_rows_with_the_old_address_mean_the_same_employee(person: str, said: str) -> None:
    """I8: and do not change it back, while the rest of the row applies."""
    ann = result(do(ChangeEmail("new@acme.example"), known(person)))
    changed = person.replace("ann@acme.example", said).replace("Ann", "Anna")

    found = plan(row(person=changed), known=[ann])

    assert kinds(found) == ["details-changed"]
    assert (result(found).id, result(found).email) == (ann.id, "new@acme.example")


@pytest.mark.parametrize("person", [ANN, NAMELESS], ids=["external id", "address alone"])
def test_the_file_that_takes_the_new_address_over_is_noted(person: str) -> None:
    """I8, L8: nothing shows; from then on the old address is nobody's, and news with the id."""
    ann = result(do(ChangeEmail("new@acme.example"), known(person)))

    followed = plan(row(person=person.replace("ann@", "new@")), known=[ann])
    back = plan(row(person=person), known=after(followed))

    assert kinds(followed) == ["file-noted"]
    assert result(followed).email == "new@acme.example"
    assert kinds(back) == (["email-changed"] if person == ANN else ["registered"])


def test_another_address_in_the_file_is_news() -> None:
    """I8, L8: until the file carries something else."""
    ann = result(do(ChangeEmail("new@acme.example"), known()))

    found = plan(row(person=ANN.replace("ann@", "third@")), known=[ann])

    assert kinds(found) == ["email-changed"]
    assert result(found).addresses == {"third@acme.example"}


def test_the_old_address_is_given_to_nobody_else_by_a_file() -> None:
    """I8, I2: she keeps it while the file uses it for her, and nobody else can have it."""
    ann = result(do(ChangeEmail("new@acme.example"), known()))

    found = plan(row(person=BEN.replace("ben@", "ann@")), known=[ann, ben()])

    assert (kinds(found), codes(found)) == ([], ["email-taken"])


# S2: somebody comes back


def test_the_past_day_that_the_file_still_repeats_is_not_taken_as_new() -> None:
    """S2: she stays, whatever the same file says at the next pick-ups and the clock finds."""
    gone = in_state("deactivated")

    ann = result(do(Reactivate(), gone))

    assert (ann.state, ann.offboarding_date) == (State.ACTIVE, None)
    again = plan(row(PAST), known=[ann], now=NOW + timedelta(hours=17))
    assert (kinds(again), codes(again), outcomes(again)) == ([], [], ["unchanged"])
    assert next_clock_run(ann, NOW + timedelta(days=400)) == []


def test_another_day_in_the_file_is_news_of_somebody_who_came_back() -> None:
    """S2, L8: also a past one, which is overdue then (L4)."""
    ann = result(do(Reactivate(), in_state("deactivated")))

    ahead = plan(row(LEAVES), known=[ann])
    past = plan(row("2027-02-27"), known=[ann])

    assert (kinds(ahead), codes(ahead)) == (["offboarding-scheduled"], [])
    assert (kinds(past), codes(past)) == (["offboarding-scheduled"], ["offboarding-overdue"])


def test_a_blank_in_the_file_makes_the_same_day_news_of_somebody_who_came_back() -> None:
    """L5: as after a cancelled offboarding."""
    ann = result(do(Reactivate(), in_state("deactivated")))

    blank = plan(row(), known=[ann])
    same = plan(row(PAST), known=after(blank))

    assert (kinds(blank), kinds(same)) == (["file-noted"], ["offboarding-scheduled"])


@pytest.mark.parametrize(
    ("now", "stands"),
    [
        (moment(f"{LEAVES} 22:59"), True),
        (moment(f"{LEAVES} 23:00"), False),
        (NOW, True),
    ],
)
def test_a_last_day_still_ahead_stands(now: datetime, stands: bool) -> None:
    """S2, L9: up to the very moment."""
    gone = result(do(Deactivate(), in_state("offboarding-scheduled")))

    ann = result(do(Reactivate(), gone, now=now))

    assert ann.offboarding_date == (LEAVES if stands else None)
    assert ann.state == ("offboarding-scheduled" if stands else "active")
    assert kinds(plan(row(LEAVES), known=[ann], now=now)) == []


def test_a_day_that_support_moved_to_stands_and_not_the_files() -> None:
    """S2: what is known of them, not what the file says."""
    moved = then(in_state("offboarding-scheduled"), OffboardingMoved(LATER), Deactivated())

    ann = result(do(Reactivate(), moved))

    assert ann.offboarding_date == LATER
    assert kinds(plan(row(LEAVES), known=[ann])) == []


@pytest.mark.parametrize(
    ("onboarding", "state"),
    [(STARTS, "pending"), (TOMORROW, "pending"), (TODAY, "active"), (YESTERDAY, "active")],
)
def test_somebody_who_has_not_started_is_pending_again(onboarding: object, state: str) -> None:
    """S2, L1: and starts on the day they would have."""
    gone = then(known(onboarding=onboarding), Deactivated())

    ann = result(do(Reactivate(), gone))

    assert ann.state == state
    due = ["activated"] if state == "pending" else []
    assert next_clock_run(ann, moment(f"{STARTS} 00:00")) == due


def test_somebody_who_has_not_started_keeps_the_last_day_ahead() -> None:
    """S2, L2: pending, whatever comes after."""
    gone = then(known(onboarding=STARTS, offboarding=LEAVES), Deactivated())

    ann = result(do(Reactivate(), gone))

    assert (ann.state, ann.offboarding_date) == (State.PENDING, LEAVES)


@pytest.mark.parametrize("state", ["deactivated", "offboarding-scheduled"])
def test_somebody_comes_back_until_a_new_last_day(state: str) -> None:
    """S2: instead of the one that is known, be it past or ahead."""
    gone = in_state(state)
    if state == "offboarding-scheduled":
        gone = then(gone, Deactivated())

    ann = result(do(Reactivate(LATER), gone))

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
def test_nobody_comes_back_until_a_day_that_is_over(
    last_day: object, now: datetime, over: bool
) -> None:
    """S2, L9"""
    request = Reactivate(day(str(last_day)))

    if over:
        assert declined(request, in_state("deactivated"), now=now).code == "last-day-over"
    else:
        assert kinds(do(request, in_state("deactivated"), now=now)) == ["reactivated"]


def test_nobody_comes_back_to_leave_before_they_start() -> None:
    """S2, L3: on the first day is early enough."""
    gone = then(known(onboarding=STARTS), Deactivated())

    error = declined(Reactivate(STARTS - timedelta(days=1)), gone)

    assert error.code == "leaves-before-starting"
    assert result(do(Reactivate(STARTS), gone)).state is State.PENDING


def test_the_last_day_of_somebody_here_is_not_moved_by_reactivating_them() -> None:
    """S2: where nothing is to be reactivated, S4 is what was meant; where it is known, nothing."""
    ann = in_state("offboarding-scheduled")

    assert kinds(do(Reactivate(LEAVES), ann)) == []
    error = declined(Reactivate(LATER), ann)
    assert (error.code, error.facts["state"]) == ("not-deactivated", "offboarding-scheduled")
    assert "offboarding-scheduled" in str(error)
    assert "tenure support offboard" in error.hint


# S3: another first day


@pytest.mark.parametrize("to", [TODAY, YESTERDAY, day("2027-01-01")])
def test_a_first_day_moved_to_today_or_earlier_is_a_start_at_once(to: object) -> None:
    """S3"""
    found = do(MoveOnboarding(day(str(to))), in_state("pending"))

    assert kinds(found) == ["onboarding-moved", "activated"]
    assert (result(found).state, str(result(found).onboarding_date)) == (State.ACTIVE, str(to))


@pytest.mark.parametrize("to", [TOMORROW, STARTS - timedelta(1), STARTS + timedelta(1), LATER])
def test_a_first_day_moved_ahead_leaves_them_pending(to: object) -> None:
    """S3, L9: earlier or later, until the clock finds the day has come."""
    first_day = day(str(to))

    found = do(MoveOnboarding(first_day), in_state("pending"))

    assert kinds(found) == ["onboarding-moved"]
    ann = result(found)
    assert (ann.state, ann.onboarding_date) == (State.PENDING, first_day)
    eve = moment(f"{first_day} 00:00") - timedelta(minutes=1)
    assert next_clock_run(ann, eve) == []
    assert next_clock_run(ann, moment(f"{first_day} 00:00")) == ["activated"]


def test_the_first_day_that_is_known_is_no_move() -> None:
    """S3: and where it has come before the clock has, it is a start at once."""
    assert kinds(do(MoveOnboarding(STARTS), in_state("pending"))) == []

    late = do(MoveOnboarding(STARTS), in_state("pending"), now=moment(f"{STARTS} 00:00"))
    assert kinds(late) == ["activated"]


def test_nobody_starts_after_their_last_day() -> None:
    """S3, L3: on it is early enough."""
    ann = known(onboarding=STARTS, offboarding=LEAVES)

    error = declined(MoveOnboarding(LEAVES + timedelta(days=1)), ann)

    assert error.code == "leaves-before-starting"
    assert "tenure support deactivate" in error.hint
    assert kinds(do(MoveOnboarding(LEAVES), ann)) == ["onboarding-moved"]


def test_who_starts_at_once_with_a_last_day_is_about_to_leave() -> None:
    """S3, L2"""
    found = do(MoveOnboarding(TODAY), known(onboarding=STARTS, offboarding=LEAVES))

    assert result(found).state is State.OFFBOARDING_SCHEDULED


def test_nobody_is_let_in_whose_last_day_is_over() -> None:
    """S3, L2: not until the clock comes; a day ahead waits for it, and lets nobody in."""
    ann = then(in_state("pending"), OffboardingScheduled(PAST), line=2)

    error = declined(MoveOnboarding(PAST), ann)

    assert error.code == "has-left"
    assert "cancel-offboarding" in error.hint


@pytest.mark.parametrize("state", STATES[1:])
def test_nobody_who_started_starts_on_another_day(state: str) -> None:
    """S3, L7: pending ones alone."""
    error = declined(MoveOnboarding(STARTS), in_state(state))

    assert (error.code, error.facts["state"]) == ("not-pending", state)
    assert f"the employee is {state}" in str(error)


def test_the_first_day_that_support_moved_is_not_moved_back_by_the_file() -> None:
    """S3, L7: the old one is ignored with a warning, while she waits and when she is here."""
    waiting = result(do(MoveOnboarding(LATER), in_state("pending")))
    started = result(do(MoveOnboarding(TODAY), in_state("pending")))

    for ann in (waiting, started):
        found = plan(row(onboarding=STARTS), known=[ann])

        assert (kinds(found), codes(found)) == ([], ["onboarding-date-fixed"])


# S4: a last day


@pytest.mark.parametrize(("known_day", "to"), [(LEAVES, LATER), (LATER, LEAVES)])
def test_support_moves_a_last_day_either_way(known_day: object, to: object) -> None:
    """S4"""
    found = do(Offboard(day(str(to))), known(offboarding=known_day))

    assert (kinds(found), str(result(found).offboarding_date)) == (["offboarding-moved"], str(to))


def test_the_old_day_in_the_file_is_no_news_until_it_said_something_else() -> None:
    """S4, L5, L8: after a move; a blank is something else, and notes itself."""
    ann = result(do(Offboard(LATER), in_state("offboarding-scheduled")))

    repeated = plan(row(LEAVES), known=[ann])
    blank = plan(row(), known=[ann])
    same = plan(row(LEAVES), known=after(blank))

    assert kinds(repeated) == []
    assert (kinds(blank), result(blank).offboarding_date) == (["file-noted"], LATER)
    assert (kinds(same), result(same).offboarding_date) == (["offboarding-moved"], LEAVES)


def test_a_blank_in_the_file_is_no_news_of_a_day_that_support_set() -> None:
    """S4, L5, L8: and a date is."""
    ann = result(do(Offboard(LEAVES), known()))

    assert kinds(plan(row(), known=[ann])) == []
    assert kinds(plan(row(LEAVES), known=[ann])) == ["file-noted"]
    assert kinds(plan(row(LATER), known=[ann])) == ["offboarding-moved"]


def test_a_day_that_support_cancelled_is_news_after_the_file_said_something_else() -> None:
    """S4, L5: repeated it is nothing; blank it is noted; then it is a new saying."""
    ann = result(do(CancelOffboarding(), in_state("offboarding-scheduled")))
    assert (ann.state, ann.offboarding_date) == (State.ACTIVE, None)

    repeated = plan(row(LEAVES), known=[ann])
    blank = plan(row(), known=[ann])
    same = plan(row(LEAVES), known=after(blank))

    assert (kinds(repeated), outcomes(repeated)) == ([], ["unchanged"])
    assert kinds(blank) == ["file-noted"]
    assert (kinds(same), result(same).offboarding_date) == (["offboarding-scheduled"], LEAVES)


def test_support_cancels_what_is_overdue_before_the_clock_comes() -> None:
    """S4: the account stays open that night."""
    ann = then(known(), OffboardingScheduled(YESTERDAY), line=2)
    assert next_clock_run(ann, NOW) == ["deactivated"]

    stays = result(do(CancelOffboarding(), ann))

    assert next_clock_run(stays, NOW) == []


def test_the_last_day_of_the_pending_is_cancelled() -> None:
    """S4, L2: they stay pending."""
    ann = result(do(CancelOffboarding(), known(onboarding=STARTS, offboarding=LEAVES)))

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
def test_a_last_day_that_is_over_is_accepted_and_the_clock_closes_the_account(
    state: str, last_day: object, now: datetime, overdue: bool
) -> None:
    """S4, L4: with a warning; a near one needs none, since support knows."""
    found = do(Offboard(day(str(last_day))), in_state(state), now=now)

    assert len(kinds(found)) == 1
    assert codes(found.issues) == (["offboarding-overdue"] if overdue else [])
    for issue in found.issues:
        assert (issue.severity, issue.email) == ("warning", "ann@acme.example")
        assert (issue.field, issue.value) == ("offboarding_date", str(last_day))
    assert next_clock_run(result(found), now) == (["deactivated"] if overdue else [])


def test_no_policy_rejects_what_support_sets_at_short_notice() -> None:
    """S4: the policy is about the file (L4)."""
    strict = a_company(policy={"short_notice": "reject"})

    assert kinds(do(Offboard(TOMORROW), known(), company=strict)) == ["offboarding-scheduled"]


def test_a_day_that_is_known_is_not_said_to_be_over() -> None:
    """S4: what changes nothing warns of nothing."""
    ann = then(known(), OffboardingScheduled(YESTERDAY), line=2)

    found = do(Offboard(YESTERDAY), ann)

    assert (kinds(found), found.issues) == ([], ())


@pytest.mark.parametrize("state", STATES[:3])
@pytest.mark.parametrize("days", [1, 400])
def test_nobody_is_set_to_leave_before_they_start(state: str, days: int) -> None:
    """S4, L3: whatever state they are in; on the first day is early enough."""
    ann = in_state(state)
    first_day = ann.onboarding_date
    last_day = first_day - timedelta(days=days)

    error = declined(Offboard(last_day), ann)

    assert error.code == "leaves-before-starting"
    assert not re.search(r"\d", f"{error} {error.hint}")
    assert kinds(do(Offboard(first_day), ann))[0].startswith("offboarding-")


@pytest.mark.parametrize("request_", [Offboard(LATER), CancelOffboarding()])
def test_somebody_deactivated_has_no_last_day_to_set_or_cancel(request_: Command) -> None:
    """S4: S2 brings them back first."""
    error = declined(request_, in_state("deactivated"))

    assert error.code == "is-deactivated"
    assert "tenure support reactivate" in error.hint


# S5: locked out now


@pytest.mark.parametrize("state", STATES[:3])
def test_support_locks_somebody_out_at_once(state: str) -> None:
    """S5: for good, as far as clock and file can tell (L6); the last day stays as it is known."""
    before = in_state(state)

    ann = result(do(Deactivate(), before))

    assert (ann.state, ann.effective) == (State.DEACTIVATED, NOW)
    assert ann.offboarding_date == before.offboarding_date
    assert next_clock_run(ann, NOW + timedelta(days=400)) == []
    repeated = plan(row(before.offboarding_date or ""), known=[ann])
    another = plan(row(LATER), known=[ann])
    assert (kinds(repeated), outcomes(repeated), codes(repeated)) == ([], ["unchanged"], [])
    assert (kinds(another), codes(another)) == ([], ["reactivation-needs-support"])


def test_a_blank_is_something_else_than_the_day_the_file_gave_of_somebody_locked_out() -> None:
    """S5, L6"""
    ann = result(do(Deactivate(), in_state("offboarding-scheduled")))

    assert codes(plan(row(), known=[ann])) == ["reactivation-needs-support"]


def test_who_was_locked_out_and_brought_back_the_same_day_is_as_before() -> None:
    """S5, S2"""
    for state in STATES[:3]:
        before = in_state(state)
        gone = result(do(Deactivate(), before))
        ann = result(do(Reactivate(), gone))

        assert ann == msgspec.structs.replace(
            before, version=before.version + 2, effective=ann.effective
        )


# S6: an external id


@pytest.mark.parametrize(("external_id", "linked"), [("E-1", "E-1"), (" 007 ", "007"), ("ë", "ë")])
def test_support_links_an_external_id(external_id: str, linked: str) -> None:
    """S6, W1: trimmed and in NFC."""
    found = do(Link(external_id.replace("ë", "e\u0308")), known(NAMELESS), ben())

    assert kinds(found) == ["external-id-linked"]
    assert result(found).external_id == linked


def test_the_file_that_says_the_linked_id_and_another_address_means_them() -> None:
    """S6, I1, I2: what linking is for."""
    ann = result(do(Link("E-ann"), known(NAMELESS)))

    found = plan(row(person=ANN.replace("ann@", "married@")), known=[ann])

    assert kinds(found) == ["email-changed"]
    assert (result(found).id, result(found).email) == (ann.id, "married@acme.example")


def test_without_the_link_the_same_row_is_somebody_new() -> None:
    """I6: the difference it makes."""
    found = plan(row(person=ANN.replace("ann@", "married@")), known=[known(NAMELESS)])

    assert kinds(found) == ["registered"]


def test_rows_go_on_meaning_whom_they_meant_after_a_link() -> None:
    """S6, I4, I3: without the id they leave it; with another one they are rejected."""
    ann = result(do(Link("E-ann"), known(NAMELESS)))

    assert outcomes(plan(row(person=NAMELESS), known=[ann])) == ["unchanged"]
    assert outcomes(plan(row(person=ANN), known=[ann])) == ["unchanged"]
    other = plan(row(person=ANN.replace("E-ann", "E-other")), known=[ann])
    assert (kinds(other), codes(other)) == ([], ["external-id-conflict"])


def test_the_same_external_id_is_no_change_and_another_is_declined() -> None:
    """S6: an id is linked once."""
    assert kinds(do(Link(" E-ann "), known(), ben())) == []
    assert declined(Link("E-other"), known(), ben()).code == "other-external-id"


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("person", [ANN, NAMELESS])
def test_an_external_id_that_somebody_has_is_declined(state: str, person: str) -> None:
    """S6: whatever state the other is in, who is named by id alone."""
    other = in_state(state, BEN)

    error = declined(Link("E-ben"), known(person, position=9), other)

    assert (error.code, error.facts) == ("external-id-taken", {"other": other.id})
    assert str(other.id) in str(error)


@pytest.mark.parametrize("external_id", ["e-ben", "E-BEN", "E-ben0"])
def test_external_ids_compare_exactly(external_id: str) -> None:
    """S6, I1"""
    assert result(do(Link(external_id), known(NAMELESS), ben())).external_id == external_id


@pytest.mark.parametrize("external_id", ["", "  ", "E-\n1", "E-\u200b1", "E-\x07", "E" * 11])
def test_an_external_id_that_is_none_is_declined(external_id: str) -> None:
    """S6, W1, F7: by the rules for a row, the company's limit among them."""
    company = a_company(limits={"cell": 10})

    error = declined(Link(external_id), known(NAMELESS), company=company)

    assert error.code == "bad-external-id"
    assert kinds(do(Link("E" * 10), known(NAMELESS), company=company)) == ["external-id-linked"]


# Whom a request might meet


@pytest.mark.parametrize(
    ("request_", "met"),
    [
        (ChangeEmail(" Zoe\u0308@Acme.example "), ("zo\u00eb@acme.example", None)),
        (Link(" E-Ann "), (None, "E-Ann")),
        (Reactivate(), (None, None)),
        (MoveOnboarding(TODAY), (None, None)),
        (Offboard(TODAY), (None, None)),
        (CancelOffboarding(), (None, None)),
        (Deactivate(), (None, None)),
    ],
)
def test_only_those_whom_a_request_might_meet_are_looked_up(
    request_: Command, met: tuple[str | None, str | None]
) -> None:
    """S1, S6: as they compare (I1)."""
    assert lookup_keys(request_) == met


# What is declined, as a sentence


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
    yield declined(MoveOnboarding(LATER), ann)
    yield declined(Offboard(PAST), pending)
    yield declined(MoveOnboarding(PAST), then(pending, OffboardingScheduled(PAST), line=2))


@cache
def by_code() -> dict[str, CommandRejected]:
    return {error.code: error for error in one_of_each()}


def test_everything_that_is_declined_is_declined_here() -> None:
    """Every code has an example, so that what follows holds for all of them."""
    assert set(by_code()) == set(REJECTIONS)


@pytest.mark.parametrize("code", list(REJECTIONS))
def test_what_is_declined_is_said_in_whole_sentences(code: str) -> None:
    """What is wrong and what to do, in a line each, with every blank filled in."""
    error = by_code()[code]

    for text in (str(error), error.hint):
        assert text[0].islower() or text[0] == "`"
        assert not re.search(r"[{}\n]|\.$|\bNone\b|  |datetime", text)
    assert str(error) != error.hint


def test_a_request_shows_nothing_of_what_is_asked() -> None:
    """Errors and logs name nobody."""
    for request in (ChangeEmail("secret@acme.example"), Link("E-secret"), Offboard(LATER)):
        assert repr(request) == f"<{type(request).__name__}>"
