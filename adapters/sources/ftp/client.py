"""The commands of FTP that a pick-up needs: encrypt, log in, enter a directory, list, retrieve.

Sentences about failures are written here. They quote neither the server nor the text of a library,
which could contain a secret.
"""

from __future__ import annotations

import io
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from adapters.progress import Advance
from adapters.secrets import Secret
from adapters.sources.endpoint import Address
from adapters.sources.failures import UNWELL, read_secret, translate_errors
from adapters.sources.ftp.control import ControlConnection, from_line, to_line
from adapters.sources.ftp.data import DataConnections, Mode, end_encryption, split_lines
from adapters.sources.ftp.replies import (
    NOT_FOUND,
    Refused,
    current_path,
    describe,
    describe_listing,
)
from adapters.sources.ftp.session import Session
from adapters.sources.ftp.tls import Encryption, describe_certificate
from adapters.sources.pickup import check_number
from adapters.sources.source import SourceUnreachable, Step

_PIECE_BYTES = 256 * 1024
_IMPLICIT_PORT = 990
# Some replies report success after a failed listing. vsftpd lists nothing if it cannot open the
# directory. pure-ftpd stops after a number of names.
_NOT_OPENED, _CUT_OFF = "failed to open directory", "truncated"
# Codes by which servers refuse a user name that is not encrypted.
_ENCRYPTED_ONLY = (421, 503, 521, 522, 530, 534, 550)


class FtpClient:
    """A session on an FTP server. Nothing is encrypted if `encryption` is `None`.

    The methods raise `SourceUnreachable`. `tell`, `lines` and `retrieving` also raise `Refused`,
    `Unintelligible` and errors of the socket.
    """

    def __init__(
        self, session: Session, addresses: list[Address], mode: Mode, encryption: Encryption | None
    ) -> None:
        """Connects to the server."""
        self._session = session
        self._host = session.host
        self._timeouts = session.timeouts
        self._encryption = encryption
        sock = session.endpoint.connect(addresses, session.timeouts.connect, session.deadline)
        session.sockets.keep(sock)
        self._control = ControlConnection(self._host, sock, session.timeouts.silence)
        self._data = DataConnections(self._control, session, mode)

    def hang_up(self) -> None:
        """Ends every wait of this session. Any thread may call it."""
        self._session.sockets.end()

    def close(self) -> None:
        """Closes the connections, in any state."""
        self._session.sockets.close()

    def open(self) -> Iterator[Step]:
        """Waits for the greeting, and encrypts the connection. Yields the step of each."""
        encryption = self._encryption
        if encryption and encryption.implicit:
            self._encrypt(encryption)
        yield self._greet()
        if encryption and not encryption.implicit:
            self._ask_for_encryption()
            self._encrypt(encryption)
        if isinstance(self._control.sock, ssl.SSLSocket):
            yield Step("certificate", describe_certificate(self._control.sock, self._host))

    def _greet(self) -> Step:
        port = self._session.endpoint.port
        what = f"{self._host} port {port} does not greet as an FTP server does"
        with self._session.stage(what, self._timeouts.greeting, self._settings_of_greeting()):
            while self._control.greeting().code < 200:  # "120 Service ready in a moment"
                pass
            return self._session.endpoint.connected(self._control.sock)

    def _settings_of_greeting(self) -> str:
        """Returns the settings to check if there is no greeting.

        A server that encrypts from the first byte waits for the client, and greets afterwards.
        """
        if self._encryption and self._encryption.implicit:
            return "`host`, `port` and `implicit`"
        also = ""
        if self._encryption:
            also = ", and set `implicit = true` if the server encrypts from the first byte"
        elif self._session.endpoint.port == _IMPLICIT_PORT:
            also = ' ("ftps" with `implicit = true`)'
        return f"`host`, `port` and `protocol`{also}"

    def _ask_for_encryption(self) -> None:
        what = f"{self._host} offers no encryption"
        with self._session.stage(what, self._timeouts.handshake, "`port` and `protocol`"):
            try:
                self._control.complete("AUTH TLS")
            except Refused as refused:
                if refused.transient:
                    raise
                raise SourceUnreachable(
                    f"{what} (the server refuses with code {refused.code}), and Tenure sends no "
                    "secret without it; ask the customer to switch TLS on, or check `port` and "
                    "`protocol`"
                ) from refused

    def _encrypt(self, encryption: Encryption) -> None:
        """Encrypts the control connection."""
        self._control.use(encryption.encrypt(self._control.sock, self._session))

    def log_in(self, user: str, password: Secret) -> None:
        """Logs in. Sends no password if the server needs none."""
        seconds, command = self._timeouts.log_in, "USER"
        late = (
            f"{self._host} did not answer the log-in within {seconds:g} seconds; check `username`, "
            f"and {UNWELL}"
        )
        failed = f"the log-in of {user} on {self._host} failed"
        with (
            self._session.part(seconds, late),
            translate_errors(failed, "`username` and `password`", describe),
        ):
            try:
                code = self._control.ask(f"USER {to_line(user)}").code
                if code == 331:
                    command = "PASS"
                    code = self._give(password)
            except Refused as refused:
                raise self._no_log_in(user, command, refused) from refused
            if code == 332:
                raise SourceUnreachable(
                    f"{self._host} does not let {user} in without an account (the command ACCT), "
                    "which is not supported; ask the customer for a log-in by user name and "
                    "password"
                )
            if code >= 300:
                raise SourceUnreachable(f"{self._host} does not let {user} in; check `username`")

    def _give(self, password: Secret) -> int:
        """Sends the password and returns the code of the reply.

        Errors come without their traceback: its variables could show the password.
        """
        try:
            return self._control.ask(f"PASS {to_line(read_secret(password, 'password'))}").code
        except Exception as error:
            raise error.with_traceback(None) from None

    def _no_log_in(self, user: str, command: str, refused: Refused) -> SourceUnreachable:
        also = ""
        if self._encryption is None and command == "USER" and refused.code in _ENCRYPTED_ONLY:
            also = ", and `protocol`: the server may require encryption"
        return SourceUnreachable(
            f"{self._host} does not let {user} in (the server refuses with code {refused.code}); "
            f"check `username` and `password`{also}",
            transient=refused.transient,
        )

    def enter(self, directory: str, user: str) -> tuple[str, ...]:
        """Enters a directory. Returns the paths by which the server may name it in a listing."""
        what, seconds = f"{self._host} gives {user} no session", self._timeouts.session
        late = f"{what} within {seconds:g} seconds; {UNWELL}"
        unlisted = f"{directory} on {self._host} cannot be listed"
        with self._session.part(seconds, late):
            with translate_errors(what, "what `username` may use", describe, known=True):
                self._switch_features_on()
                if self._encryption:
                    self._encrypt_data(self._encryption)
                self._control.complete("TYPE I")
            with translate_errors(unlisted, "`directory`", describe_listing, known=True):
                if directory != ".":
                    self._control.complete(f"CWD {to_line(directory)}")
                return (".", directory.rstrip("/"), *self._current_directory())

    def _switch_features_on(self) -> None:
        """Asks for the server's features (RFC 2389), and switches on those that a pick-up needs."""
        try:
            lines = self._control.ask("FEAT").text.splitlines()[1:]
        except Refused as refused:
            if refused.transient:
                raise
            return
        features = {line.split()[0].upper() for line in lines if line.strip()}
        options = {"UTF8": "OPTS UTF8 ON", "MLST": "OPTS MLST type;size;modify;"}
        for feature, command in options.items():
            if feature in features:
                with suppress(Refused):  # some servers always have the feature on
                    self._control.ask(command)

    def _encrypt_data(self, encryption: Encryption) -> None:
        try:
            self._control.complete("PBSZ 0")
            self._control.complete("PROT P")
        except Refused as refused:
            raise SourceUnreachable(
                f"{self._host} encrypts the log-in, but not the files (the server refuses with "
                f"code {refused.code}); ask the customer to allow `PROT P`",
                transient=refused.transient,
            ) from refused
        self._data.encrypt(encryption)

    def _current_directory(self) -> tuple[str, ...]:
        """Returns the path of the current directory, or `()` if the server does not tell it."""
        try:
            path = current_path(self._control.ask("PWD").text)
        except Refused as refused:
            if refused.transient:
                raise
            path = None
        return (from_line(path).rstrip("/"),) if path else ()

    def tell(self, command: str, name: str) -> str:
        """Returns the text of the reply to a command about one file: `SIZE` or `MDTM`."""
        return self._control.ask(f"{command} {to_line(name)}", 213).accepted(2).text[4:].strip()

    def lines(self, command: str) -> Iterator[str]:
        """Yields the lines of a listing. Bytes that are not UTF-8 are decoded as `os.fsdecode`."""
        with self._data.opened(command) as conn:
            for number, line in enumerate(split_lines(conn), 1):
                check_number(number)
                yield line.rstrip(b"\r").decode("utf-8", "surrogateescape")
            end_encryption(conn)
        reply = self._control.finish().text.lower()
        if _NOT_OPENED in reply:
            raise Refused(NOT_FOUND, denies=True)
        if _CUT_OFF in reply:
            raise SourceUnreachable(
                f"{self._host} lists only a part of the directory; check `directory`, and ask the "
                "customer to clear it"
            )

    @contextmanager
    def retrieving(self, name: str, size: int, advance: Advance) -> Iterator[bytes]:
        """Yields the bytes of a file, at most one byte more than its listed `size`.

        Exactly `size` bytes are the whole file, although the server may still report a failure,
        such as a connection that it did not see ending. They are yielded before its last reply:
        some servers have deleted the file by then, and the session may break off. `advance` gets
        the number of bytes that came.
        """
        data = io.BytesIO()
        with self._data.opened(f"RETR {to_line(name)}") as conn:
            left = size + 1
            try:
                while left and (piece := conn.recv(min(left, _PIECE_BYTES))):
                    left -= data.write(piece)
                    advance(len(piece))
            except OSError:  # some servers end every data connection with a reset
                if data.tell() < size:
                    raise
            if left:
                end_encryption(conn)
        if data.tell() == size:
            yield data.getvalue()
        try:
            self._control.finish()
        except Refused:
            if data.tell() < size:
                raise
        if data.tell() != size:
            yield data.getvalue()
