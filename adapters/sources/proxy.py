"""A proxy: a host that connects to a server on our behalf."""

from __future__ import annotations

import re
import socket
from typing import NamedTuple, cast
from urllib.parse import unquote

from adapters.secrets import Secret
from adapters.sources.deadline import Deadline
from adapters.sources.failures import read_secret
from adapters.sources.source import SourceUnreachable
from adapters.watchdog import hang_up
from domain.privacy import Redacted

# socks5://tenure:p%40ssword@proxy.acme.example:1080, http://[fe80::1]:3128/
_URL = re.compile(
    r"(?P<scheme>socks5h?|socks4|http)://"
    r"(?:(?P<username>[^\s:@/?#]+):(?P<password>[^\s:@/?#]+)@)?"
    r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<host>[A-Za-z0-9._-]+)):(?P<port>[0-9]{1,5})/?"
)
_EXPECTED = 'expected a URL like "socks5://host:1080" or "http://host:3128"'
_MAX_HEADER_BYTES = 16 * 1024  # of the reply of an HTTP proxy, which may be endless
# Codes of replies: 2, 7 and 8 are of SOCKS 5, 92 and 93 of SOCKS 4, and 4xx of HTTP.
_LOG_IN_CODES = {92, 93, 401, 407}
_REFUSAL_CODES = {2, 7, 8, *range(400, 500)} - {408, 429}  # those two mean "later"


class Target(NamedTuple):
    """The server to which a proxy connects, and the settings to check, in words."""

    host: str
    port: int
    settings: str


class Proxy(Redacted, frozen=True):
    """The parts of a proxy's URL. Without a log-in, `username` and `password` are empty.

    An object exists only while a connection is made, because it has the text of a secret.
    """

    scheme: str
    host: str
    port: int
    username: str = ""
    password: str = ""

    def open_tunnel(
        self, sock: socket.socket, target: Target, seconds: float, deadline: Deadline
    ) -> None:
        """Asks the proxy, over a connection to it, to connect to `target` within `seconds`.

        Then the connection leads to `target`. Raises `SourceUnreachable`.
        """
        late = self._lost("does not connect in time", target).problem
        with deadline.part(seconds, lambda: hang_up(sock), late):
            if failure := self._ask(sock, target):
                raise failure

    def _ask(self, sock: socket.socket, target: Target) -> SourceUnreachable | None:
        """Returns the failure of a request, or `None` if the connection leads to `target` now.

        Does not raise the failure, because its context would be an error that quotes the proxy.
        """
        from python_socks import ProxyError, ProxyType
        from python_socks.sync import Proxy as Client

        is_http = self.scheme == "http"

        class Connected(Client):
            """Makes python-socks use the connection that is there instead of its own."""

            def connect(self, *_: object, **__: object) -> socket.socket:
                return cast(socket.socket, _Stream(sock, is_http=is_http))

        at = (ProxyType[self.scheme.removesuffix("h").upper()], self.host, self.port)
        # `rdns` lets the proxy resolve the name, whatever its protocol is.
        client = Client(*at, self.username, self.password, rdns=True, forward=Connected(*at))
        try:
            client.connect(target.host, target.port)
        except ProxyError as error:
            # A log-in that SOCKS 5 refuses has no code: only the text of the library tells it.
            refused = 407 if "authentication" in str(error) else None
            return self._failure(error.error_code or refused, target)
        except OSError:
            return self._lost("broke off the connection", target)
        except ValueError:  # a part of the reply is no text
            return self._failure(None, target)
        return None

    def _failure(self, code: int | None, target: Target) -> SourceUnreachable:
        """Returns the failure for the code of a reply, which is `None` for a malformed reply."""
        if code is None:
            words = f"does not answer as a proxy for {self.scheme} does; check `proxy`"
        elif code in _LOG_IN_CODES:
            words = "refuses our log-in; check the user name and the password in `proxy`"
        elif code in _REFUSAL_CODES:
            words = (
                f"refuses to connect to {target.host} port {target.port}; check `proxy`, and ask "
                "the operator of the proxy to allow this connection"
            )
        else:
            return self._lost("cannot connect", target)
        return SourceUnreachable(f"the proxy {self.host} port {self.port} {words}")

    def _lost(self, what: str, target: Target) -> SourceUnreachable:
        """Returns the failure after which another attempt may succeed."""
        return SourceUnreachable(
            f"the proxy {self.host} port {self.port} {what} to {target.host} port {target.port}; "
            f"check {target.settings}, and whether the customer has allowed the address of the "
            "proxy",
            transient=True,
        )


class _Stream:
    """The connection to a proxy, as python-socks uses it."""

    def __init__(self, sock: socket.socket, *, is_http: bool) -> None:
        self._sock = sock
        self._is_http = is_http
        self.sendall = sock.sendall
        self.close = sock.close

    def recv(self, size: int) -> bytes:
        """Returns at most `size` bytes; of an HTTP proxy, the whole header. Raises `OSError`.

        python-socks receives once from an HTTP proxy. That may be half of the header, or the header
        with the greeting that the server behind the proxy sent.
        """
        if not self._is_http:
            return self._receive(size)
        header = bytearray()
        while not header.endswith((b"\n\r\n", b"\n\n")):
            if len(header) == _MAX_HEADER_BYTES:
                return b""  # a malformed reply
            header += self._receive(1)
        return bytes(header)

    def _receive(self, size: int) -> bytes:
        if data := self._sock.recv(size):
            return data
        raise ConnectionResetError


def read_proxy(setting: str | Secret) -> Proxy:
    """Returns the proxy that the setting `proxy` names. Raises `SourceUnreachable`."""
    url = setting if isinstance(setting, str) else read_secret(setting, "proxy")
    if proxy := _parse(url):
        return proxy
    raise SourceUnreachable(
        f"the secret that `proxy` names cannot be used: {_EXPECTED}; write special characters of a "
        "password in the form %40"
    )


def wrong_with_proxy(url: str) -> str | None:
    """Returns what is expected of a URL in the configuration, or `None` if the URL is right.

    Does not quote the URL, which may have a password.
    """
    proxy = _parse(url)
    if proxy and proxy.username:
        return (
            f"{_EXPECTED}, without a user name and a password; keep a URL that has them in a "
            'secret: proxy = { env = "NAME" }'
        )
    return None if proxy else _EXPECTED


def _parse(url: str) -> Proxy | None:
    """Returns the parts of a URL, or `None` if the URL is not one of a proxy."""
    match = _URL.fullmatch(url)
    if not match:
        return None
    scheme, host, port = match["scheme"], match["ipv6"] or match["host"], int(match["port"])
    log_in = [unquote(match[part] or "") for part in ("username", "password")]
    # HTTP sends `user:password`. SOCKS sends the length of each in one byte.
    if not 0 < port < 2**16 or (scheme == "http" and ":" in log_in[0]):
        return None
    if not all(text.isascii() and text.isprintable() and len(text) < 256 for text in log_in):
        return None
    return Proxy(scheme, host, port, *log_in)
