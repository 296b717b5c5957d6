"""The problems that `verify` finds in a stream, and their messages."""

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
    OF_DATABASE,
    PROBLEMS,
    EventRow,
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


def event_rows(*events: AnyRecord) -> list[EventRow]:
    """Events as they were found, all of them sound."""
    return [EventRow(one.originator_version, True, one) for one in events]


def found(*parts: EventRow) -> list[tuple[str, int | None]]:
    """What is wrong with a stream, and where."""
    inspected = inspect(ANN, parts)
    assert {each.stream for each in inspected.problems} <= {ANN}
    return [(each.problem, each.version) for each in inspected.problems]


# A stream


def test_a_sound_stream_has_all_its_events_and_no_problem() -> None:
    """A stream without a fault is read with all its events, and no problem is reported."""
    # when
    inspected = inspect(ANN, event_rows(*SOUND))

    # then
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
def test_each_gap_is_reported_once_with_its_first_missing_version(
    versions: tuple[int, ...], missing: list[int]
) -> None:
    """Each gap in a stream is reported with its first missing version. Missing events at the end
    are left to the check of the runs.
    """
    # given
    parts = [event_rows(*SOUND)[version - 1] for version in versions]

    # when / then
    assert found(*parts) == [("event-missing", version) for version in missing]


@pytest.mark.parametrize("version", [1, 2, 4])
def test_an_event_whose_bytes_changed_is_reported_and_not_read(version: int) -> None:
    """An event whose stored bytes changed is reported as altered and is not read, whether or not it
    can still be decoded.
    """
    # when / then
    for says in (SOUND[version - 1], None):
        parts = event_rows(*SOUND)
        parts[version - 1] = EventRow(version, False, says)

        assert found(*parts) == [("event-altered", version)]
        assert list(inspect(ANN, parts).events) == [
            one for one in SOUND if one.originator_version != version
        ]


def test_an_event_that_cannot_be_decoded_is_reported() -> None:
    """An event whose bytes are unchanged but cannot be decoded is reported as unreadable."""
    # given
    parts = event_rows(*SOUND)
    parts[1] = EventRow(2, True, None)

    # when / then
    assert found(*parts) == [("event-unreadable", 2)]
    assert len(inspect(ANN, parts).events) == 3


def test_every_problem_of_a_stream_is_reported() -> None:
    """When a stream has several problems, each of them is reported with its version."""
    # given
    parts = [EventRow(2, False, None), EventRow(3, True, None), event_rows(*SOUND)[3]]

    # when / then
    assert found(*parts) == [("event-missing", 1), ("event-altered", 2), ("event-unreadable", 3)]


@examples(60)
@given(st.lists(st.sampled_from(["sound", "gone", "altered", "unreadable"]), max_size=8))
def test_only_sound_events_are_read_and_every_other_version_is_a_problem(fates: list[str]) -> None:
    """Exactly the sound events of a stream are read, and a problem is reported if any version
    before the last one is missing or unsound.
    """
    # given
    parts, last = [], 0
    for version, fate in enumerate(fates, 1):
        if fate != "gone":
            last = version
            sound = recorded(Deactivated(), version)
            parts.append(
                EventRow(version, fate != "altered", None if fate == "unreadable" else sound)
            )

    # when
    inspected = inspect(ANN, parts)

    # then
    sound = [version for version, fate in enumerate(fates, 1) if fate == "sound"]
    assert [one.originator_version for one in inspected.events] == sound
    assert bool(inspected.problems) == (sound != list(range(1, last + 1)))


# An employee


def test_a_sound_stream_gives_the_employee() -> None:
    """R1: A sound stream of an employee is folded into the employee, and no problem is reported."""
    # when
    employee, problems = fold_employee(inspect(ANN, event_rows(*SOUND)))

    # then
    assert problems == []
    assert employee is not None
    assert (employee.email, employee.version, employee.state) == (
        "anne@acme.example",
        4,
        "deactivated",
    )


def test_a_stream_without_events_gives_no_employee_and_no_problem() -> None:
    """A stream without events gives no employee, and no problem is reported."""
    # when / then
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
def test_an_event_that_cannot_follow_is_reported_as_misplaced(
    events: list[AnyRecord], misplaced: int
) -> None:
    """An event that cannot follow the events before it is reported as misplaced, and no employee is
    given.
    """
    # when
    employee, (wrong,) = fold_employee(inspect(ANN, event_rows(*events)))

    # then
    assert employee is None
    assert (wrong.problem, wrong.stream, wrong.version) == ("event-misplaced", ANN, misplaced)
    assert str(ANN) in wrong.message


# A company


def ran(version: int, company: str = "acme", events: int = 1) -> AnyRecord:
    counts = Counts(events=events)
    ended = RunEnded(company, RunKind.SUPPORT, Outcome.APPLIED, NOW, NOW, "eva", counts=counts)
    return recorded(ended, version, STREAM, OTHER_RUN)


def test_a_sound_stream_gives_the_company() -> None:
    """R4: A sound stream of runs is folded into the state of the company, and no problem
    is reported.
    """
    # when
    company, problems = fold_company(inspect(STREAM, event_rows(ran(1), ran(2), ran(3, events=0))))

    # then
    assert (company, problems) == (CompanyState(version=3, changed=2), [])


@pytest.mark.parametrize(
    "stray",
    [recorded(Deactivated(), 2, STREAM), ran(2, company="globex")],
    ids=["an employee's event", "another company's run"],
)
def test_an_event_that_is_not_a_run_of_the_company_is_reported_as_misplaced(
    stray: AnyRecord,
) -> None:
    """An event in the stream of a company that is not a run of this company is reported as
    misplaced. The state before it is given.
    """
    # when
    company, (wrong,) = fold_company(inspect(STREAM, event_rows(ran(1), stray, ran(3))))

    # then
    assert company == CompanyState(version=1, changed=1)
    assert (wrong.problem, wrong.stream, wrong.version) == ("event-misplaced", STREAM, 2)


# The messages

FACTS = {"stream": ANN, "run": OTHER_RUN, "company": "acme", "version": 7}
OTHER_FACTS = {
    "expected": 5,
    "found": 4,
    "table": "roster",
    "other": employee_id(RUN, 2),
    "what": "address",
    "index": "roster_company_address",
    "report": "a page is damaged",
    "repair": "restore a backup",
}


@pytest.mark.parametrize("kind", list(PROBLEMS))
def test_the_message_of_a_problem_names_its_facts(kind: str) -> None:
    """The message of each problem names all its facts, and the fields of the problem hold these
    facts and no others.
    """
    # given
    blanks = {name for _, name, _, _ in string.Formatter().parse(PROBLEMS[kind]) if name}
    facts = {name: value for name, value in OTHER_FACTS.items() if name in blanks}
    named = {name: FACTS[name] for name in blanks & FACTS.keys()}

    # when
    said = problem(kind, **named, **facts)

    # then
    assert said.problem == kind
    assert all(str(value) in said.message for value in (named | facts).values())
    assert {name: getattr(said, name) for name in FACTS} == dict.fromkeys(FACTS) | named
    assert blanks <= FACTS.keys() | OTHER_FACTS.keys()


def test_only_problems_of_events_files_and_the_database_cannot_be_rebuilt() -> None:
    """Rebuilding repairs every problem of the roster, the rows, the indexes and the schedule, and
    drops damaged kept files. Problems of events, of held files and of the database itself remain.
    """
    # when / then
    assert PROBLEMS.keys() - EVENTS_ONLY - OF_DATABASE == {
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
        "open-issues-differ",
        "absence-differs",
        "recent-differs",
        "bad-id",
        "slot-unreadable",
        "notice-unreadable",
        "kept-damaged",
    }
    assert PROBLEMS.keys() >= EVENTS_ONLY | OF_DATABASE
