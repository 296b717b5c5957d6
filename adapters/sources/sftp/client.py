"""The requests of SFTP that a pick-up needs, with limits for all that a server may send.

paramiko's own client is not used (ADR 0014). Its listing fails on one name that is not UTF-8. Its
`get` reports success for a truncated file. Its prefetching threads stay alive after a lost
connection.
"""

from __future__ import annotations

import io
import struct
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from itertools import count

import paramiko
from paramiko.sftp import (
    CMD_ATTRS,
    CMD_CLOSE,
    CMD_DATA,
    CMD_FSTAT,
    CMD_HANDLE,
    CMD_INIT,
    CMD_LSTAT,
    CMD_NAME,
    CMD_OPEN,
    CMD_OPENDIR,
    CMD_READ,
    CMD_READDIR,
    CMD_REALPATH,
    CMD_STAT,
    CMD_STATUS,
    CMD_VERSION,
    SFTP_EOF,
    SFTP_FAILURE,
    SFTP_FLAG_READ,
    SFTP_NO_SUCH_FILE,
    SFTP_OK,
    SFTP_PERMISSION_DENIED,
)

from adapters.progress import Advance
from adapters.sources import failures
from adapters.sources.failures import Kind
from adapters.sources.pickup import check_number
from adapters.sources.server import MAX_REQUESTS
from adapters.sources.sftp.attributes import Attributes, read_attributes
from adapters.sources.sftp.packets import Packets, packet, string
from adapters.sources.source import Overwhelmed

_VERSION = 3  # of SFTP, which all servers have
_PIECE_BYTES = 32 * 1024  # of one request; some servers refuse more
_MAX_HANDLE_BYTES = 256  # the limit of the protocol
_HALVINGS = MAX_REQUESTS.bit_length() - 1
"""How often `MAX_REQUESTS` can be halved. All halvings together last as long as one silence."""


class Refused(Exception):
    """The server refused a request, with the status code `code`."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


_REFUSALS = {
    SFTP_NO_SUCH_FILE: "No such file or directory",
    SFTP_PERMISSION_DENIED: "Permission denied",
}


def describe(error: Exception) -> Kind:
    """Returns the kind of a failure of SFTP."""
    match error:
        case paramiko.ChannelException():
            return Kind("the server refuses the channel", refusal=True)
        case paramiko.SFTPError():
            return Kind("the server sent an unexpected reply")
        case paramiko.SSHException():
            return Kind("the connection broke off", transient=True)
        case Refused(code=code):
            words = _REFUSALS.get(code, f"the server refuses with code {code}")
            return Kind(words, refusal=True)
        case _:
            return failures.describe(error)


def translate_errors(
    what: str, look_at: str, *, known: bool = False
) -> AbstractContextManager[None]:
    """Translates every error of the block, as `failures.translate_errors` does."""
    return failures.translate_errors(what, look_at, describe, known=known)


class SftpClient:
    """The requests that a pick-up needs. Each raises `Refused` if the server refuses it.

    `silence` is the longest wait for an answer, in seconds.
    """

    def __init__(self, channel: paramiko.Channel, silence: float) -> None:
        self._packets = Packets(channel)
        self._silence = silence
        self._numbers = count(1)

    def start(self) -> None:
        """Starts the protocol."""
        self._packets.send(packet(CMD_INIT, struct.pack(">I", _VERSION)))
        kind, content = self._packets.receive(self._silence)
        if kind != CMD_VERSION or len(content) < 4:  # the number of the version
            raise paramiko.SFTPError("no version")

    def entries(self, directory: bytes) -> Iterator[tuple[str, Attributes]]:
        """Yields the name and attributes of each entry of a directory. A link is not followed.

        Bytes of a name that are not UTF-8 are decoded as `os.fsdecode` decodes them.
        """
        handle = self._handle(CMD_OPENDIR, string(directory))
        numbers = count(1)
        # An answer without entries is the end too: a server could repeat it forever.
        while (message := self._next_entries(handle)) and (number := message.get_int()):
            for _ in range(number):
                check_number(next(numbers))
                name = message.get_string().decode("utf-8", "surrogateescape")
                message.get_string()  # the entry as a line of `ls -l`
                yield name, read_attributes(message)
        self.close(handle)

    def _next_entries(self, handle: bytes) -> paramiko.Message | None:
        """Returns some more entries of an open directory, and `None` at its end."""
        try:
            return self._ask(CMD_NAME, CMD_READDIR, string(handle))
        except Refused as error:
            if error.code == SFTP_EOF:
                return None
            raise

    def real_path(self, path: bytes) -> str:
        """Returns the path of a directory from the root."""
        message = self._ask(CMD_NAME, CMD_REALPATH, string(path))
        message.get_int()  # the number of paths, which is 1
        return message.get_string().decode("utf-8", "surrogateescape")

    def stat(self, path: bytes, *, follow_link: bool) -> Attributes:
        """Returns the attributes of a file, or of a link itself."""
        kind = CMD_STAT if follow_link else CMD_LSTAT
        return read_attributes(self._ask(CMD_ATTRS, kind, string(path)))

    def open(self, path: bytes) -> bytes:
        """Opens a file for reading and returns its handle."""
        no_attributes = struct.pack(">I", 0)
        return self._handle(
            CMD_OPEN, string(path), struct.pack(">I", SFTP_FLAG_READ), no_attributes
        )

    def stat_open(self, handle: bytes) -> Attributes:
        """Returns the attributes of an open file."""
        return read_attributes(self._ask(CMD_ATTRS, CMD_FSTAT, string(handle)))

    def read(self, handle: bytes, size: int, requests: int, advance: Advance) -> bytes:
        """Returns the first `size` bytes of an open file, or all if there are fewer.

        At most `requests` requests wait at the same time. If this seems to be too many for the
        server, raises `Overwhelmed`. `advance` gets the number of bytes that came.
        """
        download = _Download(size)
        while download.missing or download.waiting:
            # Requests are sent in groups, so that the server always has some of them.
            if len(download.waiting) <= requests // 2:
                self._request_pieces(download, handle, requests)
            several = len(download.waiting) > 1
            try:
                silence = self._silence / (_HALVINGS if several else 1)
                advance(download.take(*self._packets.receive(silence)))
            except (EOFError, OSError, paramiko.SSHException) as error:
                if several:
                    raise _overwhelmed() from error
                raise
        return download.data()

    def has_byte(self, handle: bytes, offset: int) -> bool:
        """Whether an open file has a byte at `offset`, as far as the server tells."""
        try:
            piece = self._ask(CMD_DATA, CMD_READ, string(handle), struct.pack(">QI", offset, 1))
        except Refused:
            return False
        return bool(piece.get_string())

    def close(self, handle: bytes) -> None:
        """Closes a file or a directory. A refusal does not matter: everything was read."""
        with suppress(Refused):
            self._ask(CMD_STATUS, CMD_CLOSE, string(handle))

    def _handle(self, kind: int, *parts: bytes) -> bytes:
        """Opens a file or a directory and returns its handle."""
        handle = self._ask(CMD_HANDLE, kind, *parts).get_string()
        if len(handle) > _MAX_HANDLE_BYTES:
            raise paramiko.SFTPError("a handle that is too long")
        return handle

    def _ask(self, expected: int, kind: int, *parts: bytes) -> paramiko.Message:
        """Sends a request and returns its answer. The end of a directory or file is a refusal."""
        number = struct.pack(">I", next(self._numbers))
        self._packets.send(packet(kind, number, *parts))
        answer, content = self._packets.receive(self._silence)
        if content[:4] != number:
            raise paramiko.SFTPError("an answer without a request")
        message = paramiko.Message(content[4:])
        if answer == CMD_STATUS and (code := message.get_int()) != SFTP_OK:
            raise Refused(code)
        if answer != expected:
            raise paramiko.SFTPError("an answer of another kind than expected")
        return message

    def _request_pieces(self, download: _Download, handle: bytes, requests: int) -> None:
        """Sends requests for missing pieces, until `requests` requests wait for an answer."""
        reads = []
        while download.missing and len(download.waiting) < requests:
            number = next(self._numbers)
            piece = struct.pack(">QI", *download.expect_piece(number))
            reads.append(packet(CMD_READ, struct.pack(">I", number), string(handle), piece))
        if reads:
            self._packets.send(*reads)


class _Download:
    """A file that is being downloaded, in pieces of an offset and a length in bytes.

    `missing` are the pieces to request. `waiting` are the pieces by the number of their request.
    """

    def __init__(self, size: int) -> None:
        starts = range(0, size, _PIECE_BYTES)
        self.missing = deque((start, min(_PIECE_BYTES, size - start)) for start in starts)
        self.waiting: dict[int, tuple[int, int]] = {}
        self._received = 0
        self._refusal: Exception | None = None
        self._buffer = io.BytesIO()

    def expect_piece(self, request: int) -> tuple[int, int]:
        """Returns the next missing piece, which is now waiting for the answer to `request`."""
        piece = self.waiting[request] = self.missing.popleft()
        return piece

    def data(self) -> bytes:
        """Returns the received bytes, or none if a piece in the middle is missing.

        Raises the error of a refusal.
        """
        if self._refusal:
            raise self._refusal
        data = self._buffer.getvalue()
        return data if len(data) == self._received else b""

    def take(self, kind: int, content: bytes) -> int:
        """Takes one answer, and returns its number of bytes of the file.

        After a refusal there are no further requests.
        """
        if len(content) < 8:
            raise paramiko.SFTPError("an answer that is too short")
        number, value = struct.unpack_from(">II", content)
        piece = self.waiting.pop(number, None)
        if piece is None:
            raise paramiko.SFTPError("an answer without a request")
        if kind == CMD_DATA:
            return self._store(piece, content[8 : 8 + value])
        if kind != CMD_STATUS:
            raise paramiko.SFTPError("an answer of another kind than expected")
        self._end(value)
        return 0

    def _store(self, piece: tuple[int, int], data: bytes) -> int:
        offset, length = piece
        self._buffer.seek(offset)
        stored = self._buffer.write(data[:length])
        self._received += stored
        if 0 < len(data) < length:  # a server may send less than a request asks for
            self.missing.appendleft((offset + len(data), length - len(data)))
        return stored

    def _end(self, code: int) -> None:
        """Takes the end of the file, or a refusal: some servers refuse more than a few requests."""
        if code == SFTP_EOF or self._refusal:
            return
        self.missing.clear()
        too_many = code == SFTP_FAILURE and self.waiting
        self._refusal = _overwhelmed() if too_many else Refused(code)


def _overwhelmed() -> Overwhelmed:
    return Overwhelmed("the server does not answer several requests at the same time")
