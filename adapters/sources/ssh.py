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

from adapters.sources.attempts import retry
from adapters.sources.connecting import Address
from adapters.sources.deadlines import Deadline
from adapters.sources.failures import UNWELL
from adapters.sources.sftp_client import SftpClient, SftpDirectory, describe, translate_errors
from adapters.sources.source import SourceUnreachable
from adapters.sources.ssh_keys import known_keys, private_key
from adapters.sources.ssh_proof import AuthMethod, KeyAuth, PasswordAuth
from adapters.sources.ssh_transport import Transport, family

if TYPE_CHECKING:
    from adapters.sources.sftp import SftpSource

# Seconds after ours, at which deadlines of paramiko's would end the same: ours say why.
_LATER = 5.0
_TWICE = 2  # attempts

# paramiko reports in logs what it also raises, and what servers say: all of it stays unheard.
logging.getLogger("paramiko").addHandler(logging.NullHandler())
logging.getLogger("paramiko").propagate = False


class Connection:
    """An encrypted connection to a server that is not trusted yet."""

    def __init__(self, sock: socket.socket, transport: Transport, remaining: Deadline) -> None:
        self._socket = sock
        self._transport = transport
        self._remaining = remaining
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
        late = (
            f"{source.host} did not answer the log-in within {seconds:g} seconds; check "
            f"`username`, and {UNWELL}"
        )
        self._transport.auth_timeout = seconds + _LATER
        with self._remaining.part(seconds, self.close, late):
            refusal = self._refusal(source)
            if refusal:
                raise refusal

    def _refusal(self, source: SftpSource) -> SourceUnreachable | None:
        """Why the server does not let us in, raised elsewhere: the context may hold secrets."""
        setting = "private_key" if source.private_key else "password"
        proof = _proof_of(source)
        who = f"{source.host} does not let {source.username} in"
        try:
            more = proof.authenticate(self._transport, source.username)
        except paramiko.BadAuthenticationType as error:
            return SourceUnreachable(f"{who} by `{setting}`, {_only_by(setting, error)}")
        except Exception as error:
            if proof.asked_more:
                more = ["another"]
            elif _is_answer(error):
                return SourceUnreachable(f"{who}; check `username` and `{setting}`")
            else:
                # Who hangs up in so many words has heard enough, and counts further attempts.
                transient = not self._transport.dismissed
                words = describe(error).words if transient else "the server hung up"
                return SourceUnreachable(
                    f"{source.host} ended the log-in of {source.username} ({words}); check "
                    f"`username` and `{setting}`",
                    transient=transient and describe(error).transient,
                )
        if more or not self._transport.is_authenticated():
            return SourceUnreachable(
                f"{who} by `{setting}` alone; it asks for more than one proof: ask the customer "
                "for a log-in with one"
            )
        return None

    def open_directory(self, source: SftpSource) -> SftpDirectory:
        """The customer's directory. Raises `SourceUnreachable`."""
        seconds = source.deadlines.session
        none = f"{source.host} gives {source.username} no SFTP session"
        late = f"{none} within {seconds:g} seconds; check what `username` may use"
        with self._remaining.part(seconds, self.close, late), translate_errors(none, "`username`"):
            channel = self._transport.open_session(timeout=seconds + _LATER)
            channel.settimeout(source.deadlines.silence)
            channel.invoke_subsystem("sftp")
            client = SftpClient(channel)
        return SftpDirectory(client, source.host, source.directory, source.pattern)


def _proof_of(source: SftpSource) -> AuthMethod:
    """The proof that is configured. Raises `SourceUnreachable` where it cannot be read."""
    if source.private_key:
        return KeyAuth(private_key(source.private_key, source.passphrase))
    assert source.password  # noqa: S101 - the configuration has one of the two
    return PasswordAuth(source.password.read("password"))


def _only_by(setting: str, error: paramiko.BadAuthenticationType) -> str:
    """How a server lets somebody in that does not take what is set: the rest of a sentence."""
    known = ("password", "publickey", "keyboard-interactive")
    wanted = " or ".join(each for each in known if each in error.allowed_types)
    if not wanted:
        return "only by other means; ask the customer for a log-in by password or key"
    other = "password" if setting == "private_key" else "private_key"
    return f"only by {wanted}; set `{other}` instead"


def _is_answer(error: Exception) -> bool:
    """Whether the server said no, and did not just end: paramiko has one error for both."""
    ended = "timeout" in str(error).lower() or "EOF" in str(error)
    return isinstance(error, paramiko.AuthenticationException) and not ended


def pinned_keys(source: SftpSource) -> frozenset[str]:
    """The fingerprints that the server may show. Raises `SourceUnreachable`."""
    if source.host_key:
        return frozenset((source.host_key,))
    if source.known_hosts:
        return known_keys(source.known_hosts, source.host, source.port)
    return frozenset()


def connect(
    source: SftpSource, addresses: list[Address], pinned: Set[str], remaining: Deadline
) -> Connection:
    """A connection on which the server shows a pinned key, if it has one; else one that has ended
    and tells the first that it showed.

    A server may have keys of several types and shows one of those that it is asked for: it is
    asked again without the types it has shown, on one connection after the other. Servers count
    those that have not logged in, and some take a moment to see that one of them has ended: what
    they hang up on is tried twice. Raises `SourceUnreachable` where there is no connection at all,
    or no telling what the server would have shown.
    """
    first = connection = _connect(source, addresses, frozenset(), remaining)
    shown: set[str] = set()
    while pinned and connection.fingerprint not in pinned:
        connection.close()
        if family(connection.key_type) in shown:
            return first
        shown.add(family(connection.key_type))
        try:
            connection = retry(
                lambda: _connect(source, addresses, shown, remaining), _TWICE, remaining
            )
        except SourceUnreachable as error:
            if error.transient:
                raise
            return first
    return connection


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


def _connect(
    source: SftpSource, addresses: list[Address], without: Iterable[str], remaining: Deadline
) -> Connection:
    """One connection, up to and with the server's key; of no type in `without`."""
    deadlines = source.deadlines
    sock = source.endpoint.connect(addresses, deadlines.connect, remaining)
    transport: Transport | None = None
    seconds = deadlines.greeting + deadlines.handshake
    where = f"{source.host} port {source.port}"
    none = f"{where} does not answer as an SSH server does"
    look_at = "`host`, `port` and `protocol`"
    late = f"{none} within {seconds:g} seconds; check {look_at}"
    try:
        with (
            remaining.part(seconds, lambda: _close(sock, transport), late),
            translate_errors(none, look_at),
        ):
            transport = Transport(sock, frozenset(without))
            transport.banner_timeout = transport.handshake_timeout = seconds + _LATER
            try:
                transport.start_client(timeout=seconds + _LATER)
            except paramiko.ssh_exception.IncompatiblePeer as error:
                raise SourceUnreachable(f"{where} offers {transport.disagreement()}") from error
            return Connection(sock, transport, remaining)
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
