"""What reading over FTP takes: to greet, encrypt, log in, enter a directory, list and retrieve.

Sentences about failures are written here: neither what a server says nor the text of a foreign
error is passed on.
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
from adapters.sources.ftp_conversation import LINE, TRANSIENT, Refused, Unintelligible, describe
from adapters.sources.ftp_transfer import DataConnection
from adapters.sources.pickup import check_number
from adapters.sources.source import SourceUnreachable
from adapters.sources.tls import trust_in

if TYPE_CHECKING:
    from adapters.sources.connecting import Address
    from adapters.sources.ftp import FtpSource

_PIECE = 256 * 1024  # bytes, of a file on its way
NOT_FOUND = 550  # or not allowed, or a directory: the one code is for all of them
# What servers say at the end of a listing that is none: vsftpd of one that is empty, as if that
# were true, and pure-ftpd of one with more names than it tells.
_UNLISTED, _CUT_OFF = "failed to open directory", "truncated"
# Replies to a user name that comes in the clear.
_ENCRYPTED_ONLY = (421, 503, 521, 522, 530, 534, 550)


def describe_listing(error: Exception) -> Kind:
    """What went wrong with a directory."""
    if isinstance(error, Refused) and error.code == NOT_FOUND:
        return Kind("No such file or directory, or no permission", refusal=True)
    return describe(error)


def connect(source: FtpSource, addresses: list[Address], remaining: Deadline) -> FtpClient:
    """A connection to what greets as an FTP server does; nothing is encrypted yet.

    Raises `SourceUnreachable`.
    """
    trusted = trust_in(source.ca_file) if source.protocol == "ftps" else None
    sock = source.endpoint.connect(addresses, source.deadlines.connect, remaining)
    client: FtpClient | None = None
    try:
        with translate_errors(f"{source.host} port {source.port} hung up", "`port`", describe):
            client = FtpClient(source, sock, trusted, remaining)
        client.greet()
    except BaseException:
        (client or sock).close()
        raise
    return client


class FtpClient(DataConnection):
    """The few commands that reading takes. Whatever fails raises `SourceUnreachable`, but for
    `Refused` and its like from the commands themselves."""

    _entered: tuple[str, ...] = ()

    def greet(self) -> None:
        """Waits for the server's greeting."""
        seconds = self._source.deadlines.greeting
        none = f"{self.host} port {self._source.port} does not greet as an FTP server does"
        look_at = "`host`, `port` and `protocol`"
        late = f"{none} within {seconds:g} seconds; check {look_at}"
        with (
            self._remaining.part(seconds, self.hang_up, late),
            translate_errors(none, look_at, describe),
        ):
            while self.getresp().startswith("1"):  # it will be ready in a moment
                pass

    def encrypt(self) -> None:
        """Has everything from now on encrypted, by a server that proves to be the one we want."""
        seconds = self._source.deadlines.handshake
        none, look_at = f"{self.host} offers no encryption", "`port` and `protocol`"
        late = f"{none} within {seconds:g} seconds; check {look_at}"
        with (
            self._remaining.part(seconds, self.hang_up, late),
            translate_errors(none, look_at, describe),
        ):
            try:
                self.voidcmd("AUTH TLS")
            except Refused as refused:
                if refused.code in TRANSIENT:
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
        late = (
            f"{self.host} did not answer the log-in within {seconds:g} seconds; check `username`, "
            f"and {UNWELL}"
        )
        with self._remaining.part(seconds, self.hang_up, late):
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
            transient = refused.code in TRANSIENT
            clear = self._source.protocol == "ftp" and sent == "USER"
            also = ""
            if clear and refused.code in _ENCRYPTED_ONLY:
                also = ", and `protocol`: the server may want encryption"
            told += f"; check `username` and `password`{also}"
            return SourceUnreachable(told, transient=transient)
        except Exception as error:
            words, transient, _ = describe(error)
            return SourceUnreachable(
                f"the log-in of {user} on {self.host} failed ({words}); check `username` and "
                "`password`",
                transient=transient,
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
        late = f"{none} within {seconds:g} seconds; {UNWELL}"
        unlisted = f"{source.directory} on {self.host} cannot be listed"
        with self._remaining.part(seconds, self.hang_up, late):
            with translate_errors(none, "what `username` may use", describe, known=True):
                features = self._features()
                if self._trusted:
                    self._encrypt_data()
                self.voidcmd("TYPE I")
            with translate_errors(unlisted, "`directory`", describe_listing, known=True):
                if source.directory != ".":
                    self.voidcmd(f"CWD {_on_the_line(source.directory)}")
                self._entered = self._where()
        return features

    def places(self) -> tuple[str, ...]:
        """What the server may call the directory in paths of its files."""
        return (".", self._source.directory.rstrip("/"), *self._entered)

    def _where(self) -> tuple[str, ...]:
        """Which directory the server says that it is, where it does."""
        try:
            reply = self.sendcmd("PWD")
        except Refused as refused:
            if refused.code in TRANSIENT:
                raise
            return ()
        path = ftplib.parse257(reply) if reply.startswith("257") else ""  # noqa: S321 - it is read
        if not path:
            return ()
        return (path.encode("latin-1").decode("utf-8", "surrogateescape").rstrip("/"),)

    def _features(self) -> frozenset[str]:
        """What the server says it has beyond the first of the standards, and switches it on."""
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
                transient=refused.code in TRANSIENT,
            ) from refused
        self._encrypts_data = True

    def tell(self, command: str, name: str) -> str:
        """What the server tells of a file when asked for one thing."""
        return self.voidcmd(f"{command} {_on_the_line(name)}")[4:].strip()

    def listed(self, command: str) -> Iterator[str]:
        """The lines of a listing; bytes that are not UTF-8 come as `os.fsdecode` gives them."""
        with self._arriving(command) as conn:
            with conn.makefile("rb") as stream:
                number = 0
                while line := stream.readline(LINE + 1):
                    number += 1
                    check_number(number)
                    if len(line) > LINE:
                        raise Unintelligible
                    yield line.rstrip(b"\r\n").decode("utf-8", "surrogateescape")
            self._end_encryption(conn)
        self._check_whole(self.voidresp().lower())

    def _check_whole(self, said: str) -> None:
        """Raises for a listing that has ended as if it were whole."""
        if _UNLISTED in said:
            raise Refused(NOT_FOUND)
        if _CUT_OFF in said:
            raise SourceUnreachable(
                f"{self.host} lists only a part of {self._source.directory}; check `directory`, "
                "and ask the customer to clear it"
            )

    def retrieve(self, name: str, most: int) -> bytes:
        """The first bytes of a file, or fewer if it ends."""
        data, missing = io.BytesIO(), most
        with self._arriving(f"RETR {_on_the_line(name)}") as conn:
            while missing and (piece := _received(conn, min(missing, _PIECE))):
                missing -= data.write(piece)
            if missing:
                self._end_encryption(conn)
        if missing:
            self.voidresp()
        else:
            with suppress(Refused):  # it could not send the rest, which is no trouble of ours
                self.voidresp()
        return data.getvalue()


def _received(conn: socket.socket, most: int) -> bytes:
    """Some bytes of a file, none at its end. A reset is an end as well: the reply that follows,
    and the number of bytes, tell whether all of it came."""
    try:
        return conn.recv(most)
    except ConnectionError:
        return b""


def _on_the_line(text: str) -> str:
    """A text as it is sent: each of its bytes, in UTF-8 or as they came, is one character."""
    return text.encode("utf-8", "surrogateescape").decode("latin-1")


def _plain(text: str) -> str:
    """What a certificate says, fit for a terminal."""
    return "".join(sign if sign.isprintable() else "?" for sign in text[:100])
