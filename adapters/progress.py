"""Progress: how far a piece of work has come, for somebody who waits for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from enum import StrEnum
from itertools import islice
from typing import Protocol, TypeAlias, TypeVar

_T = TypeVar("_T")
_BATCH = 1_000
"""Items that are counted together: to count each of them would take time."""


class Stage(StrEnum):
    """A part of the work, in a word for the person who waits."""

    FETCH = "Fetching"
    READ = "Reading"
    PLAN = "Planning"
    STORE = "Storing"
    IMPORT = "Importing"
    CLOCK = "Passing the clock"
    VERIFY = "Verifying"
    REBUILD = "Rebuilding"


Advance: TypeAlias = Callable[[int], None]
"""Is called with the number of units that were done since the last call."""


class Progress(Protocol):
    """Is told which stage the work is in, and how much of the stage is done.

    One thread at a time tells it. Work that is done side by side is told as one stage.
    """

    def stage(self, stage: Stage, total: int | None = None) -> AbstractContextManager[Advance]:
        """Returns the context of a stage, which yields the function to advance.

        `total` is the number of units: bytes that are fetched, rows that are stored, events that
        are read, companies. It may be a little wrong, and is `None` where nobody knows it. A stage
        in a stage is told in the place of the outer one.
        """


def unwatched(_: int) -> None:
    """Advances the progress that nobody waits for."""


class _Unwatched:
    def stage(self, stage: Stage, total: int | None = None) -> AbstractContextManager[Advance]:
        return nullcontext(unwatched)


UNWATCHED: Progress = _Unwatched()
"""The progress of work that nobody waits for. It costs nothing."""


def counted(items: Iterable[_T], advance: Advance) -> Iterable[_T]:
    """Returns the items, and tells how many of them were taken. `unwatched` counts nothing."""
    return items if advance is unwatched else _counted(items, advance)


def _counted(items: Iterable[_T], advance: Advance) -> Iterator[_T]:
    rest = iter(items)
    while batch := list(islice(rest, _BATCH)):
        yield from batch
        advance(len(batch))
