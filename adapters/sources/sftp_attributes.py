"""The attributes of a file, as the protocol SFTP sends them."""

from __future__ import annotations

import stat
from typing import NamedTuple

import paramiko
from paramiko.sftp import SFTPError

_MAX_EXTENSIONS = 64  # extended attributes of one file


class Attributes(NamedTuple):
    """The attributes of a file. An attribute is `None` if the server does not send it."""

    size: int | None  # bytes
    mode: int | None  # kind and rights, as in `stat`
    modified: int | None  # seconds since 1970

    @property
    def may_be_regular(self) -> bool:
        """Whether the file is a regular file, or the server does not tell its kind."""
        return self.mode is None or stat.S_ISREG(self.mode)


def read_attributes(message: paramiko.Message) -> Attributes:
    """Reads the attributes of a file. paramiko's own function has no limit for extensions."""
    flags = message.get_int()
    size = message.get_int64() if flags & paramiko.SFTPAttributes.FLAG_SIZE else None
    if flags & paramiko.SFTPAttributes.FLAG_UIDGID:
        message.get_bytes(8)
    mode = message.get_int() if flags & paramiko.SFTPAttributes.FLAG_PERMISSIONS else None
    modified = None
    if flags & paramiko.SFTPAttributes.FLAG_AMTIME:
        message.get_int()  # the time of the last access
        modified = message.get_int()
    if flags & paramiko.SFTPAttributes.FLAG_EXTENDED:
        extensions = message.get_int()
        if extensions > _MAX_EXTENSIONS:
            raise SFTPError("a file with too many attributes")
        for _ in range(2 * extensions):
            message.get_string()
    return Attributes(size, mode, modified)
