"""A customer's directory on an FTP server, listed with the best command that the server has."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from adapters.sources.failures import translate_errors
from adapters.sources.ftp_client import NOT_FOUND, FtpClient, describe_listing
from adapters.sources.ftp_conversation import TRANSIENT, Refused, describe
from adapters.sources.ftp_listing import (
    Entry,
    fact_entry,
    name_in,
    read_moment,
    read_size,
    shown_entries,
)
from adapters.sources.pickup import Changed, FileStat, check_number, display_name, matches
from adapters.sources.source import SourceUnreachable

if TYPE_CHECKING:
    from adapters.sources.ftp import FtpSource

_UNKNOWN_COMMAND = range(500, 505)  # codes for a command that the server does not have
_EMPTY = (450, 550)  # codes by which some servers report that there are no files


class _Listing(NamedTuple):
    """The matching entries of a directory, and whether every line was understood."""

    entries: list[Entry]
    understood: bool


class FtpDirectory:
    """A customer's directory on an FTP server, as a `Directory` of `pickup`."""

    def __init__(self, client: FtpClient, source: FtpSource) -> None:
        """Enters the directory. Raises `SourceUnreachable`."""
        self._client = client
        self._host = source.host
        self._directory = source.directory
        self._pattern = source.pattern
        self._has_mlsd = not client.enter().isdisjoint(("MLST", "MLSD"))

    def look(self) -> dict[str, FileStat]:
        """Returns the files that count, by name. Links do not count, if the server shows them."""
        unlisted = f"{self._directory} on {self._host} cannot be listed"
        with translate_errors(unlisted, "`directory`", describe_listing, known=True):
            stats = ((entry.name, self._stat(entry)) for entry in self._entries())
            return {name: stat for name, stat in stats if stat}

    def read(self, name: str, listed: FileStat) -> bytes:
        """Returns the bytes of a file, at most one byte more than `listed.size`."""
        unread = f"{display_name(name)} on {self._host} cannot be read"
        with translate_errors(unread, "what `username` may read", describe, known=True):
            try:
                # If there is one byte more than listed, the file has grown.
                data = self._client.retrieve(name, listed.size + 1)
            except Refused as refused:
                if refused.code == NOT_FOUND and name not in self.look():
                    raise Changed(name) from None
                raise
        if len(data) > listed.size:
            raise Changed(name)
        return data

    def _entries(self) -> list[Entry]:
        """Lists the directory by the best command, without entries that certainly are not files."""
        entries = self._list_facts() if self._has_mlsd else None
        entries = self._list_shown() if entries is None else entries
        return [entry for entry in entries if entry.is_file is not False]

    def _list_facts(self) -> list[Entry] | None:
        """Lists the directory by `MLSD`. Returns `None` if the server refuses the command.

        Some servers describe the target of a link and not the link. So `LIST` is asked as well, and
        the links that it shows are removed.
        """
        try:
            entries = self._listing("MLSD", lambda line: [fact_entry(line)]).entries
        except Refused as refused:
            if refused.code in TRANSIENT:
                raise
            self._has_mlsd = False
            return None
        if all(entry.is_file is False for entry in entries):
            return []
        try:
            shown = self._listing("LIST", shown_entries).entries
        except Refused as refused:
            if refused.code in TRANSIENT:
                raise
            shown = []
        return _without_links(entries, shown)

    def _list_shown(self) -> list[Entry]:
        """Lists the directory by `LIST`, or by `NLST` if a line of `LIST` is not understood."""
        try:
            shown = self._listing("LIST", shown_entries)
        except Refused as refused:
            if refused.code in TRANSIENT and refused.code not in _EMPTY:
                raise
            try:
                return self._names()
            except Refused as nlst_refused:
                # A server without `LIST` may refuse `NLST` to report an empty directory.
                if refused.code in _UNKNOWN_COMMAND and nlst_refused.code in _EMPTY:
                    return []
                raise
        if shown.understood:
            return shown.entries
        return _without_links(self._names(), shown.entries)

    def _names(self) -> list[Entry]:
        return self._listing("NLST", lambda line: [Entry(line)]).entries

    def _listing(self, command: str, read: Callable[[str], list[Entry] | None]) -> _Listing:
        """Lists the directory by `command`. `read` parses a line, and returns `None` if it cannot.

        Keeps only the entries whose names match the pattern, to limit the memory.
        """
        matching, understood = [], True
        for line in self._client.listed(command):
            entries = read(line)
            understood = understood and entries is not None
            for entry in entries or []:
                name = name_in(self._client.places(), entry.name)
                if name and matches(name, self._pattern):
                    matching.append(entry._replace(name=name))
            check_number(len(matching))  # one line may give several entries
        return _Listing(matching, understood)

    def _stat(self, entry: Entry) -> FileStat | None:
        """Returns size and time of an entry, and `None` if it is not a file.

        Asks the server for what the listing does not contain.
        """
        size, modified = entry.size, entry.modified
        if size is None or entry.is_file is None:
            try:
                size = read_size(self._ask("SIZE", entry))
            except Refused:
                return None
        if modified is None:
            file = entry._replace(is_file=True)  # it has a size, so it is a file
            modified = read_moment(self._ask("MDTM", file))
        if size is None or modified is None:
            raise self._missing_facts(entry)
        return FileStat(size, modified)

    def _ask(self, command: str, entry: Entry) -> str:
        """Returns the server's reply to a command about an entry.

        Raises `Refused` if the refusal means that the entry is not a file. Every other refusal
        raises `SourceUnreachable`.
        """
        try:
            return self._client.tell(command, entry.name)
        except Refused as refused:
            if refused.code == NOT_FOUND and entry.is_file is None:
                raise
            # NOT_FOUND: somebody removed the file after it was listed.
            transient = refused.code == NOT_FOUND or refused.code in TRANSIENT
            raise self._missing_facts(entry, transient=transient) from refused

    def _missing_facts(self, entry: Entry, *, transient: bool = False) -> SourceUnreachable:
        return SourceUnreachable(
            f"{self._host} does not tell size and time of {display_name(entry.name)}, so Tenure "
            "cannot see whether the file is complete; ask the customer for a server that does",
            transient=transient,
        )


def _without_links(entries: list[Entry], shown: list[Entry]) -> list[Entry]:
    """Returns the entries except those that `shown`, another listing, shows as links or folders."""
    not_files = {entry.name for entry in shown if entry.is_file is False}
    return [entry for entry in entries if entry.name not in not_files]
