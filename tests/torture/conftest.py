"""Fixtures of hostile servers; those of the store are the ones of tests/adapters."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters import hostile
from tests.adapters.certificates import Certificate, make_certificate
from tests.adapters.conftest import database, open_store, pytest_generate_tests
from tests.adapters.hostile import Victim
from tests.torture.ground import Ground

__all__ = ("database", "open_store", "pytest_generate_tests")


@pytest.fixture(scope="session")
def victim() -> Iterator[Victim]:
    """The process that runs the pick-ups."""
    with hostile.victim() as process:
        yield process


@pytest.fixture
def ground(victim: Victim, tmp_path: Path) -> Ground:
    """A ground with an empty database."""
    return Ground(victim, tmp_path / "tenure.db")


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate that the client accepts."""
    return make_certificate(tmp_path_factory.mktemp("tls"))
