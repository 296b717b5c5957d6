"""The control connection of FTP: commands and replies, of a limited size (ADR 0017).

`ftplib` of Python sends and parses. The sockets are opened here, so that each one ends in time and
is encrypted where it must be. Errors contain the code of a reply and never its text, which could
quote a password.

File names are bytes, and most servers do not say in which encoding. So commands and replies are
read and written as latin-1, one character for each byte, and a name is sent back as it came.
"""

from __future__ import annotations

import ftplib
import socket
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING

from adapters.sources import failures
from adapters.sources.deadlines import Deadline
from adapters.sources.failures import UNWELL, Kind, translate_errors
from adapters.sources.source import SourceUnreachable
from adapters.sources.tls import distrust

if TYPE_CHECKING:
    from adapters.sources.ftp import FtpSource

MAX_LINE_BYTES = 8192  # of a reply or of a listing
_MAX_REPLY_LINES = 1000

TRANSIENT = (421, 425, 426, 450, 451)  # codes of refusals that may end in a moment


class Refused(Exception):
    """The server refused a command, with the reply code `code`."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Unintelligible(Exception):
    """A malformed reply, or a reply that does not fit the command."""


class Unsendable(Exception):
    """A text with a line break or a zero byte, which would start another command."""


def describe(error: Exception) -> Kind:
    """Returns the kind of a failure of FTP."""
    match error:
        case Refused():
            transient = error.code in TRANSIENT
            return Kind(
                f"the server refuses with code {error.code}", transient, refusal=not transient
            )
        case Unintelligible() | ftplib.Error():
            return Kind("the server sent an unexpected reply")
        case Unsendable():
            return Kind("FTP cannot send a line break or a zero byte", refusal=True)
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            return Kind("the connection broke off", transient=True)
        case ssl.SSLError(reason="UNSUPPORTED_PROTOCOL" | "TLSV1_ALERT_PROTOCOL_VERSION"):
            return Kind("the server does not support TLS 1.2 or newer")
        case ssl.SSLError(reason="TLSV13_ALERT_CERTIFICATE_REQUIRED"):
            return Kind("the server asks for a client certificate, which is not supported")
        case ssl.SSLError():
            return Kind("TLS failed")
        case _:
            return failures.describe(error)


class ControlConnection(ftplib.FTP):
    """An open control connection to the server of a source, until the end of `remaining`.

    `trusted` verifies the server's certificate; it is `None` for FTP without TLS.
    """

    maxline = MAX_LINE_BYTES

    def __init__(
        self,
        source: FtpSource,
        sock: socket.socket,
        trusted: ssl.SSLContext | None,
        remaining: Deadline,
    ) -> None:
        super().__init__(timeout=source.deadlines.silence, encoding="latin-1")
        self._source = source
        self._trusted = trusted
        self._remaining = remaining
        self._sockets: list[socket.socket] = []
        self._over = False
        self.host = source.host
        self.address = str(sock.getpeername()[0])
        self._use(sock)

    def hang_up(self) -> None:
        """Ends every wait on this connection and its data connections. Any thread may call it."""
        self._over = True
        for sock in tuple(self._sockets):
            with suppress(OSError):
                # `SSLSocket.shutdown` would drop the encryption before it ends the connection.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def close(self) -> None:
        """Closes this connection and its data connections, in any state."""
        self.hang_up()
        super().close()
        for sock in self._sockets:
            sock.close()

    def _keep(self, sock: socket.socket) -> None:
        """Adds a socket that ends with this connection. Ends it at once if the time is over."""
        self._sockets.append(sock)
        if self._over:
            self.hang_up()

    def _drop(self, sock: socket.socket) -> None:
        """Closes a socket and removes it."""
        self._sockets.remove(sock)
        sock.close()

    def _use(self, sock: socket.socket) -> None:
        """Sends commands and reads replies over `sock` from now on."""
        sock.settimeout(self._source.deadlines.silence)
        if sock not in self._sockets:
            self._keep(sock)
        self.sock, self.af = sock, sock.family
        self.file = sock.makefile("r", encoding=self.encoding, newline="\n")

    def _encrypted(self, sock: socket.socket) -> ssl.SSLSocket:
        """Encrypts a connection and verifies the server. Raises `SourceUnreachable`.

        A data connection resumes the TLS session of the control connection: many servers require
        that, as a proof that both have the same client. A failure there is not due to a setting.
        """
        assert self._trusted  # noqa: S101 - only `ftps` encrypts
        seconds = self._source.deadlines.handshake
        what, look_at = f"no encrypted connection with {self.host}", "`port` and `protocol`"
        session = self.sock.session if isinstance(self.sock, ssl.SSLSocket) else None
        hint = UNWELL if session else f"check {look_at}"
        late = f"{what} within {seconds:g} seconds; {hint}"
        with (
            self._remaining.part(seconds, self.hang_up, late),
            translate_errors(what, look_at, describe, known=bool(session)),
        ):
            self._sockets.remove(sock)
            encrypted = self._trusted.wrap_socket(
                sock, server_hostname=self.host, session=session, do_handshake_on_connect=False
            )
            self._keep(encrypted)
            try:
                encrypted.do_handshake()
            except ssl.SSLCertVerificationError as error:
                raise SourceUnreachable(distrust(self.host, error.verify_code)) from error
        return encrypted

    def putline(self, line: str) -> None:
        """Sends a command. Raises `Unsendable` if the line would be two commands."""
        if not set("\r\n\0").isdisjoint(line):
            raise Unsendable
        assert self.sock  # noqa: S101 - it is open
        self.sock.sendall(line.encode(self.encoding) + b"\r\n")

    def getmultiline(self) -> str:
        """Returns a reply with all its lines. Raises `Unintelligible` if it has too many."""
        lines = [self.getline()]
        code = lines[0][:3]
        if code.isdigit() and lines[0][3:4] == "-":
            while lines[-1][:3] != code or lines[-1][3:4] == "-":
                lines.append(self.getline())
                if len(lines) > _MAX_REPLY_LINES:
                    raise Unintelligible
        return "\n".join(lines)

    def getresp(self) -> str:
        """Returns the next reply. Raises `Refused` for a refusal, or `Unintelligible`."""
        reply = self.getmultiline()
        code = reply[:3]
        if not (len(code) == 3 and code.isascii() and code.isdigit() and "1" <= code[0] <= "5"):
            raise Unintelligible
        if code[0] in "45":
            raise Refused(int(code))
        return reply

    def voidresp(self) -> str:
        """Returns the reply that a command is completed (2xx).

        Raises `Refused`, or `Unintelligible` for another reply.
        """
        reply = self.getresp()
        if not reply.startswith("2"):
            raise Unintelligible
        return reply
