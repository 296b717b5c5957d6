"""The index across employees, and which runs and events an auditor's question is about."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.company_runs.events import RunEnded, RunKind
from domain.employee.aggregate import Employee
from domain.employee.events import Deactivated, OffboardingScheduled
from domain.ids import employee_id, registered_in, run_id
from domain.outcome import Counts, Outcome
from projections.answers.audit import Question
from projections.answers.history import HistoryEntry, tell
from projections.run_changes import rows as rows_of
from projections.run_changes import rows_of_events
from tests.given import NOW, after, day, plan
from tests.strategies import Life, Story, examples, stories

HEADER = "external_id,email,first_name,last_name"
ANN = "1,ann@acme.example,Ann,Bakker"
BEN = "2,ben@acme.example,Ben,Cramer"
FIRST, SECOND, THIRD = (run_id(1_800_000_000_000 + number, 7) for number in range(3))
HOUR = timedelta(hours=1)
TWO = Counts(events=2)


def file(*rows: str) -> str:
    return "\n".join((HEADER, *rows, ""))


def known(*rows: str) -> list[Employee]:
    """The employees that the first run registered."""
    return after(plan(file(*rows), run=FIRST))


# The index


def test_the_index_has_only_the_employees_that_a_run_changed() -> None:
    """The index of a run has the employees that the run changed, and no others."""
    # given
    ann, ben = known(ANN, BEN)

    # when
    rows = list(
        rows_of(SECOND, plan(file("1,ann@acme.example,Anna,Bakker", BEN), known=[ann, ben]).changes)
    )

    # then
    assert rows == [(SECOND.hex, ann.id.hex)]


def test_a_registered_employee_has_no_entry_in_the_index() -> None:
    """The employees that a run registered have no entry in the index, because their ids follow from
    the id of the run.
    """
    # given
    (ann,) = known(ANN)
    found = plan(file("1,ann@acme.example,Anna,Bakker", BEN), known=[ann], run=SECOND)
    assert found.counts.registered == 1

    # when
    rows = list(rows_of(SECOND, found.changes))

    # then
    assert rows == [(SECOND.hex, ann.id.hex)]


def test_several_events_of_one_run_are_one_entry() -> None:
    """Several events of one run about one employee are one entry in the index, also when the index
    is rebuilt from the events.
    """
    # given
    (ann,) = known(ANN)
    found = plan(file("1,anna@acme.example,Anna,Bakker"), known=[ann], run=SECOND)
    (change,) = found.changes
    assert len(change.events) == 2

    # when / then
    assert list(rows_of(SECOND, [change])) == [(SECOND.hex, ann.id.hex)]
    assert list(rows_of_events(ann.id, [FIRST, FIRST, SECOND, SECOND])) == [
        (SECOND.hex, ann.id.hex)
    ]


def test_an_employee_without_later_changes_is_not_in_the_index() -> None:
    """An employee that no run changed after the registration is not in the index."""
    # given
    (ann,) = known(ANN)

    # when / then
    assert list(rows_of_events(ann.id, [FIRST, FIRST])) == []


def test_the_index_holds_only_ids() -> None:
    """An entry of the index holds the id of the run and the id of the employee, and no
    personal data.
    """
    # given
    (ann,) = known(ANN)

    # when
    ((run, employee),) = rows_of(
        SECOND, plan(file("1,x@acme.example,Eve,Bakker"), known=[ann]).changes
    )

    # then
    assert (UUID(run), UUID(employee)) == (SECOND, ann.id)


@pytest.mark.torture
@examples(60)
@given(stories(max_steps=8))
def test_the_index_rebuilt_from_the_events_is_the_index_that_was_kept(story: Story) -> None:
    """R1: The index that is rebuilt from all events is the same as the index that was
    kept run by run.
    """
    # given
    life = Life(story.policy)
    kept: list[tuple[str, str]] = []
    seen: dict[UUID, int] = {}

    for taken in story.steps:
        # when
        before = {each.id: each for each in life.employees}
        life.take(taken)
        for employee, events in life.recorded.items():
            runs = {one.run for one in events[seen.get(employee, 0) :]}
            seen[employee] = len(events)
            kept += [(run.hex, employee.hex) for run in runs if employee in before]

    # then
    rebuilt = [
        row
        for employee, events in life.recorded.items()
        for row in rows_of_events(employee, (one.run for one in events))
    ]
    assert sorted(rebuilt) == sorted(kept)
    assert all(registered_in(events[0].run, each) for each, events in life.recorded.items())


# Which runs


def ended(
    *,
    by: str = "eva",
    outcome: Outcome = Outcome.APPLIED,
    counts: Counts = TWO,
    hours: int = 0,
) -> RunEnded:
    """A run that takes two hours, and begins at NOW."""
    started = NOW + hours * HOUR
    return RunEnded(
        "acme", RunKind.SUPPORT, outcome, started, started + 2 * HOUR, by, counts=counts
    )


def test_a_question_without_conditions_includes_every_run_that_changed_an_employee() -> None:
    """A question without conditions includes every run that changed an employee."""
    # when / then
    assert Question().may_include(FIRST, ended())


@pytest.mark.parametrize(
    "record",
    [
        ended(counts=Counts()),
        ended(counts=Counts(), outcome=Outcome.FAILED),
        ended(counts=Counts(), outcome=Outcome.DISCARDED),
        ended(outcome=Outcome.HELD),
    ],
    ids=["nobody", "failed", "discarded", "held"],
)
def test_no_question_includes_a_run_that_changed_nobody(record: RunEnded) -> None:
    """B1, R2: No question includes a run that changed nobody. This holds for a held run too,
    although it counts the events that it would make.
    """
    assert not Question().may_include(FIRST, record)
    assert not Question(run=FIRST, by="eva").may_include(FIRST, record)


def test_a_question_can_name_one_run_and_one_person() -> None:
    """A question with a run or a person includes only this run and only the runs of this person."""
    # when / then
    assert Question(run=FIRST).may_include(FIRST, ended())
    assert not Question(run=SECOND).may_include(FIRST, ended())
    assert Question(by="eva").may_include(FIRST, ended())
    assert not Question(by="Eva").may_include(FIRST, ended())
    assert not Question(run=FIRST, by="jan").may_include(FIRST, ended())


@pytest.mark.parametrize(
    ("since", "until", "concerned"),
    [
        (None, None, True),
        (0, None, True),
        (2, None, True),
        (3, None, False),
        (None, 0, False),
        (None, 1, True),
        (1, 2, True),
        (-2, 0, False),
        (3, 9, False),
    ],
)
def test_a_question_includes_a_run_that_overlaps_its_period(
    since: int | None, until: int | None, concerned: bool
) -> None:
    """A question with a period includes a run if any part of the run lies in the period. The start
    belongs to the period and the end does not.
    """
    # given
    question = Question(
        since=None if since is None else NOW + since * HOUR,
        until=None if until is None else NOW + until * HOUR,
    )

    # when / then
    assert question.may_include(FIRST, ended()) is concerned


@examples(100)
@given(
    st.integers(0, 6), st.integers(0, 6), st.one_of(st.none(), st.integers(0, 6)), st.integers(0, 6)
)
def test_no_run_is_left_out_that_has_an_event_in_question(
    started: int, more: int, since: int | None, until: int
) -> None:
    """The choice of runs for a question leaves out no run with an event that the question
    asks for.
    """
    # given
    question = Question(
        since=None if since is None else NOW + since * HOUR, until=NOW + until * HOUR
    )
    record = ended(hours=started)

    # when / then
    for moment in range(3):
        entry = an_entry(recorded=record.started + moment * HOUR)
        if question.asks_for(entry):
            assert question.may_include(FIRST, record)


# Which events


def an_entry(**more: Any) -> HistoryEntry:
    values: dict[str, Any] = {
        "employee": employee_id(FIRST, 1),
        "version": 2,
        "kind": "deactivated",
        "effective": NOW - 48 * HOUR,
        "recorded": NOW,
        "run": SECOND,
        "by": "eva",
        "reason": None,
        "file": None,
        "line": None,
        "changes": {},
    }
    return HistoryEntry(**(values | more))


@pytest.mark.parametrize(
    ("kinds", "asked"),
    [((), True), (("deactivated",), True), (("activated", "deactivated"), True), (("a",), False)],
)
def test_a_question_can_name_kinds_of_events(kinds: tuple[str, ...], asked: bool) -> None:
    """A question with kinds of events asks only for events of these kinds. A question without kinds
    asks for all.
    """
    assert Question(kinds=frozenset(kinds)).asks_for(an_entry()) is asked


@pytest.mark.parametrize(
    ("since", "until", "asked"),
    [
        (None, None, True),
        (0, None, True),
        (1, None, False),
        (None, 0, False),
        (None, 1, True),
        (-48, -47, False),
        (0, 1, True),
    ],
)
def test_a_question_with_a_period_asks_for_events_recorded_in_it(
    since: int | None, until: int | None, asked: bool
) -> None:
    """C1: A question with a period asks for events by the time at which they were recorded, and not
    by when they took effect.
    """
    # given
    question = Question(
        since=None if since is None else NOW + since * HOUR,
        until=None if until is None else NOW + until * HOUR,
    )

    # when / then
    assert question.asks_for(an_entry()) is asked


def test_an_event_must_match_both_the_kinds_and_the_period() -> None:
    """A question with both kinds and a period asks only for events that match both."""
    # given
    question = Question(since=NOW, kinds=frozenset({"deactivated"}))

    # when / then
    assert question.asks_for(an_entry())
    assert not question.asks_for(an_entry(recorded=NOW - HOUR))
    assert not question.asks_for(an_entry(kind="activated"))


def test_the_history_of_one_run_is_found_in_the_whole_stream() -> None:
    """R2: From the whole stream of an employee, only the events of the run in question are shown,
    with the person who acted.
    """
    # given
    (change,) = plan(file(ANN), run=FIRST).changes
    (born,) = change.events
    ann = change.after
    stream = [born]
    for version, (event, run) in enumerate(
        [(OffboardingScheduled(day("2027-06-30")), SECOND), (Deactivated(), THIRD)], 2
    ):
        stream.append(type(born)(ann.id, version, event, run, NOW, NOW + version * HOUR))

    # when
    (entry,) = tell(stream, {THIRD: ended(by="jan")})

    # then
    assert (entry.kind, entry.version, entry.by) == ("deactivated", 3, "jan")
    assert (entry.run, entry.employee) == (THIRD, ann.id)
