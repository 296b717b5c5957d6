"""Servers that tests of every room may ask for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.adapters import sshd as openssh


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[openssh.Sshd]:
    """A real SSH server, one for each process that runs tests."""
    with openssh.running(tmp_path_factory.mktemp("sshd")) as server:
        yield server
