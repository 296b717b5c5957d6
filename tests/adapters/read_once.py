"""Servers that delete a file when it was read, over real SSH and FTP, and that tell each stage."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from adapters.secrets import Secret
from adapters.sources.ftp.source import FtpSource
from adapters.sources.sftp.source import SftpSource
from tests.adapters import ftp_server, sftp_server

VARIABLE = "READ_ONCE_PASSWORD"
PATTERN = "alleo_employees_*.csv"
SETTLE_S = 0.05
KINDS = ("sftp: closed", "sftp: last byte", "ftp")
"""An SFTP server that deletes a file when it is closed, one that does so when its last byte is
asked for, and an FTP server, which deletes a file when it has sent it."""


class Server:
    """A running server. `reached` is called with each stage of a session and the file's name.

    For the stage `look`, it is called with the number of the look instead. `end_session` breaks the
    connection of the last client off.
    """

    def __init__(self, root: Path, source: SftpSource | FtpSource) -> None:
        self.root = root
        self.source = source
        self.reached: Callable[[str, str], None] = lambda stage, name: None
        self.end_session: Callable[[], None] = lambda: None
        self._looks = 0

    def look(self) -> None:
        """A client looks at the directory."""
        self._looks += 1
        self.reached("look", str(self._looks))

    def upload(self, name: str, data: bytes) -> None:
        """The customer uploads a file."""
        (self.root / name).write_bytes(data)


@contextmanager
def serving(kind: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Yields a server of one of the `KINDS` for the time of a test."""
    monkeypatch.setenv(VARIABLE, sftp_server.PASSWORD)
    with (_ftp if kind == "ftp" else _sftp)(kind, root, monkeypatch) as server:
        yield server


def _settings(port: int) -> dict[str, Any]:
    return {
        "host": "127.0.0.1",
        "port": port,
        "directory": "/",
        "pattern": PATTERN,
        "username": sftp_server.USER,
        "password": Secret(env=VARIABLE),
        "attempts": 1,
        "settle": SETTLE_S,
    }


@contextmanager
def _sftp(kind: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    server: Server
    at_last_byte = kind == "sftp: last byte"

    class Folder(sftp_server.Folder):
        ended = False

        def session_ended(self) -> None:
            self.ended = True

        def list_folder(self, path: str) -> Any:
            server.look()
            return super().list_folder(path)

        def open(self, path: str, flags: int, attr: Any) -> Any:
            server.reached("open", Path(path).name)
            file = super().open(path, flags, attr)
            if isinstance(file, sftp_server.File):
                file.close = lambda: close(self, file)  # type: ignore[method-assign]
            return file

    def close(folder: Folder, file: Any) -> None:
        sftp_server.File.close(file)
        if folder.ended:  # the connection broke off: nobody has closed the file
            return
        server.reached("close", file.path.name)
        file.path.unlink(missing_ok=True)
        server.reached("closed", file.path.name)

    def read(path: Path, offset: int, length: int, data: bytes) -> Any:
        size = path.stat().st_size if path.exists() else 0
        if 0 < offset + length < size:
            server.reached("middle", path.name)
        elif data:
            if at_last_byte:
                path.unlink(missing_ok=True)
            server.reached("last byte", path.name)
        return data

    monkeypatch.setattr(sftp_server, "Folder", Folder)
    with sftp_server.serving(root) as fake:
        fake.read = read
        source = SftpSource(**_settings(fake.port), host_key=fake.fingerprints[0])
        server = Server(root, source)
        server.end_session = lambda: fake.transports[-1].close()
        yield server


@contextmanager
def _ftp(_: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    server: Server
    process = ftp_server.Session.pre_process_command

    def pre_process_command(session: Any, line: str, command: str, argument: str) -> None:
        server.end_session = lambda: session.socket.shutdown(socket.SHUT_RDWR)
        if command == "MLSD":
            server.look()
        elif command == "RETR":
            server.reached("open", Path(argument).name)
        process(session, line, command, argument)

    def on_file_sent(session: Any, file: str) -> None:
        Path(file).unlink()
        server.reached("closed", Path(file).name)

    monkeypatch.setattr(ftp_server.Session, "pre_process_command", pre_process_command)
    monkeypatch.setattr(ftp_server.Session, "on_file_sent", on_file_sent, raising=False)
    with ftp_server.serving(root) as fake:
        server = Server(root, FtpSource(**_settings(fake.port)))
        yield server
