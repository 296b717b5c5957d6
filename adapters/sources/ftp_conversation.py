"""A conversation with an FTP server: commands and replies, bounded whatever the server answers.

Python's `ftplib` keeps it; the connections are ours, so that each ends in time and is encrypted
where it should be. Of what a server says only the code is passed on, since the text could quote
anything, a password first of all. For the same reason replies are in no error.

Names are bytes, and most servers never say of which encoding. Commands and replies are therefore
read and written byte by byte, as latin-1, and a name is sent back as it came.
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

LINE = 8192  # bytes, of a reply or of a listing
_LINES = 1000  # of one reply

TRANSIENT = (421, 425, 426, 450, 451)  # codes of what may be gone in a moment


class Refused(Exception):
    """A command that the server does not grant, and says only with a `code` why."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Unintelligible(Exception):
    """A reply that is none, or not to what was asked."""


class Unsendable(Exception):
    """A text that would end the command it is part of, and start another."""


def describe(error: Exception) -> Kind:
    """What went wrong, in words of ours."""
    match error:
        case Refused():
            transient = error.code in TRANSIENT
            return Kind(
                f"the server refuses with code {error.code}", transient, refusal=not transient
            )
        case Unintelligible() | ftplib.Error():
            return Kind("it answers something else")
        case Unsendable():
            return Kind("FTP has no way to send a line break or a zero byte", refusal=True)
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            return Kind("the conversation broke off", transient=True)
        case ssl.SSLError(reason="UNSUPPORTED_PROTOCOL" | "TLSV1_ALERT_PROTOCOL_VERSION"):
            return Kind("it has no TLS 1.2 or newer")
        case ssl.SSLError(reason="TLSV13_ALERT_CERTIFICATE_REQUIRED"):
            return Kind("it wants a certificate of ours, which is not supported")
        case ssl.SSLError():
            return Kind("we agree on no encryption")
        case _:
            return failures.describe(error)


class ControlConnection(ftplib.FTP):
    """An open conversation with the server of a source, until `remaining` is over."""

    maxline = LINE

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
        self._open: list[socket.socket] = []
        self._over = False
        self.host = source.host
        self.address = str(sock.getpeername()[0])
        self._talk_over(sock)

    def hang_up(self) -> None:
        """Ends every wait on this connection and those for data; from any thread.

        Not by `shutdown` of an encrypted socket itself, which would first go on unencrypted.
        """
        self._over = True
        for sock in tuple(self._open):
            with suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def close(self) -> None:
        """Ends the connection, whatever state it is in."""
        self.hang_up()
        super().close()
        for sock in self._open:
            sock.close()

    def _keep(self, sock: socket.socket) -> None:
        """Has a socket end with the connection: now, if that is over."""
        self._open.append(sock)
        if self._over:
            self.hang_up()

    def _drop(self, sock: socket.socket) -> None:
        self._open.remove(sock)
        sock.close()

    def _talk_over(self, sock: socket.socket) -> None:
        sock.settimeout(self._source.deadlines.silence)
        if sock not in self._open:
            self._keep(sock)
        self.sock, self.af = sock, sock.family
        self.file = sock.makefile("r", encoding=self.encoding, newline="\n")

    def _encrypted(self, sock: socket.socket) -> ssl.SSLSocket:
        """The same connection, encrypted, with a server that proves who it is.

        One for data goes on with the session of the first: servers want to know by that whether
        it is ours. No setting is the reason when only that fails.
        """
        assert self._trusted  # noqa: S101 - asked for with `ftps` alone
        seconds = self._source.deadlines.handshake
        none, look_at = f"no encrypted connection with {self.host}", "`port` and `protocol`"
        session = self.sock.session if isinstance(self.sock, ssl.SSLSocket) else None
        hint = UNWELL if session else f"check {look_at}"
        late = f"{none} within {seconds:g} seconds; {hint}"
        with (
            self._remaining.part(seconds, self.hang_up, late),
            translate_errors(none, look_at, describe, known=bool(session)),
        ):
            self._open.remove(sock)
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
        """Sends a command, and nothing that would be two."""
        if not set("\r\n\0").isdisjoint(line):
            raise Unsendable
        assert self.sock  # noqa: S101 - it is open
        self.sock.sendall(line.encode(self.encoding) + b"\r\n")

    def getmultiline(self) -> str:
        """A reply, which may have many lines, but not any number of them."""
        lines = [self.getline()]
        code = lines[0][:3]
        if code.isdigit() and lines[0][3:4] == "-":
            while lines[-1][:3] != code or lines[-1][3:4] == "-":
                lines.append(self.getline())
                if len(lines) > _LINES:
                    raise Unintelligible
        return "\n".join(lines)

    def getresp(self) -> str:
        """A reply, unless it is a refusal. Raises `Refused` or `Unintelligible`."""
        reply = self.getmultiline()
        code = reply[:3]
        if not (len(code) == 3 and code.isascii() and code.isdigit() and "1" <= code[0] <= "5"):
            raise Unintelligible
        if code[0] in "45":
            raise Refused(int(code))
        return reply

    def voidresp(self) -> str:
        """The reply that something is done."""
        reply = self.getresp()
        if not reply.startswith("2"):
            raise Unintelligible
        return reply
