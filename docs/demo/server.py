"""The demo's SFTP server: what a customer would run, on this machine alone.

`python docs/demo/server.py DIR` serves DIR/outgoing again, for a demo that was played in DIR, until
it is interrupted. It speaks real SSH, and shows one directory that nobody can write to.
"""

from __future__ import annotations

import os
import secrets
import socket
import sys
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import paramiko

USER = "tenure"


class Server(NamedTuple):
    """Where it listens, and the fingerprint of its key."""

    port: int
    host_key: str


@contextmanager
def serving(directory: Path, port: int = 0) -> Iterator[Server]:
    """Serves `directory`/outgoing on the loopback address, on a free port if none is given.

    Its key and the password are made on first use, in `directory`/server.
    """
    key, password = _identity(directory / "server")
    with socket.create_server(("127.0.0.1", port)) as listening:
        transports: list[paramiko.Transport] = []
        rest = (key, password, directory / "outgoing", transports)
        threading.Thread(target=_serve, args=(listening, *rest), daemon=True).start()
        try:
            yield Server(listening.getsockname()[1], key.fingerprint)
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            for transport in transports:
                transport.close()


def _identity(directory: Path) -> tuple[paramiko.PKey, str]:
    key, password = directory / "host_key", directory / "password"
    if not key.exists():
        directory.mkdir(mode=0o700, exist_ok=True)
        paramiko.ECDSAKey.generate().write_private_key_file(str(key))
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe())
    return paramiko.ECDSAKey.from_private_key_file(str(key)), password.read_text()


def _serve(
    listening: socket.socket,
    key: paramiko.PKey,
    password: str,
    root: Path,
    transports: list[paramiko.Transport],
) -> None:
    while True:
        try:
            client, _ = listening.accept()
        except OSError:
            return  # the server was stopped
        transport = paramiko.Transport(client)
        transports.append(transport)
        transport.add_server_key(key)
        transport.set_subsystem_handler("sftp", paramiko.SFTPServer, sftp_si=_Folder, root=root)
        with suppress(OSError, EOFError, paramiko.SSHException):
            transport.start_server(event=threading.Event(), server=_Door(password))


class _Door(paramiko.ServerInterface):
    """Lets one user in, who knows the password."""

    def __init__(self, password: str) -> None:
        self._password = password

    def get_allowed_auths(self, username: str) -> str:
        return "password"

    def check_auth_password(self, username: str, password: str) -> int:
        known = username == USER and secrets.compare_digest(password, self._password)
        return paramiko.AUTH_SUCCESSFUL if known else paramiko.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED


class _File(paramiko.SFTPHandle):
    """One open file, for reading."""

    def __init__(self, path: Path) -> None:
        super().__init__(os.O_RDONLY)
        self.readfile = path.open("rb")

    def stat(self) -> Any:
        return paramiko.SFTPAttributes.from_stat(os.fstat(self.readfile.fileno()))


class _Folder(paramiko.SFTPServerInterface):
    """One directory, for reading."""

    def __init__(self, server: paramiko.ServerInterface, *, root: Path) -> None:
        self._root = root

    def list_folder(self, path: str) -> Any:
        found = self._root.iterdir()
        return [paramiko.SFTPAttributes.from_stat(each.lstat(), each.name) for each in found]

    def stat(self, path: str) -> Any:
        return paramiko.SFTPAttributes.from_stat(self._file(path).lstat())

    def lstat(self, path: str) -> Any:
        return self.stat(path)

    def open(self, path: str, flags: int, attr: paramiko.SFTPAttributes) -> Any:
        if flags & (os.O_WRONLY | os.O_RDWR):
            return paramiko.SFTP_PERMISSION_DENIED
        return _File(self._file(path))

    def _file(self, path: str) -> Path:
        return self._root / Path(path).name


def main(directory: Path) -> None:
    """Serves a demo's directory until it is interrupted."""
    settings = tomllib.loads((directory / "tenure.toml").read_text("utf-8"))
    with serving(directory, settings["company"]["acme"]["source"]["port"]) as server:
        print(
            f"Serving {directory / 'outgoing'} on port {server.port}; end with Ctrl-C.", flush=True
        )
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "demo"))
