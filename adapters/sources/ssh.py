"""SSH connections: to the right server, from the right address, and with an end to every wait.

Sentences about failures name the setting to look at. They are written here: neither what a server
says nor the text of a foreign error is passed on, since it could quote anything.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterable, Set
from contextlib import suppress
from typing import TYPE_CHECKING

import paramiko

from adapters.sources.connecting import Address
from adapters.sources.deadlines import ends_after
from adapters.sources.failures import Kind
from adapters.sources.sftp_client import SftpClient, SftpDirectory, explained, kind_of
from adapters.sources.source import SourceUnreachable
from adapters.sources.ssh_keys import known_keys, private_key
from adapters.sources.ssh_transport import Transport, family

if TYPE_CHECKING:
    from adapters.sources.sftp import SftpSource

# Seconds after ours, at which deadlines of paramiko's would end the same: ours say why.
_LATER = 5.0

# paramiko reports in logs what it also raises; without a handler Python prints that.
logging.getLogger("paramiko").addHandler(logging.NullHandler())


class Connection:
    """An encrypted connection to a server that is not trusted yet."""

    def __init__(self, sock: socket.socket, transport: Transport) -> None:
        self._socket = sock
        self._transport = transport
        key = transport.get_remote_server_key()
        self.fingerprint = key.fingerprint
        self.key_type = key.get_name()
        self.address = str(sock.getpeername()[0])

    def close(self) -> None:
        """Ends the connection, whatever state it is in."""
        _close(self._socket, self._transport)

    def log_in(self, source: SftpSource) -> None:
        """Logs in with the one secret that is configured: no agent, no keys of this machine.

        Raises `SourceUnreachable`.
        """
        seconds = source.deadlines.log_in
        late = f"{source.host} did not answer the log-in within {seconds:g} seconds"
        self._transport.auth_timeout = seconds + _LATER
        with ends_after(seconds, self.close, late):
            refusal = self._refusal(source)
            if refusal:
                raise refusal

    def _refusal(self, source: SftpSource) -> SourceUnreachable | None:
        """Why the server does not let us in, raised elsewhere: the context may hold secrets."""
        if source.private_key:
            setting, key = "private_key", private_key(source.private_key, source.passphrase)
        else:
            assert source.password  # noqa: S101 - the configuration has one of the two
            setting, key = "password", None
            password = source.password.read("password")
        who = f"{source.host} does not let {source.username} in"
        try:
            if key:
                more = self._transport.auth_publickey(source.username, key)
            else:
                more = self._transport.auth_password(source.username, password)
        except paramiko.BadAuthenticationType as error:
            known = ("password", "publickey", "keyboard-interactive")
            wanted = " or ".join(each for each in known if each in error.allowed_types)
            return SourceUnreachable(
                f"{who} by `{setting}`, only by {wanted or 'other means'}; check `{setting}`"
            )
        except paramiko.AuthenticationException as error:
            # What paramiko says of a log-in that was not answered at all.
            if "timeout" in str(error).lower() or "EOF" in str(error):
                return _ended(source, setting, Kind("the conversation broke off", passing=True))
            return SourceUnreachable(f"{who}; check `username` and `{setting}`")
        except Exception as error:
            return _ended(source, setting, kind_of(error))
        if more or not self._transport.is_authenticated():
            return SourceUnreachable(f"{who} by `{setting}` alone; it asks for more than one proof")
        return None

    def open_directory(self, source: SftpSource) -> SftpDirectory:
        """The customer's directory. Raises `SourceUnreachable`."""
        seconds = source.deadlines.session
        none = f"{source.host} gives {source.username} no SFTP session"
        late = f"{none} within {seconds:g} seconds"
        with ends_after(seconds, self.close, late), explained(none, "`username`"):
            channel = self._transport.open_session(timeout=seconds + _LATER)
            channel.settimeout(source.deadlines.silence)
            channel.invoke_subsystem("sftp")
            client = SftpClient(channel)
        return SftpDirectory(client, source.host, source.directory, source.pattern)


def _ended(source: SftpSource, setting: str, kind: Kind) -> SourceUnreachable:
    return SourceUnreachable(
        f"{source.host} ended the log-in of {source.username} ({kind.words}); check `username` "
        f"and `{setting}`",
        passing=kind.passing,
    )


def pinned_keys(source: SftpSource) -> frozenset[str]:
    """The fingerprints that the server may show. Raises `SourceUnreachable`."""
    if source.host_key:
        return frozenset((source.host_key,))
    if source.known_hosts:
        return known_keys(source.known_hosts, source.host, source.port)
    return frozenset()


def connect(source: SftpSource, addresses: list[Address], pinned: Set[str]) -> Connection:
    """A connection on which the server shows a pinned key, if it has one; else its first.

    A server may have keys of several types and shows one of those that it is asked for: it is
    asked again without the types it has shown. Raises `SourceUnreachable` where there is no
    connection at all.
    """
    first = _connect(source, addresses, frozenset())
    if not pinned or first.fingerprint in pinned:
        return first
    shown = {family(first.key_type)}
    while True:
        try:
            other = _connect(source, addresses, shown)
        except SourceUnreachable:
            return first
        if other.fingerprint in pinned:
            first.close()
            return other
        other.close()
        if family(other.key_type) in shown:
            return first
        shown.add(family(other.key_type))


def require_pinned(source: SftpSource, connection: Connection, pinned: Set[str]) -> None:
    """Raises `SourceUnreachable` unless the server shows a key that is pinned."""
    shown = connection.fingerprint
    if not pinned:
        raise SourceUnreachable(
            f"the server's host key is not pinned; it shows {shown}: ask the customer whether it "
            "is theirs, and set `host_key`"
        )
    if shown not in pinned:
        setting = "`host_key`" if source.host_key else "`known_hosts`"
        raise SourceUnreachable(
            f"the server's host key is not the pinned one: {setting} has "
            f"{' and '.join(sorted(pinned))}, it shows {shown}; ask the customer whether they "
            "changed it before you do"
        )


def _connect(source: SftpSource, addresses: list[Address], without: Iterable[str]) -> Connection:
    """One connection, up to and with the server's key; of no type in `without`."""
    deadlines = source.deadlines
    sock = source.endpoint.connect(addresses, deadlines.connect)
    transport: Transport | None = None
    seconds = deadlines.greeting + deadlines.handshake
    where = f"{source.host} port {source.port}"
    none = f"{where} does not greet as an SSH server does"
    late = f"{none} within {seconds:g} seconds; check `host` and `port`"
    try:
        with (
            ends_after(seconds, lambda: _close(sock, transport), late),
            explained(none, "`host` and `port`"),
        ):
            transport = Transport(sock, frozenset(without))
            transport.banner_timeout = transport.handshake_timeout = seconds + _LATER
            try:
                transport.start_client(timeout=seconds + _LATER)
            except paramiko.ssh_exception.IncompatiblePeer as error:
                raise SourceUnreachable(
                    f"{where} offers {transport.disagreement()}; ask the customer to update or to "
                    "reconfigure the server"
                ) from error
            return Connection(sock, transport)
    except BaseException:
        _close(sock, transport)
        raise


def _close(sock: socket.socket, transport: Transport | None) -> None:
    """Closes both: an inactive transport leaves its socket open.

    The socket first, so that nobody waits for a server to take what is on its way. And the timer
    of a handshake that failed, which would keep a process from ending.
    """
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    with suppress(Exception):
        if transport:
            transport.close()
            transport.packetizer.complete_handshake()
    sock.close()
