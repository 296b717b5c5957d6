"""Stores and sources: what is tested here is tested of every one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from adapters.store.sqlite import open_sqlite
from adapters.store.store import Store
from tests.adapters.steps import Watch

OpenStore = Callable[[], Store]


def _sqlite(tmp_path: Path) -> OpenStore:
    return lambda: open_sqlite(tmp_path / "tenure.db")


STORES: dict[str, Callable[[Path], OpenStore]] = {"sqlite": _sqlite}


@pytest.fixture(params=list(STORES))
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenStore]:
    """Opens one and the same database, as often as it is called."""
    opening = STORES[request.param](tmp_path)
    with ExitStack() as opened:
        yield lambda: opened.enter_context(closing(opening()))


@pytest.fixture
def store(open_store: OpenStore) -> Store:
    """An empty store."""
    return open_store()


@pytest.fixture
def watch() -> Watch:
    """The time, which a test sets."""
    return Watch()
