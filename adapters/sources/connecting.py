"""Finds the addresses of a server and connects to it, from the configured local address."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import time
from typing import NamedTuple, TypeAlias

from adapters.sources.deadlines import Deadline
from adapters.sources.source import SourceUnreachable

Address: TypeAlias = str

_MAX_ADDRESSES = 4  # a name may have many
# Every other failure, such as a name server without an answer, is transient.
_PERMANENT_LOOKUP_ERRORS = (socket.EAI_NONAME, socket.EAI_FAIL)
# Errors about our own address, `bind`: another attempt would fail too.
_LOCAL_ERRORS = (errno.EADDRNOTAVAIL, errno.EINVAL, errno.EACCES)
_KEEP_ALIVE_S = 60  # some routers drop a connection that is idle for a few minutes


class Endpoint(NamedTuple):
    """The host and port of a server, and the local address to connect from, if it matters."""

    host: str
    port: int
    bind: str | None = None

    def resolve(self) -> list[Address]:
        """Returns the addresses of the host, of the same IP version as `bind` if that is set.

        Raises `SourceUnreachable`. The time limit is the one of the system (`resolv.conf`).
        """
        family = socket.AF_UNSPEC
        if self.bind:
            is_4 = ipaddress.ip_address(self.bind).version == 4
            family = socket.AF_INET if is_4 else socket.AF_INET6
        try:
            infos = socket.getaddrinfo(self.host, self.port, family, socket.SOCK_STREAM)
        except (socket.gaierror, UnicodeError) as error:
            also = " and `bind`" if self.bind else ""
            raise SourceUnreachable(
                f"the name {self.host} has no known address; check `host`{also}",
                transient=getattr(error, "errno", socket.EAI_NONAME)
                not in _PERMANENT_LOOKUP_ERRORS,
            ) from error
        return list(dict.fromkeys(str(address[0]) for *_, address in infos))

    def connect(
        self, addresses: list[Address], seconds: float, remaining: Deadline
    ) -> socket.socket:
        """Returns a connection to the first address that accepts one.

        All addresses together get `seconds`, or the rest of the pick-up if that is shorter. Raises
        `SourceUnreachable`.
        """
        candidates = addresses[:_MAX_ADDRESSES]
        left = remaining.left()
        end = time.monotonic() + min(seconds, left)
        last_error: OSError = TimeoutError()
        for number, address in enumerate(candidates):
            share = (end - time.monotonic()) / (len(candidates) - number)
            try:
                local = (self.bind, 0) if self.bind else None
                sock = socket.create_connection((address, self.port), max(share, 0.01), local)
                _keep_alive(sock)
                return sock
            except OSError as error:
                last_error = error
        if left < seconds and isinstance(last_error, TimeoutError):
            raise SourceUnreachable(remaining.problem, transient=True)
        raise self._unreachable(last_error, seconds)

    def _unreachable(self, error: OSError, seconds: float) -> SourceUnreachable:
        if self.bind and error.errno == errno.EADDRNOTAVAIL:
            return SourceUnreachable(f"{self.bind} is not an address of this machine; check `bind`")
        where = f"{self.host} port {self.port}"
        if isinstance(error, TimeoutError):
            return SourceUnreachable(
                f"{where} does not answer within {seconds:g} seconds; check `host` and `port`, and "
                "whether the customer has allowed our address",
                transient=True,
            )
        also = ", `port` and `bind`" if self.bind else " and `port`"
        words = os.strerror(error.errno) if error.errno else type(error).__name__
        return SourceUnreachable(
            f"{where} cannot be reached ({words}); check `host`{also}",
            transient=error.errno not in _LOCAL_ERRORS,
        )


def _keep_alive(sock: socket.socket) -> None:
    """Sends probes on an idle connection, so that routers keep it open.

    The command connection of FTP is idle while another connection transfers data.
    """
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _KEEP_ALIVE_S)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _KEEP_ALIVE_S)
