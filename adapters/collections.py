"""Sparing the garbage collector what it cannot collect."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collections() -> Iterator[None]:
    """Keeps the cyclic garbage collector from what a plan or a rebuild makes.

    These values are immutable and form no cycles, but there are millions of them, and going
    through them again and again as they pile up takes longer than making them.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
