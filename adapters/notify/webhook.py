"""A notification as a server gets it: the body of a POST request."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib import request
from urllib.error import HTTPError, URLError

from adapters.notify.configured import Notify, host_of, wrong_with
from adapters.notify.failure import NotDelivered, in_time
from adapters.secret import Secret
from adapters.sources.source import SourceUnreachable

_LATER = (408, 425, 429)
"""Answers that ask for another attempt, among those that say that the request is wrong."""
_NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL")
"""What releases of OpenSSL say of an answer that is no TLS."""


def post(notify: Notify, body: bytes) -> None:
    """Sends the JSON to the URL. Only the status of the answer is read. Raises `NotDelivered`."""
    assert notify.url is not None  # noqa: S101 - whoever calls has looked
    url = _read(notify.url, "notify.url")
    if wrong := wrong_with(url):
        raise NotDelivered(f"the secret that `notify.url` names is of no use: {wrong}")
    headers = {"Content-Type": "application/json", "User-Agent": "tenure"}
    if notify.authorization is not None:
        headers["Authorization"] = _header(_read(notify.authorization, "notify.authorization"))
    host = host_of(url)
    try:
        status = _status(url, body, headers, notify.timeout)
    except HTTPError as error:
        error.close()
        status = error.code
    except (OSError, HTTPException, ValueError) as error:
        reason = error.reason if isinstance(error, URLError) else error
        raise _trouble(host, reason, notify.timeout) from None
    if not 200 <= status < 300:
        transient = status >= 500 or status in _LATER
        redirected = ", and redirects are not followed" if 300 <= status < 400 else ""
        raise NotDelivered(f"{host} answered {status}{redirected}", transient=transient)


def _trouble(host: str, reason: object, timeout: float) -> NotDelivered:
    """Why nothing was answered. A text that may quote an answer, or the URL, is not repeated."""
    match reason:
        case TimeoutError():
            return NotDelivered(f"{host} did not answer {in_time(timeout)}", transient=True)
        case ssl.SSLCertVerificationError():
            why = reason.verify_message.rstrip(".")
            return NotDelivered(f"the certificate that {host} shows is not trusted ({why})")
        case ssl.SSLError() if reason.reason in _NO_TLS:
            return NotDelivered(f"{host} does not speak TLS, which https:// asks for")
        case OSError():
            why = reason.strerror or type(reason).__name__
            return NotDelivered(f"{host} cannot be reached ({why})", transient=True)
        case _:
            why = type(reason).__name__
            transient = isinstance(reason, HTTPException)
            return NotDelivered(f"{host} cannot be reached ({why})", transient=transient)


def _read(value: str | Secret, setting: str) -> str:
    if isinstance(value, str):
        return value
    try:
        return value.read(setting)
    except SourceUnreachable as error:
        raise NotDelivered(error.problem) from None


def _header(value: str) -> str:
    if not value.isascii() or not value.isprintable():
        problem = "the secret that `notify.authorization` names is no text for a header"
        raise NotDelivered(problem)
    return value


class _Line:
    """The connections of one attempt, which end with it: a limit for every single answer would not
    do, for who sends a byte a second is never silent."""

    def __init__(self) -> None:
        self._made: list[HTTPConnection] = []
        self.over = False

    def make(self, kind: type[HTTPConnection]) -> Callable[..., HTTPConnection]:
        """Makes connections of a kind, and remembers them."""

        def make(*args: Any, **named: Any) -> HTTPConnection:
            self._made.append(kind(*args, **named))
            return self._made[-1]

        return make

    def end(self) -> None:
        """Ends every wait on them."""
        self.over = True
        for connection in self._made:
            try:
                if connection.sock is not None:
                    connection.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # it is closed already


def _status(url: str, body: bytes, headers: dict[str, str], timeout: float) -> int:
    """What the server answers: a number. Raises `OSError`, `HTTPException`, `ValueError`."""
    line = _Line()
    timer = threading.Timer(timeout, line.end)
    timer.daemon = True
    timer.start()
    try:
        asked = request.Request(url, data=body, headers=headers, method="POST")  # noqa: S310 - checked
        with _opener(line, url).open(asked, timeout=timeout) as answer:
            return int(answer.status)
    except (OSError, HTTPException):
        if line.over:
            raise TimeoutError from None
        raise
    finally:
        timer.cancel()


def _opener(line: _Line, url: str) -> Any:
    """What opens a URL: through the proxy that the environment names, unless it is this machine's,
    and without following a redirect, which could lead anywhere."""

    class Http(request.HTTPHandler):
        def http_open(self, req: request.Request) -> Any:
            return self.do_open(line.make(HTTPConnection), req)

    class Https(request.HTTPSHandler):
        def https_open(self, req: request.Request) -> Any:
            return self.do_open(line.make(HTTPSConnection), req)

    class Stay(request.HTTPRedirectHandler):
        def redirect_request(self, *_: Any) -> None:
            return None

    proxies = request.ProxyHandler({} if url.lower().startswith("http:") else None)
    return request.build_opener(proxies, Http, Https, Stay)
