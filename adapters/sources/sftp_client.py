"""Reading over SFTP: one directory, bounded by what is asked for, whatever the server answers.

paramiko's own listing fails on one name that is not UTF-8, its `get` is content with a file that
was cut off, and its prefetching threads outlive a lost connection. What is used of it are its
packets.
"""

from __future__ import annotations

import errno
import io
import os
import stat
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

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
from paramiko.ssh_exception import IncompatiblePeer

from adapters.sources.pickup import Changed, Look, counts, label
from adapters.sources.source import SourceUnreachable

_ENTRIES = 100_000  # in one directory; a listing that goes on is no customer's
_PIECE = 32 * 1024  # bytes of one answer: more is refused by some servers
_AHEAD = 64  # pieces asked for before the first has come, as OpenSSH's own client does
_NANOSECONDS = 10**9


@contextmanager
def explained(what: str, look_at: str = "") -> Iterator[None]:
    """Turns whatever goes wrong with a server into one sentence, and the setting to look at.

    Whatever: a server may answer anything, and paramiko passes on what it chokes on.
    """
    try:
        yield
    except (SourceUnreachable, Changed):
        raise
    except Exception as error:
        hint = f"; check {look_at}" if look_at else ""
        raise SourceUnreachable(f"{what} ({kind_of(error)}){hint}") from error


def kind_of(error: Exception) -> str:
    """What went wrong, in words of ours: those of a server or a library could quote anything."""
    match error:
        case TimeoutError():
            return "it fell silent"
        case IncompatiblePeer():
            return "it has no algorithm in common with us"
        case EOFError() | ConnectionError() | paramiko.SSHException():
            return "the conversation broke off"
        case OSError(errno=int(number)):
            return os.strerror(number)
        case _Refused():
            return f"the server refuses with code {error.code}"
        case _:
            return type(error).__name__


class _Refused(Exception):
    """A request that the server does not grant, and says only with a `code` why."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class SftpClient(paramiko.SFTPClient):
    """The few requests that reading takes."""

    if TYPE_CHECKING:
        # What paramiko's stubs leave out.
        def _request(self, kind: int, *rest: object) -> tuple[int, paramiko.Message]: ...
        def _async_request(self, whose: object, kind: int, *rest: object) -> int: ...
        def _read_response(self) -> tuple[int, paramiko.Message]: ...

    def entries(self, directory: bytes) -> Iterator[tuple[str, paramiko.SFTPAttributes]]:
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
                    if number > _ENTRIES:
                        raise SourceUnreachable(f"the directory holds more than {_ENTRIES} entries")
                    name = message.get_string().decode("utf-8", "surrogateescape")
                    message.get_string()  # the same as `ls -l` would show it
                    yield name, _attributes(message)
        except EOFError:
            self._request(CMD_CLOSE, handle)

    def read_file(self, path: bytes, size: int) -> tuple[paramiko.SFTPAttributes, bytes]:
        """What an open file says of itself, and its first `size` bytes, or fewer if it ends."""
        handle = self._handle(CMD_OPEN, path, SFTP_FLAG_READ, paramiko.SFTPAttributes())
        kind, message = self._request(CMD_FSTAT, handle)
        _expect(kind, CMD_ATTRS)
        found = _attributes(message)
        data = self._first(handle, size) if _may_be_file(found) else b""
        self._request(CMD_CLOSE, handle)
        return found, data

    def _handle(self, kind: int, *rest: object) -> bytes:
        answer, message = self._request(kind, *rest)
        _expect(answer, CMD_HANDLE)
        return message.get_string()

    def _first(self, handle: bytes, size: int) -> bytes:
        """The first bytes of a file: many pieces are asked for at once, each is counted."""
        arriving = _Arriving(size)
        while arriving.missing or arriving.asked:
            while arriving.missing and len(arriving.asked) < _AHEAD:
                offset, length = arriving.missing.popleft()
                request = self._async_request(arriving, CMD_READ, handle, int64(offset), length)
                arriving.asked[request] = offset, length
            self._read_response()
        return arriving.whole()

    def _convert_status(self, message: paramiko.Message) -> None:
        """A refusal in words of ours: a server's may be in any language, or none."""
        _raise_for(message.get_int())


class _Arriving:
    """A file on its way: what of it is missing, asked for, and here."""

    def __init__(self, size: int) -> None:
        starts = range(0, size, _PIECE)
        self.missing = deque((start, min(_PIECE, size - start)) for start in starts)
        self.asked: dict[int, tuple[int, int]] = {}
        self._received = 0
        self._data = io.BytesIO()

    def whole(self) -> bytes:
        """What came; nothing if a piece in the middle did not."""
        data = self._data.getvalue()
        return data if len(data) == self._received else b""

    def _async_response(self, kind: int, message: paramiko.Message, request: int) -> None:
        """One answer, as paramiko hands it over."""
        offset, length = self.asked.pop(request)
        if kind == CMD_STATUS:
            with suppress(EOFError):
                _raise_for(message.get_int())
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

    def look(self) -> dict[str, Look]:
        """Every file that counts, links never."""
        with explained(f"{self._directory} on {self._host} cannot be listed", "`directory`"):
            found = dict(self._client.entries(self._directory.encode()))
        return {
            name: self._look(name, about)
            for name, about in found.items()
            if counts(name, self._pattern) and _may_be_file(about)
        }

    def read(self, name: str, look: Look, limit: int) -> bytes:
        """The bytes of a file, at most `limit` and one more."""
        path = f"{self._directory.rstrip('/')}/{name}".encode("utf-8", "surrogateescape")
        with explained(f"{label(name)} on {self._host} cannot be read"):
            try:
                # One byte more than is listed: a file that has it has grown.
                found, data = self._client.read_file(path, min(look.size, limit) + 1)
            except FileNotFoundError:
                raise Changed(name) from None
        if not _may_be_file(found) or found.st_size not in (None, look.size):
            raise Changed(name)
        return data

    def _look(self, name: str, about: paramiko.SFTPAttributes) -> Look:
        if about.st_mode is None or about.st_size is None or about.st_mtime is None:
            raise SourceUnreachable(
                f"{self._host} does not tell kind, size and time of {label(name)}, without which "
                "nobody knows whether it is complete"
            )
        return Look(about.st_size, about.st_mtime * _NANOSECONDS)


def _may_be_file(about: paramiko.SFTPAttributes) -> bool:
    return about.st_mode is None or stat.S_ISREG(about.st_mode)


def _attributes(message: paramiko.Message) -> paramiko.SFTPAttributes:
    """What a server says of a file; each part may be missing."""
    attributes: paramiko.SFTPAttributes = paramiko.SFTPAttributes._from_msg(message)  # type: ignore[attr-defined] # noqa: SLF001
    return attributes


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
