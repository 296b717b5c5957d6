"""Notifications as they are configured: the table `[notify]`."""

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
"""Stands for rejected rows, in a run of any outcome."""
REASONS = (*(outcome.value for outcome in Outcome), REJECTED)
_USUAL = (Outcome.FAILED.value, Outcome.REFUSED.value, Outcome.HELD.value, REJECTED)


class Channel(StrEnum):
    """How somebody is told. One that fails is not the other's trouble."""

    COMMAND = "command"
    URL = "url"


class Notify(Redacted, frozen=True):
    """Of which runs somebody is told, and how. It never prints itself: the URL may be a secret."""

    on: frozenset[str] = frozenset(_USUAL)
    command: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    """Variables that the command gets beyond the usual."""
    url: str | Secret | None = None
    authorization: Secret | None = None
    timeout: float = 30.0
    """Seconds that one attempt may take."""
    attempts: int = 5

    def channels(self) -> tuple[Channel, ...]:
        """How somebody is told, in both ways maybe."""
        there = {Channel.COMMAND: bool(self.command), Channel.URL: self.url is not None}
        return tuple(way for way in Channel if there[way])

    def wants(self, run: RunDocument) -> bool:
        """Whether somebody is told of this run."""
        return run.outcome.value in self.on or (REJECTED in self.on and run.counts.rejected > 0)


class Table(msgspec.Struct, frozen=True):
    """The keys of `[notify]`."""

    on: tuple[str, ...] = _USUAL
    command: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    url: Any = None
    authorization: Any = None
    timeout: Annotated[float, msgspec.Meta(gt=0, le=600)] = Notify().timeout
    attempts: Annotated[int, msgspec.Meta(ge=1, le=20)] = Notify().attempts


def read_notify(file: Path, table: Any) -> Notify:
    """What the table `[notify]` of `file` says. Raises `SettingsError`, which quotes no secret."""
    prefix = "notify"
    if not isinstance(table, dict):
        raise SettingsError(file, prefix, "expected a table")
    check_keys(file, prefix, table, Table.__struct_fields__)
    read = convert(file, prefix, table, Table)
    if not read.command and read.url is None:
        raise SettingsError(file, prefix, "expected command or url")
    _check_reasons(file, read.on)
    _check_words(file, "command", read.command)
    _check_words(file, "environment", read.environment)
    _check_url(file, read.url)
    check_secret(file, "notify.authorization", read.authorization)
    base = file.parent
    return Notify(
        on=frozenset(read.on),
        command=_from(base, read.command),
        environment=read.environment,
        url=secret_at(read.url, base) if isinstance(read.url, dict) else read.url,
        authorization=secret_at(read.authorization, base),
        timeout=read.timeout,
        attempts=read.attempts,
    )


def wrong_with(url: str) -> str | None:
    """What is expected of a URL that this one does not keep to. It is not repeated: it may be a
    secret."""
    expected = 'expected a URL like "https://host/path"'
    if not url.isascii() or not url.isprintable() or " " in url:
        return f"{expected}, without blanks and signs that have to be escaped"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return expected
    if parts.scheme not in ("http", "https") or not host:
        return expected
    if parts.username is not None or parts.password is not None:
        return "expected a URL without a user name: what proves who we are is `authorization`"
    if parts.scheme == "http" and not _is_here(host):
        return (
            "expected a URL that begins with https:// (http:// only to this machine itself), "
            "since what is sent holds personal data"
        )
    return None


def host_of(url: str) -> str:
    """All that may be told of a URL."""
    return urlsplit(url).hostname or ""


def _is_here(host: str) -> bool:
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
    """What the system lets nobody hand to a program."""
    if any("\0" in word for word in words) or (words and not words[0]):
        raise SettingsError(file, joined("notify", key), "expected words without NUL")


def _check_url(file: Path, url: Any) -> None:
    key = "notify.url"
    if isinstance(url, str):
        if wrong := wrong_with(url):
            raise SettingsError(file, key, wrong)
    elif isinstance(url, dict):
        check_secret(file, key, url)
    elif url is not None:
        raise SettingsError(file, key, 'expected a URL like "https://host/path", or where it is')


def _from(base: Path, command: tuple[str, ...]) -> tuple[str, ...]:
    """The command; a program that is named with a path counts from the configuration."""
    if not command or "/" not in command[0]:
        return command
    return str((base / command[0]).absolute()), *command[1:]
