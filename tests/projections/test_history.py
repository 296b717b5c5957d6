"""The history of an employee: every event, with who, why, when, and each value before and after."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from domain.company_runs.events import RunEnded, RunKind
from domain.employee.aggregate import Employee, fold
from domain.employee.commands import (
    CancelOffboarding,
    ChangeEmail,
    Command,
    Deactivate,
    Link,
    Offboard,
    Reactivate,
)
from domain.employee.events import (
    Activated,
    Deactivated,
    DetailsChanged,
    EmailChanged,
    EmployeeEvent,
    EmployeeRecord,
    ExternalIdLinked,
    FileNoted,
    OffboardingCancelled,
    OffboardingMoved,
    OffboardingScheduled,
    OnboardingMoved,
    Reactivated,
    Released,
)
from domain.employee.roster import Roster
from domain.employee.support import plan_support
from domain.envelope import RecordedEvent
from domain.fields.details import DetailsChange
from domain.ids import run_id
from domain.outcome import Outcome
from projections.answers.history import FromTo, HistoryEntry, changes, tell
from tests.given import FILE, NOW, TODAY, context, day, moment, plan, registered, then

HEADER = "external_id,email,first_name,last_name,prefix,offboarding_date,custom_desk"
ROW = "1,ann@acme.example,Ann,Bakker,,,4711"
IMPORT, SUPPORT, CLOCK = (run_id(1_800_000_000_000 + number, 1) for number in range(3))


def run(by: str, kind: RunKind, reason: str | None = None) -> RunEnded:
    return RunEnded("acme", kind, Outcome.APPLIED, NOW, NOW, by, reason)


RUNS = {
    IMPORT: run("scheduler", RunKind.IMPORT),
    SUPPORT: run("eva", RunKind.SUPPORT, "ticket 12"),
    CLOCK: run("scheduler", RunKind.CLOCK),
}


def stream(
    row: str = ROW, *events: tuple[EmployeeEvent, UUID, int | None], header: str = HEADER
) -> list[EmployeeRecord]:
    """The stream of an employee, registered by a file, with one more event each hour."""
    (change,) = plan(f"{header}\n{row}\n", run=IMPORT).changes
    first = list(change.events)
    for number, (event, by, line) in enumerate(events, 1):
        first.append(
            RecordedEvent(
                originator_id=change.after.id,
                originator_version=len(first) + 1,
                event=event,
                run=by,
                effective=NOW + timedelta(hours=number),
                recorded=NOW + timedelta(days=number),
                file=None if line is None else FILE,
                line=line,
            )
        )
    return first


def history(*events: tuple[EmployeeEvent, UUID, int | None], row: str = ROW) -> list[HistoryEntry]:
    return list(tell(stream(row, *events), RUNS))


def last(*events: EmployeeEvent, line: int | None = None, row: str = ROW) -> dict[str, Any]:
    """From what to what the last of these events changed, those before it being support's."""
    *before, event = events
    told = history(*((each, SUPPORT, None) for each in before), (event, SUPPORT, line), row=row)
    return {field: (change.before, change.after) for field, change in told[-1].changes.items()}


# One entry for each event


def test_the_entry_of_a_registration_shows_every_known_field() -> None:
    """L1: The history entry of a registration shows every known field, each changed from
    nothing.
    """
    # when
    (entry,) = history()

    # then
    assert entry.kind == "registered"
    assert {field: change.after for field, change in entry.changes.items()} == {
        "email": "ann@acme.example",
        "external_id": "1",
        "onboarding_date": TODAY,
        "first_name": "Ann",
        "last_name": "Bakker",
        "language": "nl",
        "custom_desk": "4711",
    }
    assert {change.before for change in entry.changes.values()} == {None}


def test_the_history_shows_every_event_in_order() -> None:
    """R2: The history of an employee shows every event of the employee, in order, with its version
    and kind.
    """
    # when
    told = history(
        (EmailChanged("anna@acme.example"), SUPPORT, None),
        (OffboardingScheduled(day("2027-03-10")), IMPORT, 4),
        (Deactivated(), CLOCK, None),
    )

    # then
    assert [(entry.version, entry.kind) for entry in told] == [
        (1, "registered"),
        (2, "email-changed"),
        (3, "offboarding-scheduled"),
        (4, "deactivated"),
    ]
    assert len({entry.employee for entry in told}) == 1


def test_two_events_of_one_row_are_two_entries() -> None:
    """L2: The history shows two events of one row as two entries."""
    # when
    told = history(row="1,ann@acme.example,Ann,Bakker,,2027-06-30,4711")

    # then
    assert [entry.kind for entry in told] == ["registered", "offboarding-scheduled"]
    assert set(told[1].changes) == {"offboarding_date"}


def test_an_entry_names_who_acted_and_the_reason() -> None:
    """R2: A history entry names the run, the person or worker who asked for it, and the reason if
    there is one.
    """
    # when
    _, changed, gone = history(
        (EmailChanged("anna@acme.example"), SUPPORT, None), (Deactivated(), CLOCK, None)
    )

    # then
    assert (changed.run, changed.by, changed.reason) == (SUPPORT, "eva", "ticket 12")
    assert (gone.run, gone.by, gone.reason) == (CLOCK, "scheduler", None)


def test_an_entry_shows_when_its_event_took_effect_and_when_it_was_recorded() -> None:
    """C1: A history entry shows both when its event took effect and when it was recorded."""
    # when
    born, gone = history((Deactivated(), CLOCK, None))

    # then
    assert (born.effective, born.recorded) == (NOW, NOW)
    assert gone.effective == moment("2027-03-01 03:45")
    assert gone.recorded == moment("2027-03-02 02:45")


def test_an_entry_names_the_row_of_its_event() -> None:
    """R2: A history entry names the file and the line of its event. An event that came from no row
    names neither.
    """
    # when
    born, moved, gone = history(
        (OffboardingScheduled(day("2027-06-30")), IMPORT, 17), (Deactivated(), CLOCK, None)
    )

    # then
    assert (born.file, born.line) == (FILE, 2)
    assert (moved.file, moved.line) == (FILE, 17)
    assert (gone.file, gone.line) == (None, None)


def test_the_history_of_some_runs_shows_only_their_events_with_the_right_values() -> None:
    """R2: The history of some runs shows only the events of these runs, with the values before and
    after each of them.
    """
    # given
    events = stream(
        ROW,
        (EmailChanged("b@acme.example"), SUPPORT, None),
        (Deactivated(), CLOCK, None),
        (EmailChanged("c@acme.example"), SUPPORT, None),
    )

    # when
    told = list(tell(events, {SUPPORT: RUNS[SUPPORT]}))
    changed = [(one.changes["email"].before, one.changes["email"].after) for one in told]

    # then
    assert [one.version for one in told] == [2, 4]
    assert changed == [
        ("ann@acme.example", "b@acme.example"),
        ("b@acme.example", "c@acme.example"),
    ]
    assert list(tell(events, {})) == []


def test_the_history_shows_each_support_command_with_the_person_and_the_reason() -> None:
    """S1, S2, S4, S5, S6: The history shows each support command with its changes, the person who
    acted and the reason, and with no row.
    """
    # given
    born = stream(",ann@acme.example,Ann,Bakker,,,")
    ann = fold(None, born)
    commands: list[tuple[Command, list[tuple[str, dict[str, Any]]]]] = [
        (
            ChangeEmail("b@acme.example"),
            [("email-changed", {"email": ("ann@acme.example", "b@acme.example")})],
        ),
        (Link("007"), [("external-id-linked", {"external_id": (None, "007")})]),
        (Offboard(JUNE), [("offboarding-scheduled", {"offboarding_date": (None, JUNE)})]),
        (Offboard(AUGUST), [("offboarding-moved", {"offboarding_date": (JUNE, AUGUST)})]),
        (CancelOffboarding(), [("offboarding-cancelled", {"offboarding_date": (AUGUST, None)})]),
        (Deactivate(), [("deactivated", {})]),
        (Reactivate(JUNE), [("reactivated", {"offboarding_date": (None, JUNE)})]),
    ]

    # when / then
    for command, expected in commands:
        assert ann is not None
        agreed = context(run=SUPPORT)
        (change,) = plan_support(command, ann, Roster.of([ann]), agreed).changes
        born += change.events
        ann = change.after
        told = list(tell(born, RUNS))[-len(change.events) :]
        assert [
            (one.kind, {field: (each.before, each.after) for field, each in one.changes.items()})
            for one in told
        ] == expected
        assert {(one.by, one.reason, one.file, one.line) for one in told} == {
            ("eva", "ticket 12", None, None)
        }


def test_a_stream_without_events_has_no_history() -> None:
    """Without events there is no history."""
    # when / then
    assert list(tell([], RUNS)) == []


# Each value before and after

JUNE, AUGUST = day("2027-06-30"), day("2027-08-31")
CASES: dict[str, tuple[tuple[EmployeeEvent, ...], int | None, dict[str, Any]]] = {
    "a name": (
        (DetailsChanged(DetailsChange(first_name="Anna")),),
        2,
        {"first_name": ("Ann", "Anna")},
    ),
    "a field filled": ((DetailsChanged(DetailsChange(prefix="de")),), 2, {"prefix": (None, "de")}),
    "a field cleared": (
        (DetailsChanged(DetailsChange(prefix="de")), DetailsChanged(DetailsChange(prefix=None))),
        2,
        {"prefix": ("de", None)},
    ),
    "a custom field": (
        (DetailsChanged(DetailsChange(custom={"custom_desk": "12"})),),
        2,
        {"custom_desk": ("4711", "12")},
    ),
    "a custom field filled": (
        (DetailsChanged(DetailsChange(custom={"custom_badge": "A"})),),
        2,
        {"custom_badge": (None, "A")},
    ),
    "a custom field cleared": (
        (DetailsChanged(DetailsChange(custom={"custom_desk": None})),),
        2,
        {"custom_desk": ("4711", None)},
    ),
    "several fields": (
        (DetailsChanged(DetailsChange(last_name="Visser", birthday=day("1990-01-01"))),),
        2,
        {"last_name": ("Bakker", "Visser"), "birthday": (None, day("1990-01-01"))},
    ),
    "an address, by file": (
        (EmailChanged("b@acme.example"),),
        2,
        {"email": ("ann@acme.example", "b@acme.example")},
    ),
    "an address, by support": (
        (EmailChanged("b@acme.example"),),
        None,
        {"email": ("ann@acme.example", "b@acme.example")},
    ),
    "a third address, by file": (
        (EmailChanged("b@acme.example"), EmailChanged("c@acme.example")),
        2,
        {"email": ("b@acme.example", "c@acme.example")},
    ),
    "an address noted": (
        (EmailChanged("b@acme.example"), FileNoted(email="b@acme.example")),
        2,
        {"file_email": ("ann@acme.example", "b@acme.example")},
    ),
    "an address that support took, released": (
        (EmailChanged("b@acme.example"), Released()),
        None,
        {"former_email": ("ann@acme.example", None)},
    ),
    "an offboarding": (
        (OffboardingScheduled(JUNE),),
        2,
        {"offboarding_date": (None, JUNE)},
    ),
    "an offboarding moved by file": (
        (OffboardingScheduled(JUNE), OffboardingMoved(AUGUST)),
        2,
        {"offboarding_date": (JUNE, AUGUST)},
    ),
    "an offboarding moved by support": (
        (OffboardingScheduled(JUNE), OffboardingMoved(AUGUST)),
        None,
        {"offboarding_date": (JUNE, AUGUST)},
    ),
    "an offboarding cancelled": (
        (OffboardingScheduled(JUNE), OffboardingCancelled()),
        None,
        {"offboarding_date": (JUNE, None)},
    ),
    "a last day noted": (
        (OffboardingScheduled(JUNE), FileNoted(offboarding_date=JUNE)),
        2,
        {"file_offboarding_date": (None, JUNE)},
    ),
    "a blank noted": (
        (FileNoted(offboarding_date=JUNE), FileNoted(offboarding_date=None)),
        2,
        {"file_offboarding_date": (JUNE, None)},
    ),
    "a reactivation that ends an offboarding": (
        (
            OffboardingScheduled(JUNE),
            Deactivated(),
            Reactivated(active=True, offboarding_date=None),
        ),
        None,
        {"offboarding_date": (JUNE, None)},
    ),
    "an onboarding moved": (
        (OnboardingMoved(day("2027-04-01")),),
        None,
        {"onboarding_date": (TODAY, day("2027-04-01"))},
    ),
    "an activation": ((Activated(),), None, {}),
    "a deactivation": ((Deactivated(),), None, {}),
}


@pytest.mark.parametrize(("events", "line", "expected"), CASES.values(), ids=CASES)
def test_an_entry_shows_each_changed_field_from_what_to_what(
    events: tuple[EmployeeEvent, ...], line: int | None, expected: dict[str, Any]
) -> None:
    """L8: A history entry shows each changed field with its value before and after. What the file
    last said is shown only if nothing else changed in that field.
    """
    assert last(*events, line=line) == expected


def test_a_linked_external_id_is_shown_as_changed_from_nothing() -> None:
    """I3, S6: The entry of a linked external id shows a change from nothing to this id."""
    # given
    row = ",ann@acme.example,Ann,Bakker,,,"

    # when / then
    assert last(ExternalIdLinked("007"), row=row) == {"external_id": (None, "007")}


def test_a_noted_address_is_shown_beside_a_new_last_day() -> None:
    """L8: An address that the file noted is shown as a change, also beside a new last day."""
    # given
    ann = then(registered(ROW, HEADER), EmailChanged("b@acme.example"))

    # when
    both = then(ann, OffboardingScheduled(JUNE), FileNoted(email="b@acme.example"), line=2)

    # then
    assert set(changes(ann, both)) == {"offboarding_date", "file_email"}


def test_two_equal_states_of_an_employee_show_no_changes() -> None:
    """Between two equal states of an employee there is no change to show."""
    # given
    ann: Employee = registered(ROW, HEADER)

    # when / then
    assert changes(ann, ann) == {}


def test_a_change_is_written_with_from_and_to() -> None:
    """A change is written as JSON with the keys `from` and `to`."""
    # when / then
    assert msgspec.json.encode(FromTo("a", None)) == b'{"from":"a","to":null}'
