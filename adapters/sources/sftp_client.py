"""Reading over SFTP: one directory, bounded by what is asked for, whatever the server answers.

paramiko's own listing fails on one name that is not UTF-8, its `get` is content with a file that
was cut off, and its prefetching threads outlive a lost connection. What is used of it are its
packets.
"""

from __future__ import annotations

import errno
import io
import stat
import struct
import time
from collections import deque
from collections.abc import Iterator, MutableMapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, NamedTuple

import paramiko
from paramiko.sftp import (
    CMD_ATTRS,
    CMD_CLOSE,
    CMD_DATA,
    CMD_FSTAT,
    CMD_HANDLE,
    CMD_NAME,
    CMD_OPEN,
    CMD_OPENDIR,
    CMD_READ,
    CMD_READDIR,
    CMD_STATUS,
    SFTP_EOF,
    SFTP_FLAG_READ,
    SFTP_NO_SUCH_FILE,
    SFTP_OK,
    SFTP_PERMISSION_DENIED,
    SFTPError,
    int64,
)

from adapters.sources import failures
from adapters.sources.failures import Kind
from adapters.sources.pickup import Changed, FileStat, check_number, display_name, matches
from adapters.sources.source import SourceUnreachable

_PIECE = 32 * 1024  # bytes of one answer: more is refused by some servers
# Pieces asked for before the first has come: twice what a connection holds (paramiko lets a server
# send 2 MiB before it is read), so that the server always has something to do. Half of them are
# asked for anew at a time, and all of them fit into what any server takes in without answering.
_AHEAD = 128
_BUFFER_BYTES = 4 * 1024 * 1024  # bytes: more than a connection holds
_GATHERING = 0.002  # seconds in which answers gather while many are on their way
_PARTS = 64  # that may be said of a file beyond the usual
_HANDLE = 256  # bytes, as the protocol has it
_ANSWER = 1024 * 1024  # bytes; a server may announce any number
_NANOSECONDS = 10**9


def describe(error: Exception) -> Kind:
    """What went wrong, in words of ours."""
    match error:
        case paramiko.ChannelException():
            return Kind("the server refuses it", refusal=True)
        case paramiko.SSHException():
            return Kind("the conversation broke off", transient=True)
        case SFTPError():
            return Kind("it answers something else")
        case _Refused():
            return Kind(f"the server refuses with code {error.code}", refusal=True)
        case _:
            return failures.describe(error)


def translate_errors(
    what: str, look_at: str, *, known: bool = False
) -> AbstractContextManager[None]:
    """Turns whatever goes wrong with a server into one sentence, and the setting to look at."""
    return failures.translate_errors(what, look_at, describe, known=known)


class _Refused(Exception):
    """A request that the server does not grant, and says only with a `code` why."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class About(NamedTuple):
    """What a server says of a file; each part may be missing."""

    size: int | None  # bytes
    mode: int | None  # its kind and rights, as `stat` has them
    modified: int | None  # seconds since 1970


class SftpClient(paramiko.SFTPClient):
    """The few requests that reading takes."""

    if TYPE_CHECKING:
        # What paramiko's stubs leave out.
        def _request(self, kind: int, *rest: object) -> tuple[int, paramiko.Message]: ...
        def _async_request(self, whose: object, kind: int, *rest: object) -> int: ...
        def _write_all(self, out: bytes) -> None: ...

        sock: paramiko.Channel
        _expecting: MutableMapping[int, object]

    def __init__(self, channel: paramiko.Channel) -> None:
        self._unsent = bytearray()
        self._unread, self._position = b"", 0
        self._many = False  # answers are on their way
        super().__init__(channel)

    def entries(self, directory: bytes) -> Iterator[tuple[str, About]]:
        """Everything in a directory, as itself and not as what it links to.

        Bytes of a name that are not UTF-8 come as `os.fsdecode` gives them.
        """
        handle = self._handle(CMD_OPENDIR, directory)
        number = 0
        try:
            while True:
                kind, message = self._request(CMD_READDIR, handle)
                _expect(kind, CMD_NAME)
                for _ in range(message.get_int()):
                    number += 1
                    check_number(number)
                    name = message.get_string().decode("utf-8", "surrogateescape")
                    message.get_string()  # the same as `ls -l` would show it
                    yield name, _about(message)
        except EOFError:
            self._request(CMD_CLOSE, handle)

    def read_file(self, path: bytes, size: int) -> tuple[About, bytes]:
        """What an open file says of itself, and its first `size` bytes, or fewer if it ends."""
        handle = self._handle(CMD_OPEN, path, SFTP_FLAG_READ, paramiko.SFTPAttributes())
        kind, message = self._request(CMD_FSTAT, handle)
        _expect(kind, CMD_ATTRS)
        found = _about(message)
        data = self._first(handle, size) if _may_be_file(found) else b""
        self._request(CMD_CLOSE, handle)
        return found, data

    def _handle(self, kind: int, *rest: object) -> bytes:
        answer, message = self._request(kind, *rest)
        _expect(answer, CMD_HANDLE)
        handle = message.get_string()
        if len(handle) > _HANDLE:
            raise SFTPError("a handle that is too long")
        return handle

    def _first(self, handle: bytes, size: int) -> bytes:
        """The first bytes of a file: many pieces are asked for at once, each is counted."""
        arriving = _Arriving(size)
        while arriving.missing or arriving.asked:
            if len(arriving.asked) <= _AHEAD // 2:
                while arriving.missing and len(arriving.asked) < _AHEAD:
                    offset, length = arriving.missing.popleft()
                    request = self._async_request(arriving, CMD_READ, handle, int64(offset), length)
                    arriving.asked[request] = offset, length
            self._many = len(arriving.asked) > _AHEAD // 4
            self._read_response()
        return arriving.whole()

    def _send_packet(self, kind: int, packet: paramiko.Message) -> None:
        """A request, which leaves when the next answer is waited for: with others, if there are."""
        content = packet.asbytes()
        self._unsent += struct.pack(">IB", len(content) + 1, kind) + content

    def _read_packet(self) -> tuple[int, bytes]:
        """An answer, of a size that answers have."""
        if self._unsent:
            requests, self._unsent = bytes(self._unsent), bytearray()
            self._write_all(requests)
        (size,) = struct.unpack(">I", self._read_all(4))
        if not 0 < size <= _ANSWER:
            raise SFTPError("an answer of a size that none has")
        (kind,) = self._read_all(1)
        return kind, self._read_all(size - 1)

    def _read_all(self, number: int) -> bytes:
        """So many bytes, from what is there or what comes.

        The thread that decrypts and this one hinder each other whenever they both have something
        to do, so this one lets it work for a moment, and then takes everything there is: a rest
        would be moved in memory.
        """
        parts = []
        while number:
            if self._position == len(self._unread):
                if self._many:
                    time.sleep(_GATHERING)
                self._unread, self._position = self.sock.recv(_BUFFER_BYTES), 0
                if not self._unread:
                    raise EOFError
            part = self._unread[self._position : self._position + number]
            self._position += len(part)
            number -= len(part)
            parts.append(part)
        return b"".join(parts)

    def _read_response(self, request: int | None = None) -> tuple[int, paramiko.Message]:
        """One answer: the one to this request, or to any of a file on its way."""
        kind, data = self._read_packet()
        message = paramiko.Message(data)
        number = message.get_int()
        whose = self._expecting.pop(number, None)
        if whose is None or request not in (None, number):
            raise SFTPError("an answer that was not asked for")
        if isinstance(whose, _Arriving):
            whose.take(kind, message, number)
        elif kind == CMD_STATUS:
            _raise_for(message.get_int())
        return kind, message


class _Arriving:
    """A file on its way: what of it is missing, asked for, and here."""

    def __init__(self, size: int) -> None:
        starts = range(0, size, _PIECE)
        self.missing = deque((start, min(_PIECE, size - start)) for start in starts)
        self.asked: dict[int, tuple[int, int]] = {}
        self._received = 0
        self._refusal: Exception | None = None
        self._data = io.BytesIO()

    def whole(self) -> bytes:
        """What came; nothing if a piece in the middle did not. Raises what a refusal means."""
        if self._refusal:
            raise self._refusal
        data = self._data.getvalue()
        return data if len(data) == self._received else b""

    def take(self, kind: int, message: paramiko.Message, request: int) -> None:
        """One answer. After a refusal only those that are on their way are waited for."""
        offset, length = self.asked.pop(request)
        if kind == CMD_STATUS:
            try:
                _raise_for(message.get_int())
            except EOFError:
                pass
            except Exception as error:
                self._refusal = error
                self.missing.clear()
            return
        _expect(kind, CMD_DATA)
        piece = message.get_string()[:length]
        self._data.seek(offset)
        self._received += self._data.write(piece)
        if piece and len(piece) < length:  # a server may give less than it was asked for
            self.missing.appendleft((offset + len(piece), length - len(piece)))


class SftpDirectory:
    """A customer's directory on a server, as every directory is looked at and read."""

    def __init__(self, client: SftpClient, host: str, directory: str, pattern: str) -> None:
        self._client = client
        self._host = host
        self._directory = directory
        self._pattern = pattern

    def look(self) -> dict[str, FileStat]:
        """Every file that counts, links never."""
        unlisted = f"{self._directory} on {self._host} cannot be listed"
        with translate_errors(unlisted, "`directory`", known=True):
            return {
                name: self._look(name, about)
                for name, about in self._client.entries(self._directory.encode())
                if matches(name, self._pattern) and _may_be_file(about)
            }

    def read(self, name: str, listed: FileStat) -> bytes:
        """The bytes of a file, at most as many as it had and one more."""
        path = f"{self._directory.rstrip('/')}/{name}".encode("utf-8", "surrogateescape")
        unread = f"{display_name(name)} on {self._host} cannot be read"
        with translate_errors(unread, "what `username` may read", known=True):
            try:
                # One byte more than is listed: a file that has it has grown.
                found, data = self._client.read_file(path, listed.size + 1)
            except FileNotFoundError:
                raise Changed(name) from None
        if not _may_be_file(found) or found.size not in (None, listed.size):
            raise Changed(name)
        return data

    def _look(self, name: str, about: About) -> FileStat:
        if about.mode is None or about.size is None or about.modified is None:
            raise SourceUnreachable(
                f"{self._host} does not tell kind, size and time of {display_name(name)}, without "
                "which nobody knows whether it is complete; ask the customer for a server that does"
            )
        return FileStat(about.size, about.modified * _NANOSECONDS)


def _may_be_file(about: About) -> bool:
    return about.mode is None or stat.S_ISREG(about.mode)


def _about(message: paramiko.Message) -> About:
    """What a server says of a file; paramiko would believe it any number of further parts."""
    flags = message.get_int()
    size = message.get_int64() if flags & paramiko.SFTPAttributes.FLAG_SIZE else None
    if flags & paramiko.SFTPAttributes.FLAG_UIDGID:
        message.get_bytes(8)
    mode = message.get_int() if flags & paramiko.SFTPAttributes.FLAG_PERMISSIONS else None
    modified = None
    if flags & paramiko.SFTPAttributes.FLAG_AMTIME:
        message.get_int()  # when it was last read
        modified = message.get_int()
    if flags & paramiko.SFTPAttributes.FLAG_EXTENDED:
        parts = message.get_int()
        if parts > _PARTS:
            raise SFTPError("a file of which too much is said")
        for _ in range(2 * parts):
            message.get_string()
    return About(size, mode, modified)


def _expect(kind: int, expected: int) -> None:
    if kind != expected:
        raise SFTPError("another answer than the one to this request")


def _raise_for(code: int) -> None:
    """Raises what a status means, unless it means success."""
    if code == SFTP_OK:
        return
    if code == SFTP_EOF:
        raise EOFError
    if code == SFTP_NO_SUCH_FILE:
        raise FileNotFoundError(errno.ENOENT, "")
    if code == SFTP_PERMISSION_DENIED:
        raise PermissionError(errno.EACCES, "")
    raise _Refused(code)
