"""Removals of access: when each was due and done, how late it was, and who said so."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from domain.company_runs.events import RunEnded, RunKind
from domain.employee.events import (
    Deactivated,
    EmployeeEvent,
    EmployeeRecord,
    Merged,
    OffboardingCancelled,
    OffboardingMoved,
    OffboardingScheduled,
    OnboardingMoved,
    Reactivated,
    Registered,
)
from domain.envelope import RecordedEvent
from domain.fields.details import Details
from domain.outcome import Outcome
from domain.schedule import Schedule
from projections.answers.removals import (
    Cause,
    Period,
    RemovalDocument,
    removal_document,
    removals_of,
)
from tests.given import day, moment

ANNA, OTHER = UUID(int=1), UUID(int=2)
FILE, CLOCK, SUPPORT = (UUID(int=number << 32) for number in (1, 2, 3))
"""The runs of the night's delivery, of the clock, and of support."""
RUNS = {
    run: RunEnded("acme", kind, Outcome.APPLIED, moment(at), moment(at), by, reason, login=login)
    for run, kind, at, by, reason, login in (
        (FILE, RunKind.IMPORT, "2027-03-01 02:45", "schedule", None, "tenure"),
        (CLOCK, RunKind.CLOCK, "2027-03-01 02:45", "schedule", None, "tenure"),
        (SUPPORT, RunKind.SUPPORT, "2027-03-01 02:45", "olga", "ticket 7", "osmith"),
    )
}
MARCH = Period(day("2027-03-01"), day("2027-03-31"))
NOW = moment("2027-04-20 12:00")
LAST_DAY = day("2027-03-10")
IN_UTC = Schedule()
HERE = (Registered("a@acme.example", "1", Details("Anna", "Ek", "nl"), day("2020-01-01"), True),)

Told = tuple[EmployeeEvent, UUID, str]
"""An event, its run, and when it was recorded."""


def stream(*told: Told) -> list[EmployeeRecord]:
    """Returns Anna's events: she was registered long ago, and then came what is told."""
    first: Told = (HERE[0], FILE, "2020-01-01 02:45")
    return [
        RecordedEvent(
            ANNA,
            version,
            event,
            run,
            moment(at),
            moment(at),
            "people.csv" if run == FILE else None,
            4 if run == FILE else None,
        )
        for version, (event, run, at) in enumerate((first, *told), 1)
    ]


def found(
    *told: Told, period: Period = MARCH, schedule: Schedule = IN_UTC, now: datetime = NOW
) -> list[RemovalDocument]:
    """Returns what an auditor is told of Anna."""
    found = removals_of("acme", stream(*told), schedule, period, now)
    assert {run for each in found for run in each.runs} <= set(RUNS)
    return [removal_document(each, RUNS, now) for each in found]


def brief(documents: Iterable[RemovalDocument]) -> list[tuple[str, str | None, int, Cause]]:
    """Returns due day, moment done, days late and cause."""
    return [
        (
            str(each.due),
            f"{each.done:%Y-%m-%d %H:%M}" if each.done else None,
            each.days_late,
            each.cause,
        )
        for each in documents
    ]


BY_FILE: Told = (OffboardingScheduled(LAST_DAY), FILE, "2027-02-01 02:45")
LATER: Told = (OffboardingScheduled(day("2027-05-05")), FILE, "2027-02-01 02:45")
MOVED: Told = (OffboardingMoved(LAST_DAY), SUPPORT, "2027-02-02 09:00")
ABSENT: Told = (OffboardingScheduled(LAST_DAY, by_absence=True), FILE, "2027-03-10 02:45")
BACK: Told = (Reactivated(True, None), SUPPORT, "2027-03-20 09:00")
CANCELLED: Told = (OffboardingCancelled(), SUPPORT, "2027-02-03 09:00")


def closed(at: str, run: UUID = CLOCK) -> Told:
    """Returns the event that closes the account."""
    return Deactivated(), run, at


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param(
            [BY_FILE, closed("2027-03-10 23:00")],
            [("2027-03-10", "2027-03-10 23:00", 0, Cause.FILE)],
            id="the file's last day, in time",
        ),
        pytest.param(
            [BY_FILE, closed("2027-03-12 22:59")],
            [("2027-03-10", "2027-03-12 22:59", 1, Cause.FILE)],
            id="late by whole days",
        ),
        pytest.param(
            [LATER, MOVED, closed("2027-03-10 23:00")],
            [("2027-03-10", "2027-03-10 23:00", 0, Cause.SUPPORT)],
            id="support moved the file's last day",
        ),
        pytest.param(
            [ABSENT, closed("2027-03-11 00:00")],
            [("2027-03-10", "2027-03-11 00:00", 0, Cause.ABSENCE)],
            id="absent from the deliveries",
        ),
        pytest.param(
            [closed("2027-03-07 10:00", SUPPORT)],
            [("2027-03-07", "2027-03-07 10:00", 0, Cause.CLOSED)],
            id="support, without a last day",
        ),
        pytest.param(
            [BY_FILE, closed("2027-03-07 10:00", SUPPORT)],
            [("2027-03-07", "2027-03-07 10:00", 0, Cause.CLOSED)],
            id="support, before the last day",
        ),
        pytest.param(
            [BY_FILE, closed("2027-03-15 10:00", SUPPORT)],
            [("2027-03-10", "2027-03-15 10:00", 4, Cause.CLOSED)],
            id="support, because the clock was late",
        ),
        pytest.param(
            [(Merged(OTHER, ANNA), SUPPORT, "2027-03-08 09:00")],
            [("2027-03-08", "2027-03-08 09:00", 0, Cause.MERGED)],
            id="merged into another account",
        ),
        pytest.param([(Merged(ANNA, OTHER), SUPPORT, "2027-03-08 09:00")], [], id="kept"),
        pytest.param(
            [(OnboardingMoved(day("2027-06-01"), pending=True), SUPPORT, "2027-03-08 09:00")],
            [("2027-03-08", "2027-03-08 09:00", 0, Cause.POSTPONED)],
            id="starts later after all",
        ),
        pytest.param(
            [BY_FILE], [("2027-03-10", None, 40, Cause.FILE)], id="due, and not done until now"
        ),
        pytest.param([BY_FILE, CANCELLED], [], id="cancelled in time"),
        pytest.param(
            [BY_FILE, closed("2027-03-10 23:00"), BACK, closed("2027-03-25 09:00", SUPPORT)],
            [
                ("2027-03-10", "2027-03-10 23:00", 0, Cause.FILE),
                ("2027-03-25", "2027-03-25 09:00", 0, Cause.CLOSED),
            ],
            id="removed twice",
        ),
    ],
)
def test_a_removal_has_its_due_day_its_moment_and_its_cause(
    told: list[Told], expected: list[tuple[str, str | None, int, Cause]]
) -> None:
    """L9, S3, S5, S11, Q4: Whatever ended the access of somebody is a removal, with the day on
    which it was due, the moment at which it was done, the whole days between, and its cause."""
    # when / then
    assert brief(found(*told)) == expected


def test_a_removal_by_the_clock_is_traced_to_the_row_that_set_the_last_day() -> None:
    """L4, L9: The clock only does what the last day says: the removal names the row of the file,
    the delivery's run and who made it, and beside them the run that did it."""
    # when
    (removal,) = found(BY_FILE, closed("2027-03-10 23:00"))

    # then
    assert (removal.file, removal.line, removal.run) == ("people.csv", 4, FILE)
    assert (removal.by, removal.login, removal.reason) == ("schedule", "tenure", None)
    assert (removal.said, removal.done_run) == (moment("2027-02-01 02:45"), CLOCK)


@pytest.mark.parametrize(
    "told", [[MOVED, closed("2027-03-10 23:00")], [MOVED], [closed("2027-03-09 09:00", SUPPORT)]]
)
def test_a_removal_by_support_names_the_person_and_the_reason(told: list[Told]) -> None:
    """S4, S5, R2: A removal that support asked for names the person, the login and the reason."""
    # when
    (removal,) = found(LATER, *told)

    # then
    assert (removal.file, removal.line, removal.run) == (None, None, SUPPORT)
    assert (removal.by, removal.login, removal.reason) == ("olga", "osmith", "ticket 7")


@pytest.mark.parametrize(
    ("first", "last", "listed"),
    [
        pytest.param("2027-03-10", "2027-03-10", True, id="the day it was due"),
        pytest.param("2027-03-12", "2027-03-12", True, id="the day it was done"),
        pytest.param("2027-03-11", "2027-03-11", False, id="between"),
        pytest.param("2027-03-01", "2027-03-09", False, id="before"),
        pytest.param("2027-03-13", "2027-03-31", False, id="after"),
    ],
)
def test_a_removal_belongs_to_the_days_on_which_it_was_due_or_done(
    first: str, last: str, listed: bool
) -> None:
    """A removal is listed if it was due or done on one of the days that are asked for."""
    # when
    answer = found(BY_FILE, closed("2027-03-12 08:00"), period=Period(day(first), day(last)))

    # then
    assert bool(answer) is listed


@pytest.mark.parametrize(
    ("first", "last", "listed"),
    [("2027-03-01", "2027-03-09", False), ("2027-04-01", "2027-04-20", True)],
)
def test_a_removal_that_is_not_done_is_listed_from_the_day_it_was_due(
    first: str, last: str, listed: bool
) -> None:
    """C1: What is due and not done is late on each day since, and no period hides it."""
    # when
    answer = found(BY_FILE, period=Period(day(first), day(last)))

    # then
    assert bool(answer) is listed


def test_days_are_those_of_the_companys_own_clock() -> None:
    """L9: For a company with its own clock, a removal is due and done on the days of its time zone:
    in Kiritimati, 23:00 on 10 March is 09:00 UTC."""
    # given
    there = Schedule(zone=ZoneInfo("Pacific/Kiritimati"))
    told = (BY_FILE, closed("2027-03-10 10:30"))

    # when
    (removal,) = found(*told, schedule=there)

    # then
    assert (removal.due_at, removal.days_late) == (moment("2027-03-10 09:00"), 0)
    on_next_day = Period(day("2027-03-11"), day("2027-03-11"))
    assert found(*told, schedule=there, period=on_next_day) == [removal]
    assert found(BY_FILE, schedule=there, now=moment("2027-03-10 08:59")) == []
    assert len(found(BY_FILE, schedule=there, now=moment("2027-03-10 09:00"))) == 1
