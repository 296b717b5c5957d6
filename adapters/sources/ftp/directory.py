"""A customer's directory on an FTP server, listed with the best command that the server has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime
from typing import NamedTuple, TypeAlias

from adapters.progress import Advance
from adapters.sources.failures import translate_errors
from adapters.sources.ftp.client import FtpClient
from adapters.sources.ftp.listing import Entry, fact_entry, read_moment, read_size, shown_entries
from adapters.sources.ftp.replies import (
    BUSY,
    NOT_FOUND,
    UNKNOWN_COMMAND,
    Refused,
    describe,
    describe_listing,
)
from adapters.sources.names import display_name, is_of_interest, matches, name_in
from adapters.sources.pickup import Changed, FileStat, Listing, check_number, make_listing
from adapters.sources.source import SourceUnreachable

_Parse: TypeAlias = Callable[[str], list[Entry] | None]


class _Shown(NamedTuple):
    """The entries of interest of one command, and whether every line was understood."""

    entries: list[Entry]
    understood: bool


class FtpDirectory:
    """A customer's directory on an FTP server, as a `Directory` of `pickup`.

    `path` is the directory, and `places` are the paths by which the server may name it in a
    listing.
    """

    def __init__(
        self, client: FtpClient, host: str, path: str, places: tuple[str, ...], pattern: str
    ) -> None:
        self._client = client
        self._host = host
        self._path = path
        self._places = places
        self._pattern = pattern
        self._has_mlsd = True  # some servers do not announce it

    def close(self) -> None:
        """Ends every wait on the connection. Any thread may call it."""
        self._client.hang_up()

    def look(self) -> Listing:
        """Lists the directory. Links do not count, if the server shows them."""
        unlisted = f"{self._path} on {self._host} cannot be listed"
        with translate_errors(unlisted, "`directory`", describe_listing, known=True):
            return make_listing(self._stats(), self._pattern)

    @contextmanager
    def reading(self, name: str, listed: FileStat, advance: Advance) -> Iterator[bytes]:
        """Yields the bytes of a file, at most one byte more than `listed.size`."""
        with ExitStack() as transfer:
            with self._translate_unread(name):
                try:
                    retrieving = self._client.retrieving(name, listed.size, advance)
                    data = transfer.enter_context(retrieving)
                except Refused as refused:
                    if refused.code == NOT_FOUND and name not in self.look().files:
                        raise Changed(name) from None
                    raise
            yield data
            with self._translate_unread(name):
                transfer.close()

    def _translate_unread(self, name: str) -> AbstractContextManager[None]:
        unread = f"{display_name(name)} on {self._host} cannot be read"
        return translate_errors(unread, "what `username` may read", describe, known=True)

    def _stats(self) -> Iterator[tuple[str, FileStat]]:
        """Yields the files. Of a near miss only the name counts, so nothing is asked about it."""
        for entry in self._entries():
            if matches(entry.name, self._pattern):
                if stat := self._stat(entry):
                    yield entry.name, stat
            elif entry.is_file:
                yield entry.name, FileStat(0, 0)

    def _entries(self) -> list[Entry]:
        """Lists the directory by the best command, without entries that certainly are not files.

        Some servers describe the target of a link in `MLSD`, and not the link. So `LIST` is asked
        as well, and the links that it shows are removed.
        """
        facts = self._list("MLSD", lambda line: [fact_entry(line)]) if self._has_mlsd else None
        if isinstance(facts, _Shown) and not facts.entries:
            return []
        if isinstance(facts, Refused) and facts.code in UNKNOWN_COMMAND:
            self._has_mlsd = False
        now = datetime.now(UTC)
        shown = self._list("LIST", lambda line: shown_entries(line, now))
        if isinstance(facts, _Shown):
            return _merged(facts.entries, shown)
        if isinstance(shown, _Shown) and shown.understood:
            return _merged(shown.entries, shown)
        names = self._list("NLST", lambda line: [Entry(line)])
        if isinstance(names, _Shown):
            return _merged(names.entries, shown)
        if isinstance(shown, _Shown) and shown.entries:
            raise names
        _check_empty([each for each in (facts, shown, names) if isinstance(each, Refused)])
        return []

    def _list(self, command: str, parse: _Parse) -> _Shown | Refused:
        """Lists the directory by `command`, and returns the refusal if the server refuses it.

        `parse` parses a line, and returns `None` if it cannot. Keeps only the entries whose names
        are of interest, to limit the memory.
        """
        kept: list[Entry] = []
        understood, has_lines = True, False
        try:
            for line in self._client.lines(command):
                has_lines = True
                readings = parse(line)
                understood = understood and readings is not None
                kept += self._of_interest(readings or [])
                check_number(len(kept))  # one line may give several entries
        except Refused as refused:
            if refused.transient and refused.code != BUSY:
                raise
            return Refused(refused.code, denies=refused.denies or has_lines)
        return _Shown(kept, understood)

    def _of_interest(self, readings: list[Entry]) -> list[Entry]:
        """Returns the readings of a line whose names are of interest, but only the first file."""
        kept: list[Entry] = []
        for entry in readings:
            name = name_in(self._places, entry.name)
            if name and is_of_interest(name, self._pattern):
                kept.append(entry._replace(name=name))
                if entry.is_file is not False:
                    break
        return kept

    def _stat(self, entry: Entry) -> FileStat | None:
        """Returns size and time of an entry, and `None` if it is not a file.

        Asks the server for what `MLSD` does not tell. Takes what `LIST` shows if the server does
        not answer that: the number of received bytes proves the size.
        """
        size, modified = entry.size, entry.modified
        if size is None or entry.is_file is None:
            try:
                size = self._ask("SIZE", entry, read_size, entry.shown_size)
            except Refused:
                return None
        if modified is None:
            file = entry._replace(is_file=True)  # it has a size, so it is a file
            modified = self._ask("MDTM", file, read_moment, entry.shown_modified)
        return FileStat(size, modified)

    def _ask(
        self, command: str, entry: Entry, read: Callable[[str], int | None], shown: int | None
    ) -> int:
        """Returns a fact about an entry: the reply to a command, or else what `LIST` shows.

        Raises `Refused` if the refusal means that the entry is not a file, and `SourceUnreachable`
        if nothing tells the fact.
        """
        transient = False
        try:
            fact = read(self._client.tell(command, entry.name))
        except Refused as refused:
            if refused.code == NOT_FOUND and entry.is_file is None:
                raise
            # NOT_FOUND: somebody removed the file after it was listed.
            fact, transient = None, refused.transient or refused.code == NOT_FOUND
        fact = shown if fact is None else fact
        if fact is None:
            raise SourceUnreachable(
                f"{self._host} does not tell size and time of {display_name(entry.name)}, so "
                "Tenure cannot see whether the file is complete; ask the customer for a server "
                "that does",
                transient=transient,
            )
        return fact


def _merged(entries: list[Entry], shown: _Shown | Refused) -> list[Entry]:
    """Returns the entries that may be files, with what `LIST` shows of them."""
    by_name = {each.name: each for each in shown.entries} if isinstance(shown, _Shown) else {}
    merged = []
    for entry in entries:
        seen = by_name.get(entry.name, entry)
        if False not in (entry.is_file, seen.is_file):
            facts = (entry.is_file or seen.is_file, entry.size, entry.modified)
            merged.append(Entry(entry.name, *facts, seen.shown_size, seen.shown_modified))
    return merged


def _check_empty(refusals: list[Refused]) -> None:
    """Raises the refusal to list a directory, unless it may mean that there are no files.

    The directory exists, because the session has entered it.
    """
    for refused in [each for each in refusals if each.code not in UNKNOWN_COMMAND] or refusals:
        if not refused.means_empty:
            raise refused
