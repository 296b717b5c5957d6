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


class Kind(NamedTuple):
    """A failure in words of ours, since those of a server or a library could quote anything; and
    whether it may be gone in a moment."""

    words: str
    passing: bool = False


def kind_of(error: Exception) -> Kind:
    """What every protocol can fail with."""
    match error:
        case TimeoutError():
            return Kind("it fell silent", passing=True)
        case EOFError() | ConnectionError() | OSError(errno=None):  # a socket that is closed
            return Kind("the conversation broke off", passing=True)
        case OSError(errno=int(number)):
            return Kind(os.strerror(number), passing=number in _NETWORK)
        case UnicodeError():
            return Kind("something in it is not UTF-8")
        case _:
            return Kind(type(error).__name__)


@contextmanager
def explained(
    what: str, look_at: str = "", kind: Callable[[Exception], Kind] = kind_of
) -> Iterator[None]:
    """Turns whatever goes wrong with a server into one sentence, and the setting to look at.

    Whatever: a server may answer anything, and libraries pass on what they choke on.
    """
    try:
        yield
    except (SourceUnreachable, StillUploading, Changed):
        raise
    except Exception as error:
        words, passing = kind(error)
        hint = f"; check {look_at}" if look_at else ""
        raise SourceUnreachable(f"{what} ({words}){hint}", passing=passing) from error
