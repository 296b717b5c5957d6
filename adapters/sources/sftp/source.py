"""Reads deliveries from an SFTP server (D1), and changes nothing there (D5).

paramiko is imported only when a connection is made: its import takes as long as all others.
"""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path
from typing import Annotated, TypeAlias

import msgspec

from adapters.decoding import expected
from adapters.errors import Contradiction
from adapters.secrets import Secret
from adapters.sources.deadline import Deadline
from adapters.sources.endpoint import Endpoint
from adapters.sources.server import ServerSource, Stages, warnings_of
from adapters.sources.settings import Port, Text
from adapters.sources.sftp.host import SshHost
from adapters.sources.source import Step

_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")  # SHA256:uNiVztks…rW0
_FINGERPRINTS = (
    "SHA256: and 43 characters, as `tenure check --connect` prints them, or a list of two such "
    "fingerprints"
)
HostKey: TypeAlias = Annotated[str | tuple[str, ...], expected(_FINGERPRINTS)]
"""The fingerprint of a pinned host key, or of two while the customer changes the key."""


class Jump(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An SSH server through which another SSH server is reached."""

    host: Text
    port: Port = 22
    username: Text
    password: Secret | None = None
    private_key: Secret | None = None
    passphrase: Secret | None = None
    host_key: HostKey | None = None
    known_hosts: Path | None = None

    def __post_init__(self) -> None:
        """Raises `Contradiction` for settings that do not fit together."""
        if contradictions := _contradictions(self):
            raise Contradiction(contradictions)


class SftpSource(ServerSource, frozen=True, kw_only=True, tag="sftp"):
    """A directory of an SFTP server.

    The server must show the key with the fingerprint `host_key`, one of two such keys while the
    customer changes the key, or one of its keys in the file `known_hosts`. No secret is sent before
    the server has shown such a key. With `jump`, the connection goes through another SSH server,
    for which the same holds.
    """

    password: Secret | None = None
    private_key: Secret | None = None
    passphrase: Secret | None = None
    host_key: HostKey | None = None
    known_hosts: Path | None = None
    jump: Jump | None = None

    def contradictions(self) -> dict[str, str]:
        """Returns what is expected of each setting that does not fit the others, by its key."""
        return super().contradictions() | _contradictions(self)

    @property
    def usual_port(self) -> int:
        """The port of SSH."""
        return 22

    @property
    def warnings(self) -> tuple[str, ...]:
        """The warnings of every server, also about `jump`, and one for each unpinned host key."""
        jump = warnings_of(self.jump, "jump.") if self.jump else ()
        unpinned = (
            f"no {prefix}host_key is pinned, so nothing is fetched: `tenure check --connect` shows "
            "the key of the server"
            for prefix, settings in (("", self), ("jump.", self.jump))
            if settings and not settings.host_key and not settings.known_hosts
        )
        return (*unpinned, *super().warnings, *jump)

    def stages(self, deadline: Deadline, requests: int) -> Stages:
        """Yields the steps to each server, which end with its log-in, and then the directory."""
        from adapters.sources.sftp.connection import connect
        from adapters.sources.sftp.directory import SftpDirectory

        hosts = [_host(self, self.endpoint)]
        if self.jump:
            names = ("jump.host", "jump.port")
            way = self.endpoint._replace(host=self.jump.host, port=self.jump.port, settings=names)
            hosts.insert(0, _host(self.jump, way, "jump."))
        with closing(connect(hosts, self.timeouts, deadline)) as stages:
            for stage in stages:
                if isinstance(stage, Step):
                    yield stage
                    continue
                client, end = stage.open_sftp(), stage.close
                yield SftpDirectory(client, self.host, self.directory, self.pattern, requests, end)


def _host(settings: SftpSource | Jump, endpoint: Endpoint, prefix: str = "") -> SshHost:
    return SshHost(
        endpoint,
        settings.username,
        settings.password,
        settings.private_key,
        settings.passphrase,
        _host_keys(settings),
        settings.known_hosts,
        prefix,
    )


def _host_keys(settings: SftpSource | Jump) -> tuple[str, ...]:
    keys = settings.host_key or ()
    return (keys,) if isinstance(keys, str) else keys


def _contradictions(settings: SftpSource | Jump) -> dict[str, str]:
    """Returns what is expected of each setting that does not fit the others, by its key."""
    wrong = {}
    keys = _host_keys(settings)
    well_formed = 0 < len(set(keys)) == len(keys) <= 2 and all(map(_FINGERPRINT.fullmatch, keys))
    if settings.host_key is not None and not well_formed:
        wrong["host_key"] = f"expected {_FINGERPRINTS}"
    if settings.password is None and settings.private_key is None:
        wrong[""] = "expected password or private_key, which are missing"
    if settings.passphrase is not None and settings.private_key is None:
        wrong["passphrase"] = "expected private_key beside a passphrase"  # noqa: S105
    if settings.host_key is not None and settings.known_hosts is not None:
        wrong["known_hosts"] = "expected either host_key or known_hosts, not both"
    return wrong
