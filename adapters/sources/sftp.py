"""Deliveries from an SFTP server (D1), whose folder is only ever read (D5).

What speaks the protocol is imported when it is needed: it takes as long as all the rest.
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

    The server may show the one key whose fingerprint is `host_key`, or those that the file
    `known_hosts` has for it; before it has shown one, nothing secret is sent.
    """

    protocol: Literal["sftp"] = "sftp"
    port: int = 22
    password: Secret | None = None
    private_key: Secret | None = None
    passphrase: Secret | None = None
    host_key: str | None = None
    known_hosts: Path | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """Also that nothing is fetched before a host key is pinned."""
        unpinned = (
            "no host_key is pinned, so nothing is fetched: "
            "`tenure check --connect` shows the one it meets"
        )
        is_pinned = self.host_key or self.known_hosts
        return (*([] if is_pinned else [unpinned]), *super().warnings)

    @contextmanager
    def entered(self, remaining: Deadline) -> Iterator[Directory]:
        """The directory, after the log-in."""
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
        """Name, connection, host key, log-in, directory, and the files that match.

        Raises `SourceUnreachable` at the first that does not work.
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
            yield Step("host key", shown + self._judged(connection.fingerprint, pinned))
            require_pinned(self, connection, pinned)
            connection.log_in(self)
            yield Step("logged in", f"as {self.username}")
            directory = connection.open_directory(self)
            yield from matching_steps(directory, self.directory, self.pattern)

    def _judged(self, fingerprint: str, pinned: Set[str]) -> str:
        """What the key that a server shows means for the configuration."""
        if fingerprint in pinned:
            return ", as pinned"
        if pinned:
            return ", not the one that is pinned"
        return f', to be pinned by host_key = "{fingerprint}"'
