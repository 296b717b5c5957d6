"""W12: The cost of an import grows in proportion to the file, whatever the file repeats."""

from __future__ import annotations

import cProfile
import pstats
import tracemalloc
from pathlib import Path
from time import process_time
from typing import NamedTuple

import msgspec
import pytest
from msgspec.structs import replace

from adapters.company_settings import Customer
from adapters.store.opening import open_store
from adapters.use_cases.import_delivery import import_delivery
from tests.adapters.steps import Watch, a_customer, app_of, delivered
from tests.databases import created
from tests.given import a_company
from tests.growth import GROUPS, SHAPES, Shape
from tests.strategies import TORTURE

SIZE = 200_000 if TORTURE else 16_000
"""The bytes of the smaller of two files."""
AT_MOST = 2.2
"""The most that a file of twice the size may cost, as a multiple."""
SLACK = 50_000
"""Calls or bytes that may be added at any size, for module imports or pages of the database."""
SECONDS = 3
"""The most seconds of processor time that a file of 100 kB may take."""


class Cost(NamedTuple):
    """The cost of an import: function calls, bytes of memory, bytes stored and bytes answered."""

    calls: int
    memory: int
    stored: int
    answered: int


def imported(shape: Shape, size: int, place: Path, *, measured: bool = True) -> Cost:
    """Imports a file of a shape into a company with the employees that the shape needs.

    Returns the cost, or zeros without `measured`.
    """
    place.mkdir()
    customer = Customer(replace(a_company(), groups=GROUPS), a_customer().source)
    store = open_store(created(place / "tenure.db"))
    app = app_of(store, Watch(), customer)
    if shape.known is not None:
        import_delivery(app, customer, "tester", delivered(shape.known(size)))
    files = delivered(shape.content(size).encode())
    before = stored_bytes(place)
    if not measured:
        import_delivery(app, customer, "tester", files)
        return Cost(0, 0, 0, 0)
    with cProfile.Profile() as profile:
        tracemalloc.start()
        document = import_delivery(app, customer, "tester", files)
        _, memory = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    store.close()
    calls = sum(entry[1] for entry in pstats.Stats(profile).stats.values())  # type: ignore[attr-defined]
    return Cost(calls, memory, stored_bytes(place) - before, len(msgspec.json.encode(document)))


def stored_bytes(place: Path) -> int:
    """Returns the bytes of a database and of all files in its directory."""
    return sum(file.stat().st_size for file in place.iterdir())


@pytest.mark.slow
@pytest.mark.torture
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_twice_the_file_costs_little_more_than_twice(shape: Shape, tmp_path: Path) -> None:
    """W12: When a file is twice as large, the calls, the memory, the stored bytes and the answered
    bytes of its import are at most about twice as many."""
    # given
    imported(shape, 2_000, tmp_path / "warm")

    # when
    once, twice = (imported(shape, SIZE * n, tmp_path / f"{n}") for n in (1, 2))

    # then
    for name, one, two in zip(Cost._fields, once, twice, strict=True):
        assert two <= one * AT_MOST + SLACK, f"{name}: {one:,} and {two:,}"


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_small_file_does_not_stop_the_process(shape: Shape, tmp_path: Path) -> None:
    """W12: The import of a file of 100 kB takes at most a few seconds of processor time, whatever
    the file repeats.

    The bound is twenty times the usual time. A file of this size took minutes where the time grew
    with the square of the repetitions.
    """
    # when
    began = process_time()
    imported(shape, 100_000, tmp_path / "one", measured=False)

    # then
    assert process_time() - began < SECONDS
