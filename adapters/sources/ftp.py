"""Deliveries from an FTP server (D1), encrypted or not, whose folder is only ever read (D5).

What speaks the protocol is imported when it is needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Literal

import msgspec
from msgspec.structs import replace

from adapters.secret import Secret
from adapters.sources.attempts import persistently
from adapters.sources.connecting import Endpoint
from adapters.sources.deadlines import Deadlines, Remaining, ends_after, took_too_long
from adapters.sources.pickup import Settling, matching_steps, pick_up
from adapters.sources.source import DeliveredFile, Step


class FtpSource(msgspec.Struct, frozen=True, kw_only=True):
    """Every regular file directly in `directory` of a server whose name matches `pattern` (D2).

    `ftps` is FTP with explicit TLS: the server's certificate must be for `host`, and by an issuer
    that this machine trusts, or by one in `ca_file` if that is given; before it is, nothing secret
    is sent. Files come over connections of their own: in `passive` mode we make them, in `active`
    mode the server does. `bind` is the local address to connect from. What may work in a moment is
    tried `attempts` times.
    """

    protocol: Literal["ftp", "ftps"]
    host: str
    port: int = 21
    directory: str
    pattern: str
    username: str
    password: Secret
    mode: Literal["passive", "active"] = "passive"
    ca_file: Path | None = None
    bind: str | None = None
    settle: float = 5
    settle_limit: float = 60
    attempts: int = 4
    deadlines: Deadlines = Deadlines()

    @property
    def place(self) -> str:
        """Who logs in where, and the directory."""
        return f"{self.protocol} {self.username}@{self.host}:{self.port} {self.directory}"

    @property
    def warnings(self) -> tuple[str, ...]:
        """That anyone on the way can read what is not encrypted."""
        if self.protocol == "ftps":
            return ()
        return (
            "ftp sends the password and personal data over the line in the clear; "
            'agree with the customer on protocol = "ftps" or "sftp"',
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
        from adapters.sources.ftp_client import connect
        from adapters.sources.ftp_directory import FtpDirectory

        # No part of it may take longer than what remains of the whole.
        source = replace(self, deadlines=self.deadlines.within(remaining.left()))
        with (
            closing(connect(source, self.endpoint.resolve())) as client,
            ends_after(remaining.left(), client.hang_up, took_too_long(remaining)),
        ):
            if self.protocol == "ftps":
                client.encrypt()
            client.log_in()
            directory = FtpDirectory(client, source)
            return pick_up(directory, limit, Settling(self.settle, self.settle_limit))

    def steps(self) -> Iterator[Step]:
        """Name, connection, certificate, log-in, directory, and the files that match.

        Raises `SourceUnreachable` at the first that does not work.
        """
        from adapters.sources.ftp_client import connect
        from adapters.sources.ftp_directory import FtpDirectory

        addresses = self.endpoint.resolve()
        yield Step("resolved", f"{self.host} is {' and '.join(addresses)}")
        remaining = Remaining(self.deadlines.whole)
        with closing(connect(self, addresses)) as client:
            yield Step("connected", f"{client.address} port {self.port}")
            with ends_after(remaining.left(), client.hang_up, took_too_long(remaining)):
                if self.protocol == "ftps":
                    client.encrypt()
                    yield Step("certificate", client.certificate())
                client.log_in()
                yield Step("logged in", f"as {self.username}")
                steps = matching_steps(FtpDirectory(client, self), self.pattern)
                first = next(steps)
                yield Step("directory", f"{self.directory} can be listed")
                yield first
                yield from steps
