"""Servers that every test may use: one of each kind for each process that runs tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.adapters import pgserver
from tests.adapters import sshd as openssh
from tests.adapters import vsftpd as ftpd


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[openssh.Sshd]:
    """Yields a real SSH server."""
    with openssh.running(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture(scope="session")
def vsftpd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ftpd.Vsftpd]:
    """Yields a real FTP server."""
    with ftpd.running(tmp_path_factory.mktemp("vsftpd")) as server:
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[pgserver.Server]:
    """Yields a real PostgreSQL server, which loses its data if the machine fails."""
    options = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=64MB")
    with pgserver.running(*options) as server:
        yield server
