"""A customer's directory on an SFTP server."""

from __future__ import annotations

from adapters.sources.pickup import Changed, FileStat, display_name, matches
from adapters.sources.sftp_attributes import Attributes
from adapters.sources.sftp_client import SftpClient, translate_errors
from adapters.sources.source import SourceUnreachable

_NANOSECONDS = 10**9  # in a second


class SftpDirectory:
    """A customer's directory on an SFTP server, as a `Directory` of `pickup`."""

    def __init__(self, client: SftpClient, host: str, directory: str, pattern: str) -> None:
        self._client = client
        self._host = host
        self._directory = directory
        self._pattern = pattern

    def look(self) -> dict[str, FileStat]:
        """Returns the matching regular files by name. Links do not count (D2)."""
        unlisted = f"{self._directory} on {self._host} cannot be listed"
        with translate_errors(unlisted, "`directory`", known=True):
            return {
                name: self._stat(name, attributes)
                for name, attributes in self._client.entries(self._directory.encode())
                if matches(name, self._pattern) and attributes.may_be_regular
            }

    def read(self, name: str, listed: FileStat) -> bytes:
        """Returns the bytes of a file, at most one byte more than `listed.size`."""
        path = f"{self._directory.rstrip('/')}/{name}".encode("utf-8", "surrogateescape")
        unread = f"{display_name(name)} on {self._host} cannot be read"
        with translate_errors(unread, "what `username` may read", known=True):
            try:
                # If there is one byte more than listed, the file has grown.
                attributes, data = self._client.read_file(path, listed.size + 1)
            except FileNotFoundError:
                raise Changed(name) from None
        if not attributes.may_be_regular or attributes.size not in (None, listed.size):
            raise Changed(name)
        return data

    def _stat(self, name: str, attributes: Attributes) -> FileStat:
        size, mode, modified = attributes
        if mode is None or size is None or modified is None:
            raise SourceUnreachable(
                f"{self._host} does not tell kind, size and time of {display_name(name)}, so "
                "Tenure cannot see whether the file is complete; ask the customer for a server "
                "that does"
            )
        return FileStat(size, modified * _NANOSECONDS)
