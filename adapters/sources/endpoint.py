"""Finds the addresses of a server and connects to it, from the configured local address."""

from __future__ import annotations

import errno
import ipaddress
import os
import re
import socket
import time
from typing import NamedTuple, TypeAlias

from adapters.secrets import Secret
from adapters.sources.deadline import Deadline
from adapters.sources.source import SourceUnreachable, Step

Address: TypeAlias = str

_MAX_ADDRESSES = 4  # a name may have many
# Every other failure, such as a name server without an answer, is transient.
_PERMANENT_LOOKUP_ERRORS = (socket.EAI_NONAME, socket.EAI_FAIL)
# Errors about our own address, `bind`: another attempt would fail too.
_LOCAL_ERRORS = (errno.EADDRNOTAVAIL, errno.EINVAL, errno.EACCES)
_KEEP_ALIVE_S = 60  # some routers drop a connection that is idle for a few minutes
# A name or an address that a proxy can be asked for: files.acme.example, 10.0.0.4, fe80::1%eth0
_HOST = re.compile(r"[A-Za-z0-9._:%-]{1,253}")


class Endpoint(NamedTuple):
    """The host and port of a server, and how to connect to it.

    `bind` is the local address to connect from. `proxy` is the URL of a proxy, or the secret that
    has the URL. Both are `None` if they do not matter. `settings` are the names of the settings
    that have host and port, for messages.
    """

    host: str
    port: int
    bind: str | None = None
    proxy: str | Secret | None = None
    settings: tuple[str, ...] = ("host", "port")

    @property
    def where(self) -> str:
        """The host and the port, in words."""
        return f"{self.host} port {self.port}"

    def resolve(self) -> list[Address]:
        """Returns the addresses of the host, of the same IP version as `bind` if that is set.

        Returns the host itself with a proxy, which alone knows the addresses. Raises
        `SourceUnreachable`. The time limit is the one of the system (`resolv.conf`).
        """
        try:
            return [self._ascii_host()] if self.proxy else self._look_up()
        except (socket.gaierror, UnicodeError) as error:
            number = getattr(error, "errno", socket.EAI_NONAME)
            settings = names_of(self.settings[0], *self._local)
            raise SourceUnreachable(
                f"the name {self.host} has no known address; check {settings}",
                transient=number not in _PERMANENT_LOOKUP_ERRORS,
            ) from error

    def connect(
        self, addresses: list[Address], seconds: float, deadline: Deadline
    ) -> socket.socket:
        """Returns a connection to the first address that accepts one, through the proxy if any.

        All attempts together get `seconds`, or the rest of the pick-up if that is shorter. Raises
        `SourceUnreachable`.
        """
        if not self.proxy:
            return self._dial(addresses, seconds, deadline)
        from adapters.sources.proxy import Target, read_proxy

        end = time.monotonic() + seconds
        proxy = read_proxy(self.proxy)
        entrance = Endpoint(proxy.host, proxy.port, self.bind, settings=("proxy",))
        target = Target(addresses[0], self.port, names_of(*self.settings, "proxy"))
        sock = entrance.connect(entrance.resolve(), seconds, deadline)
        try:
            proxy.open_tunnel(sock, target, end - time.monotonic(), deadline)
        except BaseException:
            sock.close()
            raise
        return sock

    def peer(self, sock: socket.socket) -> Address:
        """Returns the address to which a connection leads: the host itself with a proxy."""
        return self._ascii_host() if self.proxy else str(sock.getpeername()[0])

    def resolved(self, addresses: list[Address]) -> Step:
        """Returns the step of a connection test that `resolve` is."""
        words = f"the proxy resolves {self.host}"
        return Step(
            "resolved", words if self.proxy else f"{self.host} is {' and '.join(addresses)}"
        )

    def connected(self, sock: socket.socket) -> Step:
        """Returns the step of a connection test that `connect` is."""
        through = ", through the proxy" if self.proxy else ""
        return Step("connected", f"{self.peer(sock)} port {self.port}{through}")

    def _ascii_host(self) -> str:
        """Returns the host in the form for a proxy. Raises `UnicodeError`."""
        host = self.host.encode("idna").decode()
        if not _HOST.fullmatch(host):
            raise UnicodeError
        return host

    def _look_up(self) -> list[Address]:
        """Returns the addresses of the host. Raises `gaierror` or `UnicodeError`."""
        family = socket.AF_UNSPEC
        if self.bind:
            is_4 = ipaddress.ip_address(self.bind).version == 4
            family = socket.AF_INET if is_4 else socket.AF_INET6
        infos = socket.getaddrinfo(self.host, self.port, family, socket.SOCK_STREAM)
        return list(dict.fromkeys(str(address[0]) for *_, address in infos))

    def _dial(self, addresses: list[Address], seconds: float, deadline: Deadline) -> socket.socket:
        """Does what `connect` does, without a proxy."""
        candidates = addresses[:_MAX_ADDRESSES]
        left = deadline.left()
        end = time.monotonic() + min(seconds, left)
        last_error: OSError = TimeoutError()
        for number, address in enumerate(candidates):
            share = (end - time.monotonic()) / (len(candidates) - number)
            try:
                local = (self.bind, 0) if self.bind else None
                sock = socket.create_connection((address, self.port), max(share, 0.01), local)
                _keep_alive(sock)
                sock.settimeout(seconds)  # a proxy gets more than the share of its address
                return sock
            except OSError as error:
                last_error = error
        if left < seconds and isinstance(last_error, TimeoutError):
            raise SourceUnreachable(deadline.problem, transient=True)
        raise self._unreachable(last_error, seconds)

    def _unreachable(self, error: OSError, seconds: float) -> SourceUnreachable:
        if self.bind and error.errno == errno.EADDRNOTAVAIL:
            return SourceUnreachable(f"{self.bind} is not an address of this machine; check `bind`")
        is_proxy = self.settings == ("proxy",)
        where = f"the proxy {self.where}" if is_proxy else self.where
        if isinstance(error, TimeoutError):
            who = "the operator of the proxy" if is_proxy else "the customer"
            return SourceUnreachable(
                f"{where} does not answer within {seconds:g} seconds; check "
                f"{names_of(*self.settings)}, and whether {who} has allowed our address",
                transient=True,
            )
        words = os.strerror(error.errno) if error.errno else type(error).__name__
        return SourceUnreachable(
            f"{where} cannot be reached ({words}); check {names_of(*self.settings, *self._local)}",
            transient=error.errno not in _LOCAL_ERRORS,
        )

    @property
    def _local(self) -> tuple[str, ...]:
        """The setting for the local address, if it is set."""
        return ("bind",) if self.bind else ()


def names_of(*settings: str) -> str:
    """Returns the names of settings in words: "`host`, `port` and `bind`"."""
    *others, last = [f"`{name}`" for name in settings]
    return f"{', '.join(others)} and {last}" if others else last


def _keep_alive(sock: socket.socket) -> None:
    """Sends probes on an idle connection, so that routers keep it open.

    The command connection of FTP is idle while another connection transfers data.
    """
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _KEEP_ALIVE_S)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _KEEP_ALIVE_S)
