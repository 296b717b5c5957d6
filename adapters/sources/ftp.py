"""Reads deliveries from an FTP server (D1), with TLS or without, and changes nothing there (D5).

The modules of the protocol are imported only when a connection is made, to start quickly.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal

from adapters.secret import Secret
from adapters.sources.deadlines import Deadline
from adapters.sources.pickup import Directory, matching_steps
from adapters.sources.server import ServerSource
from adapters.sources.source import Step


class FtpSource(ServerSource, frozen=True, kw_only=True):
    """A directory of an FTP server.

    `ftps` is FTP with explicit TLS. The server's certificate must be for `host`. Its issuer must be
    in `ca_file`, or be trusted by this machine if `ca_file` is not set. No secret is sent before
    the certificate is verified. Files come over data connections, which Tenure opens in `passive`
    mode and the server opens in `active` mode.
    """

    protocol: Literal["ftp", "ftps"]
    port: int = 21
    password: Secret
    mode: Literal["passive", "active"] = "passive"
    ca_file: Path | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """The warnings of every server, and a warning if the connection is not encrypted."""
        unencrypted = (
            "ftp sends the password and personal data without encryption; "
            'agree with the customer on protocol = "ftps" or "sftp"'
        )
        return (*([unencrypted] if self.protocol == "ftp" else []), *super().warnings)

    @contextmanager
    def open_directory(self, remaining: Deadline) -> Iterator[Directory]:
        """Logs in and yields the directory."""
        from adapters.sources.ftp_client import connect
        from adapters.sources.ftp_directory import FtpDirectory

        with (
            closing(connect(self, self.endpoint.resolve(), remaining)) as client,
            remaining.ends(client.hang_up),
        ):
            if self.protocol == "ftps":
                client.encrypt()
            client.log_in()
            yield FtpDirectory(client, self)

    def steps(self) -> Iterator[Step]:
        """Yields the steps name, connection, certificate, log-in, directory and matching files.

        Raises `SourceUnreachable` at the first step that fails.
        """
        from adapters.sources.ftp_client import connect
        from adapters.sources.ftp_directory import FtpDirectory

        addresses = self.endpoint.resolve()
        yield Step("resolved", f"{self.host} is {' and '.join(addresses)}")
        remaining = Deadline(self.deadlines.whole)
        with (
            closing(connect(self, addresses, remaining)) as client,
            remaining.ends(client.hang_up),
        ):
            yield Step("connected", f"{client.address} port {self.port}")
            if self.protocol == "ftps":
                client.encrypt()
                yield Step("certificate", client.certificate())
            client.log_in()
            yield Step("logged in", f"as {self.username}")
            yield from matching_steps(FtpDirectory(client, self), self.directory, self.pattern)
