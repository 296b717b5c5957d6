"""Reads deliveries from an FTP server (D1), with TLS or without, and changes nothing there (D5).

The modules of the protocol are imported only when a connection is made, to start quickly.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from adapters.secrets import Secret
from adapters.sources.deadline import Deadline
from adapters.sources.failures import read_secret
from adapters.sources.server import ServerSource, Stages
from adapters.sources.source import Step

if TYPE_CHECKING:
    from adapters.sources.ftp.tls import Encryption


class _FtpServer(ServerSource, frozen=True, kw_only=True):
    """What both protocols share.

    Files come over data connections, which Tenure opens in `passive` mode and the server opens in
    `active` mode.
    """

    password: Secret
    mode: Literal["passive", "active"] = "passive"

    @property
    def usual_port(self) -> int:
        """The port for commands."""
        return 21

    def contradictions(self) -> dict[str, str]:
        """Returns what is expected of each setting that does not fit the others, by its key."""
        wrong = super().contradictions()
        if self.proxy is not None and self.mode == "active":
            wrong["mode"] = 'expected "passive" with a proxy'
        return wrong

    def stages(self, deadline: Deadline, requests: int) -> Stages:
        """Yields the steps name, connection, certificate and log-in, and then the directory."""
        from adapters.sources.ftp.client import FtpClient
        from adapters.sources.ftp.directory import FtpDirectory
        from adapters.sources.ftp.session import Session, Sockets

        encryption = self._encryption()
        addresses = self.endpoint.resolve()
        yield self.endpoint.resolved(addresses)
        session = Session(self.endpoint, self.timeouts, deadline, Sockets())
        with closing(FtpClient(session, addresses, self.mode, encryption)) as client:
            yield from client.open()
            read_secret(self.password, "password")  # one that is missing is no attempt to log in
            client.log_in(self.username, self.password)
            yield Step("logged in", f"as {self.username}")
            places = client.enter(self.directory, self.username)
            yield FtpDirectory(client, self.host, self.directory, places, self.pattern)

    def _encryption(self) -> Encryption | None:
        return None


class FtpSource(_FtpServer, frozen=True, kw_only=True, tag="ftp"):
    """A directory of an FTP server, without encryption."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """The warnings of every server, and a warning that the connection is not encrypted."""
        unencrypted = (
            "ftp sends the password and personal data without encryption; "
            'agree with the customer on protocol = "ftps" or "sftp"'
        )
        return (unencrypted, *super().warnings)


class FtpsSource(_FtpServer, frozen=True, kw_only=True, tag="ftps"):
    """A directory of an FTP server with TLS.

    The client asks for TLS (`AUTH TLS`), or, with `implicit`, both sides encrypt from the first
    byte. The server's certificate must be for `host`. Its issuer must be in `ca_file`, or be
    trusted by this machine if `ca_file` is not set. No secret is sent before the certificate is
    verified.
    """

    implicit: bool = False
    ca_file: Path | None = None

    @property
    def usual_port(self) -> int:
        """The port for commands."""
        return 990 if self.implicit else 21

    def _encryption(self) -> Encryption:
        from adapters.sources.ftp.tls import Encryption, trust_in

        return Encryption(trust_in(self.ca_file), self.implicit)
