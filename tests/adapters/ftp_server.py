"""An FTP server in this process that takes passwords, speaks TLS, and misbehaves on demand.

It serves one directory of this machine, and remembers what was tried on it. What a real server
does is tested with a real one; this is for what a real one does not do on request.
"""

from __future__ import annotations

import logging
import os
import threading
import warnings
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from tests.adapters.certificates import Certificate

with warnings.catch_warnings():
    # Python warns of the modules it is built on, which newer versions no longer have.
    warnings.simplefilter("ignore", DeprecationWarning)
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.exceptions import FilesystemError
    from pyftpdlib.filesystems import AbstractedFS
    from pyftpdlib.handlers import FTPHandler, TLS_FTPHandler
    from pyftpdlib.ioloop import AsyncChat, IOLoop
    from pyftpdlib.servers import FTPServer

USER, PASSWORD = "tenure", "correct horse battery staple"
MAY_READ = "elr"
WRITES = {"APPE", "DELE", "MFMT", "MKD", "RMD", "RNFR", "RNTO", "STOR", "STOU", "XMKD", "XRMD"}
WRITES_SITE = "SITE CHMOD"

logging.getLogger("pyftpdlib").addHandler(logging.NullHandler())
logging.getLogger("pyftpdlib").propagate = False


class FtpServer:
    """How the server behaves, and what it saw."""

    def __init__(
        self,
        root: Path,
        *,
        tls: Certificate | None = None,
        without: Collection[str] = (),
        tls_control_required: bool = False,
        tls_data_required: bool = False,
        encoding: str = "utf-8",
    ) -> None:
        """Commands that it goes `without` are unknown to it, and not among its features."""
        self.replies: dict[str, str] = {}
        """What it answers to a command instead of obeying it, such as `450 Busy`."""
        self.sent: Callable[[str, bytes], bytes] | None = None
        """Given LIST, NLST, MLSD or RETR and the data for it, what goes out in its place."""
        self.commands: list[str] = []
        self.written: list[str] = []
        users = DummyAuthorizer()
        users.add_user(USER, PASSWORD, str(root), perm=MAY_READ)
        kind = TLS_FTPHandler if tls else FTPHandler
        settings: dict[str, Any] = {
            "fake": self,
            "authorizer": users,
            "abstracted_fs": _Folder,
            "encoding": encoding,
            "unicode_errors": "surrogateescape",
            "use_sendfile": False,
            "auth_failed_timeout": 0,
            "proto_cmds": {k: v for k, v in kind.proto_cmds.items() if k not in without},
        }
        if tls:
            settings |= {
                "certfile": str(tls.cert),
                "keyfile": str(tls.key),
                "tls_control_required": tls_control_required,
                "tls_data_required": tls_data_required,
            }
        self._loop = IOLoop()
        handler = type("Handler", (_Session, kind), settings)
        self._server = FTPServer(("127.0.0.1", 0), handler, ioloop=self._loop)
        self.port = int(self._server.address[1])
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while not self._stopping.is_set():
            self._loop.loop(timeout=0.02, blocking=False)
        for each in self._loop.socket_map.values():
            # Nobody waits for a client to say good-bye to TLS.
            each._error = True
        self._server.close_all()

    def close(self) -> None:
        """Ends every connection."""
        self._stopping.set()
        self._thread.join()

    @property
    def open_connections(self) -> int:
        """How many clients are still there."""
        return len(self._server.ip_map)

    @property
    def open_sockets(self) -> int:
        """How many sockets clients hold: for commands, for data, and waiting for data."""
        return max(0, len(self._loop.socket_map) - 1)


@contextmanager
def serving(root: Path, *, tls: Certificate | None = None, **behaviour: Any) -> Iterator[FtpServer]:
    """A server for the time of a test."""
    server = FtpServer(root, tls=tls, **behaviour)
    try:
        yield server
    finally:
        server.close()


class _Session(FTPHandler):
    """What one client says, before a handler of pyftpdlib gets to hear it."""

    fake: FtpServer

    def pre_process_command(self, line: str, cmd: str, arg: str) -> None:
        self.fake.commands.append(line)
        if cmd in WRITES or line.upper().startswith(WRITES_SITE):
            self.fake.written.append(line)
        if cmd in self.fake.replies:
            self.respond(self.fake.replies[cmd])
        else:
            super().pre_process_command(line, cmd, arg)

    def push(self, data: str) -> None:
        """Unlike pyftpdlib's own, says names as they are on the disk, in whatever encoding."""
        AsyncChat.push(self, data.encode(self.encoding, self.unicode_errors))

    def push_dtp_data(
        self, data: Any, isproducer: bool = False, file: IO[bytes] | None = None, cmd: str = ""
    ) -> None:
        if self.fake.sent:
            whole = b"".join(iter(data.more, b"")) if isproducer else data
            data, isproducer = self.fake.sent(cmd, whole), False
        super().push_dtp_data(data, isproducer, file, cmd)


class _Folder(AbstractedFS):
    def chdir(self, path: str) -> None:
        """Unlike pyftpdlib's own, leaves alone where this process is."""
        os.scandir(path).close()
        self.cwd = self.fs2ftp(path)

    def open(self, filename: str, mode: str) -> Any:
        """Unlike pyftpdlib's own, does not wait for somebody at the other end of a pipe."""
        if not Path(filename).is_file():
            raise FilesystemError("Not a regular file")
        return super().open(filename, mode)
