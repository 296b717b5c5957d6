"""Deliveries from an SFTP server (D1), whose folder is only ever read (D5).

What speaks the protocol is imported when it is needed: it takes as long as all the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from adapters.secret import Secret
from adapters.sources.attempts import persistently
from adapters.sources.connecting import Endpoint
from adapters.sources.deadlines import Deadlines, Remaining, ends_after, took_too_long
from adapters.sources.pickup import Settling, matching_steps, pick_up
from adapters.sources.source import DeliveredFile, Step

if TYPE_CHECKING:
    from adapters.sources.ssh import Connection


class SftpSource(msgspec.Struct, frozen=True, kw_only=True):
    """Every regular file directly in `directory` of a server whose name matches `pattern` (D2).

    The server may show the one key whose fingerprint is `host_key`, or those that the file
    `known_hosts` has for it; before it has shown one, nothing secret is sent. `bind` is the local
    address to connect from. What may work in a moment is tried `attempts` times.
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
    known_hosts: Path | None = None
    bind: str | None = None
    settle: float = 5
    settle_limit: float = 60
    attempts: int = 4
    deadlines: Deadlines = Deadlines()

    @property
    def place(self) -> str:
        """Who logs in where, and the directory."""
        return f"sftp {self.username}@{self.host}:{self.port} {self.directory}"

    @property
    def warnings(self) -> tuple[str, ...]:
        """That nothing is fetched before a host key is pinned."""
        if self.host_key or self.known_hosts:
            return ()
        return (
            "no host_key is pinned, so nothing is fetched: "
            "`tenure check --connect` shows the one it meets",
        )

    @property
    def endpoint(self) -> Endpoint:
        """Where the server listens."""
        return Endpoint(self.host, self.port, self.bind)

    def fetch(self, limit: int) -> list[DeliveredFile]:
        """The matching files, oldest first, then by name (D3).

        Raises `SourceUnreachable`, and `StillUploading` when a file changes meanwhile (D4).
        """
        remaining = Remaining(self.deadlines.whole)
        return persistently(lambda: self._attempt(limit, remaining), self.attempts, remaining)

    def _attempt(self, limit: int, remaining: Remaining) -> list[DeliveredFile]:
        from adapters.sources.ssh import connect, pinned_keys, require_pinned

        # No part of it may take longer than what remains of the whole.
        source = replace(self, deadlines=self.deadlines.within(remaining.left()))
        pinned = pinned_keys(source)
        with closing(connect(source, self.endpoint.resolve(), pinned)) as connection:
            require_pinned(source, connection, pinned)
            with ends_after(remaining.left(), connection.close, took_too_long(remaining)):
                connection.log_in(source)
                directory = connection.open_directory(source)
                return pick_up(directory, limit, Settling(self.settle, self.settle_limit))

    def steps(self) -> Iterator[Step]:
        """Name, connection, host key, log-in, directory, and the files that match.

        Raises `SourceUnreachable` at the first that does not work.
        """
        from adapters.sources.ssh import connect, pinned_keys

        addresses = self.endpoint.resolve()
        yield Step("resolved", f"{self.host} is {' and '.join(addresses)}")
        pinned = pinned_keys(self)
        with closing(connect(self, addresses, pinned)) as connection:
            yield Step("connected", f"{connection.address} port {self.port}")
            shown = f"{connection.fingerprint} ({connection.key_type})"
            yield Step("host key", shown + self._judged(connection.fingerprint, pinned))
            yield from self._inside(connection, pinned)

    def _inside(self, connection: Connection, pinned: Set[str]) -> Iterator[Step]:
        """The steps from the log-in on."""
        from adapters.sources.ssh import require_pinned

        require_pinned(self, connection, pinned)
        connection.log_in(self)
        yield Step("logged in", f"as {self.username}")
        steps = matching_steps(connection.open_directory(self), self.pattern)
        first = next(steps)
        yield Step("directory", f"{self.directory} can be listed")
        yield first
        yield from steps

    def _judged(self, fingerprint: str, pinned: Set[str]) -> str:
        """What the key that a server shows means for the configuration."""
        if fingerprint in pinned:
            return ", as pinned"
        if pinned:
            return ", not the one that is pinned"
        return f', to be pinned by host_key = "{fingerprint}"'
