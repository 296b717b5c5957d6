"""The attributes of a file, as the protocol SFTP sends them."""

from __future__ import annotations

import stat
from typing import NamedTuple

import paramiko

_MAX_EXTENSIONS = 64  # extended attributes of one file


class Attributes(NamedTuple):
    """The attributes of a file. An attribute is `None` if the server does not send it."""

    size: int | None = None  # bytes
    kind: int | None = None  # the kind of file, as in `stat`: S_IFREG
    modified: int | None = None  # seconds since 1970

    @property
    def may_be_regular(self) -> bool:
        """Whether the file is a regular file, or the server does not tell its kind."""
        return self.kind in (None, stat.S_IFREG)

    @property
    def are_enough(self) -> bool:
        """Whether the kind is known and, of a regular file, the size and the time too."""
        return None not in (self if self.may_be_regular else (self.kind,))

    def completed_by(self, others: Attributes) -> Attributes:
        """Returns these attributes, with those of `others` in place of missing ones."""
        pairs = zip(self, others, strict=True)
        return Attributes(*(mine if mine is not None else other for mine, other in pairs))


def read_attributes(message: paramiko.Message) -> Attributes:
    """Reads the attributes of a file. paramiko's own function has no limit for extensions."""
    flags = message.get_int()
    size = message.get_int64() if flags & paramiko.SFTPAttributes.FLAG_SIZE else None
    if flags & paramiko.SFTPAttributes.FLAG_UIDGID:
        message.get_bytes(8)
    mode = message.get_int() if flags & paramiko.SFTPAttributes.FLAG_PERMISSIONS else 0
    modified = None
    if flags & paramiko.SFTPAttributes.FLAG_AMTIME:
        message.get_int()  # the time of the last access
        modified = message.get_int()
    if flags & paramiko.SFTPAttributes.FLAG_EXTENDED:
        extensions = message.get_int()
        if extensions > _MAX_EXTENSIONS:
            raise paramiko.SFTPError("a file with too many attributes")
        for _ in range(2 * extensions):
            message.get_string()
    return Attributes(size, stat.S_IFMT(mode) or None, modified)  # 0666 has no kind
