"""Real proxies on free ports of this machine: microsocks, OpenSSH's client and tinyproxy."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.adapters.sshd import Sshd

USER = "tenure"


@contextmanager
def microsocks(password: str = "") -> Iterator[str]:
    """Yields the host and the port of a SOCKS 5 proxy, which may ask for a password."""
    more = ["-u", USER, "-P", password] if password else []
    port = _free_port()
    with _running("microsocks", "-i", "127.0.0.1", "-p", str(port), *more, port=port):
        yield f"127.0.0.1:{port}"


@contextmanager
def openssh(server: Sshd) -> Iterator[str]:
    """Yields the host and the port of a SOCKS 4 and 5 proxy, which leads through an SSH server."""
    port = _free_port()
    options = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
    login = ["-i", str(server.private_key), "-p", str(server.port), f"{server.user}@127.0.0.1"]
    with _running("ssh", "-qN", "-D", f"127.0.0.1:{port}", *options, *login, port=port):
        yield f"127.0.0.1:{port}"


@contextmanager
def tinyproxy(directory: Path, password: str = "", *, allowed: int = 0) -> Iterator[str]:
    """Yields the host and the port of an HTTP proxy, which may ask for a password of letters.

    The configuration is in `directory`. If `allowed` is not 0, the proxy connects to no other port.
    """
    directory.mkdir(exist_ok=True)
    port = _free_port()
    lines = [f"Port {port}", "Listen 127.0.0.1", f'LogFile "{directory / "log"}"', "MaxClients 50"]
    lines += [f"BasicAuth {USER} {password}"] if password else []
    lines += [f"ConnectPort {allowed}"] if allowed else []
    (config := directory / "tinyproxy.conf").write_text("\n".join([*lines, ""]))
    with _running("tinyproxy", "-d", "-c", str(config), port=port):
        yield f"127.0.0.1:{port}"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@contextmanager
def _running(program: str, *arguments: str, port: int) -> Iterator[None]:
    path = shutil.which(program)
    assert path, f"the tests need a real proxy: install the package of {program}"
    silent = subprocess.DEVNULL
    process = subprocess.Popen([path, *arguments], stdin=silent, stdout=silent, stderr=silent)
    try:
        _wait_for(port, process)
        yield
    finally:
        process.terminate()
        process.wait(timeout=10)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        assert process.poll() is None, f"{process.args!r} ended at once"
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"{process.args!r} does not answer")
