"""Delivers a notification to a server, as the body of a POST request."""

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

_RETRY_STATUSES = (408, 425, 429)
"""The statuses 4xx that ask for another attempt. Every other 4xx says that the request is wrong."""
_NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL")
"""Reasons that versions of OpenSSL give for an answer that is not TLS."""


def post(notify: Notify, body: bytes) -> None:
    """Sends `body`, the JSON of a run, to the URL. Reads only the status of the answer.

    Raises `NotDelivered`.
    """
    assert notify.url is not None  # noqa: S101 - the channel `url` exists only with a URL
    url = _read(notify.url, "notify.url")
    if wrong := wrong_with(url):
        raise NotDelivered(f"the secret that `notify.url` names cannot be used: {wrong}")
    headers = {"Content-Type": "application/json", "User-Agent": "tenure"}
    if notify.authorization is not None:
        secret = _read(notify.authorization, "notify.authorization")
        headers["Authorization"] = _check_header(secret)
    host = host_of(url)
    try:
        status = _send(url, body, headers, notify.timeout)
    except HTTPError as error:
        error.close()
        status = error.code
    except (OSError, HTTPException, ValueError) as error:
        reason = error.reason if isinstance(error, URLError) else error
        raise _failure(host, reason, notify.timeout) from None
    if not 200 <= status < 300:
        transient = status >= 500 or status in _RETRY_STATUSES
        redirected = ", and redirects are not followed" if 300 <= status < 400 else ""
        raise NotDelivered(f"{host} answered {status}{redirected}", transient=transient)


def _failure(host: str, reason: object, timeout: float) -> NotDelivered:
    """Returns the error for a request without an answer.

    Quotes no text of a library that may contain the URL or a part of an answer.
    """
    match reason:
        case TimeoutError():
            return NotDelivered(f"{host} did not answer {in_time(timeout)}", transient=True)
        case ssl.SSLCertVerificationError():
            words = reason.verify_message.rstrip(".")
            return NotDelivered(f"the certificate that {host} shows is not trusted ({words})")
        case ssl.SSLError() if reason.reason in _NO_TLS:
            return NotDelivered(f"{host} does not speak TLS, which https:// asks for")
        case OSError():
            words = reason.strerror or type(reason).__name__
            return NotDelivered(f"{host} cannot be reached ({words})", transient=True)
        case _:
            words = type(reason).__name__
            transient = isinstance(reason, HTTPException)
            return NotDelivered(f"{host} cannot be reached ({words})", transient=transient)


def _read(value: str | Secret, setting: str) -> str:
    """Returns a value, or the text of the secret that stands in its place."""
    if isinstance(value, str):
        return value
    try:
        return value.read(setting)
    except SourceUnreachable as error:
        raise NotDelivered(error.problem) from None


def _check_header(value: str) -> str:
    """Returns the value of a header. Raises `NotDelivered` if it is not printable ASCII."""
    if not value.isascii() or not value.isprintable():
        raise NotDelivered(
            "the secret that `notify.authorization` names cannot be sent in a header: "
            "it is not printable ASCII text"
        )
    return value


class _Attempt:
    """The connections of one attempt, which the time limit of the attempt ends.

    A time limit for each read is not enough: a server that sends one byte a second meets it.
    """

    def __init__(self) -> None:
        self._connections: list[HTTPConnection] = []
        self.over = False

    def factory(self, kind: type[HTTPConnection]) -> Callable[..., HTTPConnection]:
        """Returns a function that makes connections of a kind and keeps them in this attempt."""

        def make(*args: Any, **named: Any) -> HTTPConnection:
            connection = kind(*args, **named)
            self._connections.append(connection)
            return connection

        return make

    def end(self) -> None:
        """Shuts all connections down, which ends every wait on them."""
        self.over = True
        for connection in self._connections:
            try:
                if connection.sock is not None:
                    connection.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # the connection is closed already


def _send(url: str, body: bytes, headers: dict[str, str], timeout: float) -> int:
    """Sends the request and returns the status of the answer.

    Raises `OSError`, `HTTPException` or `ValueError`; `TimeoutError` after `timeout` seconds.
    """
    attempt = _Attempt()
    timer = threading.Timer(timeout, attempt.end)
    timer.daemon = True
    timer.start()
    try:
        message = request.Request(url, data=body, headers=headers, method="POST")  # noqa: S310 - checked
        with _opener(attempt, url).open(message, timeout=timeout) as answer:
            return int(answer.status)
    except (OSError, HTTPException):
        if attempt.over:
            raise TimeoutError from None
        raise
    finally:
        timer.cancel()


def _opener(attempt: _Attempt, url: str) -> Any:
    """Returns an object that opens the URL and follows no redirect, which could lead anywhere.

    It uses the proxy that the environment names, but no proxy for http://, which is allowed for
    this machine only.
    """

    class Http(request.HTTPHandler):
        def http_open(self, req: request.Request) -> Any:
            return self.do_open(attempt.factory(HTTPConnection), req)

    class Https(request.HTTPSHandler):
        def https_open(self, req: request.Request) -> Any:
            return self.do_open(attempt.factory(HTTPSConnection), req)

    class NoRedirect(request.HTTPRedirectHandler):
        def redirect_request(self, *_: Any) -> None:
            return None

    proxies = request.ProxyHandler({} if url.lower().startswith("http:") else None)
    return request.build_opener(proxies, Http, Https, NoRedirect)
