"""SSH connections: connecting, the check of the host key, and the log-in, each with a time limit.

Sentences about failures name the setting to check. They are written here. They quote neither the
server nor the text of a library, which could contain a secret.
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
from adapters.sources.sftp_client import SftpClient, describe, translate_errors
from adapters.sources.sftp_directory import SftpDirectory
from adapters.sources.source import SourceUnreachable
from adapters.sources.ssh_keys import known_keys, private_key
from adapters.sources.ssh_proof import AuthMethod, KeyAndPasswordAuth, KeyAuth, PasswordAuth
from adapters.sources.ssh_transport import Transport, family

if TYPE_CHECKING:
    from adapters.sources.sftp import SftpSource

# The time limits of paramiko are longer by this than our own. Ours come first and give a reason.
_GRACE_S = 5.0
_ATTEMPTS = 2  # to connect again for another type of host key

# The logs of paramiko repeat its errors and quote the server, so they are dropped.
logging.getLogger("paramiko").addHandler(logging.NullHandler())
logging.getLogger("paramiko").propagate = False


class Connection:
    """An encrypted connection. Its server is not trusted until `require_pinned` has checked it."""

    def __init__(self, sock: socket.socket, transport: Transport, remaining: Deadline) -> None:
        self._socket = sock
        self._transport = transport
        self._remaining = remaining
        key = transport.get_remote_server_key()
        self.fingerprint = key.fingerprint
        self.key_type = key.get_name()
        self.address = str(sock.getpeername()[0])

    def close(self) -> None:
        """Closes the connection, in any state."""
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
        self._transport.auth_timeout = seconds + _GRACE_S
        with self._remaining.part(seconds, self.close, late):
            refusal = self._refusal(source)
            if refusal:
                raise refusal

    def _refusal(self, source: SftpSource) -> SourceUnreachable | None:
        """Logs in. Returns the error if the log-in fails.

        The caller raises the error: here, its context could contain the secret.
        """
        proof, setting = _proof_of(source)
        refusal = f"{source.host} does not let {source.username} in"
        try:
            more = proof.authenticate(self._transport, source.username)
        except paramiko.BadAuthenticationType as error:
            return SourceUnreachable(f"{refusal} by {setting}, {_only_by(source, error)}")
        except Exception as error:
            if proof.asked_more:
                return SourceUnreachable(
                    f"{refusal} by {setting} alone; it asks a second question, perhaps for a code: "
                    "ask the customer for a log-in without one"
                )
            if _is_answer(error):
                return SourceUnreachable(f"{refusal}; check `username` and {setting}")
            # A server that sends a disconnect message refuses and counts further attempts.
            transient = not self._transport.dismissed
            words = describe(error).words if transient else "the server closed the connection"
            return SourceUnreachable(
                f"{source.host} ended the log-in of {source.username} ({words}); check "
                f"`username` and {setting}",
                transient=transient and describe(error).transient,
            )
        if more or not self._transport.is_authenticated():
            return SourceUnreachable(
                f"{refusal} by {setting} alone; it asks for something else besides: {_also(source)}"
            )
        return None

    def open_directory(self, source: SftpSource) -> SftpDirectory:
        """Starts SFTP and returns the customer's directory. Raises `SourceUnreachable`."""
        seconds = source.deadlines.session
        what = f"{source.host} gives {source.username} no SFTP session"
        late = f"{what} within {seconds:g} seconds; check what `username` may use"
        with self._remaining.part(seconds, self.close, late), translate_errors(what, "`username`"):
            channel = self._transport.open_session(timeout=seconds + _GRACE_S)
            channel.settimeout(source.deadlines.silence)
            channel.invoke_subsystem("sftp")
            client = SftpClient(channel)
        return SftpDirectory(client, source.host, source.directory, source.pattern)


def _proof_of(source: SftpSource) -> tuple[AuthMethod, str]:
    """Returns the configured way to log in, and the names of its settings for a sentence.

    Raises `SourceUnreachable` if a secret cannot be read.
    """
    key = source.private_key and KeyAuth(private_key(source.private_key, source.passphrase))
    password = source.password and PasswordAuth(source.password.read("password"))
    if key and password:
        return KeyAndPasswordAuth(key, password), "`private_key` and `password`"
    if key:
        return key, "`private_key`"
    assert password  # noqa: S101 - the configuration has one of the two
    return password, "`password`"


def _also(source: SftpSource) -> str:
    """Returns the end of a sentence: what to do if the server requires another proof."""
    if source.private_key and source.password:
        return "ask the customer for a log-in by key, by password, or by both"
    other = "password" if source.private_key else "private_key"
    return f"set `{other}` too, if the customer has given you one"


def _only_by(source: SftpSource, error: paramiko.BadAuthenticationType) -> str:
    """Returns the end of a sentence: the methods that the server accepts, and what to do."""
    known = ("password", "publickey", "keyboard-interactive")
    wanted = " or ".join(method for method in known if method in error.allowed_types)
    if not wanted:
        return "only by other means; ask the customer for a log-in by password or key"
    if source.private_key and source.password:
        return f"only by {wanted}; ask the customer for a log-in by password or key"
    other = "password" if source.private_key else "private_key"
    return f"only by {wanted}; set `{other}` instead"


def _is_answer(error: Exception) -> bool:
    """Whether the server refused the log-in and did not just disconnect.

    paramiko has one class of errors for both.
    """
    ended = "timeout" in str(error).lower() or "EOF" in str(error)
    return isinstance(error, paramiko.AuthenticationException) and not ended


def pinned_keys(source: SftpSource) -> frozenset[str]:
    """Returns the fingerprints of the trusted host keys; none if nothing is pinned.

    Raises `SourceUnreachable` if `known_hosts` cannot be used.
    """
    if source.host_keys:
        return frozenset(source.host_keys)
    if source.known_hosts:
        return known_keys(source.known_hosts, source.host, source.port)
    return frozenset()


def connect(
    source: SftpSource, addresses: list[Address], pinned: Set[str], remaining: Deadline
) -> Connection:
    """Returns a connection on which the server has shown a pinned key.

    If the server has no pinned key, returns its first connection, which is closed but still has the
    fingerprint. If nothing is pinned, returns the first connection, open.

    A server may have keys of several types, and shows one of the types that the client asks for. So
    Tenure connects again without the types that it has seen (ADR 0014). It makes one connection at
    a time, because servers limit the connections without a log-in. Some servers notice late that a
    connection has ended and refuse the next one, so each is tried twice.

    Raises `SourceUnreachable` if the first connection fails, or if a later one is lost, because its
    key is then unknown.
    """
    first = connection = _connect(source, addresses, frozenset(), remaining)
    families: set[str] = set()
    while pinned and connection.fingerprint not in pinned:
        connection.close()
        if family(connection.key_type) in families:
            return first
        families.add(family(connection.key_type))
        try:
            connection = retry(
                lambda: _connect(source, addresses, families, remaining), _ATTEMPTS, remaining
            )
        except SourceUnreachable as error:
            if error.transient:
                raise
            return first
    return connection


def require_pinned(source: SftpSource, connection: Connection, pinned: Set[str]) -> None:
    """Raises `SourceUnreachable` unless the server has shown a pinned key."""
    shown = connection.fingerprint
    if not pinned:
        raise SourceUnreachable(
            f"the server's host key is not pinned; the server shows {shown}: ask the customer "
            "whether this key is theirs, and set `host_key`"
        )
    if shown not in pinned:
        setting = "`host_key`" if source.host_keys else "`known_hosts`"
        raise SourceUnreachable(
            f"the server's host key is not the pinned one: {setting} has "
            f"{' and '.join(sorted(pinned))}, and the server shows {shown}; do not change the "
            "setting before the customer says that the new key is theirs"
        )


def _connect(
    source: SftpSource, addresses: list[Address], without: Iterable[str], remaining: Deadline
) -> Connection:
    """Connects until the server shows a host key, of no type in `without`.

    Raises `SourceUnreachable`.
    """
    deadlines = source.deadlines
    sock = source.endpoint.connect(addresses, deadlines.connect, remaining)
    transport: Transport | None = None
    seconds = deadlines.greeting + deadlines.handshake
    where = f"{source.host} port {source.port}"
    what = f"{where} does not answer as an SSH server does"
    look_at = "`host`, `port` and `protocol`"
    late = f"{what} within {seconds:g} seconds; check {look_at}"
    try:
        with (
            remaining.part(seconds, lambda: _close(sock, transport), late),
            translate_errors(what, look_at),
        ):
            transport = Transport(sock, frozenset(without))
            transport.banner_timeout = transport.handshake_timeout = seconds + _GRACE_S
            try:
                transport.start_client(timeout=seconds + _GRACE_S)
            except paramiko.ssh_exception.IncompatiblePeer as error:
                raise SourceUnreachable(f"{where} offers {transport.disagreement()}") from error
            return Connection(sock, transport, remaining)
    except BaseException:
        _close(sock, transport)
        raise


def _close(sock: socket.socket, transport: Transport | None) -> None:
    """Closes the socket and the transport. A transport that is not active leaves its socket open.

    The socket is shut down first. Otherwise the transport would wait until the server has read all
    data. `complete_handshake` stops the timer of a failed handshake, which would keep the process
    alive.
    """
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    with suppress(Exception):
        if transport:
            transport.close()
            transport.packetizer.complete_handshake()
    sock.close()
