"""The packets of SFTP, over a channel of an SSH connection."""

from __future__ import annotations

import struct

import paramiko

_BUFFER_BYTES = 4 * 1024 * 1024  # more than the window of the channel
_MAX_ANSWER_BYTES = 1024 * 1024  # a server may announce any size


def packet(kind: int, *parts: bytes) -> bytes:
    """Returns a packet with the length and the kind before its content."""
    content = b"".join(parts)
    return struct.pack(">IB", len(content) + 1, kind) + content


def string(data: bytes) -> bytes:
    """Returns a text in the format of SSH, with its length before it."""
    return struct.pack(">I", len(data)) + data


class Packets:
    """Sends and receives packets."""

    def __init__(self, channel: paramiko.Channel) -> None:
        self._channel = channel
        self._unread, self._position = b"", 0

    def send(self, *packets: bytes) -> None:
        """Sends some packets together."""
        self._channel.sendall(b"".join(packets))

    def receive(self, seconds: float) -> tuple[int, bytes]:
        """Returns the kind and the content of the next packet.

        Raises `TimeoutError` if nothing comes for `seconds`, `EOFError` at the end of the channel,
        and `SFTPError` for an impossible size.
        """
        self._channel.settimeout(seconds)
        (size,) = struct.unpack(">I", self._read(4))
        if not 0 < size <= _MAX_ANSWER_BYTES:
            raise paramiko.SFTPError("an answer of an impossible size")
        (kind,) = self._read(1)
        return kind, self._read(size - 1)

    def _read(self, number: int) -> bytes:
        """Returns the next `number` bytes of the channel.

        All bytes are taken from the channel at once: a rest would be moved in memory.
        """
        parts = []
        while number:
            if self._position == len(self._unread):
                self._unread, self._position = self._channel.recv(_BUFFER_BYTES), 0
                if not self._unread:
                    raise EOFError
            part = self._unread[self._position : self._position + number]
            self._position += len(part)
            number -= len(part)
            parts.append(part)
        return b"".join(parts)
