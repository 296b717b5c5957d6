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
    passing: bool = False
    refusal: bool = False


def kind_of(error: Exception) -> Kind:
    """What every protocol can fail with."""
    match error:
        case TimeoutError():
            return Kind("it fell silent", passing=True)
        case EOFError() | ConnectionError() | OSError(errno=None):  # a socket that is closed
            return Kind("the conversation broke off", passing=True)
        case OSError(errno=int(number)):
            passing = number in _NETWORK
            return Kind(os.strerror(number), passing, refusal=not passing)
        case UnicodeError():
            return Kind("something in it is not UTF-8", refusal=True)
        case _:
            return Kind(type(error).__name__)


@contextmanager
def explained(
    what: str,
    look_at: str,
    kind: Callable[[Exception], Kind] = kind_of,
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
        words, passing, refusal = kind(error)
        hint = f"check {look_at}" if refusal or not known else UNWELL
        raise SourceUnreachable(f"{what} ({words}); {hint}", passing=passing) from error
