"""An SFTP server in this process, over real SSH, with passwords and faults that a test sets.

It serves one directory of this machine, and records what its clients try. Tests of usual behaviour
use a real server; this server does what a real server does not do on request.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paramiko
from paramiko.common import MSG_SERVICE_ACCEPT
from paramiko.sftp import SFTP_FAILURE, SFTP_OK

USER, PASSWORD = "tenure", "correct horse battery staple"
ATTRIBUTES = paramiko.SFTPAttributes


class FakeServer:
    """The behaviour of the server, and a record of what its clients tried."""

    def __init__(self, root: Path, *keys: paramiko.PKey) -> None:
        self.root = root
        self.keys = keys or (paramiko.ECDSAKey.generate(),)
        self.methods = "password"
        self.needs: list[str] = []
        """The methods that one log-in needs, in order; empty if any one method is enough."""
        self.questions: list[list[str]] = [["Password: "]]
        """The interactive questions, round by round; the first answer is the password."""
        self.answers: list[str] = []
        self.refuse_sftp = False
        self.entries: Callable[[list[Any]], Any] = lambda entries: entries
        self.read: Callable[[Path, int, int, bytes], Any] = lambda path, offset, size, data: data
        self.attempts: list[str] = []
        self.services = 0
        """The number of requests for the service that logs in."""
        self.written: list[str] = []
        self.transports: list[paramiko.Transport] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.settimeout(0.05)
        self.port = int(self._listening.getsockname()[1])
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def fingerprints(self) -> list[str]:
        """Returns the fingerprints of the server's keys, in the form in which they are pinned."""
        return [key.fingerprint for key in self.keys]

    def _serve(self) -> None:
        while not self._stopping.is_set():
            with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
                client, _ = self._listening.accept()
                transport = _Transport(client, self)
                self.transports.append(transport)
                for key in self.keys:
                    transport.add_server_key(key)
                transport.set_subsystem_handler(
                    "sftp", paramiko.SFTPServer, sftp_si=Folder, fake=self
                )
                transport.start_server(event=threading.Event(), server=_Door(self))

    def close(self) -> None:
        """Ends every connection."""
        self._stopping.set()
        self._thread.join()
        self._listening.close()
        for transport in self.transports:
            transport.close()
            transport.packetizer.complete_handshake()
            transport.sock.close()

    @property
    def open_connections(self) -> int:
        """Returns the number of clients that are connected."""
        return sum(transport.is_active() for transport in self.transports)


@contextlib.contextmanager
def serving(root: Path, *keys: paramiko.PKey) -> Iterator[FakeServer]:
    """Yields a server for the time of a test."""
    server = FakeServer(root, *keys)
    try:
        yield server
    finally:
        server.close()


class _Transport(paramiko.Transport):
    """A transport that counts the requests for the service that logs in."""

    def __init__(self, client: socket.socket, fake: FakeServer) -> None:
        super().__init__(client)
        self._fake = fake

    def _send_message(self, data: Any) -> None:
        self._fake.services += data.asbytes()[0] == MSG_SERVICE_ACCEPT
        super()._send_message(data)  # type: ignore[misc]


class _Door(paramiko.ServerInterface):
    def __init__(self, fake: FakeServer) -> None:
        self.fake = fake
        self._rounds: Iterator[list[str]] = iter(())
        self._asked = 0
        self._passed = 0

    def get_allowed_auths(self, username: str) -> str:
        return self.fake.needs[self._passed] if self.fake.needs else self.fake.methods

    def _passes(self, method: str) -> int:
        """Returns the result of a correct proof, if a log-in needs several methods."""
        if self.fake.needs[self._passed] != method:
            return paramiko.AUTH_FAILED
        self._passed += 1
        if self._passed < len(self.fake.needs):
            return paramiko.AUTH_PARTIALLY_SUCCESSFUL
        return paramiko.AUTH_SUCCESSFUL

    def check_auth_password(self, username: str, password: str) -> int:
        self.fake.attempts.append("password")
        if self.fake.needs:
            right = (username, password) == (USER, PASSWORD)
            return self._passes("password") if right else paramiko.AUTH_FAILED
        if "password" not in self.fake.methods or (username, password) != (USER, PASSWORD):
            return paramiko.AUTH_FAILED
        return paramiko.AUTH_SUCCESSFUL

    def check_auth_interactive(self, username: str, submethods: str) -> Any:
        self.fake.attempts.append("interactive")
        if "keyboard-interactive" not in self.get_allowed_auths(username):
            return paramiko.AUTH_FAILED
        self._rounds = iter(self.fake.questions)
        return self._next_question()

    def check_auth_interactive_response(self, responses: list[str]) -> Any:
        self.fake.answers += responses
        if len(responses) != self._asked or self.fake.answers[:1] not in ([], [PASSWORD]):
            return paramiko.AUTH_FAILED
        return self._next_question()

    def _next_question(self) -> Any:
        prompts = next(self._rounds, None)
        if prompts is None:
            if self.fake.needs:
                return self._passes("keyboard-interactive")
            return paramiko.AUTH_SUCCESSFUL
        self._asked = len(prompts)
        return paramiko.InteractiveQuery("", "", *((each, False) for each in prompts))

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        self.fake.attempts.append("publickey")
        return self._passes("publickey") if self.fake.needs else paramiko.AUTH_FAILED

    def check_auth_none(self, username: str) -> int:
        self.fake.attempts.append("none")
        return paramiko.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED

    def check_channel_subsystem_request(self, channel: paramiko.Channel, name: str) -> bool:
        if self.fake.refuse_sftp:
            return False
        return super().check_channel_subsystem_request(channel, name)


class Folder(paramiko.SFTPServerInterface):
    def __init__(self, server: paramiko.ServerInterface, *, fake: FakeServer) -> None:
        self.fake = fake

    def _path(self, path: str) -> Path:
        return self.fake.root / path.lstrip("/")

    def list_folder(self, path: str) -> Any:
        try:
            found = [
                ATTRIBUTES.from_stat(each.lstat(), each.name) for each in self._path(path).iterdir()
            ]
            return self.fake.entries(found)
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)

    def stat(self, path: str) -> Any:
        return self.lstat(path)

    def lstat(self, path: str) -> Any:
        try:
            return ATTRIBUTES.from_stat(self._path(path).lstat())
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)

    def open(self, path: str, flags: int, attr: ATTRIBUTES) -> Any:
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND):
            self.fake.written.append(path)
        try:
            return File(self.fake, self._path(path))
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)

    def _write(self, *rest: Any) -> int:
        self.fake.written.append(str(rest[0]))
        return SFTP_FAILURE

    remove = rename = posix_rename = mkdir = rmdir = chattr = symlink = _write


class File(paramiko.SFTPHandle):
    def __init__(self, fake: FakeServer, path: Path) -> None:
        super().__init__()
        self.fake = fake
        self.path = path
        self.stream = path.open("rb")

    def stat(self) -> Any:
        return ATTRIBUTES.from_stat(os.fstat(self.stream.fileno()))

    def read(self, offset: int, length: int) -> Any:
        self.stream.seek(offset)
        return self.fake.read(self.path, offset, length, self.stream.read(length))

    def chattr(self, attr: ATTRIBUTES) -> int:
        self.fake.written.append(str(self.path))
        return SFTP_OK

    def write(self, offset: int, data: bytes) -> int:
        self.fake.written.append(str(self.path))
        return SFTP_OK

    def close(self) -> None:
        self.stream.close()
        super().close()
