"""The data connections of FTP: each listing and each file comes over a connection of its own.

In passive mode Tenure connects to the address of the control connection and ignores the address
that the server names. In active mode the server connects to Tenure, and every other client is
refused.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Literal, TypeAlias

from adapters.sources.ftp.control import MAX_LINE_BYTES, ControlConnection
from adapters.sources.ftp.replies import NO_DATA, Refused, Unintelligible, describe, passive_port
from adapters.sources.ftp.session import Session
from adapters.sources.ftp.tls import Encryption
from adapters.sources.source import SourceUnreachable

Mode: TypeAlias = Literal["passive", "active"]
_PIECE_BYTES = 64 * 1024
_END_OF_TLS_S = 2.0  # the wait for a server to end the encryption of a finished connection


class DataConnections:
    """Opens the data connections of a session."""

    def __init__(self, control: ControlConnection, session: Session, mode: Mode) -> None:
        self._control = control
        self._session = session
        self._mode = mode
        self._encryption: Encryption | None = None
        self._passive_commands: list[tuple[str, int]] = []  # the one that works comes first

    def encrypt(self, encryption: Encryption) -> None:
        """Encrypts the data connections from now on."""
        self._encryption = encryption

    @contextmanager
    def opened(self, command: str) -> Iterator[socket.socket]:
        """Sends a command, yields the data connection of the answer, and closes it.

        Raises `Refused`, `Unintelligible` or `SourceUnreachable`, and errors of the socket.
        """
        conn = self._connect(command) if self._mode == "passive" else self._listen(command)
        if self._encryption:
            sock = self._control.sock
            resumed = sock.session if isinstance(sock, ssl.SSLSocket) else None
            conn = self._encryption.encrypt(conn, self._session, resumed)
        conn.settimeout(self._session.timeouts.silence)
        try:
            yield conn
        finally:
            self._session.sockets.drop(conn)

    def _begin(self, command: str) -> None:
        """Sends a command and waits for the reply that the data follows."""
        try:
            self._control.begin(command)
        except Refused as refused:
            if refused.code != NO_DATA:
                raise
            raise self._no_data(refused) from refused

    def _connect(self, command: str) -> socket.socket:
        """Returns a connection in passive mode, to the server itself, on the port it names."""
        with self._mode_errors():
            port = passive_port(self._ask_for_port())
            if port is None:
                raise Unintelligible
        endpoint, timeouts, deadline, sockets = self._session
        addresses = [endpoint.peer(self._control.sock)]
        endpoint = endpoint._replace(port=port, settings=("mode",))
        try:
            conn = endpoint.connect(addresses, timeouts.connect, deadline)
        except SourceUnreachable as error:
            ports = ", and ask the customer which ports their firewall allows"
            problem = f"{error.problem}{ports if deadline.left() else ''}"
            raise SourceUnreachable(
                f"there is no data connection: {problem}", transient=error.transient
            ) from error
        sockets.keep(conn)
        try:
            self._begin(command)
        except BaseException:
            sockets.drop(conn)
            raise
        return conn

    def _ask_for_port(self) -> str:
        """Returns the reply to `PASV` or `EPSV`. Tries the other one if the server refuses one."""
        if not self._passive_commands:
            is_6 = self._control.sock.family == socket.AF_INET6
            self._passive_commands = [("PASV", 227), ("EPSV", 229)][:: -1 if is_6 else 1]
        try:
            return self._control.ask(*self._passive_commands[0]).text
        except Refused as refused:
            if refused.transient:
                raise
        self._passive_commands.reverse()
        return self._control.ask(*self._passive_commands[0]).text

    def _listen(self, command: str) -> socket.socket:
        """Returns a connection in active mode, on the address that the server knows."""
        listener = socket.socket(self._control.sock.family, socket.SOCK_STREAM)
        self._session.sockets.keep(listener)
        try:
            local = self._control.sock.getsockname()
            listener.bind((local[0], 0, *local[2:]))
            listener.listen()
            # An IPv6 address may end with the name of an interface: fe80::1%eth0
            host, port = str(local[0]).partition("%")[0], listener.getsockname()[1]
            with self._mode_errors():
                self._control.ask(_port_command(listener.family, host, port), 200).accepted(2)
            self._begin(command)
            return self._accept(listener)
        finally:
            self._session.sockets.drop(listener)

    def _accept(self, listener: socket.socket) -> socket.socket:
        """Returns the connection of the server. Closes connections from other addresses."""
        seconds = self._session.timeouts.connect
        end = time.monotonic() + seconds
        server = self._session.endpoint.peer(self._control.sock)
        words = "nobody connected"
        while (left := end - time.monotonic()) > 0:
            listener.settimeout(left)
            try:
                conn, (address, *_) = listener.accept()
            except OSError:
                break
            if address == server:
                self._session.sockets.keep(conn)
                return conn
            conn.close()
            words = "only a foreign address connected"
        raise SourceUnreachable(
            f"{self._session.host} made no data connection to us within {seconds:g} seconds "
            f"({words}); check `mode`, and ask the customer whether their firewall allows the "
            "connection",
            transient=True,
        )

    @contextmanager
    def _mode_errors(self) -> Iterator[None]:
        """Reports a refusal as a failed data connection, unless it ends the control connection."""
        try:
            yield
        except Refused as refused:
            if refused.transient and refused.code != NO_DATA:
                raise
            raise self._no_data(refused) from refused
        except Unintelligible as error:
            raise self._no_data(error) from error

    def _no_data(self, error: Exception) -> SourceUnreachable:
        words, transient, _ = describe(error)
        return SourceUnreachable(
            f"there is no data connection with {self._session.host} ({words}); check `mode`, and "
            "ask the customer which ports their firewall allows",
            transient=transient,
        )


def _port_command(family: int, host: str, port: int) -> str:
    """Returns the command that tells the server where Tenure listens (RFC 959, RFC 2428)."""
    if family == socket.AF_INET6:
        return f"EPRT |2|{host}|{port}|"
    return f"PORT {','.join([*host.split('.'), str(port // 256), str(port % 256)])}"


def end_encryption(conn: socket.socket) -> None:
    """Ends TLS in the regular way, which some servers require. Others never answer."""
    if isinstance(conn, ssl.SSLSocket):
        conn.settimeout(_END_OF_TLS_S)
        with suppress(OSError, ValueError):
            conn.unwrap()


def split_lines(conn: socket.socket) -> Iterator[bytes]:
    """Yields the lines that a connection brings. A reset between two lines counts as the end."""
    rest = b""
    while True:
        try:
            piece = conn.recv(_PIECE_BYTES)
        except ConnectionError:
            if rest:
                raise
            return
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            if len(line) > MAX_LINE_BYTES:
                raise Unintelligible
            yield line
        if len(rest) > MAX_LINE_BYTES:
            raise Unintelligible
        if not piece:
            if rest:
                yield rest
            return
