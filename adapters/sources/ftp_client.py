"""Reading over FTP: one directory, bounded by what is asked for, whatever the server answers.

Python's `ftplib` keeps the conversation; the connections are ours, so that each ends in time, is
encrypted where it should be, and leads to the server we called. Sentences about failures are ours
too: of what a server says only the code is passed on, since the text could quote anything, a
password first of all. For the same reason replies are in no error.

Names are bytes, and most servers never say of which encoding. Commands and replies are therefore
read and written byte by byte, as latin-1, and a name is sent back as it came.
"""

from __future__ import annotations

import ftplib
import io
import os
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NoReturn

from adapters.sources import failures
from adapters.sources.deadlines import ends_after
from adapters.sources.failures import Kind, explained
from adapters.sources.ftp_listing import (
    passive_port,
)
from adapters.sources.pickup import check_number
from adapters.sources.source import SourceUnreachable
from adapters.sources.tls import distrust, trust_in

if TYPE_CHECKING:
    from adapters.sources.connecting import Address
    from adapters.sources.ftp import FtpSource

_LINE = 8192  # bytes, of a reply or of a listing
_LINES = 1000  # of one reply
_PIECE = 256 * 1024  # bytes, of a file on its way
_FAREWELL = 2.0  # seconds for a server to end the encryption of a connection that is over

PASSING = (421, 425, 426, 450, 451)  # codes of what may be gone in a moment
NOT_FOUND = 550  # or not allowed, or a directory: the one code is for all of them
# vsftpd says so at the end of an empty listing, as if it were one.
_UNLISTED = "failed to open directory"
_ENCRYPTED_ONLY = (503, 521, 522, 530, 534, 550)  # replies to a user name that comes in the clear


class Refused(Exception):
    """A command that the server does not grant, and says only with a `code` why."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Unintelligible(Exception):
    """A reply that is none, or not to what was asked."""


class Unsendable(Exception):
    """A text that would end the command it is part of, and start another."""


def kind_of(error: Exception) -> Kind:
    """What went wrong, in words of ours."""
    match error:
        case Refused():
            passing = error.code in PASSING
            return Kind(f"the server refuses with code {error.code}", passing)
        case Unintelligible() | ftplib.Error():
            return Kind("it answers something else")
        case Unsendable():
            return Kind("FTP has no way to send a line break or a zero byte")
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            return Kind("the conversation broke off", passing=True)
        case ssl.SSLError(reason="UNSUPPORTED_PROTOCOL" | "TLSV1_ALERT_PROTOCOL_VERSION"):
            return Kind("it has no TLS 1.2 or newer")
        case ssl.SSLError():
            return Kind("we agree on no encryption")
        case _:
            return failures.kind_of(error)


def kind_of_listing(error: Exception) -> Kind:
    """What went wrong with a directory."""
    if isinstance(error, Refused) and error.code == NOT_FOUND:
        return Kind("No such file or directory, or no permission")
    return kind_of(error)


def _kind_of_call(error: Exception) -> Kind:
    """Of a connection for data; firewalls come and go with the ports they are asked for."""
    match error:
        case TimeoutError():
            return Kind("nobody answers", passing=True)
        case ssl.SSLError():
            return kind_of(error)
        case OSError(errno=int(number)):
            return Kind(os.strerror(number), passing=True)
        case _:
            return kind_of(error)


def connect(source: FtpSource, addresses: list[Address]) -> FtpClient:
    """A connection to what greets as an FTP server does; nothing is encrypted yet.

    Raises `SourceUnreachable`.
    """
    trusted = trust_in(source.ca_file) if source.protocol == "ftps" else None
    sock = source.endpoint.connect(addresses, source.deadlines.connect)
    client: FtpClient | None = None
    try:
        with explained(f"{source.host} port {source.port} hung up", "`port`", kind_of):
            client = FtpClient(source, sock, trusted)
        client.greet()
    except BaseException:
        (client or sock).close()
        raise
    return client


class FtpClient(ftplib.FTP):
    """The few commands that reading takes. Whatever fails raises `SourceUnreachable`, but for
    `Refused` and its like from the commands themselves."""

    maxline = _LINE

    def __init__(
        self, source: FtpSource, sock: socket.socket, trusted: ssl.SSLContext | None
    ) -> None:
        super().__init__(timeout=source.deadlines.silence, encoding="latin-1")
        self._source = source
        self._trusted = trusted
        self._open: list[socket.socket] = []
        self._over = False
        self._encrypts_data = False
        self._passive_command = "EPSV" if sock.family == socket.AF_INET6 else "PASV"
        self.host = source.host
        self.address = str(sock.getpeername()[0])
        self._talk_over(sock)

    # The connection

    def greet(self) -> None:
        """Waits for the server's greeting."""
        seconds = self._source.deadlines.greeting
        none = f"{self.host} port {self._source.port} does not greet as an FTP server does"
        look_at = "`host`, `port` and `protocol`"
        late = f"{none} within {seconds:g} seconds; check {look_at}"
        with ends_after(seconds, self.hang_up, late), explained(none, look_at, kind_of):
            while self.getresp().startswith("1"):  # it will be ready in a moment
                pass

    def encrypt(self) -> None:
        """Has everything from now on encrypted, by a server that proves to be the one we want."""
        seconds = self._source.deadlines.handshake
        late = f"{self.host} did not agree on encryption within {seconds:g} seconds"
        none = f"{self.host} offers no encryption"
        with ends_after(seconds, self.hang_up, late), explained(none, kind=kind_of):
            try:
                self.voidcmd("AUTH TLS")
            except Refused as refused:
                if refused.code in PASSING:
                    raise
                raise SourceUnreachable(
                    f"{none} (the server refuses with code {refused.code}), and nothing is sent "
                    "without; ask the customer to switch TLS on, or check `port` and `protocol`"
                ) from refused
        assert self.sock and self.file  # noqa: S101 - it is open
        self.file.close()  # with what may have come unencrypted, by whomever
        self._talk_over(self._encrypted(self.sock))

    def certificate(self) -> str:
        """Whose certificate the server shows, who issued it, and until when it is valid."""
        from cryptography import x509

        assert isinstance(self.sock, ssl.SSLSocket)  # noqa: S101 - it is encrypted
        try:
            shown = x509.load_der_x509_certificate(self.sock.getpeercert(binary_form=True) or b"")
            names = (x509.NameOID.ORGANIZATION_NAME, x509.NameOID.COMMON_NAME)
            issuer = [
                str(each.value)
                for oid in names
                for each in shown.issuer.get_attributes_for_oid(oid)
            ]
            until = f"{shown.not_valid_after_utc:%Y-%m-%d}"
        except ValueError:
            return f"is for {self.host}, and trusted"
        by = f", issued by {_plain(' '.join(issuer))}" if issuer else ""
        return f"is for {self.host}{by}, valid until {until}"

    def log_in(self) -> None:
        """Logs in with the password of the configuration."""
        seconds = self._source.deadlines.log_in
        late = f"{self.host} did not answer the log-in within {seconds:g} seconds"
        with ends_after(seconds, self.hang_up, late):
            refusal = self._refusal()
            if refusal:
                raise refusal

    def _refusal(self) -> SourceUnreachable | None:
        """Why the server does not let us in, raised elsewhere: the context may hold secrets."""
        user = self._source.username
        who = f"{self.host} does not let {user} in"
        password = self._source.password.read("password")
        sent = "USER"
        try:
            reply = self.sendcmd(f"USER {_on_the_line(user)}")
            if reply.startswith("331"):
                sent = "PASS"
                reply = self.sendcmd(f"PASS {_on_the_line(password)}")
        except Refused as refused:
            told = f"{who} (the server refuses with code {refused.code})"
            if refused.code in PASSING:
                return SourceUnreachable(told, passing=True)
            clear = self._source.protocol == "ftp" and sent == "USER"
            also = ""
            if clear and refused.code in _ENCRYPTED_ONLY:
                also = ", and `protocol`: the server may want encryption"
            return SourceUnreachable(f"{told}; check `username` and `password`{also}")
        except Exception as error:
            words, passing = kind_of(error)
            return SourceUnreachable(
                f"the log-in of {user} on {self.host} failed ({words}); check `username` and "
                "`password`",
                passing=passing,
            )
        if reply.startswith("332"):
            return SourceUnreachable(
                f"{who} without an account besides `username` and `password`, which is not "
                "supported; ask the customer for a log-in without one"
            )
        return None if reply.startswith("2") else SourceUnreachable(f"{who}; check `username`")

    def enter(self) -> frozenset[str]:
        """Enters the customer's directory; tells what the server has for listing it."""
        source, seconds = self._source, self._source.deadlines.session
        none = f"{self.host} gives {source.username} no session"
        late = f"{none} within {seconds:g} seconds"
        unlisted = f"{source.directory} on {self.host} cannot be listed"
        with ends_after(seconds, self.hang_up, late):
            with explained(none, kind=kind_of):
                features = self._features()
                if self._trusted:
                    self._encrypt_data()
                self.voidcmd("TYPE I")
            if source.directory != ".":
                with explained(unlisted, "`directory`", kind_of_listing):
                    self.voidcmd(f"CWD {_on_the_line(source.directory)}")
        return features

    def _features(self) -> frozenset[str]:
        """What the server says it has beyond the first of the standards, and switches it on."""
        try:
            lines = self.sendcmd("FEAT").splitlines()[1:]
        except Refused as refused:
            if refused.code in PASSING:
                raise
            return frozenset()
        features = frozenset(line.split()[0].upper() for line in lines if line.strip())
        for feature, command in (
            ("UTF8", "OPTS UTF8 ON"),
            ("MLST", "OPTS MLST type;size;modify;"),
        ):
            if feature in features:
                with suppress(Refused):  # by those who always do so
                    self.sendcmd(command)
        return features

    def _encrypt_data(self) -> None:
        try:
            self.voidcmd("PBSZ 0")
            self.voidcmd("PROT P")
        except Refused as refused:
            raise SourceUnreachable(
                f"{self.host} encrypts the log-in, but not the files (it refuses with code "
                f"{refused.code}); ask the customer to allow `PROT P`",
                passing=refused.code in PASSING,
            ) from refused
        self._encrypts_data = True

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
        it is ours.
        """
        assert self._trusted  # noqa: S101 - asked for with `ftps` alone
        seconds = self._source.deadlines.handshake
        none = f"no encrypted connection with {self.host}"
        late = f"{none} within {seconds:g} seconds"
        session = self.sock.session if isinstance(self.sock, ssl.SSLSocket) else None
        with ends_after(seconds, self.hang_up, late), explained(none, kind=kind_of):
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

    # Commands and replies

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

    def tell(self, command: str, name: str) -> str:
        """What the server tells of a file when asked for one thing."""
        return self.voidcmd(f"{command} {_on_the_line(name)}")[4:].strip()

    # Data, which comes over connections of their own

    def listed(self, command: str) -> Iterator[str]:
        """The lines of a listing; bytes that are not UTF-8 come as `os.fsdecode` gives them."""
        with self._arriving(command) as conn:
            with conn.makefile("rb") as stream:
                number = 0
                while line := stream.readline(_LINE + 1):
                    number += 1
                    check_number(number)
                    if len(line) > _LINE:
                        raise Unintelligible
                    yield line.rstrip(b"\r\n").decode("utf-8", "surrogateescape")
            self._end_encryption(conn)
        if _UNLISTED in self.voidresp():
            raise Refused(NOT_FOUND)

    def retrieve(self, name: str, most: int) -> bytes:
        """The first bytes of a file, or fewer if it ends."""
        data, missing = io.BytesIO(), most
        with self._arriving(f"RETR {_on_the_line(name)}") as conn:
            while missing and (piece := conn.recv(min(missing, _PIECE))):
                missing -= data.write(piece)
            if missing:
                self._end_encryption(conn)
        if missing:
            self.voidresp()
        else:
            with suppress(Refused):  # it could not send the rest, which is no trouble of ours
                self.voidresp()
        return data.getvalue()

    @contextmanager
    def _arriving(self, command: str) -> Iterator[socket.socket]:
        """The connection over which comes what is asked for."""
        conn = self.transfercmd(command)
        try:
            yield conn
        finally:
            self._drop(conn)

    def _end_encryption(self, conn: socket.socket) -> None:
        """Ends it in order, as some servers want; others do not answer, and are not waited for."""
        if isinstance(conn, ssl.SSLSocket):
            conn.settimeout(_FAREWELL)
            with suppress(OSError, ValueError):
                conn.unwrap()

    def ntransfercmd(
        self, cmd: str, rest: int | str | None = None
    ) -> tuple[socket.socket, int | None]:
        """The connection for what a command sends; a size that the reply may name is no news."""
        if self._source.mode == "passive":
            conn = self._called()
            try:
                self._begin(cmd)
            except BaseException:
                self._drop(conn)
                raise
        else:
            with self._listening() as listener:
                self._begin(cmd)
                conn = self._accepted(listener)
        return self._encrypted(conn) if self._encrypts_data else conn, None

    def _begin(self, command: str) -> None:
        """Sends a command, up to the reply that data is on its way."""
        try:
            reply = self.sendcmd(command)
        except Refused as refused:
            if refused.code != 425:
                raise
            self._no_data(refused)
        if reply.startswith("200"):  # some say first that they have understood
            reply = self.getresp()
        if not reply.startswith("1"):
            raise Unintelligible

    def _called(self) -> socket.socket:
        """A connection that we make: always to the server itself, on the port it names."""
        try:
            port = passive_port(self._ask_for_port())
            if port is None:
                raise Unintelligible
            local = (self._source.bind, 0) if self._source.bind else None
            seconds = self._source.deadlines.connect
            conn = socket.create_connection((self.address, port), seconds, local)
        except Exception as error:
            self._no_data(error)
        conn.settimeout(self._source.deadlines.silence)
        self._keep(conn)
        return conn

    def _ask_for_port(self) -> str:
        """The reply of a server to the command for passive mode, or to the other one."""
        try:
            return self.sendcmd(self._passive_command)
        except Refused as refused:
            if refused.code in PASSING:
                raise
        self._passive_command = "PASV" if self._passive_command == "EPSV" else "EPSV"
        return self.sendcmd(self._passive_command)

    @contextmanager
    def _listening(self) -> Iterator[socket.socket]:
        """Where the server may connect to: the address of ours that it knows."""
        assert self.sock  # noqa: S101 - it is open
        listener = socket.socket(self.af, socket.SOCK_STREAM)
        self._keep(listener)
        try:
            try:
                ours = self.sock.getsockname()
                listener.bind((ours[0], 0, *ours[2:]))
                listener.listen()
                host, port = str(ours[0]).partition("%")[0], listener.getsockname()[1]
                tell = self.sendport if self.af == socket.AF_INET else self.sendeprt
                tell(host, port)
            except Exception as error:
                self._no_data(error)
            yield listener
        finally:
            self._drop(listener)

    def _accepted(self, listener: socket.socket) -> socket.socket:
        """The connection that the server makes; anyone else's is closed."""
        seconds = self._source.deadlines.connect
        end = time.monotonic() + seconds
        others = False
        while (left := end - time.monotonic()) > 0:
            listener.settimeout(left)
            try:
                conn, (address, *_) = listener.accept()
            except OSError:
                break
            if address == self.address:
                conn.settimeout(self._source.deadlines.silence)
                self._keep(conn)
                return conn
            conn.close()
            others = True
        whom = "only a foreign address connected" if others else "nobody connected"
        raise SourceUnreachable(
            f"{self.host} made no data connection to us within {seconds:g} seconds ({whom}); "
            "check `mode`, and ask the customer whether their firewall lets them out",
            passing=True,
        )

    def _no_data(self, error: Exception) -> NoReturn:
        words, passing = _kind_of_call(error)
        raise SourceUnreachable(
            f"there is no data connection with {self.host} ({words}); check `mode`, and ask the "
            "customer which ports their firewall lets through",
            passing=passing,
        ) from error


def _on_the_line(text: str) -> str:
    """A text as it is sent: each of its bytes, in UTF-8 or as they came, is one character."""
    return text.encode("utf-8", "surrogateescape").decode("latin-1")


def _plain(text: str) -> str:
    """What a certificate says, fit for a terminal."""
    return "".join(sign if sign.isprintable() else "?" for sign in text[:100])
