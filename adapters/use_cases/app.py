"""What every use case works with."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import NamedTuple

from adapters.settings import Settings
from adapters.store.store import Store


def utc_now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


class App(NamedTuple):
    """The dependencies of a use case: settings, store, and a clock that tells the time.

    `planning` is entered while an import is planned and stored, once its files are fetched. A
    process that imports many deliveries at a time limits how many of them are planned together.
    """

    settings: Settings
    store: Store
    now: Callable[[], datetime] = utc_now
    planning: AbstractContextManager[object] = nullcontext()
