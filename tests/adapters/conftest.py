"""Stores and sources: what is tested here is tested of every one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from adapters.store import opening
from adapters.store.opening import Database, PostgresUrl
from adapters.store.store import Store
from tests.adapters import pgserver
from tests.adapters.steps import Watch

OpenStore = Callable[[], Store]


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """An empty database of either kind."""
    if request.param == "sqlite":
        return tmp_path / "tenure.db"
    server: pgserver.Server = request.getfixturevalue("postgres")
    return PostgresUrl(server.emptied())


@pytest.fixture
def open_store(database: Database) -> Iterator[OpenStore]:
    """Opens one and the same database, as often as it is called."""
    with ExitStack() as opened:
        yield lambda: opened.enter_context(closing(opening.open_store(database)))


@pytest.fixture
def store(open_store: OpenStore) -> Store:
    """An empty store."""
    return open_store()


@pytest.fixture
def watch() -> Watch:
    """The time, which a test sets."""
    return Watch()
