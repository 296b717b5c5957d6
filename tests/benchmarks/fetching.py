"""Fetching from an SFTP server on this machine: by Tenure, and by OpenSSH's own `sftp`."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.adapters.keeper import fetch
from tests.adapters.sshd import MISSING, Sshd, find_sshd

SIZE = 50_000_000
NAME = "alleo_employees_1.csv"


def missing() -> str:
    """Returns a text about the program that is missing, or an empty text."""
    if not shutil.which("sftp"):
        return "install the package openssh-client, for its program sftp"
    try:
        find_sshd()
    except AssertionError:
        return MISSING
    return ""


class Fetching:
    """One file of `SIZE` bytes in a directory, and two ways to fetch it."""

    def __init__(self, server: Sshd, place: Path) -> None:
        self._server = server
        self._delivered = place / "delivered"
        self._delivered.mkdir()
        (self._delivered / NAME).write_bytes(os.urandom(SIZE))
        self._taken = place / "taken"
        self._source = server.source(self._delivered, settle=0)

    def ours(self) -> None:
        """Fetches the file as an import does, and opens the connection for it."""
        (file,) = fetch(self._source, SIZE)
        assert file.size == SIZE

    def theirs(self) -> None:
        """Fetches the file with the program `sftp`, into a file."""
        self._sftp(f"get {self._delivered / NAME} {self._taken}")
        assert self._taken.stat().st_size == SIZE

    def ours_without(self) -> None:
        """Does the work of `ours` without the file."""
        assert not fetch(self._server.source(self._delivered, settle=0, pattern="none"), SIZE)

    def theirs_without(self) -> None:
        """Does the work of `theirs` without the file."""
        self._sftp(f"ls {self._delivered}")

    def _sftp(self, said: str) -> None:
        options = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "IdentitiesOnly=yes")
        command = ["sftp", "-q", "-F", "none", "-b", "-", "-i", str(self._server.private_key)]
        command += ["-P", str(self._server.port), *(f"-o{option}" for option in options)]
        command.append(f"{self._server.user}@127.0.0.1")
        subprocess.run(command, input=said.encode(), check=True, capture_output=True)
