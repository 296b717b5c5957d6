"""What must hold of every delivery, whatever happened to the company before."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime, time, timedelta
from itertools import chain
from typing import Any

import msgspec
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from domain.context import DecisionContext, Moment
from domain.delivery.plan import Plan, RowOutcome
from domain.employee.aggregate import Employee, fold
from domain.employee.change import Change
from domain.employee.commands import Command, lookup_keys
from domain.employee.events import Activated, Deactivated, State
from domain.employee.rejection import CommandRejected
from domain.employee.roster import Roster
from domain.employee.statement import address_of
from domain.employee.support import plan_support
from domain.outcome import Outcome
from domain.schedule import Schedule
from tests.given import codes, kinds, roster_after
from tests.strategies import (
    ADDRESSES,
    Agree,
    Ask,
    Deliver,
    Delivery,
    Export,
    Life,
    PassClock,
    Story,
    Wait,
    examples,
    named,
    requests,
    stories,
    waits,
)

pytestmark = pytest.mark.torture


# How outcomes are compared


def people(roster: Roster, known: Iterable[Employee] = ()) -> Counter[str]:
    """Everyone of a roster as their content alone: addresses as they compare (I1), and no ids for
    those who are not `known`, since an id tells in which line someone was met first."""
    kept = {employee.id for employee in known}
    found: Counter[str] = Counter()
    for entry in roster.entries:
        employee = roster.employee(entry)
        content = {name: getattr(employee, name) for name in employee.__struct_fields__}
        content["email"] = address_of(employee.email)
        content["file_email"] = address_of(employee.file_email)
        if employee.id not in kept:
            del content["id"]
        found[msgspec.json.encode(content, order="sorted").decode()] += 1
    return found


def fates(plan: Plan, delivery: Delivery) -> Counter[tuple[Any, ...]]:
    """What became of every row and what was said of it, by file and what the row says."""
    outcomes = {(each.file, each.line): each.outcome for each in plan.results}
    said: defaultdict[tuple[str | None, int | None], list[str]] = defaultdict(list)
    for issue in plan.issues:
        said[issue.file, issue.line].append(issue.code)
    return Counter(
        (
            name,
            export.content(row),
            outcomes.get((name, line), RowOutcome.UNCHANGED),
            tuple(sorted(said[name, line])),
        )
        for name, export in named(delivery)
        for line, row in export.filled().items()
    )


# What must hold


@examples(150)
@given(stories())
def test_a_delivery_that_comes_again_changes_nothing(story: Story) -> None:
    """L10, R1: planning a delivery again, right after it was applied, yields no event."""
    for life, delivery in Life.arrivals(story):
        # given
        other = life.fork()
        other.roster = roster_after(life.plan(delivery), life.roster)

        # when
        again = other.plan(delivery)

        # then
        assert kinds(again) == []


@examples(100)
@given(stories(), st.one_of(waits(), st.just(Wait(24 * 365))))
def test_a_delivery_that_comes_again_later_changes_nothing(story: Story, wait: Wait) -> None:
    """L10: nor does it later, while no clock run lies between.

    One thing changes with time alone: where short notice rejects, a row that was rejected for it
    is accepted once its last day is over (L4). There it is a later moment before that.
    """
    # given
    life = Life.of(story)
    life.insist(story.delivery)

    # when
    before = life.now
    life.take(wait)
    if life.company.policy.short_notice == "reject":
        life.now = min(life.now, max(before, end_of_day(before)))
    again = life.plan(story.delivery)

    # then
    assert kinds(again) == []


def end_of_day(now: datetime) -> datetime:
    """The last moment before people whose last day it is are locked out."""
    return datetime.combine(now.date(), time(22, 59), now.tzinfo)


@examples(150)
@given(stories(), st.data())
def test_the_order_of_rows_does_not_matter(story: Story, data: st.DataObject) -> None:
    """I2, I7: rows are judged all at once, whatever their order within their file."""
    # given
    life = Life.of(story)
    known = life.employees
    shuffled = tuple(
        Export(export.columns, tuple(data.draw(st.permutations(export.rows))))
        for export in story.delivery
    )

    # when
    one, other = life.plan(story.delivery), life.plan(shuffled)

    # then
    assert fates(one, story.delivery) == fates(other, shuffled)
    assert one.counts == other.counts
    assert people(roster_after(one, life.roster), known) == people(
        roster_after(other, life.roster), known
    )


@examples(100)
@given(stories())
def test_every_row_is_accounted_for_once(story: Story) -> None:
    """R2, W9: every row that is not blank (F8) has one verdict."""
    for life, delivery in Life.arrivals(story):
        # given
        delivered = {(name, line) for name, export in named(delivery) for line in export.filled()}

        # when
        plan = life.plan(delivery)
        in_full = life.plan(delivery, digests=False)

        # then
        counts = plan.counts
        assert counts.rows == len(delivered)
        assert counts.rows == sum(getattr(counts, verdict.value) for verdict in RowOutcome)
        assert len(plan.results) + plan.recognised == len(delivered)
        judged = [(each.file, each.line) for each in in_full.results]
        assert len(judged) == len(delivered)
        assert set(judged) == delivered


@examples(150)
@given(stories())
def test_an_identity_means_one_employee(story: Story) -> None:
    """I1, I2, I8: no external id and no address, theirs or the file's, means two employees."""
    # given
    life = Life(story.policy)

    for step in (*story.steps, Deliver(story.delivery)):
        # when
        life.take(step)

        # then
        assert_identities_are_apart(life.employees)


@examples(100)
@given(stories(max_steps=8))
def test_the_roster_is_the_fold_of_the_events(story: Story) -> None:
    """R1, C1: events alone tell everything; streams have no gaps, and time runs one way in them."""
    # given
    life = Life.of(story)

    # when
    life.insist(story.delivery)
    life.take(Wait(24 * 20))
    life.pass_clock()

    # then
    assert {each.id: fold(None, life.recorded[each.id]) for each in life.employees} == {
        each.id: each for each in life.employees
    }
    assert life.recorded.keys() == {each.id for each in life.employees}
    for stream in life.recorded.values():
        assert [one.originator_version for one in stream] == list(range(1, len(stream) + 1))
        effective = [one.effective for one in stream]
        assert effective == sorted(effective)


@examples(100)
@given(stories(max_steps=8))
def test_a_state_is_one_of_four_and_fits_the_dates(story: Story) -> None:
    """L2, L4, C1: who is active is scheduled exactly if they have a last day; and after a clock run
    nobody is waiting for a moment that has come."""
    # given
    life = Life(story.policy)
    schedule = Schedule()

    for step in (*story.steps, Deliver(story.delivery), Wait(24), PassClock()):
        # when
        life.take(step)

        # then
        for employee in life.employees:
            last_day = employee.offboarding_date
            assert employee.state in set(State)
            if employee.state is State.ACTIVE:
                assert last_day is None
            if employee.state is State.OFFBOARDING_SCHEDULED:
                assert last_day is not None
            if isinstance(step, PassClock) and employee.state is not State.DEACTIVATED:
                assert last_day is None or schedule.deactivation_of(last_day) > life.now
                pending = employee.state is State.PENDING
                assert pending == (schedule.activation_of(employee.onboarding_date) > life.now)


@examples(100)
@given(stories())
def test_an_import_leaves_the_clock_its_work(story: Story) -> None:
    """C3: an import never deactivates, and activates only whom it registers."""
    for life, delivery in Life.arrivals(story):
        # when
        plan = life.plan(delivery)

        # then
        for change in plan.changes:
            made = [recorded.event for recorded in change.events]
            assert not [one for one in made if isinstance(one, Activated | Deactivated)]
            assert change.after.state is not State.DEACTIVATED
            if change.before is not None:
                was_pending = change.before.state is State.PENDING
                assert was_pending == (change.after.state is State.PENDING)


@examples(60)
@given(stories(), waits())
def test_a_clock_run_leaves_nothing_to_the_next(story: Story, wait: Wait) -> None:
    """C2: running the clock again changes nothing."""
    # given
    life = Life.of(story)
    life.insist(story.delivery)
    life.take(wait)
    life.pass_clock()

    # when
    again = life.pass_clock()

    # then
    assert again.changes == ()


# Support


@examples(100)
@given(stories(), requests())
def test_what_support_changed_stands_while_the_file_repeats_itself(
    story: Story, asked: Ask
) -> None:
    """L5, L8, I8, S1-S6: a delivery that was accepted does not undo what support did since.

    What it says of somebody deactivated waits for their reactivation (L6), and a link may tell
    whom a row meant all along: there the field itself is looked at.
    """
    for life, delivery in Life.arrivals(story):
        # given
        if waits_for_something(life.insist(delivery)):
            continue

        # when
        for one, other, change in life.every_answer(asked):
            again = other.plan(delivery)

            # then
            event(one.what)
            told = [each for each in again.changes if each.after.id == change.after.id]
            if one.what == "link":
                assert [each for each in told if each.after.external_id != asked.external_id] == []
            elif one.what.startswith("reactivate"):
                assert [each for each in told if says_of_leaving(each)] == []
            else:
                assert kinds(again) == []


def waits_for_something(plan: Plan) -> bool:
    """Whether a row of the delivery may be accepted once somebody changed."""
    return plan.counts.rejected > 0 or "already-left" in codes(plan)


def says_of_leaving(change: Change) -> bool:
    """Whether a change tells that the file said something of somebody's last day."""
    assert change.before is not None
    said = {each.file_offboarding_date for each in (change.before, change.after)}
    known = {each.offboarding_date for each in (change.before, change.after)}
    return len(said) > 1 or len(known) > 1


@examples(100)
@given(stories(), requests("deactivate"), requests("reactivate", "reactivate-until"))
def test_who_was_locked_out_and_comes_back_meets_the_same_file_unharmed(
    story: Story, gone: Ask, back: Ask
) -> None:
    """S2, S5, L6, L8: nothing is news of them that was not before they went."""
    for life, delivery in Life.arrivals(story):
        # given
        if waits_for_something(life.insist(delivery)):
            continue
        change = life.ask(gone)
        meanwhile = life.insist(delivery)
        life.now += timedelta(hours=12)

        # when
        returned = life.ask(back._replace(who=gone.who))

        # then
        event(f"came back: {returned is not None and change is not None}")
        assert kinds(meanwhile) == []
        assert kinds(life.plan(delivery)) == []
        life.pass_clock()
        if returned is not None and back.what == "reactivate":
            employee = life.whom(gone)
            assert employee is not None
            assert employee.state is not State.DEACTIVATED


@examples(100)
@given(stories(), requests())
def test_a_support_action_that_is_repeated_does_nothing(story: Story, asked: Ask) -> None:
    """R1, S1-S6: nobody changes once more."""
    # given
    life = Life.of(story)

    for one, other, change in life.every_answer(asked):
        # when
        again = other.ask(one)

        # then
        event(one.what)
        assert again is None
        assert other.whom(one) == change.after


@examples(100)
@given(stories(), requests())
def test_support_leaves_everybody_an_address_and_an_id_of_their_own(
    story: Story, asked: Ask
) -> None:
    """S1, S6, I8: neither is ever another's as well, nor an address that the file uses for
    another."""
    # given
    life = Life.of(story)

    for number in range(len(life.roster.entries)):
        for address in (*ADDRESSES, asked.address):
            # when
            life.ask(asked._replace(what="change-email", who=number, address=address))
            life.ask(asked._replace(what="link", who=number))

            # then
            assert_identities_are_apart(life.employees)


def assert_identities_are_apart(employees: Iterable[Employee]) -> None:
    addresses = Counter(address for each in employees for address in each.addresses)
    external_ids = Counter(each.external_id for each in employees if each.external_id)
    assert [address for address, count in addresses.items() if count > 1] == []
    assert [external_id for external_id, count in external_ids.items() if count > 1] == []


@examples(100)
@given(stories(), requests())
def test_what_support_did_is_the_fold_of_its_events(story: Story, asked: Ask) -> None:
    """R1, C1, S1-S6: events alone tell it, and time runs one way in them."""
    # given
    life = Life.of(story)

    for _, other, change in life.every_answer(asked):
        # then
        stream = other.recorded[change.after.id]
        assert stream[-len(change.events) :] == list(change.events)
        assert fold(None, stream) == change.after
        effective = [one.effective for one in stream]
        assert effective == sorted(effective)
        assert [one.originator_version for one in stream] == list(range(1, len(stream) + 1))


@examples(150)
@given(stories(), requests("change-email", "link"))
def test_support_needs_to_know_only_whom_it_might_meet(story: Story, asked: Ask) -> None:
    """S1, S6: planned beside those alone who are looked up, it is what it is beside everybody."""
    # given
    life = Life.of(story)
    employee = life.whom(asked)
    if employee is None:
        return
    command = asked.command(life.now.date())
    address, external_id = lookup_keys(command)
    some = Roster(
        [
            entry
            for entry in life.roster.entries
            if entry.employee == employee.id.hex
            or address in entry.addresses
            or (external_id is not None and entry.external_id == external_id)
        ],
        msgspec.json.Decoder(Employee).decode,
    )

    # when
    context = DecisionContext(life.company, Schedule(), Moment(life.next_run, life.now))
    among_some, among_all = (answer(command, employee, one, context) for one in (some, life.roster))

    # then
    event(f"{asked.what}, declined: {isinstance(among_all, str)}")
    assert among_some == among_all


def answer(
    command: Command, employee: Employee, roster: Roster, context: DecisionContext
) -> tuple[Change, ...] | str:
    """What support does, or what it says instead."""
    try:
        return plan_support(command, employee, roster, context).changes
    except CommandRejected as declined:
        return str(declined)


# The safeguard


@examples(150)
@given(stories())
def test_a_held_delivery_changes_nothing_until_somebody_approves_it(story: Story) -> None:
    """B1-B3: nobody, no digest, and nothing by which it would be recognised; then all of it."""
    for life, delivery in Life.arrivals(wary(story)):
        # given
        life, before = life.fork(), life.roster
        life.discard()
        stream = life.state
        events = {each: list(told) for each, told in life.recorded.items()}

        # when
        planned = life.deliver(delivery)

        # then
        event(f"held: {planned.outcome is Outcome.HELD}")
        if planned.outcome is not Outcome.HELD:
            assert life.state.held is None
            continue
        assert life.roster.entries == before.entries
        assert life.recorded == events
        assert (life.state.changed, life.state.applied, life.state.approved) == (
            stream.changed,
            stream.applied,
            stream.approved,
        )

        # when it comes again
        once = life.state
        life.deliver(delivery)

        # then
        assert life.state == once

        # when somebody approves it
        approved = life.approve()

        # then
        assert approved is not None
        assert approved.outcome is not Outcome.HELD
        assert approved.counts == planned.counts
        assert life.state.held is None
        assert people(life.roster, life.employees) == people(
            roster_after(approved, before), life.employees
        )
        assert kinds(life.plan(delivery)) == []


@examples(100)
@given(stories(), requests())
def test_an_approval_applies_what_was_held_and_nothing_else(story: Story, asked: Ask) -> None:
    """B2: where somebody changed since, the delivery is planned again, and held again unless
    nothing is too much any more."""
    for life, delivery in Life.arrivals(wary(story)):
        # given
        planned = life.deliver(delivery)
        held = life.state.held
        if held is None:
            continue

        for one, other, _ in life.every_answer(asked):
            # when
            before, anew = other.roster, other.plan(delivery)
            approved = other.approve()

            # then
            event(f"{one.what}, held again: {other.state.held is not None}")
            assert approved is not None
            assert approved.counts == anew.counts
            assert approved.concerns == anew.concerns
            if anew.concerns:
                assert other.state.held is not None
                assert other.state.held.run != held.run
                assert other.roster.entries == before.entries
            else:
                assert other.state.held is None

        # when nobody changed, though somebody asked for what was so already
        life.take(asked._replace(what="cancel"))
        if life.state.changed > held.version:
            continue
        approved = life.approve()

        # then
        assert approved is not None
        assert (approved.concerns, life.state.held) == ((), None)
        assert approved.counts == planned.counts
        assert kinds(life.deliver(delivery)) == []
        assert life.state.held is None


def wary(story: Story) -> Story:
    """The story in a company that expects hardly anything."""
    limits = ("max_offboardings", "max_email_changes", "max_registrations", "max_rejected_rows")
    steps = (step for step in story.steps if not isinstance(step, Agree))
    policy = {**story.policy, **dict.fromkeys(limits, 1)}
    return story._replace(policy=policy, steps=tuple(steps))


@examples(150)
@given(stories())
def test_a_delivery_is_held_for_what_it_does_and_for_nothing_else(story: Story) -> None:
    """B1: counted from whom it leaves how, in whole people and rows."""
    for life, delivery in chain(Life.arrivals(story), Life.arrivals(wary(story))):
        # when
        plan = life.plan(delivery)

        # then
        policy, counts = life.company.policy, plan.counts
        here = sum(each.state in HERE for each in life.employees)
        known = [change for change in plan.changes if change.before]
        new = counts.registered if life.employees else 0
        measures = {
            "many-offboardings": (sum(map(leaves_sooner, known)), here, 5),
            "many-email-changes": (sum(map(is_readdressed, known)), here, 5),
            "many-registrations": (new, len(life.employees), 50),
            "many-rejected-rows": (counts.rejected, counts.rows, 5),
        }
        limits = (
            policy.max_offboardings,
            policy.max_email_changes,
            policy.max_registrations,
            policy.max_rejected_rows,
        )
        expected = [
            code
            for (code, measured), limit in zip(measures.items(), limits, strict=True)
            if limit != 0 and is_too_much(*measured, limit)
        ]
        event(", ".join(expected))
        assert codes(plan.concerns) == expected
        assert (plan.outcome is Outcome.HELD) == bool(expected)


HERE = (State.ACTIVE, State.OFFBOARDING_SCHEDULED)


def is_too_much(count: int, base: int, floor: int, limit: int | str) -> bool:
    if isinstance(limit, int):
        return count > limit
    return count > floor and count * 100 > base * int(limit[:-1])


def is_readdressed(change: Change) -> bool:
    assert change.before is not None
    return address_of(change.before.email) != address_of(change.after.email)


def leaves_sooner(change: Change) -> bool:
    """Whether somebody's last day is earlier than it was, or their first."""
    assert change.before is not None
    before, day = change.before.offboarding_date, change.after.offboarding_date
    return day is not None and (before is None or day < before)


# Recognition


@examples(150)
@given(stories())
def test_rows_are_recognised_for_speed_alone(story: Story) -> None:
    """L10: without the digests that recognise a row, a plan says and does exactly the same."""
    for life, delivery in Life.arrivals(story):
        # when
        short = life.plan(delivery)
        full = life.plan(delivery, digests=False)

        # then
        event(f"rows recognised: {min(short.recognised, 5)}")
        assert full.recognised == 0
        assert short.counts == full.counts
        assert short.issues == full.issues
        assert short.concerns == full.concerns
        assert [(one.after, one.events) for one in short.changes] == [
            (one.after, one.events) for one in full.changes
        ]
        read = {(each.file, each.line): each.outcome for each in short.results}
        for each in full.results:
            assert read.get((each.file, each.line), RowOutcome.UNCHANGED) is each.outcome


@examples(150)
@given(stories(), waits(), st.booleans())
def test_a_delivery_is_recognised_only_where_reading_it_would_do_nothing(
    story: Story, wait: Wait, clock: bool
) -> None:
    """D8: a recognised delivery would change nothing and say again what lasts, nothing else."""
    # given
    life = Life.of(story)
    first = life.insist(story.delivery)
    life.take(wait)
    passed = life.pass_clock() if clock else None

    # when
    applied = life.recognises(story.delivery)
    read = life.plan(story.delivery)

    # then
    touched = passed is not None and bool(passed.changes)
    assert (applied is None) == (touched or first.counts.rejected > 0)
    event(f"recognised: {applied is not None}")
    if applied is None:
        return
    assert kinds(read) == []
    assert list(read.issues) == [one for one in life.issues[applied.run] if one.lasting]
    counts = read.counts
    assert (counts.rows, counts.absent, counts.skipped) == (
        applied.rows,
        applied.absent,
        applied.skipped,
    )
    assert counts.unchanged == applied.rows - applied.skipped


@examples(150)
@given(stories())
def test_a_rejected_row_changes_nothing(story: Story) -> None:
    """W9: with the rejected rows taken out, everyone ends the same.

    All of them together: one alone may be what rejects another (I7), which then would stand. And
    with their repetitions, of which each stands in for the row that was read (I7).
    """
    for life, delivery in Life.arrivals(story):
        # given
        known = life.employees
        planned = life.plan(delivery)
        rejected = {
            (each.file, each.line)
            for each in planned.results
            if each.outcome is RowOutcome.REJECTED
        }
        kept = tuple(
            without(export, {line for file, line in rejected if file == name})
            for name, export in named(delivery)
        )

        # when
        rest = life.plan(kept)

        # then
        assert people(roster_after(rest, life.roster), known) == people(
            roster_after(planned, life.roster), known
        )


def without(export: Export, lines: set[int]) -> Export:
    """The export without what the rows on these lines say; where nothing is left, with a row that
    is rejected for itself."""
    filled = export.filled()
    said = {export.content(filled[line]) for line in lines}
    kept = tuple(row for row in filled.values() if export.content(row) not in said)
    return Export(export.columns, kept or ({"email": "nobody"},))
