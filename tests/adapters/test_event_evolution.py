"""This release reads the events and the snapshots that an earlier release stored."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID

import msgspec
import pytest
from eventsourcing.persistence import MapperDeserialisationError, StoredEvent

from adapters.store.event_store import EventMapper, EventTranscoder
from domain.company_runs.events import AbsenceChange, FileInfo, RunEnded, RunKind
from domain.company_runs.state import AppliedDelivery, CompanyState
from domain.delivery.facts import DeliveryFacts
from domain.employee.aggregate import Employee
from domain.employee.events import (
    Activated,
    Deactivated,
    DetailsChanged,
    DetailsCorrected,
    EmailChanged,
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
from domain.employee.layouts import EARLIER_LAYOUTS
from domain.envelope import RecordedEvent
from domain.events import KINDS, Event
from domain.fields.details import Details, DetailsChange
from domain.issues.issue import Issue
from domain.issues.issue_type import Severity
from domain.outcome import Counts, Outcome
from domain.snapshots import Layout, Snapshots
from projections import roster, runs

STREAM = UUID("01968c5a-0000-7000-8000-000000000001")
OTHER = UUID("01968c5a-0000-7000-8000-000000000002")
RUN = UUID("01968c5a-0000-7000-8000-000000000000")
NOW = datetime(2027, 3, 1, 2, 45, tzinfo=UTC)
DAY = date(2027, 3, 31)
ENVELOPE = (
    b',"run":"01968c5a-0000-7000-8000-000000000000","recorded":"2027-03-01T02:45:00Z",'
    b'"file":"a.csv","line":4}'
)

STORED_BY_0_1: dict[bytes, Event] = {
    b'{"event":{"kind":"registered","email":"anna@acme.example","external_id":"17","details":'
    b'{"first_name":"Anna","last_name":"Bakker","language":"nl","prefix":"de","birthday":'
    b'"1990-05-17","group_name":"Sales","custom":{"custom_salary":"4.50"}},"onboarding_date":'
    b'"2027-03-01","active":true}': Registered(
        "anna@acme.example",
        "17",
        Details(
            first_name="Anna",
            last_name="Bakker",
            language="nl",
            prefix="de",
            birthday=date(1990, 5, 17),
            group_name="Sales",
            custom={"custom_salary": "4.50"},
        ),
        date(2027, 3, 1),
        True,
    ),
    b'{"event":{"kind":"activated"}': Activated(),
    b'{"event":{"kind":"details-changed","details":{"last_name":"Visser","prefix":null,'
    b'"marriage_date":"2027-03-31","custom":{"custom_salary":null}}}': DetailsChanged(
        DetailsChange(
            last_name="Visser", prefix=None, marriage_date=DAY, custom={"custom_salary": None}
        )
    ),
    b'{"event":{"kind":"email-changed","email":"a@acme.example"}': EmailChanged("a@acme.example"),
    b'{"event":{"kind":"external-id-linked","external_id":"17"}': ExternalIdLinked("17"),
    b'{"event":{"kind":"onboarding-moved","onboarding_date":"2027-03-31"}': OnboardingMoved(DAY),
    b'{"event":{"kind":"offboarding-scheduled","offboarding_date":"2027-03-31"}': (
        OffboardingScheduled(DAY)
    ),
    b'{"event":{"kind":"offboarding-scheduled","offboarding_date":"2027-03-31",'
    b'"by_absence":true}': (OffboardingScheduled(DAY, by_absence=True)),
    b'{"event":{"kind":"offboarding-moved","offboarding_date":"2027-03-31"}': OffboardingMoved(DAY),
    b'{"event":{"kind":"offboarding-cancelled"}': OffboardingCancelled(),
    b'{"event":{"kind":"deactivated"}': Deactivated(),
    b'{"event":{"kind":"reactivated","active":true,"offboarding_date":null}': Reactivated(
        True, None
    ),
    b'{"event":{"kind":"file-noted","email":"a@acme.example","offboarding_date":null}': FileNoted(
        "a@acme.example", None
    ),
    b'{"event":{"kind":"external-id-changed","external_id":null}': ExternalIdChanged(None),
    b'{"event":{"kind":"details-corrected","details":{"last_name":"Visser"}}': DetailsCorrected(
        DetailsChange(last_name="Visser")
    ),
    b'{"event":{"kind":"rehired","active":false,"onboarding_date":"2027-03-31"}': Rehired(
        False, DAY
    ),
    b'{"event":{"kind":"released"}': Released(),
    b'{"event":{"kind":"merged","kept":"01968c5a-0000-7000-8000-000000000001","ended":'
    b'"01968c5a-0000-7000-8000-000000000002","external_id":null}': Merged(STREAM, OTHER),
    b'{"event":{"kind":"run-ended","company":"acme","run_kind":"import","outcome":"applied",'
    b'"started":"2027-03-01T02:45:00Z","finished":"2027-03-01T02:45:00Z","by":"schedule",'
    b'"reason":null,"slot":"2027-03-01T02:45:00Z","files":[{"name":"a.csv","bytes":12,'
    b'"modified":"2027-03-01T02:45:00Z","sha256":"ab"}],"counts":{"rows":1,"registered":1,'
    b'"changed":0,"unchanged":0,"rejected":0,"skipped":0,"absent":0,"activated":0,'
    b'"deactivated":0,"events":1},"delivery":"cd","issues_of":'
    b'"01968c5a-0000-7000-8000-000000000000","ends":null}': RunEnded(
        "acme",
        RunKind.IMPORT,
        Outcome.APPLIED,
        NOW,
        NOW,
        "schedule",
        slot=NOW,
        files=(FileInfo("a.csv", 12, NOW, "ab"),),
        counts=Counts(rows=1, registered=1, events=1),
        delivery="cd",
        issues_of=RUN,
    ),
    b'{"event":{"kind":"run-ended","company":"acme","run_kind":"import","outcome":"applied",'
    b'"started":"2027-03-01T02:45:00Z","finished":"2027-03-01T02:45:00Z","by":"schedule",'
    b'"facts":{"partial":true},"closes":["00ff"],"absence":{"gone":'
    b'["01968c5a-0000-7000-8000-000000000001"],"back":[]}}': RunEnded(
        "acme",
        RunKind.IMPORT,
        Outcome.APPLIED,
        NOW,
        NOW,
        "schedule",
        facts=DeliveryFacts(partial=True),
        closes=("00ff",),
        absence=AbsenceChange(gone=(STREAM,)),
    ),
}
"""The bytes of every event as release 0.1 stores them, without the envelope."""
STORED_LATER: dict[bytes, Event] = {
    b'{"event":{"kind":"run-ended","company":"acme","run_kind":"support","outcome":"applied",'
    b'"started":"2027-03-01T02:45:00Z","finished":"2027-03-01T02:45:00Z","by":"Eva",'
    b'"reason":"ticket 7","login":"eva"}': RunEnded(
        "acme", RunKind.SUPPORT, Outcome.APPLIED, NOW, NOW, "Eva", "ticket 7", login="eva"
    ),
    b'{"event":{"kind":"deactivated","ahead_of_utc":true}': Deactivated(ahead_of_utc=True),
}
"""The bytes of events with fields that came after release 0.1, without the envelope."""
STORED = STORED_BY_0_1 | STORED_LATER


def topic_of(content: bytes) -> str:
    return str(msgspec.json.decode(content + ENVELOPE)["event"]["kind"])


@pytest.mark.parametrize(
    ("content", "event"), STORED.items(), ids=[topic_of(each) for each in STORED]
)
def test_an_event_of_an_earlier_release_is_read(content: bytes, event: Event) -> None:
    """R1: The stored bytes of an event of release 0.1, or of a later one, are still read as the
    same event."""
    # given
    stored = StoredEvent(STREAM, 3, topic_of(content), content + ENVELOPE)

    # when
    recorded = EventMapper(EventTranscoder()).to_domain_event(stored)

    # then
    assert recorded == RecordedEvent(STREAM, 3, event, RUN, NOW, NOW, "a.csv", 4)


def test_the_bytes_of_every_kind_of_event_are_kept_here() -> None:
    """R1: This test file keeps the stored bytes of every kind of event; a new kind comes with the
    bytes that its first release stores."""
    # when / then
    assert {topic_of(content) for content in STORED_BY_0_1} >= KINDS


def test_an_event_that_lacks_a_newer_field_is_read_with_its_default() -> None:
    """R1: An event that was stored before a field was added is read with the default of that
    field."""
    # given
    content = b'{"event":{"kind":"file-noted"}' + ENVELOPE

    # when
    recorded = EventMapper(EventTranscoder()).to_domain_event(
        StoredEvent(STREAM, 3, "file-noted", content)
    )

    # then
    assert recorded.event == FileNoted()  # type: ignore[attr-defined]


def test_an_event_of_a_retired_topic_is_read_through_its_upcaster() -> None:
    """R1: When the meaning of an event changes, the event gets a new tag, and stored events with
    the old tag are read through an upcaster."""
    # given
    content = b'{"event":{"kind":"mail-changed","mail":"a@acme.example"}' + ENVELOPE
    stored = StoredEvent(STREAM, 3, "mail-changed", content)

    def upcast(old: bytes) -> tuple[str, bytes]:
        told = msgspec.json.decode(old)
        told["event"] = {"kind": "email-changed", "email": told["event"]["mail"]}
        return "email-changed", msgspec.json.encode(told)

    # when
    mapper = EventMapper(EventTranscoder(), {"mail-changed": upcast})
    recorded = mapper.to_domain_event(stored)

    # then
    assert recorded.event == EmailChanged("a@acme.example")  # type: ignore[attr-defined]
    with pytest.raises(MapperDeserialisationError, match="unknown topic"):
        EventMapper(EventTranscoder()).to_domain_event(stored)


# Snapshots

ANNA = Employee(
    STREAM,
    3,
    NOW,
    State.ACTIVE,
    "anna@acme.example",
    "17",
    Details(first_name="Anna", last_name="Bakker", language="nl", birthday=date(1990, 5, 17)),
    date(2027, 3, 1),
    None,
    "anna@acme.example",
    file_external_id=None,
    file_onboarding_date=None,
    file_offboarding_date=None,
)
SNAPSHOT_WITHOUT_NUMBER = (
    b'["01968c5a-0000-7000-8000-000000000001",3,"2027-03-01T02:45:00Z","active",'
    b'"anna@acme.example","17",{"first_name":"Anna","last_name":"Bakker","language":"nl",'
    b'"birthday":"1990-05-17"},"2027-03-01",null,"anna@acme.example",null]'
)
"""The snapshot as releases before 0.1 stored it, when layouts had no numbers."""
SNAPSHOT_2 = b"[2," + SNAPSHOT_WITHOUT_NUMBER[1:]
SNAPSHOT_3 = (
    b"[3," + SNAPSHOT_WITHOUT_NUMBER[1:-5] + b"null,null,null,null,false,false,false,null,[]]"
)
SNAPSHOT_4 = b"[4," + SNAPSHOT_3[3:-1] + b",null]"
SNAPSHOTS = (SNAPSHOT_WITHOUT_NUMBER, SNAPSHOT_2, SNAPSHOT_3, SNAPSHOT_4)


@pytest.mark.parametrize("snapshot", SNAPSHOTS)
def test_a_snapshot_of_an_earlier_release_is_read(snapshot: bytes) -> None:
    """R1: The state of an employee in a roster row is read, whichever release stored the row."""
    # when / then
    assert roster.load(snapshot) == ANNA


def test_this_release_stores_the_snapshot_that_is_kept_here() -> None:
    """R1: This release stores exactly the bytes of the newest layout that this test file keeps; a
    change of the fields needs a new layout number."""
    # when / then
    assert Snapshots(Employee, EARLIER_LAYOUTS).dump(ANNA) == SNAPSHOT_4


@pytest.mark.parametrize("snapshot", SNAPSHOTS)
def test_a_snapshot_survives_a_field_that_is_put_in_the_middle(snapshot: bytes) -> None:
    """R1: An older snapshot is read by the field names of its own layout, also when a newer layout
    has another field in the middle."""
    # given
    fields = list(Employee.__struct_fields__)
    types = msgspec.structs.fields(Employee)
    middle = fields.index("details")
    declared = [(field.name, field.type) for field in types]
    declared.insert(middle, ("nickname", str | None))
    later = msgspec.defstruct("LaterEmployee", declared, array_like=True, frozen=True, tag=5)
    lacking = {"nickname": "none yet"}
    layouts = [
        *(Layout(layout.fields, {**layout.lacking, **lacking}) for layout in EARLIER_LAYOUTS),
        Layout(tuple(fields), lacking),
    ]

    # when
    read = Snapshots(later, layouts).load(snapshot)

    # then
    assert read.nickname == "none yet"  # type: ignore[attr-defined]
    assert {name: getattr(read, name) for name in fields} == {
        name: getattr(ANNA, name) for name in fields
    }


@pytest.mark.parametrize("snapshot", [b"[]", b"{}", b"[9,1]", b"[2,1]", b'["x"]', b"nonsense"])
def test_bytes_that_are_no_snapshot_are_refused(snapshot: bytes) -> None:
    """R1: Bytes that are not a snapshot raise an error and are never read as an employee."""
    # when / then
    with pytest.raises(msgspec.MsgspecError):
        roster.load(snapshot)


def test_the_state_of_a_company_of_an_earlier_release_is_read() -> None:
    """R4, D8: The stored state of a company is read by field names, and a field that is absent gets
    its default."""
    # given
    stored = (
        b'{"version":7,"changed":5,"settled":{"delivery":"cd","run":'
        b'"01968c5a-0000-7000-8000-000000000000","rows":9,"absent":2,"skipped":1},"held":null,'
        b'"approved":null}'
    )

    # when
    state = runs.load_state(stored)

    # then
    assert state == CompanyState(7, 5, AppliedDelivery("cd", RUN, 9, 2, 1))
    assert runs.load_state(runs.company_row("acme", state)[-1]) == state


def test_an_issue_of_an_earlier_release_is_read() -> None:
    """W9: The stored bytes of an issue of an earlier release are read as the same issue, and are
    stored as the same bytes."""
    # given
    stored = (
        b'{"severity":"error","code":"bad-email","message":"This is not an e-mail address.",'
        b'"file":"a.csv","line":4,"email":"x","field":"email","value":"x"}'
    )
    issue = Issue(
        Severity.ERROR,
        "bad-email",
        "This is not an e-mail address.",
        "a.csv",
        4,
        "x",
        "email",
        "x",
    )

    # when / then
    assert runs.load_issue(stored) == issue
    assert list(runs.issue_rows(RUN, [issue])) == [(RUN.hex, 1, stored, None)]
