"""Our events, carried by eventsourcing: the application, its mapper and its transcoder.

The stock mapper stores any class by its import path. Ours stores a closed set of events by their
wire tag, so that what the database says is never imported.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeAlias, cast
from uuid import UUID

import msgspec
from eventsourcing.application import Application
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import (
    InfrastructureFactory,
    Mapper,
    MapperDeserialisationError,
    StoredEvent,
    Transcoder,
)
from eventsourcing.utils import Environment, EnvType

from domain.envelope import RecordedEvent, kind_of
from domain.events import KINDS, AnyRecord, Event

NAME = "tenure"


class Content(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What is stored of an event beside its stream, position and topic.

    `effective` is left out where it is the moment of recording, as it nearly always is.
    """

    event: Event
    run: UUID
    recorded: datetime
    effective: datetime | None = None
    file: str | None = None
    line: int | None = None


class EventTranscoder(Transcoder):
    """JSON by msgspec: fast, exact, and legible to whoever must look into the database."""

    def __init__(self) -> None:
        self._encoder = msgspec.json.Encoder()
        self._decoder = msgspec.json.Decoder(Content)

    def encode(self, obj: Any) -> bytes:
        """The bytes of a `Content`."""
        return self._encoder.encode(obj)

    def decode(self, data: bytes) -> Content:
        """The `Content` in the bytes. Raises `msgspec.MsgspecError` where there is none."""
        return self._decoder.decode(data)


Upcaster: TypeAlias = Callable[[bytes], tuple[str, bytes]]
"""From the stored bytes of a retired event to a topic of today and the bytes of its content."""

UPCASTERS: Mapping[str, Upcaster] = {}
"""By topic: how what no release writes any more is read. No topic is retired yet."""


class EventMapper(Mapper[UUID]):
    """Between `RecordedEvent` and what is stored of it.

    Stored events are never changed. An event of a retired topic is read through its upcaster.
    """

    def __init__(
        self, transcoder: Transcoder, upcasters: Mapping[str, Upcaster] = UPCASTERS
    ) -> None:
        super().__init__(transcoder=transcoder)
        self._upcasters = upcasters

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> StoredEvent:
        """What is stored of an event."""
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
        """The event that was stored.

        Raises `MapperDeserialisationError`, which names stream and position and nothing else,
        when the topic is none of ours or the content does not fit it.
        """
        topic, content = stored_event.topic, stored_event.state
        try:
            if topic in self._upcasters:
                topic, content = self._upcasters[topic](content)
            if topic not in KINDS:
                raise _unreadable("unknown topic", stored_event)
            state: Content = self.transcoder.decode(content)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            # `from None`: the error may quote what it could not read.
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


class EventStore(Application[UUID]):
    """The event store. Configured by what it is given, and never by the process environment."""

    name = NAME

    def __init__(self, factory: InfrastructureFactory[Any]) -> None:
        self._given = factory
        super().__init__()

    def construct_env(self, name: str, env: EnvType | None = None) -> Environment:
        """Nothing: eventsourcing would take compressor, cipher and more from `os.environ`."""
        return Environment(name, {})

    def construct_factory(self, env: Environment) -> InfrastructureFactory[Any]:
        """The factory of the store that is in use."""
        return self._given

    def construct_transcoder(self) -> Transcoder:
        """msgspec instead of json."""
        return EventTranscoder()

    def construct_mapper(self) -> Mapper[UUID]:
        """Ours, for immutable structs."""
        return EventMapper(transcoder=self.construct_transcoder())
