"""A customer's directory on an SFTP server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cached_property

from paramiko.sftp import SFTP_NO_SUCH_FILE

from adapters.progress import Advance
from adapters.sources.names import display_name, is_of_interest, matches, name_in
from adapters.sources.pickup import Changed, FileStat, Listing, make_listing
from adapters.sources.sftp.attributes import Attributes
from adapters.sources.sftp.client import Refused, SftpClient, translate_errors
from adapters.sources.source import SourceUnreachable

_MAX_PATH_CHARACTERS = 4096  # the limit of Linux; some servers list paths instead of names
_NANOSECONDS = 10**9  # in a second


class SftpDirectory:
    """A customer's directory on an SFTP server, as a `Directory` of `pickup`.

    At most `requests` requests for pieces of a file wait for an answer at the same time. `close`
    closes the connection.
    """

    def __init__(
        self,
        client: SftpClient,
        host: str,
        directory: str,
        pattern: str,
        requests: int,
        close: Callable[[], None],
    ) -> None:
        self._client = client
        self._host = host
        self._directory = directory
        self._pattern = pattern
        self._requests = requests
        self.close = close

    def look(self) -> Listing:
        """Lists the regular files. Links do not count (D2)."""
        unlisted = f"{self._directory} on {self._host} cannot be listed"
        with translate_errors(unlisted, "`directory`", known=True):
            entries = [
                (path, attributes)
                for path, attributes in self._client.entries(self._directory.encode())
                if len(path) <= _MAX_PATH_CHARACTERS
                and is_of_interest(path.rpartition("/")[2], self._pattern)
            ]
            return make_listing(self._regular_files(entries), self._pattern)

    @contextmanager
    def reading(self, name: str, listed: FileStat, advance: Advance) -> Iterator[bytes]:
        """Yields the first `listed.size` bytes of a file, which stays open on the server meanwhile.

        Some servers delete a file when it is closed, so it is not closed before the block has ended
        well.
        """
        with self._translate_unread(name):
            handle = self._open(name)
            data = self._client.read(handle, listed.size, self._requests, advance)
        try:
            yield data
        except Changed:  # the file is read again, and some servers lock an open file
            with self._translate_unread(name):
                self._client.close(handle)
            raise
        with self._translate_unread(name):
            change = self._change(name, handle, listed)
            self._client.close(handle)
            if change:
                raise change

    def _translate_unread(self, name: str) -> AbstractContextManager[None]:
        unread = f"{display_name(name)} on {self._host} cannot be read"
        return translate_errors(unread, "what `username` may read", known=True)

    def _open(self, name: str) -> bytes:
        """Opens a file and returns its handle. Raises `Changed` if the file is gone."""
        try:
            return self._client.open(self._path(name))
        except Refused as error:
            if error.code == SFTP_NO_SUCH_FILE:
                raise Changed(name) from None
            raise

    def _change(self, name: str, handle: bytes, listed: FileStat) -> Changed | None:
        """Returns how an open file differs from its listing, as far as the server tells.

        Nothing is asked before the file was read: some servers allow nothing before.
        """
        has_grown = self._client.has_byte(handle, listed.size)
        attributes = Attributes()
        with suppress(Refused):
            attributes = self._client.stat_open(handle)
        if not attributes.may_be_regular or attributes.size not in (None, listed.size):
            return Changed(name)
        return Changed(name, is_as_listed=True) if has_grown else None

    def _regular_files(
        self, entries: Iterable[tuple[str, Attributes]]
    ) -> Iterator[tuple[str, FileStat]]:
        """Yields the name, and size and time, of each regular file of the directory."""
        for path, listed in entries:
            # Some servers list paths.
            name = name_in(self._places, path) if "/" in path else path
            stat = self._file_stat(name, listed) if name else None
            if name and stat:
                yield name, stat

    @cached_property
    def _places(self) -> frozenset[str]:
        """The paths by which the server may name the directory."""
        own = self._directory.rstrip("/")
        places = {own, f"./{own}", "."}
        with suppress(Refused):
            places.add(self._client.real_path(self._directory.encode()).rstrip("/"))
        return frozenset(places)

    def _file_stat(self, name: str, listed: Attributes) -> FileStat | None:
        """Returns size and time of a regular file, and `None` for everything else.

        The server is asked for what its listing lacks. LSTAT comes first, because STAT would follow
        a link. Of a near miss only the name counts, so nothing is asked about it.
        """
        if not matches(name, self._pattern):
            return FileStat(0, 0) if listed.may_be_regular else None
        for follow_link in (False, True):
            if listed.are_enough:
                break
            try:
                asked = self._client.stat(self._path(name), follow_link=follow_link)
                listed = asked.completed_by(listed)
            except Refused as error:
                if error.code == SFTP_NO_SUCH_FILE:  # the file is gone since it was listed
                    return None
        if not listed.may_be_regular:
            return None
        if listed.size is None or listed.modified is None or listed.kind is None:
            raise SourceUnreachable(
                f"{self._host} does not tell kind, size and time of {display_name(name)}, so "
                "Tenure cannot see whether the file is complete; ask the customer for a server "
                "that does"
            )
        return FileStat(listed.size, listed.modified * _NANOSECONDS)

    def _path(self, name: str) -> bytes:
        return f"{self._directory.rstrip('/')}/{name}".encode("utf-8", "surrogateescape")
