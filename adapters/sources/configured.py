"""The configuration of sources: the keys of each protocol, and the source that they describe.

The modules of a server are imported only where one is configured, because every command reads the
configuration and the import is slow.
"""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from adapters.conversion import check_keys, convert, joined
from adapters.errors import SettingsError
from adapters.secret import check_secret, secret_at
from adapters.sources.deadlines import Deadlines
from adapters.sources.folder import FolderSource
from adapters.sources.source import Source

# SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDzL0UxvQ0Rmdm6rW0
_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")
_Text = Annotated[str, msgspec.Meta(min_length=1)]
_Port = Annotated[int, msgspec.Meta(ge=1, le=65_535)]
_Seconds = Annotated[float, msgspec.Meta(ge=0, le=86_400)]
_PATTERN = "alleo_employees_*.csv"


class FolderSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The keys of a local folder. Both settle times are in seconds."""

    protocol: str
    directory: _Text
    pattern: _Text = _PATTERN
    settle: _Seconds = 0
    settle_limit: _Seconds = 60

    def source(self, base: Path) -> Source:
        """Returns the source. Its path is relative to `base`."""
        return FolderSource(base / self.directory, self.pattern, self.settle, self.settle_limit)


class ServerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The keys that all servers have. `settle`, `settle_limit` and `deadline` are in seconds."""

    protocol: str
    host: _Text
    directory: _Text
    username: _Text
    port: _Port | None = None
    pattern: _Text = _PATTERN
    password: dict[str, str] | None = None
    bind: str | None = None
    settle: _Seconds = 5
    settle_limit: _Seconds = 60
    deadline: Annotated[float, msgspec.Meta(gt=0, le=86_400)] = Deadlines().whole
    attempts: Annotated[int, msgspec.Meta(ge=1, le=20)] = 4

    def check(self, file: Path, prefix: str) -> None:
        """Checks the rules between keys. Raises `SettingsError`."""
        if self.bind is not None and not _is_address(self.bind):
            raise SettingsError(
                file,
                joined(prefix, "bind"),
                'expected an address of this machine like "10.0.0.4"',
            )
        if self.settle >= self.deadline:
            raise SettingsError(
                file,
                joined(prefix, "settle"),
                f"expected fewer seconds than the deadline, which is {self.deadline:g}",
            )

    @property
    def deadlines(self) -> Deadlines:
        """The time limits of the parts of a pick-up."""
        return Deadlines(whole=self.deadline)


class SftpSettings(ServerSettings, frozen=True, forbid_unknown_fields=True):
    """The keys of an SFTP server."""

    private_key: dict[str, str] | None = None
    passphrase: dict[str, str] | None = None
    host_key: str | tuple[str, ...] | None = None
    known_hosts: _Text | None = None

    def check(self, file: Path, prefix: str) -> None:
        """Checks the rules between keys. Raises `SettingsError`."""
        super().check(file, prefix)
        if self.password is None and self.private_key is None:
            raise SettingsError(file, prefix, "expected password or private_key, which are missing")
        if self.passphrase is not None and self.private_key is None:
            raise SettingsError(
                file, joined(prefix, "passphrase"), "expected private_key beside a passphrase"
            )
        keys = (self.host_key,) if isinstance(self.host_key, str) else self.host_key
        if keys is not None and not (0 < len(keys) <= 2 and all(map(_FINGERPRINT.fullmatch, keys))):
            raise SettingsError(
                file,
                joined(prefix, "host_key"),
                "expected SHA256: and 43 characters, as `tenure check --connect` prints them, or a "
                "list of two such fingerprints",
            )
        if self.host_key is not None and self.known_hosts is not None:
            raise SettingsError(file, prefix, "expected either host_key or known_hosts, not both")

    def source(self, base: Path) -> Source:
        """Returns the source. The paths of its files are relative to `base`."""
        from adapters.sources.sftp import SftpSource

        return SftpSource(
            host=self.host,
            port=self.port or 22,
            directory=self.directory,
            pattern=self.pattern,
            username=self.username,
            password=secret_at(self.password, base),
            private_key=secret_at(self.private_key, base),
            passphrase=secret_at(self.passphrase, base),
            host_key=self.host_key,
            known_hosts=base / self.known_hosts if self.known_hosts else None,
            bind=self.bind,
            settle=self.settle,
            settle_limit=self.settle_limit,
            attempts=self.attempts,
            deadlines=self.deadlines,
        )


class FtpSettings(ServerSettings, frozen=True, forbid_unknown_fields=True):
    """The keys of an FTP server, with TLS (`ftps`) or without (`ftp`)."""

    protocol: Literal["ftp", "ftps"]
    mode: Literal["passive", "active"] = "passive"
    ca_file: _Text | None = None

    def check(self, file: Path, prefix: str) -> None:
        """Checks the rules between keys. Raises `SettingsError`."""
        super().check(file, prefix)
        if self.password is None:
            raise SettingsError(file, prefix, "expected password, which is missing")
        if self.ca_file is not None and self.protocol != "ftps":
            raise SettingsError(
                file, joined(prefix, "ca_file"), 'expected protocol = "ftps" beside ca_file'
            )

    def source(self, base: Path) -> Source:
        """Returns the source. The paths of its files are relative to `base`."""
        from adapters.sources.ftp import FtpSource

        password = secret_at(self.password, base)
        assert password  # noqa: S101 - `check` requires it
        return FtpSource(
            protocol=self.protocol,
            host=self.host,
            port=self.port or 21,
            directory=self.directory,
            pattern=self.pattern,
            username=self.username,
            password=password,
            mode=self.mode,
            ca_file=base / self.ca_file if self.ca_file else None,
            bind=self.bind,
            settle=self.settle,
            settle_limit=self.settle_limit,
            attempts=self.attempts,
            deadlines=self.deadlines,
        )


PROTOCOLS: dict[str, type[FolderSettings | SftpSettings | FtpSettings]] = {
    "folder": FolderSettings,
    "sftp": SftpSettings,
    "ftp": FtpSettings,
    "ftps": FtpSettings,
}
_SECRETS = ("password", "private_key", "passphrase")


def read_source(file: Path, prefix: str, table: Any, base: Path) -> Source:
    """Returns the source that the table at `prefix` of `file` describes.

    Paths in the table are relative to `base`. Raises `SettingsError`.
    """
    if not isinstance(table, dict):
        raise SettingsError(file, prefix, "expected a table")
    if "protocol" not in table:
        raise SettingsError(file, prefix, "expected protocol, which is missing")
    protocol = table["protocol"]
    if not isinstance(protocol, str) or protocol not in PROTOCOLS:
        known = ", ".join(PROTOCOLS)
        raise SettingsError(
            file, joined(prefix, "protocol"), f"expected one of {known}, not {protocol!r}"
        )
    kind = PROTOCOLS[protocol]
    check_keys(file, prefix, table, kind.__struct_fields__)
    for name in _SECRETS:
        check_secret(file, joined(prefix, name), table.get(name))
    settings = convert(file, prefix, table, kind)
    if isinstance(settings, ServerSettings):
        settings.check(file, prefix)
    return settings.source(base)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
