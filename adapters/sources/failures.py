"""What goes wrong with a server, as one sentence in our own words."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from adapters.sources.pickup import Changed
from adapters.sources.source import SourceUnreachable, StillUploading

_NETWORK = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN)
"""What may be gone in a moment, and is not the server's to mend."""


UNWELL = "ask the customer whether their server is well"


class Kind(NamedTuple):
    """A failure in words of ours, since those of a server or a library could quote anything;
    whether it may be gone in a moment; and whether it is a refusal, which settings lead to."""

    words: str
    transient: bool = False
    refusal: bool = False


def describe(error: Exception) -> Kind:
    """What every protocol can fail with."""
    match error:
        case TimeoutError():
            return Kind("it fell silent", transient=True)
        case EOFError() | ConnectionError() | OSError(errno=None):  # a socket that is closed
            return Kind("the conversation broke off", transient=True)
        case OSError(errno=int(number)):
            transient = number in _NETWORK
            return Kind(os.strerror(number), transient, refusal=not transient)
        case UnicodeError():
            return Kind("something in it is not UTF-8", refusal=True)
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
    """Turns whatever goes wrong with a server into one sentence, and the setting to look at.

    Whatever: a server may answer anything, and libraries pass on what they choke on. A server that
    is `known` has let us in: where it refuses nothing, no setting is the reason.
    """
    try:
        yield
    except (SourceUnreachable, StillUploading, Changed):
        raise
    except Exception as error:
        words, transient, refusal = describe_error(error)
        hint = f"check {look_at}" if refusal or not known else UNWELL
        raise SourceUnreachable(f"{what} ({words}); {hint}", transient=transient) from error
