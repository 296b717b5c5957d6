"""The configuration of notifications: the table `[notify]`."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec

from adapters.conversion import check_keys, convert, joined
from adapters.errors import SettingsError
from adapters.secret import Secret, check_secret, secret_at
from domain.outcome import Outcome
from domain.privacy import Redacted
from projections.runs import RunDocument

REJECTED = "rejected"
"""The reason that a run of any outcome has rejected rows."""
REASONS = (*(outcome.value for outcome in Outcome), REJECTED)
_DEFAULT_REASONS = (Outcome.FAILED.value, Outcome.REFUSED.value, Outcome.HELD.value, REJECTED)


class Channel(StrEnum):
    """A way to deliver notifications. A channel that fails does not disturb the other channel."""

    COMMAND = "command"
    URL = "url"


class Notify(Redacted, frozen=True):
    """The reasons for a notification, and its channels. `repr` shows nothing: a URL may be secret.

    A run is notified if `on` contains its outcome, or contains `rejected` and a row is rejected.
    """

    on: frozenset[str] = frozenset(_DEFAULT_REASONS)
    command: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    """Names of the variables that the command gets besides the usual variables."""
    url: str | Secret | None = None
    authorization: Secret | None = None
    timeout: float = 30.0
    """The longest time of one attempt, in seconds."""
    attempts: int = 5

    def channels(self) -> tuple[Channel, ...]:
        """Returns the configured channels: one or both."""
        is_set = {Channel.COMMAND: bool(self.command), Channel.URL: self.url is not None}
        return tuple(channel for channel in Channel if is_set[channel])

    def wants(self, run: RunDocument) -> bool:
        """Whether this run is notified."""
        return run.outcome.value in self.on or (REJECTED in self.on and run.counts.rejected > 0)


class Table(msgspec.Struct, frozen=True):
    """The keys of `[notify]`."""

    on: tuple[str, ...] = _DEFAULT_REASONS
    command: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    url: Any = None
    authorization: Any = None
    timeout: Annotated[float, msgspec.Meta(gt=0, le=600)] = Notify().timeout
    attempts: Annotated[int, msgspec.Meta(ge=1, le=20)] = Notify().attempts


def read_notify(file: Path, table: Any) -> Notify:
    """Returns the settings in the table `[notify]` of `file`.

    Raises `SettingsError`, which quotes no secret.
    """
    prefix = "notify"
    if not isinstance(table, dict):
        raise SettingsError(file, prefix, "expected a table")
    check_keys(file, prefix, table, Table.__struct_fields__)
    settings = convert(file, prefix, table, Table)
    url = settings.url
    if not settings.command and url is None:
        raise SettingsError(file, prefix, "expected command or url")
    _check_reasons(file, settings.on)
    _check_words(file, "command", settings.command)
    _check_words(file, "environment", settings.environment)
    _check_url(file, url)
    check_secret(file, "notify.authorization", settings.authorization)
    base = file.parent
    return Notify(
        on=frozenset(settings.on),
        command=_resolve_program(base, settings.command),
        environment=settings.environment,
        url=secret_at(url, base) if isinstance(url, dict) else url,
        authorization=secret_at(settings.authorization, base),
        timeout=settings.timeout,
        attempts=settings.attempts,
    )


def wrong_with(url: str) -> str | None:
    """Returns a sentence about what is expected of the URL, or `None` if the URL is right.

    The sentence does not quote the URL, which may be a secret.
    """
    expected = 'expected a URL like "https://host/path"'
    if not url.isascii() or not url.isprintable() or " " in url:
        return f"{expected}, of printable ASCII characters without blanks"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return expected
    if parts.scheme not in ("http", "https") or not host:
        return expected
    if parts.username is not None or parts.password is not None:
        return "expected a URL without a user name; use `authorization` to log in"
    if parts.scheme == "http" and not _is_this_machine(host):
        return (
            "expected a URL that begins with https:// (http:// only for this machine itself), "
            "since a notification contains personal data"
        )
    return None


def host_of(url: str) -> str:
    """Returns the host of a URL. The other parts may be secret and are in no message."""
    return urlsplit(url).hostname or ""


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check_reasons(file: Path, on: Iterable[str]) -> None:
    for reason in on:
        if reason not in REASONS:
            known = ", ".join(REASONS)
            raise SettingsError(file, "notify.on", f"expected any of {known}, not {reason!r}")


def _check_words(file: Path, key: str, words: tuple[str, ...]) -> None:
    """Raises `SettingsError` for words that the operating system does not pass to a program."""
    if any("\0" in word for word in words) or (words and not words[0]):
        expected = "expected words without NUL characters, the first of them not empty"
        raise SettingsError(file, joined("notify", key), expected)


def _check_url(file: Path, url: Any) -> None:
    key = "notify.url"
    if isinstance(url, str):
        if wrong := wrong_with(url):
            raise SettingsError(file, key, wrong)
    elif isinstance(url, dict):
        check_secret(file, key, url)
    elif url is not None:
        expected = 'expected a URL like "https://host/path", or a table like { env = "NAME" }'
        raise SettingsError(file, key, expected)


def _resolve_program(base: Path, command: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the command. A path of the program is relative to `base`."""
    if not command or "/" not in command[0]:
        return command
    return str((base / command[0]).absolute()), *command[1:]
