"""The fold: what each event makes of an employee, and which streams are none."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, get_args
from uuid import UUID

import msgspec
import pytest

from domain.context import Moment
from domain.employee.aggregate import Employee, evolve, fold
from domain.employee.change import change_of
from domain.employee.events import (
    Activated,
    Deactivated,
    DetailsChanged,
    EmailChanged,
    EmployeeEvent,
    ExternalIdLinked,
    FileNoted,
    OffboardingCancelled,
    OffboardingMoved,
    OffboardingScheduled,
    OnboardingMoved,
    Reactivated,
    Registered,
    State,
)
from domain.envelope import RecordedEvent
from domain.events import Event
from domain.fields.details import Details, DetailsChange
from domain.ids import employee_id
from tests.given import FILE, NOW, RUN, day, plan

ANN = employee_id(RUN, 1)
DETAILS = Details(
    first_name="Ann",
    last_name="Bakker",
    language="nl",
    prefix="de",
    birthday=day("1990-01-01"),
    custom={"custom_desk": "4711", "custom_badge": "A"},
)
LATER = NOW + timedelta(days=3)


def recorded(event: Event, version: int = 1, *, line: int | None = None) -> RecordedEvent:
    """The event as it is stored, `version` hours after the registration at NOW."""
    return RecordedEvent(
        originator_id=ANN,
        originator_version=version,
        event=event,
        run=RUN,
        effective=NOW + timedelta(hours=version - 1),
        recorded=LATER,
        file=None if line is None else FILE,
        line=line,
    )


def registration(*, active: bool = True) -> Registered:
    return Registered(
        email="ann@acme.example",
        external_id=None,
        details=DETAILS,
        onboarding_date=day("2027-04-01"),
        active=active,
    )


def ann(*events: EmployeeEvent, active: bool = True) -> Employee:
    """Ann, registered by a file, and what support did since."""
    stream = [registration(active=active), *events]
    found = fold(None, [recorded(event, number) for number, event in enumerate(stream, 1)])
    assert found is not None
    return found


def difference(before: Employee, after: Employee) -> dict[str, Any]:
    """Every field that differs, the envelope's apart."""
    return {
        field: getattr(after, field)
        for field in after.__struct_fields__
        if getattr(before, field) != getattr(after, field) and field not in ("version", "effective")
    }


# The beginning


@pytest.mark.parametrize(("active", "state"), [(True, State.ACTIVE), (False, State.PENDING)])
def test_a_registration_is_an_employee(active: bool, state: State) -> None:
    found = fold(None, [recorded(registration(active=active), line=2)])

    assert found is not None
    assert msgspec.structs.asdict(found) == {
        "id": ANN,
        "version": 1,
        "effective": NOW,
        "state": state,
        "email": "ann@acme.example",
        "external_id": None,
        "details": DETAILS,
        "onboarding_date": day("2027-04-01"),
        "offboarding_date": None,
        "file_email": "ann@acme.example",
        "file_offboarding_date": None,
    }


def test_no_events_are_nobody() -> None:
    assert fold(None, []) is None


def test_no_more_events_are_the_same_employee() -> None:
    before = ann()

    assert fold(before, []) is before


# Each event

LEAVES, STAYS = day("2027-06-30"), day("2027-08-31")
SCHEDULED, MOVED = OffboardingScheduled(LEAVES), OffboardingMoved(STAYS)
CASES: dict[str, tuple[Employee, EmployeeEvent, bool, dict[str, Any]]] = {
    "activated": (ann(active=False), Activated(), False, {"state": State.ACTIVE}),
    "activated with a last day": (
        ann(SCHEDULED, active=False),
        Activated(),
        False,
        {"state": State.OFFBOARDING_SCHEDULED},
    ),
    "details changed": (
        ann(),
        DetailsChanged(DetailsChange(first_name="Anna")),
        True,
        {"details": msgspec.structs.replace(DETAILS, first_name="Anna")},
    ),
    "details cleared": (
        ann(),
        DetailsChanged(DetailsChange(prefix=None, birthday=None)),
        True,
        {"details": msgspec.structs.replace(DETAILS, prefix=None, birthday=None)},
    ),
    "custom fields changed": (
        ann(),
        DetailsChanged(DetailsChange(custom={"custom_desk": "1", "custom_new": "x"})),
        True,
        {
            "details": msgspec.structs.replace(
                DETAILS, custom={"custom_desk": "1", "custom_badge": "A", "custom_new": "x"}
            )
        },
    ),
    "a custom field cleared": (
        ann(),
        DetailsChanged(DetailsChange(custom={"custom_desk": None})),
        True,
        {"details": msgspec.structs.replace(DETAILS, custom={"custom_badge": "A"})},
    ),
    "email changed by file": (
        ann(),
        EmailChanged("anna@acme.example"),
        True,
        {"email": "anna@acme.example", "file_email": "anna@acme.example"},
    ),
    "email changed by support": (
        ann(),
        EmailChanged("anna@acme.example"),
        False,
        {"email": "anna@acme.example"},
    ),
    "external id linked": (ann(), ExternalIdLinked("007"), True, {"external_id": "007"}),
    "onboarding moved": (
        ann(active=False),
        OnboardingMoved(day("2027-05-01")),
        False,
        {"onboarding_date": day("2027-05-01")},
    ),
    "offboarding scheduled by file": (
        ann(),
        SCHEDULED,
        True,
        {
            "state": State.OFFBOARDING_SCHEDULED,
            "offboarding_date": LEAVES,
            "file_offboarding_date": LEAVES,
        },
    ),
    "offboarding scheduled by support": (
        ann(),
        SCHEDULED,
        False,
        {"state": State.OFFBOARDING_SCHEDULED, "offboarding_date": LEAVES},
    ),
    "offboarding of the pending scheduled": (
        ann(active=False),
        SCHEDULED,
        True,
        {"offboarding_date": LEAVES, "file_offboarding_date": LEAVES},
    ),
    "offboarding moved by file": (
        ann(SCHEDULED),
        MOVED,
        True,
        {"offboarding_date": STAYS, "file_offboarding_date": STAYS},
    ),
    "offboarding moved by support": (ann(SCHEDULED), MOVED, False, {"offboarding_date": STAYS}),
    "offboarding cancelled": (
        ann(SCHEDULED),
        OffboardingCancelled(),
        False,
        {"state": State.ACTIVE, "offboarding_date": None},
    ),
    "offboarding of the pending cancelled": (
        ann(SCHEDULED, active=False),
        OffboardingCancelled(),
        False,
        {"offboarding_date": None},
    ),
    "offboarding that a file set, cancelled": (
        ann(SCHEDULED, FileNoted(offboarding_date=LEAVES)),
        OffboardingCancelled(),
        False,
        {"state": State.ACTIVE, "offboarding_date": None},
    ),
    "deactivated": (ann(SCHEDULED), Deactivated(), False, {"state": State.DEACTIVATED}),
    "deactivated while pending": (
        ann(active=False),
        Deactivated(),
        False,
        {"state": State.DEACTIVATED},
    ),
    "reactivated": (
        ann(SCHEDULED, Deactivated()),
        Reactivated(active=True, offboarding_date=None),
        False,
        {"state": State.ACTIVE, "offboarding_date": None},
    ),
    "reactivated with a last day": (
        ann(SCHEDULED, Deactivated()),
        Reactivated(active=True, offboarding_date=STAYS),
        False,
        {"state": State.OFFBOARDING_SCHEDULED, "offboarding_date": STAYS},
    ),
    "reactivated before the start": (
        ann(SCHEDULED, Deactivated()),
        Reactivated(active=False, offboarding_date=LEAVES),
        False,
        {"state": State.PENDING},
    ),
    "address noted": (
        ann(EmailChanged("new@acme.example")),
        FileNoted(email="new@acme.example"),
        True,
        {"file_email": "new@acme.example"},
    ),
    "last day noted": (
        ann(SCHEDULED),
        FileNoted(offboarding_date=LEAVES),
        True,
        {"file_offboarding_date": LEAVES},
    ),
    "blank noted": (
        ann(SCHEDULED, FileNoted(offboarding_date=LEAVES)),
        FileNoted(offboarding_date=None),
        True,
        {"file_offboarding_date": None},
    ),
}


@pytest.mark.parametrize(("before", "event", "by_file", "expected"), CASES.values(), ids=CASES)
def test_an_event_changes_what_it_tells_and_nothing_else(
    before: Employee, event: EmployeeEvent, by_file: bool, expected: dict[str, Any]
) -> None:
    """L8: what the file said moves by what a file said alone."""
    next_one = recorded(event, before.version + 1, line=9 if by_file else None)

    assert difference(before, evolve(before, next_one)) == expected


WIRE_TAGS = [str(kind.__struct_config__.tag) for kind in get_args(EmployeeEvent)]


def test_there_is_a_case_for_each_kind_of_event() -> None:
    covered = {str(event.__struct_config__.tag) for _, event, *_ in CASES.values()}

    assert covered | {"registered"} == set(WIRE_TAGS)


def test_kinds_are_what_stores_and_people_know_them_by() -> None:
    assert set(WIRE_TAGS) == {
        "registered",
        "activated",
        "details-changed",
        "email-changed",
        "external-id-linked",
        "onboarding-moved",
        "offboarding-scheduled",
        "offboarding-moved",
        "offboarding-cancelled",
        "deactivated",
        "reactivated",
        "file-noted",
    }


@pytest.mark.parametrize(("before", "event"), [case[:2] for case in CASES.values()], ids=CASES)
def test_every_event_moves_the_version_and_the_moment(
    before: Employee, event: EmployeeEvent
) -> None:
    """C1: the moment is when it took effect, not when it was recorded."""
    after = evolve(before, recorded(event, before.version + 1))

    assert after.version == before.version + 1
    assert after.effective == before.effective + timedelta(hours=1)


def test_an_event_leaves_the_state_before_it_alone() -> None:
    before = ann()

    evolve(before, recorded(EmailChanged("x@acme.example"), 2))

    assert before == ann()


def test_folding_in_parts_is_folding() -> None:
    told: list[EmployeeEvent] = [
        registration(active=False),
        SCHEDULED,
        EmailChanged("x@acme.example"),
        Activated(),
    ]
    events = [recorded(event, number, line=2) for number, event in enumerate(told, 1)]

    assert fold(fold(None, events[:2]), events[2:]) == fold(None, events)


# Streams that are none


@pytest.mark.parametrize(
    "event",
    [event for _, event, *_ in CASES.values()],
    ids=[f"a stream of {name}" for name in CASES],
)
def test_a_stream_begins_with_a_registration(event: EmployeeEvent) -> None:
    with pytest.raises(ValueError, match="no stream"):
        fold(None, [recorded(event)])


@pytest.mark.parametrize("before", [ann(), ann(active=False), ann(Deactivated())])
def test_nobody_is_registered_twice(before: Employee) -> None:
    with pytest.raises(ValueError, match="registered once"):
        evolve(before, recorded(registration(), before.version + 1))


def test_a_refusal_to_fold_names_nobody() -> None:
    """Errors end in logs, and people don't."""
    with pytest.raises(ValueError, match="EmailChanged") as refused:
        fold(None, [recorded(EmailChanged("secret@acme.example"))])

    assert "secret" not in str(refused.value)


# Addresses


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ((), {"ann@acme.example"}),
        ((EmailChanged("New@Acme.example"),), {"ann@acme.example", "new@acme.example"}),
        ((EmailChanged("ANN@acme.example"),), {"ann@acme.example"}),
    ],
)
def test_an_employee_is_known_by_their_address_and_by_the_one_the_file_uses(
    events: tuple[EmployeeEvent, ...], expected: set[str]
) -> None:
    """I8, I1: compared without case."""
    assert ann(*events).addresses == expected


# From decisions to a change


def test_a_change_is_the_fold_of_its_events() -> None:
    """L8: the state a plan leaves is rebuilt from events, and nothing is kept beside them."""
    header = "external_id,email,first_name,last_name,onboarding_date,offboarding_date,custom_desk"
    first = plan(f"{header}\n1,ann@acme.example,Ann,Bakker,2027-04-01,2027-06-30,1\n")
    (born,) = first.changes
    second = plan(
        f"{header}\n1,anna@acme.example,Anna,Bakker,2027-04-01,2027-08-31,2\n", known=[born.after]
    )
    (moved,) = second.changes

    assert born.before is None
    assert fold(None, born.events) == born.after
    assert moved.before == born.after
    assert fold(None, [*born.events, *moved.events]) == moved.after


def test_a_change_numbers_its_events_on() -> None:
    before = ann(SCHEDULED)

    change = change_of(
        before,
        UUID(int=0),
        [(LATER, MOVED), (LATER, EmailChanged("x@acme.example"))],
        Moment(RUN, LATER),
        file=FILE,
        line=4,
    )

    assert change is not None
    assert [(each.originator_id, each.originator_version) for each in change.events] == [
        (ANN, 3),
        (ANN, 4),
    ]
    assert {(each.file, each.line, each.run) for each in change.events} == {(FILE, 4, RUN)}
    assert change.after.version == 4


def test_a_change_takes_no_effect_before_the_event_it_follows() -> None:
    """C1: a date that was due earlier takes effect with the last event."""
    before = ann(SCHEDULED)
    early = NOW - timedelta(days=9)

    change = change_of(before, UUID(int=0), [(early, Deactivated())], Moment(RUN, LATER))

    assert change is not None
    assert [each.effective for each in change.events] == [before.effective]
    assert [each.recorded for each in change.events] == [LATER]


@pytest.mark.parametrize("before", [None, ann()])
def test_no_events_are_no_change(before: Employee | None) -> None:
    assert change_of(before, ANN, [], Moment(RUN, NOW)) is None


# Privacy


def test_an_employee_shows_nothing_of_themselves_where_values_are_printed() -> None:
    """What goes to a log by accident names nobody."""
    assert repr(ann()) == "<Employee>"
    assert repr(registration()) == "<Registered>"
