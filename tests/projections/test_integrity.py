"""What `verify` finds in a stream, and how it says so."""

from __future__ import annotations

import string
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.company_runs.events import RunEnded, RunKind
from domain.company_runs.state import CompanyState
from domain.employee.events import Deactivated, EmailChanged
from domain.envelope import RecordedEvent
from domain.events import AnyRecord, Event
from domain.ids import company_stream_id, employee_id, run_id
from domain.outcome import Counts, Outcome
from projections.answers.integrity import (
    EVENTS_ONLY,
    PROBLEMS,
    Kept,
    fold_company,
    fold_employee,
    inspect,
    problem,
)
from tests.given import NOW, RUN, plan
from tests.strategies import examples

(BORN,) = plan("email,first_name,last_name\nann@acme.example,Ann,Bakker\n").changes
ANN = employee_id(RUN, 1)
STREAM = company_stream_id("acme")
OTHER_RUN = run_id(1_900_000_000_000, 3)


def recorded(event: Event, version: int, stream: UUID = ANN, run: UUID = RUN) -> AnyRecord:
    return RecordedEvent(stream, version, event, run, NOW, NOW)


SOUND = [
    *BORN.events,
    recorded(EmailChanged("anna@acme.example"), 2),
    recorded(EmailChanged("anne@acme.example"), 3),
    recorded(Deactivated(), 4),
]


def kept(*events: AnyRecord) -> list[Kept]:
    """Events as they were found, all of them sound."""
    return [Kept(one.originator_version, True, one) for one in events]


def found(*parts: Kept) -> list[tuple[str, int | None]]:
    """What is wrong with a stream, and where."""
    inspected = inspect(ANN, parts)
    assert {each.stream for each in inspected.problems} <= {ANN}
    return [(each.problem, each.version) for each in inspected.problems]


# A stream


def test_a_sound_stream_is_told_whole() -> None:
    inspected = inspect(ANN, kept(*SOUND))

    assert (inspected.stream, inspected.problems) == (ANN, [])
    assert list(inspected.events) == SOUND


@pytest.mark.parametrize(
    ("versions", "missing"),
    [
        ((2, 3, 4), [1]),
        ((1, 3, 4), [2]),
        ((1, 2, 4), [3]),
        ((1, 4), [2]),
        ((2, 4), [1, 3]),
        ((1, 2, 3), []),
    ],
)
def test_a_gap_is_found_by_its_first_version(versions: tuple[int, ...], missing: list[int]) -> None:
    """What is missing at the end is found by the runs, which say how many events there were."""
    parts = [kept(*SOUND)[version - 1] for version in versions]

    assert found(*parts) == [("event-missing", version) for version in missing]


@pytest.mark.parametrize("version", [1, 2, 4])
def test_an_event_with_other_bytes_is_altered_and_not_read(version: int) -> None:
    """Whether or not they say anything."""
    for says in (SOUND[version - 1], None):
        parts = kept(*SOUND)
        parts[version - 1] = Kept(version, False, says)

        assert found(*parts) == [("event-altered", version)]
        assert list(inspect(ANN, parts).events) == [
            one for one in SOUND if one.originator_version != version
        ]


def test_an_event_that_cannot_be_read_is_found() -> None:
    """Its bytes are those stored, and say nothing that is known."""
    parts = kept(*SOUND)
    parts[1] = Kept(2, True, None)

    assert found(*parts) == [("event-unreadable", 2)]
    assert len(inspect(ANN, parts).events) == 3


def test_everything_that_is_wrong_is_found() -> None:
    parts = [Kept(2, False, None), Kept(3, True, None), kept(*SOUND)[3]]

    assert found(*parts) == [("event-missing", 1), ("event-altered", 2), ("event-unreadable", 3)]


@examples(60)
@given(st.lists(st.sampled_from(["sound", "gone", "altered", "unreadable"]), max_size=8))
def test_nothing_is_told_of_an_event_that_is_not_sound(fates: list[str]) -> None:
    """And every version is either told or wrong."""
    parts, last = [], 0
    for version, fate in enumerate(fates, 1):
        if fate != "gone":
            last = version
            sound = recorded(Deactivated(), version)
            parts.append(Kept(version, fate != "altered", None if fate == "unreadable" else sound))

    inspected = inspect(ANN, parts)

    sound = [version for version, fate in enumerate(fates, 1) if fate == "sound"]
    assert [one.originator_version for one in inspected.events] == sound
    assert bool(inspected.problems) == (sound != list(range(1, last + 1)))


# An employee


def test_a_sound_stream_is_an_employee() -> None:
    employee, problems = fold_employee(inspect(ANN, kept(*SOUND)))

    assert problems == []
    assert employee is not None
    assert (employee.email, employee.version, employee.state) == (
        "anne@acme.example",
        4,
        "deactivated",
    )


def test_no_events_are_nobody_and_nothing_wrong() -> None:
    assert fold_employee(inspect(ANN, [])) == (None, [])


@pytest.mark.parametrize(
    ("events", "misplaced"),
    [
        ([recorded(Deactivated(), 1)], 1),
        ([*SOUND[:2], recorded(BORN.events[0].event, 3)], 3),
        (
            [
                *SOUND[:1],
                recorded(RunEnded("acme", RunKind.CLOCK, Outcome.APPLIED, NOW, NOW, "x"), 2),
            ],
            2,
        ),
    ],
    ids=["no beginning", "two beginnings", "a run"],
)
def test_an_event_that_cannot_follow_is_misplaced(events: list[AnyRecord], misplaced: int) -> None:
    employee, (wrong,) = fold_employee(inspect(ANN, kept(*events)))

    assert employee is None
    assert (wrong.problem, wrong.stream, wrong.version) == ("event-misplaced", ANN, misplaced)
    assert str(ANN) in wrong.message


# A company


def ran(version: int, company: str = "acme", events: int = 1) -> AnyRecord:
    counts = Counts(events=events)
    ended = RunEnded(company, RunKind.SUPPORT, Outcome.APPLIED, NOW, NOW, "eva", counts=counts)
    return recorded(ended, version, STREAM, OTHER_RUN)


def test_a_sound_stream_is_a_company() -> None:
    company, problems = fold_company(inspect(STREAM, kept(ran(1), ran(2), ran(3, events=0))))

    assert (company, problems) == (CompanyState(version=3, changed=2), [])


@pytest.mark.parametrize(
    "stray",
    [recorded(Deactivated(), 2, STREAM), ran(2, company="globex")],
    ids=["an employee's event", "another company's run"],
)
def test_what_is_no_run_of_the_company_is_misplaced(stray: AnyRecord) -> None:
    """And the company is told as far as it was sound."""
    company, (wrong,) = fold_company(inspect(STREAM, kept(ran(1), stray, ran(3))))

    assert company == CompanyState(version=1, changed=1)
    assert (wrong.problem, wrong.stream, wrong.version) == ("event-misplaced", STREAM, 2)


# How it is said

FACTS = {"stream": ANN, "run": OTHER_RUN, "company": "acme", "version": 7}


@pytest.mark.parametrize("kind", list(PROBLEMS))
def test_a_problem_names_what_it_is_about_and_no_more(kind: str) -> None:
    """Every blank of its sentence is filled, and what the sentence names can be looked up."""
    blanks = {name for _, name, _, _ in string.Formatter().parse(PROBLEMS[kind]) if name}
    facts = {"expected": 5, "found": 4} if "expected" in blanks else {}
    facts |= {"table": "roster"} if "table" in blanks else {}
    named = {name: FACTS[name] for name in blanks & FACTS.keys()}

    said = problem(kind, **named, **facts)

    assert said.problem == kind
    assert all(str(value) in said.message for value in (named | facts).values())
    assert {name: getattr(said, name) for name in FACTS} == dict.fromkeys(FACTS) | named
    assert blanks <= FACTS.keys() | {"expected", "found", "table"}


def test_what_rebuilding_cannot_restore_is_wrong_with_what_all_else_is_made_from() -> None:
    """Events and held files are kept nowhere else; rosters, rows and indexes are made from them,
    and the schedule may forget."""
    assert PROBLEMS.keys() - EVENTS_ONLY == {
        "roster-row-missing",
        "roster-row-differs",
        "roster-row-stray",
        "run-row-missing",
        "run-row-differs",
        "run-row-stray",
        "company-row-missing",
        "company-row-differs",
        "company-row-stray",
        "index-differs",
        "bad-id",
        "slot-unreadable",
    }
    assert PROBLEMS.keys() >= EVENTS_ONLY
