"""A customer's directory on an FTP server: listed in the best way that the server has."""

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

_UNKNOWN = range(500, 505)  # replies to a command that a server does not have
_NOTHING = (450, 550)  # replies of some servers to a listing of no files


class _Listing(NamedTuple):
    """What a directory holds, and whether every line of it was understood."""

    entries: list[Entry]
    understood: bool


class FtpDirectory:
    """A customer's directory on a server, as every directory is looked at and read."""

    def __init__(self, client: FtpClient, source: FtpSource) -> None:
        """Enters the directory. Raises `SourceUnreachable`."""
        self._client = client
        self._host = source.host
        self._directory = source.directory
        self._pattern = source.pattern
        self._tells_facts = not client.enter().isdisjoint(("MLST", "MLSD"))

    def look(self) -> dict[str, FileStat]:
        """Every file that counts, links never as far as the server tells them."""
        unlisted = f"{self._directory} on {self._host} cannot be listed"
        with translate_errors(unlisted, "`directory`", describe_listing, known=True):
            looks = ((entry.name, self._look(entry)) for entry in self._entries())
            return {name: stat for name, stat in looks if stat}

    def read(self, name: str, listed: FileStat) -> bytes:
        """The bytes of a file, at most as many as it had and one more."""
        unread = f"{display_name(name)} on {self._host} cannot be read"
        with translate_errors(unread, "what `username` may read", describe, known=True):
            try:
                # One byte more than is listed: a file that has it has grown.
                data = self._client.retrieve(name, listed.size + 1)
            except Refused as refused:
                if refused.code == NOT_FOUND and name not in self.look():
                    raise Changed(name) from None
                raise
        if len(data) > listed.size:
            raise Changed(name)
        return data

    def _entries(self) -> list[Entry]:
        """What counts, but for what is known to be no file; in the best way there is."""
        entries = self._entries_with_facts() if self._tells_facts else None
        entries = self._entries_shown() if entries is None else entries
        return [entry for entry in entries if entry.is_file is not False]

    def _entries_with_facts(self) -> list[Entry] | None:
        """By `MLSD`, or `None` where there is none.

        Some servers tell of a link what it leads to. `LIST` shows links as such.
        """
        try:
            entries = self._listing("MLSD", lambda line: [fact_entry(line)]).entries
        except Refused as refused:
            if refused.code in TRANSIENT:
                raise
            self._tells_facts = False
            return None
        if all(entry.is_file is False for entry in entries):
            return []
        try:
            shown = self._listing("LIST", shown_entries).entries
        except Refused as refused:
            if refused.code in TRANSIENT:
                raise
            shown = []
        return _without_no_files(entries, shown)

    def _entries_shown(self) -> list[Entry]:
        """By `LIST`, where every line is understood; else by `NLST`, as far as `LIST` goes."""
        try:
            shown = self._listing("LIST", shown_entries)
        except Refused as refused:
            if refused.code in TRANSIENT and refused.code not in _NOTHING:
                raise
            try:
                return self._names()
            except Refused as again:
                # Without a `LIST` that shows it, this is how some say that there is nothing.
                if refused.code in _UNKNOWN and again.code in _NOTHING:
                    return []
                raise
        if shown.understood:
            return shown.entries
        return _without_no_files(self._names(), shown.entries)

    def _names(self) -> list[Entry]:
        return self._listing("NLST", lambda line: [Entry(line)]).entries

    def _listing(self, command: str, read: Callable[[str], list[Entry] | None]) -> _Listing:
        """What a command lists, but for names that do not count; those are not kept."""
        found, understood = [], True
        for line in self._client.listed(command):
            entries = read(line)
            understood = understood and entries is not None
            for entry in entries or []:
                name = name_in(self._client.places(), entry.name)
                if name and matches(name, self._pattern):
                    found.append(entry._replace(name=name))
            check_number(len(found))  # a line may show many
        return _Listing(found, understood)

    def _look(self, entry: Entry) -> FileStat | None:
        """Size and time, asked for where the listing did not tell; `None` for what is no file."""
        size, modified = entry.size, entry.modified
        if size is None or entry.is_file is None:
            try:
                size = read_size(self._ask("SIZE", entry))
            except Refused:
                return None
        if modified is None:
            known = entry._replace(is_file=True)  # or it would have no size
            modified = read_moment(self._ask("MDTM", known))
        if size is None or modified is None:
            raise self._untold(entry)
        return FileStat(size, modified)

    def _ask(self, command: str, entry: Entry) -> str:
        """What the server tells of a file.

        Raises `Refused` only for what may not be one, since a refusal says so.
        """
        try:
            return self._client.tell(command, entry.name)
        except Refused as refused:
            if refused.code == NOT_FOUND and entry.is_file is None:
                raise
            transient = refused.code == NOT_FOUND or refused.code in TRANSIENT  # gone meanwhile
            raise self._untold(entry, transient=transient) from refused

    def _untold(self, entry: Entry, *, transient: bool = False) -> SourceUnreachable:
        return SourceUnreachable(
            f"{self._host} does not tell size and time of {display_name(entry.name)}, without "
            "which nobody knows whether it is complete; ask the customer for a server that does",
            transient=transient,
        )


def _without_no_files(entries: list[Entry], shown: list[Entry]) -> list[Entry]:
    """The entries, but for those that another listing shows to be links or the like."""
    no_files = {entry.name for entry in shown if entry.is_file is False}
    return [entry for entry in entries if entry.name not in no_files]
