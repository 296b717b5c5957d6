"""What support can do for one employee in each state, and that it stands (S1-S11, I8, L5, L8)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
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
    cases,
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


# What each command does to the dates, in the states that matter


def history(text: str) -> Employee:
    """Ann after what happened to her: `from 2027-04-01 until 2027-06-30; closed`."""
    hired, *steps = text.split("; ")
    words = hired.split()
    days = dict(zip(words[::2], words[1::2], strict=False))
    ann = known(onboarding=days.get("from", ""), offboarding=days.get("until", ""))
    for what, _, said in (step.partition(" ") for step in steps):
        if what == "set":
            ann = then(ann, OffboardingScheduled(day(said)), line=2)
        else:
            ann = then(ann, OffboardingMoved(day(said)) if what == "moved" else Deactivated())
    return ann


def command_of(text: str) -> Command:
    """The command of a text: `offboard 2027-08-31`."""
    name, _, said = text.partition(" ")
    match name:
        case "reactivate":
            return Reactivate(day(said) if said else None)
        case "start":
            return MoveOnboarding(day(said))
        case "offboard":
            return Offboard(day(said))
        case _:
            return CancelOffboarding()


COMMANDS = """
    S2: a reactivation forgets a last day that is over
        until 2027-02-26; closed | reactivate | now | reactivated | active | no event
    S2, L9: it keeps one that is ahead
        until 2027-06-30; closed | reactivate | now | reactivated |
          offboarding-scheduled until 2027-06-30 | deactivated
    S2, L9: one that is today until 23:00
        until 2027-06-30; closed | reactivate | 2027-06-30 22:59 | reactivated |
          offboarding-scheduled until 2027-06-30 | deactivated
    S2, L9: and not from then on
        until 2027-06-30; closed | reactivate | 2027-06-30 23:00 | reactivated | active | no event
    S2: it keeps one of support before one of the file
        until 2027-06-30; moved 2027-08-31; closed | reactivate | now | reactivated |
          offboarding-scheduled until 2027-08-31 | deactivated
    S2: a new last day replaces one that is over
        until 2027-02-26; closed | reactivate 2027-08-31 | now | reactivated |
          offboarding-scheduled until 2027-08-31 | deactivated
    S2: and one that is ahead
        until 2027-06-30; closed | reactivate 2027-08-31 | now | reactivated |
          offboarding-scheduled until 2027-08-31 | deactivated
    S2, L9: a new last day may be today until 23:00
        until 2027-02-26; closed | reactivate 2027-03-01 | 2027-03-01 22:59 | reactivated |
          offboarding-scheduled until 2027-03-01 | deactivated
    S2, L9: and not from then on
        until 2027-02-26; closed | reactivate 2027-03-01 | 2027-03-01 23:00 | last-day-over!
    S2, L9: nor yesterday
        until 2027-02-26; closed | reactivate 2027-02-28 | now | last-day-over!
    S2, L1: who starts later is pending after a reactivation
        from 2027-03-02; closed | reactivate | now | reactivated | pending from 2027-03-02 |
          activated
    S2, L1: who starts today is active
        from 2027-03-01; closed | reactivate | now | reactivated | active | no event
    S2, L2: who starts and leaves later is pending and keeps the last day
        from 2027-04-01 until 2027-06-30; closed | reactivate | now | reactivated |
          pending from 2027-04-01 until 2027-06-30 | activated deactivated
    S2, L3: a new last day is no earlier than the first day
        from 2027-04-01; closed | reactivate 2027-03-31 | now | leaves-before-starting!
    S2, L3: and may be that day
        from 2027-04-01; closed | reactivate 2027-04-01 | now | reactivated |
          pending from 2027-04-01 until 2027-04-01 | activated deactivated
    S3: a first day that is moved to today starts at once
        from 2027-04-01 | start 2027-03-01 | now | onboarding-moved activated | active |
          no event
    S3: one that is moved to the past too
        from 2027-04-01 | start 2027-01-01 | now | onboarding-moved activated | active |
          no event
    S3: one that is moved to another day ahead does not
        from 2027-04-01 | start 2027-03-02 | now | onboarding-moved | pending from 2027-03-02 |
          activated
    S3: the known first day is no move
        from 2027-04-01 | start 2027-04-01 | now | no event | pending from 2027-04-01 |
          activated
    S3: but starts when it has come
        from 2027-04-01 | start 2027-04-01 | 2027-04-01 00:00 | activated | active | no event
    S3, L2: who starts at once with a last day is scheduled
        from 2027-04-01 until 2027-06-30 | start 2027-03-01 | now | onboarding-moved activated |
          offboarding-scheduled until 2027-06-30 | deactivated
    S3, L3: a first day is no later than the last day
        from 2027-04-01 until 2027-06-30 | start 2027-07-01 | now | leaves-before-starting!
    S3, L3: and may be that day
        from 2027-04-01 until 2027-06-30 | start 2027-06-30 | now | onboarding-moved |
          pending from 2027-06-30 until 2027-06-30 | activated deactivated
    S3, L2: nobody starts after the last day
        from 2027-04-01; set 2027-02-26 | start 2027-02-26 | now | has-left!
    S3: a first day that has passed is corrected
        hired | start 2020-01-01 | now | onboarding-moved | active | no event
    S3: that of somebody who leaves too
        until 2027-06-30 | start 2027-03-01 | now | onboarding-moved |
          offboarding-scheduled until 2027-06-30 | deactivated
    S3: who then starts later waits for that day
        hired | start 2027-03-02 | now | onboarding-moved | pending from 2027-03-02 | activated
    S3: also with a last day
        until 2027-06-30 | start 2027-04-01 | now | onboarding-moved |
          pending from 2027-04-01 until 2027-06-30 | activated deactivated
    S4: a last day is moved to a later day
        until 2027-06-30 | offboard 2027-08-31 | now | offboarding-moved |
          offboarding-scheduled until 2027-08-31 | deactivated
    S4: and to an earlier one
        until 2027-08-31 | offboard 2027-06-30 | now | offboarding-moved |
          offboarding-scheduled until 2027-06-30 | deactivated
    S4, L4: one that is over is accepted and told
        hired | offboard 2027-02-28 | now | offboarding-scheduled |
          offboarding-scheduled until 2027-02-28 | deactivated | offboarding-overdue
    S4, L4: so is one that is moved to a day that is over
        until 2027-06-30 | offboard 2027-02-26 | now | offboarding-moved |
          offboarding-scheduled until 2027-02-26 | deactivated | offboarding-overdue
    S4, L4: one of today is over from 23:00 on
        hired | offboard 2027-03-01 | 2027-03-01 23:00 | offboarding-scheduled |
          offboarding-scheduled until 2027-03-01 | deactivated | offboarding-overdue
    S4, L4: and not before
        hired | offboard 2027-03-01 | 2027-03-01 22:59 | offboarding-scheduled |
          offboarding-scheduled until 2027-03-01 | deactivated
    S4: the known last day is no change, and is not told again
        hired; set 2027-02-28 | offboard 2027-02-28 | now | no event |
          offboarding-scheduled until 2027-02-28 | deactivated
    S4, L3: a last day is no earlier than the first day, of a pending employee
        from 2027-04-01 | offboard 2027-03-31 | now | leaves-before-starting!
    S4, L3: of an active one
        hired | offboard 2026-01-04 | now | leaves-before-starting!
    S4, L3: and of one who leaves
        until 2027-06-30 | offboard 2026-01-04 | now | leaves-before-starting!
    S4, L3: it may be that day
        hired | offboard 2026-01-05 | now | offboarding-scheduled |
          offboarding-scheduled until 2026-01-05 | deactivated | offboarding-overdue
    S4: an overdue last day can be cancelled
        hired; set 2027-02-28 | cancel | now | offboarding-cancelled | active | no event
    S4, L2: a pending employee stays pending without a last day
        from 2027-04-01 until 2027-06-30 | cancel | now | offboarding-cancelled |
          pending from 2027-04-01 | activated
"""
"""Ann's history, by file but for `moved` | the command | when it is given | the events, or the code
with `!` where it is rejected | what she is then | what the clock makes later | the issues."""


@pytest.mark.parametrize(
    ("before", "command", "when", "events", "becomes", "later", "issues"), cases(COMMANDS, 7)
)
def test_a_command_moves_days_and_the_state_follows(
    before: str, command: str, when: str, events: str, becomes: str, later: str, issues: str
) -> None:
    """S2-S4, L1-L4, L9: The state of an employee follows from the days that support sets. A command
    that would contradict the other day, or that comes too late, is rejected.
    """
    # given
    ann = history(before)
    now = NOW if when == "now" else moment(when)
    request = command_of(command)

    # when
    if events.endswith("!"):
        assert f"{declined(request, ann, now=now).code}!" == events
        return
    found = do(request, ann, now=now)
    (ann,) = after(found, [ann])

    # then
    assert (kinds(found), codes(found.issues)) == (events.split(), issues.split())
    first = f" from {ann.onboarding_date}" if ann.state is State.PENDING else ""
    last = f" until {ann.offboarding_date}" if ann.offboarding_date else ""
    assert f"{ann.state}{first}{last}" == becomes
    assert next_clock_run(ann, now + timedelta(days=400)) == later.split()


@pytest.mark.parametrize(
    ("request_", "before", "hint"),
    [
        (Offboard(LATER), "until 2027-02-26; closed", "tenure support reactivate"),
        (CancelOffboarding(), "until 2027-02-26; closed", "tenure support reactivate"),
        (MoveOnboarding(LATER), "from 2027-04-01 until 2027-06-30", "tenure support deactivate"),
        (MoveOnboarding(PAST), "from 2027-04-01; set 2027-02-26", "cancel-offboarding"),
    ],
)
def test_the_hint_of_a_rejected_command_names_the_one_that_helps(
    request_: Command, before: str, hint: str
) -> None:
    """S3, S4: The hint names the command for what support may have meant, and no day."""
    # when
    error = declined(request_, history(before))

    # then
    assert hint in error.hint
    assert not re.search(r"\d", f"{error} {error.hint}")


def test_the_notice_period_does_not_bind_support() -> None:
    """S4: Support can set a last day at short notice, even if the policy rejects such rows."""
    # given
    strict = a_company(policy={"short_notice": "reject"})

    # when / then
    assert kinds(do(Offboard(TOMORROW), known(), company=strict)) == ["offboarding-scheduled"]


# S1: change an e-mail address


@pytest.mark.parametrize(
    ("email", "becomes"),
    [
        ("  Zoe\u0308.Smit@Acme.example ", "Zo\u00eb.Smit@Acme.example"),
        (" ANN@Acme.example", "ann@acme.example"),
        ("", "bad-email!"),
        ("secret@acme", "bad-email!"),
        ("se\u200bcret@acme.example", "bad-email!"),
        (f"{'s' * 64}@{'acme.' * 40}example", "bad-email!"),
    ],
)
def test_an_address_is_judged_as_in_a_row(email: str, becomes: str) -> None:
    """S1, W1-W3, I1: An address is trimmed, normalised and judged by the rules of a row. One that
    differs in case alone is no change.
    """
    if becomes.endswith("!"):
        assert f"{declined(ChangeEmail(email), known()).code}!" == becomes
    else:
        (ann,) = after(do(ChangeEmail(email), known()), [known()])
        assert (ann.email, ann.file_email) == (becomes, "ann@acme.example")


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


# S2: reactivate


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


# S4: schedule, move or cancel an offboarding


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


@pytest.mark.parametrize(
    ("external_id", "person", "becomes"),
    [
        (" 007 ", NAMELESS, "007"),
        ("e\u0308", NAMELESS, "\u00eb"),
        ("e-ben", NAMELESS, "e-ben"),
        ("E-ben0", NAMELESS, "E-ben0"),
        (" E-ann ", ANN, "E-ann"),
        ("E-other", ANN, "other-external-id!"),
        ("", NAMELESS, "bad-external-id!"),
        ("E-\n1", NAMELESS, "bad-external-id!"),
        ("E-\u200b1", NAMELESS, "bad-external-id!"),
        ("E" * 11, NAMELESS, "bad-external-id!"),
        ("E" * 10, NAMELESS, "E" * 10),
    ],
)
def test_an_external_id_is_judged_as_in_a_row(external_id: str, person: str, becomes: str) -> None:
    """S6, W1, I1, F7: An external id is trimmed, normalised and judged by the rules of a row. It
    compares exactly with those of others, and only the employee's own is no change.
    """
    # given
    ann, company = known(person), a_company(limits={"cell": 10})

    # when / then
    if becomes.endswith("!"):
        assert f"{declined(Link(external_id), ann, ben(), company=company).code}!" == becomes
    else:
        (ann,) = after(do(Link(external_id), ann, ben(), company=company), [ann])
        assert ann.external_id == becomes


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
