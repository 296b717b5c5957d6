"""Snapshots: the stored state of an aggregate, and how an earlier release's snapshot is read.

A snapshot is an array, so that the names of the fields are not stored with every employee. The
first element is the number of the layout. A layout is the fields of the array, in order. So a new
field can be put anywhere in the state: the number goes up by one, and the previous layout is kept
in a table. Snapshots of the first layout have no number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

S = TypeVar("S", bound=msgspec.Struct)


class Layout(NamedTuple):
    """The fields of an earlier layout, in order, and values for the fields that it lacks."""

    fields: tuple[str, ...]
    lacking: Mapping[str, object] = {}


class Snapshots(Generic[S]):
    """Writes and reads the snapshots of one type of state.

    `state` is an array-like struct whose tag is the number of its layout. `earlier` holds all
    earlier layouts, from number 1 on.
    """

    def __init__(self, state: type[S], earlier: Sequence[Layout]) -> None:
        self._state = state
        self._earlier = dict(enumerate(earlier, 1))
        self._decode = msgspec.json.Decoder(state).decode
        self.dump = msgspec.json.Encoder().encode

    def load(self, snapshot: bytes) -> S:
        """Returns the state in a snapshot of any release.

        Raises `msgspec.MsgspecError` for bytes that are not a snapshot.
        """
        try:
            return self._decode(snapshot)
        except msgspec.ValidationError:
            number, values = _parts(snapshot)
            layout = self._earlier.get(number)
            if layout is None or len(layout.fields) != len(values):
                raise
        named = {**layout.lacking, **dict(zip(layout.fields, values, strict=True))}
        config = self._state.__struct_config__
        current = [config.tag, *(named.get(name) for name in self._state.__struct_fields__)]
        return msgspec.convert(current, self._state, strict=False)


def _parts(snapshot: bytes) -> tuple[int, list[Any]]:
    """Returns the number of a snapshot's layout (0 if it is malformed), and the values."""
    found = msgspec.json.decode(snapshot)
    if not isinstance(found, list) or not found:
        return 0, []
    return (found[0], found[1:]) if isinstance(found[0], int) else (1, found)
