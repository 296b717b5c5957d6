"""The dependencies of every use case."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from adapters.progress import UNWATCHED, Progress

if TYPE_CHECKING:  # the store is slow to import, and not every command opens it
    from adapters.settings import Settings
    from adapters.store.store import Store


def utc_now() -> datetime:
    """Returns the present moment, in UTC."""
    return datetime.now(UTC)


class App(NamedTuple):
    """The dependencies of a use case: settings, store, and a function that tells the time.

    An import enters `planning` after it has fetched its files, and leaves it when the run is
    stored. So a process with many imports can limit how many deliveries are in memory as plans.
    `notifies` tells whether this process tells somebody of its runs, as the settings say. `login`
    is the operating system's login of this process. The record of each run has it. `progress` is
    told how far the use case has come.
    """

    settings: Settings
    store: Store
    now: Callable[[], datetime] = utc_now
    planning: AbstractContextManager[object] = nullcontext()
    notifies: bool = False
    login: str | None = None
    progress: Progress = UNWATCHED
