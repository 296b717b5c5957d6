"""The envelope of a stored event: its stream, its position, its run, its moments and its row."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Generic, TypeVar
from uuid import UUID

import msgspec

E = TypeVar("E", covariant=True)


class RecordedEvent(msgspec.Struct, Generic[E], frozen=True, gc=False):
    """An event in its stream.

    `originator_id` and `originator_version` are eventsourcing's names for the stream and for the
    position in the stream. The first position is 1. `effective` is the moment at which the event
    took effect, and `recorded` is the moment of the run that stored the event. Both are in UTC.
    `file` and `line` name the row that caused the event. Both are `None` if no row caused it.
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
    """Returns the kind of an event: its wire tag, which the commands print too."""
    return str(event_type.__struct_config__.tag)  # type: ignore[attr-defined]
