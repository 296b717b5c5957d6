"""The commands of FTP that a pick-up needs: encrypt, log in, enter a directory, list, retrieve.

Sentences about failures are written here. They quote neither the server nor the text of a library,
which could contain a secret.
"""

from __future__ import annotations

import ftplib
import io
import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from adapters.sources.deadlines import Deadline
from adapters.sources.failures import UNWELL, Kind, translate_errors
from adapters.sources.ftp_conversation import (
    MAX_LINE_BYTES,
    TRANSIENT,
    Refused,
    Unintelligible,
    describe,
)
from adapters.sources.ftp_transfer import DataConnection
from adapters.sources.pickup import check_number
from adapters.sources.source import SourceUnreachable
from adapters.sources.tls import describe_certificate, trust_in

if TYPE_CHECKING:
    from adapters.sources.connecting import Address
    from adapters.sources.ftp import FtpSource

_PIECE_BYTES = 256 * 1024
NOT_FOUND = 550  # the file is missing, is a directory, or may not be read: FTP has one code
# Some replies report success after a failed listing. vsftpd lists nothing if it cannot open the
# directory. pure-ftpd stops after a number of names.
_NOT_OPENED, _CUT_OFF = "failed to open directory", "truncated"
# Codes by which servers refuse a user name that is not encrypted.
_ENCRYPTED_ONLY = (421, 503, 521, 522, 530, 534, 550)


def describe_listing(error: Exception) -> Kind:
    """Returns the kind of a failure to list a directory."""
    if isinstance(error, Refused) and error.code == NOT_FOUND:
        return Kind("No such file or directory, or no permission", refusal=True)
    return describe(error)


def connect(source: FtpSource, addresses: list[Address], remaining: Deadline) -> FtpClient:
    """Returns a connection to a server that has sent its greeting. It is not encrypted yet.

    Raises `SourceUnreachable`.
    """
    trusted = trust_in(source.ca_file) if source.protocol == "ftps" else None
    sock = source.endpoint.connect(addresses, source.deadlines.connect, remaining)
    client: FtpClient | None = None
    try:
        closed = f"{source.host} port {source.port} closed the connection"
        with translate_errors(closed, "`port`", describe):
            client = FtpClient(source, sock, trusted, remaining)
        client.greet()
    except BaseException:
        (client or sock).close()
        raise
    return client


class FtpClient(DataConnection):
    """The commands that a pick-up needs.

    They raise `SourceUnreachable`. `tell`, `listed` and `retrieve` also raise `Refused`,
    `Unintelligible` and errors of the socket.
    """

    _entered: tuple[str, ...] = ()

    def greet(self) -> None:
        """Waits for the server's greeting."""
        seconds = self._source.deadlines.greeting
        what = f"{self.host} port {self._source.port} does not greet as an FTP server does"
        look_at = "`host`, `port` and `protocol`"
        late = f"{what} within {seconds:g} seconds; check {look_at}"
        with (
            self._remaining.part(seconds, self.hang_up, late),
            translate_errors(what, look_at, describe),
        ):
            while self.getresp().startswith("1"):  # "120 Service ready in a moment"
                pass

    def encrypt(self) -> None:
        """Encrypts the connection and verifies the server."""
        seconds = self._source.deadlines.handshake
        what, look_at = f"{self.host} offers no encryption", "`port` and `protocol`"
        late = f"{what} within {seconds:g} seconds; check {look_at}"
        with (
            self._remaining.part(seconds, self.hang_up, late),
            translate_errors(what, look_at, describe),
        ):
            try:
                self.voidcmd("AUTH TLS")
            except Refused as refused:
                if refused.code in TRANSIENT:
                    raise
                raise SourceUnreachable(
                    f"{what} (the server refuses with code {refused.code}), and Tenure sends no "
                    "secret without it; ask the customer to switch TLS on, or check `port` and "
                    "`protocol`"
                ) from refused
        assert self.sock and self.file  # noqa: S101 - the connection is open
        # Drops bytes that came before the encryption: an attacker could have sent them.
        self.file.close()
        self._use(self._encrypted(self.sock))

    def certificate(self) -> str:
        """Returns words for the server's certificate: host, issuer, and end of validity."""
        assert isinstance(self.sock, ssl.SSLSocket)  # noqa: S101 - `encrypt` was called
        data = self.sock.getpeercert(binary_form=True) or b""
        return describe_certificate(data, self.host)

    def log_in(self) -> None:
        """Logs in with the password of the configuration."""
        seconds = self._source.deadlines.log_in
        late = (
            f"{self.host} did not answer the log-in within {seconds:g} seconds; check `username`, "
            f"and {UNWELL}"
        )
        with self._remaining.part(seconds, self.hang_up, late):
            refusal = self._refusal()
            if refusal:
                raise refusal

    def _refusal(self) -> SourceUnreachable | None:
        """Logs in. Returns the error if the log-in fails.

        The caller raises the error: here, its context could contain the password.
        """
        user = self._source.username
        refusal = f"{self.host} does not let {user} in"
        password = self._source.password.read("password")
        command = "USER"
        try:
            reply = self.sendcmd(f"USER {_to_line(user)}")
            if reply.startswith("331"):
                command = "PASS"
                reply = self.sendcmd(f"PASS {_to_line(password)}")
        except Refused as refused:
            unencrypted = self._source.protocol == "ftp" and command == "USER"
            also = ""
            if unencrypted and refused.code in _ENCRYPTED_ONLY:
                also = ", and `protocol`: the server may require encryption"
            return SourceUnreachable(
                f"{refusal} (the server refuses with code {refused.code}); check `username` and "
                f"`password`{also}",
                transient=refused.code in TRANSIENT,
            )
        except Exception as error:
            words, transient, _ = describe(error)
            return SourceUnreachable(
                f"the log-in of {user} on {self.host} failed ({words}); check `username` and "
                "`password`",
                transient=transient,
            )
        if reply.startswith("332"):
            return SourceUnreachable(
                f"{refusal} without an account (the command ACCT), which is not supported; ask the "
                "customer for a log-in by user name and password"
            )
        return None if reply.startswith("2") else SourceUnreachable(f"{refusal}; check `username`")

    def enter(self) -> frozenset[str]:
        """Enters the customer's directory, and returns the names of the server's features."""
        source, seconds = self._source, self._source.deadlines.session
        what = f"{self.host} gives {source.username} no session"
        late = f"{what} within {seconds:g} seconds; {UNWELL}"
        unlisted = f"{source.directory} on {self.host} cannot be listed"
        with self._remaining.part(seconds, self.hang_up, late):
            with translate_errors(what, "what `username` may use", describe, known=True):
                features = self._features()
                if self._trusted:
                    self._encrypt_data()
                self.voidcmd("TYPE I")
            with translate_errors(unlisted, "`directory`", describe_listing, known=True):
                if source.directory != ".":
                    self.voidcmd(f"CWD {_to_line(source.directory)}")
                self._entered = self._current_directory()
        return features

    def places(self) -> tuple[str, ...]:
        """Returns the paths by which the server may name the directory in a listing."""
        return (".", self._source.directory.rstrip("/"), *self._entered)

    def _current_directory(self) -> tuple[str, ...]:
        """Returns the path of the current directory, or `()` if the server does not tell it."""
        try:
            reply = self.sendcmd("PWD")
        except Refused as refused:
            if refused.code in TRANSIENT:
                raise
            return ()
        path = ftplib.parse257(reply) if reply.startswith("257") else ""  # noqa: S321 - a parser
        if not path:
            return ()
        return (path.encode("latin-1").decode("utf-8", "surrogateescape").rstrip("/"),)

    def _features(self) -> frozenset[str]:
        """Returns the server's features (RFC 2389), and switches those on that a pick-up needs."""
        try:
            lines = self.sendcmd("FEAT").splitlines()[1:]
        except Refused as refused:
            if refused.code in TRANSIENT:
                raise
            return frozenset()
        features = frozenset(line.split()[0].upper() for line in lines if line.strip())
        for feature, command in (
            ("UTF8", "OPTS UTF8 ON"),
            ("MLST", "OPTS MLST type;size;modify;"),
        ):
            if feature in features:
                with suppress(Refused):  # some servers always have the feature on
                    self.sendcmd(command)
        return features

    def _encrypt_data(self) -> None:
        try:
            self.voidcmd("PBSZ 0")
            self.voidcmd("PROT P")
        except Refused as refused:
            raise SourceUnreachable(
                f"{self.host} encrypts the log-in, but not the files (the server refuses with code "
                f"{refused.code}); ask the customer to allow `PROT P`",
                transient=refused.code in TRANSIENT,
            ) from refused
        self._encrypts_data = True

    def tell(self, command: str, name: str) -> str:
        """Returns the text of the reply to a command about one file: `SIZE` or `MDTM`."""
        return self.voidcmd(f"{command} {_to_line(name)}")[4:].strip()

    def listed(self, command: str) -> Iterator[str]:
        """Yields the lines of a listing. Bytes that are not UTF-8 are decoded as `os.fsdecode`."""
        with self._arriving(command) as conn:
            with conn.makefile("rb") as stream:
                number = 0
                while line := stream.readline(MAX_LINE_BYTES + 1):
                    number += 1
                    check_number(number)
                    if len(line) > MAX_LINE_BYTES:
                        raise Unintelligible
                    yield line.rstrip(b"\r\n").decode("utf-8", "surrogateescape")
            self._end_encryption(conn)
        self._check_complete(self.voidresp().lower())

    def _check_complete(self, reply: str) -> None:
        """Raises `Refused` or `SourceUnreachable` if the reply says that a listing failed."""
        if _NOT_OPENED in reply:
            raise Refused(NOT_FOUND)
        if _CUT_OFF in reply:
            raise SourceUnreachable(
                f"{self.host} lists only a part of {self._source.directory}; check `directory`, "
                "and ask the customer to clear it"
            )

    def retrieve(self, name: str, most: int) -> bytes:
        """Returns the first `most` bytes of a file, or all of them if there are fewer."""
        data, missing = io.BytesIO(), most
        with self._arriving(f"RETR {_to_line(name)}") as conn:
            while missing and (piece := _receive(conn, min(missing, _PIECE_BYTES))):
                missing -= data.write(piece)
            if missing:
                self._end_encryption(conn)
        if missing:
            self.voidresp()
        else:
            # The server could not send the rest of the file, because this side did not read it.
            with suppress(Refused):
                self.voidresp()
        return data.getvalue()


def _receive(conn: socket.socket, most: int) -> bytes:
    """Returns the next bytes of a file, and none at its end.

    A reset counts as the end: the reply that follows and the number of bytes show what is missing.
    """
    try:
        return conn.recv(most)
    except ConnectionError:
        return b""


def _to_line(text: str) -> str:
    """Converts a text for a command: each byte, of UTF-8 or of a name, becomes one character."""
    return text.encode("utf-8", "surrogateescape").decode("latin-1")
