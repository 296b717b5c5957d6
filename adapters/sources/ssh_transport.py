"""paramiko's transport, without weak algorithms and with limits for the server (ADR 0017)."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
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
_ALGORITHM = re.compile(r"[A-Za-z0-9@.,=_-]{1,64}")  # chacha20-poly1305@openssh.com
_MAX_NAMES = 8  # of algorithms in one sentence

# Broken or weak algorithms: CBC leaks through its padding, 3DES has blocks of 64 bits, and MD5 and
# SHA-1 have collisions. Names are matched, so that a later paramiko cannot bring one back.
# aes128-cbc, hmac-sha1-96, diffie-hellman-group1-sha1
_WEAK = re.compile(r"-cbc|3des|arcfour|blowfish|cast128|md5|sha1|ssh-rsa|ssh-dss|group1-|-96|none")
# For each kind of algorithm, by paramiko's name: words for people, and paramiko's name of the
# list that the server sends.
_AGREED = {
    "kex": ("key exchange", "kex_algo_list"),
    "keys": ("host key", "server_key_algo_list"),
    "ciphers": ("cipher", "server_encrypt_algo_list"),
    "macs": ("MAC", "server_mac_algo_list"),
}


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
    """A connection that is as strict as OpenSSH's client, and keeps what the server offered.

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

    def __init__(self, sock: Any, without: frozenset[str] = frozenset()) -> None:
        """`without` are the families of host keys that the server must not show."""
        self.offered: dict[str, list[str]] = {}
        self.dismissed = False
        self.may_log_in = False
        super().__init__(sock, packetizer_class=_Packets)
        # GCM comes first: it needs no MAC, which takes more time than the cipher.
        ciphers = self._all("ciphers")
        self._preferred_ciphers = tuple(sorted(ciphers, key=lambda name: "-gcm@" not in name))
        self.disabled_algorithms = {
            kind: [name for name in self._all(kind) if _WEAK.search(name)] for kind in _AGREED
        }
        self.disabled_algorithms["keys"] += [
            name for name in self._all("keys") if family(name) in without
        ]

    if TYPE_CHECKING:
        disabled_algorithms: dict[str, list[str]]

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

    def _check_banner(self) -> None:
        """Reads the greeting. paramiko's errors quote it, so they are replaced."""
        try:
            super()._check_banner()  # type: ignore[misc]
        except Exception:
            greeted = False
        else:
            greeted = True
        if not greeted:
            raise paramiko.SSHException("no SSH greeting")

    def _all(self, kind: str) -> list[str]:
        """Returns all algorithms of a kind that paramiko has."""
        return list(getattr(self, f"_preferred_{kind}"))

    def _really_parse_kex_init(self, m: Any, ignore_first_byte: bool = False) -> dict[str, Any]:
        """Keeps the offer of the server. With `ignore_first_byte`, `m` is our own offer."""
        parsed: dict[str, Any] = super()._really_parse_kex_init(m, ignore_first_byte)  # type: ignore[misc]
        if not ignore_first_byte:
            self.offered = parsed
        return parsed

    def _parse_disconnect(self, m: paramiko.Message) -> None:
        """Notes a disconnect message. Its text may quote anything, so it is not read."""
        self.dismissed = True

    def disagreement(self) -> str:
        """Returns the end of a sentence: the kind of algorithm without an agreement, the server's
        algorithms of this kind, and what to ask the customer.

        Only well-formed names are quoted, because a server may send any text.
        """
        for kind, (words, offer) in _AGREED.items():
            offered = self.offered.get(offer, [])
            supported = list(getattr(self, f"preferred_{kind}"))
            if not set(offered) & set(supported):
                names = [name for name in offered if _ALGORITHM.fullmatch(name)][:_MAX_NAMES]
                only = ", ".join(names) or "unknown ones"
                if all(map(_WEAK.search, names)):
                    return (
                        f"no {words} that is safe, only {only}; ask the customer to update or to "
                        "reconfigure the server"
                    )
                wanted = " or ".join(supported[:2])
                return f"no {words} that we have, only {only}; ask the customer to allow {wanted}"
        return "no algorithms that we have; ask the customer to update the server"


def family(key_type: str) -> str:
    """Returns the family of a key type. RSA keys have several types, all for the same key."""
    return "rsa" if "rsa" in key_type else key_type
