"""All that reaches into the private parts of paramiko, with limits for the server (ADR 0017).

This file was written for paramiko 5.1 and holds for paramiko 4.0 too. A test says which private
part is gone or has another signature when paramiko changes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

import paramiko
from paramiko.auth_handler import AuthHandler
from paramiko.common import (
    MSG_CHANNEL_DATA,
    MSG_CHANNEL_EXTENDED_DATA,
    MSG_EXT_INFO,
    MSG_USERAUTH_INFO_REQUEST,
)
from paramiko.packet import Packetizer

_MAX_GREETING_BYTES = 64 * 1024
_MAX_PACKET_BYTES = 1024 * 1024  # the answers to our requests are much smaller
_MAX_PARTS = 64  # of a message; paramiko has no limit


class _Packets(Packetizer):
    """Reads packets of a limited size. A server may announce any size."""

    _received = 0

    def read_all(self, n: int, check_rekey: bool = False) -> bytes:
        """Returns the next `n` bytes. Raises `SSHException` if `n` is too large."""
        if n > _MAX_PACKET_BYTES:
            raise paramiko.SSHException("a packet that is too large")
        return super().read_all(n, check_rekey)

    def read_message(self) -> tuple[int, paramiko.Message]:
        """Returns the next message. Raises `SSHException` if the message has too many parts."""
        kind, message = super().read_message()
        # The number of parts follows after so many strings.
        strings_before = {MSG_EXT_INFO: 0, MSG_USERAUTH_INFO_REQUEST: 3}.get(kind)
        if strings_before is not None:
            for _ in range(strings_before):
                message.get_string()
            if message.get_int() > _MAX_PARTS:
                raise paramiko.SSHException("a message with too many parts")
            message.rewind()
        return kind, message

    def _read_timeout(self, timeout: float) -> bytes:
        """Returns the next bytes of the greeting. Raises `SSHException` if it is too long."""
        data: bytes = super()._read_timeout(timeout)  # type: ignore[misc]
        self._received += len(data)
        if self._received > _MAX_GREETING_BYTES:
            raise paramiko.SSHException("a greeting that is too long")
        return data


def _within_window(
    receive: Callable[[paramiko.Channel, paramiko.Message], None],
) -> Callable[[paramiko.Channel, paramiko.Message], None]:
    """Wraps paramiko's handler for data, and raises `SSHException` if the window overflows."""

    def receive_checked(channel: Any, message: paramiko.Message) -> None:
        receive(channel, message)
        unread = len(channel.in_buffer) + len(channel.in_stderr_buffer)
        if unread > channel.in_window_size + _MAX_PACKET_BYTES:
            raise paramiko.SSHException("more data than the window allows")

    return receive_checked


class _LogIn(AuthHandler):
    """One attempt to log in. Requests the log-in service only once on each connection.

    paramiko requests the service again with every attempt. Some servers (in Go, with asyncssh, or
    with ssh2 for Node.js) close the connection after a second request.
    """

    if TYPE_CHECKING:
        transport: Transport

    def _request_auth(self) -> None:
        if not self.transport.may_log_in:
            super()._request_auth()  # type: ignore[misc]
            return
        accepted = paramiko.Message()
        accepted.add_string("ssh-userauth")
        accepted.rewind()
        super()._parse_service_accept(accepted)  # type: ignore[misc]

    def _parse_service_accept(self, m: paramiko.Message) -> None:
        self.transport.may_log_in = True
        super()._parse_service_accept(m)  # type: ignore[misc]


class Transport(paramiko.Transport):
    """An SSH connection with limits for all that the server sends. Keeps what the server offered.

    Attributes:
        offered: the algorithms of the server, by paramiko's names; empty before the key exchange.
        dismissed: whether the server sent a disconnect message.
        may_log_in: whether the server has accepted the request for the service that logs in.
    """

    _channel_handler_table: ClassVar[dict[int, Callable[..., None]]] = {
        **paramiko.Transport._channel_handler_table,  # type: ignore[attr-defined] # noqa: SLF001
        MSG_CHANNEL_DATA: _within_window(paramiko.Channel._feed),  # type: ignore[attr-defined] # noqa: SLF001
        MSG_CHANNEL_EXTENDED_DATA: _within_window(paramiko.Channel._feed_extended),  # type: ignore[attr-defined] # noqa: SLF001
    }

    if TYPE_CHECKING:  # the stubs of paramiko do not have these
        disabled_algorithms: dict[str, list[str]]
        server_extensions: dict[str, bytes]

    def __init__(self, sock: Any) -> None:
        self.offered: dict[str, list[str]] = {}
        self.dismissed = False
        self.may_log_in = False
        super().__init__(sock, packetizer_class=_Packets)

    def attempt(self, method: str, *answers: object) -> list[str]:
        """Attempts to log in by `method`, a method of `AuthHandler` with the arguments `answers`.

        Returns the methods that the server still requires; none after a complete log-in. Raises the
        errors of paramiko: `BadAuthenticationType` for a method that the server does not accept.
        """
        replied = threading.Event()
        self.auth_handler = _LogIn(self)
        getattr(self.auth_handler, f"auth_{method}")(*answers, replied)
        waited: list[str] = self.auth_handler.wait_for_response(replied)
        return waited

    def end(self) -> None:
        """Ends the connection, and the timer of a failed handshake, which keeps a process alive."""
        self.close()
        self.packetizer.complete_handshake()

    def _check_banner(self) -> None:
        """Reads the greeting. paramiko's errors quote it, so they are replaced."""
        with suppress(Exception):
            super()._check_banner()  # type: ignore[misc]
            return
        raise paramiko.SSHException("no SSH greeting")

    def _really_parse_kex_init(self, m: Any, ignore_first_byte: bool = False) -> dict[str, Any]:
        """Keeps the offer of the server. With `ignore_first_byte`, `m` is our own offer."""
        parsed: dict[str, Any] = super()._really_parse_kex_init(m, ignore_first_byte)  # type: ignore[misc]
        if not ignore_first_byte:
            self.offered = parsed
        return parsed

    def _parse_disconnect(self, m: paramiko.Message) -> None:
        """Notes a disconnect message. Its text may quote anything, so it is not read."""
        self.dismissed = True
