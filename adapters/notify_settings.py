"""The configuration of notifications: the table `[notify]`."""

from __future__ import annotations

import ipaddress
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeAlias
from urllib.parse import urlsplit

import msgspec

from adapters.decoding import TimeOfDay, expected
from adapters.errors import Contradiction
from adapters.secrets import Secret
from domain.company_runs.news import Reason
from domain.outcome import Outcome
from domain.privacy import Redacted

REASONS = (*(outcome.value for outcome in Outcome), *(reason.value for reason in Reason))
# The operating system does not pass other words to a program.
_Word: TypeAlias = Annotated[
    str, expected("a text without NUL characters, not empty", pattern=r"^[^\0]+\Z")
]
_DEFAULT_REASONS = (
    Reason.ERROR.value,
    Reason.FEED.value,
    Outcome.HELD.value,
    Outcome.FAILED.value,
)


class Channel(StrEnum):
    """A way to deliver notifications. A channel that fails does not disturb the other channel."""

    COMMAND = "command"
    URL = "url"


class Notify(Redacted, frozen=True, forbid_unknown_fields=True):
    """The table `notify`: the reasons for a notification, and its channels.

    A run is notified if `on` contains one of the reasons that the run brings (Q2). `digest` is the
    time of the day, in UTC, at which all companies are told that need somebody. `repr` shows
    nothing: a URL may be secret.
    """

    on: frozenset[str] = frozenset(_DEFAULT_REASONS)
    command: tuple[_Word, ...] = ()
    environment: tuple[_Word, ...] = ()
    """Names of the variables that the command gets besides the usual variables."""
    url: str | Secret | None = None
    authorization: Secret | None = None
    timeout: Annotated[float, msgspec.Meta(gt=0, le=600)] = 30.0
    """The longest time of one attempt, in seconds."""
    attempts: Annotated[int, msgspec.Meta(ge=1, le=20)] = 5
    digest: TimeOfDay | None = None

    def __post_init__(self) -> None:
        """Raises `Contradiction`, which quotes no secret."""
        unknown = sorted(self.on.difference(REASONS))
        wrong = {
            "": "" if self.command or self.url is not None else "expected command or url",
            "on": f"expected any of {', '.join(REASONS)}, not {unknown[0]!r}" if unknown else "",
            "url": (wrong_with(self.url) or "") if isinstance(self.url, str) else "",
        }
        if faults := {key: words for key, words in wrong.items() if words}:
            raise Contradiction(faults)

    def beside(self, file: Path) -> Notify:
        """Returns these settings, with a path of the program counted from the file they are in."""
        if not self.command or "/" not in self.command[0]:
            return self
        program = os.path.abspath(file.parent / self.command[0])  # noqa: PTH100 - keeps links
        return msgspec.structs.replace(self, command=(program, *self.command[1:]))

    def warnings(self) -> Iterator[str]:
        """Yields a sentence for a program that is not there, and for each unreadable secret."""
        if self.command and shutil.which(self.command[0]) is None:
            yield f"there is no program {self.command[0]} to run; check `notify.command`"
        for name, value in (("url", self.url), ("authorization", self.authorization)):
            if isinstance(value, Secret) and (warning := value.warning(f"notify.{name}")):
                yield warning

    def channels(self) -> tuple[Channel, ...]:
        """Returns the configured channels: one or both."""
        is_set = {Channel.COMMAND: bool(self.command), Channel.URL: self.url is not None}
        return tuple(channel for channel in Channel if is_set[channel])

    def in_words(self) -> str:
        """Returns how, why and when somebody is told. Names no URL, which may be secret."""
        daily = f"; a digest at {self.digest} UTC" if self.digest else ""
        return f"by {' and '.join(self.channels())}, on {', '.join(sorted(self.on))}{daily}"

    def next_digest(self, now: datetime) -> datetime | None:
        """Returns the moment of the next digest, or `None` without a digest."""
        if self.digest is None:
            return None
        today = datetime.combine(now.date(), time.fromisoformat(self.digest), UTC)
        return today if today > now else today + timedelta(days=1)


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
            "since a notification says how customers fare"
        )
    return None


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
