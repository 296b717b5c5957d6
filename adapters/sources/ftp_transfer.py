"""The data connections of FTP: each listing and each file comes over a connection of its own.

In passive mode Tenure connects to the address of the control connection and ignores the address
that the server names. In active mode the server connects to Tenure, and every other client is
refused.
"""

from __future__ import annotations

import os
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

from adapters.sources.failures import Kind
from adapters.sources.ftp_conversation import (
    TRANSIENT,
    ControlConnection,
    Refused,
    Unintelligible,
    describe,
)
from adapters.sources.ftp_listing import passive_port
from adapters.sources.source import SourceUnreachable

NO_DATA = 425  # the server could not open a data connection
_END_OF_TLS_S = 2.0  # the wait for a server to end the encryption of a finished connection


def _describe_connecting(error: Exception) -> Kind:
    """Returns the kind of a failure to open a data connection.

    Errors of the socket are transient: the next attempt uses another port, which a firewall may
    allow.
    """
    match error:
        case TimeoutError():
            return Kind("nobody answers", transient=True)
        case ssl.SSLError():
            return describe(error)
        case OSError(errno=int(number)):
            return Kind(os.strerror(number), transient=True)
        case _:
            return describe(error)


class DataConnection(ControlConnection):
    """A control connection that can open data connections."""

    _encrypts_data = False
    _passive_command = ""

    @contextmanager
    def _arriving(self, command: str) -> Iterator[socket.socket]:
        """Sends a command, yields the data connection of the answer, and closes it."""
        conn = self.transfercmd(command)
        try:
            yield conn
        finally:
            self._drop(conn)

    def _end_encryption(self, conn: socket.socket) -> None:
        """Ends TLS in the regular way, which some servers require. Others never answer."""
        if isinstance(conn, ssl.SSLSocket):
            conn.settimeout(_END_OF_TLS_S)
            with suppress(OSError, ValueError):
                conn.unwrap()

    def ntransfercmd(
        self, cmd: str, rest: int | str | None = None
    ) -> tuple[socket.socket, int | None]:
        """Sends a command and returns its data connection. The size, the second value, is unused.

        Raises `Refused`, `Unintelligible` or `SourceUnreachable`.
        """
        if self._source.mode == "passive":
            conn = self._connect()
            try:
                self._begin(cmd)
            except BaseException:
                self._drop(conn)
                raise
        else:
            with self._listening() as listener:
                self._begin(cmd)
                conn = self._accept(listener)
        return self._encrypted(conn) if self._encrypts_data else conn, None

    def _begin(self, command: str) -> None:
        """Sends a command and waits for the reply that the data follows (1xx)."""
        try:
            reply = self.sendcmd(command)
        except Refused as refused:
            if refused.code != NO_DATA:
                raise
            self._no_data(refused)
        if reply.startswith("200"):  # some servers confirm the command first
            reply = self.getresp()
        if not reply.startswith("1"):
            raise Unintelligible

    def _connect(self) -> socket.socket:
        """Opens a data connection in passive mode, to the server itself, on the port it names."""
        with self._data_errors():
            port = passive_port(self._ask_for_port())
            if port is None:
                raise Unintelligible
        local = (self._source.bind, 0) if self._source.bind else None
        seconds = min(self._source.deadlines.connect, self._remaining.left())
        try:
            conn = socket.create_connection((self.address, port), max(seconds, 0.01), local)
        except OSError as error:
            self._no_data(error)
        conn.settimeout(self._source.deadlines.silence)
        self._keep(conn)
        return conn

    def _ask_for_port(self) -> str:
        """Returns the reply to `PASV` or `EPSV`. Tries the other one if the server refuses one."""
        if not self._passive_command:
            self._passive_command = "EPSV" if self.af == socket.AF_INET6 else "PASV"
        try:
            return self.sendcmd(self._passive_command)
        except Refused as refused:
            if refused.code in TRANSIENT:
                raise
        self._passive_command = "PASV" if self._passive_command == "EPSV" else "EPSV"
        return self.sendcmd(self._passive_command)

    @contextmanager
    def _listening(self) -> Iterator[socket.socket]:
        """Listens for a data connection in active mode, on the address that the server knows."""
        assert self.sock  # noqa: S101 - the connection is open
        listener = socket.socket(self.af, socket.SOCK_STREAM)
        self._keep(listener)
        try:
            local = self.sock.getsockname()
            try:
                listener.bind((local[0], 0, *local[2:]))
                listener.listen()
            except OSError as error:
                self._no_data(error)
            # An IPv6 address may end with the name of an interface: fe80::1%eth0
            host, port = str(local[0]).partition("%")[0], listener.getsockname()[1]
            send_address = self.sendport if self.af == socket.AF_INET else self.sendeprt
            with self._data_errors():
                send_address(host, port)
            yield listener
        finally:
            self._drop(listener)

    def _accept(self, listener: socket.socket) -> socket.socket:
        """Returns the connection of the server. Closes connections from other addresses."""
        seconds = self._source.deadlines.connect
        end = time.monotonic() + seconds
        foreign = False
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
            foreign = True
        words = "only a foreign address connected" if foreign else "nobody connected"
        raise SourceUnreachable(
            f"{self.host} made no data connection to us within {seconds:g} seconds ({words}); "
            "check `mode`, and ask the customer whether their firewall allows the connection",
            transient=True,
        )

    @contextmanager
    def _data_errors(self) -> Iterator[None]:
        """Reports a refusal as a failed data connection, unless it ends the control connection."""
        try:
            yield
        except Refused as refused:
            if refused.code in TRANSIENT and refused.code != NO_DATA:
                raise
            self._no_data(refused)
        except Unintelligible as error:
            self._no_data(error)

    def _no_data(self, error: Exception) -> NoReturn:
        words, transient, _ = _describe_connecting(error)
        raise SourceUnreachable(
            f"there is no data connection with {self.host} ({words}); check `mode`, and ask the "
            "customer which ports their firewall allows",
            transient=transient,
        ) from error
