"""The story of an employee: one plain sentence for each event."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from domain.company_runs.events import RunKind
from domain.employee.events import (
    EMPLOYEE_KINDS,
    Activated,
    Deactivated,
    DetailsChanged,
    DetailsCorrected,
    EmailChanged,
    EmployeeEvent,
    ExternalIdChanged,
    ExternalIdLinked,
    FileNoted,
    Merged,
    OffboardingCancelled,
    OffboardingMoved,
    OffboardingScheduled,
    OnboardingMoved,
    Reactivated,
    Registered,
    Rehired,
    Released,
)
from domain.envelope import RecordedEvent, kind_of
from domain.fields.details import Details, DetailsChange
from domain.ids import run_id
from projections.answers.history import happenings
from projections.answers.story import line_of
from tests.given import FILE, NOW, day
from tests.projections.test_history import run

PICKED_UP, ASKED, NIGHT, APPROVED, REKEYED = (
    run_id(1_800_000_000_000 + number, 1) for number in range(5)
)
RUNS = {
    PICKED_UP: run("schedule", RunKind.IMPORT),
    ASKED: run("Eva", RunKind.SUPPORT, "ticket 7"),
    NIGHT: run("schedule", RunKind.CLOCK),
    APPROVED: run("Eva", RunKind.APPROVE, "checked"),
    REKEYED: run("Eva", RunKind.REKEY, "new system"),
}
ANN, OTHER = UUID(int=1), UUID(int=2)
ROW, SAID = (PICKED_UP, 4), f"said by {FILE}, line 4"
EVA, CLOCK = (ASKED, None), (NIGHT, None)
BY_EVA = "by Eva, reason: ticket 7"
HERE = Registered("ann@acme.example", "1", Details("Ann", "Bakker", "nl"), day("2020-01-01"), True)
LATER = Registered("bo@acme.example", None, Details("Bo", "Dam", "nl"), day("2027-04-01"), False)
LEAVES = OffboardingScheduled(day("2027-03-31"))


def story(
    *told: tuple[EmployeeEvent, tuple[UUID, int | None]], late: int = 0, **options: Any
) -> list[str]:
    """The sentences about the events of one employee, each a day after the one before.

    The last event is recorded `late` days after it took effect.
    """
    events = [
        RecordedEvent(
            originator_id=ANN,
            originator_version=number,
            event=event,
            run=source,
            effective=NOW + timedelta(days=number),
            recorded=NOW + timedelta(days=number + (late if number == len(told) else 0)),
            file=FILE if line else None,
            line=line,
        )
        for number, (event, (source, line)) in enumerate(told, 1)
    ]
    return [line_of(each, **options).text for each in happenings(events, RUNS)]


HOW: dict[str, tuple[list[tuple[EmployeeEvent, tuple[UUID, int | None]]], str]] = {
    "registered": (
        [(HERE, ROW)],
        "Registered as Ann Bakker <ann@acme.example> with external id 1: first day 2020-01-01, "
        f"could log in from 2027-03-02 02:45 UTC on; {SAID}",
    ),
    "activated": (
        [(LATER, ROW), (Activated(), CLOCK)],
        "Could log in from 2027-03-03 02:45 UTC on, because the first day had come: 2027-04-01 "
        f"(set on 2027-03-02, {SAID}); by the clock",
    ),
    "details-changed": (
        [(HERE, ROW), (DetailsChanged(DetailsChange(first_name="Anne", prefix="van")), ROW)],
        f'First name changed from "Ann" to "Anne", prefix set to "van"; {SAID}',
    ),
    "details-corrected": (
        [(HERE, ROW), (DetailsCorrected(DetailsChange(last_name="Bos")), EVA)],
        f'Corrected: last name changed from "Bakker" to "Bos"; {BY_EVA}',
    ),
    "email-changed": (
        [(HERE, ROW), (EmailChanged("a@acme.example"), (APPROVED, 4))],
        "E-mail address changed from ann@acme.example to a@acme.example; "
        f"{SAID}, approved by Eva, reason: checked",
    ),
    "external-id-linked": (
        [(LATER, ROW), (ExternalIdLinked("9"), ROW)],
        f"External id set to 9; {SAID}",
    ),
    "external-id-changed": (
        [(HERE, ROW), (ExternalIdChanged("9"), (REKEYED, None))],
        "External id changed from 1 to 9; by a map of external ids of Eva, reason: new system",
    ),
    "onboarding-moved": (
        [(LATER, ROW), (OnboardingMoved(day("2027-05-01")), EVA)],
        f"First day moved from 2027-04-01 to 2027-05-01; {BY_EVA}",
    ),
    "offboarding-scheduled": ([(HERE, ROW), (LEAVES, ROW)], f"Last day set to 2027-03-31; {SAID}"),
    "offboarding-moved": (
        [(HERE, ROW), (LEAVES, ROW), (OffboardingMoved(day("2027-06-30")), ROW)],
        f"Last day moved from 2027-03-31 to 2027-06-30; {SAID}",
    ),
    "offboarding-cancelled": (
        [(HERE, ROW), (LEAVES, ROW), (OffboardingCancelled(), EVA)],
        f"Last day cancelled, it was 2027-03-31; {BY_EVA}",
    ),
    "deactivated": (
        [(HERE, ROW), (LEAVES, EVA), (Deactivated(), CLOCK)],
        "Locked out at 2027-03-04 02:45 UTC, because the last day was 2027-03-31 "
        f"(set on 2027-03-03, {BY_EVA}); by the clock",
    ),
    "reactivated": (
        [(HERE, ROW), (LEAVES, ROW), (Deactivated(), CLOCK), (Reactivated(True, None), EVA)],
        "Account opened again: could log in from 2027-03-05 02:45 UTC on, without a last day "
        f"(it was 2027-03-31); {BY_EVA}",
    ),
    "rehired": (
        [(HERE, ROW), (Deactivated(), EVA), (Rehired(False, day("2027-05-01")), EVA)],
        "Starts again on 2027-05-01 (the first day was 2020-01-01): no log-in before the first "
        f"day, 2027-05-01; {BY_EVA}",
    ),
    "released": (
        [(HERE, ROW), (Deactivated(), EVA), (Released(), EVA)],
        f"Released for somebody else: ann@acme.example, 1; {BY_EVA}",
    ),
    "merged": (
        [(HERE, ROW), (Merged(ANN, OTHER), EVA)],
        f"Took over the account of Bo Dam <bo@acme.example>; {BY_EVA}",
    ),
    "file-noted": (
        [(HERE, ROW), (FileNoted(onboarding_date=day("2020-02-01")), ROW)],
        "The file now says 2020-02-01 as first day (before: 2020-01-01), which changed nothing; "
        f"{SAID}",
    ),
}
"""The events of each kind's example, and the sentence about the last of them."""


@pytest.mark.parametrize("kind", EMPLOYEE_KINDS)
def test_every_kind_of_event_has_a_sentence(kind: str) -> None:
    """R2: The sentence about an event says what happened, what was before, and the line of the file
    or the person and the reason."""
    # given
    events, sentence = HOW[kind]
    assert kind_of(type(events[-1][0])) == kind

    # when / then
    assert story(*events, people={OTHER: "Bo Dam <bo@acme.example>"})[-1] == sentence


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ([(LATER, ROW)], "no log-in before the first day, 2027-04-01"),
        ([(LATER, ROW), (Activated(), EVA)], "because the first day is 2027-04-01"),
        ([(HERE, ROW), (Deactivated(), EVA)], f"Locked out at 2027-03-03 02:45 UTC; {BY_EVA}"),
        (
            [(LATER, ROW), (Deactivated(), EVA)],
            f"Account closed at 2027-03-03 02:45 UTC, before the first day; {BY_EVA}",
        ),
        (
            [(HERE, ROW), (OnboardingMoved(day("2027-05-01"), pending=True), EVA)],
            "to 2027-05-01, and no log-in before it",
        ),
        (
            [(HERE, ROW), (OffboardingScheduled(day("2027-03-31"), by_absence=True), ROW)],
            "because the last deliveries do not have this person",
        ),
        (
            [(HERE, ROW), (ExternalIdChanged(None), EVA)],
            "External id removed, it was 1",
        ),
        (
            [(HERE, ROW), (Merged(OTHER, ANN), EVA)],
            f"its addresses and its external id mean {OTHER}",
        ),
        (
            [(HERE, ROW), (EmailChanged("a@acme.example"), EVA), (Released(), EVA)],
            "Released for somebody else: ann@acme.example;",
        ),
        (
            [(HERE, ROW), (LEAVES, ROW), (FileNoted(offboarding_date=None), ROW)],
            "The file now says nothing as last day (before: 2027-03-31)",
        ),
    ],
)
def test_a_sentence_tells_what_it_meant_for_the_person(events: list[Any], words: str) -> None:
    """L1, S3, S5, S9, S10, S11, Q4: A sentence says what an event meant: who could log in, what was
    taken away, and which account is meant from now on."""
    # when / then
    assert words in story(*events)[-1]


def test_a_late_deactivation_tells_both_moments() -> None:
    """C1: The sentence about a deactivation that the clock made late says when it was done."""
    # when
    sentence = story((HERE, ROW), (LEAVES, ROW), (Deactivated(), CLOCK), late=2)[-1]

    # then
    assert sentence.startswith("Locked out at 2027-03-04 02:45 UTC, ")
    assert sentence.endswith("; by the clock; done late, at 2027-03-06 02:45 UTC")


def test_a_moment_has_the_time_of_the_company_beside_it() -> None:
    """A moment is told in UTC, with the time in the zone beside it."""
    # when
    (sentence,) = story((HERE, ROW), zone=ZoneInfo("Europe/Amsterdam"))

    # then
    assert "from 2027-03-02 02:45 UTC (2027-03-02 03:45 Europe/Amsterdam) on" in sentence


def test_a_long_value_is_cut_and_many_fields_are_counted() -> None:
    """W12: A sentence cuts a long value, and counts the fields beyond the first ten."""
    # given
    custom: dict[str, str | None] = {f"custom_{number:02}": "x" * 99 for number in range(12)}

    # when
    sentence = story((HERE, ROW), (DetailsChanged(DetailsChange(custom=custom)), ROW))[-1]

    # then
    assert f'custom_09 set to "{"x" * 60}…" and 2 more; ' in sentence


def test_a_sentence_may_begin_with_the_person() -> None:
    """A sentence with the person has the name and the address after the event."""
    # when
    told = story((HERE, ROW), (EmailChanged("a@acme.example"), EVA), with_person=True)

    # then
    assert told[0].startswith("Ann Bakker <ann@acme.example>: registered with external id 1: ")
    assert told[1].startswith("Ann Bakker <a@acme.example>: e-mail address changed from ")
