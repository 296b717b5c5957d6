"""Deliveries from an SFTP server (D1), whose folder is only ever read (D5).

What speaks the protocol is imported when it is needed: it takes as long as all the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import msgspec

from adapters.secret import Secret
from adapters.sources.pickup import Settling, matching_steps, pick_up
from adapters.sources.source import DeliveredFile, Step


class SftpSource(msgspec.Struct, frozen=True, kw_only=True):
    """Every regular file directly in `directory` of a server whose name matches `pattern` (D2).

    `host_key` is the fingerprint of the one key that the server may show; before it has shown it,
    nothing secret is sent. `bind` is the local address to connect from.
    """

    host: str
    port: int = 22
    directory: str
    pattern: str
    username: str
    password: Secret | None = None
    private_key: Secret | None = None
    passphrase: Secret | None = None
    host_key: str | None = None
    bind: str | None = None
    settle: float = 5
    settle_limit: float = 60

    @property
    def place(self) -> str:
        """Who logs in where, and the directory."""
        return f"sftp {self.username}@{self.host}:{self.port} {self.directory}"

    @property
    def warnings(self) -> tuple[str, ...]:
        """That nothing is fetched before a host key is pinned."""
        if self.host_key:
            return ()
        return (
            "no host_key is pinned, so nothing is fetched: "
            "`tenure check --connect` shows the one it meets",
        )

    def fetch(self, limit: int) -> list[DeliveredFile]:
        """The matching files, oldest first, then by name (D3).

        Raises `SourceUnreachable`, and `StillUploading` when a file changes meanwhile (D4).
        """
        from adapters.sources.ssh import connect, require_pinned

        with closing(connect(self)) as connection:
            require_pinned(self, connection)
            connection.log_in(self)
            directory = connection.open_directory(self)
            return pick_up(directory, limit, Settling(self.settle, self.settle_limit))

    def steps(self) -> Iterator[Step]:
        """Connection, host key, log-in, directory, and the files that match.

        Raises `SourceUnreachable` at the first that does not work.
        """
        from adapters.sources.ssh import connect, require_pinned

        with closing(connect(self)) as connection:
            yield Step("connected", f"{connection.address} port {self.port}")
            yield Step("host key", self._judged(connection.fingerprint, connection.key_type))
            require_pinned(self, connection)
            connection.log_in(self)
            yield Step("logged in", f"as {self.username}")
            directory = connection.open_directory(self)
            steps = matching_steps(directory, self.pattern)
            first = next(steps)
            yield Step("directory", f"{self.directory} can be listed")
            yield first
            yield from steps

    def _judged(self, fingerprint: str, kind: str) -> str:
        """The key that a server shows, and what that means for the configuration."""
        if fingerprint == self.host_key:
            return f"{fingerprint} ({kind}), as pinned"
        if self.host_key:
            return f"{fingerprint} ({kind}), not the one that is pinned"
        return f'{fingerprint} ({kind}), to be pinned by host_key = "{fingerprint}"'
