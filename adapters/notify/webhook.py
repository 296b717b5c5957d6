"""Delivers a notification to a server, as the body of a POST request."""

from __future__ import annotations

from adapters import http_client
from adapters.notify.failure import NotDelivered, in_time
from adapters.notify_settings import Notify, wrong_with
from adapters.secrets import Secret, SecretUnreadable

_RETRY_STATUSES = (408, 425, 429)
"""The statuses 4xx that ask for another attempt. Every other 4xx says that the request is wrong."""


def post(notify: Notify, body: bytes) -> None:
    """Sends `body`, the JSON of a run, to the URL. Raises `NotDelivered`."""
    assert notify.url is not None  # noqa: S101 - the channel `url` exists only with a URL
    url = _read(notify.url, "notify.url")
    if wrong := wrong_with(url):
        raise NotDelivered(f"the secret that `notify.url` names cannot be used: {wrong}")
    headers = {"Content-Type": "application/json", "User-Agent": "tenure"}
    if notify.authorization is not None:
        secret = _read(notify.authorization, "notify.authorization")
        headers["Authorization"] = _check_header(secret)
    host = http_client.host_of(url)
    try:
        status = http_client.post(url, body, headers, notify.timeout)
    except TimeoutError:
        problem = f"{host} did not answer {in_time(notify.timeout)}"
        raise NotDelivered(problem, transient=True) from None
    except http_client.RequestFailed as error:
        raise NotDelivered(error.problem, transient=error.transient) from None
    if not 200 <= status < 300:
        transient = status >= 500 or status in _RETRY_STATUSES
        redirected = ", and redirects are not followed" if 300 <= status < 400 else ""
        raise NotDelivered(f"{host} answered {status}{redirected}", transient=transient)


def _read(value: str | Secret, setting: str) -> str:
    """Returns a value, or the text of the secret that stands in its place."""
    if isinstance(value, str):
        return value
    try:
        return value.read(setting)
    except SecretUnreadable as error:
        raise NotDelivered(error.problem) from None


def _check_header(value: str) -> str:
    """Returns the value of a header. Raises `NotDelivered` if it is not printable ASCII."""
    if not value.isascii() or not value.isprintable():
        raise NotDelivered(
            "the secret that `notify.authorization` names cannot be sent in a header: "
            "it is not printable ASCII text"
        )
    return value
