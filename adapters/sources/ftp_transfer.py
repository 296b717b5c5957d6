"""Data, which FTP sends over connections of their own: who makes them, and who is let in.

In passive mode they are ours, and lead to the server we called, whatever it says; in active mode
they are the server's, and nobody else's are taken.
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

NO_DATA = 425  # code of a server that could not make a connection for data, or wait for one
_FAREWELL = 2.0  # seconds for a server to end the encryption of a connection that is over


def _kind_of_call(error: Exception) -> Kind:
    """Of a connection for data; firewalls come and go with the ports they are asked for."""
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
    """A conversation that has data come."""

    _encrypts_data = False
    _passive_command = ""

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
            if refused.code != NO_DATA:
                raise
            self._no_data(refused)
        if reply.startswith("200"):  # some say first that they have understood
            reply = self.getresp()
        if not reply.startswith("1"):
            raise Unintelligible

    def _called(self) -> socket.socket:
        """A connection that we make: always to the server itself, on the port it names."""
        with self._about_data():
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
        """The reply of a server to the command for passive mode, or to the other one."""
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
        """Where the server may connect to: the address of ours that it knows."""
        assert self.sock  # noqa: S101 - it is open
        listener = socket.socket(self.af, socket.SOCK_STREAM)
        self._keep(listener)
        try:
            ours = self.sock.getsockname()
            try:
                listener.bind((ours[0], 0, *ours[2:]))
                listener.listen()
            except OSError as error:
                self._no_data(error)
            host, port = str(ours[0]).partition("%")[0], listener.getsockname()[1]
            tell = self.sendport if self.af == socket.AF_INET else self.sendeprt
            with self._about_data():
                tell(host, port)
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
            transient=True,
        )

    @contextmanager
    def _about_data(self) -> Iterator[None]:
        """A refusal is about the connection for data, unless it ends the conversation itself."""
        try:
            yield
        except Refused as refused:
            if refused.code in TRANSIENT and refused.code != NO_DATA:
                raise
            self._no_data(refused)
        except Unintelligible as error:
            self._no_data(error)

    def _no_data(self, error: Exception) -> NoReturn:
        words, transient, _ = _kind_of_call(error)
        raise SourceUnreachable(
            f"there is no data connection with {self.host} ({words}); check `mode`, and ask the "
            "customer which ports their firewall lets through",
            transient=transient,
        ) from error
