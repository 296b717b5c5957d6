"""Our events on the library eventsourcing: the application, its mapper and its transcoder.

The library's own mapper stores any class by its import path. Ours stores a closed set of events by
their wire tags, so nothing that stands in the database is ever imported (ADR 0003).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeAlias, cast
from uuid import UUID

import msgspec
from eventsourcing.application import Application
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import (
    ApplicationRecorder,
    Mapper,
    MapperDeserialisationError,
    StoredEvent,
    Transcoder,
)
from eventsourcing.utils import Environment, EnvType

from adapters.store.recorder import Recorder
from domain.employee.events import EmployeeRecord
from domain.envelope import RecordedEvent, kind_of
from domain.events import KINDS, AnyRecord, Event
from domain.ids import bounds_of
from projections.tables import Write

_OF_STREAM = """
    SELECT originator_id, originator_version, topic, state FROM stored_events
    WHERE originator_id = ? ORDER BY originator_version
"""
_OF_COMPANY = """
    SELECT originator_id, originator_version, topic, events.state
    FROM roster JOIN stored_events events ON originator_id = employee
    WHERE company = ? ORDER BY employee, originator_version
"""
_OF_RUN = """
    SELECT originator_id, originator_version, topic, state FROM (
        SELECT * FROM stored_events WHERE originator_id >= ? AND originator_id <= ?
        UNION ALL
        SELECT * FROM stored_events
        WHERE originator_id IN (SELECT employee FROM touched WHERE run = ?)
    ) found ORDER BY originator_id, originator_version
"""
"""The ids of the employees that a run registered lie in one range. `touched` has the others."""


class Content(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The stored part of an event that is not its stream, position or topic.

    `effective` is left out if it equals `recorded`, as it nearly always does.
    """

    event: Event
    run: UUID
    recorded: datetime
    effective: datetime | None = None
    file: str | None = None
    line: int | None = None


class EventTranscoder(Transcoder):
    """Encodes events as JSON with msgspec: fast, exact, and readable in the database."""

    def __init__(self) -> None:
        self._encoder = msgspec.json.Encoder()
        self._decoder = msgspec.json.Decoder(Content)

    def encode(self, obj: Any) -> bytes:
        """Returns the bytes of a `Content`."""
        return self._encoder.encode(obj)

    def decode(self, data: bytes) -> Content:
        """Returns the `Content` in the bytes. Raises `msgspec.MsgspecError` if they hold none."""
        return self._decoder.decode(data)


Upcaster: TypeAlias = Callable[[bytes], tuple[str, bytes]]
"""Turns the stored bytes of a retired event into a current topic and the bytes of its content."""

UPCASTERS: Mapping[str, Upcaster] = {}
"""The upcaster of each retired topic: a topic that this release still reads, but does not write.

No topic is retired yet (ADR 0022).
"""


class EventMapper(Mapper[UUID]):
    """Converts between a `RecordedEvent` and its stored form.

    Stored events are never changed. An event of a retired topic is read through its upcaster.
    """

    def __init__(
        self, transcoder: Transcoder, upcasters: Mapping[str, Upcaster] = UPCASTERS
    ) -> None:
        super().__init__(transcoder=transcoder)
        self._upcasters = upcasters

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> StoredEvent:
        """Returns the stored form of an event."""
        recorded = cast(AnyRecord, domain_event)
        at_once = recorded.effective == recorded.recorded
        state = Content(
            recorded.event,
            recorded.run,
            recorded.recorded,
            None if at_once else recorded.effective,
            recorded.file,
            recorded.line,
        )
        return StoredEvent(
            recorded.originator_id,
            recorded.originator_version,
            kind_of(type(recorded.event)),
            self.transcoder.encode(state),
        )

    def to_domain_event(self, stored_event: StoredEvent) -> DomainEventProtocol[UUID]:
        """Returns the event that was stored.

        Raises `MapperDeserialisationError` if the topic is unknown, or the content does not fit
        the topic. The error names stream and version only: content may be personal data.
        """
        topic, content = stored_event.topic, stored_event.state
        try:
            if topic in self._upcasters:
                topic, content = self._upcasters[topic](content)
            if topic not in KINDS:
                raise _unreadable("unknown topic", stored_event)
            state: Content = self.transcoder.decode(content)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            # `from None`: the original error may quote the content.
            raise _unreadable("unreadable event", stored_event) from None
        recorded = RecordedEvent(
            originator_id=cast(UUID, stored_event.originator_id),
            originator_version=stored_event.originator_version,
            event=state.event,
            run=state.run,
            effective=state.effective or state.recorded,
            recorded=state.recorded,
            file=state.file,
            line=state.line,
        )
        if kind_of(type(recorded.event)) != topic:
            raise _unreadable("topic and event differ", stored_event)
        return cast(DomainEventProtocol[UUID], recorded)


def _unreadable(what: str, stored_event: StoredEvent) -> MapperDeserialisationError:
    place = f"{stored_event.originator_id} version {stored_event.originator_version}"
    return MapperDeserialisationError(f"{what} at {place}")


_MAPPER = EventMapper(EventTranscoder())


def decode_event(stream: str, version: int, topic: str, state: bytes) -> AnyRecord:
    """Returns the event in a row. Raises `MapperDeserialisationError` if it is unreadable."""
    stored = StoredEvent(UUID(stream), version, topic, state)
    return cast(AnyRecord, _MAPPER.to_domain_event(stored))


class EventStore(Application[UUID]):
    """The stored events: the application of eventsourcing, on the recorder of a database."""

    name = "tenure"

    def __init__(self, recorder: Recorder) -> None:
        self.database = recorder
        super().__init__()

    def close(self) -> None:
        """Closes the connections to the database."""
        super().close()
        self.database.close()

    def construct_env(self, name: str, env: EnvType | None = None) -> Environment:
        """Returns an empty environment: `os.environ` could set a compressor, a cipher and more."""
        return Environment(name, {})

    def construct_recorder(self) -> ApplicationRecorder:
        """Returns the recorder that the constructor got."""
        return cast(ApplicationRecorder, self.database)

    def construct_transcoder(self) -> Transcoder:
        """Returns a transcoder that uses msgspec, not the json module."""
        return EventTranscoder()

    def construct_mapper(self) -> Mapper[UUID]:
        """Returns our mapper, which reads and writes immutable structs."""
        return EventMapper(transcoder=self.construct_transcoder())

    def insert(self, recorded: Iterable[AnyRecord], writes: Iterable[Write]) -> None:
        """Stores events, and the `writes` that go with them, in one transaction.

        Raises `IntegrityError` if a stream has an event of the same version already.
        """
        to_stored_event = cast(Callable[[AnyRecord], StoredEvent], self.mapper.to_stored_event)
        self.database.insert_events(map(to_stored_event, recorded), writes=writes)

    def of(self, employee: UUID) -> list[EmployeeRecord]:
        """Returns every event of an employee, oldest first."""
        with self.database.reading() as query:
            rows = query(_OF_STREAM, (employee.hex,))
        return [cast(EmployeeRecord, decode_event(*row)) for row in rows]

    def of_company(self, company: str) -> Iterator[list[EmployeeRecord]]:
        """Yields the whole stream of each employee of a company, in the order of registration."""
        with self.database.reading() as query, query.each(_OF_COMPANY, (company,)) as rows:
            for _, stream_rows in groupby(rows, key=itemgetter(0)):
                yield [cast(EmployeeRecord, decode_event(*row)) for row in stream_rows]

    def of_run(self, run: UUID) -> Iterator[list[EmployeeRecord]]:
        """Yields the whole stream of each employee that a run registered or changed."""
        low, high = bounds_of(run)
        parameters = (low.hex, high.hex, run.hex)
        with self.database.reading() as query, query.each(_OF_RUN, parameters) as rows:
            for _, stream_rows in groupby(rows, key=itemgetter(0)):
                yield [cast(EmployeeRecord, decode_event(*row)) for row in stream_rows]

    def count(self) -> int:
        """Returns the number of stored events, of runs and of employees."""
        with self.database.reading() as query:
            ((count,),) = query("SELECT count(*) FROM stored_events")
        return int(count)
