"""The envelope of a stored event: where it stands, and when and why it was stored."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Generic, TypeVar
from uuid import UUID

import msgspec

E = TypeVar("E", covariant=True)


class RecordedEvent(msgspec.Struct, Generic[E], frozen=True, gc=False):
    """An event in its stream.

    `originator_id` and `originator_version` are what eventsourcing calls the stream and the
    position in it; the first position is 1. `effective` is the moment at which the event took
    effect, `recorded` the moment of the run that stored it; both are in UTC. `file` and `line` name
    the row that caused the event; both are `None` for an event that no row caused.
    """

    originator_id: UUID
    originator_version: int
    event: E
    run: UUID
    effective: datetime
    recorded: datetime
    file: str | None = None
    line: int | None = None


@cache
def kind_of(event_type: type) -> str:
    """The kind of an event: its wire tag, which people read too."""
    return str(event_type.__struct_config__.tag)  # type: ignore[attr-defined]
