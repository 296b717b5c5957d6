"""What the configuration says of an SSH server."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from adapters.secrets import Secret
from adapters.sources.endpoint import Endpoint, names_of


class SshHost(NamedTuple):
    """An SSH server: how to reach it, how to log in, and the keys by which it is recognised.

    The fingerprints `host_keys` stand in the order of the configuration. `prefix` stands before the
    names of the server's settings: `jump.` for a server on the way to another one.
    """

    endpoint: Endpoint
    username: str
    password: Secret | None
    private_key: Secret | None
    passphrase: Secret | None
    host_keys: tuple[str, ...]
    known_hosts: Path | None
    prefix: str = ""

    @property
    def name(self) -> str:
        """The host, as the configuration names it."""
        return self.endpoint.host

    @property
    def where(self) -> str:
        """The host and the port, in words."""
        return self.endpoint.where

    def settings(self, *names: str) -> str:
        """Returns the full names of some settings, in words: "`host`, `port` and `protocol`"."""
        return names_of(*(f"{self.prefix}{name}" for name in names))
