"""Pauses of the garbage collector while many immutable values are made."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collections() -> Iterator[None]:
    """Switches the cyclic garbage collector off for a block, such as a plan or a rebuild.

    A plan makes millions of immutable values, which form no cycles. The collector would visit all
    of them again and again, and that takes longer than making them.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
