"""Reads deliveries from an SFTP server (D1), and changes nothing there (D5).

paramiko is imported only when a connection is made: its import takes as long as all others.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal

from adapters.secret import Secret
from adapters.sources.deadlines import Deadline
from adapters.sources.pickup import Directory, matching_steps
from adapters.sources.server import ServerSource
from adapters.sources.source import Step


class SftpSource(ServerSource, frozen=True, kw_only=True):
    """A directory of an SFTP server.

    The server must show the key with the fingerprint `host_key`, one of two such keys while the
    customer changes the key, or one of its keys in the file `known_hosts`. No secret is sent before
    the server has shown such a key.
    """

    protocol: Literal["sftp"] = "sftp"
    port: int = 22
    password: Secret | None = None
    private_key: Secret | None = None
    passphrase: Secret | None = None
    host_key: str | tuple[str, ...] | None = None
    known_hosts: Path | None = None

    @property
    def host_keys(self) -> tuple[str, ...]:
        """The fingerprints of `host_key`, in the order in which they are configured."""
        if self.host_key is None:
            return ()
        return (self.host_key,) if isinstance(self.host_key, str) else self.host_key

    @property
    def warnings(self) -> tuple[str, ...]:
        """The warnings of every server, and a warning if no host key is pinned."""
        unpinned = (
            "no host_key is pinned, so nothing is fetched: "
            "`tenure check --connect` shows the key of the server"
        )
        is_pinned = self.host_keys or self.known_hosts
        return (*([] if is_pinned else [unpinned]), *super().warnings)

    @contextmanager
    def open_directory(self, remaining: Deadline) -> Iterator[Directory]:
        """Logs in and yields the directory."""
        from adapters.sources.ssh import connect, pinned_keys, require_pinned

        pinned = pinned_keys(self)
        addresses = self.endpoint.resolve()
        with (
            closing(connect(self, addresses, pinned, remaining)) as connection,
            remaining.ends(connection.close),
        ):
            require_pinned(self, connection, pinned)
            connection.log_in(self)
            yield connection.open_directory(self)

    def steps(self) -> Iterator[Step]:
        """Yields the steps name, connection, host key, log-in, directory and matching files.

        Raises `SourceUnreachable` at the first step that fails.
        """
        from adapters.sources.ssh import connect, pinned_keys, require_pinned

        addresses = self.endpoint.resolve()
        yield Step("resolved", f"{self.host} is {' and '.join(addresses)}")
        pinned = pinned_keys(self)
        remaining = Deadline(self.deadlines.whole)
        with (
            closing(connect(self, addresses, pinned, remaining)) as connection,
            remaining.ends(connection.close),
        ):
            yield Step("connected", f"{connection.address} port {self.port}")
            shown = f"{connection.fingerprint} ({connection.key_type})"
            yield Step("host key", shown + self._comment(connection.fingerprint, pinned))
            require_pinned(self, connection, pinned)
            connection.log_in(self)
            yield Step("logged in", f"as {self.username}")
            directory = connection.open_directory(self)
            yield from matching_steps(directory, self.directory, self.pattern)

    def _comment(self, fingerprint: str, pinned: Set[str]) -> str:
        """Returns the rest of the step: whether the key of the server is pinned."""
        if fingerprint in self.host_keys[1:]:
            return ", the second of the pinned keys; take the first one out once it is not used"
        if fingerprint in pinned:
            return ", as pinned"
        if pinned:
            return ", not the key that is pinned"
        return f', to be pinned by host_key = "{fingerprint}"'
