"""The requests of SFTP that a pick-up needs, with limits for all that a server may send.

Only the packets of paramiko's client are used (ADR 0014). Its listing fails on one name that is not
UTF-8. Its `get` reports success for a truncated file. Its prefetching threads stay alive after a
lost connection.
"""

from __future__ import annotations

import errno
import io
import struct
import time
from collections import deque
from collections.abc import Iterator, MutableMapping
from contextlib import AbstractContextManager
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

from adapters.sources import failures
from adapters.sources.failures import Kind
from adapters.sources.pickup import check_number
from adapters.sources.sftp_attributes import Attributes, read_attributes

_PIECE_BYTES = 32 * 1024  # of one request; some servers refuse more
# The requests that wait for an answer at the same time. Their answers are twice as large as the
# window of the channel (2 MiB in paramiko), so the server always has something to send. Requests
# are sent in groups of half that number. All of them fit into the input buffer of any server.
_MAX_REQUESTS = 128
_BUFFER_BYTES = 4 * 1024 * 1024  # more than the window of the channel
_GATHER_S = 0.002  # the wait for more answers while many are expected
_MAX_HANDLE_BYTES = 256  # the limit of the protocol
_MAX_ANSWER_BYTES = 1024 * 1024  # a server may announce any size


def describe(error: Exception) -> Kind:
    """Returns the kind of a failure of SFTP."""
    match error:
        case paramiko.ChannelException():
            return Kind("the server refuses the channel", refusal=True)
        case paramiko.SSHException():
            return Kind("the connection broke off", transient=True)
        case SFTPError():
            return Kind("the server sent an unexpected reply")
        case _Refused():
            return Kind(f"the server refuses with code {error.code}", refusal=True)
        case _:
            return failures.describe(error)


def translate_errors(
    what: str, look_at: str, *, known: bool = False
) -> AbstractContextManager[None]:
    """Translates every error of the block, as `failures.translate_errors` does."""
    return failures.translate_errors(what, look_at, describe, known=known)


class _Refused(Exception):
    """The server refused a request, with the status code `code`."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class SftpClient(paramiko.SFTPClient):
    """The requests that a pick-up needs."""

    if TYPE_CHECKING:
        # These are missing in the stubs of paramiko.
        def _request(self, kind: int, *rest: object) -> tuple[int, paramiko.Message]: ...
        def _async_request(self, owner: object, kind: int, *rest: object) -> int: ...
        def _write_all(self, out: bytes) -> None: ...

        sock: paramiko.Channel
        _expecting: MutableMapping[int, object]

    def __init__(self, channel: paramiko.Channel) -> None:
        self._unsent = bytearray()
        self._unread, self._position = b"", 0
        self._many_expected = False  # whether many answers are still to come
        super().__init__(channel)

    def entries(self, directory: bytes) -> Iterator[tuple[str, Attributes]]:
        """Yields the name and attributes of each entry of a directory. A link is not followed.

        Bytes of a name that are not UTF-8 are decoded as `os.fsdecode` decodes them.
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
                    message.get_string()  # the entry as a line of `ls -l`
                    yield name, read_attributes(message)
        except EOFError:
            self._request(CMD_CLOSE, handle)

    def read_file(self, path: bytes, size: int) -> tuple[Attributes, bytes]:
        """Returns the attributes of a file and its first `size` bytes, or all if there are fewer.

        The attributes are those of the open file, which may differ from the listed ones.
        """
        handle = self._handle(CMD_OPEN, path, SFTP_FLAG_READ, paramiko.SFTPAttributes())
        kind, message = self._request(CMD_FSTAT, handle)
        _expect(kind, CMD_ATTRS)
        attributes = read_attributes(message)
        data = self._read_pieces(handle, size) if attributes.may_be_regular else b""
        self._request(CMD_CLOSE, handle)
        return attributes, data

    def _handle(self, kind: int, *rest: object) -> bytes:
        """Opens a file or a directory and returns its handle."""
        answer, message = self._request(kind, *rest)
        _expect(answer, CMD_HANDLE)
        handle = message.get_string()
        if len(handle) > _MAX_HANDLE_BYTES:
            raise SFTPError("a handle that is too long")
        return handle

    def _read_pieces(self, handle: bytes, size: int) -> bytes:
        """Returns the first `size` bytes of a file, with many requests at the same time."""
        download = _Download(size)
        while download.missing or download.requested:
            if len(download.requested) <= _MAX_REQUESTS // 2:
                while download.missing and len(download.requested) < _MAX_REQUESTS:
                    offset, length = download.missing.popleft()
                    request = self._async_request(download, CMD_READ, handle, int64(offset), length)
                    download.requested[request] = offset, length
            self._many_expected = len(download.requested) > _MAX_REQUESTS // 4
            self._read_response()
        return download.data()

    def _send_packet(self, kind: int, packet: paramiko.Message) -> None:
        """Queues a request. `_read_packet` sends all queued requests together."""
        content = packet.asbytes()
        self._unsent += struct.pack(">IB", len(content) + 1, kind) + content

    def _read_packet(self) -> tuple[int, bytes]:
        """Sends the queued requests and returns the kind and the content of the next answer."""
        if self._unsent:
            requests, self._unsent = bytes(self._unsent), bytearray()
            self._write_all(requests)
        (size,) = struct.unpack(">I", self._read_all(4))
        if not 0 < size <= _MAX_ANSWER_BYTES:
            raise SFTPError("an answer of an impossible size")
        (kind,) = self._read_all(1)
        return kind, self._read_all(size - 1)

    def _read_all(self, number: int) -> bytes:
        """Returns the next `number` bytes of the channel. Raises `EOFError` at its end.

        The thread that decrypts and this thread slow each other down if both work. So this thread
        sleeps for a moment while many answers are expected. Then it takes all bytes at once: a rest
        would be moved in memory.
        """
        parts = []
        while number:
            if self._position == len(self._unread):
                if self._many_expected:
                    time.sleep(_GATHER_S)
                self._unread, self._position = self.sock.recv(_BUFFER_BYTES), 0
                if not self._unread:
                    raise EOFError
            part = self._unread[self._position : self._position + number]
            self._position += len(part)
            number -= len(part)
            parts.append(part)
        return b"".join(parts)

    def _read_response(self, request: int | None = None) -> tuple[int, paramiko.Message]:
        """Reads one answer: to `request`, or to any request of a download if that is `None`."""
        kind, data = self._read_packet()
        message = paramiko.Message(data)
        number = message.get_int()
        owner = self._expecting.pop(number, None)
        if owner is None or request not in (None, number):
            raise SFTPError("an answer without a request")
        if isinstance(owner, _Download):
            owner.take(kind, message, number)
        elif kind == CMD_STATUS:
            _raise_for_status(message.get_int())
        return kind, message


class _Download:
    """A file that is being downloaded, in pieces of an offset and a length in bytes.

    `missing` are the pieces to request. `requested` are the pieces by the number of their request.
    """

    def __init__(self, size: int) -> None:
        starts = range(0, size, _PIECE_BYTES)
        self.missing = deque((start, min(_PIECE_BYTES, size - start)) for start in starts)
        self.requested: dict[int, tuple[int, int]] = {}
        self._received = 0
        self._refusal: Exception | None = None
        self._buffer = io.BytesIO()

    def data(self) -> bytes:
        """Returns the received bytes, or none if a piece in the middle is missing.

        Raises the error of a refusal.
        """
        if self._refusal:
            raise self._refusal
        data = self._buffer.getvalue()
        return data if len(data) == self._received else b""

    def take(self, kind: int, message: paramiko.Message, request: int) -> None:
        """Takes one answer. After a refusal there are no further requests."""
        offset, length = self.requested.pop(request)
        if kind == CMD_STATUS:
            try:
                _raise_for_status(message.get_int())
            except EOFError:
                pass
            except Exception as error:
                self._refusal = error
                self.missing.clear()
            return
        _expect(kind, CMD_DATA)
        piece = message.get_string()[:length]
        self._buffer.seek(offset)
        self._received += self._buffer.write(piece)
        if piece and len(piece) < length:  # a server may send less than a request asks for
            self.missing.appendleft((offset + len(piece), length - len(piece)))


def _expect(kind: int, expected: int) -> None:
    if kind != expected:
        raise SFTPError("an answer of another kind than expected")


def _raise_for_status(code: int) -> None:
    """Raises the error for a status code, unless the code means success."""
    if code == SFTP_OK:
        return
    if code == SFTP_EOF:
        raise EOFError
    if code == SFTP_NO_SUCH_FILE:
        raise FileNotFoundError(errno.ENOENT, "")
    if code == SFTP_PERMISSION_DENIED:
        raise PermissionError(errno.EACCES, "")
    raise _Refused(code)
