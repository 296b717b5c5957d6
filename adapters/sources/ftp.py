"""Deliveries from an FTP server (D1), encrypted or not, whose folder is only ever read (D5).

What speaks the protocol is imported when it is needed.
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

    `ftps` is FTP with explicit TLS: the server's certificate must be for `host`, and by an issuer
    that this machine trusts, or by one in `ca_file` if that is given; before it is, nothing secret
    is sent. Files come over connections of their own: in `passive` mode we make them, in `active`
    mode the server does.
    """

    protocol: Literal["ftp", "ftps"]
    port: int = 21
    password: Secret
    mode: Literal["passive", "active"] = "passive"
    ca_file: Path | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """Also that anyone on the way can read what is not encrypted."""
        clear = (
            "ftp sends the password and personal data over the line in the clear; "
            'agree with the customer on protocol = "ftps" or "sftp"'
        )
        return (*([clear] if self.protocol == "ftp" else []), *super().warnings)

    @contextmanager
    def entered(self, remaining: Deadline) -> Iterator[Directory]:
        """The directory, after the log-in."""
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
        """Name, connection, certificate, log-in, directory, and the files that match.

        Raises `SourceUnreachable` at the first that does not work.
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
