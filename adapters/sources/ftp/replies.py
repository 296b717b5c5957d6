"""The replies of FTP servers, and the failures that they can report.

Errors contain the code of a reply and never its text, which could quote a password.
"""

from __future__ import annotations

import re
import ssl
from typing import NamedTuple

from adapters.sources import failures
from adapters.sources.failures import Kind

NO_DATA = 425  # the server could not open a data connection
BUSY = 450  # the file is in use; some servers report that there are no files
NOT_FOUND = 550  # the file is missing, is a directory, or may not be read: FTP has one code
TRANSIENT = (421, NO_DATA, 426, BUSY, 451)  # codes of refusals that may end in a moment
UNKNOWN_COMMAND = range(500, 505)  # codes for a command that the server does not have

# A refusal that does not say that there are no files: 550 Permission denied. Some servers name all
# causes at once: 550 No files found or invalid directory or permission problem.
_DENIAL = re.compile(
    r"(?!.*no files).*(?:permi|privil|denied|access|allow|author|forbid|fail|error|unable|busy|lock"
    r"|(?:can ?not|can't) (?:open|read|list|change)|verweiger|geweiger|refus|interdit)",
    re.IGNORECASE | re.DOTALL,
)
# OpenSSL's reasons for bytes that are not TLS. Its versions differ.
_NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG", "HTTP_REQUEST")


class Refused(Exception):
    """The server refused a command, with the reply code `code`.

    `denies` is true if the text of the reply speaks of a missing permission or of an error.
    """

    def __init__(self, code: int, *, denies: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.denies = denies

    @property
    def transient(self) -> bool:
        """Whether another attempt may succeed."""
        return self.code in TRANSIENT

    @property
    def means_empty(self) -> bool:
        """Whether a server may refuse to list a directory by this reply because it is empty."""
        return self.code in (BUSY, NOT_FOUND) and not self.denies


class Unintelligible(Exception):
    """A malformed reply, or a reply that does not fit the command."""


class Unsendable(Exception):
    """A text with a line break or a zero byte, which would start another command."""


class Reply(NamedTuple):
    """A reply with all its lines."""

    code: int
    text: str

    def accepted(self, *families: int) -> Reply:
        """Returns this reply. `families` are the first digits of the codes that fit the command.

        Raises `Refused` for a refusal, and `Unintelligible` for another reply.
        """
        if self.code >= 400:
            raise Refused(self.code, denies=bool(_DENIAL.match(self.text[:1000])))
        if families and self.code // 100 not in families:
            raise Unintelligible
        return self


def describe(error: Exception) -> Kind:
    """Returns the kind of a failure of FTP."""
    match error:
        case Refused():
            words = f"the server refuses with code {error.code}"
            return Kind(words, error.transient, refusal=not error.transient)
        case Unintelligible():
            return Kind("the server sent an unexpected reply")
        case Unsendable():
            return Kind("FTP cannot send a line break or a zero byte", refusal=True)
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            return Kind("the connection broke off", transient=True)
        case ssl.SSLError(reason=str(reason)) if reason in _NO_TLS:
            return Kind("the server does not speak TLS here", refusal=True)
        case ssl.SSLError():
            return Kind("TLS failed")
        case _:
            return failures.describe(error)


def describe_listing(error: Exception) -> Kind:
    """Returns the kind of a failure to list a directory."""
    if isinstance(error, Refused) and error.code == NOT_FOUND:
        return Kind("No such file or directory, or no permission", refusal=True)
    return describe(error)


# 227 Entering Passive Mode (192,0,2,7,195,80)
_HOST_AND_PORT = re.compile(r"(?:\d{1,3},){4}(\d{1,3}),(\d{1,3})", re.ASCII)
# 229 Entering Extended Passive Mode (|||50000|)
_PORT = re.compile(r"\((?P<mark>[!-~])(?P=mark){2}(\d{1,5})(?P=mark)\)", re.ASCII)
# 257 "/a ""quoted"" path" is the current directory
_PATH = re.compile(r'257 "((?:[^"]|"")*)"')


def passive_port(reply: str) -> int | None:
    """Returns the port in a reply to `PASV` or `EPSV`, and `None` for a malformed reply.

    Ignores the address in the reply: a server behind a router does not know its public address,
    and Tenure connects to no other machine (ADR 0017).
    """
    if match := _HOST_AND_PORT.search(reply):
        high, low = int(match[1]), int(match[2])
        port = high * 256 + low if max(high, low) < 256 else 0
    elif match := _PORT.search(reply):
        port = int(match[2])
    else:
        return None
    return port if 0 < port < 65536 else None


def current_path(reply: str) -> str | None:
    """Returns the path in a reply to `PWD`, and `None` for a malformed reply."""
    match = _PATH.match(reply)
    return match[1].replace('""', '"') if match else None
