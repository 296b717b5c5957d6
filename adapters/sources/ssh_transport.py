"""paramiko's transport, without weak algorithms and without trust in how much a server sends."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import paramiko
from paramiko.common import (
    MSG_CHANNEL_DATA,
    MSG_CHANNEL_EXTENDED_DATA,
    MSG_EXT_INFO,
    MSG_USERAUTH_INFO_REQUEST,
)
from paramiko.packet import Packetizer

_GREETING = 64 * 1024  # bytes before a line break
_PACKET = 1024 * 1024  # bytes; what we ask for comes in much smaller ones
_PARTS = 64  # that a message may say it has; paramiko believes any number
_ALGORITHM = re.compile(r"[A-Za-z0-9@.,=_-]{1,64}")
_NAMED = 8

# Broken, or about to be: CBC leaks through its padding, 3DES has blocks of 64 bits, and MD5 and
# SHA-1 are collided with. Everything that paramiko may ever offer again is caught by its name.
_WEAK = re.compile(r"-cbc|3des|arcfour|blowfish|cast128|md5|sha1|ssh-rsa|ssh-dss|group1-|-96|none")
# What is agreed on, as paramiko calls it and as people do, and where a server names its own.
_AGREED = {
    "kex": ("key exchange", "kex_algo_list"),
    "keys": ("host key", "server_key_algo_list"),
    "ciphers": ("cipher", "server_encrypt_algo_list"),
    "macs": ("MAC", "server_mac_algo_list"),
}


class _Packets(Packetizer):
    """Packets of a bounded size; a server may announce any."""

    _received = 0

    def read_all(self, n: int, check_rekey: bool = False) -> bytes:
        """The next `n` bytes."""
        if n > _PACKET:
            raise paramiko.SSHException("a packet larger than any that was asked for")
        return super().read_all(n, check_rekey)

    def read_message(self) -> tuple[int, paramiko.Message]:
        """The next message, unless it says to have more parts than any has."""
        kind, message = super().read_message()
        before = {MSG_EXT_INFO: 0, MSG_USERAUTH_INFO_REQUEST: 3}.get(kind)
        if before is not None:
            for _ in range(before):
                message.get_string()
            if message.get_int() > _PARTS:
                raise paramiko.SSHException("a message of too many parts")
            message.rewind()
        return kind, message

    def _read_timeout(self, timeout: float) -> bytes:
        """Some bytes of the greeting."""
        data: bytes = super()._read_timeout(timeout)  # type: ignore[misc]
        self._received += len(data)
        if self._received > _GREETING:
            raise paramiko.SSHException("a greeting without end")
        return data


def _within_window(
    receive: Callable[[paramiko.Channel, paramiko.Message], None],
) -> Callable[[paramiko.Channel, paramiko.Message], None]:
    """Receives data of a channel, which may not be more than was allowed to be sent."""

    def receiving(channel: Any, message: paramiko.Message) -> None:
        receive(channel, message)
        waiting = len(channel.in_buffer) + len(channel.in_stderr_buffer)
        if waiting > channel.in_window_size + _PACKET:
            raise paramiko.SSHException("more data than it was allowed to send")

    return receiving


class Transport(paramiko.Transport):
    """A connection that is as strict as OpenSSH's own client, and remembers what was offered.

    Attributes:
        offered: what the server offers, by paramiko's names; empty before it has.
        dismissed: whether the server said that it ends the connection.
    """

    _channel_handler_table: ClassVar[dict[int, Callable[..., None]]] = {
        **paramiko.Transport._channel_handler_table,  # type: ignore[attr-defined] # noqa: SLF001
        MSG_CHANNEL_DATA: _within_window(paramiko.Channel._feed),  # type: ignore[attr-defined] # noqa: SLF001
        MSG_CHANNEL_EXTENDED_DATA: _within_window(paramiko.Channel._feed_extended),  # type: ignore[attr-defined] # noqa: SLF001
    }

    def __init__(self, sock: Any, without: frozenset[str] = frozenset()) -> None:
        """`without` are types of host keys that are not asked for."""
        self.offered: dict[str, list[str]] = {}
        self.dismissed = False
        super().__init__(sock, packetizer_class=_Packets)
        # First what needs no MAC, which costs more than the cipher.
        ciphers = self._all("ciphers")
        self._preferred_ciphers = tuple(sorted(ciphers, key=lambda name: "-gcm@" not in name))
        self.disabled_algorithms = {
            kind: [each for each in self._all(kind) if _WEAK.search(each)] for kind in _AGREED
        }
        self.disabled_algorithms["keys"] += [
            each for each in self._all("keys") if family(each) in without
        ]

    if TYPE_CHECKING:
        disabled_algorithms: dict[str, list[str]]

    def _check_banner(self) -> None:
        """The greeting, which no error of paramiko's may quote."""
        try:
            super()._check_banner()  # type: ignore[misc]
        except Exception:
            greeted = False
        else:
            greeted = True
        if not greeted:
            raise paramiko.SSHException("no greeting of SSH")

    def _all(self, kind: str) -> list[str]:
        return list(getattr(self, f"_preferred_{kind}"))

    def _really_parse_kex_init(self, m: Any, ignore_first_byte: bool = False) -> dict[str, Any]:
        """What the server offers; with the first byte to ignore, it is what we offered."""
        parsed: dict[str, Any] = super()._really_parse_kex_init(m, ignore_first_byte)  # type: ignore[misc]
        if not ignore_first_byte:
            self.offered = parsed
        return parsed

    def _parse_disconnect(self, m: paramiko.Message) -> None:
        """The server's last words, of which only that there were some is of use."""
        self.dismissed = True

    def disagreement(self) -> str:
        """What there is no agreement on, what the server offers of it, and what to ask for: the
        rest of a sentence.

        The names are the server's, so they are looked at before they are repeated.
        """
        for kind, (what, where) in _AGREED.items():
            theirs = self.offered.get(where, [])
            ours = list(getattr(self, f"preferred_{kind}"))
            if not set(theirs) & set(ours):
                known = [each for each in theirs if _ALGORITHM.fullmatch(each)][:_NAMED]
                only = ", ".join(known) or "unknown ones"
                if all(map(_WEAK.search, known)):
                    return (
                        f"no {what} that is safe, only {only}; ask the customer to update or to "
                        "reconfigure the server"
                    )
                wanted = " or ".join(ours[:2])
                return f"no {what} that we have, only {only}; ask the customer to allow {wanted}"
        return "nothing that we have in common; ask the customer to update the server"


def family(key_type: str) -> str:
    """What stands for one key of a server: RSA keys go by several names."""
    return "rsa" if "rsa" in key_type else key_type
