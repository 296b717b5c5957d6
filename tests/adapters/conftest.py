"""Fixtures with which a test runs once for each kind of store."""

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
    """Returns an empty database of each kind in turn."""
    if request.param == "sqlite":
        return tmp_path / "tenure.db"
    server: pgserver.Server = request.getfixturevalue("postgres")
    return PostgresUrl(server.emptied())


@pytest.fixture
def open_store(database: Database) -> Iterator[OpenStore]:
    """Yields a function that opens the same database at each call."""
    with ExitStack() as opened:
        yield lambda: opened.enter_context(closing(opening.open_store(database)))


@pytest.fixture
def store(open_store: OpenStore) -> Store:
    """Returns an empty store."""
    return open_store()


@pytest.fixture
def watch() -> Watch:
    """Returns a watch whose time the test sets."""
    return Watch()
