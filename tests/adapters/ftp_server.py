"""An FTP server in this process, with passwords, with TLS, and with faults that a test sets.

It serves one directory of this machine, and records the commands of its clients. Tests of usual
behaviour use a real server; this server does what a real server does not do on request.
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
    # Python warns about modules that pyftpdlib imports, because newer versions lack them.
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
    """The behaviour of the server, and a record of its clients' commands."""

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
        """Starts a server that does not know or announce the commands in `without`."""
        self.replies: dict[str, str] = {}
        """The reply to a command that the server does not obey, such as `450 Busy`."""
        self.sent: Callable[[str, bytes], bytes] | None = None
        """A function of LIST, NLST, MLSD or RETR and its data; returns the data that is sent."""
        self.commands: list[str] = []
        self.written: list[str] = []
        users = DummyAuthorizer()
        users.add_user(USER, PASSWORD, str(root), perm=MAY_READ)
        kind = TLS_FTPHandler if tls else FTPHandler
        settings: dict[str, Any] = {
            "fake": self,
            "authorizer": users,
            "abstracted_fs": Folder,
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
        handler = type("Handler", (Session, kind), settings)
        self._server = FTPServer(("127.0.0.1", 0), handler, ioloop=self._loop)
        self.port = int(self._server.address[1])
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while not self._stopping.is_set():
            self._loop.loop(timeout=0.02, blocking=False)
        for each in self._loop.socket_map.values():
            # With an error the server does not wait until the client ends TLS.
            each._error = True  # noqa: SLF001 - pyftpdlib has no public way
        self._server.close_all()

    def close(self) -> None:
        """Ends every connection."""
        self._stopping.set()
        self._thread.join()

    @property
    def open_connections(self) -> int:
        """Returns the number of clients that are connected."""
        return len(self._server.ip_map)

    @property
    def open_sockets(self) -> int:
        """Returns the number of sockets: for commands, for data, and listening for data."""
        return max(0, len(self._loop.socket_map) - 1)


@contextmanager
def serving(root: Path, *, tls: Certificate | None = None, **behaviour: Any) -> Iterator[FtpServer]:
    """Yields a server for the time of a test."""
    server = FtpServer(root, tls=tls, **behaviour)
    try:
        yield server
    finally:
        server.close()


class Session(FTPHandler):
    """The session of one client. It sees each command before pyftpdlib's handler does."""

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
        """Sends names with the same bytes as on the disk, unlike pyftpdlib's own method."""
        AsyncChat.push(self, data.encode(self.encoding, self.unicode_errors))

    def push_dtp_data(
        self, data: Any, isproducer: bool = False, file: IO[bytes] | None = None, cmd: str = ""
    ) -> None:
        if self.fake.sent:
            whole = b"".join(iter(data.more, b"")) if isproducer else data
            data, isproducer = self.fake.sent(cmd, whole), False
        super().push_dtp_data(data, isproducer, file, cmd)


class Folder(AbstractedFS):
    def chdir(self, path: str) -> None:
        """Keeps the working directory of this process, unlike pyftpdlib's own method."""
        os.scandir(path).close()
        self.cwd = self.fs2ftp(path)

    def open(self, filename: str, mode: str) -> Any:
        """Opens a regular file; refuses a pipe, at which pyftpdlib's own method would wait."""
        if not Path(filename).is_file():
            raise FilesystemError("Not a regular file")
        return super().open(filename, mode)
