"""A real SFTP server written in Go (`rclone serve sftp`), which accepts passwords and keys."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.adapters.sshd import fingerprint, generate_key

USER, PASSWORD = "tenure", "correct horse battery staple"
MISSING = "the tests need an SFTP server written in Go: install the package rclone"


class Rclone(NamedTuple):
    """A running server: its port, its fingerprint, and a private key that it accepts."""

    port: int
    fingerprint: str
    private_key: Path


@contextmanager
def running(directory: Path, root: Path, *, keys: bool = False) -> Iterator[Rclone]:
    """Yields a server of the files below `root`, with its own files in `directory`.

    The server accepts a password, or with `keys` a key.
    """
    program = shutil.which("rclone")
    assert program, MISSING
    directory.mkdir(exist_ok=True)
    host_key = generate_key(directory / "host_key")
    user_key = generate_key(directory / "user_key")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    login = ["--authorized-keys", f"{user_key}.pub"] if keys else ["--user", USER]
    if not keys:
        login += ["--pass", PASSWORD, "--authorized-keys", ""]
    command = [program, "serve", "sftp", str(root), "--addr", f"127.0.0.1:{port}"]
    command += ["--key", str(host_key), "--config", str(directory / "rclone.conf"), *login]
    command += ["--dir-cache-time", "0s", "--poll-interval", "0s"]
    (directory / "rclone.conf").touch()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        yield Rclone(port, fingerprint(host_key), user_key)
    finally:
        process.terminate()
        process.wait(timeout=10)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        assert process.poll() is None, "rclone ended at once"
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("rclone does not answer")
