"""The control connection of FTP: commands and replies, of a limited size (RFC 959; ADR 0017).

File names are bytes, and most servers do not say in which encoding. So commands and replies are
read and written as latin-1, one character for each byte, and a name is sent back as it came.
"""

from __future__ import annotations

import re
import socket
import ssl
from contextlib import suppress

from adapters.sources.ftp.replies import Refused, Reply, Unintelligible, Unsendable
from adapters.sources.ftp.tls import check_client_certificate

MAX_LINE_BYTES = 8192  # of a reply or of a listing
_MAX_REPLY_LINES = 1000
_MAX_UNASKED = 10  # replies to no command
_MAX_LATE = 2  # replies that a server sends too many at the end of a transfer
_CODE = re.compile(r"[1-5][0-9][0-9]")
_CLOSING, _ABORTED = 421, 426


def to_line(text: str) -> str:
    """Converts a text for a command: each byte, of UTF-8 or of a name, becomes one character."""
    return text.encode("utf-8", "surrogateescape").decode("latin-1")


def from_line(text: str) -> str:
    """Converts a text of a reply: the reverse of `to_line`."""
    return text.encode("latin-1").decode("utf-8", "surrogateescape")


class ControlConnection:
    """Sends commands and receives replies. `host` is the server, for messages.

    The methods raise `Refused`, `Unintelligible`, `Unsendable`, `EOFError` and errors of the
    socket, and `SourceUnreachable` if the server asks for a client certificate.
    """

    def __init__(self, host: str, sock: socket.socket, silence: float) -> None:
        self._host = host
        self._silence = silence
        self._late = 0  # replies to earlier transfers that may still come
        self.use(sock)

    def use(self, sock: socket.socket) -> None:
        """Uses `sock` from now on. Drops bytes that came before: an attacker could have sent them.

        That matters where the connection is encrypted from now on.
        """
        sock.settimeout(self._silence)
        self.sock = sock
        self._received = bytearray()

    def ask(self, command: str, expected: int | None = None) -> Reply:
        """Sends a command and returns the reply. `expected` is the one code that means success.

        Some servers send two replies at the end of a transfer. The second one may come before the
        next command is sent, or after. It is dropped.
        """
        self._drop_unasked()
        self._send(command)
        reply = self._read()
        while self._late and expected and _is_late(reply.code, expected):
            self._late -= 1
            reply = self._read()
        return reply.accepted()

    def complete(self, command: str) -> Reply:
        """Sends a command and returns the reply that it is completed."""
        return self.ask(command).accepted(2)

    def begin(self, command: str) -> None:
        """Sends a command for a transfer and waits for the reply that the data follows."""
        reply = self.ask(command)
        if reply.code == 200:  # some servers confirm the command first
            reply = self._read().accepted()
        reply.accepted(1)

    def finish(self) -> Reply:
        """Returns the reply at the end of a transfer."""
        self._late = _MAX_LATE
        return self._read().accepted(2)

    def greeting(self) -> Reply:
        """Returns the next reply, which no command asked for."""
        return self._read().accepted()

    def _send(self, command: str) -> None:
        if not set("\r\n\0").isdisjoint(command):
            raise Unsendable
        # A server that has closed the connection may have said why. The reply shows it.
        with suppress(ConnectionError, ssl.SSLError):
            self.sock.sendall(command.encode("latin-1") + b"\r\n")

    def _drop_unasked(self) -> None:
        """Drops the replies to no command that are already there."""
        for _ in range(_MAX_UNASKED):
            self.sock.settimeout(0)
            try:
                with suppress(BlockingIOError, ssl.SSLWantReadError):
                    self._receive()
            finally:
                self.sock.settimeout(self._silence)
            if not self._received:
                return
            if self._read().code == _CLOSING:
                raise Refused(_CLOSING)
        raise Unintelligible

    def _read(self) -> Reply:
        """Returns the next reply: `226 Done`, or lines from `226-` to `226 `."""
        lines = [self._line()]
        code = lines[0][:3]
        if not _CODE.fullmatch(code):
            raise Unintelligible
        if lines[0][3:4] == "-":
            while lines[-1][:3] != code or lines[-1][3:4] == "-":
                lines.append(self._line())
                if len(lines) > _MAX_REPLY_LINES:
                    raise Unintelligible
        return Reply(int(code), "\n".join(lines))

    def _line(self) -> str:
        while (end := self._received.find(b"\n")) < 0:
            if len(self._received) > MAX_LINE_BYTES:
                raise Unintelligible
            self._receive()
        line = self._received[:end]
        del self._received[: end + 1]
        return line.decode("latin-1").removesuffix("\r")

    def _receive(self) -> None:
        try:
            received = self.sock.recv(MAX_LINE_BYTES)
        except ssl.SSLError as error:
            check_client_certificate(error, self._host)
            raise
        if not received:
            raise EOFError
        self._received += received


def _is_late(code: int, expected: int) -> bool:
    """Whether a reply ends an earlier transfer, instead of being the success of a command."""
    return code == _ABORTED or (code // 100 == 2 and code != expected)
