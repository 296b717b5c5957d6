"""Sends HTTP requests to the servers that the configuration names.

urllib3 is slow to import. So functions import this module when they need it.
"""

from __future__ import annotations

import logging
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager, ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.util import make_headers

from adapters.watchdog import Overdue, hang_up, watchdog

_NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL")
"""Reasons that versions of OpenSSL give for an answer that is not TLS."""

# The warnings of urllib3 quote the URL, which may be a secret.
logging.getLogger("urllib3").setLevel(logging.CRITICAL)


class RequestFailed(Exception):
    """A request has no answer.

    `problem` says why. It contains the host and nothing else of the URL, and nothing from an
    answer. `transient` is true if another attempt may succeed in a minute.
    """

    def __init__(self, problem: str, *, transient: bool = False) -> None:
        super().__init__(problem)
        self.problem = problem
        self.transient = transient


def host_of(url: str) -> str:
    """Returns the host of a URL. The other parts may be secret and are in no message."""
    return urlsplit(url).hostname or ""


def post(url: str, body: bytes, headers: dict[str, str], seconds: float) -> int:
    """Sends a request and returns the status of the answer, without reading the answer's body.

    Follows no redirect, which could lead anywhere. Uses the proxy that the environment names, but
    no proxy for http://, which is allowed for this machine only. Raises `RequestFailed`, and
    `TimeoutError` after `seconds`. A name server may take longer: its limit is the system's.
    """
    limit, proxy = _TimeLimit(seconds), _proxy_for(url)
    try:
        with watchdog(seconds, limit.end), _manager(limit, proxy) as manager:
            answer = manager.request(
                "POST",
                url,
                body=body,
                headers=headers,
                timeout=seconds,
                retries=False,
                redirect=False,
                preload_content=False,
            )
            answer.close()
            return answer.status
    except Overdue:
        failure: Exception = TimeoutError()
    except (HTTPError, OSError, ValueError) as error:
        failure = _failure(host_of(url), _cause_of(error), proxied=bool(proxy))
    # Not raised by a handler: the error that it handles may quote the URL.
    raise failure


class _TimeLimit:
    """The time limit of one request, and the connections that it ends."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._connections: list[HTTPConnection] = []

    @contextmanager
    def connecting(self, connection: HTTPConnection) -> Iterator[None]:
        """Gives each address of the host an equal share of the time, while the block connects.

        urllib3 would give the whole time to every address. Raises `TimeoutError`, also if the time
        is over at the end of the block: `end` ends no connection that did not exist yet.
        """
        self._connections.append(connection)
        host = connection.host.strip("[]")  # the host of a proxy may be written as [::1]
        addresses = socket.getaddrinfo(host, connection.port, type=socket.SOCK_STREAM)
        connection.timeout = self._left() / len(addresses)
        yield
        self._left()

    def end(self) -> None:
        """Ends every wait on the connections."""
        for connection in self._connections:
            if connection.sock is not None:
                hang_up(connection.sock)

    def _left(self) -> float:
        """Returns the seconds that are left. Raises `TimeoutError` if there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


def _manager(limit: _TimeLimit, proxy: str) -> PoolManager:
    """Returns the part of urllib3 that connects. Its connections keep the time limit."""

    class Http(HTTPConnection):
        def connect(self) -> None:
            with limit.connecting(self):
                super().connect()

    class Https(Http, HTTPSConnection):  # `super()` is HTTPSConnection then
        pass

    class HttpPool(HTTPConnectionPool):
        ConnectionCls = Http

    class HttpsPool(HTTPSConnectionPool):
        ConnectionCls = Https

    trusted = ssl.create_default_context()  # trusts the certificates that the system trusts
    manager = PoolManager(ssl_context=trusted)
    if proxy:
        parts = urlsplit(proxy)
        log_in = ":".join(unquote(part or "") for part in (parts.username, parts.password))
        log_in_header = make_headers(proxy_basic_auth=log_in if parts.username else None)
        manager = ProxyManager(proxy, proxy_headers=log_in_header, ssl_context=trusted)
    manager.pool_classes_by_scheme = {"http": HttpPool, "https": HttpsPool}
    return manager


def _proxy_for(url: str) -> str:
    """Returns the URL of the proxy that the environment names, or `""` if there is none."""
    parts = urlsplit(url)
    proxy = getproxies().get("https", "")
    if parts.scheme != "https" or not proxy or proxy_bypass(parts.netloc):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


def _cause_of(error: BaseException) -> BaseException:
    """Returns the error of the system or of Python for which an error of urllib3 stands."""
    parts = (error.__cause__, *error.args) if isinstance(error, HTTPError) else ()
    inner = next((part for part in parts if isinstance(part, BaseException)), None)
    return _cause_of(inner) if inner else error


def _failure(host: str, cause: BaseException, *, proxied: bool) -> Exception:
    """Returns the error for a request without an answer.

    Quotes no text of a library that may contain the URL or a part of an answer.
    """
    match cause:
        case TimeoutError():
            return TimeoutError()
        case ssl.SSLCertVerificationError():
            words = cause.verify_message.rstrip(".")
            return RequestFailed(f"the certificate that {host} shows is not trusted ({words})")
        case ssl.SSLError() if cause.reason in _NO_TLS:
            return RequestFailed(f"{host} does not speak TLS, which https:// asks for")
    words = getattr(cause, "strerror", None) or type(cause).__name__
    through = " through the proxy that https_proxy names" if proxied else ""
    return RequestFailed(
        f"{host} cannot be reached{through} ({words})",
        transient=not isinstance(cause, ValueError),
    )
