"""From a server's name to a connection, from the right local address."""

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

_TRIED = 4  # of the addresses behind a name
_LASTING = (socket.EAI_NONAME, socket.EAI_FAIL)  # a name server that does not answer may pass
_OURS = (errno.EADDRNOTAVAIL, errno.EINVAL, errno.EACCES)  # it is our own address
_IDLE = 60  # seconds, after which a router may forget a connection on which nothing is said


class Endpoint(NamedTuple):
    """Where a server listens, and which address of ours it is called from, if that matters."""

    host: str
    port: int
    bind: str | None = None

    def resolve(self) -> list[Address]:
        """The addresses behind the name, of the kind that can be called from `bind`.

        Raises `SourceUnreachable`. How long a name server may take is the system's to say
        (`resolv.conf`).
        """
        family = socket.AF_UNSPEC
        if self.bind:
            is_4 = ipaddress.ip_address(self.bind).version == 4
            family = socket.AF_INET if is_4 else socket.AF_INET6
        try:
            found = socket.getaddrinfo(self.host, self.port, family, socket.SOCK_STREAM)
        except (socket.gaierror, UnicodeError) as error:
            also = " and `bind`" if self.bind else ""
            raise SourceUnreachable(
                f"the name {self.host} leads to no address; check `host`{also}",
                transient=getattr(error, "errno", socket.EAI_NONAME) not in _LASTING,
            ) from error
        return list(dict.fromkeys(str(address[0]) for *_, address in found))

    def connect(
        self, addresses: list[Address], seconds: float, remaining: Deadline
    ) -> socket.socket:
        """A connection to the first address that takes one, within `seconds` for all of them and
        what is left of the pick-up.

        Raises `SourceUnreachable`.
        """
        tried = addresses[:_TRIED]
        left = remaining.left()
        end = time.monotonic() + min(seconds, left)
        trouble: OSError = TimeoutError()
        for number, address in enumerate(tried):
            share = (end - time.monotonic()) / (len(tried) - number)
            try:
                local = (self.bind, 0) if self.bind else None
                sock = socket.create_connection((address, self.port), max(share, 0.01), local)
                _keep_alive(sock)
                return sock
            except OSError as error:
                trouble = error
        if left < seconds and isinstance(trouble, TimeoutError):
            raise SourceUnreachable(remaining.problem, transient=True)
        raise self._unreachable(trouble, seconds)

    def _unreachable(self, error: OSError, seconds: float) -> SourceUnreachable:
        if self.bind and error.errno == errno.EADDRNOTAVAIL:
            return SourceUnreachable(f"{self.bind} is no address of this machine; check `bind`")
        where = f"{self.host} port {self.port}"
        if isinstance(error, TimeoutError):
            return SourceUnreachable(
                f"{where} does not answer within {seconds:g} seconds; check `host` and `port`, and "
                "whether the customer has allowed our address",
                transient=True,
            )
        also = ", `port` and `bind`" if self.bind else " and `port`"
        why = os.strerror(error.errno) if error.errno else type(error).__name__
        return SourceUnreachable(
            f"{where} cannot be reached ({why}); check `host`{also}",
            transient=error.errno not in _OURS,
        )


def _keep_alive(sock: socket.socket) -> None:
    """Has no router on the way forget a connection while another one carries the data."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _IDLE)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _IDLE)
