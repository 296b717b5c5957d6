"""Translates every failure of a server into one sentence in our own words."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from adapters.secrets import Secret, SecretUnreadable
from adapters.sources.pickup import Changed
from adapters.sources.source import SourceUnreachable, StillUploading

_NETWORK = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN)
"""Errors of the network, which are transient and say nothing about the server."""

UNWELL = "ask the customer whether their server works"
"""The hint for a failure that no setting can cause."""


class Kind(NamedTuple):
    """A failure.

    `words` are our own: the text of a server or a library could quote a secret or a cell.
    `transient` is true if another attempt may succeed. `refusal` is true if the server refused a
    request, so that a wrong setting may be the cause.
    """

    words: str
    transient: bool = False
    refusal: bool = False


def describe(error: Exception) -> Kind:
    """Returns the kind of a failure that every protocol can have."""
    match error:
        case TimeoutError():
            return Kind("the server stopped answering", transient=True)
        # A closed socket raises an `OSError` without a number.
        case EOFError() | ConnectionError() | OSError(errno=None):
            return Kind("the connection broke off", transient=True)
        case OSError(errno=int(number)):
            transient = number in _NETWORK
            return Kind(os.strerror(number), transient, refusal=not transient)
        case UnicodeError():
            return Kind("a text is not UTF-8", refusal=True)
        case _:
            return Kind(type(error).__name__)


@contextmanager
def translate_errors(
    what: str,
    look_at: str,
    describe_error: Callable[[Exception], Kind] = describe,
    *,
    known: bool = False,
) -> Iterator[None]:
    """Translates every error of the block into a `SourceUnreachable` with one sentence.

    The sentence is `what` (`/outgoing cannot be listed`), the kind of failure, and a hint that
    names `look_at`, the setting to check. `known` is true after the log-in. Then only a refusal can
    come from a wrong setting, and every other failure gets the hint `UNWELL`.

    The block may raise any error: a server may answer anything, and the libraries do not catch all
    errors that a strange answer causes.
    """
    try:
        yield
    except (SourceUnreachable, StillUploading, Changed):
        raise
    except Exception as error:
        words, transient, refusal = describe_error(error)
        hint = f"check {look_at}" if refusal or not known else UNWELL
        raise SourceUnreachable(f"{what} ({words}); {hint}", transient=transient) from error


def read_secret(secret: Secret, setting: str) -> str:
    """Returns a secret. Raises `SourceUnreachable` if it cannot be read."""
    try:
        return secret.read(setting)
    except SecretUnreadable as error:
        raise SourceUnreachable(error.problem) from None
