"""What each event changes of an employee, and which streams of events are errors."""

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
    State,
)
from domain.envelope import RecordedEvent
from domain.events import Event
from domain.fields.details import Details, DetailsChange
from domain.ids import employee_id
from tests.given import FILE, NOW, RUN, day

ANN = employee_id(RUN, 1)
OTHER = employee_id(RUN, 2)
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
def test_the_event_registered_makes_an_employee(active: bool, state: State) -> None:
    """L1, L8: The event `registered` makes an employee with exactly the values of the event. The
    file's address and last day begin with them.
    """
    # when
    found = fold(None, [recorded(registration(active=active), line=2)])

    # then
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
        "file_external_id": None,
        "file_onboarding_date": day("2027-04-01"),
        "file_offboarding_date": None,
        "file_details": None,
        "leaves_by_file": False,
        "closed_by_file": False,
        "released": False,
        "merged_into": None,
        "absorbed": (),
        "by_absence": None,
    }


def test_a_stream_without_events_gives_no_employee() -> None:
    """Without any event there is no employee."""
    # when / then
    assert fold(None, []) is None


def test_folding_no_further_events_returns_the_same_employee() -> None:
    """An employee stays the same when no events follow."""
    # given
    before = ann()

    # when / then
    assert fold(before, []) is before


# Each event

LEAVES, STAYS = day("2027-06-30"), day("2027-08-31")
SCHEDULED, MOVED = OffboardingScheduled(LEAVES), OffboardingMoved(STAYS)
LINKED = ExternalIdLinked("7")
CORRECTED = DetailsCorrected(DetailsChange(first_name="Anna", custom={"custom_desk": "1"}))
LEAVING = evolve(ann(), recorded(OffboardingScheduled(NOW.date()), 2, line=9))
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
    "external id linked by file": (
        ann(),
        ExternalIdLinked("007"),
        True,
        {"external_id": "007", "file_external_id": "007"},
    ),
    "external id linked by support": (ann(), LINKED, False, {"external_id": "7"}),
    "external id changed": (
        ann(LINKED),
        ExternalIdChanged("8"),
        False,
        {"external_id": "8", "file_external_id": "7"},
    ),
    "external id changed again": (
        ann(LINKED, ExternalIdChanged("8")),
        ExternalIdChanged(None),
        False,
        {"external_id": None},
    ),
    "details corrected": (
        ann(),
        CORRECTED,
        False,
        {
            "details": msgspec.structs.replace(
                DETAILS, first_name="Anna", custom={"custom_desk": "1", "custom_badge": "A"}
            ),
            "file_details": DetailsChange(first_name="Ann", custom={"custom_desk": "4711"}),
        },
    ),
    "a correction taken back": (
        ann(CORRECTED),
        DetailsCorrected(DetailsChange(first_name="Ann")),
        False,
        {
            "details": msgspec.structs.replace(
                DETAILS, custom={"custom_desk": "1", "custom_badge": "A"}
            ),
            "file_details": DetailsChange(custom={"custom_desk": "4711"}),
        },
    ),
    "corrected details changed by file": (
        ann(CORRECTED),
        DetailsChanged(DetailsChange(first_name="Annie", custom={"custom_desk": "2"})),
        True,
        {
            "details": msgspec.structs.replace(
                DETAILS, first_name="Annie", custom={"custom_desk": "2", "custom_badge": "A"}
            ),
            "file_details": None,
        },
    ),
    "released": (ann(Deactivated()), Released(), False, {"released": True}),
    "former keys released": (
        ann(EmailChanged("new@acme.example"), LINKED),
        Released(),
        False,
        {"file_email": "new@acme.example", "file_external_id": "7"},
    ),
    "rehired": (
        ann(SCHEDULED, Deactivated()),
        Rehired(active=True, onboarding_date=STAYS),
        False,
        {"state": State.ACTIVE, "onboarding_date": STAYS, "offboarding_date": None},
    ),
    "rehired later": (
        ann(Deactivated()),
        Rehired(active=False, onboarding_date=STAYS),
        False,
        {"state": State.PENDING, "onboarding_date": STAYS},
    ),
    "rehired after a release": (
        ann(
            LINKED, Deactivated(), Released(), ExternalIdChanged(None), EmailChanged("n@x.example")
        ),
        Rehired(active=True, onboarding_date=STAYS),
        False,
        {
            "state": State.ACTIVE,
            "onboarding_date": STAYS,
            "released": False,
            "file_email": "n@x.example",
            "file_external_id": None,
        },
    ),
    "merged, and kept": (
        ann(),
        Merged(ANN, OTHER, "7"),
        False,
        {"external_id": "7", "file_external_id": "7", "absorbed": (OTHER,)},
    ),
    "merged, and kept with an own external id": (
        ann(LINKED),
        Merged(ANN, OTHER),
        False,
        {"absorbed": (OTHER,)},
    ),
    "merged, and ended": (
        ann(SCHEDULED),
        Merged(OTHER, ANN),
        False,
        {"state": State.DEACTIVATED, "merged_into": OTHER},
    ),
    "onboarding moved": (
        ann(active=False),
        OnboardingMoved(day("2027-05-01")),
        False,
        {"onboarding_date": day("2027-05-01")},
    ),
    "onboarding moved ahead after the start": (
        ann(),
        OnboardingMoved(day("2027-05-01"), pending=True),
        False,
        {"onboarding_date": day("2027-05-01"), "state": State.PENDING},
    ),
    "offboarding scheduled by file": (
        ann(),
        SCHEDULED,
        True,
        {
            "state": State.OFFBOARDING_SCHEDULED,
            "offboarding_date": LEAVES,
            "file_offboarding_date": LEAVES,
            "leaves_by_file": True,
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
        {"offboarding_date": LEAVES, "file_offboarding_date": LEAVES, "leaves_by_file": True},
    ),
    "offboarding moved by file": (
        ann(SCHEDULED),
        MOVED,
        True,
        {"offboarding_date": STAYS, "file_offboarding_date": STAYS, "leaves_by_file": True},
    ),
    "offboarding cancelled by file": (
        LEAVING,
        OffboardingCancelled(),
        True,
        {
            "state": State.ACTIVE,
            "offboarding_date": None,
            "file_offboarding_date": None,
            "leaves_by_file": False,
        },
    ),
    "offboarding of the file moved by support": (
        LEAVING,
        MOVED,
        False,
        {"offboarding_date": STAYS, "leaves_by_file": False},
    ),
    "deactivated on a last day of the file": (
        LEAVING,
        Deactivated(),
        False,
        {"state": State.DEACTIVATED, "closed_by_file": True},
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
    "first day and external id noted": (
        ann(LINKED, OnboardingMoved(STAYS)),
        FileNoted(onboarding_date=STAYS, external_id="7"),
        True,
        {"file_onboarding_date": STAYS, "file_external_id": "7"},
    ),
    "a correction noted": (
        ann(CORRECTED),
        FileNoted(details=DetailsChange(first_name="Anna")),
        True,
        {"file_details": DetailsChange(custom={"custom_desk": "4711"})},
    ),
}


@pytest.mark.parametrize(("before", "event", "by_file", "expected"), CASES.values(), ids=CASES)
def test_an_event_changes_its_own_fields_and_nothing_else(
    before: Employee, event: EmployeeEvent, by_file: bool, expected: dict[str, Any]
) -> None:
    """L8, C1: Each event changes its own fields and nothing else, raises the version by one, and
    moves the effective moment. Only an event from a file changes what the file last said.
    """
    # given
    next_one = recorded(event, before.version + 1, line=9 if by_file else None)

    # when
    found = evolve(before, next_one)

    # then
    assert difference(before, found) == expected
    assert found.version == before.version + 1
    assert found.effective == before.effective + timedelta(hours=1)


WIRE_TAGS = [str(kind.__struct_config__.tag) for kind in get_args(EmployeeEvent)]


def test_there_is_a_case_for_each_kind_of_event() -> None:
    """The cases above cover every kind of event about an employee."""
    # when
    covered = {str(event.__struct_config__.tag) for _, event, *_ in CASES.values()}

    # then
    assert covered | {"registered"} == set(WIRE_TAGS)


# Streams that are errors


@pytest.mark.parametrize(
    "event",
    [event for _, event, *_ in CASES.values()],
    ids=[f"a stream of {name}" for name in CASES],
)
def test_a_stream_begins_with_a_registration(event: EmployeeEvent) -> None:
    """L1: The stored events of an employee must begin with `registered`. Any other first event is
    an error.
    """
    # when / then
    with pytest.raises(ValueError, match="no stream"):
        fold(None, [recorded(event)])


@pytest.mark.parametrize("before", [ann(), ann(active=False), ann(Deactivated())])
def test_nobody_is_registered_twice(before: Employee) -> None:
    """L1: A second event `registered` for the same employee is an error."""
    # when / then
    with pytest.raises(ValueError, match="registered once"):
        evolve(before, recorded(registration(), before.version + 1))


def test_an_error_about_a_stream_names_no_address() -> None:
    """The error about a wrong first event names the kind of the event and not the address of the
    employee, so that logs stay free of personal data.
    """
    # when / then
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
def test_an_employee_has_the_present_address_and_the_address_that_the_file_uses(
    events: tuple[EmployeeEvent, ...], expected: set[str]
) -> None:
    """I8, I1: An employee is found by the present address and by the address that the file uses,
    both in lower case.
    """
    assert ann(*events).addresses == expected


# From decisions to a change


def test_the_events_of_a_change_continue_the_numbers_of_the_stream() -> None:
    """R1: The events of a change continue the employee's numbers and carry the run, the file and
    the line.
    """
    # given
    before = ann(SCHEDULED)

    # when
    change = change_of(
        before,
        UUID(int=0),
        [(LATER, MOVED), (LATER, EmailChanged("x@acme.example"))],
        Moment(RUN, LATER),
        file=FILE,
        line=4,
    )

    # then
    assert change is not None
    assert [(each.originator_id, each.originator_version) for each in change.events] == [
        (ANN, 3),
        (ANN, 4),
    ]
    assert {(each.file, each.line, each.run) for each in change.events} == {(FILE, 4, RUN)}
    assert change.after.version == 4


def test_a_change_takes_effect_no_earlier_than_the_event_before_it() -> None:
    """C1: A change that was due earlier takes effect with the employee's previous event."""
    # given
    before = ann(SCHEDULED)
    early = NOW - timedelta(days=9)

    # when
    change = change_of(before, UUID(int=0), [(early, Deactivated())], Moment(RUN, LATER))

    # then
    assert change is not None
    assert [each.effective for each in change.events] == [before.effective]
    assert [each.recorded for each in change.events] == [LATER]


@pytest.mark.parametrize("before", [None, ann()])
def test_without_events_there_is_no_change(before: Employee | None) -> None:
    """L10: When there are no events there is no change, for a known employee and for a new one."""
    assert change_of(before, ANN, [], Moment(RUN, NOW)) is None


# Privacy


def test_a_printed_employee_shows_no_personal_data() -> None:
    """The printed forms of an employee and of a registration show only the kind of the value, so
    that logs stay free of personal data.
    """
    # when / then
    assert repr(ann()) == "<Employee>"
    assert repr(registration()) == "<Registered>"
