"""SSH connections: connecting, the check of the host key, and the log-in, each with a time limit.

Sentences about failures name the setting to check. They are written here. They quote neither the
server nor the text of a library, which could contain a secret.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Generator, Sequence, Set
from contextlib import suppress
from functools import partial
from typing import NamedTuple, TypeAlias

import paramiko

from adapters.sources.deadline import Deadline, Timeouts
from adapters.sources.endpoint import Address
from adapters.sources.failures import UNWELL
from adapters.sources.retry import retry
from adapters.sources.sftp.algorithms import disagreement, family, use_safe_algorithms
from adapters.sources.sftp.auth import log_in
from adapters.sources.sftp.client import SftpClient, translate_errors
from adapters.sources.sftp.host import SshHost
from adapters.sources.sftp.keys import pinned_keys, pinning, require_pinned
from adapters.sources.sftp.paramiko_private import Transport
from adapters.sources.source import SourceUnreachable, Step

# The time limits of paramiko are longer by this than our own. Ours come first and give a reason.
_GRACE_S = 5.0
_ATTEMPTS = 2  # to connect again for another type of host key
_NOT_CONNECTED = 2  # the code of a server that could not connect to another one (RFC 4254)

# The logs of paramiko repeat its errors and quote the server, so they are dropped.
logging.getLogger("paramiko").addHandler(logging.NullHandler())
logging.getLogger("paramiko").propagate = False

Line: TypeAlias = socket.socket | paramiko.Channel
"""What an SSH connection runs over: a socket, or a channel of another SSH connection."""


class Route(NamedTuple):
    """How an SSH server is reached: at one of its addresses, or through another connection."""

    host: SshHost
    timeouts: Timeouts
    deadline: Deadline
    addresses: list[Address]
    through: Connection | None

    def dial(self) -> Line:
        """Returns a new line to the server. Raises `SourceUnreachable`."""
        if self.through:
            return self.through.forward(self.host)
        seconds = self.timeouts.connect
        sock = self.host.endpoint.connect(self.addresses, seconds, self.deadline)
        # Otherwise a small request waits until the server has confirmed the one before.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def connected(self, line: Line) -> Step:
        """Returns the step of a connection test that `dial` is."""
        if isinstance(line, socket.socket):
            return self.host.endpoint.connected(line)
        return Step("connected", f"{self.host.where}, through the jump host")

    def close(self, line: Line, transport: Transport | None) -> None:
        """Closes the way to the server first, because that ends every wait, and then the line."""
        if self.through:
            self.through.close()
        close_line(line, transport)


class Connection:
    """An encrypted connection. The server is not trusted until its key was checked."""

    def __init__(self, route: Route, line: Line, transport: Transport) -> None:
        self._route = route
        self._line = line
        self._transport = transport
        key = transport.get_remote_server_key()
        self.fingerprint = key.fingerprint
        self.key_type = key.get_name()
        self.connected = route.connected(line)

    def close(self) -> None:
        """Closes the connection, in any state, and the one that it runs over."""
        self._route.close(self._line, self._transport)

    def leave(self) -> None:
        """Closes the connection, but not the one that it runs over."""
        close_line(self._line, self._transport)

    def log_in(self) -> None:
        """Logs in with the configured secrets. Raises `SourceUnreachable`."""
        host, seconds = self._route.host, self._route.timeouts.log_in
        late = (
            f"{host.name} did not answer the log-in within {seconds:g} seconds; check "
            f"{host.settings('username')}, and {UNWELL}"
        )
        self._transport.auth_timeout = seconds + _GRACE_S
        with self._route.deadline.part(seconds, self.close, late):
            refusal = log_in(self._transport, host)
            if refusal:
                raise refusal

    def open_sftp(self) -> SftpClient:
        """Starts SFTP. Raises `SourceUnreachable`."""
        host, timeouts, deadline, *_ = self._route
        seconds = timeouts.session
        what = f"{host.name} gives {host.username} no SFTP session"
        late = f"{what} within {seconds:g} seconds; check what `username` may use"
        with deadline.part(seconds, self.close, late), translate_errors(what, "`username`"):
            channel = self._transport.open_session(timeout=seconds + _GRACE_S)
            channel.settimeout(timeouts.silence)
            channel.invoke_subsystem("sftp")
            client = SftpClient(channel, timeouts.silence)
            client.start()
        return client

    def forward(self, target: SshHost) -> paramiko.Channel:
        """Returns a channel through this server to another one. Raises `SourceUnreachable`."""
        host, timeouts, deadline, *_ = self._route
        seconds, look_at = timeouts.connect, target.settings("host", "port")
        what = f"{host.name} opens no connection to {target.where}"
        late = f"{what} within {seconds:g} seconds; check {look_at}"
        address = (target.endpoint.host, target.endpoint.port)
        ours = ("127.0.0.1", 0)  # which the server does not need
        with deadline.part(seconds, self.close, late), translate_errors(what, look_at):
            try:
                return self._transport.open_channel(
                    "direct-tcpip", address, ours, timeout=seconds + _GRACE_S
                )
            except paramiko.ChannelException as error:
                if error.code != _NOT_CONNECTED:
                    hint = f"check {look_at}, and ask the customer to let {host.username} forward"
                    raise SourceUnreachable(f"{what} (it is not allowed); {hint}") from error
                words = f"{target.where} cannot be reached from {host.name}; check {look_at}"
                raise SourceUnreachable(words, transient=True) from error


def connect(
    hosts: Sequence[SshHost],
    timeouts: Timeouts,
    deadline: Deadline,
    through: Connection | None = None,
) -> Generator[Step | Connection]:
    """Connects to the last host, through the others, and logs in to each.

    Yields each step, and at the end the connection to the last host. To close the generator closes
    the connections. Raises `SourceUnreachable` at the first step that fails.
    """
    host, *others = hosts
    label = host.prefix.replace(".", " ")  # "jump "
    addresses: list[Address] = []
    if through is None:
        addresses = host.endpoint.resolve()
        yield _labelled(label, host.endpoint.resolved(addresses))
    pinned = pinned_keys(host)
    connection = _connect_pinned(Route(host, timeouts, deadline, addresses, through), pinned)
    try:
        yield _labelled(label, connection.connected)
        shown = connection.fingerprint
        key = f"{shown} ({connection.key_type})"
        yield Step(f"{label}host key", key + pinning(host, shown, pinned))
        require_pinned(host, shown, pinned)
        connection.log_in()
        yield Step(f"{label}logged in", f"as {host.username}")
        if others:
            yield from connect(others, timeouts, deadline, connection)
        else:
            yield connection
    finally:
        connection.close()


def _labelled(label: str, step: Step) -> Step:
    return Step(f"{label}{step.what}", step.detail)


def _connect_pinned(route: Route, pinned: Set[str]) -> Connection:
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
    first = connection = _connect_once(route, frozenset())
    seen: frozenset[str] = frozenset()
    while pinned and connection.fingerprint not in pinned:
        late = f"{route.host.where} does not end a connection; {UNWELL}"
        with route.deadline.part(route.timeouts.connect, connection.close, late):
            connection.leave()
        if family(connection.key_type) in seen:
            return first
        seen |= {family(connection.key_type)}
        try:
            connection = retry(partial(_connect_once, route, seen), _ATTEMPTS, route.deadline)
        except SourceUnreachable as error:
            if error.transient:
                raise
            return first
    return connection


def _connect_once(route: Route, without: Set[str]) -> Connection:
    """Connects until the server shows a host key, of no family in `without`.

    Raises `SourceUnreachable`.
    """
    host = route.host
    line = route.dial()
    transport: Transport | None = None
    seconds = route.timeouts.greeting + route.timeouts.handshake
    what = f"{host.where} does not answer as an SSH server does"
    names = ("host", "port") if host.prefix else ("host", "port", "protocol")
    look_at = host.settings(*names)
    late = f"{what} within {seconds:g} seconds; check {look_at}"
    try:
        with (
            route.deadline.part(seconds, lambda: route.close(line, transport), late),
            translate_errors(what, look_at),
        ):
            transport = Transport(line)
            use_safe_algorithms(transport, without)
            transport.banner_timeout = transport.handshake_timeout = seconds + _GRACE_S
            try:
                transport.start_client(timeout=seconds + _GRACE_S)
            except paramiko.ssh_exception.IncompatiblePeer as error:
                raise SourceUnreachable(f"{host.where} offers {disagreement(transport)}") from error
            return Connection(route, line, transport)
    except BaseException:
        close_line(line, transport)
        raise


def close_line(line: Line, transport: Transport | None) -> None:
    """Closes the line and the transport. A transport that is not active leaves its line open.

    The line is shut down first. Otherwise the transport would wait until the server has read all
    data.
    """
    with suppress(Exception):
        line.shutdown(socket.SHUT_RDWR)
    with suppress(Exception):
        if transport:
            transport.end()
    with suppress(Exception):
        line.close()
