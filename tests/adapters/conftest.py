"""Fixtures of the store. A test runs on the store in memory, or on the stores that it names.

@pytest.mark.stores("memory", "sqlite", "postgresql")
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from adapters.store import opening
from adapters.store.memory import MemoryDatabase, open_memory
from adapters.store.opening import Database, PostgresUrl
from adapters.store.store import Store
from tests.adapters import pgserver
from tests.adapters.steps import Watch
from tests.databases import created

OpenStore = Callable[[], Store]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Runs a test of the store once for each store that it, or its module, names."""
    if "store_kind" in metafunc.fixturenames:
        mark = metafunc.definition.get_closest_marker("stores")
        metafunc.parametrize("store_kind", mark.args if mark else ("memory",))


@pytest.fixture
def database(
    store_kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> Database | MemoryDatabase:
    """Returns an empty database of this kind."""
    if store_kind == "memory":
        return MemoryDatabase()
    if store_kind == "sqlite":
        return created(tmp_path / "tenure.db")
    server: pgserver.Server = request.getfixturevalue("postgres")
    return PostgresUrl(server.emptied())


@pytest.fixture
def open_store(database: Database | MemoryDatabase) -> Iterator[OpenStore]:
    """Yields a function that opens the same database at each call."""

    def opened() -> Store:
        if isinstance(database, MemoryDatabase):
            return open_memory(database)
        return opening.open_store(database)

    with ExitStack() as stack:
        yield lambda: stack.enter_context(closing(opened()))


@pytest.fixture
def store(open_store: OpenStore) -> Store:
    """Returns an empty store."""
    return open_store()


@pytest.fixture
def watch() -> Watch:
    """Returns a watch whose time the test sets."""
    return Watch()
