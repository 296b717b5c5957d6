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
    """Whom the first run registered."""
    return after(plan(file(*rows), run=FIRST))


# The index


def test_whom_a_run_changed_is_in_the_index_and_nobody_else() -> None:
    ann, ben = known(ANN, BEN)

    rows = list(
        rows_of(SECOND, plan(file("1,ann@acme.example,Anna,Bakker", BEN), known=[ann, ben]).changes)
    )

    assert rows == [(SECOND.hex, ann.id.hex)]


def test_whom_a_run_registered_needs_no_entry() -> None:
    """Their ids follow from the run's."""
    (ann,) = known(ANN)
    found = plan(file("1,ann@acme.example,Anna,Bakker", BEN), known=[ann], run=SECOND)
    assert found.counts.registered == 1

    rows = list(rows_of(SECOND, found.changes))

    assert rows == [(SECOND.hex, ann.id.hex)]


def test_several_events_of_one_run_are_one_entry() -> None:
    """Where they are gathered from the events, too."""
    (ann,) = known(ANN)
    found = plan(file("1,anna@acme.example,Anna,Bakker"), known=[ann], run=SECOND)
    (change,) = found.changes
    assert len(change.events) == 2

    assert list(rows_of(SECOND, [change])) == [(SECOND.hex, ann.id.hex)]
    assert list(rows_of_events(ann.id, [FIRST, FIRST, SECOND, SECOND])) == [
        (SECOND.hex, ann.id.hex)
    ]


def test_an_employee_whom_no_run_changed_since_is_not_in_the_index() -> None:
    (ann,) = known(ANN)

    assert list(rows_of_events(ann.id, [FIRST, FIRST])) == []


def test_the_index_holds_ids_alone() -> None:
    """Nothing in it is about a person."""
    (ann,) = known(ANN)

    ((run, employee),) = rows_of(
        SECOND, plan(file("1,x@acme.example,Eve,Smit"), known=[ann]).changes
    )

    assert (UUID(run), UUID(employee)) == (SECOND, ann.id)


@pytest.mark.torture
@examples(60)
@given(stories(max_steps=8))
def test_the_index_made_anew_from_the_events_is_the_one_that_was_kept(story: Story) -> None:
    """`rebuild`: run by run while they happen, or employee by employee from the streams."""
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
    anew = [
        row
        for employee, events in life.recorded.items()
        for row in rows_of_events(employee, (one.run for one in events))
    ]
    assert sorted(anew) == sorted(kept)
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


def test_a_question_without_conditions_is_about_every_run_that_changed_somebody() -> None:
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
def test_no_question_is_about_a_run_that_changed_nobody(record: RunEnded) -> None:
    """B1: a held run counts events that never happened."""
    assert not Question().may_include(FIRST, record)
    assert not Question(run=FIRST, by="eva").may_include(FIRST, record)


def test_a_question_is_about_one_run_or_about_somebodys_runs() -> None:
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
def test_a_run_is_asked_about_while_any_of_it_is_in_the_time(
    since: int | None, until: int | None, concerned: bool
) -> None:
    """From `since` on, and before `until`; its events may have been recorded at any moment of
    it."""
    question = Question(
        since=None if since is None else NOW + since * HOUR,
        until=None if until is None else NOW + until * HOUR,
    )

    assert question.may_include(FIRST, ended()) is concerned


@examples(100)
@given(
    st.integers(0, 6), st.integers(0, 6), st.one_of(st.none(), st.integers(0, 6)), st.integers(0, 6)
)
def test_no_run_is_left_out_whose_event_is_asked_for(
    started: int, more: int, since: int | None, until: int
) -> None:
    """The short cut over runs changes no answer."""
    question = Question(
        since=None if since is None else NOW + since * HOUR, until=NOW + until * HOUR
    )
    record = ended(hours=started)

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
def test_events_are_asked_for_by_kind(kinds: tuple[str, ...], asked: bool) -> None:
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
def test_events_are_asked_for_by_when_they_were_recorded(
    since: int | None, until: int | None, asked: bool
) -> None:
    """Not by when they took effect, which may be days before."""
    question = Question(
        since=None if since is None else NOW + since * HOUR,
        until=None if until is None else NOW + until * HOUR,
    )

    assert question.asks_for(an_entry()) is asked


def test_kind_and_time_must_both_fit() -> None:
    question = Question(since=NOW, kinds=frozenset({"deactivated"}))

    assert question.asks_for(an_entry())
    assert not question.asks_for(an_entry(recorded=NOW - HOUR))
    assert not question.asks_for(an_entry(kind="activated"))


def test_the_events_of_one_run_are_told_from_a_whole_stream() -> None:
    """What the index is for: streams are read whole, and only the run that is asked for told."""
    (change,) = plan(file(ANN), run=FIRST).changes
    (born,) = change.events
    ann = change.after
    stream = [born]
    for version, (event, run) in enumerate(
        [(OffboardingScheduled(day("2027-06-30")), SECOND), (Deactivated(), THIRD)], 2
    ):
        stream.append(type(born)(ann.id, version, event, run, NOW, NOW + version * HOUR))

    (entry,) = tell(stream, {THIRD: ended(by="jan")})

    assert (entry.kind, entry.version, entry.by) == ("deactivated", 3, "jan")
    assert (entry.run, entry.employee) == (THIRD, ann.id)
