"""Chance from a seed that a test prints, so that a failure can be repeated."""

from __future__ import annotations

import os
import random


def draw() -> random.Random:
    """Returns chance from the seed in TENURE_SEED, or from a new seed. Prints the seed."""
    seed = int(os.environ.get("TENURE_SEED") or random.SystemRandom().randrange(2**32))
    print(f"TENURE_SEED={seed}")
    return random.Random(seed)
